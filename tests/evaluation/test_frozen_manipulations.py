"""The alterations that every figure of recall was measured with are the same: what each makes of one picture, coarsely.

Run: python tests/evaluation/test_frozen_manipulations.py   writes tests/data/manipulations.json and
manipulations-fine.json anew. Figures measured before are then of other alterations than those of that name.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL
import pytest
import skimage.data
from PIL import Image

from safehash.evaluation.manipulations import MANIPULATIONS, Manipulation
from safehash.evaluation.scene import Scene

FROZEN = Path(__file__).parents[1] / "data" / "manipulations.json"
#: The same in finer cells, whole grey levels, of one seed: as the named version of the imaging library draws it.
FINE = FROZEN.with_name("manipulations-fine.json")
FINE_CELLS = 24
#: Cells a side, and grey levels that a cell's mean may differ by: what versions of the imaging library round otherwise.
CELLS, ALIKE = 6, 0.5


@cache
def drawn(manipulation: Manipulation, seed: int) -> npt.NDArray[np.float64]:
    """Return what a manipulation makes of one picture by the chance of a seed, grey."""
    own = Image.fromarray(np.asarray(skimage.data.coffee())).resize((360, 240), Image.Resampling.BOX)
    other = Image.fromarray(np.asarray(skimage.data.astronaut())).resize((240, 240), Image.Resampling.BOX)
    image = manipulation.change(own, Scene(np.random.default_rng(seed), [other] * 5))
    return np.asarray(image.convert("L")).astype(np.float64)


def means_of(grey: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.float64]:
    """Return the means of n x n cells, row by row."""
    rows = np.array_split(grey, n, axis=0)
    return np.array([cell.mean() for row in rows for cell in np.array_split(row, n, axis=1)])


def finely(manipulation: Manipulation) -> bytes:
    return np.rint(means_of(drawn(manipulation, 1), FINE_CELLS)).astype(np.uint8).tobytes()


def told(manipulation: Manipulation) -> dict[str, Any]:
    """Return what a manipulation makes of one picture by the chance of two seeds: sides, and means of 6 x 6 cells."""
    made = {}
    for seed in (1, 2):
        grey = drawn(manipulation, seed)
        means = np.round(means_of(grey, CELLS), 1).tolist()
        made[str(seed)] = {"size": list(grey.shape[::-1]), "means": means}
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


@pytest.fixture(scope="module")
def fine() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FINE.read_text(encoding="utf-8"))
    assert list(found["cells"]) == [each.name for each in MANIPULATIONS]
    return found


@pytest.mark.parametrize("manipulation", MANIPULATIONS, ids=lambda each: each.name)
def test_an_alteration_draws_where_it_drew(manipulation: Manipulation, fine: dict[str, Any]) -> None:
    """Words and shapes stand to the pixel where they stood; other versions of the library draw other edges."""
    was = np.frombuffer(base64.b64decode(fine["cells"][manipulation.name]), np.uint8).astype(int)
    apart = np.abs(np.frombuffer(finely(manipulation), np.uint8).astype(int) - was)
    assert len(apart) == FINE_CELLS**2 and np.median(apart) <= 1
    assert apart.max() <= (1 if fine["pillow"] == PIL.__version__ else 255)


def written() -> None:
    lines = (f'"{each.name}":"{base64.b64encode(finely(each)).decode()}"' for each in MANIPULATIONS)
    cells = ",\n".join(lines)
    FINE.write_text(f'{{"pillow":"{PIL.__version__}","cells":{{\n{cells}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    written()
    lines = ",\n".join(
        f"{json.dumps(each.name)}: {json.dumps(told(each), separators=(',', ':'))}" for each in MANIPULATIONS
    )
    FROZEN.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
