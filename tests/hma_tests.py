"""Run the own tests of HMA (hasher-matcher-actioner) with our signal type in the place of theirs.

    python tests/hma_tests.py CHECKOUT

CHECKOUT is a checkout of github.com/facebook/ThreatExchange. A PostgreSQL cluster is made in a temporary folder,
listens on a Unix socket there and nowhere else, and is gone afterwards; their classes are replaced before their tests
are loaded, as `their_tests` does. Exits with 0 when all pass but those that `EXPLAINED` names, and these fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from their_tests import Outcomes, replace

#: Tests of theirs that cannot pass with ours, and why.
EXPLAINED: dict[str, str] = {}

#: Tests of theirs that fetch a picture from github.com: they fail where that cannot be reached.
FETCHES = tuple(
    f"tests/test_api_banks.py::test_bank_get_content_{name}"
    for name in ("returns_stored_metadata", "include_metadata_false", "without_metadata_omitted")
)

#: The name of the database and its user in their own configuration for tests.
_NAME = "media_match"


def _binary(name: str) -> str:
    """Return a program of PostgreSQL's: Debian keeps them out of the path."""
    found = shutil.which(name) or next(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), None)
    if found is None:
        sys.exit(f"{name} is not installed: apt-get install postgresql")
    return str(found)


@contextmanager
def database() -> Iterator[str]:
    """Run a cluster until the block ends; return what SQLAlchemy calls its database."""
    # A server refuses to run as root: Debian's package brings a user for it.
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="hma"))
    try:
        if user:
            shutil.chown(folder, **user)
        data = str(folder / "data")
        control = _binary("pg_ctl")

        def run(*command: str) -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)  # type: ignore[call-overload]

        run(_binary("initdb"), "--auth=trust", f"--username={_NAME}", "--no-sync", data)
        options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={folder}"
        run(control, "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            run(_binary("createdb"), "-h", str(folder), "-U", _NAME, f"{_NAME}_test")
            yield f"postgresql+psycopg2://{_NAME}@/{_NAME}_test?host={folder}"
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(checkout: Path) -> int:
    """Run them, and say how they ended."""
    root = checkout / "hasher-matcher-actioner" / "src"
    if not (root / "OpenMediaMatch").is_dir():
        sys.exit(f"{checkout}: no checkout of ThreatExchange: it has no hasher-matcher-actioner")
    sys.path[:0] = [str(root), str(checkout / "python-threatexchange")]
    replace()
    outcomes = Outcomes()
    with database() as uri:
        os.environ["OMM_DATABASE_URI"] = uri
        pytest.main(
            ["-q", "-p", "no:cacheprovider", f"--rootdir={root}", "-c", os.devnull, "--import-mode=importlib",
             str(root / "OpenMediaMatch" / "tests")],
            plugins=[outcomes],
        )  # fmt: skip
    return outcomes.judged(EXPLAINED, may_fail=FETCHES)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
