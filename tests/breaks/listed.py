"""Every break there is, room by room."""

from __future__ import annotations

from breaking import Break
from in_evaluation import BREAKS as IN_EVALUATION
from in_lists import BREAKS as IN_LISTS
from in_reports import BREAKS as IN_REPORTS

__all__ = ["BREAKS"]

BREAKS: tuple[Break, ...] = (*IN_LISTS, *IN_EVALUATION, *IN_REPORTS)
