"""Commands on a disk that is really full: a small tmpfs, mounted where nobody else sees it.

Run inside `unshare --mount`: python full_disk.py DISK COMMANDS, where COMMANDS is JSON, a list of [bytes to leave
free or None, arguments]. Prints JSON, for each command: exit code, standard error, the names on the disk afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from stores import run

DISK_BYTES = 2 << 20


def main() -> None:
    disk = Path(sys.argv[1])
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", disk], check=True)
    ballast = disk / "ballast"
    said = []
    for free, arguments in json.loads(sys.argv[2]):
        ballast.unlink(missing_ok=True)
        if free is not None:
            ballast.write_bytes(bytes(shutil.disk_usage(disk).free - free))
        done = run(*arguments)
        names = sorted(name for name in os.listdir(disk) if name != "ballast")  # noqa: PTH208
        said.append([done.returncode, done.stderr.decode(), names])
    print(json.dumps(said))


if __name__ == "__main__":
    main()
