"""The record that an operator of hash matching keeps: what was used, decided, measured and reviewed, as one page."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._face import checked
from ..errors import SafehashError
from ..files import read_regular, writing_whole
from ..matching.decision import DECIDED
from ..matching.settings import EFFORTS
from ..scanning.agreement import agreement
from ..scanning.holdings import PRESENT, counts
from .rendering import render

if TYPE_CHECKING:
    from ..scanning.catalog import Catalog
    from ..scanning.store import Store

__all__ = ["compliance_record"]

#: An evaluation's JSON is some hundred kilobytes; more is another file.
_MAX_EVALUATION_BYTES = 16 << 20

#: What of an evaluation's own settings is told.
_TOLD = ("version", "images", "listed", "list_size", "max_distance", "min_quality", "seed")


@checked
def compliance_record(
    catalog: Catalog,
    path: str | os.PathLike[str],
    *,
    evaluation: str | os.PathLike[str] | None = None,
    title: str = "Hash matching: record",
) -> None:
    """Write the record that codes of practice ask for, as far as the catalog and an evaluation know it.

    What nobody but the operator knows (who is responsible, why these thresholds, how many of the matches were
    reviewed by whom) is left open, as a line to fill in by hand.

    Parameters
    ----------
    catalog : Catalog
    path : path-like
        Written whole or not at all; readable by its owner only.
    evaluation : path-like, optional
        What ``safehash evaluate --json`` wrote.
    title : str

    Raises
    ------
    SafehashError
        The ``report`` extra is not installed; the evaluation is none.
    CatalogError
        The catalog cannot be read.
    OSError
        A file cannot be read or written.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     compliance_record(catalog, "record.html", title="Photos: record")
    """
    facts = {
        "title": title,
        **_used(catalog._store),
        "decided": _decided(catalog),
        "reviewed": agreement(catalog),
        "evaluation": None if evaluation is None else _evaluation(evaluation),
    }
    page = render("compliance.html", facts)
    with writing_whole(path, text=True) as file:
        file.write(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """One version of one list as runs used it, first and last."""

    name: str
    snapshot: str
    entries: int
    loaded: str
    first_used: str
    last_used: str
    days: int
    allow: bool


def _used(store: Store) -> dict[str, Any]:
    """Return versions, lists and settings of the runs, as their summaries tell them."""
    runs = []
    lists: dict[tuple[str, str], _List] = {}
    newest: dict[str, str] = {}
    settings: Counter[str] = Counter()
    for kind, state, started, finished, summary, scope in store.query(
        "SELECT kind, state, started, finished, summary, scopes.settings FROM runs"
        " JOIN scopes ON scopes.id = scope ORDER BY runs.id"
    ):
        what = json.loads(summary) if summary else {}
        told = json.loads(scope)
        allow = {name for name, _ in told.get("allow", [])}
        for each in what.get("lists", []):
            key = (each["name"], each["snapshot"])
            newest[each["name"]] = each["snapshot"]
            first = lists[key].first_used if key in lists else started
            lists[key] = _List(
                name=each["name"], snapshot=each["snapshot"], entries=each["entries"], loaded=each["loaded"][:10],
                first_used=first[:10], last_used=started[:10], days=_days_since(each["loaded"]),
                allow=each["name"] in allow,
            )  # fmt: skip
        for line in _settings_of(what, told):
            settings[line] += 1
        runs.append(
            {
                "kind": kind, "state": state, "started": started[:16].replace("T", " "),
                "finished": (finished or "")[:16].replace("T", " "), "version": told.get("version", ""),
                "files": what.get("files"), "matches": what.get("outcomes", {}).get("match"),
            }
        )  # fmt: skip
    return {
        "runs": runs,
        "versions": sorted({run["version"] for run in runs if run["version"]}),
        "lists": sorted(lists.values(), key=lambda each: (each.name, each.first_used)),
        "newest": newest,
        "settings": [(line, n) for line, n in settings.most_common()],
    }


def _settings_of(summary: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what decided how near is near enough."""
    if "effort" in summary:
        yield f"effort {summary['effort']}"
    for name, bits in sorted(told.get("thresholds", {}).items()):
        yield f"{name}: at most {bits} bits differ"
    for source, name, bits in told.get("list_thresholds", []):
        yield f"list {source}, {name}: at most {bits} bits differ"
    if told.get("min_quality") is not None:
        yield f"PDQ quality {told['min_quality']} and up"
    if told.get("min_evidence") is not None:
        yield f"matches with less than {told['min_evidence']:g} bits of evidence: suppressed"
    for source, bits in told.get("list_evidence", []):
        yield f"list {source}: matches with less than {bits:g} bits of evidence: suppressed"
    flood = (told.get("settings") or {}).get("flood")
    yield "entries that match too much: " + ("quarantined" if flood else "not quarantined")


def _days_since(text: str) -> int:
    return (datetime.now(timezone.utc) - datetime.fromisoformat(text)).days


def _decided(catalog: Catalog) -> dict[str, Any]:
    """Return what became of the files."""
    told = counts(catalog)
    decided = {outcome.value for outcome in DECIDED}
    return {
        "files": told["files"],
        "outcomes": told["outcomes"],
        "undecided": sum(n for outcome, n in told["outcomes"].items() if outcome not in decided),
        "matched_lists": told["matched_lists"],
        "suppressed_by": _suppressed(catalog._store),
        "left_aside": sum(told["left_aside"].values()),
    }


def _suppressed(store: Store) -> dict[str, int]:
    """Return how many matches of files that are there are cancelled, by what cancelled them."""
    return {
        str(by): int(n)
        for by, n in store.query(
            "SELECT suppressed_by, count(*) FROM matches JOIN files ON files.id = file"
            f" WHERE suppressed_by IS NOT NULL AND {PRESENT} GROUP BY 1 ORDER BY 2 DESC, 1"
        )
    }


def _evaluation(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return an evaluation's figures by family, and what came near the operator's own lists.

    Raises
    ------
    SafehashError
        It cannot be read, or is not what ``safehash evaluate --json`` writes.
    """
    try:
        record = json.loads(read_regular(path, _MAX_EVALUATION_BYTES))
        if record["type"] != "evaluation":
            raise ValueError(f"type {record['type']!r}")
        ways = [str(each) for each in record["ways"]]
        ours = [
            way for way in ways if way in EFFORTS
        ]  # beside them stand peers, whose wrong matches are theirs
        return {
            "ways": ways,
            "told": {name: record[name] for name in _TOLD},
            "families": [
                {
                    "family": str(row["family"]),
                    "images": int(row["images"]),
                    "cells": [
                        (float(row["recall"][way]), [float(end) for end in row["recall_interval"][way]])
                        for way in ways
                    ],
                    "false": sum(int(row["false_matches"][way]) for way in ours[-1:]),
                }
                for row in record["families"]
            ],
            "lists": [
                {
                    "name": str(each["name"]),
                    "entries": int(each["entries"]),
                    "false": [int(each["false_matches"][way]) for way in ways],
                }
                for each in record["own_lists"]
            ],
        }
    except OSError as exc:
        raise SafehashError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise SafehashError(
            f"{path}: expected what `safehash evaluate --json` writes, found something else ({exc})"
        ) from exc
