"""Measure what a list costs from file to table, in every shape that users have, beside python-threatexchange.

    python benchmarks/bench_lists.py --hashes 1000000 --repeat 3
    python benchmarks/bench_lists.py --source ../base/src --label before

Every measurement runs in a process of its own, ours and theirs in turn, and prints one JSON line: seconds of
processor time (median of the repetitions, the machine may be shared), and how much memory the process grew by
at its peak, in bytes an entry. The lists are made up from a seed; their digests have 128 ones as PDQ digests of
pictures do, so none is suspicious.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

SEED = 20_261

OURS, THEIRS = "safehash", "python-threatexchange"

_LABELS = ("graphic_self_harm", "graphic_suicide", "viral_challenge", "suicide_method")


def digests_of(n_hashes: int) -> list[str]:
    """Return digests in hexadecimal, each with exactly 128 ones."""
    rng = np.random.default_rng(SEED)
    lines: list[str] = []
    for start in range(0, n_hashes, 50_000):
        n = min(50_000, n_hashes - start)
        bits = np.zeros((n, 256), np.uint8)
        ones = rng.random((n, 256), np.float32).argsort(axis=1)[:, :128]
        np.put_along_axis(bits, ones, 1, axis=1)
        lines += [row.tobytes().hex() for row in np.packbits(bits, axis=1)]
    return lines


def _day(number: int) -> str:
    return f"2026-{1 + number % 9:02d}-{1 + number % 28:02d}"


def _moment(number: int) -> str:
    return f"{_day(number)}T{number % 24:02d}:{number // 7 % 60:02d}:{number % 60:02d}Z"


# -- the lists ---------------------------------------------------------------------------------------------


def bare(digests: Sequence[str]) -> Iterator[str]:
    """One digest a line, nothing else."""
    yield from (f"{digest}\n" for digest in digests)


def pdq_tool(digests: Sequence[str]) -> Iterator[str]:
    """``hash,quality,filename``: what the reference tool prints."""
    yield "hash,quality,filename\n"
    for number, digest in enumerate(digests):
        yield f"{digest},{50 + number % 51},img_{number:07d}.jpg\n"


def label(digests: Sequence[str]) -> Iterator[str]:
    """``hash,label`` with a header."""
    yield "hash,label\n"
    yield from label_bare(digests)


def label_bare(digests: Sequence[str]) -> Iterator[str]:
    """The same without a header."""
    for number, digest in enumerate(digests):
        yield f"{digest},{_LABELS[number % 4]}\n"


def dated(digests: Sequence[str]) -> Iterator[str]:
    """``hash,id,label,created`` with a header, a time of its own in every line."""
    yield "hash,id,label,created\n"
    for number, digest in enumerate(digests):
        yield f"{digest},{7_000_000 + number},{_LABELS[number % 4]},{_moment(number)}\n"


def opinions(digests: Sequence[str]) -> Iterator[str]:
    """``hash,category,deleted`` with a header: 2 % deletes, 1 % negative."""
    yield "hash,category,deleted\n"
    for number, digest in enumerate(digests):
        category = "negative" if number % 100 == 7 else "positive"
        yield f"{digest},{category},{'true' if number % 50 == 3 else 'false'}\n"


def quoted(digests: Sequence[str]) -> Iterator[str]:
    """Every cell quoted, as spreadsheets and databases write it."""
    yield '"id","hash","labels","note"\r\n'
    for number, digest in enumerate(digests):
        yield f'"{number}","{digest}","{_LABELS[number % 4]};reviewed","seen, kept"\r\n'


def threat_updates(digests: Sequence[str]) -> Iterator[str]:
    """A dump in which 2 % of the records are deletes and 1 % carry a second opinion."""
    yield '{"data": ['
    for number, digest in enumerate(digests):
        descriptor: dict[str, object] = {
            "id": str(9_000_000 + number),
            "owner": {"id": str(500 + number % 20), "name": "Platform A"},
            "status": "MALICIOUS",
            "tags": list(_LABELS[: 1 + number % 2]),
            "added_on": _moment(number).replace("Z", "+0000"),
        }
        if number % 100 == 7:
            descriptor["reactions"] = [{"key": "DISAGREE_WITH_TAGS", "value": "502,503"}]
        record = {
            "id": str(7_000_000 + number),
            "indicator": digest,
            "type": "HASH_PDQ",
            "last_updated": 1_763_800_000 + number,
            "should_delete": number % 50 == 3,
            "descriptors": {"data": [descriptor]},
        }
        yield (",\n" if number else "\n") + json.dumps(record)
    yield '\n], "paging": {}}'


def stopncii(digests: Sequence[str]) -> Iterator[str]:
    """A page of cases, 2 % withdrawn, half with a platform's feedback."""
    yield f'{{"count": {len(digests)}, "hasMoreRecords": false, "nextSetTimestamp": 1763800300, "hashRecords": ['
    for number, digest in enumerate(digests):
        withdrawn = number % 50 == 3
        record: dict[str, object] = {
            "lastModtimestamp": 1_763_800_000 + number,
            "hashValue": digest,
            "hashStatus": "Withdrawn" if withdrawn else "Active",
            "signalType": "ImagePDQ",
            "caseNumbers": {f"c-{number}": "Withdrawn" if withdrawn else "Active"},
        }
        if number % 2:
            feedback = {
                "source": f"Platform {number % 9}",
                "feedbackValue": "Blocked",
                "tags": ["Objectionable"],
            }
            record["CSPFeedbacks"] = [feedback]
        yield (",\n" if number else "\n") + json.dumps(record)
    yield "\n]}"


def hma(digests: Sequence[str]) -> Iterator[str]:
    """A bank export, 2 % disabled, every record with a note and a content id of its own."""
    yield "["
    for number, digest in enumerate(digests):
        record = {
            "id": number,
            "bank": f"BANK_{number % 4}",
            "disable_until_ts": 0 if number % 50 == 3 else 1,
            "original_media_uri": None,
            "note": f"ticket {number}",
            "signals": {"pdq": digest},
            "metadata": {"content_id": f"x-{number}", "json": {"ticket": number}},
        }
        yield (",\n" if number else "\n") + json.dumps(record)
    yield "\n]"


def tat(digests: Sequence[str]) -> Iterator[str]:
    """A page with a time of its own in every record, 2 % deleted."""
    yield f'{{"count": {len(digests)}, "next": null, "previous": null, "checkpoint": "1763800000,1", "results": ['
    for number, digest in enumerate(digests):
        record = {
            "id": number,
            "hash_digest": digest,
            "algorithm": "PDQ",
            "ideology": ("far-right", "islamist")[number % 2],
            "file_type": ("jpg", "png")[number % 2],
            "deleted": number % 50 == 3,
            "created_on": _moment(number),
            "updated_on": _moment(number + 1),
        }
        yield (",\n" if number else "\n") + json.dumps(record)
    yield "\n]}"


def json_lines(digests: Sequence[str]) -> Iterator[str]:
    """safehash JSON Lines as `lists add` and `lists merge` write them."""
    import hashlib

    so_far = hashlib.sha256()

    def line(record: dict[str, object]) -> str:
        text = json.dumps(record, separators=(",", ":")) + "\n"
        so_far.update(text.encode())
        return text

    yield line({"safehash": 1, "kind": "list", "name": "own"})
    for number, digest in enumerate(digests):
        record: dict[str, object] = {
            "algorithm": "pdq",
            "hash": digest,
            "quality": 50 + number % 51,
            "id": str(number),
            "source": "own",
            "created": _moment(number),
            "updated": _moment(number + 1),
            "labels": [_LABELS[number % 4]],
        }
        if number % 50 == 3:
            record["deleted"] = True
        yield line(record)
    yield line({"end": len(digests), "sha256": so_far.hexdigest()})


def ncmec(digests: Sequence[str]) -> Iterator[str]:
    """A page of images, each with MD5, SHA-1 and PDQ, 1 % with a negative vote."""
    yield '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    yield '<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">\n'
    yield f'  <images count="{len(digests)}" maxTimestamp="2026-10-24T15:10:00Z">\n'
    for number, digest in enumerate(digests):
        vote = (
            f'<feedback lastUpdateTimestamp="{_moment(number)}"><negativeFeedback type="Pdq" '
            f'lastUpdateTimestamp="{_moment(number)}"><reasons><reason guid="0" name="Not relevant" type="Pdq"/>'
            f'<members timestamp="{_moment(number)}"><member id="43">Member Two</member></members></reasons>'
            "</negativeFeedback></feedback>"
        )
        yield (
            f'    <image><member id="{number % 20}">Member</member><timestamp>{_moment(number)}</timestamp>'
            f"<id>img-{number}</id><classification>{('A1', 'A2', 'B1', 'B2')[number % 4]}</classification>"
            f"<fingerprints><md5>{digest[:32]}</md5><sha1>{digest[:40]}</sha1><pdq>{digest}</pdq></fingerprints>"
            f"{vote if number % 100 == 7 else ''}</image>\n"
        )
    yield '  </images>\n  <videos count="0"/>\n</queryResult>\n'


SHAPES: dict[str, tuple[str, Callable[[Sequence[str]], Iterator[str]]]] = {
    "bare": ("list.txt", bare),
    "hash,quality,filename": ("list.csv", pdq_tool),
    "hash,label": ("list.csv", label),
    "hash,label without header": ("list.csv", label_bare),
    "hash,id,label,created": ("list.csv", dated),
    "hash,category,deleted": ("list.csv", opinions),
    "quoted": ("list.csv", quoted),
    "ThreatExchange": ("list.json", threat_updates),
    "StopNCII": ("list.json", stopncii),
    "HMA": ("list.json", hma),
    "TAT": ("list.json", tat),
    "safehash JSON Lines": ("list.jsonl", json_lines),
    "NCMEC": ("list.xml", ncmec),
}

# -- who reads them ----------------------------------------------------------------------------------------


def ours_table(path: Path) -> int:
    """File to merged table."""
    import safehash

    return len(safehash.load_list(path))


def ours_matcher(path: Path) -> int:
    """File to a matcher that is ready to decide."""
    import safehash

    return len(safehash.Matcher.from_files(path))


def theirs_lines(path: Path) -> int:
    """First column of each line into their PDQ index, which is what their users write by hand."""
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    with path.open() as file:
        entries = [
            (line.partition(",")[0].strip(), n) for n, line in enumerate(file) if not line.startswith("h")
        ]
    return len(PDQIndex(entries))


def theirs_threat_updates(path: Path) -> int:
    """Their own record reader, page decoded whole, and their PDQ index."""
    from threatexchange.exchanges.clients.fb_threatexchange.threat_updates import ThreatUpdateJSON
    from threatexchange.exchanges.impl.fb_threatexchange_api import FBThreatExchangeIndicatorRecord
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    live = {}
    for record in json.loads(path.read_text())["data"]:
        update = ThreatUpdateJSON(record)
        live[update.indicator] = FBThreatExchangeIndicatorRecord.from_threatexchange_json(0, update)
    return len(PDQIndex([(digest, read) for digest, read in live.items() if read is not None]))


def theirs_stopncii(path: Path) -> int:
    """Their client's own decoding of a page, and their PDQ index."""
    from enum import Enum

    import dacite
    from threatexchange.exchanges.clients.stopncii.api import FetchHashesResponse, StopNCIICaseStatus
    from threatexchange.exchanges.impl.stop_ncii_api import StopNCIISignalMetadata
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    page = dacite.from_dict(
        data_class=FetchHashesResponse,
        data={"nextPageToken": None} | json.loads(path.read_text()),
        config=dacite.Config(cast=[Enum, set]),
    )
    gone = (StopNCIICaseStatus.Withdrawn, StopNCIICaseStatus.Deleted)
    live = [
        (record.hashValue, StopNCIISignalMetadata(record.CSPFeedbacks))
        for record in page.hashRecords
        if record.hashStatus not in gone
    ]
    return len(PDQIndex(live))


def theirs_tat(path: Path) -> int:
    """Their client's own decoding of a page, and their PDQ index."""
    from threatexchange.exchanges.clients.techagainstterrorism.api import TATHashListEntry
    from threatexchange.exchanges.impl.techagainstterrorism_api import _get_delta_mapping
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    found = [_get_delta_mapping(TATHashListEntry(**each)) for each in json.loads(path.read_text())["results"]]
    return len(PDQIndex([(key[1], what) for key, what in found if key[0] == "pdq" and what is not None]))


def theirs_ncmec(path: Path) -> int:
    """Their client's own decoding of a page, and their PDQ index."""
    import re
    import xml.etree.ElementTree as ElementTree

    from threatexchange.exchanges.clients.ncmec.hash_api import GetEntriesResponse, _XMLWrapper
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    text = re.sub(' xmlns="[^"]+"', "", path.read_text(), count=1)  # as their client does
    page = GetEntriesResponse.from_xml(_XMLWrapper(ElementTree.fromstring(text)), 0)
    live = [(each.fingerprints["pdq"], each) for each in page.updates if not each.deleted]
    return len(PDQIndex(live))


_THEIRS: dict[str, Callable[[Path], int]] = {
    "bare": theirs_lines,
    "hash,quality,filename": theirs_lines,
    "hash,label": theirs_lines,
    "hash,label without header": theirs_lines,
    "hash,id,label,created": theirs_lines,
    "hash,category,deleted": theirs_lines,
    "ThreatExchange": theirs_threat_updates,
    "StopNCII": theirs_stopncii,
    "TAT": theirs_tat,
    "NCMEC": theirs_ncmec,
}

_READERS: dict[str, Callable[[str], Callable[[Path], int] | None]] = {
    "table": lambda shape: ours_table,
    "matcher": lambda shape: ours_matcher,
    "peer": _THEIRS.get,
}

#: What each kind of list may cost, in seconds of processor a million records, from file to table.
AIMS = {
    **dict.fromkeys((name for name in SHAPES if name[:4] in ("bare", "hash", "quot")), 3.0),
    **dict.fromkeys(("ThreatExchange", "StopNCII", "HMA", "TAT"), 5.0),
    "safehash JSON Lines": 4.0,
    "NCMEC": 8.0,
}


def measure_here(reader: str, shape: str, path: Path) -> None:
    """Read one list in this process and print what it took."""
    read = _READERS[reader](shape)
    if read is None:
        raise SystemExit(f"{reader} does not read {shape}")
    if reader == "peer":
        pass
    else:
        import safehash

        _ = (safehash.Matcher, safehash.load_list)  # loaded at their first use
    before = peak_bytes()
    started = time.process_time()
    n_indexed = read(path)
    seconds = time.process_time() - started
    print(json.dumps({"seconds": seconds, "grown": peak_bytes() - before, "entries": n_indexed}))


def profile_of(path: Path) -> str:
    """Return where reading a list spends its own time, the most costly functions first.

    A profiler makes small functions dearer than they are: shares of it tell where to look, and are no measurement.
    """
    import cProfile
    import pstats

    import safehash

    _ = safehash.load_list  # loaded at its first use
    profile = cProfile.Profile(time.process_time)
    profile.runcall(safehash.load_list, path)
    own = {
        f"{Path(file).name}:{line} {name}": row[2]
        for (file, line, name), row in pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    }
    total = sum(own.values())
    most = sorted(own.items(), key=lambda each: -each[1])[:_SHOWN]
    return "\n".join(f"{seconds / total:6.1%}  {where}" for where, seconds in most)


#: Of a profile so many functions are printed.
_SHOWN = 16


def peak_bytes() -> int:
    """Return this process's peak memory; Linux's ru_maxrss would include the parent's at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main() -> None:
    """Make the lists, measure each in turn, print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hashes", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--shape", action="append", choices=list(SHAPES), help="only these; may be repeated")
    parser.add_argument(
        "--reader", action="append", choices=list(_READERS), help="only these; may be repeated"
    )
    parser.add_argument("--source", metavar="DIR", help="measure the safehash in this folder instead")
    parser.add_argument("--label", default="now", help="what to call that one in the results")
    parser.add_argument("-o", "--output", type=Path, help="write the lines there, too")
    parser.add_argument(
        "--profile", action="store_true", help="print what reading spends its time on instead"
    )
    parser.add_argument("--one", nargs=3, metavar=("READER", "SHAPE", "PATH"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        measure_here(args.one[0], args.one[1], Path(args.one[2]))
        return
    digests = digests_of(args.hashes)
    environment = dict(os.environ)
    if args.source:
        environment["PYTHONPATH"] = args.source
    lines: list[str] = []
    for shape in args.shape or SHAPES:
        name, make = SHAPES[shape]
        readers = [each for each in args.reader or _READERS if _READERS[each](shape) is not None]
        results: dict[str, list[dict[str, float]]] = {each: [] for each in readers}
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, name)
            with path.open("w") as file:
                file.writelines(make(digests))
            if args.profile:
                print(shape)
                print(profile_of(path))
                continue
            for turn in range(args.repeat):
                for reader in readers if turn % 2 == 0 else readers[::-1]:
                    command = [sys.executable, __file__, "--one", reader, shape, str(path)]
                    done = subprocess.run(
                        command, check=True, capture_output=True, text=True, env=environment
                    )
                    results[reader].append(json.loads(done.stdout.splitlines()[-1]))
        for reader, found in results.items():
            lines.append(json.dumps(_row(args, shape, reader, found)))
            print(lines[-1], flush=True)
    if args.output:
        args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(
    args: argparse.Namespace, shape: str, reader: str, found: list[dict[str, float]]
) -> dict[str, object]:
    seconds = [each["seconds"] for each in found]
    n_records = args.hashes * (3 if shape == "NCMEC" else 1)
    per_million = 1e6 * statistics.median(seconds) / args.hashes
    aim = AIMS[shape] if reader == "table" else None
    who = THEIRS if reader == "peer" else OURS
    return {
        "benchmark": "lists",
        "list": shape,
        "reader": reader,
        "who": who,
        "label": "peer" if reader == "peer" else args.label,
        "version": version_of(who),
        "hashes": args.hashes,
        "entries": found[0]["entries"],
        "processor_seconds": round(statistics.median(seconds), 3),
        "all_seconds": [round(each, 3) for each in seconds],
        "seconds_per_million": round(per_million, 2),
        "aim_per_million": aim,
        "bytes_per_entry": round(max(each["grown"] for each in found) / n_records),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "seed": SEED,
    }


def version_of(who: str) -> str:
    """Return the installed version of a project, "source" where it is not installed."""
    try:
        return version({THEIRS: "threatexchange"}.get(who, who))
    except PackageNotFoundError:
        return "source"


if __name__ == "__main__":
    main()
