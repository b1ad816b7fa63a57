"""Everything a decision reads, as one value, and how it is made from lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from .. import __version__
from ..errors import IndexFileError, ListError, logger_of, shortened, shortened_value
from ..hashing.hashes import Algorithm
from ..lists.building import EntryTableBuilder
from ..lists.entry import Entry
from ..lists.formats.sentences import remark_on_name
from ..lists.loading import LoadedList, load_list, loaded_of
from ..lists.merging import merge_lists
from ..lists.policy import Policy
from ..lists.selecting import select, staleness
from ..lists.source import ListSource, check_names, named_path
from ..lists.switches import switch
from ..lists.table import EntryTable
from ..search.exact import ExactIndex
from ..search.index import Index
from .decision import Audit, ListInfo
from .keeping import Before, check_shrink, keep, last_good_of
from .list_signatures import expect_list_signed, signature_path
from .settings import Settings
from .snapshot import file_state
from .weights import WEIGHTS

__all__ = [
    "Sources",
    "State",
    "audit_of",
    "is_gone",
    "limits_of",
    "of_lists",
    "origin_of",
    "read_state",
    "remarks_on",
    "state_of_entries",
    "widest_distance",
]

_LOG = logger_of(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything a decision reads, swapped as one."""

    table: EntryTable
    n_listed: int  # rows from here on come from allow-lists
    indexes: Mapping[Algorithm, Index]  # over table.digests(algorithm)
    exact: Mapping[Algorithm, ExactIndex]  # likewise
    allowed: frozenset[int]  # listed rows whose very digest stands on an allow-list
    policy: Policy
    audit: Audit
    notes: tuple[str, ...]
    origin: tuple[object, ...]  # what the files looked like when they were read
    kept: tuple[
        str, ...
    ] = ()  # names of lists that are in their last good state, as what is there now is refused
    only: frozenset[str] | None = None  # names of the lists whose entries count; None for all
    verifying: Callable[[], Iterator[None]] | None = (
        None  # of a snapshot: checks all of it, a piece at each step
    )

    def counts(self) -> dict[str, int]:
        """Return how many digests of each algorithm are looked among."""
        perceptual = {algorithm.value: len(index) for algorithm, index in self.indexes.items()}
        return perceptual | {algorithm.value: len(index) for algorithm, index in self.exact.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a matcher's lists come from: lists and allow-lists, or one snapshot."""

    lists: tuple[ListSource, ...] = ()
    allow: tuple[ListSource, ...] = ()
    snapshot: str | None = None


def origin_of(sources: Sources) -> tuple[object, ...]:
    """Return what tells the files of today from those of yesterday."""
    if sources.snapshot is not None:
        return (_seen(Path(sources.snapshot)),)
    paths: list[Path] = []
    for source in (*sources.lists, *sources.allow):
        path = Path(source.path)
        paths += sorted(path.rglob("*")) if path.is_dir() else [path]
        signature = signature_path(source)
        paths += [signature] if signature.exists() else []
    return tuple((str(path), _seen(path)) for path in paths)


_GONE = "gone"


def _seen(path: Path) -> object:
    try:
        return file_state(path)
    except IndexFileError:
        return _GONE


def is_gone(origin: tuple[object, ...]) -> bool:
    """Tell whether one of the files of an origin is not there."""
    return any(each == _GONE or (isinstance(each, tuple) and each[-1] == _GONE) for each in origin)


def read_state(
    sources: Sources,
    settings: Settings,
    before: Mapping[tuple[str, bool], Before] | None = None,
    last_good: bool = False,
    keep_good: bool = False,
) -> State:
    """Read all lists into one table, listed rows first, allowed ones behind.

    Parameters
    ----------
    sources : Sources
    settings : Settings
    before : mapping, optional
        What this takes the place of, as of `keeping.before_of`.
    last_good : bool
        Keep the last good state of each list beside it, and go on from it where a list is refused.
    keep_good : bool
        Keep the last good state alone.

    Raises
    ------
    ListError, OSError
        A list is refused or cannot be read, or no entry to match against is left.
    """
    policy = Policy() if settings.policy is None else settings.policy
    check_names([*sources.lists, *sources.allow])
    origin = origin_of(sources)
    builder = EntryTableBuilder()
    infos: list[ListInfo] = []
    notes: list[str] = []
    kept: list[str] = []
    n_listed = 0
    for is_allow, wanted in ((False, sources.lists), (True, sources.allow)):
        for source in wanted:
            loaded, good = _load(source, last_good)
            if settings.trusted:
                expect_list_signed(source, loaded.snapshot, settings.trusted)
            said = [] if good is None else [good.note]
            kept += [loaded.name] if said else []
            selection = select(_ALLOW_POLICY if is_allow else policy, loaded)
            known = (before or {}).get((loaded.name, is_allow))
            if known is not None:
                check_shrink(source, known, loaded.table, selection.rows, loaded.withdrawn)
            if (last_good or keep_good) and not said:
                problem = keep(source, loaded)
                said = [] if problem is None else [f"{loaded.name}: {problem}"]
            for note in said:
                _LOG.warning("%s", note)
            notes += said
            builder.extend_from(loaded.table, selection.rows, source=loaded.name)
            stale = staleness(loaded.report, refresh_days=policy.refresh_days)
            if stale is not None:
                _LOG.warning("%s: %s", loaded.name, stale)
                notes.append(f"{loaded.name}: {stale}")
            said = [f"{loaded.name}: {n} entries left out: {why}" for why, n in selection.left_out.items()]
            said += [f"{loaded.name}: {note}" for note in _notes_on(source, loaded, is_allow=is_allow)]
            said += _on_rejects(loaded)
            for note in said:
                _LOG.info("%s", note)
            notes += said
            infos.append(
                _info(loaded, len(selection.rows), is_allow, when=None if good is None else good.when)
            )
        if not is_allow:
            n_listed = len(builder)
    if sources.lists and n_listed == 0:
        raise ListError(
            "no entry to match against is left: see `safehash lists check`", path=sources.lists[0].path
        )
    return _state(builder.build(), n_listed, infos, policy, settings, notes=notes, origin=origin, kept=kept)


#: An allow-list is taken whole.
_ALLOW_POLICY = Policy(categories=("positive", "seed", "disputed", "negative"), min_quality=0)


def state_of_entries(entries: Iterable[Entry], allow: Iterable[Entry], settings: Settings) -> State:
    """Put entries at hand into one table, as `read_state` puts lists; each belongs to the list that its source names.

    Raises
    ------
    ListError
        No entry to match against is left.
    """
    policy = Policy() if settings.policy is None else settings.policy
    builder = EntryTableBuilder()
    infos: list[ListInfo] = []
    notes: list[str] = []
    n_listed = 0
    for is_allow, given in ((False, entries), (True, allow)):
        by_source: dict[str, list[Entry]] = {}
        for entry in merge_lists(given):
            by_source.setdefault(entry.source, []).append(entry)
        for name, own in by_source.items():
            loaded = loaded_of(name, own)
            selection = select(_ALLOW_POLICY if is_allow else policy, loaded)
            notes += [f"{name}: {n} entries left out: {why}" for why, n in selection.left_out.items()]
            builder.extend_from(loaded.table, selection.rows)
            infos.append(_info(loaded, len(selection.rows), is_allow))
        if not is_allow:
            n_listed = len(builder)
    if n_listed == 0:
        raise ListError(
            "no entry to match against is left: there was none, or the policy leaves all of them out"
        )
    return _state(builder.build(), n_listed, infos, policy, settings, notes=notes)


def _info(loaded: LoadedList, n_entries: int, is_allow: bool, *, when: str | None = None) -> ListInfo:
    return ListInfo(
        name=loaded.name,
        snapshot=loaded.snapshot,
        loaded=datetime.now(timezone.utc).isoformat(timespec="seconds") if when is None else when,
        n_entries=n_entries,
        allow=is_allow,
    )


def _state(
    table: EntryTable,
    n_listed: int,
    infos: Sequence[ListInfo],
    policy: Policy,
    settings: Settings,
    *,
    notes: Sequence[str],
    origin: tuple[object, ...] = (),
    kept: Sequence[str] = (),
) -> State:
    """Index a table, and return everything together."""
    indexes: dict[Algorithm, Index] = {}
    exact: dict[Algorithm, ExactIndex] = {}
    allowed: set[int] = set()
    for algorithm in Algorithm:
        rows, digests = table.digests(algorithm)
        if not rows.size:
            continue
        n_own = int(np.searchsorted(rows, n_listed))
        if algorithm.is_perceptual:
            index = Index.from_digests(
                digests,
                algorithm=algorithm,
                method=settings.search,
                max_distance=widest_distance(policy, algorithm),
            )
            indexes[algorithm] = index
            if n_own < rows.size:
                _, twins, _ = index.search_many(np.ascontiguousarray(digests[n_own:]), max_distance=0)
                allowed |= {int(rows[twin]) for twin in twins.tolist() if twin < n_own}
        else:
            exact[algorithm] = ExactIndex.from_digests(digests)
            for digest in digests[n_own:]:
                twins_of = exact[algorithm].positions_of(digest.tobytes())
                allowed |= {
                    int(rows[twin]) for twin in twins_of if twin < n_own and (digests[twin] == digest).all()
                }
    return State(
        table=table,
        n_listed=n_listed,
        indexes=indexes,
        exact=exact,
        allowed=frozenset(allowed),
        policy=policy,
        audit=audit_of((*indexes, *exact), infos, policy, settings),
        notes=tuple(notes),
        origin=origin,
        kept=tuple(kept),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """That a list is in its last good state."""

    note: str  # to be said loudly
    when: str  # it was read


def _load(source: ListSource, last_good: bool) -> tuple[LoadedList, _Kept | None]:
    """Read a list; where it is refused or not there, return its last good state, and that it is."""
    if not last_good:
        return load_list(source), None
    kept = last_good_of(source)
    try:
        loaded = load_list(source)
        if kept is not None and kept.loaded.snapshot != loaded.snapshot:
            check_shrink(source, kept.before, loaded.table, np.arange(len(loaded.table)), loaded.withdrawn)
    except ListError as exc:
        if kept is None:
            raise
        note = (
            f"{exc}; going on with its last good state, of {kept.when} ({kept.age} old), which may still hold "
            f"entries that were withdrawn since; {switch('last_good', False)} stops instead"
        )
        return kept.loaded, _Kept(note, kept.when)
    return loaded, None


def _notes_on(source: ListSource, loaded: LoadedList, *, is_allow: bool) -> list[str]:
    """Return what was remarked on a list; that one's name speaks of harmless pictures is as it should be on some."""
    as_it_should_be = (remark_on_name(named_path(source.path).name) if is_allow else None) or ""
    return [note for note in loaded.report.notes if note != shortened(as_it_should_be)]


def _on_rejects(loaded: LoadedList) -> list[str]:
    report = loaded.report
    if not report.n_rejects:
        return []
    return [
        f"{loaded.name}: {report.n_rejects} of {report.n_records} records were rejected; the first: "
        f"{report.rejects[0]}"
    ]


def audit_of(
    algorithms: Sequence[Algorithm], infos: Sequence[ListInfo], policy: Policy, settings: Settings
) -> Audit:
    """Return what every decision by these lists and settings carries."""
    return Audit(
        version=__version__,
        algorithm=",".join(algorithm.value for algorithm in algorithms) or "pdq",
        effort=settings.effort,
        lists=tuple(infos),
        thresholds=tuple(sorted(policy.max_distance.items())),
        min_quality=policy.min_quality,
        low_quality_distance=policy.low_quality_distance,
        list_thresholds=tuple(
            (name, algorithm, bits)
            for name, own in sorted(policy.per_list.items())
            for algorithm, bits in sorted((own.max_distance or {}).items())
        ),
        allow_distance=settings.allow_distance,
        allow_ids=tuple(sorted(settings.allow_ids)),
        n_pairs=len(settings.allow_pairs),
        min_evidence=policy.min_evidence,
        list_evidence=tuple(
            (name, own.min_evidence)
            for name, own in sorted(policy.per_list.items())
            if own.min_evidence is not None
        ),
    )


#: What of a policy holds when a snapshot is opened; the rest was settled when it was built.
_HOLDS_LATER = {"max_distance", "min_quality", "low_quality_distance", "min_evidence", "per_list"}
#: Likewise, of what differs for one list.
_HOLDS_LATER_OF_LISTS = {"max_distance", "min_evidence"}


def remarks_on(state: State, settings: Settings, *, opened: bool) -> tuple[str, ...]:
    """Return what the settings name and nothing bears, and what of them has no effect.

    Parameters
    ----------
    state : State
    settings : Settings
        As the user gave them.
    opened : bool
        The state comes from a snapshot.
    """
    remarks = []
    listed = {info.name for info in state.audit.lists if not info.allow}
    policy = settings.policy
    if policy is not None:
        remarks += [
            f"settings for the list {name!r} have no effect: "
            + (
                "it is an allow-list"
                if name in {info.name for info in state.audit.lists}
                else "no list is called so"
            )
            for name in sorted(set(policy.per_list) - listed)
        ]
        remarks += _out_of_reach(policy)
        if opened:
            usual = Policy()
            asked = [
                each.name
                for each in fields(policy)
                if getattr(policy, each.name) != getattr(usual, each.name)
            ]
            asked += [
                f"{each.name} of {name}"
                for name, own in sorted(policy.per_list.items())
                for each in fields(own)
                if each.name not in _HOLDS_LATER_OF_LISTS and getattr(own, each.name) is not None
            ]
            remarks += [
                f"the policy's {name} has no effect on a snapshot: which entries count was settled when it was built"
                for name in asked
                if name not in _HOLDS_LATER
            ]
    unknown = set(settings.allow_ids) - state.table.known_ids(settings.allow_ids, before=state.n_listed)
    remarks += [f"the allowed id {shortened_value(name)!r} is no listed entry's" for name in sorted(unknown)]
    return tuple(remarks)


def _out_of_reach(policy: Policy) -> list[str]:
    """Say which kinds of matches never have the evidence that is asked for."""
    asked = [("", policy.min_evidence)]
    asked += [(f" of {name}", own.min_evidence) for name, own in sorted(policy.per_list.items())]
    remarks = []
    for whose, bits in asked:
        never = [f"{kind} (at most {most:g})" for kind, (_, most, _) in WEIGHTS.items() if most < (bits or 0)]
        if never:
            remarks.append(
                f"the policy's min_evidence{whose}, {bits:g} bits, suppresses every match of these views: "
                + ", ".join(never)
            )
    return remarks


def of_lists(state: State, lists: Collection[str] | None) -> State:
    """Return a state in which only the entries of some lists count."""
    if lists is None:
        return state
    if isinstance(lists, str):
        raise TypeError(f"lists is a collection of names: write [{shortened(lists)!r}]")
    only = frozenset(lists)
    known = {info.name for info in state.audit.lists if not info.allow}
    if not only or only - known:
        found = ", ".join(repr(name) for name in sorted(only - known)) or "none at all"
        raise ValueError(shortened(f"lists are some of {', '.join(sorted(known))}; found {found}"))
    counting = tuple(info for info in state.audit.lists if info.allow or info.name in only)
    return replace(state, only=only, audit=replace(state.audit, lists=counting))


def widest_distance(policy: Policy, algorithm: Algorithm) -> int:
    """Return the widest threshold of any list; nearer ones are applied to each match."""
    own = [(each.max_distance or {}).get(algorithm.value, 0) for each in policy.per_list.values()]
    return max(policy.max_distance[algorithm.value], *own, 0)


def limits_of(state: State) -> Callable[[int], int] | None:
    """Return what tells the threshold of the list of a row of PDQ; None where all lists have the same."""
    policy, name = state.policy, Algorithm.PDQ.value
    if all(each.max_distance is None for each in policy.per_list.values()):
        return None
    widest = widest_distance(policy, Algorithm.PDQ)
    of_lists = {source: policy.of_list(source).max_distance[name] for source in policy.per_list}

    def limit(row: int) -> int:
        (at,) = state.table.rows_of(Algorithm.PDQ, [row])
        if at >= state.n_listed:
            return widest  # what is allowed has a distance of its own
        return of_lists.get(state.table[at].source, policy.max_distance[name])

    return limit
