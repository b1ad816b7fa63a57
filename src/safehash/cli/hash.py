"""``safehash hash``: print the hashes of image files."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from ..errors import ImageError
from ..images.limits import DEFAULT_LIMITS
from ..matching.printable import printable
from .arguments import ReadPath
from .exits import OK, UNDECIDED

if TYPE_CHECKING:
    from ..hashing.compute import Fingerprint

_ALGORITHMS = ("pdq", "phash", "phash256", "md5", "sha1", "sha256")


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "hash",
        help="print the hashes of image files",
        description="Print one line for each hash of each file: algorithm, hash, quality and file name, separated "
        "by tabs.",
    )
    parser.add_argument(
        "files", nargs="+", type=ReadPath, metavar="FILE", help="an image file, or - for standard input"
    )
    parser.add_argument(
        "-a", "--algorithm", action="append", choices=_ALGORITHMS, metavar="NAME",
        help=f"one of {', '.join(_ALGORITHMS)}; may be repeated (default: pdq)",
    )  # fmt: skip
    parser.add_argument(
        "--full", action="store_true", help="decode every pixel in colour, as the reference tools do"
    )
    parser.add_argument(
        "--orientations",
        action="store_true",
        help="also print the PDQ of the picture turned and mirrored, in all eight ways",
    )
    parser.add_argument("--json", action="store_true", help="print JSON Lines")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hash each file; a file that cannot be hashed is said on standard error and makes the exit code 3."""
    from ..hashing.compute import fingerprint_bytes, fingerprint_file

    settings: dict[str, Any] = {
        "algorithms": tuple(arguments.algorithm or ("pdq",)),
        "orientations": arguments.orientations,
        "decode": "full" if arguments.full else "fast",
    }
    for name in arguments.files:
        name.expect_there()
    code = OK
    for name in arguments.files:
        try:
            if name.path is None:
                found = fingerprint_bytes(sys.stdin.buffer.read(DEFAULT_LIMITS.max_bytes + 1), **settings)
            else:
                found = fingerprint_file(name, **settings)
        except (ImageError, OSError) as exc:
            print(f"safehash: {printable(f'{name}: {exc}')}", file=sys.stderr)
            code = UNDECIDED
            continue
        if arguments.json:
            print(json.dumps(_record(name, found), ensure_ascii=True))
        else:
            _print_lines(name, found)
    return code


def _record(name: str, found: Fingerprint) -> dict[str, Any]:
    record: dict[str, Any] = {"type": "hash", "path": name}
    record.update({value.algorithm.value: value.hex for value in found.hashes})
    record["quality"] = next((value.quality for value in found.hashes if value.quality is not None), None)
    if found.turned:
        record["orientations"] = [value.hex for value in found.turned]
    record["decode"] = found.provenance.to_record()
    return record


def _print_lines(name: str, found: Fingerprint) -> None:
    from ..hashing.hashes import ORIENTATIONS

    shown = printable(name)
    for value in found.hashes:
        quality = "" if value.quality is None else str(value.quality)
        print(value.algorithm.value, value.hex, quality, shown, sep="\t")
    for orientation, value in zip(ORIENTATIONS, found.turned, strict=False):
        print(f"{value.algorithm.value} {orientation}", value.hex, value.quality, shown, sep="\t")
