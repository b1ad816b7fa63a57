"""What is said of one upload: the outcome, the matches, and the facts an audit needs."""

from __future__ import annotations

import enum
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from .._face import checked, no_member, public_value
from ..hashing.algorithms import ALLOWED_DISTANCE, LOW_QUALITY_DISTANCE
from ..hashing.hashes import Hash
from ..images.pictures import Provenance
from ..lists.entry import Entry
from .record import decision_record, suggestion_of

__all__ = [
    "DECIDED",
    "Audit",
    "Decision",
    "ListInfo",
    "Match",
    "NearMiss",
    "Outcome",
    "in_order",
    "outcome_among",
    "outcome_of",
    "outcome_without",
]


class Outcome(str, enum.Enum):
    """How one input ended. Every input ends in exactly one.

    Examples
    --------
    >>> safehash.Matcher.from_files("list.csv").check("photo.jpg").outcome is Outcome.MATCH
    True
    """

    MATCH = "match"  #: within the threshold of a listed entry: suggest review
    NO_MATCH = "no_match"  #: hashed, looked up, nothing near
    LOW_QUALITY = "low_quality"  #: too flat for its hash to mean anything; not matched
    UNREADABLE = "unreadable"  #: damaged, empty, or its decoder failed
    TOO_LARGE = "too_large"  #: over a limit; not decoded
    UNSUPPORTED = "unsupported"  #: not an image, or a format outside the allow-list
    SUPPRESSED = (
        "suppressed"  #: each match was cancelled: allow-list, review, quarantine, too little evidence
    )

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        # Some Pythons (3.11.2) pickle a member as what `getattr` returns, which no allow-list of names may know.
        return Outcome, (self.value,)

    @classmethod
    def _missing_(cls, value: object) -> Outcome:
        raise no_member(cls, value)

    if not TYPE_CHECKING:  # as of `Decision`

        def __bool__(self) -> NoReturn:
            raise TypeError(
                "an Outcome is neither true nor false: compare it (`outcome is Outcome.MATCH`), or ask its decision "
                "(`decision.is_match`, `decision.is_decided`)"
            )


#: Outcomes that are an answer. The others say that the picture could not be looked at.
DECIDED = frozenset({Outcome.MATCH, Outcome.NO_MATCH, Outcome.LOW_QUALITY, Outcome.SUPPRESSED})


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One list entry that the upload came near to.

    Made by a `Matcher`.

    Attributes
    ----------
    entry : Entry
    distance : int
        In bits; 0 for an exact file digest.
    view : str
        How the upload had to be looked at: "as it is", "mirrored", "inside a frame" ...
    suppressed_by : str or None
        What cancelled it: the allow-list's name, "allow-list", "allowed id", "evidence" (less than
        `Policy.min_evidence` asks for), "review", or "quarantine".
    evidence : float or None
        That it is a copy, in bits: each one doubles how much more often copies look so than other pictures do
        (docs/matching.md, "Evidence"). Of several views that matched, that of the one with most. None where digests
        are all that is known.

    Examples
    --------
    >>> (match,) = safehash.Matcher.from_files("list.csv").check("photo.jpg").matches
    >>> match.entry.id, match.distance, match.view
    ('b-1', 0, 'as it is')
    """

    entry: Entry
    distance: int
    view: str = "as it is"
    suppressed_by: str | None = None
    evidence: float | None = None

    def facts(self) -> dict[str, Any]:
        """Return what there is to say of it, its entry and its list by name, the digest whole.

        Examples
        --------
        >>> (match,) = safehash.Matcher.from_files("list.csv").check("photo.jpg").matches
        >>> match.facts()["distance"]
        0
        """
        entry = self.entry
        own = entry.hash if isinstance(entry.hash, Hash) else None
        return {
            "list": entry.source,
            "id": entry.id,
            "category": entry.category,
            "labels": list(entry.labels),
            "distance": self.distance,
            "view": self.view,
            "algorithm": None if own is None else own.algorithm.value,
            "hash": None if own is None else own.hex,
            "suppressed_by": self.suppressed_by,
            "evidence": None if self.evidence is None else round(self.evidence, 1),
        }


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """One list entry that a view of the upload came near enough to, and that a gate kept from matching.

    Made by a `Matcher`.

    Attributes
    ----------
    entry : Entry
    distance : int
        In bits.
    view : str
        How the upload had to be looked at.
    gate : str
        What kept it from matching (docs/matching.md, "Gates").
    reason : str
        What the gate found, and what it wanted.
    evidence : float or None
        That it is a copy, in bits, all the same.

    Examples
    --------
    >>> safehash.Matcher.from_files("list.csv").check("photo.jpg").refused
    ()
    """

    entry: Entry
    distance: int
    view: str
    gate: str
    reason: str
    evidence: float | None = None

    def facts(self) -> dict[str, Any]:
        """Return it as plain data.

        Examples
        --------
        >>> (entry,) = safehash.read_list("list.csv")
        >>> miss = NearMiss(entry=entry, distance=30, view="part", gate="detail", reason="too flat")
        >>> miss.facts()["gate"]
        'detail'
        """
        return {
            "list": self.entry.source,
            "id": self.entry.id,
            "distance": self.distance,
            "view": self.view,
            "gate": self.gate,
            "reason": self.reason,
            "evidence": None if self.evidence is None else round(self.evidence, 1),
        }


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListInfo:
    """The list a decision was made against: its name, the digest of its content, its date and size.

    Made by a `Matcher`.

    Examples
    --------
    >>> (info,) = safehash.Matcher.from_files("list.csv").lists
    >>> info.name, info.n_entries, len(info.snapshot)
    ('list', 1, 64)
    """

    name: str
    snapshot: str  # SHA-256 of the list's bytes, hexadecimal
    loaded: str  # ISO 8601, UTC
    n_entries: int
    allow: bool = False  # a list of harmless pictures


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is needed to reproduce a decision, shared by every decision of one matcher state.

    Made by a `Matcher`.

    Examples
    --------
    >>> audit = safehash.Matcher.from_files("list.csv").audit
    >>> audit.effort, dict(audit.thresholds)["pdq"], audit.min_quality
    ('standard', 31, 50)
    """

    version: str
    algorithm: str
    effort: str
    lists: tuple[ListInfo, ...]
    thresholds: tuple[tuple[str, int], ...]
    min_quality: int
    #: Thresholds that differ for one list: (list, algorithm, bits).
    list_thresholds: tuple[tuple[str, str, int], ...] = ()
    #: How near (bits) an upload must be to an allow-listed picture.
    allow_distance: int = ALLOWED_DISTANCE
    allow_ids: tuple[str, ...] = ()
    #: How many pairs of an entry and a picture reviewers had judged (`Settings.allow_pairs`).
    n_pairs: int = 0
    #: Within how many bits uploads of a lower quality match as they are; None: not at all.
    low_quality_distance: int | None = LOW_QUALITY_DISTANCE
    #: Matches with less evidence are suppressed, in bits; None: none is.
    min_evidence: float | None = None
    #: What differs for one list: (list, bits).
    list_evidence: tuple[tuple[str, float], ...] = ()


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is said of one upload.

    Made by a `Matcher`.

    Attributes
    ----------
    outcome : Outcome
    matches : tuple of Match
        Nearest first. With SUPPRESSED, the matches that were cancelled, each saying by what.
    hash : Hash or None
        The upload's own hash as it is, when it could be computed.
    reason : str or None
        For every outcome without a hash: what was found and what was expected. With matches: why the rest, further
        frames for instance, could not be looked at.
    failure : str or None
        Where the picture is undecided for another reason than its content: "deadline" (it took too much processor
        time), "memory" (there was not enough), "internal" (a defect of ours; the log has the traceback).
    provenance : Provenance or None
        How the bytes became the pixels that were hashed.
    decided : str
        ISO 8601 time, UTC.
    milliseconds : float
        Wall time of this decision.
    refused : tuple of NearMiss
        Entries that were near enough and that a gate kept from matching, nearest first: what to look at where a match
        is missed. `Matcher.explain` says more.

    Examples
    --------
    >>> decision = safehash.Matcher.from_files("list.csv").check("photo.jpg")
    >>> decision.is_match, decision.is_decided, decision.suggestion
    (True, True, 'review')
    >>> [match.entry.labels for match in decision.standing]
    [('viral_challenge',)]
    >>> "match" if decision else "no match"
    Traceback (most recent call last):
        ...
    TypeError: a Decision is neither true nor false: write `decision.is_match` (suggest review), ...
    """

    outcome: Outcome
    matches: tuple[Match, ...] = ()
    hash: Hash | None = None
    reason: str | None = None
    failure: str | None = None
    provenance: Provenance | None = None
    audit: Audit
    decided: str
    milliseconds: float = 0.0
    refused: tuple[NearMiss, ...] = ()

    # Told that it never returns, a type checker takes what follows `if decision:` for out of reach, and checks none of
    # it; told nothing, mypy's truthy-bool names the `if`.
    if not TYPE_CHECKING:

        def __bool__(self) -> NoReturn:
            raise TypeError(
                "a Decision is neither true nor false: write `decision.is_match` (suggest review), "
                "`decision.is_decided` (false where the picture could not be looked at), or compare "
                "`decision.outcome`"
            )

    @property
    def is_match(self) -> bool:
        """Whether a listed entry that nothing cancelled is near: suggest review.

        Examples
        --------
        >>> matcher = safehash.Matcher.from_files("list.csv")
        >>> matcher.check("photo.jpg").is_match, matcher.check("other.jpg").is_match
        (True, False)
        """
        return self.outcome is Outcome.MATCH

    @property
    def is_decided(self) -> bool:
        """Whether the picture was looked at; false for unreadable, too large and unsupported ones.

        Examples
        --------
        >>> matcher = safehash.Matcher.from_files("list.csv")
        >>> matcher.check("other.jpg").is_decided, matcher.check(b"no picture").is_decided
        (True, False)
        """
        return self.outcome in DECIDED

    @property
    def standing(self) -> tuple[Match, ...]:
        """The matches that nothing cancelled, nearest first.

        Examples
        --------
        >>> decision = safehash.Matcher.from_files("list.csv").check("photo.jpg")
        >>> [match.entry.id for match in decision.standing]
        ['b-1']
        """
        return tuple(match for match in self.matches if match.suppressed_by is None)

    @property
    def suggestion(self) -> str:
        """What to do next; never "delete": lists carry mistakes, and recovery content is legitimate.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").check("photo.jpg").suggestion
        'review'
        """
        return suggestion_of(self.outcome.value)

    @checked
    def suppressing(self, keys: Container[object], *, by: str) -> Decision:
        """Return the decision with the matches of some entries (`Entry.key`) cancelled.

        Examples
        --------
        >>> decision = safehash.Matcher.from_files("list.csv").check("photo.jpg")
        >>> cancelled = decision.suppressing({decision.matches[0].entry.key}, by="reviewed")
        >>> cancelled.outcome.value, cancelled.matches[0].suppressed_by
        ('suppressed', 'reviewed')
        """
        if not any(match.suppressed_by is None and match.entry.key in keys for match in self.matches):
            return self
        matches = [
            replace(match, suppressed_by=by)
            if match.suppressed_by is None and match.entry.key in keys
            else match
            for match in self.matches
        ]
        return replace(self, outcome=outcome_of(matches, self.outcome), matches=in_order(matches))

    @checked
    def to_record(self, *, full_hashes: bool = False) -> dict[str, Any]:
        """Return the decision as plain data, as a scan writes it (docs/scan.md, "Records").

        Parameters
        ----------
        full_hashes : bool
            Write whole digests instead of their first 8 hexadecimal digits.

        Examples
        --------
        >>> record = safehash.Matcher.from_files("list.csv").check("photo.jpg").to_record()
        >>> record["outcome"], record["suggestion"], record["matches"][0]["id"]
        ('match', 'review', 'b-1')
        """
        return decision_record(self.facts(), full_hashes=full_hashes)

    def facts(self) -> dict[str, Any]:
        """Return what there is to say of it by name, as `to_record` does, and with digests whole.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").check("photo.jpg").facts()["outcome"]
        'match'
        """
        own = self.hash
        return {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "failure": self.failure,
            "algorithm": None if own is None else own.algorithm.value,
            "hash": None if own is None else own.hex,
            "quality": None if own is None else own.quality,
            "matches": [match.facts() for match in self.matches],
            "decode": None if self.provenance is None else self.provenance.to_record(),
            "decided": self.decided,
            "milliseconds": round(self.milliseconds, 3),
            "refused": [each.facts() for each in self.refused] or None,
        }


def outcome_of(matches: Sequence[Match], otherwise: Outcome) -> Outcome:
    """Return the outcome that matches make: a standing one outweighs all, cancelled ones are said."""
    return outcome_among([match.suppressed_by for match in matches], otherwise)


def outcome_among(suppressed_by: Sequence[str | None], otherwise: Outcome) -> Outcome:
    """Return the outcome that matches make of which this is known: what cancels each, None for a standing one."""
    if None in suppressed_by:
        return Outcome.MATCH
    return Outcome.SUPPRESSED if suppressed_by else otherwise


def outcome_without(decision: Decision) -> Outcome:
    """Return the outcome that a decision would have without its matches: where all of them are taken back later."""
    if decision.outcome not in (Outcome.MATCH, Outcome.SUPPRESSED):
        return decision.outcome
    if decision.reason is not None:  # not all of it was looked at
        return Outcome.UNREADABLE
    own = decision.hash
    is_low = own is not None and own.quality is not None and own.quality < decision.audit.min_quality
    return Outcome.LOW_QUALITY if is_low else Outcome.NO_MATCH


def in_order(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Return matches as a decision holds them: standing ones first, nearest first, then by list and id."""
    return tuple(sorted(matches, key=_place))


def _place(match: Match) -> tuple[bool, int, str, bool, str]:
    own = match.entry.id
    return match.suppressed_by is not None, match.distance, match.entry.source, own is not None, own or ""


def shown(decision: Decision) -> str:
    """Say of what kind an upload was, as a log may show it."""
    how = decision.provenance
    if how is None:
        return decision.reason or decision.outcome.value
    return f"{how.format}, {how.width} x {how.height} pixels, {decision.outcome.value}"
