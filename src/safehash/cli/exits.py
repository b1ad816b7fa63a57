"""Exit codes: what each of them means, for every command, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CRASH",
    "EXITS",
    "FATAL",
    "INTERRUPTED",
    "MATCHED",
    "NOTHING",
    "OK",
    "UNDECIDED",
    "epilog",
    "markdown",
]

OK, MATCHED, FATAL, UNDECIDED, NOTHING, CRASH, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130


class Exit(NamedTuple):
    """One exit code.

    Attributes
    ----------
    code : int
    short : str
        For ``--help``.
    meaning : str
        For docs/scan.md.
    """

    code: int
    short: str
    meaning: str


EXITS = (
    Exit(
        OK,
        "nothing matched",
        "done (`serve`: told to end, and did); where files were decided: all of them, and none matched",
    ),
    Exit(
        MATCHED,
        "something matched",
        "something matched (`lists check`: a list has rejects or suspicious digests, or is refused)",
    ),
    Exit(
        FATAL,
        "usage or fatal error",
        "wrong usage; a file that cannot be read or written, a list or catalog that cannot be used",
    ),
    Exit(
        UNDECIDED,
        "some files could not be decided",
        "nothing matched, but some files could not be decided (`unreadable`, `too_large`, `unsupported`, `problem`)",
    ),
    Exit(
        NOTHING,
        "nothing was looked at",
        "no file at all was decided or known unchanged; not with `--allow-empty`",
    ),
    Exit(
        CRASH, "a defect of safehash", "an exception nobody expected: please report it; `--debug` shows where"
    ),
    Exit(
        INTERRUPTED,
        "interrupted",
        "ctrl-C, a signal to end (SIGTERM, a hang-up), or a reader of the output that went away, as `head` does",
    ),
)


def epilog() -> str:
    """Return the codes as one sentence for ``--help``."""
    said = "; ".join(f"{each.code} {each.short}" for each in EXITS)
    return f"Exit codes: {said}. docs/scan.md says more."


def markdown() -> str:
    """Return the codes as a table for docs/scan.md."""
    rows = [f"| {each.code} | {each.meaning} |" for each in EXITS]
    return "\n".join(["| exit code | meaning |", "| --- | --- |", *rows]) + "\n"
