"""The ``lists`` commands as a person and as a program uses them."""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_files import curves, gama, iccp, png, two_pictures
from pictures_made import made
from PIL import Image
from profiles_made import SRGB, matrix_profile

import safehash
from list_samples import BRIDGE, DATA, FIRST
from safehash.cli.arguments import ListText
from safehash.cli.lists import add_commands
from safehash.cli.parser import make_parser, parsers_below
from safehash.hashing.compute import hash_array
from safehash.hashing.hashes import Hash
from safehash.lists.entry import Entry
from safehash.lists.formats import read_list
from safehash.lists.formats.jsonl import write_list
from safehash.matching.matcher import Matcher


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="safehash")
    add_commands(parser.add_subparsers(required=True))
    args = parser.parse_args(["lists", *map(str, arguments)])
    code = args.run(args)
    assert isinstance(code, int)
    return code


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


def records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", DATA / "filepath_hash.csv", DATA / "stopncii_page.json") == 1
    out = capsys.readouterr().out
    assert "text, CSV or TSV" in out
    assert "refused: 1 of 2 records were rejected, more than --max-rejects 0.05 allows" in out
    assert "rejected filepath_hash.csv, line 3" in out
    assert "stale: its newest record is" in out
    assert run("check", DATA / "stopncii_page.json") == 0
    assert run("check", "--max-rejects", "0.5", DATA / "filepath_hash.csv") == 1  # it has a reject
    assert "refused:" not in capsys.readouterr().out


def test_check_says_what_columns_were_taken_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"File MD5,revoked,comment\n{FIRST[:32]},no,seen\n{BRIDGE[:32]},yes,twice\n")
    assert run("check", path) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[2:] == [
        "list.csv: column 'File MD5' is taken for: digest (md5), by its name: '1ff36ce6...' (32 characters), "
        "'f8f8f0ce...' (32 characters)",
        "list.csv: column 'revoked' is taken for: deleted, by its name: 'no', 'yes'",
        "list.csv: column 'comment' is taken for: kept as it came: 'seen', 'twice'",
    ]
    assert run("check", "--json", "--ignore", "revoked", path) == 0
    (record,) = records(capsys)
    assert [(each["name"], each["meaning"], each["how"]) for each in record["columns"]] == [
        ("File MD5", "digest (md5)", "by its name"),
        ("revoked", "set aside", "as told"),
        ("comment", "kept as it came", ""),
    ]
    assert (record["live"], record["deletes"]) == (2, 0)


def test_check_says_what_a_scan_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every entry that `Matcher.from_files` does not match against is counted, with the reason."""
    path = tmp_path / "list.csv"
    rows = [
        (balanced(0), "positive", "100"),
        (balanced(1), "false positive", "100"),
        (balanced(2), "benign", ""),
        (balanced(3), "positive", "12"),
        ("0" * 64, "positive", ""),
    ]
    path.write_text("pdq,category,quality\n" + "".join(f"{','.join(row)}\n" for row in rows))
    assert run("check", path) == 1  # one is suspicious
    header, row, *_ = capsys.readouterr().out.splitlines()
    assert header.split("  ")[:1] == ["list"] and "left out" in header
    assert row[header.index("left out") :].startswith("2 category negative, 1 low quality, 1 suspicious")
    assert run("check", "--json", path) == 1
    (record,) = records(capsys)
    assert record["left_out"] == {"category negative": 2, "low quality": 1, "suspicious": 1}
    matcher = Matcher.from_files(path)
    assert (record["live"], record["matched"]) == (5, len(matcher)) == (5, 1)
    for reason, n in record["left_out"].items():
        assert f"list: {n} entries left out: {reason}" in matcher.notes


def test_check_says_what_stands_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    cells = [(0, "a"), (0, "a"), (0, "b"), (1, "c"), (2, "c"), (3, "d")]
    path.write_text("pdq,id\n" + "".join(f"{balanced(k)},{name}\n" for k, name in cells))
    assert run("check", path) == 0
    out = capsys.readouterr().out
    assert "1 records repeat others" in out
    assert "1 digests stand on several entries each, 2 in all" in out
    assert "1 ids stand for several digests of one algorithm each" in out
    assert run("check", "--json", path) == 0
    (record,) = records(capsys)
    assert (record["merged"]["repeated"], record["shared_digests"], record["shared_ids"]) == (1, 1, 1)
    path.write_text("pdq\n" + "".join(f"{balanced(k)}\n" for k in range(3)))
    assert run("check", path) == 0
    assert "stand" not in capsys.readouterr().out


def test_check_says_what_scans_go_on_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"pdq\n{balanced(0)}\n")
    Matcher.from_files(path, last_good=True)
    for damage, code in ((lambda: path.write_text("pdq\nbad\n"), 1), (path.unlink, 2)):
        damage()
        assert run("check", path) == code
        out = capsys.readouterr().out
        assert "its last good state, of 20" in out and "(0 hours old, 1 entry)" in out
        assert "--no-last-good" in out and "last_good=" not in out


def test_check_of_a_refused_list_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("a,b\n1,2\n")
    assert run("check", "--json", "--format", "text", path) == 1
    (record,) = records(capsys)
    assert not record["usable"]
    assert "no usable record" in record["error"] and "; --columns says which column" in record["error"]
    path.write_text(f"id,name\n{FIRST[:32]},a\n{BRIDGE[:32]},b\n")
    assert run("check", "--json", path) == 1
    (record,) = records(capsys)
    assert record["error"].startswith(f"{path}: refused: no column is known to hold digests")
    assert "--columns hash=NAME" in record["error"]


def test_check_for_programs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run("check", "--json", "--allow-cut", DATA / "threat_updates.json", tmp_path / "missing") == 2
    good, bad = records(capsys)
    assert (good["type"], good["usable"], good["live"], good["deletes"]) == ("list_check", True, 2, 2)
    assert good["stale"].startswith("stale")
    assert not bad["usable"] and "no such file" in bad["error"]
    assert run("check", "--require-fresh", "--allow-cut", DATA / "threat_updates.json") == 2


def test_check_shows_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash,id,Größe\n{'0' * 64},\x1b[31mred,größer\u202egnp\n{FIRST},1,klein\n")
    assert run("check", path) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out
    assert "\\x1b[31mred" in out
    assert "'größer\\u202egnp'" in out and "column 'Größe'" in out


def test_two_lists_of_one_name_are_told_apart_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A delete of the one would take back the other's entry of the same id."""
    paths = []
    for folder, rows in (("a", f"{FIRST},7,no"), ("b", f"{BRIDGE},7,yes\n{FIRST[::-1]},8,no")):
        paths.append(tmp_path / folder / "hashes.csv")
        paths[-1].parent.mkdir()
        paths[-1].write_text(f"pdq,id,deleted\n{rows}\n")
    merged = tmp_path / "m.jsonl"
    assert run("merge", *paths, "-o", merged, "--drop-deletes") == 2
    assert "two lists are called 'hashes'" in capsys.readouterr().err
    assert not merged.exists()
    assert run("check", *paths) == 2
    assert "two lists are called 'hashes'" in capsys.readouterr().out
    assert run("check", "--json", *paths) == 2
    assert "two lists are called 'hashes'" in capsys.readouterr().out
    with pytest.raises(safehash.ListError, match="two lists are called 'hashes'"):
        safehash.evaluate(tmp_path, own_lists=paths)
    assert run("merge", f"a={paths[0]}", f"b={paths[1]}", "-o", merged, "--drop-deletes") == 0
    assert [entry.id for entry in read_list(merged)] == ["7", "8"]


def test_merge_convert_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    merged, csv, back = tmp_path / "m.jsonl", tmp_path / "m.csv", tmp_path / "back.jsonl"
    assert run("merge", DATA / "pdq.csv", DATA / "threat_updates.json", "-o", merged) == 2
    assert "all of its" not in (said := capsys.readouterr().err) and "with --allow-cut" in said
    assert not merged.exists()
    assert run("merge", "--allow-cut", DATA / "pdq.csv", DATA / "threat_updates.json", "-o", merged) == 0
    assert "6 entries written" in capsys.readouterr().out
    entries = list(read_list(merged))
    assert [e.source for e in entries] == ["pdq"] * 2 + ["threat_updates"] * 4
    assert sum(e.deleted for e in entries) == 2
    assert run("merge", merged, "--drop-deletes", "-o", merged) == 0
    assert run("merge", merged, "--unite", "-o", tmp_path / "united.jsonl") == 0
    united = list(read_list(tmp_path / "united.jsonl"))
    assert len(united) == 3
    assert next(e for e in united if e.hash == Hash.from_hex("pdq", FIRST)).source == "pdq + threat_updates"
    assert run("convert", merged, "-o", csv) == 0
    assert run("convert", csv, "-o", back) == 0
    assert [(e.hash, e.labels, e.category, e.updated) for e in read_list(back)] == [
        (e.hash, e.labels, e.category, e.updated) for e in read_list(merged)
    ]
    assert run("convert", merged, "-o", tmp_path / "x.bin") == 2
    assert run("merge", tmp_path / "missing", "-o", merged) == 2
    assert "no such file" in capsys.readouterr().err
    assert run("merge", merged, "-o", tmp_path / "no" / "where.jsonl") == 2


def test_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def entry(digest: str, **fields: Any) -> Entry:
        return Entry(hash=Hash.from_hex("pdq", digest), source="L", **fields)

    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    write_list(old, [entry(FIRST), entry(BRIDGE), entry("4" + FIRST[1:]), entry("2" + FIRST[1:])])
    write_list(
        new,
        [
            entry(BRIDGE, labels=("a",)),
            entry("4" + FIRST[1:], category="negative"),
            entry("2" + FIRST[1:]),
            entry("3" + FIRST[1:]),
            entry(FIRST, deleted=True),
        ],
    )
    assert run("diff", old, new) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["1", "1", "1", "1", "1"]
    assert lines[2:] == [
        "+ pdq 3ff36ce6... positive",
        "- pdq 1ff36ce6... positive",
        "~ pdq f8f8f0ce...: no labels -> a",
        "~ pdq 4ff36ce6...: category positive -> negative",
    ]
    assert run("diff", "--json", "--full-hashes", old, new) == 0
    (record,) = records(capsys)
    assert record["removed"][0]["hash"] == FIRST
    assert record["same"] == 1


def test_stats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    near = f"{int(FIRST, 16) ^ 0b1011:064x}"
    path.write_text(
        f"hash,labels\n{FIRST},a\n{near},a;b\n{BRIDGE},\n{'0f' * 32},\n{'0' * 64},\n"
        "md5:9e107d9d372bb6826bd81d3542a419d6,\n"
    )
    assert run("stats", "--json", path) == 0
    (record,) = records(capsys)
    assert record["algorithms"] == {"pdq": 5, "md5": 1}
    assert record["labels"] == {"(none)": 4, "a": 2, "b": 1}
    assert record["suspicious"] == {"all zeros": 1}
    assert record["degenerate"] == 1
    assert record["clusters"] == [2]
    assert run("stats", path, "--max-clustered", 2) == 0
    assert "not looked for: over 2" in capsys.readouterr().out
    assert run("stats", tmp_path / "missing") == 2


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path, Path]:
    paths = (tmp_path / "gradient.png", tmp_path / "flat.png", tmp_path / "text.txt")
    picture = Image.effect_noise((64, 64), 90).resize((256, 256))
    picture.save(paths[0])
    Image.new("L", (64, 64), 128).save(paths[1])
    paths[2].write_text("no picture")
    return paths


def test_add(tmp_path: Path, pictures: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "own.jsonl"
    good, flat, text = pictures
    assert run("add", "--label", "a", good, flat, text, "-o", own) == 3
    out, err = capsys.readouterr()
    assert "1 added, 1 entry in " in out
    assert "too flat to match" in err and "text.txt" in err
    assert run("add", "--label", "b", "--file-names", "--json", good, "-o", own) == 0
    assert records(capsys)[0]["added"] == 1
    (entry,) = read_list(own)
    assert entry.labels == ("a", "b")
    assert entry.source == "own"
    assert entry.extra == {"filename": "gradient.png"}
    assert own.stat().st_mode & 0o777 == 0o600
    assert run("add", flat, "-o", own) == 2
    assert len(list(read_list(own))) == 1


@pytest.fixture
def two_in_one(tmp_path: Path) -> tuple[Path, Hash, Hash]:
    """A PNG whose stored pixels are one picture and whose profile shows another; with the digests of both."""
    tag, levels = curves()["folded"]
    grey = two_pictures(made(1, 240, 320)[:, :, 1], made(2, 240, 320)[:, :, 1], levels)
    path = tmp_path / "two.png"
    path.write_bytes(png(grey, iccp(matrix_profile(SRGB, tag))))
    return path, hash_array(np.rint(levels).astype(np.uint8)[grey]), hash_array(grey)


def test_add_lists_what_is_shown_and_the_stored_picture_on_request(
    two_in_one: tuple[Path, Hash, Hash], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, shown, stored = two_in_one
    assert shown.distance(stored) > 80
    assert run("add", path, "-o", tmp_path / "shown.jsonl") == 0
    assert "--also-stored lists both" in capsys.readouterr().err
    (entry,) = read_list(tmp_path / "shown.jsonl")
    assert isinstance(entry.hash, Hash) and entry.hash.distance(shown) <= 2
    assert entry.extra == {"view": "in its own colours"}
    assert run("add", "--also-stored", "--json", path, "-o", tmp_path / "both.jsonl") == 0
    assert records(capsys)[0]["stored_left_out"] == []
    entries = {str(entry.extra["view"]): entry.hash for entry in read_list(tmp_path / "both.jsonl")}
    assert set(entries) == {"in its own colours", "as stored"}
    assert entries["as stored"] == stored
    assert run("add", "--json", path, "-o", tmp_path / "again.jsonl") == 0
    assert records(capsys)[0]["stored_left_out"] == [str(path)]


def test_add_of_an_ordinary_picture_has_nothing_to_tell_apart(
    pictures: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", "--also-stored", pictures[0], "-o", tmp_path / "own.jsonl") == 0
    assert capsys.readouterr().err == ""
    (entry,) = read_list(tmp_path / "own.jsonl")
    assert entry.extra == {}


def test_add_refuses_a_flat_picture_that_hides_a_busy_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is shown decides: its stored pixels may be as busy as they like."""
    path = tmp_path / "white.png"
    path.write_bytes(png(np.maximum(made(1, 240, 320)[:, :, 1], 1), gama(50.0)))
    assert run("add", path, "-o", tmp_path / "own.jsonl") == 2
    assert "too flat to match" in capsys.readouterr().err


def test_every_command_that_takes_lists_can_be_told_how_to_read_them() -> None:
    """Whatever refuses a list names an option, and the option is there."""
    found = 0
    for one in parsers_below(make_parser()):
        options = {option for action in one._actions for option in action.option_strings}
        if any(action.type is ListText for action in one._actions):
            found += 1
            missing = {
                *("--columns", "--ignore", "--algorithm", "--notation", "--list-format"),
                *("--max-rejects", "--allow-cut", "--max-shrink", "--no-last-good"),
            } - options
            assert not missing, one.prog
    assert found >= 9


def test_remove(
    tmp_path: Path, pictures: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    own, good = tmp_path / "own.jsonl", pictures[0]
    assert run("add", "--windows", "--holes", good, "-o", own) == 0
    capsys.readouterr()
    assert run("remove", own, "b-1") == 2
    assert "'b-1' is no digest, id or picture of a live entry" in capsys.readouterr().err
    assert run("remove", own, good) == 0
    assert "taken back, 0 entries left in " in capsys.readouterr().out
    assert all(entry.deleted for entry in read_list(own))
    assert run("remove", "--json", own, good) == 2
    assert "is no digest" in records(capsys)[0]["error"]
    assert run("add", good, "-o", own) == 0
    capsys.readouterr()
    assert run("remove", "--json", own, good) == 0
    assert records(capsys) == [{"type": "list_remove", "output": str(own), "removed": 1, "entries": 0}]
