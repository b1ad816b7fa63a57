"""The demo runs as `make demo` runs it: everything planted is found, and what it names is there to look at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import safehash

DEMO = Path(__file__).parent.parent / "demo" / "demo.py"


def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    # The commands run in the demo's folder: the package is found there as it is found here.
    found = str(Path(safehash.__file__).resolve().parent.parent)
    paths = [found, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, str(DEMO), str(folder)], capture_output=True, text=True, env=environment, check=False
    )


def test_the_demo_finds_everything_and_ends_with_a_page(tmp_path: Path) -> None:
    folder = tmp_path / "result"
    done = ran(folder)
    assert done.returncode == 0, done.stderr
    assert "36 of 36 altered copies found" in done.stdout
    assert "0 of 25 other pictures matched wrongly" in done.stdout
    named = re.search(r"^Look at it: (file://\S+)$", done.stdout, re.MULTILINE)
    assert named is not None and named[1] == (folder / "demo.html").resolve().as_uri()
    page = (folder / "demo.html").read_text(encoding="utf-8")
    assert page.count('<figure class="match">') == 36
    assert page.count("<img ") == 4 + 36 + 25
    for link in re.findall(r"href='([^']+)'", page):
        assert (folder / link).exists()
    assert len([line for line in done.stdout.splitlines() if re.match(r"  \S*safehash \w+ ", line)]) == 3


def test_the_demo_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = ran(tmp_path)
    assert done.returncode == 1 and "expected an empty folder" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
