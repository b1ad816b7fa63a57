"""``safehash rematch``, ``safehash catalog`` and ``safehash report``: what a catalog tells afterwards."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import Any

from ..hashing.algorithms import USUAL_DISTANCE
from ..matching.printable import printable
from .arguments import LookPath, ReadPath, UpdatePath, WritePath, whole
from .exits import FATAL, MATCHED, OK
from .output import FORMS, Records, writing
from .scan import add_matcher_options, open_matcher
from .wording import worded

__all__ = ["add_commands"]

_CATALOG = "the file that `safehash scan --catalog` wrote"


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    rematch = subparsers.add_parser(
        "rematch",
        help="match everything scanned so far with new lists, without reading an image",
        description="Look up every hash of the catalog in the lists: as it is, turned, mirrored and as a negative. "
        "Each file that matches gives a record on standard output, and its matches are stored in the catalog.",
    )
    rematch.add_argument("catalog", type=UpdatePath, metavar="CATALOG", help=_CATALOG)
    add_matcher_options(rematch)
    rematch.add_argument(
        "-o", "--output", type=WritePath, metavar="FILE", help="write to FILE instead of standard output"
    )
    rematch.add_argument("--format", choices=FORMS, default="jsonl", help="default: jsonl")
    rematch.add_argument(
        "--full-hashes", action="store_true", help="write digests whole, not just their first 8 digits"
    )
    rematch.set_defaults(run=_rematch)

    catalog = subparsers.add_parser(
        "catalog", help="export, count, search, compare or relocate a scan's catalog"
    )
    below = catalog.add_subparsers(title="commands", metavar="COMMAND")

    export = below.add_parser("export", help="write a record for every file of the catalog, with its matches")
    export.add_argument("catalog", type=ReadPath, metavar="CATALOG", help=_CATALOG)
    export.add_argument("--format", choices=FORMS, default="jsonl", help="default: jsonl")
    export.add_argument(
        "-o", "--output", type=WritePath, metavar="FILE", help="write to FILE instead of standard output"
    )
    export.add_argument(
        "--full-hashes", action="store_true", help="write digests whole, not just their first 8 digits"
    )
    export.add_argument("--matches-only", action="store_true", help="write only files that match")
    export.set_defaults(run=_export)

    stats = below.add_parser("stats", help="count outcomes, matches and runs")
    stats.add_argument("catalog", type=ReadPath, metavar="CATALOG", help=_CATALOG)
    stats.add_argument("--json", action="store_true", help="print JSON")
    stats.add_argument("--check", action="store_true", help="first check that the catalog is not damaged")
    stats.set_defaults(run=_stats)

    similar = below.add_parser(
        "similar",
        help="list the files whose pictures look like a hash",
        description="Print the files whose stored hash is near HASH, also turned, mirrored or as a negative, "
        "nearest first.",
    )
    similar.add_argument("catalog", type=ReadPath, metavar="CATALOG", help=_CATALOG)
    similar.add_argument("hash", metavar="HASH", help="a hash, as hexadecimal digits")
    similar.add_argument(
        "-a",
        "--algorithm",
        default="pdq",
        choices=("pdq", "phash", "phash256", "md5", "sha1", "sha256"),
        help="what hash it is (default: pdq)",
    )
    similar.add_argument(
        "--max-distance",
        type=whole(0, 256),
        metavar="BITS",
        help="largest distance (default: the usual threshold of the algorithm)",
    )
    similar.add_argument(
        "--full-hashes", action="store_true", help="write digests whole, not just their first 8 digits"
    )
    similar.set_defaults(run=_similar)

    diff = below.add_parser(
        "diff",
        help="say what changed between two runs",
        description="Print what changed between the end of RUN1 and the end of RUN2. Matches may be found, lost (a "
        "look that could have seen them did not), left (their entry left its list), or cancelled or restored by "
        "reviewers. Files may be new, changed, gone or back. Run 0 is the empty catalog; `safehash catalog stats` "
        "numbers the others.",
    )
    diff.add_argument("catalog", type=ReadPath, metavar="CATALOG", help=_CATALOG)
    diff.add_argument("first", type=whole(0), metavar="RUN1", help="number of the earlier run")
    diff.add_argument("second", type=whole(1), metavar="RUN2", help="number of the later run")
    diff.add_argument("--json", action="store_true", help="print JSON Lines")
    diff.add_argument(
        "--full-hashes", action="store_true", help="write digests whole, not just their first 8 digits"
    )
    diff.set_defaults(run=_diff)

    relocate = below.add_parser(
        "relocate",
        help="tell the catalog that files have moved to another folder",
        description="Tell the catalog that the files below OLD are now below NEW, so that it knows them there. OLD "
        "is a folder as `safehash catalog stats` names it, and need not exist. If OLD is '', it stands for the paths "
        "that version 0.1 stored as they were typed.",
    )
    relocate.add_argument("catalog", type=UpdatePath, metavar="CATALOG", help=_CATALOG)
    relocate.add_argument("old", metavar="OLD", help="the folder where the files were")
    relocate.add_argument("new", type=LookPath, metavar="NEW", help="the folder where they are now")
    relocate.set_defaults(run=_relocate)

    report = subparsers.add_parser(
        "report",
        help="write the matches of a catalog as one HTML page, for review",
        description="Write totals, matches, errors and what was not looked at as one HTML page that needs no network.",
    )
    report.add_argument("catalog", type=ReadPath, metavar="CATALOG", help=_CATALOG)
    report.add_argument(
        "-o", "--output", type=WritePath, required=True, metavar="FILE", help="the page to write"
    )
    report.add_argument(
        "--thumbnails",
        action="store_true",
        help="show small grey pictures of the matches, blurred until clicked",
    )
    report.add_argument("--title", help="title of the page")
    part = report.add_argument_group("which matches")
    runs = part.add_mutually_exclusive_group()
    runs.add_argument(
        "--run",
        dest="number",
        type=whole(1),
        metavar="RUN",
        help="only matches that this run found first, or found last",
    )
    runs.add_argument("--since", type=whole(0), metavar="RUN", help="only matches found after this run")
    runs.add_argument(
        "--new", action="store_true", help="only matches found by the last scan or re-match, or later"
    )
    part.add_argument("--matched-list", dest="source", metavar="NAME", help="only matches with this list")
    part.add_argument("--label", metavar="LABEL", help="only matches with this label")
    part.add_argument(
        "--folder", type=LookPath, metavar="FOLDER", help="only matches of files in or below this folder"
    )
    record = report.add_argument_group("record of compliance")
    record.add_argument(
        "--compliance",
        action="store_true",
        help="write, instead, the record that codes of practice ask operators to keep: lists, thresholds, what was "
        "decided, measured and reviewed",
    )
    record.add_argument(
        "--evaluation",
        type=ReadPath,
        metavar="FILE",
        help="figures for that record, as written by `safehash evaluate --json`",
    )
    report.set_defaults(run=_report)


def _rematch(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog
    from ..scanning.changes import last_look
    from ..scanning.lookback import rematch, unstored
    from ..scanning.namesakes import dropped

    matcher = open_matcher(arguments)
    n_matched = 0
    with (
        Catalog(arguments.catalog, create=False) as catalog,
        Records(arguments.output, form=arguments.format) as writer,
    ):
        for record in rematch(catalog, matcher):
            writer.write(record.to_record(full_hashes=arguments.full_hashes))
            n_matched += record.decision.is_match
        missing = (*dropped(catalog._store, last_look(catalog)), *unstored(catalog, matcher.counts()))
    for note in (*matcher.notes, *missing):
        print(f"safehash: {worded(note)}", file=sys.stderr)
    print(f"safehash: {n_matched} files match", file=sys.stderr)
    return MATCHED if n_matched else OK


def _export(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog

    with Catalog(arguments.catalog, create=False) as catalog:
        found = catalog.records(full_hashes=arguments.full_hashes, only_matches=arguments.matches_only)
        with Records(arguments.output, form=arguments.format) as writer:
            for record in found:
                writer.write(record)
    return OK


def _relocate(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog

    with Catalog(arguments.catalog, create=False) as catalog:
        n_moved, n_known = catalog.relocate(arguments.old, arguments.new)
    known = f"; {n_known} of them were known there already" if n_known else ""
    print(f"safehash: {n_moved} files relocated{known}", file=sys.stderr)
    return OK


def _stats(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog

    with Catalog(arguments.catalog, create=False) as catalog:
        if arguments.check:
            catalog.check_integrity()
        facts = catalog.counts()
    if arguments.json:
        print(json.dumps(facts))
        return OK
    for name, value in facts.items():
        if isinstance(value, dict):
            print(name)
            for key, count in value.items():
                print(f"  {printable(str(key)):<40} {count}")
        elif isinstance(value, list):
            print(name)
            for each in value:
                print("  " + ", ".join(f"{key} {printable(_said(item))}" for key, item in each.items()))
        else:
            print(f"{name:<42} {value}")
    return OK


def _said(value: Any) -> str:
    """Return a value as people read it."""
    if isinstance(value, dict):
        return " ".join(f"{name} {each}" for name, each in value.items()) or "none"
    return str(value)


def _similar(arguments: argparse.Namespace) -> int:
    from ..hashing.hashes import Hash
    from ..scanning.catalog import Catalog
    from ..scanning.lookback import similar, unstored

    try:
        value = Hash.from_hex(arguments.algorithm, arguments.hash)
    except ValueError as exc:
        print(f"safehash catalog similar: {exc}", file=sys.stderr)
        return FATAL
    max_distance = arguments.max_distance
    if max_distance is None:
        max_distance = USUAL_DISTANCE.get(value.algorithm, 0)
    with Catalog(arguments.catalog, create=False) as catalog:
        found = similar(catalog, value, max_distance=max_distance)
        missing = unstored(catalog, [value.algorithm.value])
    for note in missing:
        print(f"safehash: {worded(note)}", file=sys.stderr)
    for each in found:
        record: dict[str, Any] = {"type": "similar", "path": each.path}
        if each.member is not None:
            record["member"] = each.member
        record.update(
            distance=each.distance,
            view=each.view,
            outcome=each.outcome,
            hash=each.hash.hex if arguments.full_hashes else each.hash.hex[:8],
        )
        print(json.dumps(record))
    print(f"safehash: {len(found)} files within {max_distance} bits", file=sys.stderr)
    return MATCHED if found else OK


def _report(arguments: argparse.Namespace) -> int:
    from ..reports.compliance import compliance_record
    from ..reports.matches import ReportPart
    from ..reports.report import report
    from ..scanning.catalog import Catalog
    from ..scanning.changes import last_look

    title = {} if arguments.title is None else {"title": arguments.title}
    whole = (arguments.number, arguments.since, arguments.source, arguments.label, arguments.folder)
    if arguments.compliance and (
        arguments.thumbnails or arguments.new or any(each is not None for each in whole)
    ):
        arguments.parser.error("a record of compliance is of the whole catalog, and holds no pictures")
    if arguments.evaluation and not arguments.compliance:
        arguments.parser.error("--evaluation belongs to --compliance")
    with Catalog(arguments.catalog, create=False) as catalog, writing(arguments.output):
        if arguments.compliance:
            compliance_record(catalog, arguments.output, evaluation=arguments.evaluation, **title)
            return OK
        part = ReportPart(
            run=arguments.number,
            since=last_look(catalog) - 1 if arguments.new else arguments.since,
            source=arguments.source,
            label=arguments.label,
            folder=arguments.folder,
        )
        said = report(catalog, arguments.output, thumbnails=arguments.thumbnails, part=part, **title)
    for line in said:
        print(f"safehash: {printable(line)}", file=sys.stderr)
    return OK


def _diff(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog

    if arguments.first >= arguments.second:
        arguments.parser.error(
            "RUN1 comes before RUN2: 0 is before everything, `catalog stats` names the runs"
        )
    found: Counter[str] = Counter()
    with Catalog(arguments.catalog, create=False) as catalog:
        for change in catalog.changes(after=arguments.first, to=arguments.second):
            found[change.kind] += 1
            if arguments.json:
                print(json.dumps(change.to_record(full_hashes=arguments.full_hashes)))
            else:
                print(change.line())
    said = ", ".join(f"{kind} {n}" for kind, n in sorted(found.items())) or "nothing changed"
    print(f"safehash: from run {arguments.first} to run {arguments.second}: {said}", file=sys.stderr)
    return OK
