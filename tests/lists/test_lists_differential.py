"""The same payloads through python-threatexchange's own readers; docs/formats.md names the differences."""

from __future__ import annotations

import enum
import json
import random
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import dacite
import pytest
from threatexchange.cli.dataset.simple_serialization import CliIndicatorSerialization
from threatexchange.exchanges.clients.fb_threatexchange.descriptor import SimpleDescriptorRollup
from threatexchange.exchanges.clients.fb_threatexchange.threat_updates import ThreatUpdateJSON
from threatexchange.exchanges.clients.ncmec import hash_api
from threatexchange.exchanges.clients.stopncii import api as stopncii_api
from threatexchange.exchanges.clients.techagainstterrorism.api import TATHashListEntry
from threatexchange.exchanges.impl import ncmec_api, stop_ncii_api, techagainstterrorism_api
from threatexchange.exchanges.impl.fb_threatexchange_api import FBThreatExchangeIndicatorRecord
from threatexchange.exchanges.impl.file_api import FileCollaborationConfig, LocalFileSignalExchangeAPI
from threatexchange.signal_type.md5 import VideoMD5Signal
from threatexchange.signal_type.pdq.signal import PdqSignal

from list_samples import DATA, FIRST
from safehash import ListSource
from safehash.hashing.hashes import Hash
from safehash.lists.entry import Entry
from safehash.lists.formats import read_list
from safehash.lists.formats.tally import Tally
from safehash.lists.formats.threatexchange import _entry
from safehash.lists.merging import merge_lists

CATEGORY = {
    "NEGATIVE_CLASS": "negative",
    "INVESTIGATION_SEED": "seed",
    "POSITIVE_CLASS": "positive",
    "DISPUTED": "disputed",
}

Meaning = dict[tuple[str, str], tuple[str, tuple[str, ...]]]


def ours(path: Path) -> Meaning:
    """Return (algorithm, digest) -> (category, labels) of what is live."""
    found = {}
    for entry in merge_lists(read_list(ListSource(path, allow_cut=True))):
        found[_key(entry)] = (entry.category, entry.labels)
    return found


def _key(entry: Entry) -> tuple[str, str]:
    value = entry.hash
    assert value is not None
    if isinstance(value, Hash):
        return (value.algorithm.value, value.hex)
    return (value.algorithm, value.value)


def meaning(metadata: Any) -> tuple[str, tuple[str, ...]]:
    aggregate = metadata.get_as_aggregate_opinion()
    return (CATEGORY[aggregate.category.name], tuple(sorted(aggregate.tags)))


def theirs_of_threat_updates(records: list[dict[str, Any]]) -> Meaning:
    found: Meaning = {}
    for record in records:
        key = ({"HASH_PDQ": "pdq", "HASH_MD5": "md5"}[record["type"]], record["indicator"].lower())
        found.pop(key, None)
        read = FBThreatExchangeIndicatorRecord.from_threatexchange_json(0, ThreatUpdateJSON(record))
        if read is not None:
            found[key] = meaning(read)
    return found


def random_record(rng: random.Random, number: int) -> dict[str, Any]:
    def descriptor() -> dict[str, Any]:
        tags: Any = rng.sample(["a", "b", "c"], rng.randrange(3))
        made: dict[str, Any] = {
            "id": str(rng.randrange(1000)),
            "status": rng.choice(["MALICIOUS", "NON_MALICIOUS", "SUSPICIOUS", "UNKNOWN"]),
            "tags": tags if rng.random() < 0.5 else {"data": [{"text": tag} for tag in tags]},
            "added_on": "2026-10-02T09:30:00+0000",
        }
        if rng.random() < 0.3:
            made["reactions"] = [
                {
                    "key": rng.choice(["HELPFUL", "DISAGREE_WITH_TAGS", "SAW_THIS_TOO"]),
                    "value": ",".join(str(rng.randrange(5)) for _ in range(rng.randint(1, 3))),
                }
                for _ in range(rng.randint(1, 3))
            ]
        return made

    descriptors = [descriptor() for _ in range(rng.randint(1, 3))]
    for item, owner in zip(descriptors, rng.sample(range(6), len(descriptors)), strict=True):
        if rng.random() < 0.9:  # else the exchange hides the owner
            item["owner"] = {"id": str(owner)}
    return {
        "id": str(number),
        "indicator": rng.randbytes(32 if number % 3 else 16).hex(),
        "type": "HASH_PDQ" if number % 3 else "HASH_MD5",
        "last_updated": 1_763_800_000 + number,
        "should_delete": rng.random() < 0.2,
        "descriptors": {"data": descriptors},
    }


def test_threat_updates(tmp_path: Path) -> None:
    rng = random.Random(11)
    records = [random_record(rng, number) for number in range(600)]
    # Updates and deletes of what came before, in order of time as the exchange gives them.
    for number in range(600, 800):
        earlier = rng.choice(records)
        records.append(
            random_record(rng, number) | {name: earlier[name] for name in ("id", "indicator", "type")}
        )
    path = tmp_path / "te.json"
    path.write_text(json.dumps({"data": records}))
    expected = theirs_of_threat_updates(records)
    assert len(expected) > 300
    assert {category for category, _ in expected.values()} == {"positive", "seed", "negative", "disputed"}
    assert ours(path) == expected


def test_threat_updates_example() -> None:
    records = json.loads((DATA / "threat_updates.json").read_text())["data"]
    assert ours(DATA / "threat_updates.json") == theirs_of_threat_updates(records)


def test_threat_updates_in_upper_case() -> None:
    """Exception: their PDQ refuses upper case, so a third of the example would be lost."""
    with pytest.raises(ValueError, match="invalid PDQ hash"):
        PdqSignal.validate_signal_str(FIRST.upper())


def test_threat_updates_with_two_descriptors_of_one_owner() -> None:
    """Exception: the last one read counts for them; here both do, whatever their order."""
    record = random_record(random.Random(1), 1) | {"should_delete": False}
    both = [
        {"id": str(k), "owner": {"id": "5"}, "status": status, "tags": []}
        for k, status in enumerate(["MALICIOUS", "NON_MALICIOUS"])
    ]
    for descriptors, theirs in ((both, "negative"), (both[::-1], "positive")):
        record["descriptors"] = {"data": descriptors}
        (found,) = theirs_of_threat_updates([record]).values()
        assert found[0] == theirs
        assert _entry(record, "L", Tally("L", "L")).category == "disputed"


def test_threat_updates_with_a_bad_record() -> None:
    """Exception: one record without a status ends their import; here it is a seed."""
    record = random_record(random.Random(1), 1) | {"should_delete": False}
    record["descriptors"] = {"data": [{"id": "1", "owner": {"id": "5"}}]}
    with pytest.raises(KeyError):
        theirs_of_threat_updates([record])
    assert _entry(record, "L", Tally("L", "L")).category == "seed"


def test_labels_of_several_descriptors() -> None:
    """Exception: their cache keeps the first descriptor's labels and drops the others'."""
    record = random_record(random.Random(1), 1) | {"should_delete": False}
    record["descriptors"] = {
        "data": [
            {
                "id": str(k),
                "owner": {"id": str(k)},
                "status": "MALICIOUS",
                "tags": [tag],
                "added_on": "2026-10-02T09:30:00+0000",
            }
            for k, tag in enumerate("ab", 1)
        ]
    }
    entry = _entry(record, "L", Tally("L", "L"))
    rollup = SimpleDescriptorRollup.from_threat_updates_json(0, record)
    assert rollup is not None
    assert rollup.labels & {"a", "b"} == {"a"}
    assert entry.labels == ("a", "b")


def theirs_of_ncmec(text: str) -> dict[tuple[str, str], set[int]]:
    # Their client takes the namespace away before it parses.
    root = ET.fromstring(re.sub(r'\sxmlns="[^"]+"', "", text, count=1))
    page = hash_api.GetEntriesResponse.from_xml(hash_api._XMLWrapper(root), 0)
    fetched = {f"{update.member_id}-{update.id}": update for update in page.updates}
    return _converted(fetched)


def _converted(fetched: dict[str, Any]) -> dict[tuple[str, str], set[int]]:
    class Collab:
        only_esp_ids: frozenset[int] = frozenset()

    by_type = ncmec_api.NCMECSignalExchangeAPI.naive_convert_to_signal_type(
        [PdqSignal, VideoMD5Signal],
        Collab(),  # type: ignore[arg-type]
        fetched,
    )
    return {
        (signal_type.get_name(), value): set(metadata.member_entries)
        for signal_type, values in by_type.items()
        for value, metadata in values.items()
    }


def test_ncmec(tmp_path: Path) -> None:
    text = (
        (DATA / "ncmec_page.xml")
        .read_text()
        .replace(
            "6BC18F2E94D7503A8E1C6B59F2034AD7B5609E3CF8124D7A6390BE51C7D82F4A",
            "6bc18f2e94d7503a8e1c6b59f2034ad7b5609e3cf8124d7a6390be51c7d82f4a",
        )
    )
    video = (
        '<videos count="1" maxTimestamp="2026-10-24T15:10:00Z"><video><member id="44">M</member>'
        "<timestamp>2026-10-24T15:00:00Z</timestamp><id>vid-1</id><fingerprints>"
        "<md5>0c1d2e3f405162738495a6b7c8d9eafc</md5></fingerprints></video></videos>"
    )
    path = tmp_path / "page.xml"
    path.write_text(text.replace('<videos count="0"/>', video))
    expected = theirs_of_ncmec(path.read_text())
    assert len(expected) == 2
    entries = {
        _key(e): {int(o.owner) for o in e.owners if o.category == "positive"}
        for e in merge_lists(read_list(ListSource(path, allow_cut=True)))
    }
    # Exact digests of images are matched here, and not by them.
    assert {key: owners for key, owners in entries.items() if key[0] in ("pdq", "video_md5")} == expected


def test_ncmec_votes_and_upper_case() -> None:
    """Exceptions: they drop the example's upper-case PDQ, and every entry is positive whatever the votes."""
    assert theirs_of_ncmec((DATA / "ncmec_page.xml").read_text()) == {}
    assert ours(DATA / "ncmec_page.xml")[
        ("pdq", "6bc18f2e94d7503a8e1c6b59f2034ad7b5609e3cf8124d7a6390be51c7d82f4a")
    ] == ("disputed", ())


def theirs_of_stopncii(page: dict[str, Any]) -> Meaning:
    response = dacite.from_dict(
        stopncii_api.FetchHashesResponse,
        page,
        dacite.Config(cast=[enum.Enum, set]),
    )
    pairs = [stop_ncii_api._get_delta_mapping(record) for record in response.hashRecords]
    names = {"pdq": "pdq", "video_md5": "videomd5"}
    return {(names[key[0]], key[1]): meaning(found) for key, found in pairs if found is not None and key[0]}


def test_stopncii(tmp_path: Path) -> None:
    page = json.loads((DATA / "stopncii_page.json").read_text())
    rng = random.Random(3)
    values = ["Unknown", "None", "QualityUnknown", "PendingReview", "Blocked", "NotBlocked"]
    for number in range(200):
        page["hashRecords"].append(
            {
                "lastModtimestamp": 1_763_800_000 + number,
                "hashValue": rng.randbytes(32).hex(),
                "hashStatus": rng.choice(["Active", "Received", "Unknown"]),
                "signalType": "ImagePDQ",
                "caseNumbers": {},
                "CSPFeedbacks": [
                    {
                        "source": f"P{k}",
                        "feedbackValue": rng.choice(values),
                        "tags": rng.sample(["x", "y"], rng.randrange(3)),
                    }
                    for k in range(rng.randrange(4))
                ],
            }
        )
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page))
    expected = theirs_of_stopncii(page)
    # Exception: they look for "Withdrawn" in the hash instead of the status, so withdrawn hashes stay live.
    withdrawn = ("pdq", page["hashRecords"][1]["hashValue"])
    assert withdrawn in expected
    del expected[withdrawn]
    assert ours(path) == expected


def test_tech_against_terrorism(tmp_path: Path) -> None:
    page = json.loads((DATA / "tat_page.json").read_text())
    rng = random.Random(4)
    for number in range(3, 200):
        algorithm = rng.choice(["PDQ", "MD5"])
        page["results"].append(
            page["results"][0]
            | {
                "id": number,
                "hash_digest": rng.randbytes(32 if algorithm == "PDQ" else 16).hex(),
                "algorithm": algorithm,
                "file_type": rng.choice(["jpg", "mp4", "mov"]) if algorithm == "MD5" else "jpg",
                "deleted": rng.random() < 0.2,
            }
        )
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page))
    pairs = [
        techagainstterrorism_api._get_delta_mapping(TATHashListEntry(**entry)) for entry in page["results"]
    ]
    expected = {key for key, found in pairs if found is not None and key[0]}
    # Exceptions: MD5 digests of images are matched here, and ideologies are labels.
    assert {key for key in ours(path) if key[0] != "md5"} == expected
    assert any(key[0] == "md5" for key in ours(path))


def test_simple_te(tmp_path: Path) -> None:
    rng = random.Random(5)
    lines = []
    for k in range(50):
        labels = " ".join(rng.sample("abc", k % 4))
        lines.append(f"{rng.randbytes(32).hex()},{rng.randrange(10**16)},2026-07-24T22:47:26+0000,{labels}")
    path = tmp_path / "simple.HASH_PDQ.te"
    path.write_text("\n".join(lines))
    expected = {
        row.indicator: tuple(sorted(row.rollup.labels)) for row in CliIndicatorSerialization.load(tmp_path)
    }
    assert {key[1]: labels for key, (_, labels) in ours(path).items()} == expected


def test_plain_files(tmp_path: Path) -> None:
    """Their local file format: ``type digest`` lines."""
    rng = random.Random(6)
    path = tmp_path / "signals.txt"
    path.write_text(
        "".join(f"pdq {rng.randbytes(32).hex()}\nvideo_md5 {rng.randbytes(16).hex()}\n" for _ in range(20))
    )
    config = FileCollaborationConfig(name="x", enabled=True, api="local_file", filename=str(path))
    (delta,) = LocalFileSignalExchangeAPI(config).fetch_iter([], None)
    assert set(ours(path)) == set(delta.updates)
