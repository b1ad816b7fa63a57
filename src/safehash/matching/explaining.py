"""Why an upload matched what it matched and nothing else: every view, the nearest entries, what each gate said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .._face import checked, public_value
from .._frozen import freeze_mappings
from ..errors import shortened
from ..hashing.algorithms import SHOWN_DIGITS
from ..hashing.bits import ones_in
from ..hashing.hashes import Algorithm, Hash
from ..images.uploads import Upload
from ..lists.digest_names import digest_named
from ..lists.entry import Entry
from .deciding import Facts, decide_upload
from .decision import Decision, Match
from .evidence import Evidence
from .gates import Refusal
from .judgement import LOW_QUALITY, Gates
from .naming import rows_named
from .settings import Settings
from .state import State
from .weighing import bits_of
from .windows import Batch

__all__ = ["Explanation", "GateSaid", "Look", "Near", "explained", "rows_of"]

#: Bits beyond the threshold that views without windows are looked up to: unrelated pictures begin at about 60.
_BEYOND = 33

#: Entries told of one view, nearest first.
_MOST_NEAR = 5


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class GateSaid:
    """What one gate said of a candidate.

    Made by `Matcher.explain`. The gates "rest" refuse nothing that others let pass: where one of them has bits, it is
    a match within these, whatever others say.

    Attributes
    ----------
    gate : str
        Its name (docs/matching.md, "Gates").
    bits : int or None
        Beyond (negative: under) the usual threshold, up to which it lets the candidate pass; None where it refuses.
    reason : str
        Why it refuses: what it found, and what it wanted. Empty where it does not.

    Examples
    --------
    >>> GateSaid(gate="contrast", bits=None, reason="contrast 9, at least 20 wanted").bits is None
    True
    """

    gate: str
    bits: int | None
    reason: str = ""


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """One entry that a view came near to.

    Made by `Matcher.explain`.

    Attributes
    ----------
    entry : Entry
    view : str
        In plain words.
    distance : int
        In bits.
    agreement : float or None
        Of bits weighted by the size of their coefficients, -1 to 1; None for a view that no window was refined for.
    threshold : int
        Of the entry's list, in bits, for the picture as it is; of one of low quality, `Policy.low_quality_distance`
        where that is less.
    allowed : int or None
        Bits within which this view matches: threshold and what the gates add or take; None where one refuses.
    matches : bool
        Whether it lies within that.
    gates : tuple of GateSaid
        All of them, also those that were not asked any more. None are asked of the picture as it is,
        if that is neither of low quality nor what tools alone see.
    measures : mapping
        What gates look at, by name, where any were asked.
    evidence : float or None
        That it is a copy, in bits, by these measures.

    Examples
    --------
    >>> near = safehash.Matcher.from_files("list.csv").explain("photo.jpg").looks[0].nearest[0]
    >>> near.entry.id, near.view, near.distance, near.allowed, near.matches
    ('b-1', 'as it is', 0, 31, True)
    """

    entry: Entry
    view: str
    distance: int
    agreement: float | None
    threshold: int
    allowed: int | None
    matches: bool
    gates: tuple[GateSaid, ...] = ()
    measures: Mapping[str, Any] = field(default_factory=dict)
    evidence: float | None = None

    def __post_init__(self) -> None:
        freeze_mappings(self)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One way in which a picture of the upload was looked up.

    Made by `Matcher.explain`.

    Attributes
    ----------
    picture : str
        Which picture of the upload: empty for itself, "frame 7 of 40", "on black" ...
    view : str
        The view, or the family of windows: "as it is", "mirrored", "framed", "whole" ...
    n_queries : int
        Digests that were looked up.
    why_not : str
        Why they were not; empty where they were.
    nearest : tuple of Near
        Nearest first, five at most; those that were refined, of windows.
    closest : int or None
        Where an entry was asked about: the distance in bits of the digest that came nearest to it.
    seeds_within : int or None
        Of windows: entries farther than this from every window are not refined.

    Examples
    --------
    >>> looks = safehash.Matcher.from_files("list.csv").explain("photo.jpg").looks
    >>> [(look.view, look.n_queries) for look in looks][:2]
    [('as it is', 1), ('turned a quarter right', 1)]
    """

    picture: str
    view: str
    n_queries: int
    why_not: str = ""
    nearest: tuple[Near, ...] = ()
    closest: int | None = None
    seeds_within: int | None = None


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why an upload matched what it matched, and nothing else.

    Made by `Matcher.explain`.

    Attributes
    ----------
    decision : Decision
        What `Matcher.check` says of it.
    entries : tuple of Entry
        Those that were asked about; empty where none were.
    looks : tuple of Look
        Every view of every picture of the upload, in the order in which they are looked up. Only PDQ has views to
        explain: for other algorithms the decision says all.

    Examples
    --------
    >>> explanation = safehash.Matcher.from_files("list.csv").explain("other.jpg", "b-1")
    >>> explanation.decision.outcome.value, explanation.entries[0].id
    ('no_match', 'b-1')
    >>> explanation.looks[0].closest > 31
    True
    """

    decision: Decision
    entries: tuple[Entry, ...]
    looks: tuple[Look, ...]

    @checked
    def to_record(self, *, full_hashes: bool = False) -> dict[str, Any]:
        """Return the explanation as plain data, as `safehash explain --json` prints it.

        Parameters
        ----------
        full_hashes : bool
            Write whole digests instead of their first 8 hexadecimal digits.

        Examples
        --------
        >>> safehash.Matcher.from_files("list.csv").explain("photo.jpg").to_record()["type"]
        'explanation'
        """
        return {
            "type": "explanation",
            "decision": self.decision.to_record(full_hashes=full_hashes),
            "entries": [_entry_record(each, full_hashes) for each in self.entries],
            "looks": [
                {
                    "picture": look.picture,
                    "view": look.view,
                    "n_queries": look.n_queries,
                    "why_not": look.why_not,
                    "closest": look.closest,
                    "seeds_within": look.seeds_within,
                    "nearest": [_near_record(each, full_hashes) for each in look.nearest],
                }
                for look in self.looks
            ],
        }


def _near_record(near: Near, full_hashes: bool) -> dict[str, Any]:
    return {
        "entry": _entry_record(near.entry, full_hashes),
        "view": near.view,
        "distance": near.distance,
        "agreement": None if near.agreement is None else round(near.agreement, 4),
        "evidence": None if near.evidence is None else round(near.evidence, 1),
        "threshold": near.threshold,
        "allowed": near.allowed,
        "matches": near.matches,
        "gates": [{"gate": each.gate, "bits": each.bits, "reason": each.reason} for each in near.gates],
        "measures": {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in near.measures.items()
        },
    }


def _entry_record(entry: Entry, full_hashes: bool) -> dict[str, Any]:
    own = entry.hash.hex if isinstance(entry.hash, Hash) else None
    shown = own if own is None or full_hashes else own[:SHOWN_DIGITS]
    return {"list": entry.source, "id": entry.id, "labels": list(entry.labels), "hash": shown}


def rows_of(state: State, entry: str | Entry) -> list[int]:
    """Return the listed rows of an entry: of its id or digest; digits in any case, `pdq:` before them or not.

    Raises
    ------
    LookupError
        There is none.
    IndexFileError
        The table came from a file, and the file is damaged in its ids.
    """
    rows: list[int] = []
    name = entry if isinstance(entry, str) else _name_of(entry)
    value = digest_named(name)
    if value is not None and value.algorithm is Algorithm.PDQ:
        rows = rows_named(state, value)
    rows = rows or rows_named(state, name)
    if not rows:
        raise LookupError(
            f"no entry that is matched against has the id or the PDQ digest {shortened(name)!r}"
        )
    return rows


def _name_of(entry: Entry) -> str:
    """Return what names an entry: its digest, or else its id."""
    if isinstance(entry.hash, Hash):
        return entry.hash.hex
    if entry.id is None:
        raise LookupError("an entry without digest and id cannot be found")
    return entry.id


def explained(
    state: State, item: Upload, settings: Settings, rows: Sequence[int]
) -> tuple[list[Match], Facts, tuple[Look, ...]]:
    """Decide one upload as `decide_upload` does, and tell how; of some rows of the table alone, if there are any."""
    witness = _Notes(state, rows)
    matches, facts = decide_upload(state, item, settings, witness=witness)
    return matches, facts, witness.looks()


class _Notes:
    """Writes down what a look-up came across."""

    def __init__(self, state: State, rows: Collection[int]) -> None:
        self.beyond = _BEYOND
        self._state = state
        self._only = frozenset(rows)
        self._digests: npt.NDArray[np.uint8] | None = None
        if rows:
            at, digests = state.table.digests(Algorithm.PDQ)
            self._digests = digests[np.isin(at, np.fromiter(rows, np.int64))]
        self._looks: list[Look] = []
        self._at: dict[tuple[str, str], int] = {}
        self._near: dict[int, dict[int, Near]] = {}

    def looks_at(self, picture: str, own: Hash, queries: tuple[tuple[str, bytes], ...], why_not: str) -> None:
        for view, digest in queries:
            closest = self._closest(np.frombuffer(digest, np.uint8)[None])
            self._add(Look(picture=picture, view=view, n_queries=1, why_not=why_not, closest=closest))

    def proposes(self, picture: str, batch: Batch) -> None:
        queries = batch.digests
        self._add(
            Look(
                picture=picture,
                view=batch.family.name,
                n_queries=len(queries),
                closest=self._closest(queries) if len(queries) else None,
                seeds_within=batch.family.seed_distance,
            )
        )

    def finds(
        self, picture: str, view: str, row: int, distance: int, evidence: Evidence | None, gates: Gates | None
    ) -> None:
        at = len(self._looks) - 1
        if evidence is None or evidence.agreement is None:  # one of the views that were looked up together
            at = self._at[picture, view]
        (table_row,) = self._state.table.rows_of(Algorithm.PDQ, [row])
        if table_row >= self._state.n_listed or (self._only and table_row not in self._only):
            return
        near = self._near.setdefault(at, {})
        found = self._near_of(table_row, view, distance, evidence, gates)
        if table_row not in near or distance < near[table_row].distance:
            near[table_row] = found

    def looks(self) -> tuple[Look, ...]:
        """Return what was looked at, each look with the entries that were nearest."""
        told = []
        for at, look in enumerate(self._looks):
            near = sorted(self._near.get(at, {}).values(), key=lambda each: (not each.matches, each.distance))
            told.append(replace(look, nearest=tuple(near[:_MOST_NEAR])))
        return tuple(told)

    def _add(self, look: Look) -> None:
        view = look.view if look.picture == "" else f"{look.picture}, {look.view}"
        if look.seeds_within is None and look.view == "as it is":
            view = look.picture or look.view
        self._at[look.picture, view] = len(self._looks)
        self._looks.append(look)

    def _closest(self, queries: npt.NDArray[np.uint8]) -> int | None:
        if self._digests is None or not len(self._digests):
            return None
        apart = queries[:, None, :] ^ self._digests[None, :, :]
        return int(ones_in(apart).min())

    def _near_of(
        self, row: int, view: str, distance: int, evidence: Evidence | None, gates: Gates | None
    ) -> Near:
        entry = self._state.table[row]
        threshold = self._state.policy.of_list(entry.source).max_distance[Algorithm.PDQ.value]
        if gates is LOW_QUALITY:
            threshold = min(threshold, self._state.policy.low_quality_distance or 0)
        if evidence is None or gates is None:
            return Near(
                entry=entry, view=view, distance=distance, agreement=None, threshold=threshold, allowed=threshold,
                matches=distance <= threshold, evidence=None if evidence is None else bits_of(evidence),
            )  # fmt: skip
        bits = gates.allowed(evidence)
        allowed = None if isinstance(bits, Refusal) else threshold + bits
        return Near(
            entry=entry,
            view=view,
            distance=distance,
            agreement=evidence.agreement,
            threshold=threshold,
            allowed=allowed,
            matches=allowed is not None and distance <= allowed,
            gates=tuple(
                GateSaid(gate=gate.name, bits=None, reason=said.reason)
                if isinstance(said, Refusal)
                else GateSaid(gate=gate.name, bits=round(said))
                for gate, said in gates.said(evidence)
            ),
            measures=evidence.record(),
            evidence=bits_of(evidence),
        )
