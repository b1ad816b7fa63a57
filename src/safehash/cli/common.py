"""What the commands share: exit codes and argument types."""

from __future__ import annotations

__all__ = ["FATAL", "INTERRUPTED", "MATCHED", "OK", "UNDECIDED"]

#: Exit codes, the same for every command.
OK, MATCHED, FATAL, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
