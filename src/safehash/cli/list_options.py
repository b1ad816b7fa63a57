"""The options of every command that takes lists, and the lists they name."""

from __future__ import annotations

import argparse
import csv
from typing import Any

from ..hashing.hashes import Algorithm
from ..lists.formats import FORMATS
from ..lists.formats.columns import check_columns
from ..lists.source import MAX_REJECTS, MAX_SHRINK, NOTATIONS, ListSource
from .arguments import ListText, ReadPath

__all__ = ["LIST", "add_allow", "add_list_options", "add_trusted", "list_source", "trusted_keys"]

#: What a list is called in usage lines.
LIST = "[NAME=]LIST"


def add_allow(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the option that names lists of harmless pictures."""
    parser.add_argument(
        "--allow",
        action="append",
        default=[],
        type=ListText,
        metavar=LIST,
        help="a list of harmless pictures, whose matches are suppressed; may be repeated",
    )


def add_trusted(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the option that names whose snapshots are opened; `trusted_keys` reads it."""
    parser.add_argument(
        "--trusted",
        action="append",
        default=[],
        type=ReadPath,
        metavar="KEY",
        help="use only snapshots or lists that this public key (Ed25519, PEM) signed; may be repeated",
    )


def trusted_keys(arguments: argparse.Namespace) -> list[bytes]:
    """Return the keys that `add_trusted` asked for."""
    from ..matching.signing import read_public_key

    return [read_public_key(path) for path in arguments.trusted]


def add_list_options(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, *, also: tuple[str, ...] = ()
) -> None:
    """Add what a command may be told of its lists; `list_source` reads it.

    Parameters
    ----------
    also : tuple of str
        Other spellings of ``--list-format``, where a command has no other ``--format``.
    """
    parser.add_argument(
        "--list-format",
        *also,
        choices=[row.name for row in FORMATS],
        help="read the lists as this format, instead of recognising it",
    )
    parser.add_argument(
        "--algorithm",
        choices=[a.value for a in Algorithm],
        help="which algorithm the digests are of, where a list does not say (64 hexadecimal digits may be pdq or "
        "sha256)",
    )
    parser.add_argument(
        "--notation",
        choices=NOTATIONS,
        help="how digests are written, where no column's name says so (default: hex)",
    )
    parser.add_argument(
        "--columns",
        action="append",
        default=[],
        type=_columns,
        metavar="MEANING=NAME,...",
        help="say what columns of the lists mean, as in hash=File MD5,deleted=revoked",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        type=_names,
        metavar="NAME,...",
        help="columns of the lists to ignore, whatever they seem to say",
    )
    parser.add_argument(
        "--max-rejects",
        type=_share,
        default=MAX_REJECTS,
        metavar="SHARE",
        help="refuse a list if more than this share of its records are rejects (default %(default)s)",
    )
    parser.add_argument(
        "--allow-cut",
        action="store_true",
        help="use what there is of a list that is cut off, or that was changed after it was written",
    )
    parser.add_argument(
        "--max-shrink",
        type=_share,
        default=MAX_SHRINK,
        metavar="SHARE",
        help="refuse an update of a list if more than this share of its entries vanished without being deleted "
        "(default %(default)s)",
    )
    parser.add_argument(
        "--no-last-good",
        action="store_true",
        help="stop if a list is refused. Without this, scan, serve, rematch and explain keep a copy of each list's "
        "last good state beside it, and go on with the copy if the list is refused; other commands never do",
    )


def list_source(text: str, arguments: argparse.Namespace) -> ListSource:
    """Return the list that ``NAME=PATH`` or ``PATH`` names, with what the options say of it."""
    columns: dict[str, tuple[str, ...]] = {}
    for given in arguments.columns:
        for meaning, name in given:
            columns[meaning] = (*columns.get(meaning, ()), name)
    return ListSource.parse(
        text,
        format=arguments.list_format,
        algorithm=arguments.algorithm,
        notation=arguments.notation,
        columns=columns,
        ignore=[name for names in arguments.ignore for name in names],
        max_rejects=arguments.max_rejects,
        allow_cut=arguments.allow_cut,
        max_shrink=arguments.max_shrink,
    )


def _columns(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for pair in _names(text):
        meaning, equals, name = pair.partition("=")
        if not equals or not meaning.strip() or not name.strip():
            raise argparse.ArgumentTypeError(f"{pair!r} is not MEANING=NAME, as hash=File MD5 is")
        pairs.append((meaning.strip(), name.strip()))
    try:
        check_columns(meaning for meaning, _ in pairs)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
    return pairs


def _names(text: str) -> list[str]:
    """Split at commas; a name with a comma in it is quoted, as in CSV."""
    try:
        cells = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error as exc:
        raise argparse.ArgumentTypeError(f"{text!r} are no names with commas between: {exc}") from exc
    return [name.strip() for name in cells if name.strip()]


def _share(text: str) -> float:
    try:
        share: Any = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 1")
    return float(share)
