"""``safehash explain``: why one picture matches what it matches, and nothing else."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..images.limits import DEFAULT_LIMITS
from ..matching.printable import printable
from .arguments import ReadPath
from .exits import FATAL, MATCHED, OK, UNDECIDED, epilog
from .scan import add_matcher_options, open_matcher
from .wording import worded

if TYPE_CHECKING:
    from ..images.uploads import Upload
    from ..lists.entry import Entry
    from ..matching.explaining import Explanation, Look, Near

__all__ = ["add_commands"]


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "explain",
        help="say why a picture matches, or does not match",
        description="Look one picture up as a scan would. Print every view of it with the entries that came near, "
        "how far away they are, how far away they may be, and which gate refused them (docs/matching.md).",
        epilog=epilog(),
    )
    parser.add_argument("file", type=ReadPath, metavar="FILE", help="an image file, or - for standard input")
    parser.add_argument(
        "entry",
        nargs="?",
        metavar="ENTRY",
        help="report on this entry alone: its id, or the 64 digits of its digest",
    )
    add_matcher_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--gates", action="store_true", help="also print what each gate said, and the measures it looked at"
    )
    output.add_argument("--json", action="store_true", help="print everything as one JSON object")
    output.add_argument(
        "--full-hashes", action="store_true", help="print digests whole, not just their first 8 digits"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation; the exit code is that of a scan of the one file."""
    item: Upload = arguments.file
    arguments.file.expect_there()
    if arguments.file.path is None:
        item = sys.stdin.buffer.read(DEFAULT_LIMITS.max_bytes + 1)
    matcher = open_matcher(arguments)
    for note in matcher.notes:
        print(f"safehash: {worded(note)}", file=sys.stderr)
    try:
        explanation = matcher.explain(item, arguments.entry)
    except LookupError as exc:
        print(f"safehash: {worded(str(exc))}", file=sys.stderr)
        return FATAL
    if arguments.json:
        record = explanation.to_record(full_hashes=arguments.full_hashes)
        print(json.dumps({**record, "path": arguments.file}))
    else:
        for line in _lines(arguments.file, explanation, gates=arguments.gates):
            print(printable(line))
    decision = explanation.decision
    if decision.is_match:
        return MATCHED
    return OK if decision.is_decided else UNDECIDED


def _lines(name: str, explanation: Explanation, *, gates: bool) -> Iterator[str]:
    decision = explanation.decision
    quality = (
        "" if decision.hash is None or decision.hash.quality is None else f", quality {decision.hash.quality}"
    )
    yield f"{name}: {decision.outcome.value} ({decision.audit.effort}{quality})"
    if decision.reason is not None:
        yield f"  {decision.reason}"
    for match in decision.matches:
        cancelled = "" if match.suppressed_by is None else f", suppressed: {match.suppressed_by}"
        weighed = f"{match.distance} bits{_weighed(match.evidence)}"
        yield f"  match: {_named(match.entry)}, {match.view}, {weighed}{cancelled}"
    quiet: list[str] = []
    for look in explanation.looks:
        if look.nearest or look.why_not or look.closest is not None:
            yield from _look_lines(look, gates=gates)
        else:
            quiet.append(_view_of(look))
    if quiet:
        yield f"  nothing near: {', '.join(quiet)}"


def _view_of(look: Look) -> str:
    view = look.view if look.n_queries == 1 else f"{look.view} ({look.n_queries} windows)"
    return f"{look.picture}: {view}" if look.picture else view


def _look_lines(look: Look, *, gates: bool) -> Iterator[str]:
    said = ""
    if look.why_not:
        said = f": not looked up, {look.why_not}"
    elif look.closest is not None:
        said = f": nearest digest at {look.closest} bits"
        if look.seeds_within is not None and not look.nearest:
            far = look.closest > look.seeds_within
            said += (
                f", windows are refined from {look.seeds_within} on"
                if far
                else ", and no window shares a slot with it: not refined"
            )
    yield f"  {_view_of(look)}{said}"
    for near in look.nearest:
        yield f"    {_near_line(near)}"
        if gates:
            for gate in near.gates:
                bits = f"{gate.bits:+d} bits" if gate.bits is not None else f"refuses, {gate.reason}"
                yield f"      {gate.gate}: {bits}"
            if near.measures:
                yield "      " + ", ".join(f"{each}={_short(value)}" for each, value in near.measures.items())


def _near_line(near: Near) -> str:
    agreed = "" if near.agreement is None else f", agreement {near.agreement:.2f}"
    line = f"{_named(near.entry)}, {near.view}: {near.distance} bits{agreed}{_weighed(near.evidence)}"
    if near.matches:
        return f"{line}: matches within {near.allowed}"
    if near.allowed is None:
        refused = [gate for gate in near.gates if gate.bits is None]
        return f"{line}: refused by {'; '.join(f'{gate.gate} ({gate.reason})' for gate in refused)}"
    bits = {gate.gate: gate.bits for gate in near.gates if gate.bits is not None}
    least = min(bits, key=lambda gate: bits[gate], default=None)
    # Where none allows less than another, it is the family's own bits that do not reach so far; and where what the rest
    # says allows more than the least, nobody limits it.
    limits = least is not None and bits[least] < max(0, *bits.values())
    by = f", by {least}" if limits and least and bits[least] == near.allowed - near.threshold else ""
    return f"{line}: matches within {near.allowed} only{by}"


def _weighed(evidence: float | None) -> str:
    return "" if evidence is None else f", evidence {evidence:.1f}"


def _named(entry: Entry) -> str:
    return f"{entry.id or '(no id)'} of {entry.source}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
