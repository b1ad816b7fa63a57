"""Which entries of a list are matched against, and how closely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ListError
from ..hashing.hashes import Algorithm, Hash
from .entry import CATEGORIES, Entry
from .loading import LoadedList
from .report import ListReport
from .suspicion import perhaps_suspicious, suspicion
from .table import EntryTable

__all__ = ["ListPolicy", "Policy", "Selection", "staleness"]

_THRESHOLDS: tuple[tuple[str, int], ...] = (("pdq", 31), ("phash", 8), ("phash256", 51))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPolicy:
    """What differs for one list; None leaves the policy's own setting.

    Attributes
    ----------
    max_distance : mapping of str to int, or None
        Thresholds in bits by algorithm; algorithms that are missing keep the policy's.
    min_quality : int or None
        For the list's entries whose quality is known; uploads keep the policy's own floor.
    categories : tuple of str or None
    include_labels, exclude_labels : frozenset of str or None
    include_suspicious : bool or None
    max_age_days : float or None
    require_fresh : bool or None
    """

    max_distance: Mapping[str, int] | None = None
    min_quality: int | None = None
    categories: tuple[str, ...] | None = None
    include_labels: frozenset[str] | None = None
    exclude_labels: frozenset[str] | None = None
    include_suspicious: bool | None = None
    max_age_days: float | None = None
    require_fresh: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a policy takes of one list.

    Attributes
    ----------
    rows : int64, shape (n,)
        Rows of the list's table, ascending.
    left_out : mapping of str to int
        How many rows were not taken, by reason.
    """

    rows: npt.NDArray[np.int64]
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How lists are used: thresholds, and which entries count.

    Attributes
    ----------
    max_distance : mapping of str to int
        A match is at most this many bits away, by algorithm. The defaults come from docs/hashes.md.
    min_quality : int
        Entries whose own quality is known to be lower are left out, and so are uploads.
    categories : tuple of str
        Which entries match. "negative" never does unless named here; a match says its entry's category.
    include_labels : frozenset of str or None
        An entry must carry one of these; None for all.
    exclude_labels : frozenset of str
        An entry must carry none of these.
    include_suspicious : bool
        Match digests of blank pictures and the like (`lists.suspicion`), too.
    max_age_days : float or None
        Entries not updated for longer are left out; entries without a date are kept.
    refresh_days : float or None
        A list not refreshed for longer is stale; None for its format's own rule.
    require_fresh : bool
        Refuse to use a stale list.
    per_list : mapping of str to ListPolicy
        What differs, by list name.

    Raises
    ------
    ValueError
        An unknown category or algorithm, or a number out of range.
    """

    max_distance: Mapping[str, int] = field(default_factory=lambda: dict(_THRESHOLDS))
    min_quality: int = 50
    categories: tuple[str, ...] = ("positive", "seed", "disputed")
    include_labels: frozenset[str] | None = None
    exclude_labels: frozenset[str] = frozenset()
    include_suspicious: bool = False
    max_age_days: float | None = None
    refresh_days: float | None = None
    require_fresh: bool = False
    per_list: Mapping[str, ListPolicy] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_distance", {**dict(_THRESHOLDS), **self.max_distance})
        _check(self)
        for each in self.per_list.values():
            _check(each)

    def of_list(self, name: str) -> Policy:
        """Return the policy for the list called `name`, with what differs for it put in."""
        own = self.per_list.get(name)
        if own is None:
            return self
        return Policy(
            max_distance={**self.max_distance, **(own.max_distance or {})},
            min_quality=_first(own.min_quality, self.min_quality),
            categories=_first(own.categories, self.categories),
            include_labels=_first(own.include_labels, self.include_labels),
            exclude_labels=_first(own.exclude_labels, self.exclude_labels),
            include_suspicious=_first(own.include_suspicious, self.include_suspicious),
            max_age_days=_first(own.max_age_days, self.max_age_days),
            refresh_days=self.refresh_days,
            require_fresh=_first(own.require_fresh, self.require_fresh),
        )

    def reason_against(self, entry: Entry, *, now: datetime | None = None) -> str | None:
        """Return why `entry` is not matched against, None where it is.

        `per_list` is not looked at; ask `of_list` first.
        """
        value = entry.hash
        if entry.deleted:
            return "deleted"
        if not isinstance(value, Hash):
            return "not computed here"
        reason = self._against_common(entry)
        if reason is not None:
            return reason
        if value.quality is not None and value.quality < self.min_quality:
            return "low quality"
        if self._is_too_old(entry.updated or entry.created, _now(now)):
            return "too old"
        if not self.include_suspicious and suspicion(value) is not None:
            return "suspicious"
        return None

    def select(self, loaded: LoadedList, *, now: datetime | None = None) -> Selection:
        """Return the rows of a list that are matched against, by the policy for that list.

        Raises
        ------
        ListError
            The list is stale and `require_fresh` is set.
        """
        policy = self.of_list(loaded.name)
        when = _now(now)
        if policy.require_fresh:
            stale = staleness(loaded.report, now=when, refresh_days=policy.refresh_days)
            if stale is not None:
                raise ListError(f"{stale}; require_fresh is set", path=loaded.report.path)
        return policy._selected(loaded.table, when)

    def _selected(self, table: EntryTable, when: datetime) -> Selection:
        taken = np.zeros(len(table), np.bool_)
        left_out: Counter[str] = Counter()
        columns = table.columns()
        against = [self._against_common(entry) for entry in columns.models]
        meta_ok = np.array([reason is None for reason in against], np.bool_)
        n_computed = 0
        for algorithm in Algorithm:
            rows, digests = table.digests(algorithm)
            n_computed += rows.shape[0]
            if not rows.size:
                continue
            ok = meta_ok[columns.models_of[rows]]
            if not ok.all():
                for number, n in Counter(columns.models_of[rows[~ok]].tolist()).items():
                    left_out[str(against[number])] += n
            low = ok & (columns.qualities[rows] < self.min_quality)  # 255: not known
            left_out["low quality"] += int(low.sum())
            ok &= ~low
            if self.max_age_days is not None:
                for at in np.flatnonzero(ok).tolist():
                    entry = table[int(rows[at])]
                    if self._is_too_old(entry.updated or entry.created, when):
                        ok[at] = False
                        left_out["too old"] += 1
            if not self.include_suspicious:
                odd = [at for at in perhaps_suspicious(algorithm, digests) if ok[at]]
                odd = [at for at in odd if suspicion(Hash(algorithm, digests[at].tobytes())) is not None]
                ok[odd] = False
                left_out["suspicious"] += len(odd)
            taken[rows[ok]] = True
        left_out["not computed here"] += len(table) - n_computed
        return Selection(
            rows=np.flatnonzero(taken), left_out={reason: n for reason, n in left_out.items() if n}
        )

    def _against_common(self, entry: Entry) -> str | None:
        """Judge by what many entries share."""
        if entry.deleted:
            return "deleted"
        if entry.category not in self.categories:
            return f"category {entry.category}"
        if self.include_labels is not None and self.include_labels.isdisjoint(entry.labels):
            return "without an included label"
        if not self.exclude_labels.isdisjoint(entry.labels):
            return "with an excluded label"
        return None

    def _is_too_old(self, updated: str | None, when: datetime) -> bool:
        if self.max_age_days is None or updated is None:
            return False
        limit = when - timedelta(days=self.max_age_days)
        return updated < limit.replace(tzinfo=None).isoformat(timespec="seconds")

    def describe(self) -> dict[str, Any]:
        """Return the settings as plain data, for an audit."""
        return {
            "max_distance": dict(self.max_distance),
            "min_quality": self.min_quality,
            "categories": list(self.categories),
            "include_labels": None if self.include_labels is None else sorted(self.include_labels),
            "exclude_labels": sorted(self.exclude_labels),
            "include_suspicious": self.include_suspicious,
            "max_age_days": self.max_age_days,
            "require_fresh": self.require_fresh,
            "per_list": sorted(self.per_list),
        }


def staleness(
    report: ListReport, *, now: datetime | None = None, refresh_days: float | None = None
) -> str | None:
    """Return a sentence saying how stale a list is, None for a fresh one or one without dates.

    A list is as old as its newest record. After `refresh_days` (by default its format's own rule) without
    one, the exchange may have withdrawn hashes that this copy still holds.
    """
    limit = report.refresh_days if refresh_days is None else refresh_days
    if limit is None or report.newest is None:
        return None
    newest = datetime.fromisoformat(report.newest.removesuffix("Z")).replace(tzinfo=timezone.utc)
    age_days = (_now(now) - newest) / timedelta(days=1)
    if age_days <= limit:
        return None
    return f"stale: its newest record is {age_days:.0f} days old, to be refreshed within {limit:g}"


def _now(now: datetime | None) -> datetime:
    return datetime.now(timezone.utc) if now is None else now.astimezone(timezone.utc)


def _first(own: Any, general: Any) -> Any:
    return general if own is None else own


def _check(policy: Policy | ListPolicy) -> None:
    for name, bits in (policy.max_distance or {}).items():
        algorithm = Algorithm(name)
        if not algorithm.is_perceptual or not 0 <= bits <= algorithm.n_bits:
            raise ValueError(f"no threshold of {bits} bits for {name}")
    if policy.min_quality is not None and not 0 <= policy.min_quality <= 100:
        raise ValueError(f"a quality is 0 to 100, not {policy.min_quality}")
    for category in policy.categories or ():
        if category not in CATEGORIES:
            raise ValueError(f"no category {category!r}; there are {', '.join(CATEGORIES)}")
    if policy.max_age_days is not None and policy.max_age_days <= 0:
        raise ValueError(f"an age is more than 0 days, not {policy.max_age_days}")
