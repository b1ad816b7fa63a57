"""``safehash evaluate``: recall and false matches per manipulation, on the user's own images."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..files import writing_whole
from ..hashing.algorithms import USUAL_DISTANCE, USUAL_QUALITY, Algorithm
from .list_options import LIST, add_list_options, list_source
from .output import writing

__all__ = ["add_commands"]


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``evaluate`` command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure recall and false matches per manipulation, on your own images",
        description="Manipulate the pictures of a folder in about 70 ways, look the results up by hash alone, "
        "and say how many are found again, how many come near a wrong entry, and how long it takes. "
        "Nothing is written but what you ask for.",
    )
    parser.add_argument("folder", metavar="FOLDER", help="pictures to use, subfolders included")
    parser.add_argument(
        "--effort", default="fast,standard,thorough", metavar="NAMES",
        help="efforts to measure, comma-separated (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", default=str(USUAL_DISTANCE[Algorithm.PDQ]), metavar="BITS",
        help="largest distance of a match; several, comma-separated, give a curve (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--min-quality",
        type=int,
        default=USUAL_QUALITY,
        metavar="N",
        help="least PDQ quality (default: %(default)s)",
    )
    parser.add_argument(
        "--list-size", type=int, default=100_000, metavar="N",
        help="fill the list up to N entries with generated hashes (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-images", type=int, default=50, metavar="N",
        help="take N pictures, spread over the folder (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--list", action="append", metavar=LIST, dest="lists",
        help="count false matches against a list of your own too, in any format; repeatable",
    )  # fmt: skip
    parser.add_argument("--family", action="append", metavar="NAME", help="only these families; repeatable")
    parser.add_argument("--peers", action="store_true", help="compare with pdqhash, imagehash, perception")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of every choice (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="default: one a processor")
    parser.add_argument("--json", metavar="FILE", help="write the figures, '-' for standard output")
    parser.add_argument("--page", metavar="FILE", help="write a page with plots, self-contained HTML")
    add_list_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command and return its exit code: 0 done, 2 wrong usage."""
    from tqdm import tqdm

    from ..errors import ListError
    from ..evaluation.evaluate import evaluate
    from ..evaluation.manipulations import FAMILIES
    from ..matching.settings import EFFORTS

    efforts = tuple(effort for effort in EFFORTS if effort in args.effort.split(","))
    unknown = set(args.effort.split(",")) - set(EFFORTS)
    wanted = args.family or list(FAMILIES)
    unknown |= set(wanted) - set(FAMILIES)
    if unknown:
        return _usage(f"no such effort or family: {', '.join(sorted(unknown))}")
    try:
        thresholds = [int(value) for value in args.threshold.split(",")]
    except ValueError:
        return _usage(f"--threshold takes numbers of bits, not {args.threshold!r}")
    if not all(0 <= value <= 128 for value in thresholds):
        return _usage("a threshold is 0 to 128 bits")
    if not Path(args.folder).is_dir():
        return _usage(f"{args.folder}: no such folder")
    with tqdm(desc="evaluate", unit="upload", file=sys.stderr, disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        try:
            measured = evaluate(
                args.folder,
                efforts=efforts,
                families=wanted,
                thresholds=thresholds,
                min_quality=args.min_quality,
                list_size=args.list_size,
                max_images=args.max_images,
                own_lists=[list_source(text, args) for text in args.lists or ()],
                peers=args.peers,
                seed=args.seed,
                threads=args.threads,
                progress=progress,
            )
        except (ValueError, ListError) as exc:
            return _usage(str(exc))
    if args.json == "-":
        print(json.dumps(measured.to_record(), indent=1))
    else:
        print(measured.as_table())
        if args.json:
            _write(args.json, json.dumps(measured.to_record(), indent=1) + "\n")
    if args.page:
        _write(args.page, measured.as_page())
    return 0


def _usage(message: str) -> int:
    print(f"safehash evaluate: {message}", file=sys.stderr)
    return 2


def _write(path: str, text: str) -> None:
    with writing(path), writing_whole(path, text=True) as file:
        file.write(text)
