"""Write pictures to practise on: four photographs to put on a list, and altered copies of them among others.

Run: python demo/practice.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from demo import ALTERED, LISTED, photographs, plant


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python demo/practice.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    source = photographs()
    n_planted, n_others = plant(source, folder / "uploads")
    (folder / "listed").mkdir()
    for name in LISTED:
        (folder / "listed" / name).write_bytes((source / name).read_bytes())
    print(f"{folder / 'listed'}: {len(LISTED)} photographs")
    print(
        f"{folder / 'uploads'}: {n_planted} copies of them in {len(ALTERED)} alterations, {n_others} other pictures"
    )


if __name__ == "__main__":
    main()
