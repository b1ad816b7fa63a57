"""Quarantine list entries that match more uploads than a real one could."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from .._face import checked, public_value
from ..errors import logger_of
from ..lists.entry import shown_key
from .decision import Decision
from .settings import FloodLimits

__all__ = ["FloodGuard", "Quarantined", "quarantined"]

_USUAL = FloodLimits()
_LOG = logger_of(__name__)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One entry that was taken out of service.

    Made by a `FloodGuard`.

    Attributes
    ----------
    entry : hashable
        What the guard knows the entry by.
    n_matches : int
        Uploads it matched until now, those after the quarantine included.
    n_uploads : int
        Uploads seen when it was quarantined.
    n_matches_then : int
        Uploads it had matched by then.

    Examples
    --------
    >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
    >>> _ = guard.record([("own", "id", "b-1")])
    >>> [(each.entry, each.share) for each in guard.quarantined()]
    [(('own', 'id', 'b-1'), 1.0)]
    """

    entry: Hashable
    n_matches: int
    n_uploads: int
    n_matches_then: int

    @property
    def share(self) -> float:
        """Which part of all uploads it matched when it was quarantined.

        Examples
        --------
        >>> Quarantined(entry="b-1", n_matches=9, n_uploads=100, n_matches_then=5).share
        0.05
        """
        return self.n_matches_then / self.n_uploads


@checked
class FloodGuard:
    """Counts each entry's matches; one that matches too large a share of uploads is quarantined.

    One bad hash (a blank page, a platform's own logo) floods a review queue. What a quarantined entry matches
    is reported as suppressed, not forgotten, and `release` puts it back into service.

    Parameters
    ----------
    limits : FloodLimits
        When an entry is quarantined.

    Notes
    -----
    Safe to share between threads. Memory grows with the number of entries that ever matched.

    Examples
    --------
    >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=2, min_uploads=2))
    >>> [sorted(guard.record(["entry"])) for _ in range(3)]
    [[], ['entry'], ['entry']]
    >>> guard.release("entry")
    True
    """

    def __init__(self, limits: FloodLimits = _USUAL) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._n_uploads = 0
        self._matches: Counter[Hashable] = Counter()
        self._quarantined: dict[Hashable, tuple[int, int]] = {}
        self._released: set[Hashable] = set()

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "a FloodGuard counts in one process and does not pickle: give FloodLimits to Settings, and bring counts "
            "together with `counts` and `merge_counts`"
        )

    def record(self, entries: Iterable[Hashable]) -> frozenset[Hashable]:
        """Count one upload and the entries it matched; return those of them that are quarantined.

        Parameters
        ----------
        entries : iterable of hashable
            What identifies each matched entry, such as ``entry.key``; repetitions count once.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> guard.record(["entry"])
        frozenset({'entry'})
        """
        matched = set(entries)
        with self._lock:
            self._n_uploads += 1
            fresh = [(entry, *self._quarantined[entry]) for entry in matched if self._count(entry, 1)]
            flooding = frozenset(matched & self._quarantined.keys())
        self._log(fresh)
        return flooding

    def merge_counts(self, n_uploads: int, matches: Iterable[tuple[Hashable, int]]) -> None:
        """Add what another process counted, as `counts` gave it there.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> guard.merge_counts(10, [("entry", 9)])
        >>> guard.is_quarantined("entry")
        True
        """
        with self._lock:
            self._n_uploads += n_uploads
            fresh = [(entry, *self._quarantined[entry]) for entry, n in matches if self._count(entry, n)]
        self._log(fresh)

    def counts(self) -> tuple[int, dict[Hashable, int]]:
        """Return how many uploads were seen, and how many of them each entry matched.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> _ = guard.record(["entry"])
        >>> guard.counts()
        (1, {'entry': 1})
        """
        with self._lock:
            return self._n_uploads, dict(self._matches)

    def is_quarantined(self, entry: Hashable) -> bool:
        """Tell whether what this entry matches is suppressed.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> guard.is_quarantined("entry")
        False
        """
        with self._lock:
            return entry in self._quarantined

    def quarantined(self) -> tuple[Quarantined, ...]:
        """Return the entries that are out of service, the busiest first.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> _ = guard.record(["entry"])
        >>> [each.n_matches for each in guard.quarantined()]
        [1]
        """
        with self._lock:
            found = [
                Quarantined(
                    entry=entry, n_matches=self._matches[entry], n_uploads=n_uploads, n_matches_then=n_then
                )
                for entry, (n_uploads, n_then) in self._quarantined.items()
            ]
        return tuple(sorted(found, key=lambda each: -each.n_matches))

    def quarantine(self, entry: Hashable, *, n_uploads: int, n_matches: int) -> None:
        """Take an entry out of service that another process, or one before this, found to flood.

        Without effect where it was released, or is out of service already.

        Parameters
        ----------
        entry : hashable
        n_uploads, n_matches : int
            Uploads seen there when it was quarantined, and how many of them it had matched.

        Examples
        --------
        >>> guard = FloodGuard()
        >>> guard.quarantine("entry", n_uploads=1000, n_matches=40)
        >>> guard.quarantined()[0].share
        0.04
        """
        with self._lock:
            if entry not in self._released:
                self._quarantined.setdefault(entry, (n_uploads, n_matches))

    def release(self, entry: Hashable) -> bool:
        """Put an entry back into service for good; return whether it was quarantined.

        Examples
        --------
        >>> guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=1))
        >>> guard.release("entry")  # it was not quarantined, and never will be
        False
        """
        with self._lock:
            self._released.add(entry)
            return self._quarantined.pop(entry, None) is not None

    def _count(self, entry: Hashable, n_matches: int) -> bool:
        """Count matches of an entry; return whether they are what quarantines it."""
        self._matches[entry] += n_matches
        if entry in self._quarantined or entry in self._released or not self._floods(entry):
            return False
        self._quarantined[entry] = (self._n_uploads, self._matches[entry])
        return True

    def _log(self, fresh: Iterable[tuple[Hashable, int, int]]) -> None:
        for entry, n_uploads, n_matches in fresh:  # which another thread may have released by now
            shown = shown_key(entry) if isinstance(entry, tuple) and len(entry) == 3 else "of another kind"
            _LOG.warning("quarantined: entry %s matched %d of %d uploads", shown, n_matches, n_uploads)

    def _floods(self, entry: Hashable) -> bool:
        n_matches = self._matches[entry]
        return (
            n_matches >= self._limits.min_matches
            and self._n_uploads >= self._limits.min_uploads
            and n_matches > self._limits.max_share * self._n_uploads
        )


def quarantined(decision: Decision, guard: FloodGuard) -> Decision:
    """Count a decision's standing matches; return it with those of flooding entries cancelled."""
    flooding = guard.record(match.entry.key for match in decision.standing)
    return decision.suppressing(flooding, by="quarantine")
