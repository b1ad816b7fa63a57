"""Batches of uploads, paths or stored hashes, for engines that spread them over machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._face import attach

if TYPE_CHECKING:
    from .check import Check, record_schema

__all__ = ["Check", "record_schema"]

_HOMES = {"Check": "check", "record_schema": "check"}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _HOMES)
