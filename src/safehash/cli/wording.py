"""What the library says, as the command line says it: its own options in place of Python's, and safe to show."""

from __future__ import annotations

from typing import Any

from ..errors import shortened
from ..lists.report import ListReport
from ..lists.switches import for_shell
from ..matching.printable import printable

__all__ = ["report_record", "so_many_entries", "worded"]


def worded(text: str) -> str:
    """Return a message of the library, for a terminal, wherever it is printed."""
    return printable(for_shell(shortened(text)))


def so_many_entries(n: int) -> str:
    """Return how many entries, in words.

    Examples
    --------
    >>> so_many_entries(1), so_many_entries(2)
    ('1 entry', '2 entries')
    """
    return "1 entry" if n == 1 else f"{n} entries"


def report_record(report: ListReport) -> dict[str, Any]:
    """Return what was met in a list as plain data, for programs that run commands."""
    record = report.to_record()
    record["notes"] = list(map(for_shell, record["notes"]))
    for reject in record["first_rejects"]:
        reject["reason"] = for_shell(reject["reason"])
    return record
