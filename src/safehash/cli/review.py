"""``safehash review``: what reviewers said of matches, brought into a catalog, counted, and handed on."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from ..errors import CatalogError
from ..matching.printable import printable
from .arguments import ReadPath, UpdatePath, WriteListPath, WritePath, words
from .exits import OK
from .guard import expect_replaceable
from .output import writing

__all__ = ["add_commands"]

#: Of verdicts that found no match so many are named.
_MOST_NAMED = 5

#: What `review export` writes, and what that is for.
_KINDS = {
    "pairs": "wrong matches, for the option --allow-pairs of scans and services that do not use this catalog",
    "list": "confirmed entries as a safehash list with your opinion, for `safehash lists merge`",
    "threatexchange": "reactions to confirmed ThreatExchange descriptors, as JSON Lines",
    "ncmec": "votes on confirmed NCMEC entries, as JSON Lines",
}


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""
    review = subparsers.add_parser(
        "review",
        help="store, count and export reviewers' verdicts",
        description="Reviewers give verdicts (right, wrong or unsure) on a report's page, which saves them as a "
        "file. Once "
        'applied to the catalog, the verdict "wrong" suppresses that list entry for pictures like the reviewed '
        "one, and nothing else.",
    )
    below = review.add_subparsers(title="commands", metavar="COMMAND")

    apply = below.add_parser(
        "apply",
        help="store the verdicts that a report's page saved",
        description="Store verdicts in a catalog. Later scans and re-matches with this catalog heed them. Where "
        "reviewers contradict each other, nothing is suppressed.",
    )
    apply.add_argument(
        "verdicts", nargs="+", type=ReadPath, metavar="VERDICTS", help="files that report pages saved"
    )
    apply.add_argument(
        "catalog", type=UpdatePath, metavar="CATALOG", help="the file that `safehash scan --catalog` wrote"
    )
    apply.add_argument(
        "--reviewer", type=words, metavar="NAME", help="whose verdicts these are, where a file does not say"
    )
    apply.set_defaults(run=_apply)

    stats = below.add_parser("stats", help="say how far reviewers agree with each list and label")
    stats.add_argument(
        "catalog", type=ReadPath, metavar="CATALOG", help="the file that `safehash scan --catalog` wrote"
    )
    stats.add_argument("--json", action="store_true", help="print JSON")
    stats.set_defaults(run=_stats)

    export = below.add_parser(
        "export",
        help="write the verdicts for other machines or for exchanges",
        description="Write one of these. "
        + "; ".join(f"{name}: {said}" for name, said in _KINDS.items())
        + ".",
    )
    export.add_argument(
        "catalog", type=ReadPath, metavar="CATALOG", help="the file that `safehash scan --catalog` wrote"
    )
    export.add_argument("--to", choices=list(_KINDS), required=True, help="what to write")
    export.add_argument(
        "--owner", type=words, metavar="NAME", help="whose opinion it is; needed by --to list"
    )
    export.add_argument(
        "-o", "--output", type=WriteListPath, required=True, metavar="FILE", help="the file to write"
    )
    export.set_defaults(run=_export)


def _apply(arguments: argparse.Namespace) -> int:
    from ..scanning.agreement import rejected_lists
    from ..scanning.catalog import Catalog
    from ..scanning.reviews import apply_verdicts
    from ..scanning.verdicts import read_verdicts

    verdicts = [
        verdict for path in arguments.verdicts for verdict in read_verdicts(path, reviewer=arguments.reviewer)
    ]
    with Catalog(arguments.catalog, create=False) as catalog:
        applied = apply_verdicts(catalog, verdicts)
        rejected = rejected_lists(catalog)
    if verdicts and len(applied.unknown) == len(verdicts):
        raise CatalogError(
            f"{arguments.catalog}: it has none of the matches that the verdicts are about: another catalog's?"
        )
    known = f", {applied.n_known} were known" if applied.n_known else ""
    said = [
        f"{applied.n_new} verdicts stored{known}",
        f"matches suppressed from now on: {applied.n_cancelled}"
        + (f", that count again: {applied.n_restored}" if applied.n_restored else ""),
    ]
    if applied.n_conflicts:
        said.append(f"not suppressed, as reviewers contradict each other on them: {applied.n_conflicts}")
    if applied.n_idle:
        said.append(
            f"suppress nothing yet: {applied.n_idle}, of pictures too flat for their hash to tell them from others, "
            "whose bytes are not known. Scan them with that list, and apply this file again"
        )
    if applied.unknown:
        named = ", ".join(sorted({each.match[:8] for each in applied.unknown})[:_MOST_NAMED])
        said.append(
            f"{len(applied.unknown)} verdicts are about matches that the catalog no longer has, and were left: {named}"
        )
    if applied.exact:
        n = len(applied.exact)
        named = ", ".join(
            f"{source} #{entry}" if entry is not None else source
            for source, entry in applied.exact[:_MOST_NAMED]
        ) + ("" if n <= _MOST_NAMED else f" and {n - _MOST_NAMED} more")
        said.append(
            f"look again: pictures with the very hash of {n} {'entry' if n == 1 else 'entries'} were found wrong "
            f"({named}). Copies of the listed picture itself are suppressed from now on, for everybody who uses this "
            "catalog. To take that back, say unsure (key 3) of it in a new report, by the same name, and apply that"
        )
    said += [f"most matches with the list {name} were found wrong: look into that list" for name in rejected]
    for line in said:
        print(f"safehash: {printable(line)}", file=sys.stderr)
    return OK


def _stats(arguments: argparse.Namespace) -> int:
    from ..scanning.catalog import Catalog

    with Catalog(arguments.catalog, create=False) as catalog:
        found = catalog.agreement()
    if arguments.json:
        print(
            json.dumps(
                {
                    part: {name: each.to_record() for name, each in rows.items()}
                    for part, rows in found.items()
                }
            )
        )
        return OK
    if not any(found.values()):
        print(
            "no verdicts yet: `safehash report` makes the page to give them on, `safehash review apply` brings "
            "them in"
        )
        return OK
    for part, rows in found.items():
        print(part)
        for name, each in rows.items():
            said = (
                f"right {each.right}, wrong {each.wrong}, unsure {each.unsure}, contradicted {each.conflict}"
            )
            warned = (
                "  most were found wrong: look into that list" if part == "lists" and each.is_rejected else ""
            )
            print(f"  {printable(name):<40} {said}{warned}")
    return OK


def _export(arguments: argparse.Namespace) -> int:
    from ..lists.formats.jsonl import write_list
    from ..matching.pairs import write_pairs
    from ..scanning.catalog import Catalog
    from ..scanning.reviews import pairs_of

    if arguments.to == "list" and arguments.owner is None:
        arguments.parser.error("--to list needs --owner NAME: whose opinion it is")
    if arguments.to != "list":
        expect_replaceable(WritePath(arguments.output))
    with Catalog(arguments.catalog, create=False) as catalog, writing(arguments.output):
        if arguments.to == "pairs":
            pairs = pairs_of(catalog)
            write_pairs(arguments.output, pairs)
            n = len(pairs)
        elif arguments.to == "list":
            n = write_list(arguments.output, catalog.confirmed(owner=arguments.owner), name=arguments.owner)
        else:
            rows = list(_votes(catalog, arguments.to))
            n = len(rows)
            from ..files import writing_whole

            with writing_whole(arguments.output, text=True) as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    print(f"safehash: {n} written", file=sys.stderr)
    return OK


def _votes(catalog: Any, exchange: str) -> Iterator[dict[str, Any]]:
    """Yield what is sent to an exchange, an object an entry; entries without an id cannot be voted on."""
    from ..hashing.hashes import Hash

    for entry in catalog.confirmed(owner=""):
        if entry.id is None or not isinstance(entry.hash, Hash):
            continue
        if exchange == "threatexchange":
            yield {"list": entry.source, "id": entry.id, "reactions": "HELPFUL"}
        else:
            kind = entry.hash.algorithm.value.upper()
            yield {"list": entry.source, "id": entry.id, "fingerprintType": kind, "feedback": "affirmative"}
