"""Find known self-harm and suicide imagery by perceptual hash."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compute import hash_array as hash_array
