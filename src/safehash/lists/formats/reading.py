"""Read one list, whatever its format: its entries as they are asked for, and whether it may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path

from ..._face import checked, names_no_digest
from ...errors import ListError
from ..entry import Entry
from ..report import ListReport, Reject
from ..source import ListPath, ListSource, named_path
from ..switches import switch
from .batch import Batch
from .folders import Names, is_former, not_read, page_paths, says_former
from .guards import objection
from .options import ReadOptions
from .packed import DamagedPage, what_it_is
from .pages import Page, StoredFile, bare_name, open_pages
from .sentences import is_section, is_section_name, remark_on_name
from .sniffing import FORMATS, Format, format_named, sniff, told_apart
from .tally import Tally

__all__ = ["ListReader", "batches_of", "ids_in_doubt", "read_list"]


#: So many digests may give way to newer records of their ids in a table of any length.
_FEW_REPLACED = 10


@names_no_digest
class ListReader(Iterator[Entry]):
    """The entries of one list, read as they are asked for; made by `read_list`.

    Attributes
    ----------
    name : str
        The list's name, which its entries carry as `source`.

    Notes
    -----
    Reads once, from one thread.

    Examples
    --------
    >>> reader = read_list("list.csv")
    >>> next(reader).id, reader.report.n_records
    ('b-1', 1)
    """

    name: str
    _path: Path
    _paths: list[Path]
    _names: dict[Path | None, Names]
    _format: Format | None
    _options: ReadOptions
    _tally: Tally
    _entries: Iterator[Entry]

    def __init__(self) -> None:
        raise TypeError("a ListReader is made by `read_list`")

    @classmethod
    def _made(
        cls,
        path: Path,
        *,
        format: Format | None,
        options: ReadOptions,
        on_reject: Callable[[Reject], None] | None,
    ) -> ListReader:
        self = cls.__new__(cls)
        self._path = path
        self._format = format
        self._options = options
        self._tally = Tally(path, options.source, on_reject)
        self._tally.max_rejects = options.max_rejects
        self._paths = page_paths(path)
        self._names = {}
        self.name = options.source
        remark = None if "#" in options.ignore else remark_on_name(named_path(path).name)
        if remark is not None:
            self._tally.note(remark)
        self._entries = self._one_by_one()
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    @property
    def report(self) -> ListReport:
        """What was met so far; the whole account once the iterator is exhausted.

        Examples
        --------
        >>> reader = safehash.read_list("list.csv")
        >>> len(list(reader)), reader.report.n_records
        (1, 1)
        """
        return self._tally.report()

    def _batches(self) -> Iterator[Entry | Batch]:
        """Yield the same entries, runs of plain ones as a `Batch`; in place of iterating, not beside it.

        Raises
        ------
        ListError
            At the end: there was no usable record at all, or the list must not be used. At once: nothing says
            for sure what a column holds.
        """
        tally = self._tally
        digests: list[str] = []
        self._check_folder()
        for path in self._paths:
            file = StoredFile(path)
            tally.n_pages += 1
            tally.page = bare_name(path.name)
            try:
                for page in open_pages(file):
                    tally.page = page.name
                    yield from self._page(page)
                    tally.note_replaced(page.n_replaced, page.encoding)
            except DamagedPage as exc:
                tally.unit = "line"
                tally.cut(1, str(exc))
            finally:
                digests.append(file.close())
                tally.n_bytes += file.n_bytes
        tally.snapshot = self._snapshot(digests)
        if not sum(tally.entries.values()) and not tally.n_deletes:
            raise self._nothing_usable()
        why = objection(tally, self._options)
        if why is not None:
            raise ListError(f"refused: {why}", path=self._path)

    def _check_folder(self) -> None:
        """Refuse a folder in which anything may hold digests of the list and is not read.

        Raises
        ------
        ListError
        """
        try:
            objections, left_out = not_read(self._path, self._options.ignore)
        except OSError as exc:
            raise ListError(f"cannot be read: {exc.strerror}", path=self._path) from exc
        if objections:
            more = f" ({len(objections) - 1} more of the kind)" if len(objections) > 1 else ""
            raise ListError(f"refused: {objections[0]}{more}", path=self._path)
        for name in left_out:
            self._tally.note(f"{name} is left out, as told")

    def _check_name(self, page: Page) -> None:
        """Refuse a list with a page among others whose name may say that what is in it does not count.

        Raises
        ------
        ListError
        """
        *folders, name = page.name.split("/")
        if (len(self._paths) == 1 and not folders) or "#" in self._options.ignore:
            return
        # The first folder of an archive alone is its own name.
        inner = folders if len(self._paths) > 1 else folders[1:]
        beside = self._names_beside(page)
        is_alone = beside.n == 1
        inner = [each for each in inner if not (says_former(each) and each in beside.shared)]
        if not is_alone and any(is_former(each, beside) for each in [*inner, name]):
            why, what = "others took its place, or that it is not whole", "take it away"
        elif any(map(is_section, inner)) or (is_section_name(name) and not (is_alone and says_former(name))):
            why, what = "what is in it was taken back", "make a list of its own of it"
        else:
            if not is_alone and says_former(name):
                self._tally.note(
                    f"the name of page {page.name} may say that others took its place: no other page has the rest of it"
                )
            return
        raise ListError(
            f"refused: the name of page {page.name} may say that {why}: {what}, or set such names aside with "
            f"{switch('ignore', ['#'])}",
            path=self._path,
        )

    def _names_beside(self, page: Page) -> Names:
        """Return the names of all pages of the list, of the archives in it those of this page's own."""
        archive = page.path if page.members else None
        if archive not in self._names:
            paths = [bare_name(path.name) for path in self._paths if path != archive]
            self._names = {archive: Names([*paths, *page.members])}
        return self._names[archive]

    def _page(self, page: Page) -> Iterator[Entry | Batch]:
        tally = self._tally
        self._check_name(page)
        head = page.head
        looks_like = sniff(head, page.name)
        if looks_like is None and (self._options.notation is not None or self._options.columns):
            looks_like = told_apart(head)
        chosen = self._format or looks_like
        if page.encoding != "utf-8":
            tally.note(f"{page.name} is stored as {page.encoding}")
        if chosen is None:
            tally.unit = "line"
            try:
                for _ in page.chunks():
                    break
                reason = what_it_is(head) or (
                    "empty" if not head.strip() else "not recognised as any list format"
                )
            except DamagedPage as exc:
                reason = f"cannot be read: {exc}"
            tally.reject(1, reason)
            is_packed = what_it_is(head) is not None and not head.startswith(b"%PDF")
            if (
                not head.strip()
                or is_packed
                or head.lstrip()[:1] in (b"{", b"[", b"<")
                or reason.startswith("cannot")
            ):
                tally.cuts.append(f"{page.name}: {reason}")
            return
        if looks_like is not None and looks_like is not chosen:
            tally.note(f"{page.name} is read as {chosen.title}, as told, but looks like {looks_like.title}")
        if chosen.title not in tally.formats:
            tally.formats.append(chosen.title)
        if chosen.refresh_days is not None:
            tally.refresh_days = min(chosen.refresh_days, tally.refresh_days or chosen.refresh_days)
        if self._options.columns and not chosen.has_columns:
            raise ListError(
                f"refused: {switch('columns')} says nothing of {chosen.title}, whose fields have their own meaning "
                f"(page {page.name}): leave it out",
                path=self._path,
            )
        module = import_module(f".{chosen.module or chosen.name}", __package__)
        n_cuts = len(tally.cuts)
        yield from module.read(page, tally, self._options)
        if len(tally.cuts) == n_cuts and any(
            chunk.strip() for chunk in page.chunks()
        ):  # to its end: it may be damaged
            tally.cuts.append(f"{page.name}: more stands behind its end")

    def _one_by_one(self) -> Iterator[Entry]:
        for item in self._batches():
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
            message += f"; known are {', '.join(row.name for row in FORMATS)}; {switch('format')} overrides recognition"
            return ListError(message, path=self._path)
        told = " (as told)" if self._format is not None else ""
        message = f"no usable record in {report.n_records}; recognised as {', '.join(report.formats)}{told}"
        if first is not None:
            message += f"; first reject: {first.page}, {first.unit} {first.position}: {first.reason}"
        if self._format is None or self._format.name == "text":
            message += (
                f"; {switch('columns')} says which column holds the digests, and {switch('notation')} how"
            )
        return ListError(message, path=self._path)


def batches_of(reader: ListReader) -> Iterator[Entry | Batch]:
    """Yield a reader's entries, runs of plain ones as a `Batch`; in place of iterating, not beside it.

    Raises
    ------
    ListError
        As when iterating.
    """
    return reader._batches()


def ids_in_doubt(reader: ListReader, n_replaced: int) -> str | None:
    """Return why a list is refused of which so many digests would give way to newer records of their ids.

    What an exchange calls an id is one. Of a table with a column of that name it is not sure: where most "ids" stand
    for several pictures, all but the newest of each would not be matched.

    Returns
    -------
    str or None
        None where they may: there are few, or the list is an exchange's.
    """
    report, share = reader.report, reader._options.max_rejects
    has_columns = {row.title for row in FORMATS if row.has_columns}
    few = max(share * report.n_records, _FEW_REPLACED)
    if share >= 1 or not has_columns.intersection(report.formats) or n_replaced <= few:
        return None
    ids = next((use.name for use in report.columns if use.meaning == "id"), "id")
    return (
        f"{n_replaced} digests of {report.n_records} records would not be matched, as newer records with their "
        f"ids have other digests: if column {ids!r} does not tell records apart, {switch('ignore', [ids])} sets it "
        f"aside; {switch('max_rejects', 1.0)} takes the list as it stands"
    )


@checked
def read_list(
    path: ListPath,
    *,
    on_reject: Callable[[Reject], None] | None = None,
    now: datetime | None = None,
) -> ListReader:
    """Return an iterator over the entries of a list, as they stand in it: not merged, deletes included.

    Parameters
    ----------
    path : path or ListSource
        A file, packed (.gz, .bz2, .xz, .zst, .zip) or not, or a directory of pages, read in name order. What its
        content does not say (which column means what, of which algorithm digests are) stands in a `ListSource`.
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
        Here: nothing at `path`. While iterating: nothing says for sure what a column holds. At the end: no
        usable record at all, too many rejects, a list that is cut off, or digests that are not what they
        were taken for; the message says which switch allows it.
    ValueError
        No such format.

    Notes
    -----
    Streams: memory does not grow with the list.

    Examples
    --------
    >>> reader = read_list("list.csv")
    >>> live = [entry for entry in reader if not entry.deleted]
    >>> len(live), reader.report.n_rejects
    (1, 0)
    >>> next(read_list(safehash.ListSource("list.csv", name="partner"))).source
    'partner'
    """
    asked = ListSource.of(path)
    when = datetime.now(timezone.utc) if now is None else now.astimezone(timezone.utc)
    options = ReadOptions(
        source=asked.list_name,
        algorithm=asked.algorithm,
        notation=asked.notation,
        columns=asked.columns,
        ignore=asked.ignore,
        max_rejects=asked.max_rejects,
        allow_cut=asked.allow_cut,
        now=when.replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
    )
    chosen = None if asked.format is None else format_named(asked.format)
    return ListReader._made(Path(asked.path), format=chosen, options=options, on_reject=on_reject)
