"""The kinds of views, crops among them: how each is seeded and refined, and the bits it adds to the threshold."""

from __future__ import annotations

from dataclasses import dataclass

from .thumbnails import FRAME_SIDE, PANEL_SIDE, WHOLE_SIDE

__all__ = ["FAMILIES", "FRAMED", "PANEL", "ROTATED", "TURNED", "WHOLE", "Family"]


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
    rich : int
        Bits that pictures full of detail may lie farther.
    plain : int
        How near an entry that is nearly a plain shape a photograph may lie and match it all the same, in bits.
    degenerate : bool
        Whether degenerate entries are tried at all. Among 150 boxes of a photograph there is one like any stripes.
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
    plain: int = 0
    degenerate: bool = False
    source: str = ""


#: The likeliest boxes, for the look-up that every upload gets.
FRAMED = Family(
    name="framed", side=FRAME_SIDE, seed_distance=72, extra=14, agreement=0.45,
    step=0.008, least=0.001, room=0.04, evaluations=120, plain=12,
    source="true boxes refine to 4-14 bits (90th percentile), agreement 0.7-0.8",
)  # fmt: skip

#: Ten times as many boxes.
PANEL = Family(
    name="panel", side=PANEL_SIDE, seed_distance=72, extra=4, agreement=0.45,
    step=0.008, least=0.001, room=0.04, evaluations=120, plain=12,
    source="99 % of true ones under 33 bits; ten times as many boxes as `framed`",
)  # fmt: skip

#: Windows as large as the upload or larger.
WHOLE = Family(
    name="whole", side=WHOLE_SIDE, seed_distance=94, extra=18, agreement=0.50,
    step=0.02, least=0.005, room=0.2, evaluations=150, rich=8, plain=26, degenerate=True,
    source="crops of 10 % refine to a median of 27, stickers 34; nearest unrelated photograph-like pair of some 13 000 "
    "tuning uploads and altered copies: 54 bits at agreement 0.47, and one icon of the same set at 48 and 0.54",
)  # fmt: skip

#: The upload levelled by some degrees.
ROTATED = Family(
    name="rotated", side=WHOLE_SIDE, seed_distance=84, extra=14, agreement=0.45,
    step=0.02, least=0.005, room=0.12, evaluations=80, plain=26, degenerate=True,
    source="3 degrees refine to a median of 12",
)  # fmt: skip

#: The whole picture in another orientation, or its negative: nothing is refined.
TURNED = Family(
    name="turned", side=WHOLE_SIDE, seed_distance=0, extra=0, agreement=0.0,
    step=0.0, least=0.0, room=0.0, evaluations=0, plain=26, degenerate=True,
    source="what is turned exactly lies as near as the picture as it is",
)  # fmt: skip

FAMILIES = {family.name: family for family in (FRAMED, WHOLE, ROTATED, PANEL)}


def markdown() -> str:
    """Return the families as a table of docs/matching.md."""
    lines = [
        "| family | seed distance, bits | extra bits | with detail nearly everywhere | least agreement | from |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for family in (TURNED, FRAMED, PANEL, WHOLE, ROTATED):
        windows = family is not TURNED
        rich = f"+{family.extra + family.rich}" if family.rich else ""
        seed, agreement = (f"{family.seed_distance}", f"{family.agreement:.2f}") if windows else ("", "")
        cells = (f"`{family.name}`", seed, f"+{family.extra}", rich, agreement, family.source)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
