"""Which rows of a loaded list a policy takes, and whether the list is stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from .._face import checked
from ..errors import ListError
from ..hashing.hashes import Algorithm, Hash
from .loading import LoadedList
from .policy import Policy, in_utc, is_too_old, reason_of_many
from .report import ListReport
from .suspicion import perhaps_suspicious, suspicion
from .switches import switch
from .table import EntryTable, columns_of

__all__ = ["Selection", "select", "staleness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a policy takes of one list.

    Attributes
    ----------
    rows : int64, shape (n,)
        Rows of the list's table, ascending.
    left_out : mapping of str to int
        How many rows were not taken, by reason.
    """

    rows: npt.NDArray[np.int64]
    left_out: Mapping[str, int]


def select(policy: Policy, loaded: LoadedList, *, now: datetime | None = None) -> Selection:
    """Return the rows of a list that are matched against, by the policy for that list.

    Raises
    ------
    ListError
        The list is stale and `require_fresh` is set.
    """
    policy = policy.of_list(loaded.name)
    when = in_utc(now)
    if policy.require_fresh:
        stale = staleness(loaded.report, now=when, refresh_days=policy.refresh_days)
        if stale is not None:
            raise ListError(f"{stale}; {switch('require_fresh', True)}", path=loaded.report.path)
    return _selected(policy, loaded.table, when)


def _selected(policy: Policy, table: EntryTable, when: datetime) -> Selection:
    taken = np.zeros(len(table), np.bool_)
    left_out: Counter[str] = Counter()
    columns = columns_of(table)
    against = [reason_of_many(policy, entry) for entry in columns.models]
    meta_ok = np.array([reason is None for reason in against], np.bool_)
    n_computed = 0
    for algorithm in Algorithm:
        rows, digests = table.digests(algorithm)
        n_computed += rows.shape[0]
        if not rows.size:
            continue
        ok = meta_ok[columns.models_of[rows]]
        if not ok.all():
            for number, n in Counter(columns.models_of[rows[~ok]].tolist()).items():
                left_out[str(against[number])] += n
        low = ok & (columns.qualities[rows] < policy.min_quality)  # 255: not known
        left_out["low quality"] += int(low.sum())
        ok &= ~low
        if policy.max_age_days is not None:
            for at in np.flatnonzero(ok).tolist():
                entry = table[int(rows[at])]
                if is_too_old(policy, entry.updated or entry.created, when):
                    ok[at] = False
                    left_out["too old"] += 1
        if not policy.include_suspicious:
            odd = [at for at in perhaps_suspicious(algorithm, digests) if ok[at]]
            odd = [at for at in odd if suspicion(Hash(algorithm, digests[at].tobytes())) is not None]
            ok[odd] = False
            left_out["suspicious"] += len(odd)
        taken[rows[ok]] = True
    left_out["not computed here"] += len(table) - n_computed
    return Selection(rows=np.flatnonzero(taken), left_out={reason: n for reason, n in left_out.items() if n})


@checked
def staleness(
    report: ListReport, *, now: datetime | None = None, refresh_days: float | None = None
) -> str | None:
    """Return a sentence saying how stale a list is, None for a fresh one or one without dates.

    A list is as old as its newest record. After `refresh_days` (by default its format's own rule) without
    one, the exchange may have withdrawn hashes that this copy still holds.

    Examples
    --------
    >>> report = safehash.load_list("list.csv").report
    >>> staleness(report, refresh_days=30) is None  # it has no dates
    True
    """
    limit = report.refresh_days if refresh_days is None else refresh_days
    if limit is None or report.newest is None:
        return None
    newest = datetime.fromisoformat(report.newest.removesuffix("Z")).replace(tzinfo=timezone.utc)
    age_days = (in_utc(now) - newest) / timedelta(days=1)
    if age_days <= limit:
        return None
    return f"stale: its newest record is {age_days:.0f} days old, and it should be refreshed within {limit:g} days"
