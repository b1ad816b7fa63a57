"""README and docs say what the code does: what stands in a block runs, or says why it does not."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import safehash
import safehash.lists
from public_names import public_values
from safehash.cli.parser import make_parser
from terminal import Terminal, shown

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("[A-Z]*.md")), *sorted(DOCS.rglob("*.md"))]
#: Where a link within the docs leads.
LINK = r"\]\((?!https?:)([^)#]+)"

#: What a block may be, and what becomes of it: commands of the last three are parsed, of the tutorial run.
LANGUAGES = {"python", "json", "toml", "yaml", "ini", "text", "sh", "console", ""}

#: Pages whose Python is run by a test of its own: with other files, and what it prints is checked.
ELSEWHERE = {"README.md", "library.md"}


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, what stands in it, and why it is not run, if it is not."""

    language: str
    body: str
    not_run: str | None


def blocks(page: Path) -> list[Block]:
    found = re.findall(
        r"^(?:<!-- not run: ([^\n]+) -->\n\n?)?```([^\n]*)\n(.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return [Block(language, body, why or None) for why, language, body in found]


def python_of(page: Path) -> list[str]:
    return [each.body for each in blocks(page) if each.language == "python" and each.not_run is None]


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_is_of_a_kind_that_is_held_to_something(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(blocks(page)), "a fence that this test does not understand"
    for each in blocks(page):
        assert each.language in LANGUAGES, each.language
        if each.language == "json" and each.not_run is None:
            for line in each.body.splitlines():
                json.loads(line)
        if each.language == "sh":
            assert each.not_run is not None, "say why it is not run, or write console with '$ '"


def test_the_readmes_python_runs(
    bridge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = f"hash,labels\n{safehash.hash_file(bridge).hex},graphic_self_harm\n"
    Path("thrive.json").write_text(row)
    Path("own.csv").write_text(row)
    Path("false_positives.csv").write_text(
        "hash\n1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b\n"
    )
    (code,) = python_of(ROOT / "README.md")
    names: dict[str, Any] = {"data": bridge.read_bytes()}
    exec(compile(code, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "graphic_self_harm" in printed
    assert "review" in printed


@pytest.mark.parametrize(
    "page", [page for page in PAGES if python_of(page) and page.name not in ELSEWHERE], ids=named
)
def test_the_python_of_a_page_runs(
    page: Path, examples_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(examples_folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {
        "safehash": safehash,
        "matcher": safehash.Matcher.from_files("list.csv"),
        "data": Path("photo.jpg").read_bytes(),
    }
    for code in python_of(page):
        exec(compile(code, page.name, "exec"), names)


def test_commands_and_links_are_seen_in_the_docs() -> None:
    """What the two tests below look at is there: a page may have none, all of them together have many."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    shells = [each for page in PAGES for each in blocks(page) if each.language in ("console", "sh")]
    assert sum("safehash " in each.body for each in shells) > 15
    assert sum(len(re.findall(LINK, text)) for text in texts) > 50


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_in_the_docs_parse(page: Path) -> None:
    for each in blocks(page):
        if each.language not in ("", "console", "sh"):
            continue
        for line in each.body.replace("\\\n", " ").splitlines():
            if each.language == "console" and not line.startswith("$ "):
                continue  # what the command says
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if not words or words[0] != "safehash":
                continue
            words = words[1 : next((k for k, w in enumerate(words) if w in (">", "|", "2>")), len(words))]
            try:
                make_parser().parse_args(words)
            except SystemExit as exc:
                assert exc.code == 0, f"{page.name}: {line}"


def test_no_help_shows_what_formatting_made_of_it() -> None:
    """A lone % in a help text is a format of its own: "20 % and" printed the option's insides."""
    told = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert "--windows" in told and "20 % and more" in told
    assert "object at 0x" not in told and "option\\_strings" not in told


def same(line: str) -> str:
    """Return a line without what differs from run to run: spaces, and the digest of a list with a time in it."""
    return " ".join(re.sub(r"snapshot [0-9a-f]{8}", "snapshot ...", line).split())


def test_the_tutorial_is_what_happens(tmp_path: Path) -> None:
    """Each command of the tutorial, in order, at a terminal; every line it is said to print is printed."""
    shutil.copytree(ROOT / "demo", tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    n_commands = 0
    for each in blocks(DOCS / "tutorial.md"):
        if each.language != "console" or each.not_run is not None:
            continue
        for part in re.split(r"^\$ ", each.body, flags=re.MULTILINE)[1:]:
            command, *expected = part.splitlines()
            program, *arguments = shlex.split(command)
            n_commands += 1
            if program == "safehash":
                terminal = Terminal(arguments, cwd=tmp_path)
                code, printed = terminal.finish(), shown(terminal.output)
            else:
                assert program == "python", command
                done = subprocess.run(
                    [sys.executable, *arguments],
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                    check=False,
                    env={**os.environ, "PYTHONPATH": str(Path(safehash.__file__).parent.parent)},
                )
                code, printed = done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()]
            assert code in (0, 1), (command, printed)
            said = [same(line) for line in printed]
            for line in expected:
                assert same(line) in said, (command, line, printed)
    assert n_commands == 13
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(LINK, text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_is_in_the_sites_table() -> None:
    table = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert sorted(re.findall(r": (\S+\.md)$", table, re.MULTILINE)) == sorted(
        page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
    )


def test_every_public_name_is_on_one_page_of_the_reference() -> None:
    told = [
        name
        for page in sorted((DOCS / "api").glob("*.md"))
        for name in re.findall(r"^::: safehash\.(\S+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    public = [name.removeprefix("safehash.") for name, _ in public_values()]
    assert sorted(told) == sorted(public)


def test_the_notebook_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    cells = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "outputs are not committed"
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
    capsys.readouterr()
    # What its words say of the efforts.
    found = names["found"]
    assert found["fast", "mirrored"] == 0 and found["standard", "mirrored"] == 4
    assert found["standard", "cropped"] == 0 and found["thorough", "cropped"] == 4


@pytest.mark.parametrize(
    "made", ["benchmarks/make_tables.py", "benchmarks/make_plots.py", "docs/make_tables.py"]
)
def test_tables_and_plots_come_from_the_results_and_the_code(made: str) -> None:
    command = [sys.executable, str(ROOT / made), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, f"run: python {made}"


def test_no_figure_of_a_result_stands_outside_its_section() -> None:
    """README and the benchmarks' page have no table of times or shares that somebody typed."""
    for page in (ROOT / "README.md", ROOT / "docs" / "benchmarks.md"):
        text = re.sub(
            r"<!-- results: .*?<!-- /results -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        assert not re.findall(r"^\|.*\d (?:ms|µs)\b.*$", text, re.MULTILINE), page.name
        assert "wanted" not in page.read_text(encoding="utf-8")


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert len(text.split()) <= 900


def test_every_dependency_has_its_purpose_told() -> None:
    """docs/install.md has a row for each of them, made from pyproject.toml."""
    made = runpy.run_path(str(DOCS / "requirements_of.py"))
    assert list(made["PURPOSES"]) == made["names_in_pyproject"]()


def test_tests_named_in_the_docs_exist() -> None:
    text = (ROOT / "docs" / "hashes.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    names = set(re.findall(r"`(test_\w+)`", text))
    assert len(names) > 3
    for name in names:
        assert f"def {name}(" in sources, name
