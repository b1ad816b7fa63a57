"""What a service costs beside the check itself, how many look-ups it answers, and whether its memory grows.

    python benchmarks/bench_serve.py --picture PHOTO.jpg -o benchmarks/results/serve.json [--entries 1e6] [--hashes 1e7]
    python benchmarks/bench_serve.py --picture PHOTO.jpg --soak MINUTES [--workers 2] [--clients 3] [--pause SECONDS]
        [-o benchmarks/results/soak.json]

Snapshots are made anew each time (ten million entries take minutes), or kept in and taken from ``--snapshots FOLDER``.

Closed loop on loopback: so many connections, each asking again as soon as it is answered. Costs are processor time of
the service's processes (front and workers), the generator's own left out, so that a busy machine changes them little;
the check it is held against is timed in processes of its own, before, between and after, on the same picture and
snapshot. Soak: uploads, look-ups and reloads all the while; every answer is compared, and the memory of all processes
is told each minute. On a machine that others work on: one client, one worker, and a pause between requests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import safehash
from services import Running

from common import write_result

#: Connections that ask for one hash at a time: enough that the service never waits for one of them.
CONNECTIONS = 16
#: Rounds, of which the best counts.
ROUNDS = 3
#: Services that are started one after the other for uploads.
SERVICES = 3
#: How long an answer's body is.
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)")
#: How the line of the metrics begins that counts reloads.
RELOADS = "safehash_reloads_total "


def digests(n: int, seed: int) -> Any:
    """Return random digests of as many ones as zeros, as PDQ has them."""
    rng = np.random.default_rng(seed)
    found = np.empty((n, 32), np.uint8)
    for first in range(0, n, 100_000):
        part = found[first : first + 100_000]
        part[:] = np.packbits(np.argsort(rng.random((len(part), 256), np.float32), axis=1) < 128, axis=1)
    return found


def snapshot_of(folder: Path, n: int) -> tuple[Path, Any]:
    """Write a snapshot of n entries, or take the one that is there; return it, and their digests in order."""
    place = folder / f"{n}.safehash"
    if place.exists():
        known = safehash.Matcher.open(place)._state.table.digests(safehash.Algorithm.PDQ)[1]
        if len(known) != n or (known[:100] != digests(100, 7)).any():
            raise SystemExit(f"{place}: another snapshot than this one makes")
        return place, known
    known = digests(n, 7)
    lines = folder / f"list-{n}.csv"
    with lines.open("w") as file:
        file.write("pdq,id\n")
        for first in range(0, n, 100_000):
            part = known[first : first + 100_000]
            file.writelines(f"{row.tobytes().hex()},{first + k}\n" for k, row in enumerate(part))
    safehash.Matcher.from_files(lines).save(place)
    lines.unlink()
    return place, known


def spent(process: psutil.Process) -> float:
    """Return the processor time of a service and all below it, in seconds."""
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


def memory(process: psutil.Process) -> int:
    """Return the private memory of a service and all below it, in bytes."""
    n_bytes = 0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a worker of the lists before, which has just ended
            n_bytes += each.memory_full_info().uss
    return n_bytes


def spent_in_front(process: psutil.Process) -> float:
    """Return the processor time of the process that speaks HTTP, in seconds."""
    return float(sum(process.cpu_times()[:2]))


@contextmanager
def service(place: Path, workers: int, *more: str) -> Iterator[tuple[Running, psutil.Process]]:
    with Running("--index", place, "--workers", str(workers), *more) as running:
        yield running, psutil.Process(running.process.pid)


def loop(
    running: Running, n_connections: int, n_each: int, ask: Callable[[http.client.HTTPConnection, int], None]
) -> list[float]:
    """Have connections ask in a closed loop; return the seconds of each answer."""
    taken: list[float] = []

    def work(number: int) -> None:
        connection = running.connect()
        for k in range(n_each):
            started = time.perf_counter()
            ask(connection, number * n_each + k)
            taken.append(time.perf_counter() - started)
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(n_connections)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return taken


def _whole_answer(connection: socket.socket) -> bytes:
    """Read one answer, head and body."""
    answer = b""
    while True:
        part = connection.recv(1 << 16)
        if not part:
            raise SystemExit("a connection ended before its answer")
        answer += part
        head, end, body = answer.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if end and length is not None and len(body) >= int(length[1]):
            return answer


def rushed(
    running: Running, n_connections: int, requests: list[bytes], n: int, judge: Callable[[bytes, int], None]
) -> None:
    """Have connections ask in a closed loop, in turn, from one thread: threads with a library cost more than we do."""
    ready = selectors.DefaultSelector()
    numbers = iter(range(n))
    left = n
    for _, number in zip(range(n_connections), numbers, strict=False):
        end = socket.create_connection(("127.0.0.1", running.port))
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.sendall(requests[number % len(requests)])
        ready.register(end, selectors.EVENT_READ, number)
    while left:
        for key, _ in ready.select():
            asking = key.fileobj
            if not isinstance(asking, socket.socket):
                raise TypeError(f"{asking!r} is no connection")
            judge(_whole_answer(asking), key.data)
            left -= 1
            following = next(numbers, None)
            if following is None:
                ready.unregister(asking)
                asking.close()
            else:
                ready.modify(asking, selectors.EVENT_READ, following)
                asking.sendall(requests[following % len(requests)])
    ready.close()


def paced(
    running: Running, rate: float, n: int, ask: Callable[[http.client.HTTPConnection, int], None]
) -> list[float]:
    """Ask at a rate, whatever is answered; return the seconds from when each was due to its answer."""
    taken: list[float] = []
    begin = time.perf_counter() + 0.1
    places = iter(range(n))
    lock = threading.Lock()

    def work() -> None:
        connection = running.connect()
        while True:
            with lock:
                k = next(places, None)
            if k is None:
                break
            due = begin + k / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            ask(connection, k)
            taken.append(time.perf_counter() - due)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return taken


def percentiles(seconds: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(seconds, n=100)
    return {name: round(1e3 * cut[at - 1], 2) for name, at in (("p50", 50), ("p95", 95), ("p99", 99))}


def uploading(data: bytes) -> Callable[[http.client.HTTPConnection, int], None]:
    def ask(connection: http.client.HTTPConnection, number: int) -> None:
        connection.request("POST", "/v1/check", data)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or b'"outcome":"no_match"' not in body:
            raise SystemExit(f"wrong: {answer.status} {body[:200]!r}")

    return ask


def alone_cost(place: Path, data: bytes) -> float:
    """Return the processor time of one check in a process of its own, in seconds.

    A fresh one each time: how its memory happens to lie makes a tenth. Services are started several times likewise.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_check_cost, place, data, 50).result()


def _check_cost(place: Path, data: bytes, n: int) -> float:
    matcher = safehash.Matcher.open(place)
    matcher.check(data)
    rounds = []
    for _ in range(3):
        started = time.process_time()
        for _ in range(n):
            matcher.check(data)
        rounds.append((time.process_time() - started) / n)
    return min(rounds)


def uploads(folder: Path, picture: Path, n_entries: int, n: int, workers: int) -> dict[str, Any]:
    place, _ = snapshot_of(folder, n_entries)
    data = picture.read_bytes()
    head = b"POST /v1/check HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    asked = [head % len(data) + data]

    def judge(answer: bytes, number: int) -> None:
        if not answer.startswith(b"HTTP/1.1 200 ") or b'"outcome":"no_match"' not in answer:
            raise SystemExit(f"wrong: {answer[:200]!r}")

    alone, rounds, rate = [alone_cost(place, data)], [], 0.0
    loads: dict[str, dict[str, float]] = {}
    for _ in range(SERVICES):
        with service(place, workers) as (running, process):
            rushed(running, 2 * workers, asked, 40 * workers, judge)
            for _ in range(ROUNDS):
                before, front, started = spent(process), spent_in_front(process), time.perf_counter()
                rushed(running, 2 * workers, asked, n, judge)
                rate = max(rate, n / (time.perf_counter() - started))
                rounds.append(((spent(process) - before) / n, (spent_in_front(process) - front) / n))
                alone.append(alone_cost(place, data))
            if not loads:
                loads = {
                    f"{round(100 * part)} %": percentiles(
                        paced(running, part * rate, n // 2, uploading(data))
                    )
                    for part in (0.5, 0.8)
                }
    cost, front = min(rounds)
    return {
        "entries": n_entries,
        "picture_bytes": len(data),
        "workers": workers,
        "requests": n,
        "check_milliseconds": round(1e3 * min(alone), 3),
        "request_milliseconds": round(1e3 * cost, 3),
        "front_milliseconds": round(1e3 * front, 3),
        "share_of_the_check": round(min(alone) / cost, 3),
        "requests_per_second": round(rate, 1),
        "latency_milliseconds": loads,
    }


def lookups(folder: Path, n_entries: int, n: int) -> dict[str, Any]:
    """Return what a look-up costs: of one hash a request, and of a thousand; as it is, and turned and negative, too."""
    place, known = snapshot_of(folder, n_entries)
    wanted = digests(n, 11)
    wanted[::10] = known[:: max(1, n_entries // len(wanted[::10]))][: len(wanted[::10])]
    queries = [row.tobytes().hex() for row in wanted]
    del known

    asked = [
        f"GET /m/lookup?signal_type=pdq&signal={each} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        for each in queries
    ]

    def judge(answer: bytes, number: int) -> None:
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 ") or (number % n % 10 == 0) != (body != b"{}"):
            raise SystemExit(f"wrong: {answer[:200]!r} for {number}")

    many = json.dumps({"hashes": [f"pdq:{each}" for each in queries[:1000]]}).encode()

    def ask_many(connection: http.client.HTTPConnection, number: int) -> None:
        connection.request("POST", "/v1/check/batch", many, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200 or answer.read().count(b'"outcome":"match"') != 100:
            raise SystemExit("wrong")

    found: dict[str, Any] = {}
    for how, effort in (("as it is", "fast"), ("turned, too", "standard")):
        with service(place, 1, "--effort", effort) as (running, process):
            rushed(running, CONNECTIONS, asked, n, judge)
            for name, do, n_done in (
                ("one", lambda running: rushed(running, CONNECTIONS, asked, n, judge), n),
                ("a thousand", lambda running: loop(running, 4, 5, ask_many), 20_000),
            ):
                rounds = []
                for _ in range(ROUNDS):
                    before, started = spent(process), time.perf_counter()
                    do(running)
                    rounds.append((spent(process) - before, time.perf_counter() - started))
                found[f"{name}, {how}"] = {
                    "microseconds_each": round(1e6 * min(each for each, _ in rounds) / n_done, 1),
                    "per_second": round(n_done / min(seconds for _, seconds in rounds)),
                }
    return {"entries": n_entries, "hashes_in_one_request": found}


def soak(
    folder: Path, picture: Path, minutes: float, *, workers: int, clients: int, pause: float
) -> dict[str, Any]:
    """Uploads, look-ups and reloads until the time is over; tells memory, and stops at the first wrong answer.

    `clients` send uploads, one more asks for a hash; each of them waits for `pause` seconds between two requests.
    """
    place, known = snapshot_of(folder, 100_000)
    data = picture.read_bytes()
    matcher = safehash.Matcher.open(place)
    more = ("--reload-every", "1", "--state", str(folder / "state.db"))
    with service(place, workers, *more) as (running, process):
        upload = uploading(data)
        digits = known[5].tobytes().hex()
        over = threading.Event()
        counts = [0, 0]

        ended: list[int] = []  # whoever came to the end without a wrong answer

        def work(kind: int) -> None:
            connection = running.connect()
            while not over.is_set():
                if kind == 0:
                    upload(connection, 0)
                else:
                    connection.request("GET", f"/m/lookup?signal_type=pdq&signal={digits}")
                    if json.loads(connection.getresponse().read())["list-100000"][0]["bank_content_id"] != 5:
                        raise SystemExit("wrong")
                    time.sleep(0.001)
                counts[kind] += 1
                time.sleep(pause)
            connection.close()
            ended.append(kind)

        kinds = (*(0 for _ in range(clients)), 1)
        threads = [threading.Thread(target=work, args=(kind,), daemon=True) for kind in kinds]
        for each in threads:
            each.start()
        told: list[dict[str, float]] = []
        begin = time.monotonic()
        while time.monotonic() - begin < 60 * minutes:
            for _ in range(6):
                time.sleep(min(10, 10 * minutes))
                matcher.save(place)  # another file takes its place
            if not all(each.is_alive() for each in threads):
                sys.exit("an answer was wrong, or none came")
            said = running.get("/metrics").body.decode()
            (reloads,) = (float(line.split()[1]) for line in said.splitlines() if line.startswith(RELOADS))
            told.append(
                {
                    "minute": round((time.monotonic() - begin) / 60, 1), "private_mebibytes": memory(process) >> 20,
                    "uploads": counts[0], "lookups": counts[1], "reloads": int(reloads),
                }
            )  # fmt: skip
            print(json.dumps(told[-1]), flush=True)
        over.set()
        for each in threads:
            each.join()
        if len(ended) < len(threads):
            sys.exit("an answer was wrong, or none came")
        wrong = [line for line in running.log if line.startswith("{") and json.loads(line)["status"] != 200]
        if any(json.loads(line)["route"] != "/readyz" for line in wrong):
            sys.exit(f"not answered: {wrong[:3]}")
    return {
        "minutes": minutes, "workers": workers, "clients": clients, "pause_seconds": pause,
        "wrong": 0, "errors": 0, "by_minute": told,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--picture", type=Path, required=True, help="a JPEG of 1.6 megapixels that is on no list"
    )
    parser.add_argument("--entries", type=float, default=1e6)
    parser.add_argument(
        "--hashes", type=float, default=1e7, help="hashes of the list looked up in; 0: uploads alone"
    )
    parser.add_argument("--requests", type=int, default=1000, help="uploads; 0: look-ups alone")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--clients", type=int, default=3, help="of a soak, that upload")
    parser.add_argument(
        "--pause", type=float, default=0.0, metavar="SECONDS", help="of a soak, between two requests"
    )
    parser.add_argument("--snapshots", type=Path, metavar="FOLDER", help="where snapshots are kept")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.soak:
            found = soak(
                Path(folder), arguments.picture, arguments.soak, workers=arguments.workers,
                clients=arguments.clients, pause=arguments.pause,
            )  # fmt: skip
            if arguments.output is not None:
                write_result(arguments.output, found)
            return
        places, found = arguments.snapshots or Path(folder), {}
        if arguments.requests:
            found["uploads"] = uploads(
                places, arguments.picture, int(arguments.entries), arguments.requests, arguments.workers
            )
            print(json.dumps(found["uploads"], indent=1), flush=True)
        if arguments.hashes:
            found["lookups"] = lookups(places, int(arguments.hashes), 8000)
            print(json.dumps(found["lookups"], indent=1), flush=True)
    if arguments.output is not None:
        write_result(arguments.output, found, joins=True)


if __name__ == "__main__":
    main()
