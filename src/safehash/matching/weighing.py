"""How much what was measured of a candidate says for a copy, in bits: one score beside the gates."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from .evidence import MEASURES, Evidence
from .weights import WEIGHTS

__all__ = ["UNKNOWN", "WORDS", "bits_of", "in_a_word", "markdown"]

#: Evidence in a word, from so many bits on; the last is what speaks against a copy. `evaluate` counts by the same ends.
WORDS: tuple[tuple[int | None, str], ...] = ((8, "strong"), (4, "fair"), (0, "weak"), (None, "against"))
#: And where digests are all that is known.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Term:
    """What one measure adds: bits at some of its values, in between in proportion, beyond them as at the last.

    Attributes
    ----------
    measure : str
        One of `evidence.MEASURES`.
    values : tuple of float
        Ascending.
    bits : tuple of float
        Ascending, or descending.
    """

    measure: str
    values: tuple[float, ...]
    bits: tuple[float, ...]

    def weigh(self, value: float) -> float:
        """Return what the measure adds where it has this value."""
        at = bisect_right(self.values, value)
        if at == 0:
            return self.bits[0]
        if at == len(self.values):
            return self.bits[-1]
        low, high = self.values[at - 1], self.values[at]
        share = (value - low) / (high - low)
        return self.bits[at - 1] + share * (self.bits[at] - self.bits[at - 1])


_TERMS = {
    kind: tuple(_Term(measure, values, bits) for measure, (values, bits) in terms.items())
    for kind, (_, _, terms) in WEIGHTS.items()
}


def bits_of(evidence: Evidence) -> float:
    """Return the evidence that a candidate is a copy, in bits.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    float
        The binary logarithm of how many times as often what was measured is met in copies as in other pictures that
        came as near; 0 says nothing, less than 0 speaks against a copy. No more, and no less, than the number of
        pairs bears out that the score was learnt from.
    """
    kind = kind_of(evidence)
    base, most, _ = WEIGHTS[kind]
    bits = base + sum(term.weigh(float(getattr(evidence, term.measure))) for term in _TERMS[kind])
    return min(most, max(-most, bits))


def in_a_word(bits: float | None) -> str:
    """Return how sure evidence is, in a word of `WORDS`."""
    if bits is None:
        return UNKNOWN
    return next(word for least, word in WORDS if least is None or bits >= least)


def kind_of(evidence: Evidence) -> str:
    """Return which of the tables weighs a candidate.

    "as it is", "turned", "window" where one was refined, "partial" where what is hidden or cut off makes the rest speak
    for itself.
    """
    if evidence.agreement is None:
        return evidence.family.name
    return "partial" if evidence.is_partial else "window"


def markdown() -> str:
    """Return what each measure adds, as a table of docs/matching.md."""
    kinds = tuple(WEIGHTS)
    lines = [
        f"| measure | unit | {' | '.join(kinds)} |",
        f"| --- | --- |{' --- |' * len(kinds)}",
    ]
    for measure, (unit, _) in MEASURES.items():
        cells = [
            next((_shown(term) for term in _TERMS[kind] if term.measure == measure), "") for kind in kinds
        ]
        if any(cells):
            lines.append(f"| {measure.replace('_', ' ')} | {unit} | {' | '.join(cells)} |")
    lines.append(f"| whatever it measures | | {' | '.join(f'{WEIGHTS[kind][0]:+.1f}' for kind in kinds)} |")
    lines.append(f"| at most | | {' | '.join(f'±{WEIGHTS[kind][1]:.1f}' for kind in kinds)} |")
    return "\n".join(lines)


def _shown(term: _Term) -> str:
    return f"{term.values[0]:.3g}: {term.bits[0]:+.1f}, {term.values[-1]:.3g}: {term.bits[-1]:+.1f}"
