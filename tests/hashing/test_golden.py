"""Every golden vector: made by the reference tools, checked against ours (tests/data/golden/README.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import reference
import safehash
from safehash import _core

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
VECTORS: dict[str, Any] = json.loads((GOLDEN / "golden.json").read_text())


def pixels_of(entry: dict[str, Any]) -> Any:
    pixels = np.asarray(Image.open(GOLDEN / entry["file"]))
    return np.ascontiguousarray(pixels[..., :3]) if pixels.ndim == 3 else pixels


def formula(name: str, h: int, w: int) -> Any:
    y, x = np.arange(h)[:, None], np.arange(w)[None, :]
    if name == "noise":
        with np.errstate(over="ignore"):
            s = np.arange(h * w, dtype=np.uint64) * np.uint64(6364136223846793005)
            s += np.uint64(1442695040888963407)
            s ^= s >> np.uint64(33)
            s *= np.uint64(0xFF51AFD7ED558CCD)
            return ((s >> np.uint64(40)) & np.uint64(255)).astype(np.uint8).reshape(h, w)
    pictures: dict[str, Callable[[], Any]] = {
        "steps": lambda: ((x * 7) // max(1, w // 13) * 19 + (y * 5) // max(1, h // 11) * 37) % 256,
        "chirp": lambda: (x * x * 3 // w + y * y * 5 // h) % 256,
        "ramp": lambda: (x * 255) // (w - 1) + 0 * y,
        "flat": lambda: 128 + 0 * x + 0 * y,
        "halves": lambda: np.where(x < w // 2, 0, 255) + 0 * y,
        "mirror": lambda: (np.minimum(x, w - 1 - x) * 11 + y * y // 7) % 256,
    }
    picture: Any = pictures[name]().astype(np.uint8)
    return picture


IMAGES = [entry for entry in VECTORS["pixels"] + VECTORS["files"] if "pdq" in entry]


@pytest.mark.parametrize("entry", IMAGES, ids=lambda entry: entry.get("name", Path(entry["file"]).name))
@pytest.mark.parametrize("level", _core.LEVELS)
def test_image_vectors(entry: dict[str, Any], level: int) -> None:
    pixels = pixels_of(entry)
    digest, quality = _core.pdq(pixels, level=level)
    assert digest.hex() == entry["pdq"]
    assert quality == entry["pdq_quality"]
    assert [value.hex() for value in reference.orientations(pixels)] == entry["pdq_orientations"]
    assert _core.phash(pixels, level=level).hex() == entry["phash"]
    assert _core.phash(pixels, keep=16, level=level).hex() == entry["phash256"]


@pytest.mark.parametrize(
    "entry", VECTORS["formulas"], ids=lambda e: f"{e['formula']}-{e['rows']}x{e['cols']}"
)
def test_formula_vectors(entry: dict[str, Any]) -> None:
    pixels = formula(entry["formula"], entry["rows"], entry["cols"])
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == entry["sha256"]
    value = safehash.hash_array(pixels)
    assert (value.hex, value.quality) == (entry["pdq"], entry["pdq_quality"])
    assert [each.hex() for each in reference.orientations(pixels)] == entry["pdq_orientations"]
    assert safehash.hash_array(pixels, algorithm="phash").hex == entry["phash"]
    assert safehash.hash_array(pixels, algorithm="phash256").hex == entry["phash256"]


@pytest.mark.parametrize("entry", VECTORS["files"], ids=lambda entry: entry["name"])
def test_files_through_the_door(entry: dict[str, Any]) -> None:
    """The whole path, bytes to hash: the reference's decode is met exactly, the fast one nearly."""
    full = safehash.hash_file(GOLDEN / entry["file"], decode="full")
    fast = safehash.hash_file(GOLDEN / entry["file"])
    if "pdq" in entry:
        assert full.hex == entry["pdq"]
        assert full.quality == entry["pdq_quality"]
    else:  # 1-bit, CMYK, LA and palette: the same bridge
        bridge = safehash.Hash.from_hex("pdq", VECTORS["files"][0]["pdq"])
        assert full.distance(bridge) <= 10
    if (full.quality or 0) >= 50:  # under it no hash means anything, and none is matched
        assert fast.distance(full) <= 10


@pytest.mark.parametrize("name", sorted(e["name"] for e in VECTORS["files"] if "__modes__" in e["name"]))
def test_every_colour_mode_is_the_same_bridge(name: str) -> None:
    entry = next(entry for entry in VECTORS["files"] if entry["name"] == name)
    bridge = safehash.Hash.from_hex("pdq", VECTORS["files"][0]["pdq"])
    assert safehash.hash_file(GOLDEN / entry["file"]).distance(bridge) <= 10
