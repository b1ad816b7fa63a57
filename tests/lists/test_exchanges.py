"""Any records in any exchange's format: read exactly; with one field damaged or the page cut, never something else."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safehash import Algorithm, Entry, Hash, ListError, ListSource, Opinion, read_list
from safehash.lists.formats import json_records
from safehash.lists.formats.jsonl import write_list
from safehash.lists.formats.stopncii import FEEDBACK, STATUS
from safehash.lists.formats.vocabulary import OPINIONS, plain, word

#: What matters of an entry: its digest, whether it was taken back, whose opinion it is.
Brief = tuple[str, str, bool, str]


@dataclass(frozen=True)
class Record:
    """One record, whatever the format."""

    number: int
    algorithm: str
    digest: str
    deleted: bool
    category: str

    @property
    def brief(self) -> Brief:
        return self.algorithm, self.digest, self.deleted, "" if self.deleted else self.category


def brief(entry: Entry) -> Brief:
    value = entry.hash
    kind, digest = (value.algorithm.value, value.hex) if isinstance(value, Hash) else ("foreign", str(value))
    return kind, digest, entry.deleted, "" if entry.deleted else entry.category


def records_of(rng: random.Random, n: int, *, categories: Sequence[str], deletes: bool) -> list[Record]:
    found = []
    for number in range(n):
        algorithm = rng.choice(("pdq", "md5"))
        n_bits = Algorithm(algorithm).n_bytes * 8
        bits = [1] * (n_bits // 2) + [0] * (n_bits // 2)
        rng.shuffle(bits)
        digest = f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"
        deleted = deletes and rng.random() < 0.3
        found.append(Record(number, algorithm, digest, deleted, rng.choice(categories)))
    return found


# -- one page of each, as objects --------------------------------------------------------------------------


def threatexchange(records: Sequence[Record]) -> Any:
    status = {"positive": "MALICIOUS", "negative": "NON_MALICIOUS", "seed": "UNKNOWN"}
    return {
        "data": [
            {
                "id": str(each.number),
                "indicator": each.digest,
                "type": f"HASH_{each.algorithm.upper()}",
                "last_updated": 1_763_800_000,
                "should_delete": each.deleted,
                "descriptors": {
                    "data": [{"id": "9", "owner": {"id": "5"}, "status": status[each.category], "tags": []}]
                },
            }
            for each in records
        ]
    }


def stopncii(records: Sequence[Record]) -> Any:
    said = {"seed": "None", "positive": "Blocked", "disputed": "NotBlocked"}
    return {
        "count": len(records),
        "hasMoreRecords": False,
        "hashRecords": [
            {
                "lastModtimestamp": 1_763_800_100,
                "hashValue": each.digest,
                "hashStatus": "Withdrawn" if each.deleted else "Active",
                "signalType": f"Image{each.algorithm.upper()}",
                "caseNumbers": {"c-1": "Active"},
                "CSPFeedbacks": [{"source": "A", "feedbackValue": said[each.category], "tags": []}],
            }
            for each in records
        ],
    }


def hma(records: Sequence[Record]) -> Any:
    return [
        {
            "id": each.number,
            "bank": "SELF_HARM",
            "disable_until_ts": 0 if each.deleted else 1,
            "signals": {each.algorithm: each.digest},
        }
        for each in records
    ]


def tat(records: Sequence[Record]) -> Any:
    return {
        "count": len(records),
        "next": None,
        "results": [
            {
                "id": each.number,
                "hash_digest": each.digest,
                "algorithm": each.algorithm.upper(),
                "deleted": each.deleted,
                "created_on": "2026-09-01T00:00:00Z",
                "updated_on": "2026-09-01T00:00:00Z",
            }
            for each in records
        ],
    }


def objects(records: Sequence[Record]) -> Any:
    return {
        "count": len(records),
        "items": [
            {
                "id": each.number,
                "hash_type": each.algorithm,
                "value": each.digest,
                "revoked": each.deleted,
                "opinion": each.category,
            }
            for each in records
        ],
    }


def lines(records: Sequence[Record]) -> Any:
    return [
        {
            "algorithm": each.algorithm,
            "hash": each.digest,
            "id": str(each.number),
            "category": each.category,
            "deleted": each.deleted,
        }
        for each in records
    ]


@dataclass(frozen=True)
class Exchange:
    """How a page is made, and which fields of its records speak of digest, type, deletion or opinion."""

    make: Callable[[Sequence[Record]], Any]
    where: str  # the records' key; "" for an array
    fields: tuple[tuple[str | int, ...], ...]
    categories: tuple[str, ...] = ("positive",)
    by_lines: bool = False

    def page(self, records: Sequence[Record]) -> tuple[Any, list[dict[str, Any]]]:
        page = self.make(records)
        return page, page[self.where] if self.where else page

    def text(self, page: Any) -> str:
        if self.by_lines:
            return '{"safehash": 1}\n' + "".join(json.dumps(each) + "\n" for each in page)
        return json.dumps(page)


EXCHANGES = {
    "threatexchange": Exchange(
        threatexchange,
        "data",
        (("indicator",), ("type",), ("should_delete",), ("descriptors", "data", 0, "status")),
        ("positive", "negative", "seed"),
    ),
    "stopncii": Exchange(
        stopncii,
        "hashRecords",
        (("hashValue",), ("signalType",), ("hashStatus",), ("CSPFeedbacks", 0, "feedbackValue")),
        ("seed", "positive", "disputed"),
    ),
    "hma": Exchange(hma, "", (("disable_until_ts",), ("signals", "pdq"), ("signals", "md5"))),
    "tat": Exchange(tat, "results", (("hash_digest",), ("algorithm",), ("deleted",))),
    "objects": Exchange(
        objects,
        "items",
        (("value",), ("hash_type",), ("revoked",), ("opinion",)),
        ("positive", "negative", "seed", "disputed"),
    ),
    "jsonl": Exchange(
        lines,
        "",
        (("hash",), ("algorithm",), ("deleted",), ("category",)),
        ("positive", "negative", "seed", "disputed"),
        by_lines=True,
    ),
}


def read(path: Path, text: str | bytes, *, few: bool, **options: Any) -> tuple[list[Brief], int]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with mock.patch.object(json_records, "_FEW", 256 if few else 2):
        reader = read_list(ListSource(path, **options))
        found = [brief(entry) for entry in reader]
    return found, reader.report.n_rejects


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 30),
    few=st.booleans(),
    name=st.sampled_from(sorted(EXCHANGES)),
)
def test_every_record_is_read_exactly(tmp_path_factory: Any, seed: int, n: int, few: bool, name: str) -> None:
    exchange = EXCHANGES[name]
    records = records_of(random.Random(seed), n, categories=exchange.categories, deletes=True)
    path = tmp_path_factory.mktemp("lists") / "list.json"
    found, n_rejects = read(path, exchange.text(exchange.page(records)[0]), few=few)
    assert (sorted(found), n_rejects) == (sorted(each.brief for each in records), 0)


def damaged(rng: random.Random, value: object) -> object:
    """Return another value, as a fault or a program that means something else would leave it."""
    if isinstance(value, bool):
        return rng.choice([int(value), str(value).lower(), "maybe", None, "", [value], {"is": value}])
    if isinstance(value, int):
        return rng.choice([str(value), -7, None if value == 0 else "x", [value], True, False, 1e300])
    text = str(value)
    at = rng.randrange(len(text))
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + "Q" + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[: at or 1],
            text[:at] + "\n" + text[at:],
            {"is": text},
            [text, text],
            7,
            True,
        ]
    )


#: What a damaged field may become that is as good as what was there, or is another word of the format.
_WORDS = {
    *STATUS,
    *FEEDBACK,
    "malicious",
    "nonmalicious",
    "suspicious",
    "unknown",
    "positive",
    "negative",
    "seed",
}


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(2, 30),
    few=st.booleans(),
    name=st.sampled_from(sorted(EXCHANGES)),
)
def test_a_damaged_field_costs_its_record(
    tmp_path_factory: Any, seed: int, n: int, few: bool, name: str
) -> None:
    """Those records less one, and one reject; or a refusal: never another digest, type, delete or opinion."""
    rng = random.Random(seed)
    exchange = EXCHANGES[name]
    records = records_of(rng, n, categories=exchange.categories, deletes=True)
    page, found_in = exchange.page(records)
    k = rng.randrange(n)
    *way, last = rng.choice(exchange.fields)
    inside: Any = found_in[k]
    for step in way:
        inside = inside[step]
    assume(last in inside or not isinstance(inside, dict))
    # What is said of a record that was taken back does not matter.
    assume(not records[k].deleted or last not in ("status", "feedbackValue"))
    before = inside[last]
    after = damaged(rng, before)
    assume(after != before or type(after) is not type(before))
    assume(not (isinstance(after, str) and (plain(after) in _WORDS or plain(after) == plain(str(before)))))
    assume(not (isinstance(after, str) and word(after) in OPINIONS))  # "positiv" says the same
    if name == "objects" and isinstance(before, bool):
        # Here "true", 1, nothing and an object that says so are understood.
        assume(after == "maybe")
    if name == "objects" and last == "value":
        assume(not isinstance(after, list))  # of digests, each is one
    if last == "disable_until_ts":
        assume(after not in (None, True, 1e300))  # as good as on; or off for good
    if isinstance(after, str) and last in ("type", "signalType", "algorithm", "hash_type"):
        assume(plain(after) not in ("hash", "image"))
    inside[last] = after
    path = tmp_path_factory.mktemp("lists") / "list.json"
    try:
        found, n_rejects = read(path, exchange.text(page), few=few, max_rejects=1)
    except ListError:
        return
    others = sorted(each.brief for each in records if each.number != k)
    own = records[k]
    left = list(found)
    for each in others:
        left.remove(each)  # all others stand
    assert (left, n_rejects) == ([], 1) or [each[0] for each in left] == ["foreign"], (before, after, own)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0, 1), name=st.sampled_from(sorted(EXCHANGES)))
def test_a_cut_page_is_refused(tmp_path_factory: Any, seed: int, share: float, name: str) -> None:
    exchange = EXCHANGES[name]
    assume(not exchange.by_lines)  # their end line is another test's
    records = records_of(random.Random(seed), 12, categories=exchange.categories, deletes=True)
    text = exchange.text(exchange.page(records)[0])
    path = tmp_path_factory.mktemp("lists") / "list.json"
    cut = text[: int(share * (len(text) - 1))]
    with pytest.raises(ListError):
        read(path, cut, few=True, max_rejects=1)
    try:
        found, _ = read(path, cut, few=True, max_rejects=1, allow_cut=True)
    except ListError:
        return
    assert found == [each.brief for each in records][: len(found)]


# -- formats of their own ----------------------------------------------------------------------------------


def test_our_own_format_loses_nothing_and_sees_every_cut(tmp_path: Path) -> None:
    rng = random.Random(5)
    records = records_of(rng, 30, categories=("positive", "negative", "seed", "disputed"), deletes=True)
    entries = [
        Entry(
            hash=Hash.from_hex(each.algorithm, each.digest),
            id=str(each.number),
            source="L",
            category=each.category,
            deleted=each.deleted,
            owners=(Opinion(owner="5", category=each.category, labels=("x",), name=None),),
        )
        for each in records
    ]
    path = tmp_path / "own.jsonl"
    write_list(path, entries, name="L")
    assert list(read_list(path)) == entries
    data = path.read_bytes()
    for at in range(1, len(data) - 1, 101):
        path.write_bytes(data[:at])
        with pytest.raises(ListError):
            list(read_list(ListSource(path, max_rejects=1)))
        # One byte changed anywhere is seen, too.
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(ListError):
            list(read_list(ListSource(path, max_rejects=1)))


def ncmec(records: Sequence[Record]) -> str:
    images = []
    for each in records:
        head = (
            f'<member id="42">One</member><timestamp>2026-10-24T15:00:00Z</timestamp><id>{each.number}</id>'
        )
        body = f"<fingerprints><{each.algorithm}>{escape(each.digest)}</{each.algorithm}></fingerprints>"
        images.append(
            f"<deletedImage>{head}</deletedImage>" if each.deleted else f"<image>{head}{body}</image>"
        )
    root = "https://hashsharing.ncmec.org/hashsharing/v2"
    return (
        f'<?xml version="1.0"?>\n<queryResult xmlns="{root}"><images>{"".join(images)}</images></queryResult>'
    )


@pytest.mark.parametrize("seed", range(6))
def test_ncmec_pages(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    records = records_of(rng, 12, categories=("positive",), deletes=True)
    live = [each.brief for each in records if not each.deleted]
    path = tmp_path / "page.xml"
    text = ncmec(records)
    found, n_rejects = read(path, text, few=True)
    assert ([each for each in found if not each[2]], n_rejects) == (live, 0)
    assert sum(each[2] for each in found) == sum(each.deleted for each in records)
    chosen = next(each for each in records if not each.deleted)
    for after in (chosen.digest[:-1], chosen.digest[:-1] + "Q", chosen.digest[:32] + "0", "", "none"):
        found, n_rejects = read(path, text.replace(chosen.digest, after), few=True, max_rejects=1)
        assert [each for each in found if not each[2]] == [each for each in live if each != chosen.brief]
        assert n_rejects == 1
    for at in range(1, len(text) - 1, 61):
        with pytest.raises(ListError):
            read(path, text[:at], few=True, max_rejects=1)


def test_databases(tmp_path: Path) -> None:
    records = records_of(random.Random(7), 40, categories=("positive", "negative", "seed"), deletes=True)
    path = tmp_path / "list.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE hashes (id INTEGER, type TEXT, value TEXT, revoked INTEGER, verdict TEXT)")
    rows = [(each.number, each.algorithm, each.digest, int(each.deleted), each.category) for each in records]
    database.executemany("INSERT INTO hashes VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    assert sorted(map(brief, read_list(path))) == sorted(each.brief for each in records)
    for column, value in (
        ("revoked", "perhaps"),
        ("verdict", "?"),
        ("type", "md6x"),
        ("value", "abc"),
        ("revoked", 7),
    ):
        database.execute(f"UPDATE hashes SET {column} = ? WHERE id = 3", (value,))
        database.commit()
        reader = read_list(ListSource(path, max_rejects=1))
        found = sorted(map(brief, reader))
        assert (found, reader.report.n_rejects) == (
            sorted(each.brief for each in records if each.number != 3),
            1,
        )
        database.execute("DELETE FROM hashes WHERE id = 3")
        database.execute("INSERT INTO hashes VALUES (?, ?, ?, ?, ?)", rows[3])
    database.close()


# -- opinions where formats have labels --------------------------------------------------------------------

_DIGEST = "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b"


def labelled(label: str) -> dict[str, str]:
    """Return a page of each format that has labels, with one record of this label."""
    record = Record(1, "pdq", _DIGEST, False, "positive")
    te = threatexchange([record])
    te["data"][0]["descriptors"]["data"][0]["tags"] = [label]
    case = stopncii([record])
    case["hashRecords"][0]["CSPFeedbacks"][0]["tags"] = [label]
    bank = hma([record])
    bank[0]["bank"] = label
    context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"
    media = {"MediaID": 1, "MD5": "9E107D9D372BB6826BD81D3542A419D6", "Category": 1, "Tags": [label]}
    return {
        "list.json": json.dumps(te),
        "case.json": json.dumps(case),
        "bank.json": json.dumps(bank),
        "media.json": json.dumps({"@odata.context": context, "value": [media]}),
        "simple.pdq.te": f"{_DIGEST},1,mine,{label}\n",
    }


@pytest.mark.parametrize("name", sorted(labelled("x")))
def test_a_label_may_be_an_opinion_or_a_deletion(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(labelled("graphic")[name])
    (entry,) = read_list(path)
    before = entry.category
    path.write_text(labelled("false_positive")[name])
    (entry,) = read_list(path)
    assert entry.category in ("negative", "disputed")
    assert entry.category != before
    assert "false_positive" not in entry.labels
    path.write_text(labelled("withdrawn")[name])
    with pytest.raises(ListError, match="'withdrawn' speaks of deletion"):
        list(read_list(path))


def test_a_field_that_a_format_does_not_know_may_speak(tmp_path: Path) -> None:
    """Of deletion or opinion: by its name, or, where its name means other things too, by what it holds."""
    path = tmp_path / "list.json"
    for name, value in (
        ("is_deleted", True),
        ("status", "withdrawn"),
        ("verdict", "benign"),
        ("x", "false positive"),
    ):
        for make, where in ((threatexchange, "data"), (stopncii, "hashRecords"), (tat, "results"), (hma, "")):
            page = make([Record(1, "pdq", _DIGEST, False, "positive")])
            (page[where] if where else page)[0][name] = value
            path.write_text(json.dumps(page))
            with pytest.raises(
                ListError, match="speaks of deletion or opinion and is not known in this format"
            ):
                list(read_list(path))
            assert len(list(read_list(ListSource(path, ignore=[name])))) == 1
