"""The command line: arguments in, printing and exit codes out; one file a command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import SafehashError

__all__ = ["main"]

#: Exit codes, the same for every command (docs/formats.md).
OK, MATCHED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    raise SystemExit(2)
