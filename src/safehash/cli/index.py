"""``safehash index`` and ``safehash match``: build and inspect a snapshot file, look hashes up in it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import shortened
from ..matching.printable import printable
from .arguments import ListText, ReadPath, WriteSnapshotPath
from .exits import FATAL, MATCHED, OK
from .list_options import LIST, add_allow, add_list_options, add_trusted, list_source, trusted_keys
from .secrets import mind
from .wording import so_many_entries, worded

if TYPE_CHECKING:
    from ..hashing.hashes import Hash
    from ..matching.decision import Decision
    from ..matching.snapshot import Snapshot

_ALGORITHMS = ("pdq", "phash", "phash256", "md5", "sha1", "sha256")
#: What a hash of so many digits is taken for unless it says otherwise.
_BY_DIGITS = {16: "phash", 32: "md5", 40: "sha1", 64: "pdq"}


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    index = subparsers.add_parser(
        "index", help="build or inspect a snapshot: lists packed for many processes"
    )
    commands = index.add_subparsers(title="commands", metavar="COMMAND", required=True)

    build = commands.add_parser(
        "build",
        help="pack lists into one file, ready to be searched",
        description="Read lists and write them as one file, which any number of processes can open in milliseconds.",
    )
    build.add_argument(
        "lists", nargs="+", type=ListText, metavar=LIST, help="a hash list, or a folder of pages"
    )
    build.add_argument(
        "-o",
        "--output",
        type=WriteSnapshotPath,
        required=True,
        metavar="FILE",
        help="the snapshot to write; an existing one is replaced whole",
    )
    add_allow(build)
    build.add_argument(
        "--sign",
        type=ReadPath,
        metavar="KEY",
        help="sign the snapshot with this private key (Ed25519, PEM), for `--trusted`",
    )
    add_list_options(build)
    build.set_defaults(run=run_build)

    info = commands.add_parser(
        "info",
        help="say what a snapshot holds",
        description="Say what a snapshot holds. Exits with 2 if the file is damaged, not a snapshot, or of a newer "
        "version.",
    )
    info.add_argument(
        "file", type=ReadPath, metavar="FILE", help="a snapshot that `safehash index build` wrote"
    )
    info.add_argument("--verify", action="store_true", help="compare every byte with its checksum")
    add_trusted(info)
    info.add_argument("--json", action="store_true", help="print one JSON object")
    info.set_defaults(run=run_info)

    match = subparsers.add_parser(
        "match",
        help="look hashes up in a snapshot",
        description="Look hashes up: as they are, turned, mirrored and as negatives. Prints one line for each match: "
        "hash, distance, list, id, category, labels and view, separated by tabs. Exits with 1 if something matched.",
    )
    match.add_argument(
        "hashes",
        nargs="+",
        metavar="HASH",
        help="a hash as hexadecimal digits, or as ALGORITHM:digits; or - to read such lines from standard input",
    )
    match.add_argument(
        "--index",
        type=ReadPath,
        required=True,
        metavar="FILE",
        help="a snapshot that `safehash index build` wrote",
    )
    match.add_argument(
        "-a",
        "--algorithm",
        choices=_ALGORITHMS,
        metavar="NAME",
        help=f"one of {', '.join(_ALGORITHMS)} (default: by its length; 64 digits are pdq)",
    )
    add_trusted(match)
    match.add_argument(
        "--full-hashes",
        action="store_true",
        help="print hashes whole, also where an entry's id is one",
    )
    match.add_argument("--json", action="store_true", help="print JSON Lines, one for each decision")
    match.set_defaults(run=run_match)


def run_build(arguments: argparse.Namespace) -> int:
    """Write the snapshot and say what went into it on standard error."""
    from ..matching.matcher import Matcher
    from ..matching.signing import read_private_key

    key = None
    if arguments.sign is not None:
        key = read_private_key(arguments.sign)
        mind(arguments.sign)
    matcher = Matcher.from_files(
        *(list_source(text, arguments) for text in arguments.lists),
        allow=[list_source(text, arguments) for text in arguments.allow],
        replacing=arguments.output,
    )
    matcher.save(arguments.output, key=key)
    for note in matcher.notes:
        print(f"safehash: {worded(note)}", file=sys.stderr)
    for each in matcher.lists:
        print(f"safehash: {printable(each.name)}: {so_many_entries(each.n_entries)}", file=sys.stderr)
    print(f"safehash: wrote {printable(arguments.output)}", file=sys.stderr)
    return OK


def run_info(arguments: argparse.Namespace) -> int:
    """Print the facts; damage is an error of its own (exit code 2)."""
    from ..matching.snapshot import open_snapshot

    snapshot = open_snapshot(
        arguments.file, verify="full" if arguments.verify else "lazy", trusted=trusted_keys(arguments)
    )
    record = _info(snapshot, verified=arguments.verify)
    if arguments.json:
        print(json.dumps(record))
        return OK
    print(
        f"{printable(record['path'])}: {record['n_bytes']} bytes, written {printable(record['created'])}, ",
        end="",
    )
    print("every checksum fits" if arguments.verify else "not verified (--verify reads it all)")
    if record["signed_by"] is not None:
        print(f"key   {record['signed_by']}: its signature ", end="")
        print("fits, and it is trusted" if arguments.trusted else "was not looked at (--trusted KEY does)")
    for each in record["lists"]:
        print(f"list  {printable(each['name'])}: {so_many_entries(each['n_entries'])}, ", end="")
        print(f"loaded {printable(each['loaded'])}, SHA-256 {printable(each['snapshot'])}")
    for name, count in record["entries"].items():
        print(f"rows  {name}: {count}")
    for each in record["indexes"]:
        print(
            f"index {each['algorithm']}: {each['n_digests']} digests ({each['n_disabled']} disabled), ",
            end="",
        )
        print(f"built for {each['max_distance']} bits, slots of {each['widths']}")
    for each in record["sections"]:
        shape = " x ".join(map(str, each["shape"]))
        print(
            f"part  {printable(each['name'])}: {each['dtype']} {shape}, {each['n_bytes']} bytes, {each['checksum']}"
        )
    return OK


def _info(snapshot: Snapshot, *, verified: bool) -> dict[str, Any]:
    from ..search.arrays import widths_of

    return {
        "type": "index",
        "path": snapshot.path,
        "n_bytes": snapshot.state[2],
        "created": snapshot.created,
        "verified": verified,
        "signed_by": None if snapshot.signed_by is None else snapshot.signed_by.hex(),
        "lists": [
            {
                "name": each.name,
                "snapshot": each.snapshot,
                "loaded": each.loaded,
                "n_entries": each.n_entries,
            }
            for each in snapshot.lists
        ],
        "entries": snapshot.table.counts(),
        "indexes": [
            {
                "algorithm": algorithm.value,
                "n_digests": len(index),
                "n_disabled": int(index.disabled_rows().size),
                "max_distance": index.max_distance,
                "widths": list(widths_of(index)),
            }
            for algorithm, index in snapshot.indexes.items()
        ],
        "sections": [
            {
                "name": each.name,
                "dtype": each.dtype,
                "shape": list(each.shape),
                "n_bytes": each.n_bytes,
                "checksum": each.checksum,
            }
            for each in snapshot.sections
        ],
    }


def run_match(arguments: argparse.Namespace) -> int:
    """Look every hash up; one that cannot be read ends the command before anything is printed."""
    from ..matching.matcher import Matcher
    from ..matching.settings import Settings

    values: list[Hash] = []
    for text in _texts(arguments.hashes):
        try:
            values.append(_parsed(text, arguments.algorithm))
        except ValueError as exc:
            print(f"safehash: {printable(text[:80])}: {worded(str(exc))}", file=sys.stderr)
            return FATAL
    settings = Settings(trusted=trusted_keys(arguments))
    decisions = Matcher.open(arguments.index, settings=settings).check_hashes(values)
    for value, decision in zip(values, decisions, strict=True):
        if arguments.json:
            print(json.dumps(decision.to_record(full_hashes=arguments.full_hashes)))
        else:
            _print_matches(value, decision, full_hashes=arguments.full_hashes)
    return MATCHED if any(decision.outcome.value == "match" for decision in decisions) else OK


#: Characters of a line of standard input that are taken at once: no hash is as long, and what comes of more is none.
_MAX_LINE = 1 << 12


def _texts(arguments: Iterable[str]) -> Iterator[str]:
    for text in arguments:
        if text != "-":
            yield text
            continue
        while line := sys.stdin.readline(_MAX_LINE):
            if line.strip():
                yield line.strip()


def _parsed(text: str, algorithm: str | None) -> Hash:
    from ..hashing.hashes import Hash

    name, colon, digits = text.rpartition(":")
    if colon:
        if name not in _ALGORITHMS:
            raise ValueError(f"{name!r} is none of {', '.join(_ALGORITHMS)}")
        return Hash.from_hex(name, digits)
    if algorithm is None:
        algorithm = _BY_DIGITS.get(len(digits.strip()))
        if algorithm is None:
            raise ValueError(f"{len(digits)} digits are no hash known here")
    return Hash.from_hex(algorithm, digits)


def _print_matches(value: Hash, decision: Decision, *, full_hashes: bool) -> None:
    for match in decision.matches:
        entry = match.entry
        fields = (
            value.hex if full_hashes else value.hex[:8],
            str(match.distance),
            entry.source,
            entry.id or "",
            entry.category,
            ",".join(entry.labels),
            match.view
            if match.suppressed_by is None
            else f"{match.view} (suppressed: {match.suppressed_by})",
        )
        # A list's text is not ours: no control character of it may reach the terminal or break the line.
        line = "\t".join(map(printable, fields))
        print(line if full_hashes else shortened(line))  # an id may be a digest, too
