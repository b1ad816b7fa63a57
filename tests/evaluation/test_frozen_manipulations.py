"""The alterations that every figure of recall was measured with are the same: what each makes of one picture, coarsely.

Run: python tests/evaluation/test_frozen_manipulations.py   writes tests/data/manipulations.json anew. Figures measured
before are then of other alterations than those of that name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image

from safehash.evaluation.manipulations import MANIPULATIONS, Manipulation
from safehash.evaluation.scene import Scene

FROZEN = Path(__file__).parents[1] / "data" / "manipulations.json"
#: Cells a side, and grey levels that a cell's mean may differ by: what versions of the imaging library round otherwise.
CELLS, ALIKE = 6, 0.5


def told(manipulation: Manipulation) -> dict[str, Any]:
    """Return what a manipulation makes of one picture by the chance of two seeds: sides, and means of 6 x 6 cells."""
    own = Image.fromarray(np.asarray(skimage.data.coffee())).resize((360, 240), Image.Resampling.BOX)
    other = Image.fromarray(np.asarray(skimage.data.astronaut())).resize((240, 240), Image.Resampling.BOX)
    made = {}
    for seed in (1, 2):
        scene = Scene(np.random.default_rng(seed), [other] * 5)
        image = manipulation.change(own.copy(), scene)
        grey = np.asarray(image.convert("L")).astype(float)
        rows = np.array_split(grey, CELLS, axis=0)
        means = [[np.array_split(row, CELLS, axis=1)[col].mean() for col in range(CELLS)] for row in rows]
        made[str(seed)] = {"size": list(image.size), "means": np.round(means, 1).reshape(-1).tolist()}
    return {
        "encoding": manipulation.encoding,
        "quality": manipulation.quality,
        "family": manipulation.family,
        **made,
    }


@pytest.fixture(scope="module")
def frozen() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert list(found) == [each.name for each in MANIPULATIONS]
    return found


@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda each: each.name)
def test_an_alteration_is_what_it_was(manipulation: Manipulation, frozen: dict[str, Any]) -> None:
    before, now = frozen[manipulation.name], told(manipulation)
    for seed in ("1", "2"):
        was, made = before.pop(seed), now.pop(seed)
        assert made["size"] == was["size"]
        apart = np.abs(np.array(made["means"]) - np.array(was["means"]))
        assert apart.max() <= ALIKE, f"cell {int(apart.argmax())} of {CELLS * CELLS}"
    assert now == before


if __name__ == "__main__":
    lines = ",\n".join(
        f"{json.dumps(each.name)}: {json.dumps(told(each), separators=(',', ':'))}" for each in MANIPULATIONS
    )
    FROZEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
