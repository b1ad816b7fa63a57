"""Breaks what is promised, one promise at a time, in a copy of the package, and expects a test to fail for each.

Run: python tests/breaks.py [WORD ...]  (``make test-breaks``; some minutes; only breaks whose name has a WORD)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import safehash

HERE = Path(__file__).parent
PACKAGE = Path(safehash.__file__).parent


@dataclass(frozen=True)
class Break:
    """What is broken where, and which tests are to notice.

    Attributes
    ----------
    name : str
    file : str
        In the package.
    old, new : str
        The text that stands there, once or more, and what it becomes.
    tests : tuple of str
        Arguments of pytest.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


BREAKS = (
    Break("file not flushed", "files.py", "os.fsync(new.descriptor)", "pass", ("test_files.py", "-k", "power_cut")),
    Break(
        "folder not flushed", "files.py", "os.fsync(self.descriptor)", "pass", ("test_files.py", "-k", "power_cut")
    ),
    Break(
        "catalog not flushed", "scanning/store.py", "synchronous = FULL", "synchronous = OFF",
        ("scanning/test_catalog_model.py", "-k", "power or durable or synchronous or pragma or commit or settings"),
    ),
    Break(
        "tar expands without limit", "scanning/archives.py", "self._position > self._allowed", "False",
        ("scanning/test_scan.py", "-k", "tar_expands"),
    ),
    Break(
        "zip expands without limit", "scanning/archives.py", "if allowed < 0:", "if False:",
        ("scanning/test_scan.py", "-k", "bombs"),
    ),
    Break(
        "zip's directory not measured", "scanning/archives.py", "n_bytes > _MAX_ZIP_DIRECTORY", "False",
        ("scanning/test_scan.py", "-k", "directory_is_measured"),
    ),
    Break(
        "workers dump core", "scanning/confining.py", "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))", "pass",
        ("scanning/test_scan.py", "-k", "leaves_no_core"),
    ),
    Break(
        "share reached is flooded", "matching/flood.py", "n_matches > self._limits.max_share",
        "n_matches >= self._limits.max_share", ("lists/test_lists_policy.py", "-k", "share"),
    ),
    Break(
        "conversions unguarded", "images/guarding.py", "return guarded(name, following)", "return following()",
        ("images/test_hostile_bytes.py", "-k", "conversion"),
    ),
    Break(
        "a section's own checksum not compared", "matching/snapshot.py", "!= section.checksum", "is None",
        ("matching/test_forged_snapshots.py", "-k", "own_checksum"),
    ),
    Break(
        "parts not counted", "images/decoding.py", "check_parts(name, data)", "pass",
        ("images/test_counting.py", "-k", "door"),
    ),
    Break(
        "positions of file digests not checked", "matching/saving.py", "if order.size and not", "if False and not",
        ("matching/test_forged_snapshots.py", "-k", "array.order"),
    ),
)  # fmt: skip


def noticed(broken: Break) -> bool:
    """Return whether a test fails with this break; raise if it does not apply."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "safehash")
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.c"))
        path = copy / broken.file
        text = path.read_text(encoding="utf-8")
        if broken.old not in text:
            raise ValueError(
                f"{broken.name}: {broken.file} has no {broken.old!r}: bring this table up to date"
            )
        path.write_text(text.replace(broken.old, broken.new), encoding="utf-8")
        first, *rest = broken.tests
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(HERE / first), *rest],
            env={**os.environ, "PYTHONPATH": name}, cwd=HERE.parent, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 1):  # no test at all, or none that could be run
            raise ValueError(f"{broken.name}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}")
        return done.returncode == 1


def main(words: list[str]) -> int:
    """Break one after the other; say what nobody noticed."""
    unnoticed = 0
    for broken in BREAKS:
        if words and not any(word in broken.name for word in words):
            continue
        found = noticed(broken)
        unnoticed += not found
        print("noticed  " if found else "UNNOTICED", broken.name, flush=True)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
