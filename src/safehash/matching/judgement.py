"""The gates that a candidate passes before it is a match: one table, and the judgement that it makes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from .evidence import MEASURES, Candidate, Evidence
from .families import WHOLE
from .gates import (
    Against,
    Agreement,
    AtLeast,
    AtMost,
    Detail,
    Gate,
    Kind,
    LaidOut,
    Lit,
    Missing,
    Pixels,
    PlainShape,
    Range,
    Refusal,
    Rest,
    Room,
    spoken,
)
from .hiding import Hole
from .thumbnails import Thumbnails

__all__ = [
    "LOW_QUALITY",
    "SEEN_OTHERWISE",
    "TURNS",
    "WINDOWS",
    "Gates",
    "hides_a_photograph",
    "is_graphic",
    "markdown",
]

#: What an upload shows does not depend on any entry.
_NO_DIGEST = np.zeros((1, 32), np.uint8)

AGREEMENT = Agreement(
    name="agreement",
    ranges=(Range("agreement", 0.57, 0.57),),
    effect="refuses less than the family's own least agreement; in another orientation than the upload's, less than "
    "this",
    source="other orientations give seven times as many chances of a wrong match. Of 123 mirrored crops of 5 % the "
    "least agreement is 0.606, the median distance 16 bits; of 455 photographs in 8 alterations, each against "
    "the 454 others, one pair matched, at 48 bits and 0.54",
)

MISSING = Missing(
    name="missing",
    ranges=(Range("missing", 0.25, 0.35),),
    effect="refuses more than the first; of the family `faded`, more than the second",
    source="crops of 20 % refine to 21 to 24 %; beyond that, most of what is matched is the edge repeated: a lake "
    "under mountains was matched to a galaxy, by windows according to which 20 to 38 % of it was cut off",
)

QUALITY = AtLeast(
    name="window quality",
    ranges=(Range("quality", 40, 40),),
    effect="refuses less",
    source="the exchange asks 50 of an upload; an upload under its floor must not come back by a window of itself",
)

FAINT = AtMost(
    name="faint coefficients",
    ranges=(Range("faint", 0.15, 0.15),),
    effect="refuses more",
    source="of a photograph's coefficients 1 or 2 in 100 are faint, of a symmetric drawing's half",
)

PLAIN_SHAPE = PlainShape(
    name="plain shape",
    ranges=(Range("greys", 5.0, 5.4),),
    offset=64,
    slopes=(1.0, 2.0),
    nearly_offset=50,
    nearly_slope=2.0,
    effect="p is the entry's distance from the nearest plain shape. Refuses what is farther than 2 (p - 64) bits; on a "
    "plain ground with few greys, what is farther than p - 64. A photograph to its edges may lie 2 (p - 50) bits "
    "off: up to 26 bits turned, or as `whole` and `rotated`, up to 12 by any other view (the second line)",
    source="of photographs on lists 98 % have a p of 80 and more, median 98; planets have 62 to 72, glossy buttons 76 "
    "to 80, a disc on black about 60. Three balloons came within 30 to 32 bits of an avocado, at p = 82. The "
    "nearest wrong windows that the second line is for, p from 50 to 78, are at 38 bits, in boxes at 20",
)

DETAIL = Detail(
    name="detail",
    ranges=(Range("greys", 5.2, 5.5), Range("flat", 0.3, 0.2), Range("greys", 5.3, 5.6)),
    sure=14,
    effect="allows 14 bits, or the family's own bits if there are many greys; `whole` has 8 more with detail nearly "
    "everywhere",
    source="crops of 10 % refine to a median of 27 bits; photographs have 5.65 bits of greys in the median",
)

PIXELS = Pixels(
    name="pixels",
    ranges=(Range("pixels", 64, 128),),
    effect="allows no bits beyond the usual threshold up to the first, all from the second on; refuses a box taken for "
    "an upload of its own if it has fewer than the first",
    source="sprites and glossy buttons of 16 to 100 pixels come within 36 to 48 bits of one another; PDQ reads 64 "
    "samples a side, and boxes of 30 to 56 pixels in drawn stars come within 24 to 34 bits of the disc on a flag",
)

LAID_OUT = LaidOut(
    name="laid out in boxes",
    ranges=(Range("flat", 0.08, 0.16), Range("boxes", 2.2, 2.6)),
    bits=-11,
    agreement=0.65,
    relit=Range("lit_flat", 0.08, 0.16),
    effect="asks for a distance of 20 bits, where 31 is the usual threshold, and an agreement of 0.65; of an upload "
    "with its highlights restored, the part that is not blown out is measured",
    source="screens with a wallpaper or a photograph in them score 2.6 to 6, 99 % of altered photographs under 2.0; a "
    "photograph that is all girders scores 2.5 to 3.8, but has a flat share of 0.03 to 0.07; screens of one "
    "program come within 26 to 38 bits of one another, at agreement 0.63 to 0.71",
)

_GRAPHIC = (
    "before the first a graphic, which must come within 6 bits where 31 is the usual threshold, within 16 with "
    "4.2 bits of greys; from the second on a photograph"
)
_LIT = (
    ". An overexposed view is a photograph by the part that is not blown out, if that part is 0.3 of it, has 5.4 "
    "bits of greys, common greys up to 0.22, a flat share up to 0.08, boxes up to 1 and 128 pixels, and no plain "
    "ground: then within 40 bits where 31 is the usual threshold, at agreement 0.57. Of an upload with its "
    "highlights restored 4.5 bits and common greys up to 0.38 are enough, within 49 bits; and boxes up to 2.2, "
    "at agreement 0.53, if the whole view has 4.05 bits of greys and a flat share up to 0.38"
)

#: An overexposed photograph has a part that is none of a graphic's: of 52 tuning photographs at twice the exposure it
#: has 5.2 to 6 bits of greys, common greys under 0.3, a flat share under 0.1, and boxes under 0.5; screenshots with a
#: photograph in them, as wrong as 36 bits at 0.62, have the same greys and boxes of 1.9 and 2.1.
LIT = Lit(
    ranges=(
        Range("lit", 0.2, 0.3),
        Range("lit_greys", 5.0, 5.4),
        Range("lit_common", 0.30, 0.22),
        Range("lit_flat", 0.16, 0.08),
        Range("boxes", 1.6, 1.0),
        Range("pixels", 64, 128),
    ),
    bits=9,
    agreement=0.57,
)

#: With its lights given back it must agree with the entry where it was blown out, too: that part is judged as any
#: photograph is. Of 53 tuning photographs at twice the exposure that were lost, 14 are found so; of 23 412 views of
#: 5 245 unrelated tuning uploads the nearest, playing cards, match from a threshold of 45 bits on.
RELIT = Lit(
    ranges=(
        Range("lit", 0.2, 0.3),
        Range("lit_greys", 4.0, 4.5),
        Range("lit_common", 0.45, 0.38),
        Range("lit_flat", 0.16, 0.08),
        Range("boxes", 1.6, 1.0),
        Range("pixels", 64, 128),
    ),
    bits=18,
    agreement=0.57,
)

#: The same of what has edges like boxes in it, a building or a rail: where it has more greys and is less flat, as a
#: whole, than one template around two photographs. Of 29 tuning photographs of 137 lost at twice the exposure
#: this and boxes by what is not blown out find 7.
RELIT_IN_BOXES = Lit(
    ranges=(
        *(each for each in RELIT.ranges if each.measure != "boxes"),
        Range("boxes", 2.6, 2.2),
        Range("greys", 3.8, 4.05),
        Range("flat", 0.42, 0.38),
    ),
    bits=18,
    agreement=0.53,
)

GREYS = Kind(
    name="greys",
    lit=(LIT,),
    relit=(RELIT, RELIT_IN_BOXES),
    ranges=(Range("greys", 4.0, 4.5),),
    effect=_GRAPHIC + _LIT,
    source="of the windows that tuning photographs were found by, 99 % have 4.5 to 6 bits, median 5.65; drawings "
    "have 1 to 4.5, the hardest 5. A graphic of many greys is a skyline at dusk, or a lit object before a dark wall: "
    "its crops of 2 to 5 % refine to 8 to 16 bits, and the nearest different drawing of so many greys and no "
    "plain shape is at 18",
)

COMMON = Kind(
    name="common greys",
    lit=(LIT,),
    relit=(RELIT, RELIT_IN_BOXES),
    ranges=(Range("common", 0.45, 0.38),),
    effect=_GRAPHIC + _LIT,
    source="0.16 of a photograph, and under 0.40 of 99 % of them; half and more of most drawings",
)

FLAT = Kind(
    name="flat share",
    lit=(LIT,),
    relit=(RELIT, RELIT_IN_BOXES),
    ranges=(Range("flat", 0.65, 0.45),),
    effect=_GRAPHIC + _LIT,
    source="what pictures of one template share is flat",
)

CONTRAST = Kind(
    name="contrast",
    ranges=(Range("contrast", 20, 26), Range("greys", 5.0, 5.4)),
    effect=f"{_GRAPHIC}; either of the two measures is enough for a photograph",
    source="pages of small print are grey on grey; dull photographs have 5.4 bits of greys",
)

LINED = Kind(
    name="lines",
    ranges=(Range("lined", 0.16, 0.10),),
    effect="from the first on a graphic",
    source="grey lines across a page of text give it a photograph's greys, and leave nothing flat: one page matched "
    "another at 52 bits, a screenshot a nebula at 58. Pages under such lines have 0.22 and more, half of the "
    "drawings 0.25; of photographs altered otherwise 99 % have under 0.08",
)

PLAIN_GROUND = Kind(
    name="plain ground",
    ranges=(Range("greys", 4.5, 4.5),),
    only="plain_ground",
    effect="an object on a plain ground is a graphic if it has fewer greys than this",
    source="playing cards and icons",
)


REST_FLAT = Kind(
    name="flat share of the rest",
    ranges=(Range("flat", 0.28, 0.22),),
    only="hidden",
    effect="where something was filled in, from the first on a graphic",
    source="without a quarter of it, the icon of a DVD matches that of a CD, at 26 bits and a flat share of 0.27, and "
    "one nebula matches another, at 56; of tuning photographs with a sticker on them 95 % have under 0.24",
)

ASLANT = Kind(
    name="flat and common, aslant",
    ranges=(Range("flat", 0.28, 0.25), Range("common", 0.38, 0.31)),
    only="aslant",
    effect="seen from the side, before the first a graphic; either of the two measures is enough for a photograph",
    source="corners that move by themselves bring the icon of one disc within 42 bits of another's, at a flat share of "
    "0.30 and common greys of 0.39. Tuning photographs seen from the side that have more of the one have less of "
    "the other, or lie within 16 bits",
)


#: What made-up parts bring near is no copy where the part that is seen says so.
AGAINST = Against(
    name="what is seen",
    ranges=(Range("rest", -60, -60),),
    effect="where something is hidden or cut off, refuses less, unless one of the next two lets it pass",
    source="of 1 214 copies of 205 tuning photographs that only such views find, 1 has less, and 4 less than -40; of 2 "
    "829 pairs of drawn fields, in which 57 to 65 bits differ, 164 match without this gate",
)

#: What the rest says, of what is full of detail.
REST = Rest(
    name="rest",
    ranges=(
        Range("agreement", 0.38, 0.42),
        Range("missing", 0.40, 0.38),
        Range("quality", 36, 40),
        Range("faint", 0.08, 0.06),
        Range("plain_distance", 84, 86),
        Range("greys", 5.0, 5.2),
        Range("common", 0.33, 0.31),
        Range("flat", 0.28, 0.22),
        Range("pixels", 64, 128),
        Range("laid_out", 2.6, 2.4),
        Range("rest", 62, 72),
    ),
    bits=41,
    effect="where something is hidden or cut off, allows up to 41 bits beyond the usual threshold, whatever the other "
    "gates say",
    source="of 103 tuning photographs under a sticker of 30 %, those that were not found have 72 bits in the median at "
    "their right place; cropped by 20 and 30 %, 105 and 85. Unrelated tuning uploads with such detail and no "
    "plain shape have under 60, and faint coefficients under 0.045. A playing card's back has 96 and 132 for a "
    "planet and a nebula, at 82 and 84 bits from a plain shape; a wing, with three holes, 69 for a galaxy, at a "
    "flat share of 0.28",
)

#: The same of a view that has less detail: overexposed, flat in part, laid out in boxes.
REST_SURE = Rest(
    name="rest, sure",
    ranges=(
        Range("agreement", 0.38, 0.42),
        Range("missing", 0.40, 0.38),
        Range("quality", 36, 40),
        Range("faint", 0.08, 0.06),
        Range("plain_distance", 86, 88),
        Range("greys", 4.8, 5.0),
        Range("common", 0.35, 0.31),
        Range("flat", 0.52, 0.48),
        Range("pixels", 64, 128),
        Range("laid_out", 3.6, 3.2),
        Range("rest", 95, 105),
    ),
    bits=41,
    effect="the same, for views of less detail",
    source="tuning photographs that are flat in part, or behind a page's text, have 105 to 166. A disc of one set has "
    "157 for another, at 84 bits from a plain shape; folders with one sign or another have 98 to 149, with 4.3 "
    "to 4.5 bits of greys",
)


class Gates:
    """Gates as one judgement.

    Parameters
    ----------
    gates : iterable of Gate
    """

    def __init__(self, gates: Iterable[Gate]) -> None:
        self.gates = tuple(sorted(gates, key=lambda gate: gate.stage))
        self._rests = [gate for gate in self.gates if isinstance(gate, Rest)]
        self._all = [gate for gate in self.gates if not isinstance(gate, Rest)]
        self._kinds = [gate for gate in self.gates if isinstance(gate, Kind)]
        self._sizes = [gate for gate in self.gates if isinstance(gate, Pixels)]
        self._agreements = [gate for gate in self.gates if isinstance(gate, Agreement)]

    def without(self, name: str) -> Gates:
        """Return the same gates but one.

        Raises
        ------
        KeyError
            There is none of this name.
        """
        if not any(gate.name == name for gate in self.gates):
            raise KeyError(name)
        return Gates(gate for gate in self.gates if gate.name != name)

    def photograph(self, evidence: Evidence) -> float:
        """Return how much of a photograph a view is, 0 to 1; 0 is a graphic."""
        return min((kind.share(evidence) for kind in self._kinds), default=1.0)

    def judge(self, evidence: Evidence) -> int | Refusal:
        """Return the smallest threshold of the picture as it is that a candidate matches at, or why there is none."""
        bits = self.allowed(evidence)
        return bits if isinstance(bits, Refusal) else max(0, evidence.distance - bits)

    def allowed(self, evidence: Evidence) -> int | Refusal:
        """Return the bits beyond (negative: under) the usual threshold at which a candidate is a match, or why not."""
        allowed = self._by_all(evidence)
        for gate in self._rests:
            said = gate.allows(evidence) if gate.may(evidence) else None
            if isinstance(said, float) and (isinstance(allowed, Refusal) or said > allowed):
                allowed = round(said)
        return allowed

    def _by_all(self, evidence: Evidence) -> int | Refusal:
        bits = 0.0
        for _, said, room in self._asked(evidence):
            if isinstance(said, Refusal):
                return said
            bits = min(room.bits, said)
        return round(bits)

    def most_bits(self, evidence: Evidence) -> int:
        """Return bits beyond the usual threshold within which a candidate may match, of what is known unmeasured."""
        family = evidence.family
        return max((family.extra + family.rich, *(gate.bits for gate in self._rests if gate.may(evidence))))

    def least_agreement(self, evidence: Evidence) -> float:
        """Return the least agreement that any candidate of this family and orientation needs."""
        return max((gate.least(evidence) for gate in self._agreements), default=-1.0)

    def strictest(self, evidence: Evidence) -> Refusal:
        """Return the first refusal of a candidate, or else the gate that leaves it the fewest bits."""
        least, strictest = math.inf, ""
        for gate, said, _ in self._asked(evidence):
            if isinstance(said, Refusal):
                return said
            if said < least:
                least, strictest = said, gate.name
        return Refusal(
            strictest, f"distance {evidence.distance}, {round(least)} bits beyond the usual threshold allowed"
        )

    def said(self, evidence: Evidence) -> tuple[tuple[Gate, float | Refusal], ...]:
        """Return what each gate says of a candidate, also those that would not be asked any more.

        What the rest says is among it where it lets more pass than all others do, and where these refuse.
        """
        asked: list[tuple[Gate, float | Refusal]] = [(gate, said) for gate, said, _ in self._asked(evidence)]
        others = self._by_all(evidence)
        for gate in self._rests:
            said = gate.allows(evidence) if gate.may(evidence) else None
            if said is None or (isinstance(said, Refusal) and not isinstance(others, Refusal)):
                continue
            if isinstance(said, Refusal) or isinstance(others, Refusal) or said > others:
                asked.append((gate, said))
        return tuple(asked)

    def _asked(self, evidence: Evidence) -> Iterator[tuple[Gate, float | Refusal, Room]]:
        """Yield every gate, what it says, and the room that it and those beside it left."""
        family = evidence.family
        bits, least = family.extra + family.rich, self.least_agreement(evidence)
        room = Room(bits=bits, agreement=least, photograph=1.0, large=1.0)
        stage, left = 0, room.bits
        for gate in self._all:
            if gate.stage != stage:
                if stage == 0:
                    large = min((each.share(evidence) for each in self._sizes), default=1.0)
                    room = replace(room, photograph=self.photograph(evidence), large=large)
                room = replace(room, bits=left)
                stage = gate.stage
            said = gate.allows(evidence, room)
            if not isinstance(said, Refusal):
                left = min(left, said)
            yield gate, said, replace(room, bits=left)


_KINDS = (GREYS, COMMON, FLAT, CONTRAST, LINED, PLAIN_GROUND)
_SEEN = (AGAINST, REST, REST_SURE)

#: Of windows: crops, boxes, tilts.
WINDOWS = Gates(
    (AGREEMENT, MISSING, QUALITY, FAINT, PLAIN_SHAPE, DETAIL, PIXELS, LAID_OUT, *_KINDS, REST_FLAT, ASLANT, *_SEEN)
)  # fmt: skip

#: Of the upload as it is, where its quality is low: gradients and blank pictures are like one another.
LOW_QUALITY = Gates((PLAIN_SHAPE,))

#: Of the picture that tools see where browsers show another: of channels that mean something else (indices of two
#: palettes, or what lies under two alphas, may be one), of what is transparent on black, or of pixels so few of which
#: are kept that it lies farther from the upload as it is than any match. The same file lies at no distance; of 8 120
#: pictures with such channels of the tuning and listed parts, against 10 326 others, the nearest that is another lies
#: at 24 bits, a flag and an icon; so it does shrunk as the reference tool does it. Of 2 448 tuning uploads on black
#: none lies within 31 bits of another picture, nor of a copy that is not found as it is; in another package an icon
#: that is nearly nothing lay at 30 bits of a flag of one colour.
SEEN_OTHERWISE = Gates(replace(kind, bits=-15.0, near_bits=0.0) for kind in _KINDS)

#: Of the whole upload in another orientation, or its negative.
TURNS = Gates((FAINT, PLAIN_SHAPE, *_KINDS))


def is_graphic(thumbs: Thumbnails) -> bool:
    """Tell whether an upload as it is, is a graphic through and through: near identity only counts of it."""
    if thumbs.graphic is None:
        thumbs.graphic = _photograph(thumbs) == 0.0
    return thumbs.graphic


def hides_a_photograph(thumbs: Thumbnails, holes: Iterable[Hole]) -> bool:
    """Tell whether what lies around one of these rectangles is none of a graphic's."""
    return any(_photograph(thumbs, (hole,)) > 0.0 for hole in holes)


def _photograph(thumbs: Thumbnails, holes: tuple[Hole, ...] = ()) -> float:
    seen = Candidate(family=WHOLE, row=0, distance=0, holes=holes)
    return WINDOWS.photograph(Evidence(seen, _NO_DIGEST, thumbs))


def markdown() -> str:
    """Return the gates as a table of docs/matching.md."""
    lines = ["| gate | measure (unit): range | effect | from |", "| --- | --- | --- | --- |"]
    told: dict[str, str] = {}
    for gate in WINDOWS.gates:
        ranges = "; ".join(
            f"{spoken(each.measure)} ({MEASURES[each.measure][0]}): {str(each).partition(' ')[2]}"
            for each in gate.ranges
        )
        name = gate.name if gate not in TURNS.gates else f"{gate.name} *"
        effect = f'as "{told[gate.effect]}"' if gate.effect in told else gate.effect
        told.setdefault(gate.effect, gate.name)
        lines.append(f"| {name} | {ranges} | {effect} | {gate.source} |")
    return "\n".join(lines)
