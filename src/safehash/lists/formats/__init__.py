"""Tell what format a list is in, and read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path

from ...errors import ListError
from ...hashing.hashes import Algorithm
from ..entry import Entry
from ..report import ListReport, Reject
from ..source import ListPath, ListSource
from .batch import Batch
from .options import ReadOptions
from .source import DamagedPage, Page, page_paths
from .tally import Tally

__all__ = ["FORMATS", "Format", "ListReader", "read_list", "sniff"]


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
    """

    name: str
    title: str
    recognise: Callable[[str, str], bool]
    module: str = ""
    refresh_days: int | None = None


def _first_line(head: str) -> str:
    return head.lstrip().partition("\n")[0][:1000]


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

#: The one table: the first row that recognises a page reads it. More special rows stand first.
FORMATS: tuple[Format, ...] = (
    Format(
        name="jsonl",
        title="safehash JSON Lines",
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
        name="te",
        title="pytx simple.*.te",
        recognise=lambda head, name: (
            re.fullmatch(r"simple\.[^.]+\.te", name) is not None or _TE_LINE(head, name)
        ),
    ),
    Format(
        name="text",
        title="text, CSV or TSV",
        recognise=lambda head, name: (
            head.lstrip()[:1] not in ("{", "[", "<")
            and (
                re.search(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,64}(?![0-9A-Za-z])", head) is not None
                or re.search(r"\b(hash|pdq|md5|sha1|sha256)\b", _first_line(head), re.IGNORECASE) is not None
            )
        ),
    ),
)


def sniff(head: bytes, name: str = "") -> Format | None:
    """Return the format of a page that begins with `head` and is called `name`; None for none of ours."""
    text = head.decode("utf-8", "replace")
    return next((row for row in FORMATS if row.recognise(text, name)), None)


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


class ListReader(Iterator[Entry]):
    """The entries of one list, read as they are asked for; made by `read_list`.

    Attributes
    ----------
    name : str
        The list's name, which its entries carry as `source`.

    Notes
    -----
    Reads once, from one thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        format: Format | None,
        options: ReadOptions,
        on_reject: Callable[[Reject], None] | None,
    ) -> None:
        self._path = path
        self._format = format
        self._options = options
        self._tally = Tally(path, options.source, on_reject)
        self._paths = page_paths(path)
        self.name = options.source
        self._entries = self._one_by_one()

    def __next__(self) -> Entry:
        return next(self._entries)

    @property
    def report(self) -> ListReport:
        """What was met so far; the whole account once the iterator is exhausted."""
        return self._tally.report()

    def batches(self) -> Iterator[Entry | Batch]:
        """Yield the same entries, runs of plain ones as a `Batch`; in place of iterating, not beside it.

        Raises
        ------
        ListError
            At the end, when there was no usable record at all.
        """
        tally = self._tally
        digests: list[str] = []
        for path in self._paths:
            page = Page(path)
            tally.page = page.name
            tally.n_pages += 1
            try:
                yield from self._page(page)
            finally:
                digests.append(page.close())
                tally.n_bytes += page.n_bytes
                if page.n_replaced:
                    tally.note(f"{page.n_replaced} characters are not {page.encoding}; replaced by U+FFFD")
        tally.snapshot = self._snapshot(digests)
        if not sum(tally.entries.values()) and not tally.n_deletes:
            raise self._nothing_usable()

    def _page(self, page: Page) -> Iterator[Entry | Batch]:
        tally = self._tally
        head = page.head
        looks_like = sniff(head, page.name)
        chosen = self._format or looks_like
        if page.encoding != "utf-8":
            tally.note(f"{page.name} is stored as {page.encoding}")
        if chosen is None:
            tally.unit = "line"
            try:
                for _ in page.chunks():
                    break
                reason = "empty" if not head.strip() else "not recognised as any list format"
            except DamagedPage as exc:
                reason = f"cannot be read: {exc}"
            tally.reject(1, reason)
            return
        if looks_like is not None and looks_like is not chosen:
            tally.note(f"{page.name} is read as {chosen.title}, as told, but looks like {looks_like.title}")
        if chosen.title not in tally.formats:
            tally.formats.append(chosen.title)
        if chosen.refresh_days is not None:
            tally.refresh_days = min(chosen.refresh_days, tally.refresh_days or chosen.refresh_days)
        module = import_module(f".{chosen.module or chosen.name}", __name__)
        yield from module.read(page, tally, self._options)

    def _one_by_one(self) -> Iterator[Entry]:
        for item in self.batches():
            if isinstance(item, Batch):
                yield from item
            else:
                yield item

    def _snapshot(self, digests: list[str]) -> str:
        if not self._path.is_dir():
            return digests[0]
        import hashlib

        lines = [f"{digest}  {path.name}\n" for digest, path in zip(digests, self._paths, strict=True)]
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    def _nothing_usable(self) -> ListError:
        report = self.report
        first = report.rejects[0] if report.rejects else None
        if not report.formats:
            message = "no hash list" if first is None else first.reason
            message += f" ({first.page})" if first is not None and self._path.is_dir() else ""
            message += f"; known are {', '.join(row.name for row in FORMATS)}; format= overrides recognition"
            return ListError(message, path=self._path)
        told = " (as told)" if self._format is not None else ""
        message = f"no usable record in {report.n_records}; recognised as {', '.join(report.formats)}{told}"
        if first is not None:
            message += f"; first reject: {first.page}, {first.unit} {first.position}: {first.reason}"
        return ListError(message, path=self._path)


def read_list(
    path: ListPath,
    *,
    format: str | None = None,
    source: str | None = None,
    algorithm: str | Algorithm | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    now: datetime | None = None,
) -> ListReader:
    """Return an iterator over the entries of a list, as they stand in it: not merged, deletes included.

    Parameters
    ----------
    path : path or ListSource
        A file, gzipped or not, or a directory of pages, read in name order.
    format, source, algorithm : optional
        As `format`, `name` and `algorithm` of `ListSource`, in place of them.
    on_reject : callable, optional
        Called with every `Reject`; by default rejects are only counted in the report.
    now : datetime, optional
        For lists that disable entries until a time; by default the present.

    Returns
    -------
    ListReader
        Its `report` is the account of what was met.

    Raises
    ------
    ListError
        Here: nothing at `path`. While iterating, at the end: no usable record at all.
    ValueError
        No such format or algorithm.

    Notes
    -----
    Streams: memory does not grow with the list.

    Examples
    --------
    >>> reader = read_list("list.csv")  # doctest: +SKIP
    >>> live = [entry for entry in reader if not entry.deleted]  # doctest: +SKIP
    >>> reader.report.n_rejects  # doctest: +SKIP
    0
    """
    asked = ListSource.of(path, name=source, format=format, algorithm=algorithm)
    when = datetime.now(timezone.utc) if now is None else now.astimezone(timezone.utc)
    options = ReadOptions(
        source=asked.list_name,
        algorithm=asked.algorithm,
        now=when.replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
    )
    chosen = None if asked.format is None else format_named(asked.format)
    return ListReader(Path(asked.path), format=chosen, options=options, on_reject=on_reject)
