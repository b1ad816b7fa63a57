"""README and docs say what the code does: their Python runs, their commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import safehash
from safehash.cli import make_parser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [body for found, body in fenced if found == language]


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
    (code,) = blocks(ROOT / "README.md", "python")
    names: dict[str, Any] = {"data": bridge.read_bytes()}
    exec(compile(code, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "graphic_self_harm" in printed
    assert "review" in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_parse(page: Path) -> None:
    for block in blocks(page, ""):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if not words or words[0] != "safehash":
                continue
            words = words[1 : next((k for k, w in enumerate(words) if w in (">", "|", "2>")), len(words))]
            try:
                make_parser().parse_args(words)
            except SystemExit as exc:
                assert exc.code == 0, f"{page.name}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("made", ["make_tables", "make_plots"])
def test_figures_come_from_the_results(made: str) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / f"{made}.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, f"run: python benchmarks/{made}.py"


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


def test_the_docs_tables_come_from_the_code() -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_tables.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0, "run: python docs/make_tables.py"


def test_tests_named_in_the_docs_exist() -> None:
    text = (ROOT / "docs" / "hashes.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    for name in set(re.findall(r"`(test_\w+)`", text)):
        assert f"def {name}(" in sources, name
