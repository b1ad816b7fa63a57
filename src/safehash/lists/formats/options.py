"""What a reader is told of a list beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...hashing.hashes import Algorithm

__all__ = ["ReadOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Settings of one list's reading; those of `ListSource` of the same name, and the time.

    Attributes
    ----------
    source : str
        The name its entries carry.
    algorithm : Algorithm or None
        What digests are that nothing else tells apart.
    notation : str or None
        In what digests are written: "hex", "base64", "decimal" or "bits".
    columns : mapping of str to tuple of str
        Which columns mean what.
    ignore : tuple of str
        Columns that are set aside.
    max_rejects : float
        Share of the records that may be rejected.
    allow_cut : bool
        Read what is left of a list that breaks off.
    now : str
        ISO 8601, UTC: the time against which "deleted since" and "disabled until" are read.
    """

    source: str
    algorithm: Algorithm | None = None
    notation: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    max_rejects: float = 1.0
    allow_cut: bool = False
    now: str
