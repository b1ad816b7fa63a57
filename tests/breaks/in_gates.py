"""Breaks of the gates: each of them off, and its numbers moved."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_ALONE = "tests/matching/test_gates_one_by_one.py"
_JUDGEMENT, _GATES, _FAMILIES = (
    f"src/safehash/matching/{name}.py" for name in ("judgement", "gates", "families")
)
_ALL = "(AGREEMENT, MISSING, QUALITY, FAINT, PLAIN_SHAPE, DETAIL, PIXELS, LAID_OUT, *_KINDS, REST_FLAT, ASLANT, *_SEEN)"
_KINDS = "_KINDS = (GREYS, COMMON, FLAT, CONTRAST, LINED, PLAIN_GROUND)"


def _off(gate: str) -> Break:
    before = _KINDS if gate in _KINDS else _ALL
    return Break(
        what=f"the gate {gate} is off",
        file=_JUDGEMENT,
        before=before,
        after=before.replace(f"{gate}, ", "").replace(f", {gate})", ")"),
        dies=(_ALONE,),
    )


def _moved(gate: str, before: str, after: str) -> Break:
    return Break(
        what=f"{gate}: {after} for {before}", file=_JUDGEMENT, before=before, after=after, dies=(_ALONE,)
    )


BREAKS = (
    *(
        _off(gate)
        for gate in (
            "AGREEMENT",
            "MISSING",
            "QUALITY",
            "FAINT",
            "PLAIN_SHAPE",
            "DETAIL",
            "PIXELS",
            "LAID_OUT",
            "GREYS",
            "COMMON",
            "FLAT",
            "CONTRAST",
            "LINED",
            "PLAIN_GROUND",
            "REST_FLAT",
            "ASLANT",
        )
    ),
    Break(
        what="the gate AGAINST is off",
        file=_JUDGEMENT,
        before="_SEEN = (AGAINST, REST, REST_SURE)",
        after="_SEEN = (REST, REST_SURE)",
        dies=(_ALONE,),
    ),
    _moved("agreement", 'Range("agreement", 0.57, 0.57)', 'Range("agreement", 0.50, 0.50)'),
    _moved("quality", 'Range("quality", 40, 40)', 'Range("quality", 30, 30)'),
    _moved("faint", 'Range("faint", 0.15, 0.15)', 'Range("faint", 0.5, 0.5)'),
    _moved("plain shape", "    offset=64,", "    offset=60,"),
    _moved("laid out", "    bits=-11,", "    bits=0,"),
    _moved("rest", 'Range("rest", 62, 72)', 'Range("rest", 52, 62)'),
    _moved("rest, sure", 'Range("rest", 95, 105)', 'Range("rest", 85, 95)'),
    _moved("rest", 'Range("plain_distance", 84, 86)', 'Range("plain_distance", 80, 82)'),
    _moved(
        "rest",
        'Range("flat", 0.28, 0.22),\n        Range("pixels"',
        'Range("flat", 0.34, 0.28),\n        Range("pixels"',
    ),
    Break(
        what="what the rest says holds for degenerate entries",
        file=_GATES,
        before="        if evidence.degenerate:\n            return Refusal(self.name",
        after="        if False:\n            return Refusal(self.name",
        dies=(_ALONE,),
    ),
    Break(
        what="what the rest says takes bits away",
        file=_JUDGEMENT,
        before="(isinstance(allowed, Refusal) or said > allowed):",
        after="True:",
        dies=(_ALONE,),
    ),
    Break(
        what="what lies too far for its family is judged by no rest",
        file=_JUDGEMENT,
        before="        return max((family.extra + family.rich, *(gate.bits for gate in self._rests if",
        after="        return max((family.extra + family.rich, *(0 for gate in self._rests if",
        dies=("tests/matching/test_rest_found.py",),
    ),
    Break(
        what="a box of few pixels is taken for an upload of its own",
        file=_GATES,
        before="        if evidence.pixels < least:",
        after="        if False:",
        dies=(_ALONE,),
    ),
    Break(
        what="graphics are seen from the side",
        file=_FAMILIES,
        before="may_gain=0.22, aslant=True,",
        after="may_gain=0.22,",
        dies=(_ALONE,),
    ),
    Break(
        what="an object on a plain ground is an overexposed photograph",
        file=_GATES,
        before="        return 0.0 if evidence.plain_ground else min(",
        after="        return min(",
        dies=(_ALONE,),
    ),
    Break(
        what="what a tool sees in place of what is shown is judged by its distance alone",
        file="src/safehash/matching/views.py",
        before="SEEN_OTHERWISE if apart > found.limit(row) else None",
        after="None",
        dies=("tests/matching/test_other_channels.py",),
    ),
    Break(
        what="what a tool sees is never judged as the picture that is shown",
        file="src/safehash/matching/views.py",
        before="SEEN_OTHERWISE if apart > found.limit(row) else None",
        after="SEEN_OTHERWISE if apart else None",
        dies=("tests/matching/test_other_channels.py",),
    ),
    Break(
        what="what a tool sees is another picture by the threshold of whichever list has the widest",
        file="src/safehash/matching/views.py",
        before="SEEN_OTHERWISE if apart > found.limit(row) else None",
        after="SEEN_OTHERWISE if apart > found.max_distance else None",
        dies=("tests/matching/test_other_channels.py",),
    ),
    Break(
        what="what lies near the frame before is no other picture of this one",
        file="src/safehash/matching/views.py",
        before="        as_shown = as_shown if is_further and as_shown else own\n",
        after="        as_shown = as_shown or own\n",
        dies=("tests/matching/test_other_channels.py",),
    ),
    Break(
        what="what gates refused of other channels is not looked up where a viewer shows the same",
        file="src/safehash/matching/views.py",
        before="            if is_low or not plain:",
        after="            if True:",
        dies=("tests/matching/test_other_channels.py",),
    ),
    Break(
        what="a graphic may lie as far as a photograph",
        file=_GATES,
        before="    bits: float = -25\n",
        after="    bits: float = 0\n",
        dies=(_ALONE,),
    ),
    Break(
        what="gates of one kind add up: the last one alone counts",
        file=_JUDGEMENT,
        before="            bits = min(room.bits, said)\n",
        after="            bits = said\n",
        dies=(_ALONE,),
    ),
    Break(
        what="crops may lie a bit farther",
        file=_FAMILIES,
        before='name="whole", side=WHOLE_SIDE, seed_distance=94, extra=18, agreement=0.50,',
        after='name="whole", side=WHOLE_SIDE, seed_distance=94, extra=19, agreement=0.50,',
        dies=(_ALONE,),
    ),
)
