"""A scan's catalog as one self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import SafehashError
from ..files import writing_whole
from ..hashing.algorithms import SHOWN_DIGITS, USUAL_DISTANCE, Algorithm
from ..matching.decision import DECIDED
from ..matching.shown import printable
from ..scanning.holdings import PRESENT, counts, name_text
from ..scanning.places import shown_path

if TYPE_CHECKING:
    from _typeshed import StrPath

    from ..scanning.catalog import Catalog
    from ..scanning.store import Store

__all__ = ["report"]

#: A page with more rows is no page; what is left out is counted on it.
_MAX_MATCHES = 5000
_MAX_UNDECIDED = 1000
_MAX_PROBLEMS = 500
_MAX_THUMBNAILS = 500

#: Matches of files that are still there: of all others, the page shows nothing.
_THERE = "FROM matches JOIN files ON files.id = matches.file WHERE files.gone IS NULL"


def report(catalog: Catalog, path: StrPath, *, title: str = "Scan report", thumbnails: bool = False) -> None:
    """Write the catalog's report.

    Parameters
    ----------
    catalog : Catalog
    path : path-like
        Written whole (`files.writing_whole`).
    title : str
    thumbnails : bool
        Read the matched files again, in a confined process, and put a small grey picture of each into the
        page, blurred until clicked.

    Raises
    ------
    SafehashError
        The ``report`` extra is not installed.
    CatalogError
        The catalog cannot be read.
    OSError
        The page cannot be written.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     report(catalog, "report.html", title="Photos")
    >>> os.path.getsize("report.html") > 1000
    True
    """
    page = _render(_facts(catalog, thumbnails=thumbnails), title=title)
    with writing_whole(path, text=True) as file:
        file.write(page)


@dataclass(slots=True)
class _Group:
    """The matches of one list entry."""

    source: str
    entry: str
    digest: str
    category: str
    labels: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def nearest(self) -> int:
        return min(int(row["distance"]) for row in self.rows)

    @property
    def is_open(self) -> bool:
        return any(row["suppressed_by"] is None for row in self.rows)


def _render(facts: dict[str, Any], *, title: str) -> str:
    try:
        from jinja2 import Environment, StrictUndefined, select_autoescape
    except ImportError as exc:
        raise SafehashError("reports need an extra: pip install 'safehash[report]'") from exc
    from markupsafe import Markup

    folder = files(__package__).joinpath("templates")
    script, style = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("report.js", "report.css")
    )
    environment = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text: printable(str(text))
    template = environment.from_string(folder.joinpath("report.html").read_text(encoding="utf-8"))
    return template.render(
        **facts,
        title=title,
        version=__version__,
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        script=Markup(script),  # our own file, nothing of the catalog's
        style=Markup(style),
        script_sum=_sum(script),
        style_sum=_sum(style),
    )


def _sum(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


# -- what the page says ---------------------------------------------------------------------------------


def _facts(catalog: Catalog, *, thumbnails: bool) -> dict[str, Any]:
    stats = counts(catalog)
    store = catalog._store
    groups, n_matches = _groups(store)
    if thumbnails:
        _add_thumbnails(groups)
    decided = {outcome.value for outcome in DECIDED}
    n_undecided = sum(n for outcome, n in stats["outcomes"].items() if outcome not in decided)
    return {
        "catalog": os.path.basename(catalog.path),  # noqa: PTH119
        "stats": stats,
        "n_matched": stats["outcomes"].get("match", 0),
        "n_undecided": n_undecided,
        "groups": groups,
        "n_matches": n_matches,
        "n_shown": sum(len(group.rows) for group in groups),
        "n_suppressed": sum(row["suppressed_by"] is not None for group in groups for row in group.rows),
        "thumbnails": thumbnails,
        "histogram": _histogram(store),
        "runs": _runs(store),
        "undecided": _undecided(store),
        "problems": _problems(store),
        "speed": _speed(store),
    }


def _groups(store: Store) -> tuple[list[_Group], int]:
    n_matches = store.number(f"SELECT count(*) {_THERE}")
    groups: dict[tuple[str, str | None, bytes | None], _Group] = {}
    for row in store.query(
        "SELECT list, entry, matches.digest, category, labels, roots.path, files.path, member, distance, view,"
        " suppressed_by, quality, position FROM matches JOIN files ON files.id = matches.file"
        " JOIN roots ON roots.id = root WHERE files.gone IS NULL"
        " ORDER BY suppressed_by IS NOT NULL, distance, roots.path, files.path, position LIMIT ?",
        (_MAX_MATCHES,),
    ):
        source, entry, digest, category, labels, root, path, member, distance, view, suppressed_by, *rest = (
            row
        )
        key = (source, entry, digest)
        if key not in groups:
            groups[key] = _Group(
                source=source,
                entry=entry or "",
                digest=digest.hex()[:8] if digest is not None else "",
                category=category,
                labels=json.loads(labels),
            )
        groups[key].rows.append(
            {
                "path": shown_path(bytes(root), bytes(path)), "member": name_text(member), "distance": distance,
                "view": view, "suppressed_by": suppressed_by, "quality": rest[0], "position": rest[1], "picture": None,
            }
        )  # fmt: skip
    # What nobody has to look at comes last.
    in_order = sorted(
        groups.values(), key=lambda group: (not group.is_open, group.nearest, group.source, group.entry)
    )
    return in_order, n_matches


def _add_thumbnails(groups: list[_Group]) -> None:
    from ..scanning.confining import Means
    from ..scanning.pool import each_isolated
    from .thumbnails import thumbnail

    plain = [
        row for group in groups for row in group.rows if row["position"] == 0 and "://" not in row["path"]
    ]
    paths = list(dict.fromkeys(row["path"] for row in plain))[:_MAX_THUMBNAILS]
    made = each_isolated(
        thumbnail, [(each,) for each in paths], means=Means(max_memory=1 << 30), timeout=20.0
    )
    pictures = dict(zip(paths, made, strict=True))
    for row in plain:
        picture = pictures.get(row["path"])
        if picture is not None:
            row["picture"] = base64.b64encode(picture).decode("ascii")


def _histogram(store: Store) -> dict[str, Any]:
    counts = {
        int(distance): int(n)
        for distance, n in store.query(
            f"SELECT distance, count(*) {_THERE} AND suppressed_by IS NULL GROUP BY 1"
        )
    }
    last = max([USUAL_DISTANCE[Algorithm.PDQ], *counts])
    most = max(counts.values(), default=0)
    return {"bars": [(distance, counts.get(distance, 0)) for distance in range(last + 1)], "most": most}


def _runs(store: Store) -> list[dict[str, Any]]:
    runs = []
    for kind, state, started, finished, summary, lists, effort in store.query(
        "SELECT kind, state, started, finished, summary, lists, effort FROM runs JOIN scopes ON scopes.id = scope"
        " ORDER BY runs.id DESC LIMIT 50"
    ):
        what = json.loads(summary) if summary else {}
        seconds = what.get("seconds") or 0
        n_now = what.get("files", 0) - what.get("unchanged", 0)
        runs.append(
            {
                "kind": kind, "state": state, "started": started[:19], "finished": (finished or "")[:19],
                "version": what.get("version", ""), "effort": effort,
                "lists": [(name, snapshot[:SHOWN_DIGITS]) for name, snapshot in json.loads(lists).items()],
                "files": what.get("files"), "unchanged": what.get("unchanged"), "seconds": seconds,
                "rate": n_now / seconds if seconds else None,
            }
        )  # fmt: skip
    return runs


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
                next(
                    store.query(
                        "SELECT milliseconds FROM looks WHERE milliseconds IS NOT NULL ORDER BY milliseconds"
                        " LIMIT 1 OFFSET ?",
                        (rank_of_percent(percent, n_timed) - 1,),
                    )
                )[0]
            ),
        )
        for name, percent in places.items()
    ]


def rank_of_percent(percent: int, n: int) -> int:
    """Return which of `n` values in order is the least that `percent` of 100 of them do not exceed, from 1 on."""
    return -(-percent * n // 100)
