"""What a look-up costs in stock HMA (hasher-matcher-actioner) and here, over HTTP, on the same hashes.

    python benchmarks/bench_hma.py CHECKOUT -o benchmarks/results/hma.json [--entries 1e5] [--requests 2000]

CHECKOUT is a checkout of github.com/facebook/ThreatExchange; what HMA needs is installed (as `make check-hma` does, and
gunicorn), and PostgreSQL. Its tables are filled, its index is built, and it is served as its image serves it, by
gunicorn with one worker; ours with one worker, looking hashes up as they are. One hash a request, in turn, three rounds
each, of which the first is not counted; one in ten is listed, and every answer is compared. Processor time of all
processes of each, PostgreSQL's among them, the generator's not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import psutil

from bench_serve import digests, service, snapshot_of, spent
from hma_tests import database

from common import write_result

#: Run with HMA's own environment: fills its tables as a curator would, and builds its index.
_FILL = """
import sys
from OpenMediaMatch.app import create_app
from OpenMediaMatch.background_tasks.build_index import build_all_indices
from OpenMediaMatch.persistence import get_storage
from OpenMediaMatch.storage.postgres import database
from OpenMediaMatch.storage.postgres.flask_utils import reset_tables
app = create_app()
with app.app_context():
    reset_tables()
    rows = [line.strip() for line in open(sys.argv[1])]
    bank = database.Bank(name="OWN")
    database.db.session.add(bank)
    database.db.session.flush()
    given = [{"id": k + 1, "bank_id": bank.id, "disable_until_ts": 1} for k in range(len(rows))]
    database.db.session.execute(database.BankContent.__table__.insert(), given)
    given = [{"content_id": k + 1, "signal_type": "pdq", "signal_val": row} for k, row in enumerate(rows)]
    database.db.session.execute(database.ContentSignal.__table__.insert(), given)
    database.db.session.commit()
    storage = get_storage()
    build_all_indices(storage, storage, storage)
"""


@contextmanager
def stock(checkout: Path, rows: list[str], folder: Path) -> Iterator[tuple[int, list[psutil.Process]]]:
    """Serve stock HMA with so many hashes; return its port, and its processes."""
    listed = folder / "digests.txt"
    listed.write_text("\n".join(rows), encoding="ascii")
    with database() as uri:
        parts = [str(checkout / name) for name in ("hasher-matcher-actioner/src", "python-threatexchange")]
        where = {**os.environ, "PYTHONPATH": os.pathsep.join(parts), "OMM_DATABASE_URI": uri}
        where["OMM_CONFIG"] = "tests/omm_config.py"
        fill = [sys.executable, "-c", _FILL, str(listed)]
        subprocess.run(fill, env=where, check=True, stderr=subprocess.PIPE)
        where |= {"OMM_TASK_INDEX_CACHE": "true", "OMM_INDEX_CACHE_MAX_STALE_SEC": "0"}
        port = 18473
        line = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{port}",
            "OpenMediaMatch.app:create_app()",
        ]
        process = subprocess.Popen(line, env=where, stderr=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 180
            while True:
                with suppress(OSError, http.client.HTTPException):
                    if asked(port, "/status") == (200, b"I-AM-ALIVE"):
                        break
                if time.monotonic() > end:
                    sys.exit("HMA does not come up")
                time.sleep(0.5)
            folder_of_cluster = uri.rpartition("=")[2]
            owner = next(
                each for each in psutil.process_iter(["cmdline"])
                if f"{folder_of_cluster}/data" in (each.info["cmdline"] or [])
            )  # fmt: skip
            yield port, [psutil.Process(process.pid), owner]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def asked(port: int, path: str, connection: http.client.HTTPConnection | None = None) -> tuple[int, bytes]:
    own = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    own.request("GET", path)
    answer = own.getresponse()
    said = answer.status, answer.read()
    if connection is None:
        own.close()
    return said


def _looked_up(connection: http.client.HTTPConnection, query: str) -> Any:
    return json.loads(asked(0, f"/m/lookup?signal_type=pdq&signal={query}", connection)[1])


def cost(
    n: int,
    queries: list[str],
    listed: set[str],
    ask: Callable[[str], dict[str, Any]],
    total: Callable[[], float],
) -> float:
    """Return the processor time of one look-up, in microseconds; stops at the first wrong answer."""
    before = total()
    for k in range(n):
        query = queries[k % len(queries)]
        if bool(ask(query)) != (query in listed):
            sys.exit(f"wrong for look-up {k}: {ask(query)}")
    return 1e6 * (total() - before) / n


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--entries", type=float, default=1e5)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    n, requests = int(arguments.entries), arguments.requests
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        place, known = snapshot_of(folder, n)
        rows = [row.tobytes().hex() for row in known]
        queries = [row.tobytes().hex() for row in digests(1000, 11)]
        queries[::10] = rows[:100]
        listed = set(rows[:100])
        found: dict[str, list[float]] = {"HMA": [], "safehash": []}
        with (
            stock(arguments.checkout.resolve(), rows, folder) as (port, processes),
            service(place, 1, "--effort", "fast") as (running, process),
        ):
            for _ in range(3):
                ours = running.connect()  # one that waited for the other's round would have been closed
                found["HMA"].append(cost(
                    requests, queries, listed,
                    lambda query: json.loads(asked(port, f"/m/lookup?signal_type=pdq&signal={query}")[1]),
                    lambda: sum(map(spent, processes)),
                ))  # fmt: skip
                found["safehash"].append(cost(
                    requests, queries, listed,
                    partial(_looked_up, ours),
                    lambda: spent(process),
                ))  # fmt: skip
                ours.close()
    result = {
        "entries": n,
        "requests": requests,
        "microseconds_each": {name: round(min(each[1:]), 1) for name, each in found.items()},
    }
    print(json.dumps(result, indent=1))
    if arguments.output is not None:
        write_result(arguments.output, result)


if __name__ == "__main__":
    main()
