"""Every break there is, room by room."""

from __future__ import annotations

from breaking import Break
from in_alternates import BREAKS as IN_ALTERNATES
from in_benchmarks import BREAKS as IN_BENCHMARKS
from in_costs import BREAKS as IN_COSTS
from in_evaluation import BREAKS as IN_EVALUATION
from in_face import BREAKS as IN_FACE
from in_gates import BREAKS as IN_GATES
from in_images import BREAKS as IN_IMAGES
from in_jpeg import BREAKS as IN_JPEG
from in_kernels import BREAKS as IN_KERNELS
from in_lists import BREAKS as IN_LISTS
from in_matching import BREAKS as IN_MATCHING
from in_reports import BREAKS as IN_REPORTS
from in_rules import BREAKS as IN_RULES
from in_scanning import BREAKS as IN_SCANNING
from in_service import BREAKS as IN_SERVICE
from in_telling import BREAKS as IN_TELLING

__all__ = ["BREAKS"]

BREAKS: tuple[Break, ...] = (
    *IN_KERNELS,
    *IN_IMAGES,
    *IN_ALTERNATES,
    *IN_JPEG,
    *IN_LISTS,
    *IN_RULES,
    *IN_GATES,
    *IN_MATCHING,
    *IN_SCANNING,
    *IN_COSTS,
    *IN_SERVICE,
    *IN_EVALUATION,
    *IN_REPORTS,
    *IN_FACE,
    *IN_BENCHMARKS,
    *IN_TELLING,
)
