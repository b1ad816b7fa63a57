"""List files to one table of entries; what ``safehash lists`` does, as functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._face import attach

if TYPE_CHECKING:
    from .adding import Added, AddOptions, Parts, Refused, add
    from .comparing import ListDiff, ListStats, diff_lists, list_stats
    from .formats.jsonl import write_list
    from .formats.writing import write_csv
    from .merging import unite_digests
    from .removing import Removed, remove
    from .selecting import staleness

__all__ = [
    "AddOptions",
    "Added",
    "ListDiff",
    "ListStats",
    "Parts",
    "Refused",
    "Removed",
    "add",
    "diff_lists",
    "list_stats",
    "remove",
    "staleness",
    "unite_digests",
    "write_csv",
    "write_list",
]

#: Where each name lives; loaded at its first use.
_HOMES = {
    "AddOptions": "adding",
    "Added": "adding",
    "ListDiff": "comparing",
    "ListStats": "comparing",
    "Parts": "adding",
    "Refused": "adding",
    "Removed": "removing",
    "add": "adding",
    "diff_lists": "comparing",
    "list_stats": "comparing",
    "remove": "removing",
    "staleness": "selecting",
    "unite_digests": "merging",
    "write_csv": "formats.writing",
    "write_list": "formats.jsonl",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _HOMES)
