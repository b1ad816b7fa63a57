"""A matcher's state in a snapshot file: what is written of it, and how it is made of that again.

What stands in the header beside the table and the indexes, written by `save_state` and read by `adopt_state` alone::

    n_listed      rows of the table that are listed; those behind are allowed
    notes         remarks about the lists
    max_distance, min_quality, low_quality_distance, min_evidence, per_list
                  thresholds, as of `Policy`; per_list maps names to their own max_distance
    exact         algorithms of file digests, each with the arrays heads.NAME and order.NAME

and, as an array, ``allowed``: listed rows whose very digest is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import IndexFileError, logger_of
from ..hashing.algorithms import LOW_QUALITY_DISTANCE
from ..hashing.hashes import Algorithm
from ..lists.policy import ListPolicy, Policy
from ..search.exact import ExactIndex
from ..search.index import Index
from .keeping import Before, before_of
from .settings import Settings
from .snapshot import Snapshot, open_snapshot, write_snapshot
from .state import State, audit_of

__all__ = ["adopt_state", "replaced", "save_state"]

_LOG = logger_of(__name__)


def save_state(path: str | os.PathLike[str], state: State, *, key: bytes | None = None) -> None:
    """Write a state as a snapshot file, signed where there is a private key.

    Raises
    ------
    IndexFileError
        The file could not be written.
    """
    indexes = {
        algorithm: index
        if index.method == "multi"
        else Index.from_digests(state.table.digests(algorithm)[1], algorithm=algorithm, method="multi")
        for algorithm, index in state.indexes.items()
    }
    arrays: dict[str, npt.NDArray[Any]] = {"allowed": np.array(sorted(state.allowed), np.int64)}
    for algorithm, exact in state.exact.items():
        arrays |= {f"heads.{algorithm.value}": exact.heads, f"order.{algorithm.value}": exact.order}
    write_snapshot(
        path,
        table=state.table,
        indexes=indexes,
        lists=state.audit.lists,
        settings={
            "n_listed": state.n_listed,
            "notes": list(state.notes),
            "max_distance": dict(state.policy.max_distance),
            "min_quality": state.policy.min_quality,
            "low_quality_distance": state.policy.low_quality_distance,
            "min_evidence": state.policy.min_evidence,
            "per_list": {
                name: {
                    "max_distance": None if own.max_distance is None else dict(own.max_distance),
                    "min_evidence": own.min_evidence,
                }
                for name, own in state.policy.per_list.items()
                if own.max_distance is not None or own.min_evidence is not None
            },
            "exact": [algorithm.value for algorithm in state.exact],
        },
        arrays=arrays,
        key=key,
    )


def adopt_state(snapshot: Snapshot, settings: Settings) -> State:
    """Return the state an open snapshot holds; nothing of its arrays is copied.

    Without a policy its own thresholds and quality floor hold.

    Raises
    ------
    IndexFileError
        The snapshot was not written by `Matcher.save`.
    """
    policy = _policy_of(snapshot) if settings.policy is None else settings.policy
    header = snapshot.settings
    try:
        exact = {Algorithm(name): _exact(snapshot, name) for name in header["exact"]}
        n_listed = int(header["n_listed"])
        if not 0 <= n_listed <= len(snapshot.table):
            raise ValueError(f"{n_listed} listed rows of {len(snapshot.table)}")
        notes = tuple(str(note) for note in header["notes"])
        allowed = frozenset(snapshot.array("allowed").tolist())
        counts = snapshot.table.counts()
        lengths = [(algorithm, len(index)) for algorithm, index in snapshot.indexes.items()]
        lengths += [(algorithm, len(order)) for algorithm, order in exact.items()]
        if any(n != counts.get(algorithm.value, 0) for algorithm, n in lengths):
            raise ValueError("an index of another list")
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise IndexFileError("not written by Matcher.save", path=snapshot.path, section="header") from exc
    return State(
        table=snapshot.table,
        n_listed=n_listed,
        indexes=_searched_by(settings.search, snapshot),
        exact=exact,
        allowed=allowed,
        policy=policy,
        audit=audit_of((*snapshot.indexes, *exact), snapshot.lists, policy, settings),
        notes=notes,
        origin=(snapshot.state,),
        verifying=snapshot.verifying,
    )


def _searched_by(method: str, snapshot: Snapshot) -> Mapping[Algorithm, Index]:
    """Return a snapshot's indexes, or others over its digests where the settings ask for those."""
    if method != "faiss":
        return snapshot.indexes
    return {
        algorithm: Index.from_digests(
            snapshot.table.digests(algorithm)[1],
            algorithm=algorithm,
            method=method,
            max_distance=index.max_distance,
        )
        for algorithm, index in snapshot.indexes.items()
    }


def _exact(snapshot: Snapshot, name: str) -> ExactIndex:
    """Return the index of file digests that a snapshot holds, its positions compared with their number."""
    order = snapshot.array(f"order.{name}")
    if order.size and not 0 <= order.min() <= order.max() < order.size:
        raise IndexFileError(
            "a position points outside its array", path=snapshot.path, section=f"array.order.{name}"
        )
    return ExactIndex(snapshot.array(f"heads.{name}"), order)


def _policy_of(snapshot: Snapshot) -> Policy:
    header: Mapping[str, Any] = snapshot.settings
    try:
        return Policy(
            max_distance=dict(header["max_distance"]),
            min_quality=int(header["min_quality"]),
            low_quality_distance=_low_quality_distance(header),
            min_evidence=header.get("min_evidence"),  # one of an older version asks for none
            per_list={
                name: ListPolicy(max_distance=own["max_distance"], min_evidence=own.get("min_evidence"))
                for name, own in header["per_list"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise IndexFileError("not written by Matcher.save", path=snapshot.path, section="header") from exc


def _low_quality_distance(header: Mapping[str, Any]) -> int | None:
    """Return what a header says, or what holds where one of an older version says nothing."""
    found = header.get("low_quality_distance", LOW_QUALITY_DISTANCE)
    if found is not None and type(found) is not int:
        raise TypeError(f"low_quality_distance is {type(found).__name__}, not int or null")
    return found


def replaced(path: str | os.PathLike[str], settings: Settings) -> Mapping[tuple[str, bool], Before] | None:
    """Return what the snapshot holds whose place a new one is to take; None where there is none to compare with."""
    if not Path(path).is_file():
        return None
    try:
        old = adopt_state(open_snapshot(path), settings)
    except IndexFileError as exc:
        _LOG.warning("what is replaced cannot be compared with: %s", exc)
        return None
    return before_of(old.table, old.audit.lists)
