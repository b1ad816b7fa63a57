"""Files that were decided, and of which less was looked at than there is: the summary says so, and what to do."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import safehash
from safehash.cli import main
from safehash.files import read_up_to
from safehash.scanning import reading
from safehash.scanning.caveats import CAVEATS, caveat_of
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_pictures


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Two pictures; a JPEG that ends after 15 % of its bytes, a PNG after half, and the listed one cut off."""
    pictures = write_pictures(tmp_path / "pictures", 3)
    write_list(tmp_path / "own.csv", pictures[0])
    with Image.open(pictures[1]) as image:
        held = io.BytesIO()
        image.convert("RGB").resize((960, 800)).save(held, "JPEG", quality=90)
        whole = held.getvalue()
    (tmp_path / "pictures" / "cut.jpg").write_bytes(whole[: len(whole) * 15 // 100])
    png = pictures[2].read_bytes()
    (tmp_path / "pictures" / "half.png").write_bytes(png[: len(png) // 2])
    png = pictures[0].read_bytes()
    (tmp_path / "pictures" / "listed.png").write_bytes(png[:-20])
    return tmp_path


def summary_of(here: Path, *more: str) -> Any:
    line = ["scan", str(here / "pictures"), "--list", str(here / "own.csv"), "--workers", "0", "-q"]
    assert main([*line, "-o", str(here / "r.jsonl"), *more]) == 1
    return json.loads((here / "r.jsonl").read_text().splitlines()[-1])


def test_the_record_counts_what_is_cut_off(here: Path) -> None:
    catalog = ["--catalog", str(here / "c.db")]
    for more in ([], catalog, catalog, [*catalog, "--only-new"]):
        summary = summary_of(here, *more)
        assert summary["caveats"] == {"cut off": 2}, more
        assert summary["outcomes"]["match"] == 2, "a match needs no caveat"


def test_people_are_told_which_and_what_to_do(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = ["scan", str(here / "pictures"), "--list", str(here / "own.csv"), "--workers", "0"]
    assert main([*line, "--format", "text"]) == 1
    out, err = capfd.readouterr()
    told = [row for row in out.splitlines() if "CUT OFF" in row]
    assert sorted(Path(row.split(": ")[0]).name for row in told) == ["cut.jpg", "half.png"]
    assert "cut off: 2" in err
    assert "2 files cut off: get them whole and scan again" in err


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (picture,) = write_pictures(tmp_path / "pictures", 1, first_seed=7)
    (other,) = write_pictures(tmp_path / "others", 1)
    matcher = safehash.Matcher.from_files(write_list(tmp_path / "own.csv", other))

    def read_and_touch(file: io.FileIO, max_bytes: int, *, hint: int = 0) -> bytes:
        os.utime(picture, ns=(1, 1))
        return read_up_to(file, max_bytes, hint=hint)

    monkeypatch.setattr(reading, "read_up_to", read_and_touch)
    with scan(picture, matcher=matcher, options=ScanOptions(workers=0)) as running:
        list(running)
    assert running.summary.caveats == {"changed meanwhile": 1}


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"outcome": "no_match"}, None),
        ({"outcome": "no_match", "decode": {"truncated": True}}, "cut off"),
        ({"outcome": "low_quality", "decode": {"truncated": True}}, "cut off"),
        ({"outcome": "suppressed", "decode": {"truncated": True}}, "cut off"),
        ({"outcome": "match", "decode": {"truncated": True}}, None),
        ({"outcome": "unreadable", "decode": None, "reason": "damaged"}, None),
        ({"outcome": "no_match", "failure": "changed"}, "changed meanwhile"),
        ({"outcome": "suppressed", "reason": "frame 2: damaged"}, "looked at in part"),
        ({"outcome": "suppressed", "reason": None}, None),
    ],
)
def test_what_is_a_caveat(facts: dict[str, Any], wanted: str | None) -> None:
    found = caveat_of({"reason": None, **facts})
    assert (None if found is None else found.name) == wanted


def test_every_caveat_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scan.md").read_text(encoding="utf-8")
    assert all(f"| `{each.name}` |" in page for each in CAVEATS)
