"""What changed between two runs of a catalog: matches found and lost, files new, changed, gone and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._face import checked, public_value
from ..errors import CatalogError
from ..hashing.algorithms import SHOWN_DIGITS
from ..matching.printable import printable
from .holdings import name_text, text_of_digest
from .places import shown_path
from .schema import SKIPPED

if TYPE_CHECKING:
    from .catalog import Catalog
    from .store import Store

__all__ = ["Change", "changes", "last_look"]

#: Pairs of notes that undo each other: what remains of a series is its last, unless that restores how it began.
_OPPOSITES = {
    "found": {"lost", "left"},
    "lost": {"found"},
    "left": {"found"},
    "cancelled": {"restored"},
    "restored": {"cancelled"},
    "gone": {"back"},
    "back": {"gone"},
}
#: Notes that speak of one thing.
_ABOUT = {
    "found": "match", "lost": "match", "left": "match", "cancelled": "standing", "restored": "standing",
    "gone": "presence", "back": "presence", "changed": "content", "new": "new",
}  # fmt: skip


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two runs of a catalog.

    Made by `Catalog.changes`.

    Attributes
    ----------
    kind : str
        "found", "lost", "left" (the entry left its list), "cancelled" or "restored" (by reviewers); of a file "new",
        "changed", "gone", "back".
    path, member : str
    source, entry, algorithm, digest, labels
        Of a match: the entry; its digest is whole.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     found = list(catalog.changes(after=0, to=1))
    >>> [(change.kind, change.source, change.entry) for change in found]
    [('new', None, None), ('new', None, None), ('found', 'list', 'b-1')]
    """

    kind: str
    path: str
    member: str | None = None
    source: str | None = None
    entry: str | None = None
    algorithm: str | None = None
    digest: str | None = None
    labels: tuple[str, ...] = ()

    def to_record(self, *, full_hashes: bool = False) -> dict[str, Any]:
        """Return the change as plain data.

        Examples
        --------
        >>> Change(kind="gone", path="a.jpg").to_record()
        {'type': 'change', 'kind': 'gone', 'path': 'a.jpg'}
        """
        record: dict[str, Any] = {"type": "change", "kind": self.kind, "path": self.path}
        if self.member is not None:
            record["member"] = self.member
        if self.source is not None:
            digest = self.digest if full_hashes or self.digest is None else self.digest[:SHOWN_DIGITS]
            record.update(
                list=self.source,
                id=self.entry,
                labels=list(self.labels),
                algorithm=self.algorithm,
                hash=digest,
            )
        return record

    def line(self) -> str:
        """Return the change as a line for people.

        Examples
        --------
        >>> Change(kind="gone", path="a.jpg").line()
        'a.jpg: GONE'
        """
        name = printable(self.path) + ("" if self.member is None else f" \u203a {printable(self.member)}")
        if self.source is None:
            return f"{name}: {self.kind.upper()}"
        entry = printable(self.source) + ("" if self.entry is None else f" #{printable(self.entry)}")
        return "  ".join(
            [f"{name}: {self.kind.upper()}", *filter(None, [", ".join(map(printable, self.labels))]), entry]
        )


def changes(catalog: Catalog, *, after: int, to: int) -> Iterator[Change]:
    """Do what `Catalog.changes` says, of a catalog."""
    store = catalog._store
    for number in (after, to):
        if number and not store.number("SELECT count(*) FROM runs WHERE id = ?", (number,)):
            last = store.number("SELECT max(id) FROM runs")
            raise CatalogError(
                f"{store.path}: no run {number}; {f'the last is {last}' if last else 'there are none'}"
            )
    return _changes(store, after, to)


def _changes(store: Store, after: int, to: int) -> Iterator[Change]:
    for root, path, member in store.query(
        "SELECT roots.path, files.path, member FROM files JOIN roots ON roots.id = root"
        f" WHERE first_run > ? AND first_run <= ? AND outcome <> '{SKIPPED}'"
        " ORDER BY roots.path, files.path, position",
        (after, to),
    ):
        yield Change(kind="new", path=shown_path(bytes(root), bytes(path)), member=name_text(member))
    series: list[str] = []
    before: tuple[Any, ...] | None = None
    for kind, *facts in store.query(
        "SELECT kind, file, list, entry, changes.algorithm, changes.digest, labels, roots.path, files.path, member"
        " FROM changes JOIN files ON files.id = file JOIN roots ON roots.id = root"
        " WHERE run > ? AND run <= ? ORDER BY roots.path, files.path, position, list, entry, changes.digest,"
        " changes.id",
        (after, to),
    ):
        thing = (*facts[:5], *facts[6:])
        if before is not None and thing != before[0]:
            yield from _net(series, before[1])
            series = []
        before = (thing, facts)
        series.append(kind)
    if before is not None:
        yield from _net(series, before[1])


def _net(series: list[str], facts: list[Any]) -> Iterator[Change]:
    """Yield what is left of the notes on one match or file."""
    _, source, entry, algorithm, digest, labels, root, path, member = facts
    for about in dict.fromkeys(_ABOUT[kind] for kind in series):
        own = [kind for kind in series if _ABOUT[kind] == about]
        if len(own) > 1 and own[-1] in _OPPOSITES.get(own[0], ()):
            continue  # as it was before
        yield Change(
            kind=own[-1], path=shown_path(bytes(root), bytes(path)), member=name_text(member), source=source,
            entry=entry, algorithm=algorithm, digest=text_of_digest(digest),
            labels=() if labels is None else tuple(json.loads(labels)),
        )  # fmt: skip


def last_look(catalog: Catalog) -> int:
    """Return the number of the last scan or re-match.

    Raises
    ------
    CatalogError
        There was none.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     last_look(catalog)
    1
    """
    number = catalog._store.number("SELECT max(id) FROM runs WHERE kind IN ('scan', 'rematch')")
    if not number:
        raise CatalogError(f"{catalog.path}: nothing was scanned yet")
    return number
