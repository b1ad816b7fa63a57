"""Shared fixtures: real photographs, made small enough to be quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "browser")]

settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("SAFEHASH_HYPOTHESIS", "suite"))

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def bridge() -> Path:
    """One photograph, 1600 x 1004."""
    return DATA / "golden" / "files" / "bridge-mods__aaa-orig.jpg"
