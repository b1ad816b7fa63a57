"""Everything a decision depends on beside the lists: one frozen value that pickles."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

from .._face import checked, public_value
from ..hashing.algorithms import ALLOWED_DISTANCE
from ..images.deadline import DEFAULT_SECONDS
from ..images.limits import DEFAULT_LIMITS, Limits
from ..images.pictures import Effort
from ..images.request import OWN_JPEG
from ..lists.policy import Policy, all_of
from .pairs import Pair

__all__ = [
    "DEFAULT_SETTINGS",
    "EFFORTS",
    "SEARCHES",
    "USUAL_EFFORTS",
    "Effort",
    "FloodLimits",
    "Settings",
    "check_effort",
]

#: How hard an upload is looked at, from the least work to the most.
EFFORTS: tuple[Effort, ...] = get_args(Effort)
#: How digests are searched for (`Index`): the answers are the same.
SEARCHES = ("auto", "multi", "faiss")

#: Those of every day: what `evaluate` measures unless told. "exhaustive" is for appeals, and for looking again.
USUAL_EFFORTS: tuple[Effort, ...] = EFFORTS[:3]

#: Bits of the longest digest that has a distance.
_MOST_BITS = 256
#: Bytes of an Ed25519 public key.
_KEY_BYTES = 32


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class FloodLimits:
    """When an entry matches more uploads than a real one could, and is quarantined.

    Attributes
    ----------
    max_share : float
        An entry may match this share of all uploads, 0 to 1.
    min_matches : int
        No entry is quarantined before it matched this often.
    min_uploads : int
        No entry is quarantined before this many uploads were seen.

    Raises
    ------
    ValueError
        A number out of range.

    Examples
    --------
    >>> settings = safehash.Settings(flood=FloodLimits(max_share=0.02))
    >>> safehash.Matcher.from_files("list.csv", settings=settings).flood_guard.quarantined()
    ()
    """

    max_share: float = 0.01
    min_matches: int = 20
    min_uploads: int = 500

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise ValueError(f"a share is more than 0 and at most 1, not {self.max_share}")
        if self.min_matches < 1 or self.min_uploads < 1:
            raise ValueError("the counts below which nothing is quarantined are at least 1")


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a decision depends on beside the lists.

    Counters, locks and open files are not in it: it compares, copies and pickles, and a worker that gets it
    decides as its parent does.

    Attributes
    ----------
    effort : "fast", "standard", "thorough" or "exhaustive"
        How many views of an upload are looked up (docs/matching.md).
    limits : Limits
        What one upload may cost.
    policy : Policy or None
        Thresholds and which entries count. None: the defaults of `Policy`, or those a snapshot was saved with.
    allow_ids : collection of str
        Entries whose matches are suppressed, by their id, or by their whole digest as `Matcher.explain` takes it:
        ``"pdq:f8f8..."`` (or ``"md5:..."``), or the 64 digits of PDQ alone. Kept as a frozenset.
    allow_distance : int
        How near (bits) an upload must be to a picture on an allow-list. Nothing farther than the widest
        threshold of the policy is looked up, so more than that has no effect.
    allow_pairs : collection of Pair
        What reviewers said of entries for pictures (`safehash.read_pairs`): wrong matches are suppressed for that
        entry and pictures like that one. Kept as a frozenset.
    flood : FloodLimits or None
        When an entry matches too large a share of uploads; None: none is ever quarantined.
    search : "auto", "multi" or "faiss"
        How digests are searched for, as of `Index`; the answers are the same. FAISS takes longer.
    deadline : float or None
        Seconds of the deciding thread's processor time that one upload may take; None for no end.
    own_jpeg : bool
        Ordinary JPEG files are read by the reader of this package, which passes over what a hash does not need; False
        leaves them to the imaging library, as it does any file that is not ordinary.
    trusted : collection of bytes
        Ed25519 public keys, 32 bytes each. Where there are any, only what one of them signed is opened: a snapshot
        (`Matcher.save`), or lists with a signature beside each (`sign_list`). Kept as a frozenset.

    Raises
    ------
    TypeError, ValueError
        A value that cannot mean anything; the message says which.

    Examples
    --------
    >>> settings = Settings(effort="thorough", allow_ids=["b-1"], flood=FloodLimits(max_share=0.02))
    >>> settings.effort, sorted(settings.allow_ids), settings.deadline
    ('thorough', ['b-1'], 10.0)
    >>> Settings(effort="maximal")
    Traceback (most recent call last):
    ...
    ValueError: effort is one of fast, standard, thorough, exhaustive, not 'maximal'
    """

    effort: Effort = "standard"
    limits: Limits = DEFAULT_LIMITS
    policy: Policy | None = None
    allow_ids: Collection[str] = frozenset()
    allow_distance: int = ALLOWED_DISTANCE
    allow_pairs: Collection[Pair] = frozenset()
    flood: FloodLimits | None = None
    search: Literal["auto", "multi", "faiss"] = "auto"
    deadline: float | None = DEFAULT_SECONDS
    own_jpeg: bool = OWN_JPEG
    trusted: Collection[bytes] = frozenset()

    def __post_init__(self) -> None:
        check_effort(self.effort)
        if self.search not in SEARCHES:
            raise ValueError(f"search is one of {', '.join(SEARCHES)}, not {self.search!r}")
        for name, value, kind in (
            ("limits", self.limits, Limits),
            ("policy", self.policy, (Policy, type(None))),
            ("flood", self.flood, (FloodLimits, type(None))),
            ("own_jpeg", self.own_jpeg, bool),
        ):
            if not isinstance(value, kind):
                wanted = kind.__name__ if isinstance(kind, type) else f"{kind[0].__name__} or None"
                raise TypeError(f"{name} is {wanted}, not {type(value).__name__}")
        object.__setattr__(self, "allow_ids", all_of("allow_ids", self.allow_ids, str))
        object.__setattr__(self, "allow_pairs", all_of("allow_pairs", self.allow_pairs, Pair))
        object.__setattr__(self, "trusted", all_of("trusted", self.trusted, bytes))
        for key in self.trusted:
            if len(key) != _KEY_BYTES:
                raise ValueError(f"a trusted key has {_KEY_BYTES} bytes, not {len(key)}")
        if not 0 <= self.allow_distance <= _MOST_BITS:
            raise ValueError(f"allow_distance is 0 to {_MOST_BITS} bits, not {self.allow_distance}")
        if self.deadline is not None and not 0 < self.deadline < math.inf:
            raise ValueError(f"a deadline is more than 0 seconds, not {self.deadline}; None is no end")


def check_effort(effort: str) -> None:
    """Refuse what is no effort.

    Raises
    ------
    ValueError
    """
    if effort not in EFFORTS:
        raise ValueError(f"effort is one of {', '.join(EFFORTS)}, not {effort!r}")


DEFAULT_SETTINGS = Settings()
