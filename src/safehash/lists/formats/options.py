"""What a caller may tell a reader beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from ...hashing.hashes import Algorithm

__all__ = ["ReadOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Settings of one list's reading.

    Attributes
    ----------
    source : str
        The name its entries carry.
    algorithm : Algorithm or None
        What digests are that nothing else tells apart.
    now : str
        ISO 8601, UTC: the time against which "disabled until" is read.
    """

    source: str
    algorithm: Algorithm | None
    now: str
