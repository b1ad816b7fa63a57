"""What a person at a terminal sees: lines, colours, a bar; nothing raw of any name, and a quiet end at ctrl-C."""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import re
import signal
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import safehash
from safehash.cli import main
from stores import records_in, run, write_list, write_picture, write_pictures
from terminal import Terminal, colours_in, shown, uncoloured

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are of POSIX")

#: What no terminal may get to see raw: a title, a colour, a bell, a change of direction.
EVIL = "\x1b]0;evil\x07\x1b[31m\u202e"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terminal")
    pictures = write_pictures(folder / "pictures", 4)
    (folder / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    write_list(folder / "own.csv", pictures[1])
    write_list(folder / "ok.csv", pictures[2])
    write_list(folder / "both.csv", pictures[1], pictures[2])
    return folder


def at_terminal(*arguments: str | Path, **more: str) -> tuple[int, str]:
    terminal = Terminal(arguments, more=more)
    return terminal.finish(), terminal.output


def test_a_line_a_match_then_the_undecided_then_the_summary(here: Path) -> None:
    code, output = at_terminal(
        "scan", here / "pictures", "--list", here / "both.csv", "--allow", here / "ok.csv"
    )
    assert code == 1
    lines = shown(output)
    (match,) = [at for at, line in enumerate(lines) if ": MATCH" in line]
    (undecided,) = [at for at, line in enumerate(lines) if ": UNREADABLE" in line]
    assert lines[match] == (
        f"{here}/pictures/picture00001.png: MATCH  graphic_self_harm  both #entry-picture00001  0 bits  as it is"
    )
    assert [line for line in lines if ": SUPPRESSED" in line] == [
        f"{here}/pictures/picture00002.png: SUPPRESSED  graphic_self_harm  both #entry-picture00002  0 bits  as it is"
        "  by ok"
    ]
    summary = lines.index("safehash summary")
    assert match < undecided < summary
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[summary + 1 :]]
    assert ["files", "5"] in rows
    assert ["match", "1 (20 %)"] in rows
    assert any(row[0] == "time" and "files/s" in row[1] for row in rows)
    assert sum(row[0] == "next" for row in rows) == 2
    assert "{" not in output, "no JSON for a person"


def test_colours_by_outcome_and_none_if_not_wanted(here: Path) -> None:
    scan = ("scan", here / "pictures", "--list", here / "own.csv")
    _, output = at_terminal(*scan)
    red = next(line for line in output.split("\n") if "MATCH" in line)
    assert "\x1b[1;31mMATCH" in red
    assert re.search(r"\x1b\[33mUNREADABLE", output)
    for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, output = at_terminal(*scan, **more)
        assert colours_in(output) == []
        assert ": MATCH  graphic_self_harm" in output


def test_records_where_nobody_looks(here: Path, tmp_path: Path) -> None:
    scan = ("scan", here / "pictures", "--list", here / "own.csv")
    assert records_in(run(*scan).stdout)[-1]["type"] == "summary"
    text = run(*scan, "--format", "text")
    assert b"\x1b" not in text.stdout
    assert sorted(line.split(b": ")[1].split()[0] for line in text.stdout.splitlines()) == [
        b"MATCH",
        b"UNREADABLE",
    ]
    assert run(*scan, "--format", "text", "-o", tmp_path / "t.txt").stdout == b""
    assert sorted((tmp_path / "t.txt").read_bytes().splitlines()) == sorted(text.stdout.splitlines())
    # At a terminal with -o: records into the file, and the matches to be seen.
    code, output = at_terminal(*scan, "-o", tmp_path / "r.jsonl")
    assert code == 1
    assert len(records_in((tmp_path / "r.jsonl").read_bytes())) == 6
    assert ": MATCH" in uncoloured(output)
    code, output = at_terminal(*scan, "-q", "-o", tmp_path / "r.jsonl")
    assert (code, output) == (1, "")
    assert ": MATCH" not in uncoloured(at_terminal(*scan, "--format", "jsonl")[1])


def test_parquet_is_nothing_for_a_terminal(here: Path) -> None:
    code, output = at_terminal("scan", here / "pictures", "--list", here / "own.csv", "--format", "parquet")
    assert code == 2
    assert "-o" in output


def test_no_more_is_done_than_there_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members of an archive are counted when it is opened, and not by the walk ahead."""
    from safehash.cli import progress

    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.0)
    with progress.Progress("files") as told:
        told.step(3, total=5)
        told.step(7)
    said = capsys.readouterr().err
    assert "3 of 5 files" in said and "7 of 7 files" in said


def test_a_bar_and_how_much_is_left(here: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path, 60)
    terminal = Terminal(["scan", tmp_path, "--list", here / "own.csv", "--rate", "30"])
    terminal.wait_for(
        lambda output: re.search(r"\d+/60 \d+ files/s matches \d 0", uncoloured(output)) is not None
    )
    assert terminal.finish() == 1
    assert not any("/60" in line for line in shown(terminal.output)), "the bar goes when the work is done"


def test_without_a_terminal_a_line_a_minute(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = [
        "scan",
        str(here / "pictures"),
        "--list",
        str(here / "own.csv"),
        "--workers",
        "0",
        "-o",
        "/dev/null",
    ]
    assert main(scan) == 1
    assert "files/s," in (quiet := capsys.readouterr().err) and "safehash: " not in quiet
    monkeypatch.setattr("safehash.cli.progress._LINE_SECONDS", 0.0)
    assert main(scan) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("safehash: ")]
    assert len(lines) == 5
    assert re.fullmatch(
        r"safehash: (\d of )?\d files, \d+ files/s(, about \d+ s left)?, matches [01]", lines[-1]
    )
    assert main([*scan, "-q"]) == 1
    assert capsys.readouterr().err == ""


# -- names --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which every name, and every text of every list, is out to play tricks."""
    folder = tmp_path_factory.mktemp("evil")
    for number, name in enumerate((f"a{EVIL}.png", "b\nFORGED: MATCH.png", f"c{EVIL}.jpg")):
        write_picture(folder / name, number)
    (folder / f"broken{EVIL}.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    with zipfile.ZipFile(folder / f"z{EVIL}.zip", "w") as archive:
        archive.write(folder / f"a{EVIL}.png", f"m{EVIL}.png")
    lines = ["pdq,id,labels"]
    import safehash

    for name in (f"a{EVIL}.png", "b\nFORGED: MATCH.png"):
        lines.append(f'{safehash.hash_file(folder / name).hex},"i{EVIL}","l{EVIL}"')
    head = {"kind": "safehash verdicts", "version": 1, "verdicts": 1}
    said = {"match": "0" * 32, "verdict": EVIL, "reviewer": EVIL, "decided": EVIL}
    (folder / f"verdicts{EVIL}.jsonl").write_text(f"{json.dumps(head)}\n{json.dumps(said)}\n")
    (folder / f"conf{EVIL}.toml").write_text(f"{json.dumps(EVIL)} = 1\n")
    (folder / f"list{EVIL}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


#: Of each group, the later lines use what the earlier ones made.
COMMANDS = {
    "hash and scan": """
hash a b c broken none
scan . --list list
scan . --list list --format csv
scan . --list list --format jsonl
scan none --list list
scan . --list none
scan . --allow list --list list
scan . --list list --allow-pairs list
scan --watch none --list list
scan . --config conf
scan . --config none
scan --{evil}
scan . --list list --max-distance {evil}
scan . --list list --timeout {evil}
scan . --list list -o a
{evil}
""",
    "catalog": """
scan . --list list --catalog cat
rematch cat --list list
catalog export cat --format csv
catalog stats cat
catalog stats none
catalog similar cat {hash}
catalog relocate cat none none
catalog diff cat 0 1
catalog {evil}
""",
    "report and review": """
scan . --list list --catalog cat
report cat -o page
report cat -o page --thumbnails --new
report cat -o page --label none
report cat -o page --matched-list none
report cat -o page --folder none
report cat -o none/page
review stats cat
review apply verdicts cat
review apply list cat
review export cat --to list --owner {evil} -o merged
review export cat --to pairs -o pairs
scan . --list list --allow-pairs pairs
""",
    "lists and the rest": """
explain a --list list
explain a {evil} --list list
explain none --list list
doctor --list list --verify list --sample 20
doctor --list none
lists check list
lists merge list -o merged
lists diff list list
lists stats list
lists stats none
lists convert list --to csv -o converted
lists add a broken -o added --label l
index build list -o index
index info index
match {hash} --index index
match {evil} --index index
bench a --seconds 0.01 --threads 1
evaluate . --min-images 2 --family codec --list-size 9 --effort fast
evaluate none
""",
}


@pytest.mark.parametrize("group", COMMANDS)
def test_no_name_reaches_a_terminal_raw(group: str, evil: Path) -> None:
    import safehash

    names = {
        "a": f"a{EVIL}.png", "b": "b\nFORGED: MATCH.png", "c": f"c{EVIL}.jpg", "broken": f"broken{EVIL}.jpg",
        "none": f"none{EVIL}", "list": f"list{EVIL}.csv", "cat": f"cat{EVIL}.db", "page": f"page{EVIL}.html",
        "merged": f"merged{EVIL}.jsonl", "converted": f"converted{EVIL}", "added": f"added{EVIL}.jsonl",
        "verdicts": f"verdicts{EVIL}.jsonl", "pairs": f"pairs{EVIL}.jsonl", "conf": f"conf{EVIL}.toml",
        "index": f"index{EVIL}", "none/page": f"none{EVIL}/page", "{evil}": EVIL, "--{evil}": f"--{EVIL}",
        "{hash}": safehash.hash_file(evil / f"a{EVIL}.png").hex,
    }  # fmt: skip
    for line in COMMANDS[group].strip().splitlines():
        first, *words = line.split()
        arguments = [EVIL if first == "{evil}" else first, *(names.get(word, word) for word in words)]
        terminal = Terminal(arguments, cwd=evil)
        code = terminal.finish()
        output = terminal.output
        assert code in (0, 1, 2, 3), f"{line}: {code}: {output}"
        for raw in ("\x1b]0;", "\x07", "\u202e", "\nFORGED"):
            assert raw not in output, f"{line}: {output!r}"
        assert "\x1b[31m\x1b" not in output and "\x1b[31m." not in output, f"{line}: {output!r}"


# -- ctrl-C -------------------------------------------------------------------------------------------------


def test_ctrl_c_is_quiet_at_any_moment(here: Path, tmp_path: Path) -> None:
    """Also while workers start, when some of them have not yet said what they do with signals."""
    write_pictures(tmp_path, 120)
    dice = random.Random(7)
    # From the bar on, which comes before the first worker; and once while the interpreter starts.
    for pause in (None, 0.0, 0.2, *(dice.uniform(0.3, 3) for _ in range(2))):
        terminal = Terminal(["scan", tmp_path, "--list", here / "own.csv", "--workers", "2", "--rate", "20"])
        if pause is None:
            time.sleep(0.2)
        else:
            terminal.wait_for(lambda output: "files/s" in output)
            time.sleep(pause)
        terminal.press("\x03")
        code = terminal.finish(30)
        if pause is None and code == -signal.SIGINT:  # before a command's first line: as of any program
            assert "safehash/cli" not in terminal.output, terminal.output
            continue
        assert code == 130, terminal.output
        assert "Traceback" not in terminal.output, terminal.output
        left = [line for line in shown(terminal.output) if not line.startswith(str(tmp_path))]
        rows = r"(files|match|no match|matched list|matched label|list|time|next)\b.*"
        expected = rf"safehash: interrupted|safehash summary|{rows}|\^C.*"
        assert all(re.fullmatch(expected, line.strip()) for line in left), left


def test_standard_output_is_left_alone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's own stream, which is no terminal and has no file behind it, gets the records."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, write_through=True))
    assert (
        main(["scan", str(here / "pictures"), "--list", str(here / "own.csv"), "--workers", "0", "-q"]) == 1
    )
    assert len(raw.getvalue().splitlines()) == 6


@pytest.mark.parametrize(
    ("where", "command"),
    [("safehash.cli.parser.make_parser", "hash"), ("safehash.cli.guard.refuse_overwriting", "hash"),
     ("safehash.cli.scan.console_on", "scan")],
)  # fmt: skip
def test_ctrl_c_that_a_library_swallows_is_heeded(
    where: str, command: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A module's initialisation in C drops whatever exception it meets, ctrl-C too."""
    module, name = where.rsplit(".", 1)
    wrapped = getattr(importlib.import_module(module), name)

    def swallowing(*arguments: object) -> object:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        return wrapped(*arguments)

    monkeypatch.setattr(where, swallowing)
    former = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # tests in the background have it ignored
    try:
        more = ["--list", str(here / "own.csv"), "-q"] if command == "scan" else []
        assert main([command, str(here / "pictures"), *more]) == 130
    finally:
        signal.signal(signal.SIGINT, former)
    assert capsys.readouterr().out == ""


def _imported_wrongly() -> None:
    raise ImportError("could not import module 'datetime'")


def _missing() -> None:
    try:
        _imported_wrongly()
    except ImportError as exc:
        raise safehash.SafehashError("pip install what is there already") from exc


def _full() -> None:
    raise safehash.SafehashError("what was found could not be kept")


@pytest.mark.parametrize(
    ("fails", "code", "said"),
    [(_imported_wrongly, 130, "interrupted"), (_missing, 130, "interrupted"), (_full, 2, "could not be kept")],
)  # fmt: skip
def test_an_import_that_ctrl_c_spoilt_is_an_interruption(
    fails: Callable[[], None], code: int, said: str, here: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What C drops of ctrl-C it may tell as an error of its own, which says nothing of it; ours stay what they are."""

    def spoilt(*arguments: object) -> None:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        fails()

    monkeypatch.setattr("safehash.cli.parser.make_parser", spoilt)
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["hash", str(here / "pictures")]) == code
    finally:
        signal.signal(signal.SIGINT, former)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("safehash: ")
    assert said in line


@pytest.mark.parametrize("there", [True, False])
def test_the_next_step_says_what_it_needs(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A report is an extra: who has the plain package is told so before the command that would fail."""
    from safehash.cli import show
    from safehash.scanning.records import Summary

    (picture,) = write_pictures(tmp_path / "pictures", 1)
    matcher = safehash.Matcher.from_files(write_list(tmp_path / "own.csv", picture))
    monkeypatch.setattr(show, "find_spec", lambda _: object() if there else None)
    summary = Summary(audit=matcher.audit)
    summary.outcomes["match"] = 1
    show.summary_lines(summary, catalog="scan.db")
    (line,) = (each for each in capsys.readouterr().err.splitlines() if each.startswith("next"))
    assert "safehash report scan.db -o report.html" in line
    assert ("safehash[report]" in line) is not there
