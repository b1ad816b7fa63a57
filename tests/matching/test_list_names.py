"""A list is its name: whatever its records call their source, thresholds, look-ups and catalogs go by the list's."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import safehash
from safehash import Catalog, ListPolicy, ListSource, Matcher, Policy, Settings
from safehash.lists import building
from stores import records_in, run, write_pictures


@pytest.fixture
def merged(tmp_path: Path) -> tuple[list[Path], Path]:
    """Two lists of one picture each, with the same id, merged into one file."""
    pictures = write_pictures(tmp_path / "pictures", 3)
    for name, picture in (("A", pictures[0]), ("B", pictures[1])):
        value = safehash.hash_file(picture)
        (tmp_path / f"{name}.csv").write_text(f"pdq,id,label\n{value.hex},same,{name.lower()}\n")
    assert run("lists", "merge", "A.csv", "B.csv", "-o", "m.jsonl", cwd=tmp_path).returncode == 0
    return pictures, tmp_path / "m.jsonl"


def test_records_of_other_sources_belong_to_their_list(
    merged: tuple[list[Path], Path], tmp_path: Path
) -> None:
    pictures, path = merged
    matcher = Matcher.from_files(ListSource(path, name="mine"))
    matcher.save(tmp_path / "lists.safehash")
    for each in (matcher, Matcher.open(tmp_path / "lists.safehash")):
        for picture, was in zip(pictures, "AB", strict=False):
            (match,) = each.check(picture, lists=["mine"]).matches
            assert (match.entry.source, match.entry.id, match.entry.labels) == (
                "mine",
                "same",
                (was.lower(),),
            )
            assert match.entry.extra["source"] == was
        assert not each.check(pictures[2]).is_match


def test_a_threshold_of_a_list_holds_for_all_its_records(merged: tuple[list[Path], Path]) -> None:
    pictures, path = merged
    value = safehash.hash_file(pictures[0])
    near = safehash.Hash(value.algorithm, bytes([value.digest[0] ^ 0x0F]) + value.digest[1:], quality=100)
    found = [
        Matcher.from_files(
            ListSource(path, name="mine"),
            settings=Settings(policy=Policy(per_list={"mine": ListPolicy(max_distance={"pdq": limit})})),
        ).check_hash(near).is_match
        for limit in (3, 4)
    ]  # fmt: skip
    assert found == [False, True]


def test_a_catalog_knows_them_by_their_list(merged: tuple[list[Path], Path], tmp_path: Path) -> None:
    pictures, path = merged
    scanned = run("scan", pictures[0].parent, "--list", f"mine={path}", "--catalog", tmp_path / "c.db")
    assert scanned.returncode == 1, scanned.stderr
    summary = records_in(scanned.stdout)[-1]
    assert summary["matched_lists"] == {"mine": 2}
    exported = run("catalog", "export", tmp_path / "c.db")
    lists = {
        match["list"]
        for line in exported.stdout.splitlines()
        for match in json.loads(line).get("matches", ())
    }
    assert lists == {"mine"}
    with Catalog(tmp_path / "c.db") as catalog:
        again = list(safehash.rematch(catalog, Matcher.from_files(ListSource(path, name="mine"))))
    assert len(again) == 2


def test_what_many_records_share_is_renamed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one source are a million records as soon as two: each a JSON text of its own cost four times the reading."""
    rng = random.Random(3)
    records = [
        {
            "algorithm": "pdq", "hash": rng.randbytes(32).hex(), "id": str(number), "source": "elsewhere",
            "labels": ["ab"[number % 2]],
        }
        for number in range(400)
    ]  # fmt: skip
    lines = [json.dumps(each) + "\n" for each in ({"safehash": 1, "kind": "list", "name": "own"}, *records)]
    path = tmp_path / "own.jsonl"
    path.write_text("".join(lines), encoding="utf-8")
    written: list[object] = []
    as_before = building._json_bytes

    def counted(value: object) -> bytes:
        written.append(value)
        return as_before(value)

    monkeypatch.setattr(building, "_json_bytes", counted)
    source = ListSource(path, allow_cut=True, max_rejects=1)
    matcher = Matcher.from_files(source, settings=Settings(policy=Policy(include_suspicious=True)))
    assert len(written) < 40
    for record in (records[0], records[399]):
        (match,) = matcher.check_hash(safehash.Hash.from_hex("pdq", str(record["hash"]))).matches
        assert (match.entry.source, match.entry.id, match.entry.extra["source"]) == (
            "own",
            record["id"],
            "elsewhere",
        )
