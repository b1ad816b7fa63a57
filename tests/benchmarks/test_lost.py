"""Where a copy is lost is asked of its own entry: what else is on the list, and was pasted over it, is none of it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import skimage.data

import safehash

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lost() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("lost")
    sys.path.remove(str(ROOT / "benchmarks"))


def test_another_picture_that_matches_is_no_copy_that_is_found(lost: ModuleType) -> None:
    pictures = {name: np.asarray(getattr(skimage.data, name)()) for name in ("chelsea", "coffee")}
    entries = [
        safehash.Entry(hash=safehash.hash_array(pixels), id=name, source="own")
        for name, pixels in pictures.items()
    ]
    matcher = safehash.Matcher.from_entries(entries)
    for shown, pixels in pictures.items():
        for asked in pictures:
            explanation = matcher.explain(pixels, asked, effort="standard")
            assert explanation.decision.is_match
            assert (lost.reason_of(explanation) == "found") is (asked == shown)
