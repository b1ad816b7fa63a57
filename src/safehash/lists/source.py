"""Where a list is, and what its reader is told beforehand."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._face import checked, public_value
from .._frozen import FrozenMap
from ..errors import ListError
from ..hashing.hashes import Algorithm

__all__ = [
    "LAST_GOOD",
    "MAX_REJECTS",
    "MAX_SHRINK",
    "NOTATIONS",
    "PACKED",
    "SIGNATURE",
    "ListPath",
    "ListSource",
    "beside",
    "check_names",
    "named_path",
]

#: Share of a list's records that may be rejected before the list is refused.
MAX_REJECTS = 0.05

#: Share of a list's live entries that may vanish without an explicit delete before an update is refused.
MAX_SHRINK = 0.20

#: In what digests may be written.
NOTATIONS = ("hex", "base64", "decimal", "bits")

#: What the name of a list's last good state ends in; in a directory of pages it is none.
LAST_GOOD = ".last-good"
#: What the name of a list's signature ends in.
SIGNATURE = ".sig"

#: What may stand around a list; taken off its file's name, as one more ending is, for the list's name.
PACKED = (".gz", ".bz2", ".zip", ".xz", ".zst")


@checked
@public_value
@dataclass(frozen=True, slots=True, init=False)
class ListSource:
    """One list: its file or directory of pages, its name, and what the file cannot say of itself.

    Taken wherever the path of a list is.

    Attributes
    ----------
    path : str
        A file, packed or not, or a directory of pages.
    name : str or None
        What the list is called: what is matched carries it as `source`, and what a record calls its own source as
        ``extra["source"]``. The file's name without its endings
        otherwise.
    format : str or None
        The name of one of the formats of docs/formats.md; recognised by content otherwise.
    algorithm : Algorithm or None
        What digests are that the list does not tell apart: 64 hexadecimal digits are PDQ or SHA-256.
    notation : str or None
        In what digests are written: "hex", "base64", "decimal" (signed or unsigned) or "bits"; hexadecimal
        digits otherwise, or what a column's name says.
    columns : mapping of str to tuple of str
        Which columns (in JSON, fields) mean what: ``{"hash": "File MD5", "deleted": "revoked"}``. A column
        without a name is called "column2", after its place.
    ignore : tuple of str
        Columns that are set aside, by name, whatever they seem to say.
    max_rejects : float
        Share of the records, from 0 to 1, that may be rejected before the list is refused.
    allow_cut : bool
        Use what is left of a list that breaks off, or was changed after it was written.
    max_shrink : float
        Share of the live entries, from 0 to 1, that an update may lose without deletes before it is refused.

    Raises
    ------
    ValueError
        A name is empty, a share is not within 0 and 1, or there is no such algorithm, notation or meaning.

    Examples
    --------
    >>> source = ListSource("exports/2026-10.csv", name="partner", columns={"hash": "File MD5"})
    >>> source.list_name
    'partner'
    >>> ListSource("exports/2026-10.csv.gz").list_name
    '2026-10'
    """

    path: str
    name: str | None
    format: str | None
    algorithm: Algorithm | None
    notation: str | None
    columns: Mapping[str, tuple[str, ...]]
    ignore: tuple[str, ...]
    max_rejects: float
    allow_cut: bool
    max_shrink: float

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        format: str | None = None,
        algorithm: str | Algorithm | None = None,
        notation: str | None = None,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        ignore: str | Iterable[str] = (),
        max_rejects: float = MAX_REJECTS,
        allow_cut: bool = False,
        max_shrink: float = MAX_SHRINK,
    ) -> None:
        for title, share in (("max_rejects", max_rejects), ("max_shrink", max_shrink)):
            if not 0 <= share <= 1:
                raise ValueError(f"{title} is a share from 0 to 1, not {share}")
        if name is not None and not name.strip():
            raise ValueError("the name of a list is empty")
        if name is not None and not name.isprintable():
            raise ValueError(f"the name of a list has only characters that can be shown: {name!r}")
        if notation is not None and notation not in NOTATIONS:
            raise ValueError(f"a notation is one of {', '.join(NOTATIONS)}, not {notation!r}")
        if isinstance(ignore, str):
            ignore = (ignore,)
        named = {
            meaning: (column,) if isinstance(column, str) else tuple(column)
            for meaning, column in (columns or {}).items()
        }
        if named:
            from .formats.columns import check_columns

            check_columns(named)
        for attribute, value in (
            ("path", os.fspath(path)),
            ("name", name),
            ("format", format),
            ("algorithm", None if algorithm is None else Algorithm(algorithm)),
            ("notation", notation),
            ("columns", FrozenMap(named)),
            ("ignore", tuple(ignore)),
            ("max_rejects", max_rejects),
            ("allow_cut", allow_cut),
            ("max_shrink", max_shrink),
        ):
            object.__setattr__(self, attribute, value)

    @classmethod
    def of(cls, source: ListSource | str | os.PathLike[str], **options: Any) -> ListSource:
        """Return `source` as a ListSource, with those of `options` that are not None in place of its own.

        Examples
        --------
        >>> ListSource.of("own.csv", name="own").name
        'own'
        """
        given = {name: value for name, value in options.items() if value is not None}
        if isinstance(source, ListSource):
            return replace(source, **given) if given else source
        return cls(source, **given)

    @classmethod
    def parse(cls, text: str, **options: Any) -> ListSource:
        """Return the source that ``NAME=PATH`` or ``PATH`` names, as command lines give it.

        What stands before the first "=" is a name unless a "/" is in it: write ``./a=b.csv`` for a path.

        Examples
        --------
        >>> ListSource.parse("partner=exports/2026-10.csv").list_name
        'partner'
        >>> ListSource.parse("exports/a=b.csv").list_name
        'a=b'
        """
        name, equals, path = text.partition("=")
        if equals and name.strip() and path and "/" not in name and os.sep not in name:
            return cls(path, name=name.strip(), **options)
        return cls(text, **options)

    @property
    def list_name(self) -> str:
        """What the list is called: as told, or its file's name without ".gz" and one more ending.

        Examples
        --------
        >>> ListSource("exports/2026-10.csv.gz").list_name
        '2026-10'
        """
        if self.name is not None:
            return self.name
        name = named_path(self.path).name
        for ending in PACKED:
            name = name.removesuffix(ending)
        return Path(name).stem or name


#: What names a list wherever one is taken.
ListPath = ListSource | str | os.PathLike[str]


def named_path(path: str | os.PathLike[str]) -> Path:
    """Return where a list is by a path that has a name: "." has none, the folder has.

    Raises
    ------
    ListError
        An empty path: nobody named a list, and the folder one happens to be in is none.
    """
    if not os.fspath(path):
        raise ListError("an empty path names no list")
    found = Path(path)
    return found if found.name else found.resolve()


def beside(source: ListSource, ending: str) -> Path:
    """Return where a file that goes with a list stands: under its whole name and an ending."""
    path = named_path(source.path)
    return path.with_name(path.name + ending)


def check_names(sources: Iterable[ListSource]) -> None:
    """Refuse two lists of one name: their entries, thresholds and policies could not be told apart.

    Letters that look alike are alike, however their accents are written.

    Raises
    ------
    ListError
        Two have one name.
    """
    known: dict[str, ListSource] = {}
    for source in sources:
        other = known.setdefault(unicodedata.normalize("NFC", source.list_name), source)
        if other is not source:
            raise ListError(
                f"two lists are called {source.list_name!r} (the other is {other.path}): "
                "give one a name of its own, NAME=PATH or ListSource(path, name=...)",
                path=source.path,
            )
