"""What a gate is: the kinds of things that are asked of a candidate, and what they then allow."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from .evidence import Evidence

__all__ = [
    "Against",
    "Agreement",
    "AtLeast",
    "AtMost",
    "Detail",
    "Gate",
    "Kind",
    "LaidOut",
    "Lit",
    "Missing",
    "Pixels",
    "PlainShape",
    "Range",
    "Refusal",
    "Rest",
    "Room",
    "spoken",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a gate lets a candidate pass at no threshold.

    Attributes
    ----------
    gate : str
        Its name.
    reason : str
        What was found, and what was wanted.
    """

    gate: str
    reason: str


@dataclass(frozen=True, slots=True)
class Range:
    """Between which values of a measure something comes to hold.

    Attributes
    ----------
    measure : str
        One of `evidence.MEASURES`, which has its unit.
    none, full : float
        Up to the first nothing of it holds, from the second on all of it, in between in proportion; the second may be
        the smaller one. Where they are equal it holds from there on.
    """

    measure: str
    none: float
    full: float

    def share(self, evidence: Evidence) -> float:
        """Return how far the measure has come from `none` to `full`, 0 to 1."""
        value = float(getattr(evidence, self.measure))
        if self.none == self.full:
            return float(value >= self.full)
        return min(1.0, max(0.0, (value - self.none) / (self.full - self.none)))

    def __str__(self) -> str:
        if self.none == self.full:
            return f"{self.measure} {_number(self.full)}"
        return f"{self.measure} {_number(self.none)} to {_number(self.full)}"


@dataclass(frozen=True, slots=True)
class Room:
    """What the gates before allow a candidate.

    Attributes
    ----------
    bits : float
        Beyond (negative: under) the threshold of the picture as it is.
    agreement : float
        The least it must have, -1 to 1.
    photograph : float
        How much of a photograph the view is, 0 (a graphic) to 1.
    large : float
        How far it has the pixels of one, 0 to 1.
    """

    bits: float
    agreement: float
    photograph: float
    large: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(ABC):
    """One thing that is asked of a candidate.

    Attributes
    ----------
    name : str
    ranges : tuple of Range
        What it looks at, and where it begins and ends to hold.
    effect : str
        What it then does, in words.
    source : str
        Where its numbers come from.
    """

    name: str
    ranges: tuple[Range, ...]
    effect: str
    source: str

    #: In which order gates are asked: those of one number are asked together, and the least that one of them
    #: allows is what the next ones begin with.
    stage: ClassVar[int]

    @abstractmethod
    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        """Return the bits beyond the usual threshold at which a candidate may lie, or why it may not at all.

        Parameters
        ----------
        evidence : Evidence
        room : Room
            What the gates before this one left.
        """

    def _refuse(self, found: float, wanted: str, measure: str) -> Refusal:
        return Refusal(self.name, f"{spoken(measure)} {_number(found)}, {wanted}")


# -- what decides nothing at all ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast(Gate):
    """Refuses what has less of one measure."""

    stage: ClassVar[int] = 0

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        (wanted,) = self.ranges
        found = getattr(evidence, wanted.measure)
        if found < wanted.full:
            return self._refuse(found, f"at least {_number(wanted.full)} wanted", wanted.measure)
        return room.bits


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost(Gate):
    """Refuses what has more of one measure."""

    stage: ClassVar[int] = 0

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        (wanted,) = self.ranges
        found = getattr(evidence, wanted.measure)
        if found > wanted.full:
            return self._refuse(found, f"at most {_number(wanted.full)} wanted", wanted.measure)
        return room.bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing(AtMost):
    """Refuses windows of which the upload shows too little: more than the range begins with, or than its family may."""

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        (wanted,) = self.ranges
        most = min(max(wanted.none, evidence.family.missing), wanted.full)
        if evidence.missing > most:
            return self._refuse(evidence.missing, f"at most {_number(most)} wanted", wanted.measure)
        return room.bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Gate):
    """Refuses what agrees less than its family must, and less than this in another orientation."""

    stage: ClassVar[int] = 0

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        if evidence.agreement is not None and evidence.agreement < room.agreement:
            return self._refuse(evidence.agreement, f"at least {_number(room.agreement)} wanted", "agreement")
        return room.bits

    def least(self, evidence: Evidence) -> float:
        """Return the least agreement that a candidate of this family and orientation needs."""
        least = evidence.family.agreement
        return max(least, self.ranges[0].full) if evidence.turned else least


# -- plain shapes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainShape(Gate):
    """Refuses what lies farther from an entry than the entry's distance from plain shapes bears out.

    Attributes
    ----------
    offset : int
        Entries this near to a plain shape are matched by no view, in bits.
    slopes : tuple of float
        Bits a match may lie off for each bit that the entry lies beyond the offset: of an object of few greys on a
        plain ground, and of what has detail to its edges (by the gate's range of greys).
    nearly_offset, nearly_slope : int, float
        The second line, for photographs alone, up to their family's `plain`.
    """

    offset: int
    slopes: tuple[float, float]
    nearly_offset: int
    nearly_slope: float
    stage: ClassVar[int] = 1

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        limit = self._limit(evidence, room)
        if evidence.distance > limit:
            wanted = (
                f"at most {_number(limit)} wanted" if limit >= 0 else "too near a plain shape at any distance"
            )
            return self._refuse(evidence.distance, wanted, "distance")
        return room.bits

    def _limit(self, evidence: Evidence, room: Room) -> float:
        to_the_edge = 1.0 if not evidence.plain_ground else self.ranges[0].share(evidence)
        at_least = evidence.family.plain * room.photograph * room.large
        apart = evidence.plain_distance
        nearly = min(at_least * to_the_edge, self.nearly_slope * (apart - self.nearly_offset))
        if evidence.degenerate:
            return nearly if nearly > 0.0 else -1.0  # a graphic matches one at no distance
        slope = _between(*self.slopes, to_the_edge)
        return max(slope * (apart - self.offset), nearly)


# -- how many bits beyond the usual threshold ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail(Gate):
    """Gives what is full of detail its family's bits, and what is not so full fewer.

    Attributes
    ----------
    sure : int
        Bits of a family with more than that, where there are few greys: its own bits hold from the first range on.
    """

    sure: int
    stage: ClassVar[int] = 2

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        greys, *rich = self.ranges
        family = evidence.family
        least = min(self.sure, family.extra)
        bits = _between(least, family.extra, greys.share(evidence))
        if family.rich:
            bits += min(each.share(evidence) for each in rich) * family.rich
        return bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels(Gate):
    """Gives a view of few pixels no bits beyond the usual threshold, and refuses one of fewer than its family wants."""

    stage: ClassVar[int] = 3

    def share(self, evidence: Evidence) -> float:
        """Return how far a view has pixels enough, 0 to 1."""
        return self.ranges[0].share(evidence)

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        least = evidence.family.pixels
        if evidence.pixels < least:
            return self._refuse(evidence.pixels, f"at least {least} wanted", "pixels")
        return room.bits * room.large


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut(Gate):
    """Lets a view that is laid out in flat boxes, as the screen of a program is, match near identity only.

    Attributes
    ----------
    bits : float
        Beyond (negative: under) the usual threshold.
    agreement : float
        The least it needs.
    relit : Range or None
        From where on a view whose lights were given back first is flat enough: what is blown out is flat.
    """

    bits: float
    agreement: float
    relit: Range | None = None
    stage: ClassVar[int] = 4

    def share(self, evidence: Evidence) -> float:
        """Return how much a view is laid out, 0 to 1."""
        flat, boxes = self.ranges
        if self.relit is not None and evidence.family.relit:
            flat = self.relit
        as_flat = flat.share(evidence)
        return 0.0 if as_flat == 0.0 else min(as_flat, boxes.share(evidence))

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        free = 1.0 - self.share(evidence)
        least = _between(self.agreement, room.agreement, free)
        if evidence.agreement is not None and evidence.agreement < least:
            return self._refuse(evidence.agreement, f"at least {_number(least)} wanted", "agreement")
        return _between(self.bits, room.bits, free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lit:
    """When a view is an overexposed photograph, by the part of it that is not blown out.

    Attributes
    ----------
    ranges : tuple of Range
        From where on that part is enough, and a photograph: each of them must hold.
    bits : float
        Beyond the usual threshold, at most.
    agreement : float
        The least it needs.
    """

    ranges: tuple[Range, ...]
    bits: float
    agreement: float

    def share(self, evidence: Evidence) -> float:
        """Return how much of an overexposed photograph a view is, 0 to 1; an object on a plain ground is none."""
        return 0.0 if evidence.plain_ground else min(each.share(evidence) for each in self.ranges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Gate):
    """Lets a graphic match near identity only, a photograph as far as the gates before allow.

    Attributes
    ----------
    only : str or None
        The measure without which nothing is asked.
    bits, near_bits : float
        Beyond (negative: under) the usual threshold, of a graphic, and how many more of one of many greys.
    near : Range
        From where on a graphic has many greys.
    agreement : float
        The least that a graphic needs.
    lit, relit : tuple of Lit
        When a graphic is a photograph all the same, by any of them; and when of one whose lights were given back first.
    """

    only: str | None = None
    bits: float = -25
    near_bits: float = 10
    near: Range = Range("greys", 3.8, 4.2)
    agreement: float = 0.65
    lit: tuple[Lit, ...] = ()
    relit: tuple[Lit, ...] = ()
    stage: ClassVar[int] = 5

    def share(self, evidence: Evidence) -> float:
        """Return how much of a photograph a view is by this gate, 0 to 1; 0 is a graphic."""
        if self.only is not None and not getattr(evidence, self.only):
            return 1.0
        return max(each.share(evidence) for each in self.ranges)

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        share = self.share(evidence)
        allowed = self._allowed(evidence, share, room.bits, room.agreement)
        if share == 1.0:
            return allowed
        # A photograph whose lights are blown out, by what is left of it.
        for lit in self.relit if evidence.family.relit else self.lit:
            agreement = max(room.agreement, lit.agreement)
            by_the_rest = self._allowed(evidence, lit.share(evidence), min(room.bits, lit.bits), agreement)
            if isinstance(by_the_rest, Refusal):
                continue
            allowed = by_the_rest if isinstance(allowed, Refusal) else max(allowed, by_the_rest)
        return allowed

    def _allowed(self, evidence: Evidence, share: float, bits: float, agreement: float) -> float | Refusal:
        least = _between(self.agreement, agreement, share)
        if evidence.agreement is not None and evidence.agreement < least:
            return self._refuse(evidence.agreement, f"at least {_number(least)} wanted", "agreement")
        graphic = self.bits + self.near_bits * self.near.share(evidence)
        return _between(graphic, bits, share)


# -- what can be seen, where something is hidden -------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Against(AtLeast):
    """Refuses what others let pass though what can be seen of it speaks against the entry; asked last: it is dear."""

    stage: ClassVar[int] = 6

    def allows(self, evidence: Evidence, room: Room) -> float | Refusal:
        return AtLeast.allows(self, evidence, room) if evidence.is_partial else room.bits


# -- what passes whatever others say ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest(Gate):
    """Lets a photograph of which something is hidden or cut off match by what the rest of it says for the entry.

    What other gates of windows ask holds no more where this one lets more pass: they measure what was made up, too.

    Attributes
    ----------
    bits : int
        Beyond the usual threshold, where all of its ranges hold.
    """

    bits: int
    stage: ClassVar[int] = 7

    def may(self, evidence: Evidence) -> bool:
        """Return whether there is anything to ask, of what is known unmeasured: the first range is of agreement."""
        return evidence.is_partial and (evidence.agreement or 0.0) >= self.ranges[0].none

    def allows(self, evidence: Evidence, room: Room | None = None) -> float | Refusal:
        if not evidence.is_partial:
            return Refusal(self.name, "nothing is hidden or cut off")
        if evidence.degenerate:
            return Refusal(self.name, "the entry is degenerate")
        share = 1.0
        for each in self.ranges:  # the dearest last
            share = min(share, each.share(evidence))
            if share == 0.0:
                wanted = f"{'more' if each.full > each.none else 'less'} than {_number(each.none)} wanted"
                return self._refuse(float(getattr(evidence, each.measure)), wanted, each.measure)
        return self.bits * share


def _between(none: float, all_of_it: float, share: float) -> float:
    """Return what lies at a share of the way from `none` to `all_of_it`."""
    return none + (all_of_it - none) * share


def spoken(measure: str) -> str:
    """Return a measure in words."""
    return measure.replace("_", " ")


def _number(value: float) -> str:
    return str(round(value)) if value == math.floor(value) else f"{value:.3g}"
