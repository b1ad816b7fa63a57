"""What every benchmark's command line promises: what it reads of its arguments is there to be given."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("benchmarks", "tests", "tests/breaks", "fuzz", "docs", "demo")
    for path in (ROOT / folder).glob("*.py")
    if not path.name.startswith("test_") and ".parse_args(" in path.read_text(encoding="utf-8")
)


@pytest.fixture(autouse=True)
def reachable() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))


def options_of(tree: ast.Module) -> set[str]:
    """Return what a parser's arguments are called."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        given = {each.arg: each.value for each in node.keywords}
        if node.func.attr in ("add_argument", "add_subparsers") and isinstance(
            given.get("dest"), ast.Constant
        ):
            found.add(str(ast.literal_eval(given["dest"])))
        elif node.func.attr == "add_argument":
            names = [each.value for each in node.args if isinstance(each, ast.Constant)]
            long = [name for name in names if str(name).startswith("--")] or names
            found |= {str(name).lstrip("-").replace("-", "_") for name in long}
        elif node.func.attr == "set_defaults":
            found |= {name for name in given if name}
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_script_reads_of_its_arguments_can_be_given(path: Path) -> None:
    """A name that no option has is an error only once the measuring is done, or begun."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    read = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("args", "arguments")
    }
    assert read <= options_of(tree)


#: Results that no target of the Makefile makes: what does.
ELSEWHERE = {
    "first-steps.json": "make demo in a clean clone, timed: README",
    "platforms.json": "the runs of .github/workflows on other machines",
    "pixels.json": "tests/browser/pixels_figures.py: a browser is wanted",
    "fuzz.json": "make fuzz-long, its result copied",
    "views-verdicts.tsv": "a person",
}


def test_every_result_is_made_by_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    made = set(re.findall(r"benchmarks/results/([\w.-]+)", makefile))
    of_machines = {
        "hash": "bench_hash.py --results",
        "index": "bench_index.py --sizes",
        "jpeg": "bench_jpeg.py",
    }
    results = sorted((ROOT / "benchmarks" / "results").iterdir())
    assert len(results) > 20
    for path in results:
        if path.name in made | ELSEWHERE.keys() or path.suffix == ".svg":
            continue
        command = of_machines.get(path.name.partition("-")[0])
        assert command is not None and command in makefile, f"no target of the Makefile makes {path.name}"


def test_parts_that_are_not_measured_keep_what_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench_hash = importlib.import_module("bench_hash")
    ours = {"ms": 2.0, "times_ours": 1.0, "quartiles": [1.0, 1.0]}
    for part, value in (
        ("arrays", {"new": {"safehash pdq": ours}}),
        ("threads", {"one over two threads": 1.5}),
    ):
        monkeypatch.setattr(bench_hash, part, lambda *_, value=value: value)
    monkeypatch.setattr(bench_hash, "photographs", lambda _: [])
    path = tmp_path / "hash.json"
    kept: dict[str, Any] = {"files": {"old": {"safehash pdq": ours, "rival": {**ours, "times_ours": 0.5}}}}
    path.write_text(json.dumps({"result": {**kept, "arrays": {}}}))
    monkeypatch.setattr(
        sys, "argv", ["bench_hash.py", "--part", "arrays", "--part", "threads", "-o", str(path)]
    )
    bench_hash.main()
    result = json.loads(path.read_text())["result"]
    assert result["files"] == kept["files"] and list(result["arrays"]) == ["new"]
    assert result["losses"] == [{"what": "old", "peer": "rival", "times_ours": 0.5}]
    assert result["aims"] == [
        {"what": "two threads, times one", "wanted": ">= 1.8", "measured": 1.5, "met": False}
    ]


def test_everything_is_measured_anew_or_says_what_it_lacks() -> None:
    """A row whose pictures are not there would keep its old figure, and nobody would know."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"(?m)^EVERYTHING = (.*)$", makefile)
    asked = set(re.findall(r'-z "\$\((\w+)\)"', makefile)) - {"UNSEEN"}
    assert asked <= set(wanted.split())
    (recipe,) = re.findall(r"(?ms)^everything:\n(.*?)\n\n", makefile)
    named = set(re.findall(r"[\w-]+", recipe)) | {
        "bench-unseen",
        "bench-views",
        "bench-drift",
        "bench-gates",
        "bench-guards",
    }
    assert (
        set(re.findall(r"(?m)^(bench[\w-]*|soak|evidence|check-efforts|breaks|figures|fuzz-long):", makefile))
        <= named
    )
    assert "bench UNSEEN=1" in recipe
    make = shutil.which("make")
    if make is None:
        pytest.skip("there is no make here")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    given = [f"{name}=there" for name in wanted.split() if name != "PHONE"]
    done = subprocess.run(
        [make, "--no-print-directory", "everything", *given],
        cwd=ROOT, env=ours, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("make everything wants PHONE= too")
