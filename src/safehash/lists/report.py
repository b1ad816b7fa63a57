"""What was met in one list, and what of it could not be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._face import public_value
from .._frozen import freeze_mappings
from .entry import Entry

__all__ = ["ColumnUse", "ListReport", "Reject"]


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One record that could not be used.

    Made by `read_list`.

    Attributes
    ----------
    page : str
        Name of the file, also when the list is a directory of pages.
    unit : str
        What `position` counts: "line" or "record", from 1.
    position : int
    reason : str
        What was found and what was expected; never more than the first digits of a digest.

    Examples
    --------
    >>> print(Reject(page="list.csv", unit="line", position=3, reason="expected 64 hexadecimal digits, found 12"))
    list.csv, line 3: expected 64 hexadecimal digits, found 12
    """

    page: str
    unit: str
    position: int
    reason: str

    def __str__(self) -> str:
        return f"{self.page}, {self.unit} {self.position}: {self.reason}"


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """What one column of a table was taken for.

    Made by `read_list`.

    Attributes
    ----------
    page : str
        Name of the file.
    name : str
    meaning : str
        What it was taken for: "pdq digest", "deleted", "kept as it came" ...
    how : str
        Why: "told", "by its name", "by what it holds" or "".
    examples : tuple of str
        Two of its cells; never more than the first digits of a digest.

    Examples
    --------
    >>> [(use.name, use.meaning) for use in safehash.load_list("list.csv").report.columns][-1]
    ('labels', 'labels')
    """

    page: str
    name: str
    meaning: str
    how: str
    examples: tuple[str, ...]


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListReport:
    """What was found in one list, whatever became of it.

    Made by `read_list`.

    Attributes
    ----------
    path, name : str
        As named by the caller; the name its entries carry as `source`.
    formats : tuple of str
        The formats of its pages, in order of appearance.
    n_pages, n_bytes : int
        Files read; their size as stored.
    n_records : int
        Records met, usable or not.
    entries : mapping of str to int
        Live entries read, by algorithm (foreign digests under their own name), before merging.
    n_deletes, n_rejects, n_suspicious : int
    rejects : tuple of Reject
        The first 20.
    suspicious : tuple of Entry
        The first 20 entries whose digest is suspicious.
    columns : tuple of ColumnUse
        What the columns of tables were taken for.
    notes : tuple of str
        Whatever was assumed or odd: ambiguous digests, replaced bytes, a format that looks otherwise.
    newest : str or None
        The latest `updated` met, ISO 8601, UTC.
    refresh_days : int or None
        After how many days without refresh this format's rules call a list stale.
    snapshot : str
        SHA-256 of the list's bytes, hexadecimal; "" until all was read.

    Examples
    --------
    >>> report = safehash.load_list("list.csv").report
    >>> report.n_records, report.n_rejects, dict(report.entries)
    (1, 0, {'pdq': 1})
    """

    path: str
    name: str
    formats: tuple[str, ...] = ()
    n_pages: int = 0
    n_bytes: int = 0
    n_records: int = 0
    entries: Mapping[str, int] = field(default_factory=dict)
    n_deletes: int = 0
    n_rejects: int = 0
    n_suspicious: int = 0
    rejects: tuple[Reject, ...] = ()
    suspicious: tuple[Entry, ...] = ()
    columns: tuple[ColumnUse, ...] = ()
    notes: tuple[str, ...] = ()
    newest: str | None = None
    refresh_days: int | None = None
    snapshot: str = ""

    def __post_init__(self) -> None:
        freeze_mappings(self)

    @property
    def n_entries(self) -> int:
        """Live entries of all algorithms, before merging.

        Examples
        --------
        >>> safehash.load_list("list.csv").report.n_entries
        1
        """
        return sum(self.entries.values())

    def to_record(self) -> dict[str, Any]:
        """Return the report as plain data, as ``lists check --json`` prints it.

        Examples
        --------
        >>> safehash.load_list("list.csv").report.to_record()["name"]
        'list'
        """
        return {
            "path": self.path,
            "name": self.name,
            "formats": list(self.formats),
            "pages": self.n_pages,
            "bytes": self.n_bytes,
            "records": self.n_records,
            "entries": dict(self.entries),
            "deletes": self.n_deletes,
            "rejects": self.n_rejects,
            "first_rejects": [
                {"page": r.page, "unit": r.unit, "position": r.position, "reason": r.reason}
                for r in self.rejects
            ],
            "suspicious": self.n_suspicious,
            "columns": [
                {
                    "page": c.page,
                    "name": c.name,
                    "meaning": c.meaning,
                    "how": c.how,
                    "examples": list(c.examples),
                }
                for c in self.columns
            ],
            "notes": list(self.notes),
            "newest": self.newest,
            "refresh_days": self.refresh_days,
            "snapshot": self.snapshot,
        }
