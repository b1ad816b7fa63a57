"""What a scan says of each thing it met: decided, left aside, or a problem; and the sum of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._face import checked, public_value
from .._frozen import freeze_mappings, thawed
from ..hashing.hashes import Hash
from ..matching.decision import DECIDED, Audit, Decision, Outcome
from ..matching.pairs import REVIEW
from ..matching.record import decision_record
from .caveats import caveat_of

__all__ = ["Known", "Problem", "ScanEvent", "ScanRecord", "Skipped", "Summary"]

_DECIDED = frozenset(outcome.value for outcome in DECIDED)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRecord:
    """One file, or one member of an archive, that was decided.

    Made by `scan`.

    Attributes
    ----------
    path : str
        As the file was reached; bytes that are not UTF-8 are kept as lone surrogates.
    decision : Decision
    member : str or None
        Name inside the archive that `path` is.
    position : int
        1-based place of the member in its archive; 0 for a plain file.
    size : int or None
        Bytes of the file at `path`.
    n_bytes : int or None
        Bytes that were decided: the member's own, or the file's.
    mtime_ns : int or None
        Its time of change, nanoseconds since 1970; None where the store has none.
    digests : tuple of Hash
        File digests that were asked for, of the bytes that were decided.
    failure : str or None
        Where the machinery failed and not the picture: "crash", "timeout", "deadline", "memory", "internal" (a
        defect of ours), "read" or "changed" (decided, but its size or time moved meanwhile).

    Examples
    --------
    >>> how = safehash.ScanOptions(workers=0, ordered=True)
    >>> record, *_ = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
    >>> record.path, record.decision.outcome.value
    ('photos/other.jpg', 'no_match')
    """

    path: str
    decision: Decision
    member: str | None = None
    position: int = 0
    size: int | None = None
    n_bytes: int | None = None
    mtime_ns: int | None = None
    digests: tuple[Hash, ...] = ()
    failure: str | None = None

    @checked
    def to_record(self, *, full_hashes: bool = False) -> dict[str, Any]:
        """Return the record as plain data (docs/scan.md, "Records").

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> [record.to_record()["outcome"] for record in running]
        ['no_match', 'match']
        """
        facts = self.decision.facts()
        facts.update(
            path=self.path,
            size=self.size,
            modified_ns=self.mtime_ns,
            failure=self.failure,
            **{value.algorithm.value: value.hex for value in self.digests},
        )
        if self.member is not None:
            facts.update(member=self.member, position=self.position)
        return decision_record(facts, full_hashes=full_hashes)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A file that was left aside by rule: no picture, a link, a special file ...

    Made by `Scan.events`.

    Attributes
    ----------
    path, member, position, size, mtime_ns
        As of `ScanRecord`.
    reason : str
        One of a handful of fixed phrases, so that it can be counted.

    Examples
    --------
    >>> how = safehash.ScanOptions(workers=0)
    >>> running = safehash.scan(".", matcher=safehash.Matcher.from_files("list.csv"), options=how)
    >>> sorted(event.path for event in running.events() if isinstance(event, Skipped))
    ['./list.csv', './lists.safehash', './scan.db'...]
    """

    path: str
    reason: str
    member: str | None = None
    position: int = 0
    size: int | None = None
    mtime_ns: int | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the record as plain data.

        Examples
        --------
        >>> Skipped(path="a", reason="special file").to_record()["reason"]
        'special file'
        """
        record: dict[str, Any] = {"type": "skipped", "path": self.path}
        if self.member is not None:
            record["member"] = self.member
            record["position"] = self.position
        record["reason"] = self.reason
        return record


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A place whose files could not be counted: an unreadable folder, a damaged archive.

    Made by `Scan.events`.

    Attributes
    ----------
    path : str
    reason : str
        What happened there.

    Examples
    --------
    >>> Problem(path="photos/closed", reason="unreadable folder: Permission denied").to_record()["type"]
    'problem'
    """

    path: str
    reason: str

    def to_record(self) -> dict[str, Any]:
        """Return the record as plain data.

        Examples
        --------
        >>> Problem(path="a.zip", reason="damaged").to_record()["reason"]
        'damaged'
        """
        return {"type": "problem", "path": self.path, "reason": self.reason}


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file that is as the catalog knew it, decided under these lists and settings before.

    Made by `Scan.events`.

    Attributes
    ----------
    path : str
        As it was reached now.
    facts : mapping
        What is known of it, as `to_record` tells it.

    Examples
    --------
    >>> how = safehash.ScanOptions(workers=0, unchanged=True)
    >>> matcher = safehash.Matcher.from_files("list.csv")
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     events = list(safehash.scan("photos", matcher=matcher, options=how, catalog=catalog).events())
    >>> sorted((type(event).__name__, event.outcome) for event in events)
    [('Known', 'match'), ('Known', 'no_match')]
    """

    path: str
    facts: Mapping[str, Any]

    def __post_init__(self) -> None:
        freeze_mappings(self)

    @property
    def outcome(self) -> str:
        """How it ended, as an `Outcome`'s value.

        Examples
        --------
        >>> Known(path="a.jpg", facts={"outcome": "no_match", "matches": []}).outcome
        'no_match'
        """
        return str(self.facts["outcome"])

    @property
    def standing(self) -> list[Mapping[str, Any]]:
        """Its matches that nothing cancelled, nearest first.

        Examples
        --------
        >>> Known(path="a.jpg", facts={"outcome": "no_match", "matches": []}).standing
        []
        """
        return [match for match in self.facts["matches"] if match["suppressed_by"] is None]

    @checked
    def to_record(self, *, full_hashes: bool = False) -> dict[str, Any]:
        """Return the record as plain data, as of `ScanRecord`.

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> facts = {name: value for name, value in next(iter(running)).to_record().items() if name != "type"}
        >>> Known(path="photos/photo.jpg", facts=facts).to_record()["unchanged"]
        True
        """
        return decision_record({**thawed(self.facts), "unchanged": True}, full_hashes=full_hashes)


#: Whatever a scan says of one thing it met.
ScanEvent = ScanRecord | Known | Skipped | Problem


@public_value
@dataclass(slots=True, kw_only=True)
class Summary:
    """Counts of a scan, growing while it runs.

    Made by a `Scan`.

    Attributes
    ----------
    audit : Audit
    n_files : int
        Decided now or known from the catalog; left-aside files are not among them.
    n_unchanged : int
        Known from the catalog and not decided again.
    outcomes : Counter of str
    skipped : Counter of str
        By reason.
    problems : Counter of str
    reasons : Counter of str
        Why files could not be decided, shortened to what can be counted.
    caveats : Counter of str
        Files that were decided, did not match, and of which less was looked at than there is: "cut off", "changed
        meanwhile", "looked at in part".
    refused : Counter of str
        Files that did not match, and that a gate kept from an entry that was near enough, by the gate of the nearest.
    lists, labels : Counter of str
        Files matched, by list and by label.
    n_bytes : int
        Of the files and members decided now.
    seconds : float
    interrupted : bool
    n_gone : int
        Files that the catalog knew in the folders of this scan and that are no longer there.
    n_pairs : int
        Pairs of an entry and a picture that reviewers had judged, and that were heeded.
    n_reviewed : int
        Files of which verdicts cancelled a match.
    notes : tuple of str
        What is to be said of the lists: rejected records, what was assumed or left out, stale or refused lists.

    Examples
    --------
    >>> how = safehash.ScanOptions(workers=0)
    >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
    >>> len(list(running)), running.summary.n_matched, running.summary.n_undecided
    (2, 1, 0)
    """

    audit: Audit
    n_files: int = 0
    n_unchanged: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    caveats: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    lists: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    n_bytes: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    n_gone: int = 0
    n_pairs: int = 0
    n_reviewed: int = 0
    notes: tuple[str, ...] = ()

    @checked
    def add(self, record: ScanEvent) -> None:
        """Count one record.

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> records = list(running)
        >>> running.summary.add(records[0])
        >>> running.summary.n_files
        3
        """
        if isinstance(record, Skipped):
            self.skipped[record.reason] += 1
            return
        if isinstance(record, Problem):
            self.problems[record.reason.split(":")[0]] += 1
            return
        if isinstance(record, Known):
            self._add_known(record)
            return
        decision = record.decision
        self.n_files += 1
        self.n_bytes += record.n_bytes or 0
        self.outcomes[decision.outcome.value] += 1
        if not decision.is_decided:
            self.reasons[_countable(decision.reason, decision.outcome.value)] += 1
        elif not decision.is_match:
            how = decision.provenance
            if (
                decision.reason is not None
                or record.failure is not None
                or (how is not None and how.truncated)
            ):
                self._add_caveat({**decision.facts(), "failure": record.failure})
        if not decision.is_match and decision.refused:
            self.refused[decision.refused[0].gate] += 1
        self.n_reviewed += any(match.suppressed_by == REVIEW for match in decision.matches)
        if decision.is_match:
            live = [match.entry for match in decision.standing]
            self.lists.update({entry.source for entry in live})
            self.labels.update({label for entry in live for label in entry.labels})

    def _add_caveat(self, facts: Mapping[str, Any]) -> None:
        caveat = caveat_of(facts)
        if caveat is not None:
            self.caveats[caveat.name] += 1

    def _add_known(self, record: Known) -> None:
        self.n_files += 1
        self.n_unchanged += 1
        self.outcomes[record.outcome] += 1
        self.n_reviewed += any(match["suppressed_by"] == REVIEW for match in record.facts["matches"])
        if record.outcome not in _DECIDED:
            self.reasons[_countable(record.facts["reason"], record.outcome)] += 1
        self._add_caveat(record.facts)
        refused = record.facts.get("refused")
        if refused and record.outcome != Outcome.MATCH.value:
            self.refused[refused[0]["gate"]] += 1
        self.lists.update({match["list"] for match in record.standing})
        self.labels.update({label for match in record.standing for label in match["labels"]})

    @property
    def n_undecided(self) -> int:
        """Files without an answer, and places that could not be looked into.

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> len(list(running)), running.summary.n_undecided
        (2, 0)
        """
        open_files = sum(n for outcome, n in self.outcomes.items() if outcome not in _DECIDED)
        return open_files + sum(self.problems.values())

    @property
    def n_matched(self) -> int:
        """Files whose outcome is a match.

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> len(list(running)), running.summary.n_matched
        (2, 1)
        """
        return self.outcomes[Outcome.MATCH.value]

    def to_record(self) -> dict[str, Any]:
        """Return the last record of a scan as plain data (docs/scan.md, "Records").

        Examples
        --------
        >>> how = safehash.ScanOptions(workers=0)
        >>> running = safehash.scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> len(list(running)), running.summary.to_record()["files"]
        (2, 2)
        """
        audit = self.audit
        return {
            "type": "summary",
            "files": self.n_files,
            "unchanged": self.n_unchanged,
            "outcomes": dict(self.outcomes.most_common()),
            "skipped": dict(self.skipped.most_common()),
            "problems": dict(self.problems.most_common()),
            "reasons": dict(self.reasons.most_common()),
            "caveats": dict(self.caveats.most_common()),
            "refused": dict(self.refused.most_common()),
            "matched_lists": dict(self.lists.most_common()),
            "matched_labels": dict(self.labels.most_common()),
            "bytes": self.n_bytes,
            "seconds": round(self.seconds, 3),
            "interrupted": self.interrupted,
            "gone": self.n_gone,
            "notes": list(self.notes),
            "lists": [
                {
                    "name": info.name,
                    "snapshot": info.snapshot,
                    "loaded": info.loaded,
                    "entries": info.n_entries,
                }
                for info in audit.lists
            ],
            "algorithm": audit.algorithm,
            "effort": audit.effort,
            "thresholds": dict(audit.thresholds),
            "min_quality": audit.min_quality,
            "low_quality_distance": audit.low_quality_distance,
            "min_evidence": audit.min_evidence,
            "list_thresholds": [list(each) for each in audit.list_thresholds],
            "list_evidence": [list(each) for each in audit.list_evidence],
            "allow_distance": audit.allow_distance,
            "allow_ids": list(audit.allow_ids),
            "review": {"pairs": self.n_pairs, "files": self.n_reviewed},
            "version": audit.version,
        }


def _countable(reason: str | None, outcome: str) -> str:
    """Shorten a reason to its kind: the words before the first colon, bracket or digit."""
    reason = reason or outcome
    for end, character in enumerate(reason):
        if character in ":(" or character.isdigit():
            head = reason[:end].strip()
            return head if len(head) > 3 else outcome.replace("_", " ")
    return reason[:60]
