"""``safehash evaluate``: recall and false matches per manipulation, on the user's own images."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..evaluation.manipulations import FAMILIES, MANIPULATIONS
from ..evaluation.options import DEFAULT_OPTIONS, EvaluationOptions
from ..files import writing_whole
from ..matching.printable import printable
from ..matching.settings import EFFORTS
from .arguments import ListText, LookPath, WritePath, WriteStreamPath, several, whole
from .exits import FATAL, OK
from .list_options import LIST, add_list_options, list_source
from .output import writing
from .progress import Progress
from .show import console_on
from .wording import worded

__all__ = ["add_commands"]


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``evaluate`` command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure on your own images which altered copies are found, and how many matches are false",
        description=f"Manipulate the pictures of a folder in {len(MANIPULATIONS)} ways, look the results up by hash "
        "alone, and say how many are found again, how many come near a wrong entry, and how long it takes. "
        "Nothing is written but what you ask for.",
    )
    parser.add_argument(
        "folder", type=LookPath, metavar="FOLDER", help="folder of pictures to use, with its subfolders"
    )
    parser.add_argument(
        "--effort", type=several(EFFORTS), default=",".join(DEFAULT_OPTIONS.efforts), metavar="NAMES",
        help="efforts to measure, separated by commas (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", type=several(whole(0, 128)), metavar="BITS",
        default=",".join(map(str, DEFAULT_OPTIONS.thresholds)),
        help="largest distance of a match. Several, separated by commas, give a curve; the tables then show the usual "
        "threshold if it is among them, else the largest (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--min-quality",
        type=whole(0, 100),
        default=DEFAULT_OPTIONS.min_quality,
        metavar="N",
        help="lowest PDQ quality (default: %(default)s)",
    )
    parser.add_argument(
        "--list-size", type=whole(0, 100_000_000), default=DEFAULT_OPTIONS.list_size, metavar="N",
        help="fill the list up to N entries with generated hashes (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-images", type=whole(2, 1_000_000), default=DEFAULT_OPTIONS.max_images, metavar="N",
        help="take N pictures, spread over the folder (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--min-images", type=whole(2, 1_000_000), default=20, metavar="N",
        help="give no figures if fewer than N pictures are usable (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--list", action="append", type=ListText, metavar=LIST, dest="lists",
        help="also count false matches with this list of yours, in any format; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--family", action="append", choices=FAMILIES, metavar="NAME",
        help=f"only these families: {', '.join(FAMILIES)}; repeatable",
    )  # fmt: skip
    parser.add_argument("--peers", action="store_true", help="also measure pdqhash, imagehash and perception")
    parser.add_argument(
        "--seed",
        type=whole(0),
        default=DEFAULT_OPTIONS.seed,
        metavar="N",
        help="seed of the random choices (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=whole(1, 1024),
        metavar="N",
        help="number of threads (default: one for each processor)",
    )
    parser.add_argument(
        "--json",
        type=WriteStreamPath,
        metavar="FILE",
        help="write the figures as JSON, - for standard output",
    )
    parser.add_argument(
        "--page", type=WritePath, metavar="FILE", help="write the figures as one HTML page with plots"
    )
    add_list_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code: 0 done, 2 wrong usage."""
    from ..errors import ListError
    from ..evaluation.evaluate import evaluate

    efforts = tuple(effort for effort in EFFORTS if effort in args.effort)
    if not Path(args.folder).is_dir():
        return _usage(f"{args.folder}: no such folder")
    with Progress("uploads", console=console_on(sys.stderr)) as progress:
        try:
            measured = evaluate(
                args.folder,
                options=EvaluationOptions(
                    efforts=efforts,
                    families=args.family or FAMILIES,
                    thresholds=args.threshold,
                    min_quality=args.min_quality,
                    list_size=args.list_size,
                    max_images=args.max_images,
                    min_images=args.min_images,
                    peers=args.peers,
                    seed=args.seed,
                ),
                own_lists=[list_source(text, args) for text in args.lists or ()],
                threads=args.threads,
                progress=lambda done, total: progress.step(done, total=total),
            )
        except (ValueError, ListError) as exc:
            return _usage(str(exc))
    if args.json == "-":
        print(json.dumps(measured.to_record(), indent=1))
    else:
        print("\n".join(map(printable, measured.as_table().split("\n"))))
        if args.json:
            _write(args.json, json.dumps(measured.to_record(), indent=1) + "\n")
    if args.page:
        _write(args.page, measured.as_page())
    return OK


def _usage(message: str) -> int:
    print(f"safehash evaluate: {worded(message)}", file=sys.stderr)
    return FATAL


def _write(path: str, text: str) -> None:
    with writing(path), writing_whole(path, text=True) as file:
        file.write(text)
