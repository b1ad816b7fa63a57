"""What decides has the numbers that every figure was measured with: gates, families, and what the others are named by.

Run: python tests/matching/test_frozen_gates.py   writes tests/data/gates.json anew. Figures measured before are then of
other gates.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from safehash.matching import (
    aslant,
    efforts,
    evidence,
    fading,
    hiding,
    holes,
    nested,
    overexposed,
    parts,
    refining,
    settling,
    thumbnails,
    windows,
)
from safehash.matching.families import FAMILIES
from safehash.matching.judgement import LOW_QUALITY, SEEN_OTHERWISE, TURNS, WINDOWS

FROZEN = Path(__file__).parents[1] / "data" / "gates.json"
#: What is said of a number, and not the number.
WORDS = {"effect", "source"}
#: Whose named numbers say what is proposed, how it is refined, and what is measured of it.
OTHERS = (
    aslant, efforts, evidence, fading, hiding, holes, nested, overexposed, parts, refining, settling,
    thumbnails, windows,
)  # fmt: skip


def numbers_of(value: Any) -> Any:
    if is_dataclass(value):
        parts = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in WORDS}
        return {"": type(value).__name__} | {name: numbers_of(part) for name, part in parts.items()}
    if isinstance(value, (tuple, list)):
        return [numbers_of(each) for each in value]
    if isinstance(value, dict):
        return {str(name): numbers_of(part) for name, part in value.items()}
    if callable(value):
        return value.__name__
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def named_in(module: ModuleType) -> dict[str, Any]:
    """Return the numbers, and what is made of numbers, that a module names."""
    return {
        name: numbers_of(value)
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("__") and isinstance(value, (int, float, tuple, dict))
        if name not in {"FAMILIES", "MEASURES", "TYPE_CHECKING"}
    }


def told() -> dict[str, Any]:
    return {
        **{f"gate {gate.name}": {"stage": gate.stage, **numbers_of(gate)} for gate in WINDOWS.gates},
        **{f"family {name}": numbers_of(family) for name, family in FAMILIES.items()},
        **{f"numbers of {module.__name__.rpartition('.')[2]}": named_in(module) for module in OTHERS},
        "gates of turned pictures": [numbers_of(gate) for gate in TURNS.gates],
        "gates of pictures of low quality": [numbers_of(gate) for gate in LOW_QUALITY.gates],
        "gates of what tools see otherwise": [numbers_of(gate) for gate in SEEN_OTHERWISE.gates],
    }


@pytest.mark.parametrize("name", told())
def test_what_decides_is_what_was_measured(name: str) -> None:
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert list(frozen) == list(told()), "none is gone, none is new, and they are asked in this order"
    assert json.loads(json.dumps(told()[name])) == frozen[name]


if __name__ == "__main__":
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in told().items())
    FROZEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
