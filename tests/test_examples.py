"""Every example in a docstring runs, and every public function and class has one.

Examples run in a folder with `photo.jpg`, `other.jpg`, a folder `photos` that holds both, `list.csv` (which lists
photo.jpg as b-1), `lists.safehash` (the same as a snapshot) and `scan.db` (the catalog of a scan of the folder); with
`safehash` and what their own module defines in scope.
"""

from __future__ import annotations

import argparse
import doctest
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import safehash
import safehash.lists
from public_names import public_values
from safehash.cli.parser import make_parser, parsers_below

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

PAGE = Path(__file__).parent.parent / "docs" / "library.md"

#: Public names that are aliases of types, or a value of somebody else's type, and so have no docstring of their own.
ALIASES = {"TX_MANIFEST", "Blob", "Decode", "Effort", "ListPath", "Parts", "ScanEvent", "Unopened", "Upload"}

MODULES = sorted(
    each.name
    for each in pkgutil.walk_packages(safehash.__path__, "safehash.")
    if not each.name.endswith("__main__")
)


def runs_of(name: str) -> Iterator[doctest.DocTest]:
    """Yield what there is to run in one module: its own text, functions, classes, methods and properties."""
    module = import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        if test.examples:
            test.globs = {**vars(module), "safehash": safehash}
            yield test


@pytest.mark.parametrize("name", [name for name in MODULES if any(runs_of(name))])
def test_examples_run(name: str, examples_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(examples_folder)
    given = set(examples_folder.rglob("*"))
    said: list[str] = []
    for test in runs_of(name):
        doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
        for made in set(examples_folder.rglob("*")) - given:  # each begins with what was given
            made.unlink()
    assert said == []


PUBLIC = dict(public_values())


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_function_and_class_has_an_example(name: str) -> None:
    value = PUBLIC[name]
    if name.rpartition(".")[2] in ALIASES:
        assert not inspect.isroutine(value) and not inspect.isclass(value)
        return
    parsed = doctest.DocTestParser().get_examples(inspect.getdoc(value) or "")
    assert parsed, f"{name} has no example in its docstring"
    assert not any(doctest.SKIP in example.options for example in parsed), (
        f"an example of {name} does not run"
    )


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of reach")
def test_the_page_for_programmers_runs(
    examples_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(examples_folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "exports").mkdir()
    shutil.copy(tmp_path / "list.csv", tmp_path / "exports" / "2026-10.csv")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
    assert len(blocks) == 4
    assert capsys.readouterr().out.splitlines() == [
        "the allowed id 'b-7' is no listed entry's",
        "list b-1 0 as it is",
        "partner b-1 0 as it is",
    ]


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of reach")
def test_functions_named_on_the_page_for_programmers_exist() -> None:
    rows = table_of_commands()
    named = {name for functions in rows.values() for name in functions}
    assert len(named) > 30
    for name in named:
        value: Any = safehash
        for part in name.split("."):
            value = getattr(value, part)
        assert inspect.isroutine(value) or inspect.isclass(value) or isinstance(value, property), name


def table_of_commands() -> dict[str, set[str]]:
    """Return by command the public names that stand beside it on the page."""
    table = PAGE.read_text(encoding="utf-8").partition("## What the commands do")[2]
    found = {}
    for commands, functions in re.findall(r"^\| (`safehash [^|]+) \| ([^|]+) \|$", table, re.MULTILINE):
        names = re.findall(r'(?<![\w.)="(])(?:[A-Za-z_]+\.)*[A-Za-z_]+', functions)
        for command in re.findall(r"`(?:safehash )?([\w ]+)`", commands):
            found[command] = {name for name in names if name.partition(".")[0] in safehash.__all__}
    return found


#: What looks at an installation, or is a process of its own.
NO_FUNCTION = {"serve", "bench", "doctor", "completion"}


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of reach")
def test_what_every_command_does_is_a_function() -> None:
    """A new command stands in the table, with what a program calls instead of it."""
    leaves = {
        parser.prog.removeprefix("safehash ")
        for parser in parsers_below(make_parser())
        if not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    }
    table = table_of_commands()
    assert set(table) == leaves - NO_FUNCTION
    assert all(table.values())


def test_the_functions_need_no_parser() -> None:
    """Nothing public loads the command line, or what parses one."""
    code = (
        "import sys, safehash, safehash.lists\n"
        "for space in (safehash, safehash.lists):\n"
        "    for name in space.__all__: getattr(space, name)\n"
        "print([name for name in sys.modules if name == 'argparse' or name.startswith('safehash.cli')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def members() -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties of every public class, those it has of a base of ours included."""
    for full, value in PUBLIC.items():
        if not inspect.isclass(value):
            continue
        for base in value.__mro__:
            if not base.__module__.startswith("safehash"):
                continue
            for name, part in vars(base).items():
                inner = part.fget if isinstance(part, property) else getattr(part, "__func__", part)
                if not name.startswith("_") and inspect.isroutine(inner):
                    yield f"{full}.{name}", inner


@pytest.mark.parametrize("name", dict(members()))
def test_every_public_method_and_property_has_an_example(name: str) -> None:
    parsed = doctest.DocTestParser().get_examples(inspect.getdoc(dict(members())[name]) or "")
    assert parsed, f"{name} has no example in its docstring"
    assert not any(doctest.SKIP in example.options for example in parsed), (
        f"an example of {name} does not run"
    )


def test_an_example_that_is_wrong_is_noticed(examples_folder: Path) -> None:
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert said
