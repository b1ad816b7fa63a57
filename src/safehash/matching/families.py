"""The kinds of views, crops among them: how each is seeded and refined, and the bits it adds to the threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .thumbnails import FRAME_SIDE, PANEL_SIDE, WHOLE_SIDE

__all__ = [
    "AS_IT_IS",
    "BENT",
    "BENT_AGAIN",
    "COVERED",
    "COVERED_AGAIN",
    "FADED",
    "FADED_AGAIN",
    "FAMILIES",
    "FRAMED",
    "NEAR",
    "NESTED",
    "NESTED_CAPTIONED",
    "NESTED_COVERED",
    "NESTED_TILTED",
    "OVEREXPOSED",
    "PANEL",
    "ROTATED",
    "STEEP",
    "STEEPER",
    "TURNED",
    "WHOLE",
    "Family",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How one kind of view is seeded, refined and judged.

    Attributes
    ----------
    name : str
    side : int
        Samples a side of the thumbnail that its windows are read from.
    seed_distance : int
        List entries farther than this, in bits, from the window that led to them are not refined.
    extra : int
        Bits that a refined window may lie beyond the threshold of the picture as it is.
    agreement : float
        Least agreement after refinement, -1 to 1: bits weighted by the size of their coefficients.
    step, least, room : float
        First and last move of an edge, and how far it may go, in fractions of the upload's side.
    evaluations : int
        Windows tried for one list entry.
    flips : int
        Bits in which a slot of a seed may differ; 1 is some 20 times the work of 0.
    doubtful : bool
        Whether a slot of a seed may differ in one bit whose coefficient is near the median: some four times the work.
    rich : int
        Bits that pictures full of detail may lie farther.
    plain : int
        How near an entry that is nearly a plain shape a photograph may lie and match it all the same, in bits.
    degenerate : bool
        Whether degenerate entries are tried at all. Among 150 boxes of a photograph there is one like any stripes.
    missing : float
        How much of a side of the listed picture may not be in the upload at all.
    faded : bool
        Whether its windows are read from the canvas on which the upload's edges fade out (`fading`).
    may_gain : float
        How much agreement the rest of the way may bring after a first look; what is farther from enough is dropped.
    aslant : bool
        Whether each of four corners is moved by itself, not each of four edges.
    relit : bool
        Whether the upload has its lights given back first (`overexposed`).
    pixels : int
        The fewest that the shorter side of a window may have in the upload.
    source : str
        Where its numbers come from.
    """

    name: str
    side: int
    seed_distance: int
    extra: int
    agreement: float
    step: float
    least: float
    room: float
    evaluations: int
    rich: int = 0
    flips: int = 0
    doubtful: bool = False
    plain: int = 0
    degenerate: bool = False
    missing: float = 0.25
    faded: bool = False
    may_gain: float = 0.15
    aslant: bool = False
    relit: bool = False
    pixels: int = 0
    source: str = ""


#: Samples a side that PDQ reads: an upload with fewer pixels has none to say what lies between.
_READ = 64

_NONE_NEAR = "of 2 513 unrelated tuning uploads only graphics came within 34 bits more, at agreement 0.44"

#: The likeliest boxes, for the look-up that every upload gets.
FRAMED = Family(
    name="framed", side=FRAME_SIDE, seed_distance=72, extra=26, agreement=0.45,
    step=0.008, least=0.001, room=0.04, evaluations=120, plain=12, doubtful=True,
    source="true boxes refine to 4-14 bits (90th percentile), at agreement 0.7-0.8; with captions on them to 28 to 50, "
    "as for `nested`, but with a twentieth of its chances of a wrong match; of 5 245 unrelated tuning uploads "
    "none matches beyond 14 bits more",
)  # fmt: skip

#: Ten times as many boxes.
PANEL = Family(
    name="panel", side=PANEL_SIDE, seed_distance=72, extra=4, agreement=0.45,
    step=0.008, least=0.001, room=0.04, evaluations=120, plain=12,
    source="99 % of true boxes lie under 33 bits; there are ten times as many boxes as of `framed`",
)  # fmt: skip

#: Windows as large as the upload or larger.
WHOLE = Family(
    name="whole", side=WHOLE_SIDE, seed_distance=94, extra=18, agreement=0.50,
    step=0.02, least=0.005, room=0.2, evaluations=150, rich=8, plain=26, degenerate=True,
    source="crops of 10 % refine to a median of 27, stickers to 34; of some 13 000 tuning uploads and altered copies "
    "the nearest unrelated pair like photographs is at 54 bits and agreement 0.47, and one icon of the same set "
    "at 48 and 0.54",
)  # fmt: skip

#: The upload itself, for the look-up that every upload gets: what is a little less, or has something on it, lies so
#: near that it shares a slot.
NEAR = replace(
    WHOLE, name="near", side=FRAME_SIDE, seed_distance=88, doubtful=True,
    source="as `whole`: it is one of its windows",
)  # fmt: skip

#: The upload levelled by some degrees.
ROTATED = Family(
    name="rotated", side=WHOLE_SIDE, seed_distance=84, extra=14, agreement=0.45,
    step=0.02, least=0.005, room=0.12, evaluations=80, plain=26, degenerate=True,
    source="3 degrees refine to a median of 12",
)  # fmt: skip

#: Windows much larger than the upload, whose edges fade out.
FADED = Family(
    name="faded", side=WHOLE_SIDE, seed_distance=90, extra=18, agreement=0.50,
    step=0.02, least=0.005, room=0.2, evaluations=150, plain=12, missing=0.35, faded=True, doubtful=True,
    source="crops of 20 % refine to a median of 42 bits, of 30 % to 46, at agreement 0.55 to 0.6",
)  # fmt: skip

#: The same, looked up with every bit of a slot turned over.
FADED_AGAIN = replace(FADED, name="faded, again", flips=1, doubtful=False)

#: The upload levelled by more degrees, and tilted before a plain ground.
STEEP = Family(
    name="steep", side=WHOLE_SIDE, seed_distance=80, extra=24, agreement=0.46,
    step=0.02, least=0.005, room=0.12, evaluations=80, plain=12,
    source=f"8 degrees refine to 10 to 40 bits, agreement 0.6 to 0.75; {_NONE_NEAR}",
)  # fmt: skip

#: The same, by more degrees again.
STEEPER = replace(STEEP, name="steeper")

#: The upload seen from the side, or sheared.
BENT = Family(
    name="bent", side=WHOLE_SIDE, seed_distance=80, extra=22, agreement=0.53,
    step=0.03, least=0.004, room=0.12, evaluations=140, plain=12, doubtful=True, may_gain=0.22, aslant=True,
    source="with four corners 149 of 150 keystoned and sheared copies of 50 tuning photographs are found. Some 400 "
    "copies of 103 of them that match so all agree 0.55 and more; with eight numbers to move, unrelated pictures "
    "come to 40 to 52 bits, at 0.49 to 0.57",
)  # fmt: skip

#: The same from farther, from two sides, and turned.
BENT_AGAIN = replace(BENT, name="bent, again")

#: Windows of the best boxes, each taken for an upload of its own.
NESTED = Family(
    name="nested", side=WHOLE_SIDE, seed_distance=76, extra=26, agreement=0.46,
    step=0.02, least=0.005, room=0.12, evaluations=100, plain=12, doubtful=True, pixels=_READ,
    source=f"boxes with captions on them refine to 28 to 50 bits, agreement 0.5 to 0.7; {_NONE_NEAR}",
)  # fmt: skip

#: The same, levelled.
NESTED_TILTED = Family(
    name="nested, tilted", side=WHOLE_SIDE, seed_distance=76, extra=24, agreement=0.46,
    step=0.02, least=0.005, room=0.12, evaluations=80, plain=12, pixels=_READ,
    source=f"4 and 8 degrees refine to 10 to 40 bits; {_NONE_NEAR}",
)  # fmt: skip

#: The upload without a rectangle that something hides.
COVERED = Family(
    name="covered", side=WHOLE_SIDE, seed_distance=88, extra=28, agreement=0.46,
    step=0.02, least=0.005, room=0.1, evaluations=60, plain=12, doubtful=True,
    source=f"15 % hidden refine to a median of 34 bits, 30 % to 44, at agreement 0.5 and more; {_NONE_NEAR}",
)  # fmt: skip

#: The best boxes without a rectangle that something hides.
NESTED_COVERED = replace(
    COVERED, name="nested, covered", extra=14, pixels=_READ,
    source="four times as many chances of a wrong match as `covered`: at 28 bits more, a striped photograph of the "
    "unseen ones was matched to a road sign, at 52 bits",
)  # fmt: skip

#: The best box without a band that is written on.
NESTED_CAPTIONED = replace(
    COVERED, name="nested, captioned", extra=14, pixels=_READ,
    source="as `nested, covered`; of 40 tuning photographs in captioned vertical videos 35 are found instead of 28, "
    "and no more with 20 bits",
)  # fmt: skip

#: The upload without a rectangle once more, with seeds that differ in a bit.
COVERED_AGAIN = replace(COVERED, name="covered, again", flips=1, doubtful=False)

#: The upload with the lights that overexposure took from it.
OVEREXPOSED = Family(
    name="overexposed", side=WHOLE_SIDE, seed_distance=80, extra=18, agreement=0.50,
    step=0.02, least=0.005, room=0.06, evaluations=60, plain=12, doubtful=True, relit=True,
    source="of 205 tuning photographs at twice the exposure 149 are found instead of 136, at three times 71 instead of "
    "45; of 5 259 unrelated tuning uploads only graphics came near",
)  # fmt: skip

#: The whole picture in another orientation, or its negative: nothing is refined.
TURNED = Family(
    name="turned", side=WHOLE_SIDE, seed_distance=0, extra=0, agreement=0.0,
    step=0.0, least=0.0, room=0.0, evaluations=0, plain=26, degenerate=True,
    source="a picture turned exactly lies as near as the picture as it is",
)  # fmt: skip

#: The whole picture as it is: its distance alone decides.
AS_IT_IS = replace(TURNED, name="as it is", plain=0, source="")

#: All of them that gates judge, in the order of the table that shows them.
FAMILIES = {
    family.name: family
    for family in (
        TURNED,
        FRAMED,
        NEAR,
        PANEL,
        WHOLE,
        ROTATED,
        FADED,
        STEEP,
        BENT,
        NESTED,
        NESTED_TILTED,
        COVERED,
        NESTED_CAPTIONED,
        OVEREXPOSED,
        FADED_AGAIN,
        STEEPER,
        BENT_AGAIN,
        COVERED_AGAIN,
        NESTED_COVERED,
    )
}


def markdown() -> str:
    """Return the families as a table of docs/matching.md."""
    lines = [
        "| family | seed distance, bits | extra bits | with detail nearly everywhere | least agreement | from |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for family in FAMILIES.values():
        windows = family is not TURNED
        rich = f"+{family.extra + family.rich}" if family.rich else ""
        seed, agreement = (f"{family.seed_distance}", f"{family.agreement:.2f}") if windows else ("", "")
        cells = (f"`{family.name}`", seed, f"+{family.extra}", rich, agreement, family.source)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
