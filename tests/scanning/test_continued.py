"""A scan that was broken off and went on has the records of one that ran through, field by field."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

import safehash
from drawn import card
from safehash.matching.matcher import Matcher
from safehash.matching.record import FIELDS, IN_CATALOG, MATCH_FIELDS, STALE
from safehash.matching.settings import EFFORTS, Settings
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.records import Known, ScanRecord
from safehash.scanning.run import scan
from stores import write_list, write_pictures

#: What a catalog adds, and what differs from run to run.
ADDED, ADDED_TO_MATCHES = (
    {field.name for field in fields if field.when in (IN_CATALOG, STALE)} for fields in (FIELDS, MATCH_FIELDS)
)
TIMES = {"decided", "milliseconds"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of everything a record can tell of: matches of every kind, near misses, failures, members."""
    here = tmp_path_factory.mktemp("continued")
    pictures = write_pictures(here / "pictures", 5)
    folder = pictures[0].parent
    with Image.open(pictures[0]) as whole:
        big = whole.resize((480, 400), Image.Resampling.BICUBIC)
    big.crop((24, 20, 456, 380)).save(folder / "crop.png")
    ImageOps.mirror(big).save(folder / "mirrored.jpg", quality=60)
    card(7).save(folder / "card.png")
    Image.new("RGB", (90, 80), (9, 90, 200)).save(folder / "flat.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    (folder / "cut.png").write_bytes(pictures[3].read_bytes()[:-4000])
    still = io.BytesIO()
    frames = [Image.open(pictures[0]).quantize(16), Image.open(pictures[3]).quantize(16)]
    frames[0].save(still, "GIF", save_all=True, append_images=frames[1:])
    (folder / "cut.gif").write_bytes(still.getvalue()[:-900])
    with zipfile.ZipFile(folder / "some.zip", "w") as archive:
        archive.write(pictures[1], "inside.png")
        archive.writestr("notes.txt", "no picture")
    near = here / "near.csv"
    near.write_text(f"pdq,id\n{safehash.hash_image(ImageOps.mirror(card(8))).hex},card\n")
    write_list(here / "z.csv", pictures[0], pictures[1])
    write_list(here / "a.csv", pictures[0], pictures[2], label="viral_challenge")
    write_list(here / "allowed.csv", pictures[2])
    return here


def matcher_of(store: Path, *names: str, effort: Any) -> Matcher:
    return Matcher.from_files(
        *(store / f"{name}.csv" for name in names),
        allow=[store / "allowed.csv"],
        settings=Settings(effort=effort),
    )


def without(record: dict[str, Any], added: set[str]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in added}


def as_one_scan_says(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what only a catalog knows; of its times, that they are there."""
    plain = without(record, ADDED) | {name: type(record[name]).__name__ for name in TIMES}
    plain["matches"] = [without(match, ADDED_TO_MATCHES) for match in record["matches"]]
    return plain


def told(
    store: Path, matcher: Matcher, catalog: Catalog | None = None, *, stop_after: int = 1000
) -> dict[Any, Any]:
    """Scan, broken off after so many records, and return every record as one that was written."""
    options = ScanOptions(workers=0, ordered=True, unchanged=True, file_digests=["sha256", "md5"])
    found: dict[Any, Any] = {}
    with scan(store / "pictures", matcher=matcher, options=options, catalog=catalog) as running:
        for event in running.events():
            if isinstance(event, (ScanRecord, Known)):
                record = json.loads(json.dumps(event.to_record(full_hashes=True)))
                key = record["path"], record.get("position", 0)
                assert key not in found
                found[key] = as_one_scan_says(record)
                if len(found) == stop_after:
                    running.stop()
    if len(found) < stop_after:  # whether decided now or known, the summary counts it
        kept = [
            each["refused"][0]["gate"] for each in found.values() if "refused" in each and not each["matches"]
        ]
        assert running.summary.refused == Counter(kept)
        assert running.summary.to_record()["refused"] == dict(Counter(kept).most_common())
    return found


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_continued_scan_has_every_record_whole(store: Path, tmp_path: Path, effort: str) -> None:
    matcher = matcher_of(store, "z", "a", "near", effort=effort)
    wanted = told(store, matcher)
    by_name = {
        Path(path).name if not position else "member": record for (path, position), record in wanted.items()
    }
    evidence = {match["id"]: match.get("evidence") for match in by_name["picture00000.png"]["matches"]}
    assert evidence == {"entry-picture00000": evidence["entry-picture00000"]}
    assert evidence["entry-picture00000"] > 0
    assert [match["list"] for match in by_name["picture00000.png"]["matches"]] == ["a", "z"], (
        "no order of chance"
    )
    assert by_name["picture00002.png"]["outcome"] == "suppressed"
    assert by_name["member"]["outcome"] == "match"
    assert by_name["broken.jpg"]["reason"]
    if effort != "fast":
        assert by_name["card.png"]["refused"][0]["gate"] == "greys"
        assert isinstance(by_name["card.png"]["refused"][0]["evidence"], float)
    for stop_after in (1, len(wanted) // 2, len(wanted)):
        with Catalog(tmp_path / f"{stop_after}.db") as catalog:
            assert len(told(store, matcher, catalog, stop_after=stop_after)) == stop_after
            assert told(store, matcher, catalog) == wanted, f"broken off after {stop_after}"
            assert told(store, matcher, catalog) == wanted, "and once more, nothing having changed"


def test_what_several_scans_know_together_is_what_one_would_say(store: Path, tmp_path: Path) -> None:
    """List by list, and less thoroughly before: what gates kept back is told once, as the best look saw it."""
    with Catalog(tmp_path / "c.db") as catalog:
        for names in (("near",), ("z", "near"), ("a",)):
            for effort in ("standard", "thorough"):
                told(store, matcher_of(store, *names, effort=effort), catalog)
        both = matcher_of(store, "z", "a", "near", effort="thorough")
        assert told(store, both, catalog) == told(store, both)
        only = matcher_of(store, "z", effort="standard")
        assert all("refused" not in record for record in told(store, only, catalog).values()), (
            "of another list"
        )


def test_of_two_looks_at_one_list_the_better_one_tells_what_gates_kept_back(
    store: Path, tmp_path: Path
) -> None:
    """Neither has all lists of the other, so that both stand; the record is that of one scan all the same."""
    with Catalog(tmp_path / "c.db") as catalog:
        for names, effort in ((("z", "near"), "standard"), (("z", "a"), "thorough"), (("near",), "thorough")):
            told(store, matcher_of(store, *names, effort=effort), catalog)
        both = matcher_of(store, "z", "a", "near", effort="thorough")
        wanted = told(store, both)
        assert [len(record.get("refused", ())) for record in wanted.values()].count(1) == 1
        assert told(store, both, catalog) == wanted
        file, n_looks = catalog._store.row(
            "SELECT file, count(*) FROM looks WHERE refused IS NOT NULL GROUP BY file"
        )
        assert n_looks == 2, f"file {file} was kept back twice"


def test_what_gates_kept_from_an_older_list_is_not_told_of_its_newest(store: Path, tmp_path: Path) -> None:
    """Though the older one was looked at more thoroughly: the entry may have left it."""

    def near(folder: Path, effort: Any) -> Matcher:
        allowed = [store / "allowed.csv"]
        return Matcher.from_files(folder / "near.csv", allow=allowed, settings=Settings(effort=effort))

    write_list(tmp_path / "near.csv", store / "pictures" / "picture00004.png")
    with Catalog(tmp_path / "c.db") as catalog:
        before = told(store, near(store, "thorough"), catalog)
        assert sum("refused" in record for record in before.values()) == 1
        after = told(store, near(tmp_path, "standard"), catalog)
        assert sum("refused" in record for record in after.values()) == 0
        assert told(store, near(tmp_path, "standard"), catalog) == after, "known by now"
