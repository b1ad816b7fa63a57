"""``safehash lists check``: what is in each list, what its columns were taken for, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ListError
from ..hashing.hashes import Hash
from ..lists.comparing import Repeats, repeats_of
from ..lists.entry import Entry
from ..lists.formats import read_list
from ..lists.loading import LoadedList, loaded_from
from ..lists.policy import Policy
from ..lists.report import ListReport
from ..lists.selecting import select, staleness
from ..lists.source import ListSource, check_names
from ..lists.suspicion import suspicion
from ..lists.switches import for_shell, switch
from ..matching.keeping import last_good_of
from ..matching.printable import printable
from .arguments import ListText
from .exits import FATAL, MATCHED, OK
from .list_options import LIST, add_list_options, list_source
from .wording import report_record, so_many_entries, worded

__all__ = ["add_check", "print_json", "print_table", "remarks_on"]


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="say what is in each list, and what is wrong with it",
        description="Say what is in each list, what its columns were taken for, and what is wrong with it.",
        epilog="Exit codes: 0 all lists are well; 1 a list has rejects or suspicious digests, or is refused; 2 a list "
        "is missing, or stale with --require-fresh.",
    )
    parser.add_argument("lists", nargs="+", type=ListText, metavar=LIST, help="a file, or a folder of pages")
    parser.add_argument("--json", action="store_true", help="print JSON Lines for programs")
    parser.add_argument(
        "--require-fresh", action="store_true", help="treat a stale list as unusable (exit code 2)"
    )
    add_list_options(parser, also=("--format",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check every list, and return the exit code."""
    codes = [OK]
    rows: list[tuple[str, ...]] = []
    lines: list[str] = []
    sources = [list_source(text, args) for text in args.lists]
    try:
        check_names(sources)
    except ListError as exc:  # each can be used, and not all of them together
        codes.append(FATAL)
        lines.append(str(exc))
        if args.json:
            print_json({"type": "error", "error": for_shell(str(exc))})
    for text, source in zip(args.lists, sources, strict=True):
        record: dict[str, Any] = {"type": "list_check", "path": text, "name": source.list_name}
        try:
            reader = read_list(source)
        except ListError as exc:
            codes.append(FATAL)
            record |= {"usable": False, "error": for_shell(str(exc))}
            rows.append((source.list_name, "unusable", *[""] * (len(_HEADER) - 2)))
            lines += [str(exc), *_on_last_good(source)]
        else:
            loaded, error = None, ""
            try:
                loaded = loaded_from(reader)
            except ListError as exc:
                error = str(exc)
            report = reader.report if loaded is None else loaded.report
            left_out = {} if loaded is None else select(Policy(), loaded).left_out
            codes.append(_check(record, report, loaded is not None, error, require_fresh=args.require_fresh))
            rows.append(_row(report, loaded, left_out))
            lines += [error, *_on_last_good(source)] if error else []
            lines += remarks_on(report, record["stale"])
            if loaded is not None:
                repeats = repeats_of(loaded.table)
                record |= {
                    "live": len(loaded),
                    "matched": len(loaded) - sum(left_out.values()),
                    "left_out": dict(left_out),
                    "merged": dict(loaded.merged),
                    "shared_digests": repeats.n_digests,
                    "shared_ids": repeats.n_ids,
                }
                lines += _on_repeats(loaded, repeats)
            lines += _columns(report)
        if args.json:
            print_json(record)
    if not args.json:
        print_table(_HEADER, rows)
        for line in lines:
            print(f"  {worded(line)}")
    return max(codes)


def _check(
    record: dict[str, Any],
    report: ListReport,
    is_loaded: bool,
    error: str,
    *,
    require_fresh: bool,
) -> int:
    """Fill in what was found, and return the exit code of it."""
    stale = staleness(report)
    record |= report_record(report) | {"stale": stale}
    if error:
        record["error"] = for_shell(error)
    is_too_old = stale is not None and require_fresh
    record["usable"] = is_loaded and not is_too_old
    if is_too_old:
        return FATAL
    return OK if is_loaded and not report.n_rejects and not report.n_suspicious else MATCHED


#: What is said of each list; what is left out is so by the usual policy, as in a scan that is told nothing else.
_HEADER = ("list", "format", "live entries", "left out", "records", "deletes", "rejects", "suspicious")


def _row(report: ListReport, loaded: LoadedList | None, left_out: Mapping[str, int]) -> tuple[str, ...]:
    live = "refused"
    if loaded is not None:
        live = ", ".join(f"{n} {name}" for name, n in loaded.table.counts().items()) or "0"
    return (
        report.name,
        ", ".join(report.formats),
        live,
        ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "0",
        str(report.n_records),
        str(report.n_deletes),
        str(report.n_rejects),
        str(report.n_suspicious),
    )


def _on_repeats(loaded: LoadedList, repeats: Repeats) -> Iterator[str]:
    """Yield what is to be said of records that say something twice, a line each."""
    for fate, n in loaded.merged.items():
        if n and fate == "repeated":
            yield f"{loaded.name}: {n} records repeat others, or add to what they say"
        elif n and fate == "taken back":
            yield f"{loaded.name}: {n} digests were taken back by deletes"
    if repeats.n_digests:
        yield (
            f"{loaded.name}: {repeats.n_digests} digests stand on several entries each, {repeats.n_entries} in all"
        )
    if repeats.n_ids:
        yield f"{loaded.name}: {repeats.n_ids} ids stand for several digests of one algorithm each"


def _on_last_good(source: ListSource) -> Iterator[str]:
    """Yield what a scan would go on from, where what is there now cannot be used."""
    kept = last_good_of(source)
    if kept is not None:
        what = f"{kept.age} old, {so_many_entries(len(kept.loaded))}"
        yield (
            f"{source.list_name}: its last good state, of {kept.when} ({what}), is "
            f"kept beside it: scan and serve go on from that, but with {switch('last_good', False)}"
        )


def _columns(report: ListReport) -> Iterator[str]:
    for use in report.columns:
        how = f", {use.how}" if use.how else ""
        examples = f": {', '.join(use.examples)}" if use.examples else ""
        yield f"{use.page}: column {use.name!r} is taken for: {use.meaning}{how}{examples}"


def remarks_on(report: ListReport, stale: str | None) -> Iterator[str]:
    """Yield what is to be said of a list, a line each."""
    if stale is not None:
        yield f"{report.name}: {stale}"
    for note in report.notes:
        yield f"{report.name}: {note}"
    for reject in report.rejects:
        yield f"{report.name}: rejected {reject}"
    if report.n_rejects > len(report.rejects):
        yield f"{report.name}: and {report.n_rejects - len(report.rejects)} more rejects"
    for entry in report.suspicious:
        where = f" (id {entry.id})" if entry.id is not None else ""
        yield f"{report.name}: suspicious {_digest(entry)}{where}: {suspicion(entry.hash)}"


def _digest(entry: Entry) -> str:
    value = entry.hash
    return f"{value.algorithm.value} {value.hex[:8]}..." if isinstance(value, Hash) else "digest"


def print_json(record: dict[str, Any]) -> None:
    """Print one record for programs."""
    print(json.dumps(record, ensure_ascii=True))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under a header, their columns one below the other."""
    lines = [tuple(header), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
