"""The ``safehash lists`` commands that make or compare lists: merge, convert, diff, stats, add and remove."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import ListError, SafehashError
from ..hashing.algorithms import USUAL_QUALITY
from ..hashing.hashes import Algorithm, ForeignHash, Hash
from ..lists.comparing import ListDiff, diff_lists, list_stats
from ..lists.entry import CATEGORIES, Entry
from ..lists.formats import ListReader, read_list
from ..lists.formats.jsonl import write_list
from ..lists.formats.writing import write_csv
from ..lists.in_turn import in_turn
from ..lists.loading import LoadedList, load_list
from ..lists.merging import merge_lists, unite_digests
from ..lists.selecting import staleness
from ..lists.source import ListSource, check_names
from ..lists.switches import for_shell
from ..matching.printable import printable
from .arguments import ListText, ReadPath, UpdatePath, WriteListPath, whole
from .exits import FATAL, OK, UNDECIDED
from .list_check import add_check, print_json, print_table, remarks_on
from .list_options import LIST, add_list_options, list_source
from .messages import telling
from .secrets import mind
from .wording import report_record, so_many_entries, worded

__all__ = ["add_commands"]

_SHOWN = 20


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``lists`` and its commands; each sets ``run``, a function from its arguments to an exit code."""
    lists = subparsers.add_parser(
        "lists",
        help="check, merge, convert, compare and make hash lists",
        description="Work with hash lists of any exchange's format.",
    )
    commands = lists.add_subparsers(metavar="COMMAND", required=True)

    add_check(commands)

    merge = _command(commands, "merge", _merge, "merge lists into one JSON Lines file")
    merge.add_argument("lists", nargs="+", type=ListText, metavar=LIST, help="a file, or a folder of pages")
    merge.add_argument(
        "-o", "--output", required=True, type=WriteListPath, metavar="FILE", help="the list to write"
    )
    merge.add_argument(
        "--drop-deletes",
        action="store_true",
        help="leave out tombstones, the records of deleted entries (later updates of the result are then not safe)",
    )
    merge.add_argument(
        "--unite",
        action="store_true",
        help="write one entry for each digest, with the opinions of all lists, and no tombstones",
    )
    add_list_options(merge, also=("--format",))

    convert = _command(commands, "convert", _convert, "write a list in another format")
    convert.add_argument("list", type=ListText, metavar=LIST, help="a file, or a folder of pages")
    convert.add_argument(
        "-o", "--output", required=True, type=WriteListPath, metavar="FILE", help="the list to write"
    )
    convert.add_argument(
        "--to",
        choices=("jsonl", "csv"),
        help="format to write (default: by FILE's ending); CSV drops opinions and extra columns",
    )
    add_list_options(convert, also=("--format",))

    diff = _command(commands, "diff", _diff, "say which entries were added, removed, changed and re-labelled")
    diff.add_argument("old", type=ListText, metavar="OLD", help="the list as it was")
    diff.add_argument("new", type=ListText, metavar="NEW", help="the list as it is now")
    diff.add_argument("--full-hashes", action="store_true", help="print whole digests")
    add_list_options(diff, also=("--format",))

    stats = _command(
        commands, "stats", _stats, "count entries by algorithm, category, label and age, and near-duplicates"
    )
    stats.add_argument("lists", nargs="+", type=ListText, metavar=LIST, help="a file, or a folder of pages")
    stats.add_argument(
        "--max-clustered",
        type=whole(0),
        default=200_000,
        metavar="N",
        help="do not look for near-duplicates among more than N digests (default %(default)s)",
    )
    add_list_options(stats, also=("--format",))

    signing = _command(commands, "sign", _sign, "sign lists as they are, for `--trusted`")
    signing.add_argument("lists", nargs="+", type=ListText, metavar=LIST, help="a file, or a folder of pages")
    signing.add_argument(
        "--key", required=True, type=ReadPath, metavar="KEY", help="your private key (Ed25519, PEM)"
    )
    add_list_options(signing, also=("--format",))

    add = _command(commands, "add", _add, "hash images you hold, and add them to a list of your own")
    add.add_argument("images", nargs="+", metavar="IMAGE", type=ReadPath, help="an image file")
    add.add_argument(
        "-o",
        "--output",
        required=True,
        type=UpdatePath,
        metavar="FILE",
        help="the list; it is created if it is not there",
    )
    add.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="LABEL",
        help="a label for these images; may be repeated",
    )
    add.add_argument(
        "--category",
        choices=CATEGORIES,
        default="positive",
        help="what the list says of these images (default: %(default)s)",
    )
    add.add_argument(
        "--algorithm",
        choices=[a.value for a in Algorithm],
        default="pdq",
        help="which hash to list (default: %(default)s)",
    )
    add.add_argument("--name", type=_list_name, help="name of the list (default: FILE's name)")
    add.add_argument(
        "--min-quality",
        type=whole(0, 100),
        default=USUAL_QUALITY,
        metavar="N",
        help="refuse images of a lower PDQ quality (default %(default)s)",
    )
    add.add_argument(
        "--windows",
        action="store_true",
        help="also list parts of each image, marked as such, so that copies cropped by 20 %% and more are found (PDQ)",
    )
    add.add_argument(
        "--mirrored-windows",
        action="store_true",
        help="as --windows, with each part mirrored too, for tools that do not turn what they look up",
    )
    add.add_argument(
        "--holes",
        action="store_true",
        help="as --windows, and also list each image with a rectangle left out, in 55 places, so that partly covered "
        "copies are found at the thorough effort",
    )
    add.add_argument(
        "--also-stored",
        action="store_true",
        help="if a file's stored pixels are another picture than the one viewers show, list both",
    )
    add.add_argument("--file-names", action="store_true", help="keep each image's file name in the list")

    remove = _command(
        commands,
        "remove",
        _remove,
        "take back entries of a list of your own, by marking them as deleted",
    )
    remove.add_argument(
        "list", type=UpdatePath, metavar="LIST", help="the list; `safehash lists add` made it"
    )
    remove.add_argument(
        "names",
        nargs="+",
        type=ReadPath,
        metavar="NAME",
        help="which entry: its whole digest (pdq:DIGITS), its id, or an image file, with all that was listed of it",
    )


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    help_text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
    parser.add_argument("--json", action="store_true", help="print JSON Lines for programs")
    parser.set_defaults(run=run)
    return parser


def _sign(args: argparse.Namespace) -> int:
    from ..matching.list_signatures import sign_list, signature_path
    from ..matching.signing import read_private_key

    key = read_private_key(args.key)
    mind(args.key)
    for each in args.lists:
        source = list_source(each, args)
        if signature_path(source).resolve() == Path(args.key).resolve():
            raise SafehashError(
                f"{signature_path(source)} is the key itself: its signature would take its place"
            )
        path = str(sign_list(source, key))
        if args.json:
            print_json({"list": each, "signature": path})
        else:
            print(printable(path))
    return OK


def _merge(args: argparse.Namespace) -> int:
    readers: list[ListReader] = []
    try:
        sources = [list_source(path, args) for path in args.lists]
        check_names(sources)
        readers += map(read_list, sources)
        merged = merge_lists(*readers, keep_deleted=not (args.drop_deletes or args.unite))
        entries = unite_digests(merged) if args.unite else merged
        n_entries = write_list(args.output, entries)
    except ListError as exc:
        return _fail(exc, args)
    _summarise(readers, args, {"type": "list_merge", "output": str(args.output), "entries": n_entries})
    return OK


def _convert(args: argparse.Namespace) -> int:
    target = args.to or {".csv": "csv", ".jsonl": "jsonl"}.get(Path(args.output).suffix.lower())
    if target is None:
        return _fail(
            ListError("say --to jsonl or --to csv: the ending tells neither", path=args.output), args
        )
    try:
        reader = read_list(list_source(args.list, args))
        if target == "csv":
            n_entries = write_csv(args.output, reader)
        else:
            n_entries = write_list(args.output, reader, name=reader.name)
    except ListError as exc:
        return _fail(exc, args)
    record = {"type": "list_convert", "output": str(args.output), "format": target, "entries": n_entries}
    _summarise([reader], args, record)
    return OK


def _summarise(readers: Sequence[ListReader], args: argparse.Namespace, record: dict[str, Any]) -> None:
    """Print what was written, and what was lost on the way."""
    reports = [reader.report for reader in readers]
    if args.json:
        print_json(record | {"lists": list(map(report_record, reports))})
        return
    rows = [
        (report.name, str(report.n_entries), str(report.n_deletes), str(report.n_rejects))
        for report in reports
    ]
    print_table(("list", "entries", "deletes", "rejects"), rows)
    for report in reports:
        for remark in remarks_on(report, staleness(report)):
            print(f"  {worded(remark)}")
    print(printable(f"{so_many_entries(record['entries'])} written to {record['output']}"))


def _diff(args: argparse.Namespace) -> int:
    try:
        # One name for both, because keys hold it.
        old, new = (
            read_list(ListSource.of(list_source(path, args), name="list")) for path in (args.old, args.new)
        )
        diff = diff_lists(old, new)
    except ListError as exc:
        return _fail(exc, args)
    if args.json:
        print_json(_diff_record(diff, full_hashes=args.full_hashes))
        return OK
    print_table(
        ("added", "removed", "re-labelled", "changed", "same"),
        [
            (
                str(len(diff.added)),
                str(len(diff.removed)),
                str(len(diff.relabelled)),
                str(len(diff.changed)),
                str(diff.n_same),
            )
        ],
    )
    lines = [f"+ {_line(entry, args.full_hashes)}" for entry in diff.added]
    lines += [f"- {_line(entry, args.full_hashes)}" for entry in diff.removed]
    for before, after in diff.relabelled:
        labels = f"{', '.join(before.labels) or 'no labels'} -> {', '.join(after.labels) or 'no labels'}"
        lines.append(f"~ {_digest(after, args.full_hashes)}: {labels}")
    for before, after in diff.changed:
        lines.append(f"~ {_digest(after, args.full_hashes)}: {', '.join(_changes(before, after))}")
    for line in lines[: 5 * _SHOWN]:
        print(printable(line))
    if len(lines) > 5 * _SHOWN:
        print(f"and {len(lines) - 5 * _SHOWN} more; --json prints all")
    return OK


def _changes(before: Entry, after: Entry) -> Iterator[str]:
    for field in dataclasses.fields(Entry):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name in ("owners", "extra"):
            if old != new:
                yield f"{field.name} differ"
        elif field.name == "hash":
            if getattr(old, "quality", None) != getattr(new, "quality", None):
                yield f"quality {old.quality} -> {new.quality}"
        elif old != new and field.name != "source":
            yield f"{field.name} {old} -> {new}"


def _diff_record(diff: ListDiff, *, full_hashes: bool) -> dict[str, Any]:
    def brief(entry: Entry) -> dict[str, Any]:
        value = entry.hash
        return {
            "algorithm": None if value is None else _algorithm(value),
            "hash": _digest_text(entry, full_hashes),
            "id": entry.id,
            "category": entry.category,
            "labels": list(entry.labels),
        }

    return {
        "type": "list_diff",
        "added": [brief(entry) for entry in diff.added],
        "removed": [brief(entry) for entry in diff.removed],
        "relabelled": [{"old": brief(old), "new": brief(new)} for old, new in diff.relabelled],
        "changed": [
            {"old": brief(old), "new": brief(new), "changes": list(_changes(old, new))}
            for old, new in diff.changed
        ],
        "same": diff.n_same,
    }


def _stats(args: argparse.Namespace) -> int:
    code = OK
    for path in args.lists:
        loaded, error = _loaded(path, args)
        if loaded is None:
            code = FATAL
            if args.json:
                print_json({"type": "list_stats", "path": path, "error": for_shell(error)})
            else:
                print(worded(error), file=sys.stderr)
            continue
        stats = list_stats(loaded.table, max_clustered=args.max_clustered)
        if args.json:
            print_json({"type": "list_stats", "name": loaded.name, **dataclasses.asdict(stats)})
            continue
        print(f"{printable(loaded.name)}: {so_many_entries(stats.n_entries)}")
        rows = [
            (title, name, str(n))
            for title, counts in (
                ("algorithm", stats.algorithms),
                ("category", stats.categories),
                ("label", stats.labels),
                ("last update", stats.ages),
                ("suspicious", stats.suspicious),
            )
            for name, n in list(counts.items())[:_SHOWN]
        ]
        if stats.degenerate:
            rows.append(("degenerate", "rows or columns repeat each other", str(stats.degenerate)))
        if stats.clusters is None:
            rows.append(("near-duplicates", f"not looked for: over {args.max_clustered}", ""))
        else:
            in_clusters = sum(stats.clusters)
            rows.append(("near-duplicates", f"{len(stats.clusters)} groups", str(in_clusters)))
        print_table(("by", "what", "entries"), rows)
    return code


def _parts(args: argparse.Namespace) -> Callable[[Any], Any] | None:
    """Return what lists parts of each image; None where none were asked for."""
    from ..matching.parts import windows_to_list

    if not (args.windows or args.mirrored_windows or args.holes):
        return None
    return partial(
        windows_to_list, min_quality=args.min_quality, mirrored=args.mirrored_windows, holes=args.holes
    )


def _add(args: argparse.Namespace) -> int:
    from ..lists.adding import AddOptions, add

    options = AddOptions(
        algorithm=args.algorithm,
        min_quality=args.min_quality,
        parts=_parts(args),
        also_stored=args.also_stored,
        file_names=args.file_names,
    )
    labels = {label.strip() for label in args.label if label.strip()}
    try:
        with telling(in_turn.__module__):
            found = add(
                ListSource(args.output, name=args.name), args.images,
                labels=labels, category=args.category, options=options,
            )  # fmt: skip
    except ListError as exc:
        return _fail(exc, args)
    if args.json:
        print_json(
            {
                "type": "list_add",
                "output": str(args.output),
                "added": len(found.entries),
                "entries": found.n_entries,
                "refused": [{"path": each.path, "reason": each.reason} for each in found.refused],
                "stored_left_out": list(found.stored_left_out),
            }
        )
    else:
        rows = [
            (_digest(entry), str(entry.hash.quality) if _has_quality(entry) else "", ", ".join(entry.labels))
            for entry in found.entries
            if isinstance(entry.hash, Hash)
        ]
        print_table(("added", "quality", "labels"), rows)
        for each in found.refused:
            print(printable(f"refused {each.path}: {each.reason}"), file=sys.stderr)
        for left_out in found.stored_left_out:
            print(
                f"{printable(left_out)}: what is shown is listed; its stored pixels are another picture, perhaps an"
                " innocent one (--also-stored lists both)",
                file=sys.stderr,
            )
        if found.entries:
            print(
                printable(f"{len(found.entries)} added, {so_many_entries(found.n_entries)} in {args.output}")
            )
    if not found.entries:
        return FATAL
    return UNDECIDED if found.refused else OK


def _remove(args: argparse.Namespace) -> int:
    from ..lists.removing import remove
    from ..matching.parts import windows_to_list

    parts = partial(windows_to_list, min_quality=0, mirrored=True, holes=True)
    try:
        with telling(in_turn.__module__):
            found = remove(args.list, args.names, parts=parts)
    except ListError as exc:
        return _fail(exc, args)
    except LookupError as exc:
        return _fail(ListError(str(exc.args[0]), path=args.list), args)
    if args.json:
        record = {"type": "list_remove", "output": str(args.list), "removed": len(found.entries)}
        print_json(record | {"entries": found.n_live})
        return OK
    print_table(("taken back", "labels"), [(_digest(each), ", ".join(each.labels)) for each in found.entries])
    left = f"{so_many_entries(found.n_live)} left in {args.list}"
    print(printable(f"{len(found.entries)} taken back, {left}"))
    return OK


def _list_name(text: str) -> str:
    try:
        return ListSource("", name=text).list_name
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _has_quality(entry: Entry) -> bool:
    return isinstance(entry.hash, Hash) and entry.hash.quality is not None


def _loaded(path: str, args: argparse.Namespace) -> tuple[LoadedList | None, str]:
    try:
        return load_list(list_source(path, args)), ""
    except ListError as exc:
        return None, str(exc)


def _fail(exc: ListError, args: argparse.Namespace) -> int:
    if args.json:
        print_json({"type": "error", "error": for_shell(str(exc))})
    else:
        print(worded(str(exc)), file=sys.stderr)
    return FATAL


def _algorithm(value: Hash | ForeignHash) -> str:
    return value.algorithm.value if isinstance(value, Hash) else value.algorithm


def _digest_text(entry: Entry, full: bool) -> str | None:
    value = entry.hash
    if value is None:
        return None
    text = value.hex if isinstance(value, Hash) else value.value
    return text if full else text[:8]


def _digest(entry: Entry, full: bool = False) -> str:
    value = entry.hash
    if value is None:
        return f"id {entry.id}"
    dots = "" if full else "..."
    return f"{_algorithm(value)} {_digest_text(entry, full)}{dots}"


def _line(entry: Entry, full_hashes: bool) -> str:
    parts = [_digest(entry, full_hashes), entry.category, ", ".join(entry.labels)]
    if entry.id is not None and entry.hash is not None:
        parts.append(f"(id {entry.id})")
    return " ".join(filter(None, parts))
