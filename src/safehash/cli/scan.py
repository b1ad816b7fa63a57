"""``safehash scan``: decide every image among files, folders, archives and stores."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from ..errors import IndexFileError, SafehashError
from ..files import writing_whole
from ..hashing.algorithms import LOW_QUALITY_DISTANCE, MOST_EVIDENCE, USUAL_DISTANCE, USUAL_QUALITY, Algorithm
from ..lists.switches import for_shell
from ..matching.printable import printable
from ..matching.settings import EFFORTS
from ..scanning.options import DEFAULT_OPTIONS
from ..scanning.records import Known, Problem, ScanRecord, Summary
from .arguments import (
    ListText,
    LookPath,
    ReadPath,
    UpdatePath,
    WritePath,
    memory,
    named,
    number,
    share,
    signed,
    whole,
)
from .exits import INTERRUPTED, MATCHED, NOTHING, OK, UNDECIDED, epilog
from .interrupts import check_interrupts
from .list_options import LIST, add_allow, add_list_options, add_trusted, list_source, trusted_keys
from .output import FORMS, Records, writing
from .progress import Progress
from .show import Show, console_on, summary_lines
from .streams import expect_open
from .wording import worded

if TYPE_CHECKING:
    from rich.console import Console

    from ..matching.matcher import Matcher
    from ..matching.settings import Settings

__all__ = ["add_commands", "add_matcher_options", "exit_code", "matcher_opener", "open_matcher"]


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "scan",
        help="match the images in files, folders, archives and stores with lists",
        description="Match every image found at the paths with the lists. A terminal gets one line for each match; a "
        "file or a pipe gets one record for each image, as JSON Lines. The summary and the progress bar go to standard "
        "error.",
        epilog=epilog(),
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=LookPath,
        metavar="PATH",
        help="a file, folder, pattern (photos/**/*.jpg), archive or s3://..., or - for one picture from standard input",
    )
    add_matcher_options(parser)
    inputs = parser.add_argument_group("what to look at")
    inputs.add_argument(
        "--files-from",
        type=ReadPath,
        metavar="FILE",
        help="read paths from FILE (- for standard input), separated by NUL or newline",
    )
    inputs.add_argument("--follow-links", action="store_true", help="follow symbolic links found in folders")
    inputs.add_argument(
        "--skip-hidden", action="store_true", help="skip files and folders whose names begin with a dot"
    )
    inputs.add_argument(
        "--allow-empty",
        action="store_true",
        help="exit with 0, not 4, if there was no file to look at. With --catalog, also believe a folder that is now "
        "empty, or a store that is no longer mounted: its files are marked as gone",
    )
    inputs.add_argument(
        "--watch",
        action="store_true",
        help="keep watching the folders given as paths, and look at files as they arrive, until ctrl-C (with "
        "--catalog, at each file once)",
    )
    inputs.add_argument("--no-archives", action="store_true", help="do not look inside zip and tar archives")
    keeping = parser.add_argument_group("catalog")
    keeping.add_argument(
        "--catalog",
        type=UpdatePath,
        metavar="FILE",
        help="store every decision in FILE, and continue from what it already holds",
    )
    keeping.add_argument(
        "--retry-failed",
        action="store_true",
        help="look again at files that crashed, timed out or took too much memory",
    )
    keeping.add_argument(
        "--only-new",
        action="store_true",
        help="write no records of files that have not changed since the catalog saw them; the summary still counts "
        "them",
    )
    keeping.add_argument(
        "--digest", action="append", default=[], choices=("md5", "sha1", "sha256", "none"), metavar="NAME",
        help="record this digest of every file: md5, sha1, sha256, or none; may be repeated (default: with a catalog, "
        "the digests that the lists hold). A catalog always has the sha256 of files that matched or could not be "
        "decided",
    )  # fmt: skip
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--output",
        type=WritePath,
        metavar="FILE",
        help="write records to FILE instead of standard output",
    )
    output.add_argument(
        "--format",
        choices=("text", *FORMS),
        help="text is one line for each match (default: text on a terminal, else jsonl)",
    )
    output.add_argument(
        "--full-hashes", action="store_true", help="write digests whole, not just their first 8 digits"
    )
    output.add_argument(
        "--ordered", action="store_true", help="write records in the order of names, not as they are decided"
    )
    output.add_argument(
        "--skipped", action="store_true", help="also write a record for each file that was skipped"
    )
    output.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="print no summary and no progress, only records and notes on the lists",
    )
    means = parser.add_argument_group("resources")
    means.add_argument(
        "--workers",
        type=whole(0, 1024),
        metavar="N",
        help="number of worker processes (default: one for each processor)",
    )
    means.add_argument(
        "--timeout",
        type=number(),
        default=DEFAULT_OPTIONS.timeout,
        metavar="SECONDS",
        help="most time for one file (default: %(default)g)",
    )
    means.add_argument(
        "--max-memory",
        type=memory,
        default=DEFAULT_OPTIONS.max_memory,
        metavar="SIZE",
        help="most memory for one worker, e.g. 512M (default: 1G)",
    )
    lowest, highest = (-20, 19) if hasattr(os, "nice") else (0, 0)  # Windows has no such number
    means.add_argument(
        "--nice",
        type=whole(lowest, highest),
        default=0,
        metavar="N",
        help="lower the workers' priority by N",
    )
    means.add_argument(
        "--rate",
        type=number(least=0.001, most=1e6),
        metavar="N",
        help="look at no more than N files a second",
    )
    parser.set_defaults(run=run)


def add_matcher_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which lists are matched, and how closely."""
    group = parser.add_argument_group("lists")
    source = group.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--list",
        action="append",
        default=[],
        type=ListText,
        metavar=LIST,
        help="a hash list; may be repeated",
    )
    source.add_argument(
        "--index", type=ReadPath, metavar="FILE", help="a snapshot that `safehash index build` wrote"
    )
    add_trusted(group)
    add_allow(group)
    group.add_argument(
        "--allow-id",
        action="append",
        default=[],
        metavar="ID",
        help="the id of an entry whose matches are to be suppressed, or its whole digest (pdq:DIGITS); may be repeated",
    )
    group.add_argument(
        "--allow-pairs",
        action="append",
        default=[],
        type=ReadPath,
        metavar="FILE",
        help="wrong matches to suppress, as written by `safehash review export --to pairs`; a catalog needs no such "
        "file, it knows its own",
    )
    group.add_argument(
        "--effort", choices=EFFORTS, default="standard",
        help="how hard to look: more effort finds more altered copies and takes longer (default: standard)",
    )  # fmt: skip
    group.add_argument(
        "--max-distance",
        action="append",
        type=named(whole(0, 256)),
        metavar="[NAME=]BITS",
        help="largest PDQ distance of a match, for all lists or for the one named; may be repeated "
        f"(default: {USUAL_DISTANCE[Algorithm.PDQ]})",
    )
    group.add_argument(
        "--min-quality",
        type=whole(0, 100),
        metavar="N",
        help="PDQ quality floor: pictures below it have too little detail for the usual distance "
        f"(default: {USUAL_QUALITY})",
    )
    group.add_argument(
        "--low-quality-distance",
        type=whole(0, 256),
        metavar="BITS",
        help=f"largest PDQ distance for pictures below that floor (default: {LOW_QUALITY_DISTANCE}; 0: the same hash)",
    )
    group.add_argument(
        "--min-evidence",
        type=signed(MOST_EVIDENCE),
        metavar="BITS",
        help='suppress matches with less evidence than this (docs/matching.md, "Evidence"; default: suppress none)',
    )
    group.add_argument(
        "--require-fresh", action="store_true", help="refuse lists that are older than their format allows"
    )
    group.add_argument(
        "--flood-share",
        type=share,
        metavar="SHARE",
        help="suppress the matches of an entry once it matches more than this share of all files, e.g. 0.01 (default: "
        "never)",
    )
    add_list_options(group)


def open_matcher(arguments: argparse.Namespace) -> Matcher:
    """Return the matcher that the options ask for."""
    opener, settings = matcher_opener(arguments)
    return opener(settings)


def matcher_opener(arguments: argparse.Namespace) -> tuple[Callable[[Settings], Matcher], Settings]:
    """Return what reads the lists that the options name, given settings, and the settings that they ask for."""
    from ..lists.policy import ListPolicy, Policy
    from ..matching.matcher import Matcher
    from ..matching.pairs import read_pairs
    from ..matching.settings import FloodLimits, Settings

    differs: dict[str, Any] = {}
    distances = dict(arguments.max_distance or ())
    if len(distances) < len(arguments.max_distance or ()):
        arguments.parser.error(
            "argument --max-distance: said twice of all lists, or of one: nobody knows which counts"
        )
    if "" in distances:
        differs["max_distance"] = {"pdq": distances.pop("")}
    if distances:
        differs["per_list"] = {name: ListPolicy(max_distance={"pdq": n}) for name, n in distances.items()}
    if arguments.min_quality is not None:
        differs["min_quality"] = arguments.min_quality
    if arguments.low_quality_distance is not None:
        differs["low_quality_distance"] = arguments.low_quality_distance
    if arguments.min_evidence is not None:
        differs["min_evidence"] = arguments.min_evidence
    if arguments.require_fresh:
        differs["require_fresh"] = True
    settings = Settings(
        effort=arguments.effort,
        policy=Policy(**differs) if differs else None,
        allow_ids=arguments.allow_id,
        allow_pairs=[pair for path in arguments.allow_pairs for pair in read_pairs(path)],
        flood=None if arguments.flood_share is None else FloodLimits(max_share=arguments.flood_share),
        trusted=trusted_keys(arguments),
    )
    if arguments.index is not None:
        if arguments.allow:
            raise IndexFileError("allow-lists are part of a snapshot: name them to `safehash index build`")
        return lambda settings: _expect(distances, Matcher.open(arguments.index, settings=settings)), settings
    lists = [list_source(text, arguments) for text in arguments.list]
    allow = [list_source(text, arguments) for text in arguments.allow]

    def read(settings: Settings) -> Matcher:
        matcher = Matcher.from_files(
            *lists, allow=allow, settings=settings, last_good=not (arguments.no_last_good or settings.trusted)
        )
        return _expect(distances, matcher)

    return read, settings


def _expect(names: Collection[str], matcher: Matcher) -> Matcher:
    """Return a matcher whose lists have those names: of a threshold for a list that is not there nobody would know."""
    known = sorted(info.name for info in matcher.lists if not info.allow)
    for name in names:
        if name not in known:
            raise SafehashError(
                f"--max-distance {printable(name)}=: no list is called so; there are {', '.join(map(printable, known))}"
            )
    return matcher


def run(arguments: argparse.Namespace) -> int:
    """Scan, and return the exit code."""
    from ..scanning.catalog import Catalog
    from ..scanning.options import ScanOptions
    from ..scanning.run import scan

    if arguments.watch:
        _check_watch(arguments)
    if not arguments.paths and arguments.files_from is None:
        arguments.parser.error("nothing to look at: give a PATH or --files-from")
    if arguments.files_from == "-" and "-" in arguments.paths:
        arguments.parser.error("standard input is either a picture (-) or a list of names (--files-from -)")
    with ExitStack() as stack:
        stack.enter_context(_telling_who_left(kept=arguments.catalog is not None))
        names = _names(arguments.files_from, stack)
        matcher = open_matcher(arguments)
        catalog = None
        if arguments.catalog is not None:
            catalog = stack.enter_context(Catalog(arguments.catalog))
        digests = _digests(arguments)
        options = ScanOptions(
            workers=arguments.workers,
            timeout=arguments.timeout,
            max_memory=arguments.max_memory,
            nice=arguments.nice,
            rate=arguments.rate,
            ordered=arguments.ordered,
            retry_failed=arguments.retry_failed,
            unchanged=not arguments.only_new,
            file_digests=digests,
            follow_links=arguments.follow_links,
            skip_hidden=arguments.skip_hidden,
            archives=not arguments.no_archives,
            allow_empty=arguments.allow_empty,
            watch=arguments.watch,
        )
        paths = [path.path for path in arguments.paths if path.path is not None]
        running = scan(
            paths,
            matcher=matcher,
            options=options,
            catalog=catalog,
            names=names,
            stream=sys.stdin.buffer if len(paths) < len(arguments.paths) else None,
        )
        console, errors = console_on(sys.stdout), console_on(sys.stderr)
        show, writer = _outputs(arguments, console, stack)
        stack.enter_context(running)
        stack.enter_context(_stopped_by_signals(running.stop))
        # Lines and bar share a terminal through one console.
        drawn = console if show is not None and show.console is not None else errors
        total = running.count_files() if arguments.files_from is None and not arguments.watch else None
        progress = stack.enter_context(Progress("files", quiet=arguments.quiet, console=drawn, total=total))
        for event in running.events():
            summary = running.summary
            progress.step(summary.n_files + summary.skipped.total(), note=f"matches {summary.n_matched}")
            if show is not None:
                show.event(event)
            if writer is None:
                continue
            if isinstance(event, (ScanRecord, Known)):
                writer.write(event.to_record(full_hashes=arguments.full_hashes))
            elif isinstance(event, Problem):
                writer.write({**event.to_record(), "reason": for_shell(event.reason)})
            elif arguments.skipped:
                writer.write(event.to_record())
            if arguments.watch:
                writer.flush()  # it may be long until the next one
        progress.close()
        if show is not None:
            show.finish()
        if writer is not None:
            record = running.summary.to_record()
            writer.write({**record, "notes": list(map(for_shell, record["notes"]))})
        sys.stdout.flush()
        notes = [*running.summary.notes, *_quarantine_notes(matcher)]
        if arguments.quiet:
            for note in notes:
                print(f"safehash: {worded(note)}", file=sys.stderr)
        else:
            summary_lines(running.summary, notes=notes, catalog=arguments.catalog, console=errors)
    code = exit_code(running.summary, allow_empty=arguments.allow_empty)
    if code == NOTHING:
        print("safehash: nothing was looked at (--allow-empty if that is as it should be)", file=sys.stderr)
    return code


def _digests(arguments: argparse.Namespace) -> list[str] | None:
    """Return which digests of each file's bytes are wanted; None where nothing is said of it."""
    wanted = set(arguments.digest)
    if "none" in wanted:
        if wanted != {"none"}:
            arguments.parser.error("--digest none is none, and no other beside it")
        return []
    return sorted(wanted) or None


def _check_watch(arguments: argparse.Namespace) -> None:
    """Refuse what has no meaning for a scan without an end."""
    if arguments.files_from is not None or "-" in arguments.paths or not arguments.paths:
        arguments.parser.error("--watch looks at folders: name them")
    if arguments.output is not None:
        arguments.parser.error(
            "--watch has no end, and a file of records (-o) appears at the end: keep a --catalog, or write standard "
            "output into a file"
        )
    if arguments.format == "parquet":
        arguments.parser.error("--watch has no end, and a Parquet file begins to be one there: take jsonl")


def _outputs(
    arguments: argparse.Namespace, console: Console | None, stack: ExitStack
) -> tuple[Show | None, Records | None]:
    """Return what shows lines to a person, and what writes records for programs."""
    path = arguments.output
    form = arguments.format or ("text" if path is None and console is not None else "jsonl")
    if form != "text":
        # With -o, a terminal shows the matches beside.
        beside = path is not None and console is not None and not arguments.quiet
        show = Show(sys.stdout, console=console) if beside else None
        return show, stack.enter_context(Records(path, form=form))
    if path is None:
        expect_open(sys.stdout)
        return Show(sys.stdout, console=console), None
    stack.enter_context(writing(path))
    return Show(stack.enter_context(writing_whole(path, text=True))), None


def exit_code(summary: Summary, *, allow_empty: bool = False) -> int:
    """Return what a scan's summary means as an exit code."""
    if summary.interrupted:
        return INTERRUPTED
    if summary.n_matched:
        return MATCHED
    if summary.n_undecided:
        return UNDECIDED
    return OK if summary.n_files or allow_empty else NOTHING


def _names(files_from: str | None, stack: ExitStack) -> IO[bytes] | None:
    if files_from is None:
        return None
    if files_from == "-":
        return sys.stdin.buffer
    return stack.enter_context(open(files_from, "rb"))  # noqa: PTH123


@contextmanager
def _telling_who_left(*, kept: bool) -> Iterator[None]:
    """Say of a scan whose output nobody reads any more that it is not all there, and how it goes on."""
    try:
        yield
    except BrokenPipeError:
        goes_on = (
            "what was decided is in the catalog, and the same command goes on" if kept else "nothing is kept"
        )
        with suppress(OSError):  # standard error may have had the same reader
            print(
                f"safehash: nobody reads the output any more, and not all of it was written: {goes_on}",
                file=sys.stderr,
            )
        raise


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first ctrl-C, SIGTERM or hang-up finish what is under way, and the second break off.

    What the caller had ignored (``nohup``) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []

    def handle(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            raise KeyboardInterrupt
        stop()

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {
        each: signal.signal(each, handle)
        for each in numbers
        if each == signal.SIGINT or signal.getsignal(each) != signal.SIG_IGN
    }
    try:
        check_interrupts()  # one that a library swallowed while it was imported
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def _quarantine_notes(matcher: Matcher) -> list[str]:
    """Say which entries matched too much, and how to look at them again."""
    from ..lists.entry import shown_key

    if matcher.flood_guard is None:
        return []
    return [
        f"quarantined: entry {shown_key(each.entry)} matched {each.n_matches} files; what it matched since is "
        "suppressed, and says so"
        for each in matcher.flood_guard.quarantined()
        if isinstance(each.entry, tuple)
    ]
