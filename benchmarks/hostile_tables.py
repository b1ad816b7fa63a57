"""The tables of bench_hostile.py: what files made to cost take, and what the largest pictures hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from told import load

__all__ = ["held", "hostile"]

#: Of what is promised: kinds of files that take more stand one by one.
_MUCH = 0.5
#: MiB: the largest pictures that hold more stand one by one.
_LARGE = 300

#: How the first word of a kind's name is written.
_FORMATS = {"pnm": "PNM", "apng": "APNG", "webp": "WebP"}


class _Kind(NamedTuple):
    """One kind of file made to cost: the slowest of its looks, and what is promised."""

    name: str
    mb: float
    seconds: float
    promised: float
    mib: int | None
    before: str

    @property
    def share(self) -> float:
        return self.seconds / self.promised


def hostile() -> list[str]:
    """Return what files made to cost take: whether promises are kept, by format, and the kinds that come nearest."""
    kinds = sorted(map(_kind, load("hostile.json")["result"].items()), key=lambda kind: -kind.share)
    late = [kind for kind in kinds if kind.share > 1]
    broken = (
        "All of them take less." if not late else f"**More take: {', '.join(kind.name for kind in late)}.**"
    )
    known = [kind.before for kind in kinds if kind.before != "-"]
    given_up = sum(each.startswith("more than") for each in known)
    lines = [
        f"{len(kinds)} kinds of files. {broken} Of {len(known)} that were measured before, {given_up} were given up.",
        "",
        "| format | kinds | nearest to its promise | takes | promised | most memory of any |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for format_, rows in _by_format(kinds, lambda kind: kind.name).items():
        nearest, most = rows[0], max(row.mib or 0 for row in rows)
        took = f"{nearest.seconds:g} s | {nearest.promised:.1f} s"
        lines.append(f"| {format_} | {len(rows)} | {nearest.name} | {took} | {most} MiB |")
    lines += [
        "",
        f"Those that take more than {_MUCH:.0%}".replace("%", " %") + " of what is promised:",
        "",
        "| file | MB | takes | promised | memory | before |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in kinds:
        if kind.share > _MUCH:
            bold = "**" * (kind.share > 1)
            mib = "-" if kind.mib is None else f"{kind.mib} MiB"
            took = f"{bold}{kind.seconds:g} s{bold}"
            lines.append(
                f"| {kind.name} | {kind.mb} | {took} | {kind.promised:.1f} s | {mib} | {kind.before} |"
            )
    return lines


def _kind(item: tuple[str, dict[str, Any]]) -> _Kind:
    name, row = item
    before, now = (
        max(
            (each for key, each in row.items() if key.startswith(state)),
            key=lambda each: each["seconds"],
            default=None,  # of siblings, which were not measured before
        )
        for state in ("before", "now")
    )
    assert now is not None
    was = "-"
    if before is not None:
        was = f"{'more than ' * before['outcome'].startswith('not done')}{before['seconds']:g} s"
    return _Kind(name, row["mb"], now["seconds"], row["promised"] + now.get("honest", 0.0), now["mib"], was)


def held() -> list[str]:
    """Return what the largest pictures that are let through hold: by format, and those that hold most."""
    rows = sorted(
        (
            (name, row["side"], row["now, thorough"]["mib"])
            for name, row in load("memory.json")["result"].items()
        ),
        key=lambda row: -row[2],
    )
    lines = [
        "| format | kinds | the one that holds most | side | holds |",
        "| --- | ---: | --- | ---: | ---: |",
    ]
    for format_, kinds in _by_format(rows, lambda row: row[0]).items():
        name, side, mib = kinds[0]
        lines.append(f"| {format_} | {len(kinds)} | {name} | {side:,} | {mib} MiB |")
    large = [f"{name} {mib}" for name, _, mib in rows if mib > _LARGE]
    return [*lines, "", f"Over {_LARGE} MiB hold: {', '.join(large) or 'none'}."]


def _by_format(rows: Iterable[Any], name_of: Any) -> dict[str, list[Any]]:
    """Return rows by the first word of their names, in the order in which they come."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        first = name_of(row).partition(" ")[0]
        found.setdefault(_FORMATS.get(first, first if first != first.lower() else first.upper()), []).append(
            row
        )
    return found
