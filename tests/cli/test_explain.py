"""``safehash explain``, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageOps

from drawn import card, picture
from safehash.cli import main
from safehash.hashing import compute


@pytest.fixture
def here(tmp_path: Path) -> Path:
    with (tmp_path / "own.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("hash", "hash_type", "id"))
        for name, own in (("coffee", picture("coffee")), ("card", ImageOps.mirror(card(8)))):
            writer.writerow((compute.hash_array(np.asarray(own)).hex, "pdq", name))
    ImageOps.expand(picture("coffee"), 50, "white").save(tmp_path / "framed.jpg")
    card(7).save(tmp_path / "card.png")
    (tmp_path / "text.txt").write_text("no picture")
    return tmp_path


def explain(here: Path, *arguments: str) -> int:
    return main(["explain", *arguments, "--list", str(here / "own.csv")])


def test_a_match_is_told_with_its_view_and_limit(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(here, str(here / "framed.jpg")) == 1
    said = capsys.readouterr().out
    assert "framed.jpg: match (standard, quality 100)" in said
    assert "coffee of own, inside a frame: " in said and ": matches within 57\n" in said
    assert "nothing near: as it is, near (2 windows)" in said
    assert (
        "  turned a quarter right: not looked up, no entry is near a guess at the digests of its turns\n"
        in said
    )


def test_a_refusal_is_told_with_the_gate(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(here, str(here / "card.png")) == 0
    said = capsys.readouterr().out
    line, refined = (line for line in said.splitlines() if "card of own, mirrored: 28 bits" in line)
    assert "agreement" in refined
    assert re.fullmatch(
        r"    card of own, mirrored: 28 bits, evidence -?\d+\.\d: matches within 6 only, by greys", line
    )
    assert "flat share" not in said
    assert explain(here, str(here / "card.png"), "--gates") == 0
    said = capsys.readouterr().out
    assert (
        "      greys: -25 bits\n" in said
        and "      contrast: +0 bits\n" in said
        and "plain_distance=" in said
    )


def test_what_is_too_far_for_its_family_is_laid_to_no_gate(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fifth of either side is gone: windows agree well, at more bits than boxes or crops may have."""
    own = picture("coffee")
    rows, cols = own.height, own.width
    own.crop((cols * 20 // 100, rows * 20 // 100, cols, rows)).save(here / "crop.png")
    assert explain(here, str(here / "crop.png"), "--effort", "thorough", "--max-distance", "0") == 0
    said = capsys.readouterr().out
    far = [line for line in said.splitlines() if "coffee of own, " in line and " only" in line]
    assert far and all(line.endswith(" only") for line in far), said


def test_one_entry_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(here, str(here / "framed.jpg"), "card") == 1
    said = capsys.readouterr().out
    assert "framed (40 windows): nearest digest at " in said and "windows are refined from 72 on" in said
    assert explain(here, str(here / "framed.jpg"), "nobody") == 2
    assert "no entry that is matched against has the id" in capsys.readouterr().err


def test_json_and_standard_input(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO((here / "card.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert explain(here, "-", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["type"] == "explanation" and record["path"] == "-"
    assert record["decision"]["outcome"] == "no_match" and record["decision"]["refused"][0]["gate"] == "greys"


def test_what_cannot_be_decided_exits_as_a_scan_does(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(here, str(here / "text.txt")) == 3
    assert "text.txt: unsupported" in capsys.readouterr().out
