"""Which entries of a list are matched against, and how closely."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .._face import checked, public_value
from .._frozen import FrozenMap
from ..hashing.algorithms import LOW_QUALITY_DISTANCE, MOST_EVIDENCE, USUAL_DISTANCE, USUAL_QUALITY
from ..hashing.hashes import Algorithm, Hash
from .entry import CATEGORIES, Entry
from .suspicion import suspicion

__all__ = ["ListPolicy", "Policy", "all_of", "in_utc", "is_too_old", "reason_of_many"]

#: A hundred years: more says nothing, and the calendar has no day before its first year.
_MOST_DAYS = 36_525
_THRESHOLDS = {algorithm.value: bits for algorithm, bits in USUAL_DISTANCE.items()}


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListPolicy:
    """What differs for one list; None leaves the policy's own setting.

    Attributes
    ----------
    max_distance : mapping of str to int, or None
        Thresholds in bits by algorithm; algorithms that are missing keep the policy's.
    min_quality : int or None
        For the list's entries whose quality is known; uploads keep the policy's own floor.
    min_evidence : float or None
    categories : collection of str or None
    include_labels, exclude_labels : collection of str or None
    include_suspicious : bool or None
    max_age_days : float or None
    require_fresh : bool or None

    Raises
    ------
    TypeError, ValueError
        As of `Policy`.

    Examples
    --------
    >>> policy = Policy(per_list={"partner": ListPolicy(max_distance={"pdq": 20}, exclude_labels=["news"])})
    >>> policy.of_list("partner").max_distance["pdq"], policy.of_list("own").max_distance["pdq"]
    (20, 31)
    """

    max_distance: Mapping[str, int] | None = None
    min_quality: int | None = None
    min_evidence: float | None = None
    categories: Collection[str] | None = None
    include_labels: Collection[str] | None = None
    exclude_labels: Collection[str] | None = None
    include_suspicious: bool | None = None
    max_age_days: float | None = None
    require_fresh: bool | None = None

    def __post_init__(self) -> None:
        _settle(self)


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How lists are used: thresholds, and which entries count.

    Attributes
    ----------
    max_distance : mapping of str to int
        A match is at most this many bits away, by algorithm. The defaults come from docs/hashes.md.
    min_quality : int
        Entries whose own quality is known to be lower are left out, and of uploads `low_quality_distance` says how near
        an entry they must come.
    low_quality_distance : int or None
        An upload of a lower PDQ quality is looked up as it is, and matches within so many bits, or the threshold where
        that is less; None: it is not looked up at all.
    min_evidence : float or None
        A match with less evidence (`Match.evidence`, in bits; docs/matching.md) is suppressed, by "evidence"; one
        of which digests are all that is known is not. None: whatever matches is to be reviewed.
    categories : collection of str
        Which entries match. "negative" never does unless named here; a match says its entry's category.
    include_labels : collection of str or None
        An entry must carry one of these; None for all. Kept as a frozenset, as are the next.
    exclude_labels : collection of str
        An entry must carry none of these.
    include_suspicious : bool
        Match digests of blank pictures and the like (docs/formats.md), too.
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
    TypeError
        One string where several are meant.
    ValueError
        An unknown category or algorithm, or a number out of range.

    Examples
    --------
    >>> settings = safehash.Settings(policy=Policy(max_distance={"pdq": 24}, exclude_labels=["news"]))
    >>> dict(safehash.Matcher.from_files("list.csv", settings=settings).audit.thresholds)["pdq"]
    24
    """

    max_distance: Mapping[str, int] = field(default_factory=lambda: FrozenMap(_THRESHOLDS))
    min_quality: int = USUAL_QUALITY
    low_quality_distance: int | None = LOW_QUALITY_DISTANCE
    min_evidence: float | None = None
    categories: Collection[str] = ("positive", "seed", "disputed")
    include_labels: Collection[str] | None = None
    exclude_labels: Collection[str] = frozenset()
    include_suspicious: bool = False
    max_age_days: float | None = None
    refresh_days: float | None = None
    require_fresh: bool = False
    per_list: Mapping[str, ListPolicy] = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_distance", {**_THRESHOLDS, **self.max_distance})
        _settle(self)
        object.__setattr__(self, "per_list", FrozenMap(self.per_list))
        if (
            self.low_quality_distance is not None
            and not 0 <= self.low_quality_distance <= Algorithm.PDQ.n_bits
        ):
            raise ValueError(
                f"low_quality_distance is 0 to {Algorithm.PDQ.n_bits} bits, or None, not {self.low_quality_distance}"
            )

    def of_list(self, name: str) -> Policy:
        """Return the policy for the list called `name`, with what differs for it put in.

        Examples
        --------
        >>> Policy(per_list={"own": ListPolicy(min_quality=20)}).of_list("own").min_quality
        20
        """
        own = self.per_list.get(name)
        if own is None:
            return self
        return Policy(
            max_distance={**self.max_distance, **(own.max_distance or {})},
            min_quality=_first(own.min_quality, self.min_quality),
            low_quality_distance=self.low_quality_distance,
            min_evidence=_first(own.min_evidence, self.min_evidence),
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

        Examples
        --------
        >>> (entry,) = safehash.read_list("list.csv")
        >>> Policy(exclude_labels=["viral_challenge"]).reason_against(entry)
        'with an excluded label'
        """
        value = entry.hash
        if entry.deleted:
            return "deleted"
        if not isinstance(value, Hash):
            return "not computed here"
        reason = reason_of_many(self, entry)
        if reason is not None:
            return reason
        if value.quality is not None and value.quality < self.min_quality:
            return "low quality"
        if is_too_old(self, entry.updated or entry.created, in_utc(now)):
            return "too old"
        if not self.include_suspicious and suspicion(value) is not None:
            return "suspicious"
        return None

    def describe(self) -> dict[str, Any]:
        """Return the settings as plain data, for an audit.

        Examples
        --------
        >>> Policy(min_quality=60).describe()["min_quality"]
        60
        """
        return {
            "max_distance": dict(self.max_distance),
            "min_quality": self.min_quality,
            "low_quality_distance": self.low_quality_distance,
            "min_evidence": self.min_evidence,
            "categories": list(self.categories),
            "include_labels": None if self.include_labels is None else sorted(self.include_labels),
            "exclude_labels": sorted(self.exclude_labels),
            "include_suspicious": self.include_suspicious,
            "max_age_days": self.max_age_days,
            "require_fresh": self.require_fresh,
            "per_list": sorted(self.per_list),
        }


def reason_of_many(policy: Policy, entry: Entry) -> str | None:
    """Return why `entry` is not matched against, judged only by what many entries share."""
    if entry.deleted:
        return "deleted"
    if entry.category not in policy.categories:
        return f"category {entry.category}"
    labels = frozenset(entry.labels)
    if policy.include_labels is not None and labels.isdisjoint(policy.include_labels):
        return "without an included label"
    if not labels.isdisjoint(policy.exclude_labels):
        return "with an excluded label"
    return None


def is_too_old(policy: Policy, updated: str | None, when: datetime) -> bool:
    """Return whether an entry of this date (ISO 8601, UTC) is older than `max_age_days` at `when`."""
    if policy.max_age_days is None or updated is None:
        return False
    limit = when - timedelta(days=policy.max_age_days)
    return updated < limit.replace(tzinfo=None).isoformat(timespec="seconds")


def in_utc(now: datetime | None) -> datetime:
    """Return a time in UTC; None for the present one."""
    return datetime.now(timezone.utc) if now is None else now.astimezone(timezone.utc)


def _first(own: Any, general: Any) -> Any:
    return general if own is None else own


def all_of(name: str, values: object, kind: type) -> frozenset[Any]:
    """Return a collection as a frozenset; one value where several are meant would be read letter by letter.

    Raises
    ------
    TypeError
        No collection, or it holds something else; the message says what to write.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        hint = f"[{values!r}]" if isinstance(values, kind) else f"a list of {kind.__name__}"
        raise TypeError(
            f"{name} is a collection of {kind.__name__}: write {hint}, not {type(values).__name__}"
        )
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"{name} is a collection of {kind.__name__}, found {type(value).__name__} in it")
    return frozenset(values)


def _settle(policy: Policy | ListPolicy) -> None:
    """Check every field, and freeze collections."""
    for name in ("include_labels", "exclude_labels"):
        if getattr(policy, name) is not None:
            object.__setattr__(policy, name, all_of(name, getattr(policy, name), str))
    if policy.categories is not None:
        chosen = all_of("categories", policy.categories, str)
        for unknown in sorted(chosen - set(CATEGORIES)):
            raise ValueError(f"no category {unknown!r}; there are {', '.join(CATEGORIES)}")
        object.__setattr__(policy, "categories", tuple(each for each in CATEGORIES if each in chosen))
    if policy.max_distance is not None:
        object.__setattr__(policy, "max_distance", FrozenMap(policy.max_distance))
    for name, bits in (policy.max_distance or {}).items():
        algorithm = Algorithm(name)
        if not algorithm.is_perceptual or not 0 <= bits <= algorithm.n_bits:
            raise ValueError(
                f"a threshold for {name} is 0 to {algorithm.n_bits} bits, not {bits}"
                if algorithm.is_perceptual
                else f"{name} has no threshold: its digests are equal or not"
            )
    if policy.min_quality is not None and not 0 <= policy.min_quality <= 100:
        raise ValueError(f"min_quality is 0 to 100, not {policy.min_quality}")
    least = policy.min_evidence
    if least is not None:
        if isinstance(least, bool) or not isinstance(least, (int, float)):
            raise TypeError(f"min_evidence is a number of bits, or None, not {type(least).__name__}")
        if not abs(least) <= MOST_EVIDENCE:  # nor NaN
            raise ValueError(f"min_evidence is -{MOST_EVIDENCE} to {MOST_EVIDENCE} bits, not {least}")
    for name in ("max_age_days", "refresh_days"):
        days = getattr(policy, name, None)
        if days is not None and not 0 < days <= _MOST_DAYS:  # not NaN either
            raise ValueError(f"{name} is more than 0 days and at most {_MOST_DAYS}, not {days}")
