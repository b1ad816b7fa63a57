"""A scan's catalog as one self-contained HTML page."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from .._face import checked
from ..files import writing_whole
from ..hashing.algorithms import SHOWN_DIGITS, USUAL_DISTANCE, Algorithm
from ..matching.decision import DECIDED
from ..matching.weighing import UNKNOWN, WORDS
from ..scanning.agreement import agreement
from ..scanning.holdings import PRESENT, counts, name_text
from ..scanning.places import shown_path
from .matches import ReportPart, Shown, shown_matches
from .rendering import render

if TYPE_CHECKING:
    from ..scanning.catalog import Catalog
    from ..scanning.store import Store

__all__ = ["report"]

#: Of what could not be decided so much is on the page; what is left out is counted on it.
_MAX_UNDECIDED = 1000
_MAX_PROBLEMS = 500
#: And of the runs, the newest.
_MAX_RUNS = 50

_WHOLE = ReportPart()


@checked
def report(
    catalog: Catalog,
    path: str | os.PathLike[str],
    *,
    title: str = "Scan report",
    thumbnails: bool = False,
    part: ReportPart = _WHOLE,
) -> list[str]:
    """Write the catalog's report.

    Parameters
    ----------
    catalog : Catalog
    path : path-like
        Written whole or not at all; readable by its owner only.
    title : str
    thumbnails : bool
        Read the matched files again, in a confined process, and put a small grey picture of each into the
        page, blurred until clicked. Files that are not as they were scanned are not shown.
    part : ReportPart
        Of which matches; everything else on the page is of the whole catalog.

    Returns
    -------
    list of str
        Which pictures are not in the page, and why.

    Raises
    ------
    SafehashError
        The ``report`` extra is not installed.
    CatalogError
        The catalog cannot be read, or has no such part.
    OSError
        The page cannot be written.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     report(catalog, "report.html", title="Photos", part=ReportPart(label="viral_challenge"))
    []
    >>> os.path.getsize("report.html") > 1000
    True
    """
    matches = shown_matches(catalog._store, part, thumbnails=thumbnails)
    facts = {**_facts(catalog, matches, part), "title": title}
    # JSON in which no markup begins.
    page = render("report.html", facts, script="report.js", as_they_are={"data": matches.text})
    with writing_whole(path, text=True) as file:
        file.write(page)
    return matches.trouble


# -- what the page says ---------------------------------------------------------------------------------


def _facts(catalog: Catalog, matches: Shown, part: ReportPart) -> dict[str, Any]:
    stats = counts(catalog)
    store = catalog._store
    decided = {outcome.value for outcome in DECIDED}
    n_undecided = sum(n for outcome, n in stats["outcomes"].items() if outcome not in decided)
    return {
        "catalog": os.path.basename(catalog.path),  # noqa: PTH119
        "stats": stats,
        "n_matched": stats["outcomes"].get("match", 0),
        "n_undecided": n_undecided,
        "matches": matches,
        "part": part.words(),
        "evidence_words": [*(word for _, word in WORDS), UNKNOWN],
        "evidence_from": [(least, word) for least, word in WORDS if least is not None],
        "histogram": _histogram(matches),
        "agreement": agreement(catalog),
        "runs": _runs(store),
        "undecided": _undecided(store),
        "problems": _problems(store),
        "speed": _speed(store),
    }


def _histogram(matches: Shown) -> dict[str, Any]:
    last = max([USUAL_DISTANCE[Algorithm.PDQ], *matches.distances])
    return {
        "bars": [(distance, matches.distances[distance]) for distance in range(last + 1)],
        "most": max(matches.distances.values(), default=0),
    }


def _runs(store: Store) -> dict[str, Any]:
    rows = []
    for number, kind, state, started, finished, summary, lists in store.query(
        "SELECT runs.id, kind, state, started, finished, summary, lists FROM runs"
        f" JOIN scopes ON scopes.id = scope ORDER BY runs.id DESC LIMIT {_MAX_RUNS}"
    ):
        what = json.loads(summary) if summary else {}
        seconds = what.get("seconds") or 0
        n_now = what.get("files", 0) - what.get("unchanged", 0)
        rows.append(
            {
                "run": number, "kind": kind, "state": state, "started": started[:19], "finished": (finished or "")[:19],
                "lists": [(name, snapshot[:SHOWN_DIGITS]) for name, snapshot in json.loads(lists).items()],
                "files": what.get("files"), "unchanged": what.get("unchanged"),
                "rate": n_now / seconds if seconds else None,
            }
        )  # fmt: skip
    return {"rows": rows, "n": store.number("SELECT count(*) FROM runs")}


def _undecided(store: Store) -> dict[str, Any]:
    decided = sorted(outcome.value for outcome in DECIDED)
    marks = ", ".join("?" * len(decided))
    condition = f"FROM files JOIN roots ON roots.id = root WHERE outcome NOT IN ({marks}) AND {PRESENT}"
    rows = [
        {
            "path": shown_path(bytes(root), bytes(path)), "member": name_text(member), "outcome": outcome,
            "reason": reason or "",
        }
        for root, path, member, outcome, reason in store.query(
            f"SELECT roots.path, files.path, member, outcome, reason {condition}"
            f" ORDER BY outcome, roots.path, files.path LIMIT {_MAX_UNDECIDED}",
            decided,
        )
    ]  # fmt: skip
    return {"rows": rows, "n": store.number(f"SELECT count(*) {condition}", decided)}


def _problems(store: Store) -> dict[str, Any]:
    newest = "(SELECT max(id) FROM runs WHERE kind = 'scan')"
    rows = [
        {"path": os.fsdecode(path), "reason": reason}
        for path, reason in store.query(
            f"SELECT path, reason FROM problems WHERE run = {newest} ORDER BY path LIMIT {_MAX_PROBLEMS}"
        )
    ]
    return {"rows": rows, "n": store.number(f"SELECT count(*) FROM problems WHERE run = {newest}")}


def _speed(store: Store) -> list[tuple[str, float]]:
    """Return how long a decision took: median, 95th, 99th percentile and longest, in milliseconds."""
    n_timed = store.number("SELECT count(*) FROM looks WHERE milliseconds IS NOT NULL")
    if not n_timed:
        return []
    places = {"half within": 50, "95 of 100 within": 95, "99 of 100 within": 99, "longest": 100}
    return [
        (
            name,
            float(
                store.row(
                    "SELECT milliseconds FROM looks WHERE milliseconds IS NOT NULL ORDER BY milliseconds"
                    " LIMIT 1 OFFSET ?",
                    (rank_of_percent(percent, n_timed) - 1,),
                )[0]
            ),
        )
        for name, percent in places.items()
    ]


def rank_of_percent(percent: int, n: int) -> int:
    """Return which of `n` values in order is the least that `percent` of 100 of them do not exceed, from 1 on."""
    return -(-percent * n // 100)
