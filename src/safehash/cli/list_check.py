"""``safehash lists check``: what is in each list, what its columns were taken for, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import ListError
from ..hashing.hashes import Hash
from ..lists.entry import Entry
from ..lists.formats import read_list
from ..lists.loading import LoadedList, loaded_from
from ..lists.report import ListReport
from ..lists.selecting import staleness
from ..lists.suspicion import suspicion
from ..matching.shown import printable
from .arguments import ListText
from .exits import FATAL, MATCHED, OK
from .list_options import LIST, add_list_options, list_source

__all__ = ["add_check", "print_json", "print_table", "remarks_on"]


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="say what is in each list, and what is wrong with it",
        description="Say what is in each list, what its columns were taken for, and what is wrong with it.",
        epilog="Exit codes: 0 well; 1 a list has rejects, or is refused; 2 a list is not there, or stale with "
        "--require-fresh.",
    )
    parser.add_argument(
        "lists", nargs="+", type=ListText, metavar=LIST, help="a file or a directory of pages"
    )
    parser.add_argument("--json", action="store_true", help="print JSON Lines for programs")
    parser.add_argument("--require-fresh", action="store_true", help="a stale list is unusable (exit code 2)")
    add_list_options(parser, also=("--format",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check every list, and return the exit code."""
    codes = [OK]
    rows: list[tuple[str, ...]] = []
    lines: list[str] = []
    for text in args.lists:
        source = list_source(text, args)
        record: dict[str, Any] = {"type": "list_check", "path": text, "name": source.list_name}
        try:
            reader = read_list(source)
        except ListError as exc:
            codes.append(FATAL)
            record |= {"usable": False, "error": str(exc)}
            rows.append((source.list_name, "unusable", "", "", "", "", ""))
            lines.append(str(exc))
        else:
            loaded, error = None, ""
            try:
                loaded = loaded_from(reader)
            except ListError as exc:
                error = str(exc)
            codes.append(_check(record, reader.report, loaded, error, require_fresh=args.require_fresh))
            rows.append(_row(reader.report, loaded))
            lines += [error] if error else []
            lines += remarks_on(reader.report, record["stale"])
            lines += _columns(reader.report)
        if args.json:
            print_json(record)
    if not args.json:
        print_table(("list", "format", "live entries", "records", "deletes", "rejects", "suspicious"), rows)
        for line in lines:
            print(f"  {printable(line)}")
    return max(codes)


def _check(
    record: dict[str, Any],
    report: ListReport,
    loaded: LoadedList | None,
    error: str,
    *,
    require_fresh: bool,
) -> int:
    """Fill in what was found, and return the exit code of it."""
    stale = staleness(report)
    record |= report.to_record() | {"stale": stale}
    if loaded is not None:
        record["live"] = len(loaded)
    if error:
        record["error"] = error
    is_too_old = stale is not None and require_fresh
    record["usable"] = loaded is not None and not is_too_old
    if is_too_old:
        return FATAL
    return MATCHED if loaded is None or report.n_rejects else OK


def _row(report: ListReport, loaded: LoadedList | None) -> tuple[str, ...]:
    live = "refused"
    if loaded is not None:
        live = ", ".join(f"{n} {name}" for name, n in loaded.table.counts().items()) or "0"
    return (
        report.name,
        ", ".join(report.formats),
        live,
        str(report.n_records),
        str(report.n_deletes),
        str(report.n_rejects),
        str(report.n_suspicious),
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
