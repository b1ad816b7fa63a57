"""Files that hold a secret: a command says which of them others may read or change."""

from __future__ import annotations

import os
import sys

from ..files import exposed
from ..matching.printable import printable

__all__ = ["mind"]


def mind(path: str | os.PathLike[str]) -> None:
    """Say on standard error what others may do with a secret."""
    if said := exposed(path):
        print(f"safehash: {printable(os.fspath(path))}: {said}", file=sys.stderr)
