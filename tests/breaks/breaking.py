"""What a break is, and how one is made in a copy of the tree and met by the tests that must die of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import safehash

__all__ = ["ROOT", "TIMED_OUT", "Break", "Tree", "place_of", "text_of"]

ROOT = Path(__file__).parents[2]
_PACKAGE = Path(safehash.__file__).parent
#: What pytest does not end with: its tests took longer than `_LONGEST` seconds.
TIMED_OUT = -1
_LONGEST = 1200.0
_IN_PACKAGE = "src/safehash/"
#: What is read of the project beside its package, where it is there.
_BESIDE = ("tests", "benchmarks", "docs", "demo", "fuzz", "setup.py", "pyproject.toml", "Makefile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One defect, put in on purpose.

    Attributes
    ----------
    what : str
        What is wrong then, in words.
    file : str
        From the project's root.
    before, after : str
        The text that stands in the file once, and what takes its place.
    dies : tuple of str
        Tests (pytest's node ids) of which at least one must fail.
    """

    what: str
    file: str
    before: str
    after: str
    dies: tuple[str, ...]

    @property
    def is_compiled(self) -> bool:
        """Whether the file is C or Cython: it must be built anew."""
        return self.file.endswith((".pyx", ".pxi", ".h"))


def place_of(file: str) -> Path:
    """Return where a file of the project is: the package may be installed elsewhere."""
    return _PACKAGE / file.removeprefix(_IN_PACKAGE) if file.startswith(_IN_PACKAGE) else ROOT / file


def text_of(file: str) -> str:
    """Return the text of a file of the project."""
    return place_of(file).read_text(encoding="utf-8")


class Tree:
    """A copy of the project to break.

    Parameters
    ----------
    folder : Path
        Empty, or not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        leave = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(_PACKAGE, folder / "src" / "safehash", ignore=leave)
        for name in _BESIDE:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=leave)
            elif (ROOT / name).exists():
                shutil.copy2(ROOT / name, folder / name)
        for page in ROOT.glob("*.md"):
            shutil.copy2(page, folder / page.name)

    def outcome(self, tests: Iterable[str], broken: Break | None = None) -> tuple[int, str]:
        """Return pytest's exit code for some tests with a break made, or none, and which test failed first.

        The code is 0 where all passed, 1 where some failed.
        """
        if broken is None:
            return self._run(tests)
        path = self._folder / broken.file
        text = path.read_text(encoding="utf-8")
        built = {each: each.read_bytes() for each in self._built()} if broken.is_compiled else {}
        path.write_text(text.replace(broken.before, broken.after), encoding="utf-8")
        try:
            if broken.is_compiled:
                self._build()
            return self._run(tests)
        finally:
            path.write_text(text, encoding="utf-8")
            for each, content in built.items():  # after the source: they are newer, and not built again
                each.write_bytes(content)

    def _run(self, tests: Iterable[str]) -> tuple[int, str]:
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(
                command, cwd=self._folder, env=self._environment(), capture_output=True, text=True, check=False,
                timeout=_LONGEST,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return TIMED_OUT, ""
        if done.returncode not in (0, 1):
            print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        failed = re.search(r"^FAILED (\S+)", done.stdout, re.MULTILINE)
        return done.returncode, failed[1] if failed else ""

    def _built(self) -> list[Path]:
        return [
            path
            for path in (self._folder / "src" / "safehash").iterdir()
            if path.suffix in (".so", ".pyd", ".c")
        ]

    def _build(self) -> None:
        # Only modules whose sources are newer than they are; -O1 gives the same bits in half the time.
        command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        environment = self._environment() | {"SAFEHASH_BUILD_QUICK": "1"}
        done = subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"it does not build:\n{done.stderr[-2000:]}")

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self._folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
