"""A state that is asked a line answers with one; one that has ended says so."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import json, os, sys
assert sys.argv[1:] == ["--serve", "told"]
for line in sys.stdin:
    if line == "end\\n":
        sys.exit(3)
    print(json.dumps([line, os.environ["PYTHONPATH"]]), flush=True)
"""


@pytest.fixture
def loaded() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("loaded")
    sys.path.remove(str(ROOT / "benchmarks"))


def test_lines_are_asked_and_answered(loaded: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    state = loaded.Loaded(str(tmp_path / "script.py"), tmp_path / "src", "told")
    assert state.ask("one") == ["one\n", str(tmp_path / "src")]
    assert state.ask("two")[0] == "two\n"
    with pytest.raises(RuntimeError, match="exit code 3"):
        state.ask("end")
    state.close()


def test_one_is_ended(loaded: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    state = loaded.Loaded(str(tmp_path / "script.py"), tmp_path / "src", "told")
    state.ask("one")
    state.close()
    assert state._process.returncode == 0
