"""The one table of list formats, and which row of it a page belongs to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .column_names import JUDGED, named_column
from .packed import what_it_is

__all__ = ["FORMATS", "JSON_LINES", "Format", "format_named", "sniff", "told_apart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One row of the table by which lists are recognised.

    Attributes
    ----------
    name : str
        What ``format=`` calls it; also the module that reads it, unless `module` says otherwise.
    title : str
        For people.
    recognise : callable
        Tells from (first 64 KiB, file name) whether a page is of this format.
    refresh_days : int or None
        After how many days without refresh the exchange's rules call a copy stale.
    has_columns : bool
        Its columns or fields mean what their names say, or what ``columns=`` does.
    """

    name: str
    title: str
    recognise: Callable[[str, str], bool]
    module: str = ""
    refresh_days: int | None = None
    has_columns: bool = False


def _has(*patterns: str) -> Callable[[str, str], bool]:
    compiled = [re.compile(pattern) for pattern in patterns]
    return lambda head, name: all(pattern.search(head) for pattern in compiled)


_ROOT_OBJECT = r"\A\s*\{"
_ROOT_ARRAY = r"\A\s*\["

_PAGE_OF_DATA = _has(_ROOT_OBJECT, r'"data"\s*:\s*\[\s*(\]|\{(?s:.)*"indicator"\s*:)')
_INDICATOR_RECORDS = _has(
    r"\A\s*[\[{]", r'"indicator"\s*:', r'"type"\s*:', r'"(descriptors|should_delete)"\s*:'
)
_TE_LINE = _has(r"\A[0-9A-Fa-f]{32,64},\d+,(mine|\d{4}-\d\d-\d\dT[^,\n]*),[^,\n]*(\r?\n|\Z)")

_DIGEST_TEXT = re.compile(r'"(?:[A-Za-z][\w-]{0,20}:)?(?:0x|\\\\x)?[0-9A-Fa-f]{16,64}"')
_STIX_PATTERN = re.compile(r'"pattern"\s*:\s*"\[\s*file:hashes\.')
_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')


def _names_a_digest(head: str) -> bool:
    """Tell whether some field of a JSON page is named for digests."""
    return any(_is_digest_name(match[1]) for match in _KEY.finditer(head, 0, 4096))


def _speaks_of_ids(head: str) -> bool:
    """Tell whether a JSON page says of ids that they were deleted: in objects, or in an array that is called so."""
    named = {named_column(match[1]).meaning for match in _KEY.finditer(head, 0, 4096)}
    return ("id" in named and not named.isdisjoint(JUDGED)) or _DELETED_IDS.search(head, 0, 4096) is not None


#: ``{"deleted": ["id", ...]}``
_DELETED_IDS = re.compile(
    r'\A\s*\{(?s:.)*?"(?:deleted|removed|withdrawn|revoked|deletes|deletions)"\s*:\s*\[\s*["\d]'
)


def _names_a_column(line: str) -> bool:
    """Tell whether a line has a cell that is named for digests."""
    return len(line) < 2000 and any(
        _is_digest_name(cell.strip(' "#\r')) for cell in re.split("[,;\t|]", line)
    )


def _is_digest_name(name: str) -> bool:
    return bool(name) and named_column(name).meaning == "hash"


#: What our own format is called, for people.
JSON_LINES = "safehash JSON Lines"

#: Characters by which a file is told that is no list.
_LONGEST_MAGIC = 512
#: The one table: the first row that recognises a page reads it. More special rows stand first.
FORMATS: tuple[Format, ...] = (
    Format(
        name="jsonl",
        title=JSON_LINES,
        recognise=_has(r'\A(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t\r]*\{\s*"safehash"\s*:'),
    ),
    Format(
        name="ncmec",
        title="NCMEC hash sharing XML",
        recognise=_has(r"<(\w+:)?queryResult\b"),
    ),
    Format(
        name="stopncii",
        title="StopNCII page",
        recognise=_has(_ROOT_OBJECT, r'"hashRecords"\s*:'),
        refresh_days=30,
    ),
    Format(
        name="vics",
        title="Project VIC / CAID (VICS)",
        recognise=_has(_ROOT_OBJECT, r'"(odata\.metadata|@odata\.context)"\s*:'),
    ),
    Format(
        name="tat",
        title="Tech Against Terrorism page",
        recognise=_has(_ROOT_OBJECT, r'"results"\s*:\s*\[\s*(\]|\{(?s:.)*"hash_digest"\s*:)'),
    ),
    Format(
        name="threatexchange",
        title="ThreatExchange threat_updates",
        recognise=lambda head, name: _PAGE_OF_DATA(head, name) or _INDICATOR_RECORDS(head, name),
        refresh_days=85,
    ),
    Format(
        name="hma",
        title="HMA bank export",
        recognise=_has(_ROOT_ARRAY, r'"signals"\s*:|\A\s*\[\s*\]'),
    ),
    Format(
        name="sqlite",
        has_columns=True,
        title="SQLite database",
        recognise=lambda head, name: head.startswith("SQLite format 3\0"),
    ),
    Format(
        name="objects",
        has_columns=True,
        title="JSON",
        recognise=lambda head, name: (
            head.lstrip()[:1] in ("{", "[")
            and (
                _DIGEST_TEXT.search(head) is not None
                or _names_a_digest(head)
                or _speaks_of_ids(head)
                or _STIX_PATTERN.search(head) is not None
            )
        ),
    ),
    Format(
        name="hashdeep",
        has_columns=True,
        title="hashdeep",
        recognise=lambda head, name: head.lstrip().startswith("%%%% HASHDEEP"),
    ),
    Format(
        name="te",
        title="pytx simple.*.te",
        recognise=lambda head, name: (
            re.fullmatch(r"simple\.[^.]+\.te", name) is not None or _TE_LINE(head, name)
        ),
    ),
    Format(
        name="text",
        has_columns=True,
        title="text, CSV or TSV",
        recognise=lambda head, name: (
            head.lstrip()[:1] not in ("{", "[", "<")
            and "\0" not in head[:64]
            and what_it_is(head[:_LONGEST_MAGIC].encode()) is None
            and (
                re.search(r"(?<![0-9A-Za-z])(?:0x|\\x)?[0-9A-Fa-f]{16,64}(?![0-9A-Za-z])", head, re.ASCII)
                is not None
                or any(_names_a_column(line) for line in head.split("\n", 20)[:20])
            )
        ),
    ),
)


def sniff(head: bytes, name: str = "") -> Format | None:
    """Return the format of a page that begins with `head` and is called `name`; None for none of ours."""
    text = head.decode("utf-8", "replace")
    return next((row for row in FORMATS if row.recognise(text, name)), None)


def told_apart(head: bytes) -> Format | None:
    """Return what a page is of whose digests was told how they are written or where they stand: JSON or text.

    None for what is neither.
    """
    if not head.strip() or b"\0" in head or head.lstrip()[:1] == b"<" or what_it_is(head) is not None:
        return None
    return format_named("objects" if head.lstrip()[:1] in (b"{", b"[") else "text")


def format_named(name: str) -> Format:
    """Return the row of the table called `name`.

    Raises
    ------
    ValueError
        There is none.
    """
    for row in FORMATS:
        if row.name == name:
            return row
    raise ValueError(f"no list format {name!r}; there are {', '.join(row.name for row in FORMATS)}")
