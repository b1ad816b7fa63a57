"""Who is told what a look-up came across: what `views.look_up` says on its way to whoever wants to explain it."""

from __future__ import annotations

from typing import Protocol

from ..hashing.hashes import Hash
from .evidence import Evidence
from .judgement import Gates
from .windows import Batch

__all__ = ["Witness"]


class Witness(Protocol):
    """Told of every step of one look-up, in order.

    Attributes
    ----------
    beyond : int
        Bits beyond the threshold that views without windows are looked up to, so that it is told of what is near, too.
    """

    beyond: int

    def looks_at(self, picture: str, own: Hash, queries: tuple[tuple[str, bytes], ...], why_not: str) -> None:
        """Take a picture of the upload, its views that need no window as (name, digest), and why none is looked up."""

    def proposes(self, picture: str, batch: Batch) -> None:
        """Take the windows of one family that are looked up."""

    def finds(
        self, picture: str, view: str, row: int, distance: int, evidence: Evidence | None, gates: Gates | None
    ) -> None:
        """Take an entry that a view came near to, what is known of it, and who judges; None: its distance alone."""
