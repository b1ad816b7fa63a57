"""Scan the test files of Pillow's source distribution: odd, corrupt, hostile. Every one must get an outcome.

Not collected by default, as it needs the distribution: ``make check-pillow``, or
``python tests/pillow_sources.py pillow-X.tar.gz``.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from stores import records_in, run


def main(archive: str) -> int:
    """Scan the files unpacked and in place, and compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "list.csv").write_text("pdq,id\n" + "f0" * 32 + ",nothing\n")
        with tarfile.open(archive) as opened:
            inside = [info for info in opened if info.isfile() and "/Tests/images/" in info.name]
            opened.extractall(folder, members=inside, filter="data")
        ends: list[Counter[str]] = []
        for what in (folder, Path(archive)):
            done = run(
                "scan",
                what,
                "--list",
                folder / "list.csv",
                "--skipped",
                "--no-archives" if what == folder else "-q",
            )
            sys.stderr.buffer.write(done.stderr)
            assert done.returncode in (0, 3), done.returncode
            *records, _ = records_in(done.stdout)
            assert all("failure" not in record for record in records), "a worker did not survive"
            ends.append(
                Counter(
                    record.get("outcome", "skipped")
                    for record in records
                    if "/Tests/images/" in record.get("member", record["path"])
                )
            )
        print(f"{len(inside)} files: {dict(ends[0])}")
        assert ends[0].total() == len(inside), (ends[0].total(), len(inside))
        assert ends[0] == ends[1], f"in place: {dict(ends[1])}"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
