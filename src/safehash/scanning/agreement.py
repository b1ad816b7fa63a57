"""How far reviewers agree with lists: counted by list and label, and what they confirmed, as opinions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._face import public_value
from ..hashing.hashes import Algorithm, Hash
from ..lists.entry import Entry, Opinion
from .reviews import Judged, judged
from .sightings import EntryKey

if TYPE_CHECKING:
    from .catalog import Catalog

__all__ = ["Agreement", "agreement", "confirmed", "rejected_lists"]

#: A list is named when reviewers found more of its matches wrong than right, among at least so many.
_LEAST_JUDGED = 5


@public_value
@dataclass(slots=True, kw_only=True)
class Agreement:
    """What reviewers made of the matches of one list, or with one label.

    Made by `Catalog.agreement`.

    Attributes
    ----------
    right, wrong, unsure, conflict : int
        Entries for pictures; copies of a file count once. "conflict": reviewers contradict each other.

    Examples
    --------
    >>> Agreement(right=2, wrong=1).n_clear
    3
    """

    right: int = 0
    wrong: int = 0
    unsure: int = 0
    conflict: int = 0

    @property
    def n_clear(self) -> int:
        """How many are right or wrong without contradiction.

        Examples
        --------
        >>> Agreement(right=2, wrong=1, unsure=4).n_clear
        3
        """
        return self.right + self.wrong

    @property
    def is_rejected(self) -> bool:
        """Whether reviewers reject most of it, as far as enough was reviewed to say so.

        Examples
        --------
        >>> Agreement(right=1, wrong=4).is_rejected, Agreement(wrong=1).is_rejected
        (True, False)
        """
        return self.n_clear >= _LEAST_JUDGED and self.wrong > self.right

    def to_record(self) -> dict[str, Any]:
        """Return the counts as plain data.

        Examples
        --------
        >>> Agreement(right=2).to_record()["right"]
        2
        """
        return {
            "right": self.right, "wrong": self.wrong, "unsure": self.unsure, "conflict": self.conflict,
            "rejected": self.is_rejected,
        }  # fmt: skip


def agreement(catalog: Catalog) -> dict[str, dict[str, Agreement]]:
    """Return what reviewers made of each list and each label: ``{"lists": {...}, "labels": {...}}``.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     agreement(catalog)
    {'lists': {}, 'labels': {}}
    """
    lists: dict[str, Agreement] = {}
    labels: dict[str, Agreement] = {}
    for each in judged(catalog._store):
        _count(lists.setdefault(each.key.source, Agreement()), each.standing)
        for label in each.labels:
            _count(labels.setdefault(label, Agreement()), each.standing)
    return {"lists": dict(sorted(lists.items())), "labels": dict(sorted(labels.items()))}


def _count(found: Agreement, standing: str) -> None:
    setattr(found, standing, getattr(found, standing) + 1)


def rejected_lists(catalog: Catalog) -> list[str]:
    """Return the lists whose matches reviewers reject."""
    return [name for name, each in agreement(catalog)["lists"].items() if each.is_rejected]


def confirmed(catalog: Catalog, *, owner: str) -> Iterator[Entry]:
    """Yield the entries that reviewers confirmed on at least one picture, each with `owner`'s opinion of it.

    A wrong match says that a picture is another one, nothing of the entry: it makes no opinion.

    Parameters
    ----------
    catalog : Catalog
    owner : str
        Whose opinion it is: the organisation's name or id as the exchange knows it.
    """
    found: dict[EntryKey, Judged] = {}
    for each in judged(catalog._store):
        if each.standing == "right":
            found.setdefault(each.key, each)
    for key in sorted(found, key=lambda key: (key.source, key.entry or "", key.digest or b"")):
        labels = tuple(sorted(set(found[key].labels)))
        yield Entry(
            hash=Hash(Algorithm(key.algorithm or ""), key.digest or b""),
            id=key.entry,
            source=key.source,
            labels=labels,
            owners=(Opinion(owner=owner, category="positive", labels=labels),),
        )
