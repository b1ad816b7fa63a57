"""What an evaluation measured: one row a manipulation, the user's own lists, and the settings."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._face import checked, public_value
from .intervals import wilson
from .manipulations import FAMILIES

__all__ = ["NEAREST_WITHIN", "Evaluation", "EvaluationRow", "ListEvaluation", "ListMatch"]

#: How far an evaluation looks for the nearest entry, in bits; it says "none" of what lies farther.
NEAREST_WITHIN = 64


@public_value
@dataclass(slots=True)
class EvaluationRow:
    """What one manipulation did.

    Made by `evaluate`.

    Attributes
    ----------
    name, family : str
        Of the manipulation.
    n : int
        Pictures it was applied to.
    found : dict of str to int
        Way of looking up (an effort, or a peer's name) to how many were found again.
    false : dict of str to int
        How many uploads came near an entry of another picture.
    distances : dict of str to list of int
        Of the pictures found.
    views : Counter
        How the most thorough effort had to look.

    Examples
    --------
    >>> row = EvaluationRow("mirrored", "orientation", n=4, found=Counter(standard=3))
    >>> row.recall("standard"), row.recall("fast")
    (0.75, 0.0)
    """

    name: str
    family: str
    n: int = 0
    found: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    distances: dict[str, list[int]] = field(default_factory=dict)
    views: Counter[str] = field(default_factory=Counter)

    @checked
    def recall(self, way: str) -> float:
        """Return the share found again, 0 to 1.

        Examples
        --------
        >>> row = EvaluationRow(name="crop 10 %", family="crop", n=4)
        >>> row.found["fast"] = 3
        >>> row.recall("fast")
        0.75
        """
        return self.found[way] / self.n if self.n else 0.0

    @checked
    def interval(self, way: str) -> tuple[float, float]:
        """Return between which shares the recall lies, with 95 of 100 chances.

        Examples
        --------
        >>> row = EvaluationRow(name="crop 10 %", family="crop", n=20)
        >>> row.found["fast"] = 20
        >>> [round(each, 2) for each in row.interval("fast")]
        [0.84, 1.0]
        """
        return wilson(self.found[way], self.n)

    @checked
    def to_record(self, ways: Sequence[str]) -> dict[str, Any]:
        """Return the row as plain data.

        Examples
        --------
        >>> row = EvaluationRow(name="crop 10 %", family="crop", n=20)
        >>> row.to_record(["fast"])["family"]
        'crop'
        """
        return {
            "manipulation": self.name,
            "family": self.family,
            "images": self.n,
            "found": {way: self.found[way] for way in ways},
            "recall": {way: round(self.recall(way), 4) for way in ways},
            "recall_interval": {way: [round(end, 4) for end in self.interval(way)] for way in ways},
            "false_matches": {way: self.false[way] for way in ways},
            "median_distance": {way: statistics.median(d) for way, d in self.distances.items() if d},
            "views": dict(self.views.most_common(5)),
        }


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListMatch:
    """One altered copy that came near an entry that is not of its picture.

    Made by `evaluate`.

    Attributes
    ----------
    picture, manipulation, effort, view : str
    distance : int
        In bits.
    entry : str
        The entry's identifier, or its digest where it has none.

    Examples
    --------
    >>> match = ListMatch(
    ...     picture="a.jpg", manipulation="mirrored", effort="standard", view="mirrored", distance=22, entry="b-1"
    ... )
    >>> match.to_record()["distance"]
    22
    """

    picture: str
    manipulation: str
    effort: str
    view: str
    distance: int
    entry: str

    def to_record(self) -> dict[str, Any]:
        """Return the match as plain data.

        Examples
        --------
        >>> match = ListMatch(
        ...     picture="a.jpg", manipulation="crop 10 %", effort="fast", view="as it is", distance=3, entry="b-1"
        ... )
        >>> match.to_record()["distance"]
        3
        """
        return {name: getattr(self, name) for name in self.__slots__}


@public_value
@dataclass(slots=True)
class ListEvaluation:
    """What came near a list of the user's own, and how near.

    Made by `evaluate`.

    Attributes
    ----------
    name : str
        Of the list, as `read_list` calls it.
    n_entries : int
        Its live PDQ entries.
    n_known : int
        Pictures that are on it to begin with, those kept for collages included: they are no false matches.
    false : Counter of str
        Uploads that came near another entry, by effort.
    needs : dict of str to list of (int or None)
        For each picture that is not on the list, unaltered, and by effort: the smallest threshold at which
        some entry matches it; None where none came near.
    matches : list of ListMatch
        The first of the false matches.

    Examples
    --------
    >>> ListEvaluation("own", n_entries=3, needs={"fast": [40, None, 52]}).nearest("fast")
    40
    """

    name: str
    n_entries: int
    n_known: int = 0
    false: Counter[str] = field(default_factory=Counter)
    needs: dict[str, list[int | None]] = field(default_factory=dict)
    matches: list[ListMatch] = field(default_factory=list)

    @checked
    def nearest(self, effort: str) -> int | None:
        """Return the smallest threshold at which any picture that is not on the list matches it.

        Examples
        --------
        >>> ListEvaluation(name="own", n_entries=3).nearest("fast") is None
        True
        """
        return min((need for need in self.needs.get(effort, ()) if need is not None), default=None)

    def in_words(self) -> list[str]:
        """Return lines of text: which list, what came near it, and how near.

        Examples
        --------
        >>> isinstance(ListEvaluation(name="own", n_entries=3).in_words(), list)
        True
        """
        known = f"; {self.n_known} pictures of the folder are on it" if self.n_known else ""
        lines = [f"own list {self.name}: {self.n_entries} PDQ entries{known}"]
        for effort, needs in self.needs.items():
            least = self.nearest(effort)
            near = f"more than {NEAREST_WITHIN} bits" if least is None else f"{least} bits"
            lines.append(
                f"  {effort}: {self.false[effort]} uploads with a false match; nearest entry to an unaltered "
                f"picture: {near} ({sum(need is not None for need in needs)} of {len(needs)} within "
                f"{NEAREST_WITHIN})"
            )
        return lines

    def to_record(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON.

        Examples
        --------
        >>> ListEvaluation(name="own", n_entries=3).to_record()["name"]
        'own'
        """
        return {
            "name": self.name,
            "entries": self.n_entries,
            "pictures_on_it": self.n_known,
            "false_matches": {effort: self.false[effort] for effort in self.needs},
            "nearest": {
                effort: {
                    "least": self.nearest(effort),
                    "within": NEAREST_WITHIN,
                    "pictures": len(needs),
                    "pictures_within": sum(need is not None for need in needs),
                    "median_of_those": _median([need for need in needs if need is not None]),
                }
                for effort, needs in self.needs.items()
            },
            "matches": [match.to_record() for match in self.matches],
        }


@public_value
@dataclass(slots=True, kw_only=True)
class Evaluation:
    """What an evaluation measured, and under which settings.

    Made by `evaluate`.

    Attributes
    ----------
    n_images, n_listed, n_background, n_skipped : int
        Pictures read; of them listed, kept for collages, and too flat or unreadable.
    list_size : int
        Entries of the list, generated ones included.
    max_distance, min_quality, seed : int
    ways : tuple of str
        Efforts, then peers.
    rows : list of EvaluationRow
        One a manipulation, family by family.
    milliseconds : dict of str to float
        Median time of a look-up by effort, decoding not included; "decode" is that.
    sweep : list of dict
        Threshold, recall and false matches of every effort, over all manipulations.
    evidence : list of dict
        How often evidence of so many bits was right, over all that the most thorough effort came near to, whether it
        matched or gates kept it from that: by classes ("from", "to", in bits) "candidates", "right", "matches",
        "wrong_matches", "share_right" and its "interval" of 95 chances in 100.
    own_lists : tuple of ListEvaluation
        The user's own lists that were looked up too, and what came near them.
    seconds : float
        The evaluation took.

    Examples
    --------
    >>> measured = safehash.evaluate(
    ...     "photos",
    ...     options=safehash.EvaluationOptions(families=["orientation"], list_size=100, efforts=["standard"]),
    ... )
    >>> [(row.name, row.recall("standard")) for row in measured.rows][0]
    ('mirrored', 1.0)
    >>> "recall" in measured.as_table(), measured.as_page().startswith("<!doctype html>")
    (True, True)
    """

    version: str
    n_images: int
    n_listed: int
    n_background: int
    n_skipped: int
    list_size: int
    max_distance: int
    min_quality: int
    seed: int
    ways: tuple[str, ...]
    rows: list[EvaluationRow]
    milliseconds: dict[str, float]
    sweep: list[dict[str, Any]]
    evidence: list[dict[str, Any]] = field(default_factory=list)
    own_lists: tuple[ListEvaluation, ...]
    seconds: float

    def families(self) -> Iterator[EvaluationRow]:
        """Yield one row a family, the sum of its manipulations.

        Examples
        --------
        >>> found = safehash.evaluate(
        ...     "photos",
        ...     options=safehash.EvaluationOptions(efforts=["fast"], families=["codec"], list_size=9),
        ... )
        >>> [row.family for row in found.families()]
        ['codec']
        """
        for family in FAMILIES:
            total = EvaluationRow(family, family)
            for row in self.rows:
                if row.family == family:
                    total.n += row.n
                    total.found += row.found
                    total.false += row.false
            if total.n:
                yield total

    def to_record(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON.

        Examples
        --------
        >>> found = safehash.evaluate(
        ...     "photos",
        ...     options=safehash.EvaluationOptions(efforts=["fast"], families=["codec"], list_size=9),
        ... )
        >>> found.to_record()["type"]
        'evaluation'
        """
        return {
            "type": "evaluation",
            "version": self.version,
            "images": self.n_images,
            "listed": self.n_listed,
            "background": self.n_background,
            "skipped": self.n_skipped,
            "list_size": self.list_size,
            "max_distance": self.max_distance,
            "min_quality": self.min_quality,
            "seed": self.seed,
            "ways": list(self.ways),
            "milliseconds": {way: round(value, 3) for way, value in self.milliseconds.items()},
            "families": [row.to_record(self.ways) for row in self.families()],
            "manipulations": [row.to_record(self.ways) for row in self.rows],
            "sweep": self.sweep,
            "evidence": self.evidence,
            "own_lists": [own.to_record() for own in self.own_lists],
            "seconds": round(self.seconds, 1),
        }

    def as_table(self) -> str:
        """Return the evaluation as lines of text: one a manipulation, then the families, times and settings.

        Examples
        --------
        >>> found = safehash.evaluate(
        ...     "photos",
        ...     options=safehash.EvaluationOptions(efforts=["fast"], families=["codec"], list_size=9),
        ... )
        >>> len(found.as_table()) > 3
        True
        """
        from .page import as_table

        return as_table(self)

    def as_page(self) -> str:
        """Return the evaluation as one HTML page that loads nothing else.

        Examples
        --------
        >>> found = safehash.evaluate(
        ...     "photos",
        ...     options=safehash.EvaluationOptions(efforts=["fast"], families=["codec"], list_size=9),
        ... )
        >>> found.as_page()[:15]
        '<!doctype html>'
        """
        from .page import as_page

        return as_page(self)


def _median(values: Sequence[int]) -> float | None:
    return statistics.median(values) if values else None
