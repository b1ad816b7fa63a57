"""Messages of every command: a digest that was typed, or is a file's name, is not repeated whole."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_command_lines import CALM, LEAVES, RIGHT, kept, run_line

from safehash.cli.messages import shortening_messages

__all__ = ["kept"]

DIGEST = "5af0" * 16
#: What may be typed with a digest in it: as it is, in a file's name or a folder's, with its algorithm, before a list.
FORMS = (
    DIGEST,
    f"{DIGEST}.jpg",
    f"pictures/{DIGEST}/a.csv",
    f"pdq:{DIGEST}",
    f"{DIGEST}=own.csv",
    DIGEST.upper(),
)
#: More digits of it than a message may show.
TOO_MUCH = re.compile(f"{DIGEST[:9]}|{DIGEST[1:10]}|{DIGEST[2:11]}|{DIGEST[3:12]}", re.IGNORECASE)


def lines_of(name: str) -> list[list[str]]:
    """Return lines of one command, in each of which one word is, or holds, a digest."""
    command, words, calm = name.split(), RIGHT[name].split(), CALM.get(name, [])
    lines = []
    for place, word in enumerate(words):
        if not word.startswith("-"):
            lines += [[*command, *words[:place], form, *words[place + 1 :], *calm] for form in FORMS]
    options = [
        action.option_strings[-1]
        for action in LEAVES[name]._actions
        if action.option_strings and not isinstance(action, argparse._HelpAction) and action.dest != "watch"
    ]
    for number, option in enumerate(options):
        form = FORMS[number % len(FORMS)]
        lines.append([*command, *words, *calm, option, form])
        lines.append([*command, *words, *calm, f"{option}={FORMS[(number + 1) % len(FORMS)]}"])
    lines += [[*command, *words, f"--{DIGEST}"], [*command, *words, *calm, DIGEST], [*command, f"-{DIGEST}"]]
    lines += [
        [*command, *words[:-1], DIGEST, *calm, "--debug"],
        [*command, *words, *calm, f"--config={DIGEST}"],
    ]
    return lines


@pytest.mark.parametrize("name", LEAVES)
def test_a_digest_that_was_typed_is_not_repeated(
    name: str, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    n_said = 0
    for line in lines_of(name):
        run_line(line, monkeypatch)
        said = capsys.readouterr()
        assert TOO_MUCH.search(said.err) is None, f"{line}: {said.err}"
        n_said += "5af05af0..." in said.err.lower()
    assert n_said, "no message names any of them: nothing was tried"


@pytest.mark.parametrize(
    "line", [f"{DIGEST}", f"lists {DIGEST}", f"--{DIGEST}", f"scan --{DIGEST}", "index 5af0"]
)
def test_of_a_command_there_is_none_of(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        assert run_line(line.split(), patch) == 2
    said = capsys.readouterr().err
    assert TOO_MUCH.search(said) is None
    assert "5af0" in said


def test_of_a_real_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "safehash", "hash", f"{DIGEST}.jpg"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "safehash: 5af05af0....jpg: no such file\n"


def test_results_keep_the_names_of_files(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is found is data: a store may name its files by their digests."""
    shutil.copy(kept / "pictures" / "picture00001.png", tmp_path / f"{DIGEST}.png")
    monkeypatch.chdir(tmp_path)
    listed = str(kept / "own.csv")
    assert run_line(["scan", f"{DIGEST}.png", "--list", listed, "--workers", "0"], monkeypatch) == 1
    said = capsys.readouterr()
    assert f'"path": "{DIGEST}.png"' in said.out and TOO_MUCH.search(said.err) is None
    assert (
        run_line(
            ["scan", f"{DIGEST}.png", "--list", listed, "--workers", "0", "--format", "text"], monkeypatch
        )
        == 1
    )
    assert capsys.readouterr().out.startswith(f"{DIGEST}.png: MATCH")


def test_an_id_that_is_a_digest_is_shown_by_match_where_whole_hashes_are(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    digest = "0123456789abcdef" * 4
    (tmp_path / "own.csv").write_text(f"pdq,id\n{digest},{DIGEST}\n")
    assert run_line(["index", "build", "own.csv", "-o", "lists.safehash"], monkeypatch) == 0
    capsys.readouterr()
    assert run_line(["match", "--index", "lists.safehash", digest], monkeypatch) == 1
    assert capsys.readouterr().out.split("\t")[:4] == ["01234567", "0", "own", "5af05af0..."]
    assert run_line(["match", "--index", "lists.safehash", digest, "--full-hashes"], monkeypatch) == 1
    assert capsys.readouterr().out.split("\t")[:4] == [digest, "0", "own", DIGEST]


# -- the stream -----------------------------------------------------------------------------------------------


def test_standard_error_is_in_all_else_as_it_was() -> None:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        with shortening_messages():
            ours = sys.stderr
            assert ours is not said and ours.isatty() is False and ours.encoding is said.encoding
            assert ours.write(DIGEST) == len(DIGEST)
            ours.writelines([f"a {DIGEST} b\n", "words\n"])
            print(DIGEST, "and", DIGEST, file=sys.stderr, flush=True)
        assert sys.stderr is said
        with pytest.raises(ZeroDivisionError), shortening_messages():
            raise ZeroDivisionError
        assert sys.stderr is said
    short = "5af05af0..."
    assert said.getvalue() == f"{short}a {short} b\nwords\n{short} and {short}\n"


def test_a_standard_error_that_is_closed_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with shortening_messages():
        assert sys.stderr is None
    assert sys.stderr is None
