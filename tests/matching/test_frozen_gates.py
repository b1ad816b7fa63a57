"""What decides has the numbers that every figure was measured with: gates and families, one by one.

Run: python tests/matching/test_frozen_gates.py   writes tests/data/gates.json anew. Figures measured before are then of
other gates.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from safehash.matching.families import FAMILIES
from safehash.matching.judgement import LOW_QUALITY, TURNS, WINDOWS

FROZEN = Path(__file__).parents[1] / "data" / "gates.json"
#: What is said of a number, and not the number.
WORDS = {"effect", "source"}


def numbers_of(value: Any) -> Any:
    if is_dataclass(value):
        parts = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in WORDS}
        return {"": type(value).__name__} | {name: numbers_of(part) for name, part in parts.items()}
    if isinstance(value, (tuple, list)):
        return [numbers_of(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)


def told() -> dict[str, Any]:
    return {
        **{f"gate {gate.name}": numbers_of(gate) for gate in WINDOWS.gates},
        **{f"family {name}": numbers_of(family) for name, family in FAMILIES.items()},
        "gates of turned pictures": [gate.name for gate in TURNS.gates],
        "gates of pictures of low quality": [gate.name for gate in LOW_QUALITY.gates],
    }


@pytest.mark.parametrize("name", told())
def test_what_decides_is_what_was_measured(name: str) -> None:
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert list(frozen) == list(told()), "none is gone, none is new, and they are asked in this order"
    assert json.loads(json.dumps(told()[name])) == frozen[name]


if __name__ == "__main__":
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in told().items())
    FROZEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
