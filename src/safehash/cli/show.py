"""What a person sees of a scan: a line a match, what could not be decided, the summary, what to do next."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any

from ..hashing.algorithms import SHOWN_DIGITS
from ..matching.printable import printable
from ..scanning.caveats import CAVEATS, caveat_of
from ..scanning.records import Known, Problem, ScanEvent, ScanRecord, Summary
from .wording import so_many_entries, worded

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Show", "console_on", "summary_lines"]

#: Of undecided files so many are shown after the matches; the records have all of them.
_MOST_UNDECIDED = 200
#: Of lists, labels and reasons so many are shown in the summary.
_MOST_COUNTED = 20

_STYLES = {"match": "bold red", "suppressed": "dim", "problem": "magenta"}
_UNDECIDED = "yellow"

#: Parts of a line: text, and the style it has on a terminal.
_Line = list[tuple[str, str]]


def console_on(stream: IO[str]) -> Console | None:
    """Return what draws on a terminal, or None where a stream is none. NO_COLOR takes all colour away."""
    if not stream.isatty():
        return None
    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR"))
    return Console(file=stream, highlight=False, color_system=None if plain else "auto")


class Show:
    """Writes lines for people.

    Parameters
    ----------
    stream : text stream
    console : Console, optional
        The terminal that the stream is; without one the lines have no colour.
    """

    def __init__(self, stream: IO[str], *, console: Console | None = None) -> None:
        self._stream, self.console = stream, console
        self._later: list[_Line] = []
        self._n_later = 0

    def event(self, event: ScanEvent) -> None:
        """Show a match now, and keep what could not be decided, or not as a whole, for the end."""
        if isinstance(event, Problem):
            self._keep(
                [
                    (f"{printable(event.path)}: ", ""),
                    (f"PROBLEM  {worded(event.reason)}", _STYLES["problem"]),
                ]
            )
        elif isinstance(event, (ScanRecord, Known)):
            record = event.to_record()
            if record["matches"]:
                for line in _match_lines(record):
                    self._print(line)
            elif record["outcome"] not in ("no_match", "low_quality"):
                word = record["outcome"].upper().replace("_", " ")
                said = f"{word}  {printable(record.get('reason') or '')}".rstrip()
                self._keep([(f"{_name(record)}: ", ""), (said, _UNDECIDED)])
            caveat = caveat_of(record)
            if caveat is not None:
                self._keep(
                    [(f"{_name(record)}: ", ""), (f"{caveat.name.upper()}  {caveat.meaning}", _UNDECIDED)]
                )

    def finish(self) -> None:
        """Show what could not be decided."""
        for line in self._later:
            self._print(line)
        n_more = self._n_later - len(self._later)
        if n_more:
            self._print(
                [
                    (
                        f"and {n_more} more that could not be decided as a whole: the records (-o) have all of them",
                        "dim",
                    )
                ]
            )

    def _keep(self, line: _Line) -> None:
        self._n_later += 1
        if len(self._later) < _MOST_UNDECIDED:
            self._later.append(line)

    def _print(self, line: _Line) -> None:
        if self.console is None:
            self._stream.write("".join(text for text, _ in line) + "\n")
            return
        from rich.text import Text

        self.console.print(Text.assemble(*line), soft_wrap=True)


def _name(record: Mapping[str, Any]) -> str:
    member = record.get("member")
    return printable(record["path"]) + ("" if member is None else f" › {printable(member)}")


def _match_lines(record: Mapping[str, Any]) -> list[_Line]:
    lines = []
    for match in record["matches"]:
        cancelled = match.get("suppressed_by")
        parts = [
            "MATCH" if cancelled is None else "SUPPRESSED",
            ", ".join(map(printable, match["labels"])) or match["category"],
            printable(match["list"]) + (f" #{printable(match['id'])}" if match["id"] is not None else ""),
            f"{match['distance']} {'bit' if match['distance'] == 1 else 'bits'}",
            printable(match["view"]),
        ]
        if cancelled is not None:
            parts.append(f"by {printable(cancelled)}")
        if match.get("stale"):
            parts.append("stale")
        style = _STYLES["match" if cancelled is None else "suppressed"]
        rest = "  ".join(part for part in parts[1:] if part)
        lines.append(
            [(f"{_name(record)}: ", ""), (parts[0], style), (f"  {rest}", "" if cancelled is None else style)]
        )
    return lines


# -- the summary ------------------------------------------------------------------------------------------


def summary_lines(
    summary: Summary, *, notes: Sequence[str] = (), catalog: str | None = None, console: Console | None = None
) -> None:
    """Write the summary that a scan ends with to standard error.

    Parameters
    ----------
    summary : Summary
    notes : sequence of str
        What is to be known of the lists.
    catalog : str, optional
        Where it was kept.
    console : Console, optional
        The terminal that standard error is.
    """
    rows = [*_counts(summary), *_about(summary, notes)]
    following = _next_steps(summary, catalog)
    if console is None:
        width = max(len(name) for name, *_ in rows) + 2
        lines = [f"{'safehash summary':-^60}", *(f"{name:<{width}}{value}" for name, value, _ in rows)]
        lines += [f"{'next':<{width}}{step}" for step in following]
        print("\n".join(lines), file=sys.stderr)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="safehash summary", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0)
    )
    for name, value, style in rows:
        table.add_row(Text(name, style="dim" if name.startswith(" ") else ""), Text(value, style=style))
    for step in following:
        table.add_row(Text("next"), Text(step, style="bold"))
    console.print(table)


def _counts(summary: Summary) -> list[tuple[str, str, str]]:
    known = f" ({summary.n_unchanged} unchanged since an earlier scan)" if summary.n_unchanged else ""
    rows = [("files", f"{summary.n_files}{known}", "")]
    for outcome, n in summary.outcomes.most_common():
        style = _STYLES.get(outcome, "" if outcome in ("no_match", "low_quality") else _UNDECIDED)
        rows.append((f"  {outcome.replace('_', ' ')}", f"{n} ({_share(n, summary.n_files)})", style))
    if summary.n_reviewed:
        n = summary.n_reviewed
        rows.append(
            (
                "reviewed",
                f"{n} {'file has a match' if n == 1 else 'files have matches'} cancelled by reviewers",
                "",
            )
        )
    if summary.n_gone:
        rows.append(("gone", f"{summary.n_gone} known from earlier scans are no longer there", ""))
    for what, counts in (
        ("matched list", summary.lists),
        ("matched label", summary.labels),
        ("left aside", summary.skipped),
        ("could not look into", summary.problems),
        ("undecided", summary.reasons),
        ("decided in part", summary.caveats),
        ("kept by a gate", summary.refused),
    ):
        rows += _counted(what, counts)
    return rows


def _share(n: int, of: int) -> str:
    percent = 100 * n / max(1, of)
    return f"{percent:.0f} %" if percent >= 10 or n == 0 else f"{percent:.2g} %"


def _about(summary: Summary, notes: Sequence[str]) -> list[tuple[str, str, str]]:
    rows = [
        (
            "list",
            f"{printable(info.name)}: {so_many_entries(info.n_entries)}, snapshot {info.snapshot[:SHOWN_DIGITS]}",
            "",
        )
        for info in summary.audit.lists
    ]
    rows += [("note", worded(note), _UNDECIDED) for note in notes]
    n_now = summary.n_files - summary.n_unchanged
    seconds = max(summary.seconds, 1e-9)
    speed = f", {n_now / seconds:.0f} files/s, {summary.n_bytes / seconds / 1e6:.1f} MB/s" if n_now else ""
    return [*rows, ("time", f"{summary.seconds:.1f} s{speed}", "")]


def _counted(what: str, counts: Counter[str]) -> list[tuple[str, str, str]]:
    shown = [(what, f"{printable(name)}: {n}", "") for name, n in counts.most_common(_MOST_COUNTED)]
    n_more = len(counts) - len(shown)
    return [*shown, (what, f"and {n_more} more kinds", "")] if n_more > 0 else shown


#: Behind a step that would fail where the plain package is all there is.
_NEEDS = " (needs an extra: pip install 'safehash[report]')"


def _next_steps(summary: Summary, catalog: str | None) -> list[str]:
    steps = []
    kept = None if catalog is None else printable(catalog)
    if summary.interrupted:
        steps.append(
            "run the same command again to go on"
            if kept
            else "not all files were seen; with --catalog a scan goes on"
        )
    if summary.n_matched:
        steps.append(
            f"look at the matches: safehash report {kept} -o report.html{_NEEDS if find_spec('jinja2') is None else ''}"
            if kept
            else "keep what is found for a report and later lists: --catalog FILE"
        )
    if summary.n_undecided:
        steps.append(
            f"{summary.n_undecided} could not be decided and may hold anything: look at them yourself"
        )
    for caveat in CAVEATS:
        n = summary.caveats[caveat.name]
        if n:
            steps.append(f"{n} {'file' if n == 1 else 'files'} {caveat.advice}")
    return steps
