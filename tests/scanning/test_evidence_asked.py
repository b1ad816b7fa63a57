"""A catalog's matches with little evidence: decided anew where more or less is asked for, told in report and record."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import safehash
from safehash.reports.report import report
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import run

PHOTO = Image.fromarray(np.asarray(skimage.data.chelsea()))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder with a listed photograph, two crops of it, and its digest alone as another list."""
    photos = tmp_path / "photos"
    photos.mkdir()
    width, height = PHOTO.size
    for share in (0, 10, 28):
        cut = width * share // 200, height * share // 200
        PHOTO.crop((*cut, width - cut[0], height - cut[1])).save(photos / f"{share:02}.jpg", quality=85)
    (tmp_path / "own.csv").write_text(f"hash,id\n{safehash.hash_array(np.asarray(PHOTO)).hex},own\n")
    return tmp_path


def scanned(store: Path, bits: float | None) -> tuple[dict[str, int], int]:
    """Return how a scan of the store ended that asks for so much evidence, and how much it knew already."""
    settings = safehash.Settings(effort="thorough", policy=safehash.Policy(min_evidence=bits))
    matcher = safehash.Matcher.from_files(store / "own.csv", settings=settings)
    with safehash.Catalog(store / "c.db") as catalog:
        events = scan(store / "photos", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog)
        list(events)
        assert events.summary.to_record()["min_evidence"] == bits
        return dict(events.summary.outcomes), events.summary.n_unchanged


def test_it_decides_anew_where_more_or_less_is_asked_for(store: Path) -> None:
    assert scanned(store, None) == ({"match": 3}, 0)
    assert scanned(store, None) == ({"match": 3}, 3)
    assert scanned(store, 6) == ({"match": 2, "suppressed": 1}, 0)
    assert scanned(store, 6) == ({"match": 2, "suppressed": 1}, 3)
    assert scanned(store, 2) == ({"match": 3}, 0)


def test_a_snapshot_that_asks_for_more_decides_anew(store: Path) -> None:
    """Opened without a policy: what it was saved with is known of its audit alone."""
    found = []
    for bits in (None, 6, 6, 2):
        settings = safehash.Settings(effort="thorough", policy=safehash.Policy(min_evidence=bits))
        safehash.Matcher.from_files(store / "own.csv", settings=settings).save(store / "own.shx")
        matcher = safehash.Matcher.open(store / "own.shx", settings=safehash.Settings(effort="thorough"))
        with safehash.Catalog(store / "c.db") as catalog:
            events = scan(store / "photos", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog)
            list(events)
            found.append((events.summary.outcomes["match"], events.summary.n_unchanged))
    assert found == [(3, 0), (2, 0), (2, 3), (3, 0)]


def test_a_re_match_asks_for_as_much_of_what_scans_measured(store: Path) -> None:
    """A stored hash has none: without what a scan measured, a re-match would tell again what was suppressed."""
    scanned(store, 20)
    (store / "more.csv").write_text(
        f"hash,id\n{safehash.hash_file(store / 'photos' / '00.jpg').hex},stored\n"
    )
    found = []
    for bits in (20, None, 20):
        settings = safehash.Settings(policy=safehash.Policy(min_evidence=bits))
        matcher = safehash.Matcher.from_files(store / "own.csv", store / "more.csv", settings=settings)
        with safehash.Catalog(store / "c.db") as catalog:
            (record,) = safehash.rematch(catalog, matcher)
            kept = {
                source: (by, evidence)
                for source, by, evidence in catalog._store.query(
                    "SELECT list, suppressed_by, evidence FROM matches JOIN files ON files.id = file"
                    " WHERE files.path = ?", (b"00.jpg",),
                )
            }  # fmt: skip
        said = {each.entry.source: (each.suppressed_by, each.evidence) for each in record.decision.matches}
        assert said == kept
        assert said["more"] == (None, None)  # of what no scan met nothing is known, and it stands
        found.append(said["own"])
    assert found == [("evidence", found[0][1]), (None, found[0][1]), ("evidence", found[0][1])]
    assert found[0][1] is not None


def test_the_page_says_how_sure_each_match_is(store: Path) -> None:
    scanned(store, 6)
    (store / "more.csv").write_text(
        f"hash,id\n{safehash.hash_file(store / 'photos' / '00.jpg').hex},stored\n"
    )
    with safehash.Catalog(store / "c.db") as catalog:
        list(safehash.rematch(catalog, safehash.Matcher.from_files(store / "own.csv", store / "more.csv")))
        report(catalog, store / "page.html")
    page = (store / "page.html").read_text(encoding="utf-8")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    data = json.loads(text)
    said = {
        (data["entries"][row[1]][0], row[3]): (row[7], *data["evidence"][row[13]]) for row in data["rows"]
    }
    bits = said["own", "28.jpg"][1]
    assert 4 <= bits < 6
    assert said == {
        ("own", "00.jpg"): (None, said["own", "00.jpg"][1], "strong"),
        ("own", "10.jpg"): (None, said["own", "10.jpg"][1], "strong"),
        ("own", "28.jpg"): ("evidence", bits, "fair"),
        ("more", "00.jpg"): (None, None, "unknown"),
    }
    (choice,) = re.findall(r'<select id="filter-evidence">(.*?)</select>', page)
    assert re.findall(r'value="(\w*)"', choice) == ["", "strong", "fair", "weak", "against", "unknown"]
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    assert "From 8 on it is strong, From 4 on it is fair, From 0 on it is weak, under that it speaks" in words


def test_the_command_line_asks_for_it_and_the_record_of_compliance_says_so(store: Path) -> None:
    command = ("scan", store / "photos", "--list", store / "own.csv", "--effort", "thorough", "--format", "jsonl",
               "--workers", "0")  # fmt: skip
    for bits, n_standing in (("6", 2), ("-4.5", 3)):
        done = run(*command, "--min-evidence", bits, "--catalog", store / "c.db")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        standing = [each for each in records if each["type"] == "decision" and each["suggestion"] == "review"]
        assert (len(standing), records[-1]["min_evidence"]) == (n_standing, float(bits)), done.stderr
    refused = run(*command, "--min-evidence", "21")
    assert (refused.returncode, b"is not a number from -20 to 20" in refused.stderr) == (2, True)
    own = safehash.ListPolicy(max_distance={"pdq": 12}, min_evidence=7)
    settings = safehash.Settings(policy=safehash.Policy(per_list={"own": own}))
    matcher = safehash.Matcher.from_files(store / "own.csv", settings=settings)
    with safehash.Catalog(store / "c.db") as catalog:
        list(scan(store / "photos", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
        safehash.compliance_record(catalog, store / "record.html")
    page = (store / "record.html").read_text(encoding="utf-8").partition("<body>")[2]
    said = " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())
    for words in (
        "matches with less than 6 bits of evidence: suppressed 1 run",
        "matches with less than -4.5 bits of evidence: suppressed 1 run",
        "list own: matches with less than 7 bits of evidence: suppressed 1 run",
        "list own, pdq: at most 12 bits differ 1 run",
    ):
        assert words in said
