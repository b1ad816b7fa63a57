"""Any command line whatever ends in a code of the table, said in words: no value of any option is a surprise."""

from __future__ import annotations

import argparse
import io
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehash.cli import main
from safehash.cli.exits import CRASH, EXITS
from safehash.cli.parser import make_parser, parsers_below
from stores import run, write_list, write_pictures

CODES = {each.code for each in EXITS} - {CRASH}
#: Values that some option takes and most refuse.
ODD = (
    "", "0", "-1", "1", "2", "300", "1000", "1e400", "nan", "inf", "-inf", "0.5", "1e-300", "9" * 30, "\u0663", "1_0",
    "x", "=", ",", "1,2", "31,31", "a=b", "fast", "standard,fast", "md5", "jsonl", "csv", "512M", "9999T", "1K", "*",
    "[", "**/*", "\x1b[31mred", "two\nlines", "\udcff", "nul\0", "-", "--", "memory://nothing", "nosuch://x",
    "/dev/null", "/dev/full", "/proc/self/mem", "q" * 300, "ab" * 32, "md5:" + "ab" * 16,
)  # fmt: skip
PICTURE = "pictures/picture00000.png"
#: Of each command a line that is right, in the folder `kept`.
RIGHT = {
    "hash": PICTURE, "scan": "pictures --list own.csv", "rematch": "c.db --list own.csv",
    "catalog export": "c.db", "catalog relocate": "c.db pictures moved", "catalog stats": "c.db",
    "catalog similar": "c.db " + "ab" * 32,
    "report": "c.db -o out", "lists check": "own.csv", "lists merge": "own.csv -o out",
    "lists diff": "own.csv own.csv", "lists convert": "own.csv --to jsonl -o out", "lists stats": "own.csv",
    "lists sign": "own.csv --key own.csv",
    "lists add": f"{PICTURE} -o out", "lists remove": "own.csv ab",
    "index build": "own.csv -o out", "index info": "lists.safehash",
    "match": "ab --index lists.safehash", "evaluate": "pictures", "bench": PICTURE,
    "explain": f"{PICTURE} --list own.csv", "catalog diff": "c.db 0 1", "review apply": "v.jsonl c.db",
    "review stats": "c.db", "review export": "c.db --to pairs -o out", "doctor": "--list own.csv",
    "completion": "bash",
    "serve": "--list own.csv",
}  # fmt: skip
#: Given last, so that no line takes long or many processes, whatever came before.
CALM = {
    "scan": ["--workers", "0", "--timeout", "5"],
    "doctor": ["--sample", "5"],
    "serve": ["--check"],
    "bench": ["--seconds", "0.001", "--threads", "1"],
    "evaluate": [
        "--max-images",
        "2",
        "--min-images",
        "2",
        "--list-size",
        "5",
        "--threads",
        "1",
        "--family",
        "codec",
    ],
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("lines")
    (here / "c.toml").write_text('effort = "fast"\n[scan]\nquiet = true\n')
    pictures = write_pictures(here / "pictures", 3)
    write_list(here / "own.csv", pictures[1])
    (here / "empty").mkdir()
    (here / "text.txt").write_text("words")
    assert main(["index", "build", str(here / "own.csv"), "-o", str(here / "lists.safehash")]) == 0
    scan = ["scan", str(here / "pictures"), "--list", str(here / "own.csv"), "--workers", "0", "-q"]
    assert main([*scan, "--catalog", str(here / "c.db"), "-o", str(here / "r.jsonl")]) == 1
    return here


def leaves() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command by its words."""
    found = {}
    for parser in parsers_below(make_parser()):
        if not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
            found[parser.prog.removeprefix("safehash ")] = parser
    return found


LEAVES = leaves()


def values(action: argparse.Action, places: list[str]) -> st.SearchStrategy[str]:
    likely = [str(each) for each in action.choices or ()] + places
    return st.sampled_from(likely + places) | st.sampled_from(ODD) | st.text(max_size=8)


@st.composite
def lines(draw: st.DrawFn, places: list[str]) -> list[str]:
    """Draw a command and, of each of its options, whether it is given and what it holds."""
    name = draw(st.sampled_from(sorted(LEAVES)))
    words: list[str] = []
    for action in LEAVES[name]._actions:
        if (
            isinstance(action, argparse._HelpAction) or action.dest == "watch"
        ):  # that has no end: test_watch.py
            continue
        needed = action.required or (not action.option_strings and action.nargs != "*")
        if not draw(st.integers(0, 9).map(lambda n, needed=needed: n > 0 if needed else n > 7)):  # type: ignore[misc]
            continue
        if action.option_strings:
            words.append(draw(st.sampled_from(action.option_strings)))
        if action.nargs != 0:
            words.append(draw(values(action, places)))
    return [*name.split(), *words, *CALM.get(name, [])]


def run_line(line: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        return main(line)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_line_ends_in_a_known_code(
    data: st.DataObject,
    kept: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = tmp_path_factory.mktemp("line")
    shutil.copytree(kept, here, dirs_exist_ok=True)
    monkeypatch.chdir(here)
    places = ["pictures", "own.csv", "mine=own.csv", "lists.safehash", "c.db", "r.jsonl", "out", "none/out", "empty",
              "text.txt", "c.toml", "pictures/picture00000.png", "missing"]  # fmt: skip
    line = data.draw(lines(places))
    code = run_line(line, monkeypatch)
    out, err = capsys.readouterr()
    assert code in CODES, f"{line}: {code}: {err}"
    assert "Traceback" not in err or "--debug" in line
    assert "\x1b" not in err.replace("\x1b[K", ""), "nothing raw of what was given"
    if code == 2:
        assert err.strip() or out.strip(), f"{line} says nothing of what is wrong"


def every_value() -> Iterator[tuple[str, str, str]]:
    for name, parser in LEAVES.items():
        for action in parser._actions:
            if action.option_strings and action.nargs != 0:
                yield name, action.option_strings[-1], str(action.dest)


@pytest.mark.parametrize(("name", "option"), [each[:2] for each in every_value()])
def test_every_option_refuses_what_it_cannot_mean(
    kept: Path, name: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Each odd value of each option, on a line that is right otherwise: taken or refused by the parser, never more."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    parser = make_parser([name.split()[0]])
    taken = []
    for value in ODD:
        try:
            parser.parse_args([*name.split(), *RIGHT[name].split(), option, value])
            taken.append(value)
        except SystemExit as exc:
            assert exc.code == 2
    for value in taken[:: max(1, len(taken) // 6)]:  # most are texts, one as good as the other
        code = run_line(
            [*name.split(), *RIGHT[name].split(), option, value, *CALM.get(name, [])], monkeypatch
        )
        assert code in CODES, f"{name} {option} {value!r}: {code}: {capsys.readouterr().err}"
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    ["scan pictures --list own.csv --max-distance 300", "scan pictures --list own.csv --min-quality 1000",
     "bench --threads 0", "bench --seconds nan", "evaluate pictures --threads 0", "evaluate pictures --seed -1",
     "scan pictures --list own.csv --max-memory 99999999999999999999", "catalog similar c.db 00 --max-distance -1",
     "scan pictures --list own.csv --timeout 1e300", "scan pictures --list own.csv --flood-share 2",
     "lists stats own.csv --max-clustered -1", "scan pictures --list own.csv --files-from - -"],
)  # fmt: skip
def test_lines_that_once_ended_in_tracebacks(kept: Path, line: str) -> None:
    done = run(*line.split(), cwd=kept)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"error: " in done.stderr


# -- what each code means -----------------------------------------------------------------------------------


def test_nothing_looked_at_is_no_success(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("words")
    calm = ["--list", str(kept / "own.csv"), "--workers", "0"]
    for folder in (kept / "empty", tmp_path):
        assert main(["scan", str(folder), *calm]) == 4
        assert main(["scan", str(folder), "--allow-empty", *calm]) == 0
    catalog = ["--catalog", str(tmp_path / "c.db")]
    pictures = str(kept / "pictures" / "picture00000.png")
    assert [main(["scan", pictures, *calm, *catalog]) for _ in range(2)] == [0, 0], (
        "unchanged ones were looked at"
    )
    (tmp_path / "words.jpg").write_text("words")
    assert main(["scan", str(tmp_path / "words.jpg"), *calm]) == 3


def test_an_empty_folder_says_so(kept: Path) -> None:
    done = run("scan", kept / "empty", "--list", kept / "own.csv")
    assert done.returncode == 4
    assert b"nothing was looked at" in done.stderr


def test_a_missing_path_exits_alike(kept: Path) -> None:
    matched = ["none.png", "--list", str(kept / "own.csv")]
    for line in (["hash", "none.png"], ["scan", *matched], ["explain", *matched], ["bench", "none.png"]):
        done = run(*line, cwd=kept)
        assert done.returncode == 2
        assert b"none.png: no such file" in done.stderr.lower()
        assert done.stdout == b""


def test_what_nobody_expected_has_a_code_of_its_own(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("unexpected \x1b[31m")

    monkeypatch.setattr("safehash.scanning.holdings.counts", fail)
    line = ["catalog", "stats", str(kept / "c.db")]
    assert main(line) == 70
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "defect" in said and "KeyError" in said and "\x1b" not in said
    for where in ([*line, "--debug"], ["--debug", *line]):
        assert main(where) == 70
        assert "Traceback" in capsys.readouterr().err


def test_the_codes_are_told_apart() -> None:
    codes = [each.code for each in EXITS]
    assert len(set(codes)) == len(codes)
    assert {1, 2, 3, 4} <= set(codes)


def test_a_picture_on_standard_input(kept: Path) -> None:
    picture = (kept / "pictures" / "picture00001.png").read_bytes()
    done = run("scan", "-", "--list", kept / "own.csv", stdin=picture)
    assert done.returncode == 1
    assert b'"path": "-"' in done.stdout
    both = run("scan", "-", kept / "pictures", "--list", kept / "own.csv", "--workers", "1", stdin=picture)
    assert len(both.stdout.splitlines()) == 5
    assert run("scan", "-", "--list", kept / "own.csv", stdin=b"").returncode == 3


def test_every_combination_of_the_debug_switch() -> None:
    for name, before in itertools.product(LEAVES, (True, False)):
        words = ["--debug", *name.split()] if before else [*name.split(), "--debug"]
        with pytest.raises(SystemExit) as caught:
            make_parser(words).parse_args([*words, "--help"])
        assert caught.value.code == 0
