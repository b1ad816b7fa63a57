"""Copy what tests need into a new folder, from which the sources cannot be reached: python .ci/outside.py FOLDER

Python, as Windows has no bash that everybody finds.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FOLDERS = (".ci", ".github", "tests", "docs", "benchmarks", "demo", "deploy", "fuzz")
FILES = ("mkdocs.yml", "CITATION.cff", "pyproject.toml", "Makefile", "*.md")

#: What running them leaves behind.
LEFT = shutil.ignore_patterns("__pycache__")


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=LEFT)
    for pattern in FILES:
        for path in ROOT.glob(pattern):
            shutil.copy2(path, target / path.name)


if __name__ == "__main__":
    main()
