"""The variants of one upload worth looking up: as it is, turned, negative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .compute import hash_decoded, turned_hashes
from .hashes import Algorithm, Hash
from .images import Decoded
from .index import Index

__all__ = ["TURN_NAMES", "Effort", "Hit", "ViewResult", "look_up"]

Effort = Literal["fast", "standard", "thorough"]

#: What the upload is, where turning it by the same place of `hashes.ORIENTATIONS` gave the listed picture.
TURN_NAMES = (
    "as it is",
    "turned a quarter right",
    "upside down",
    "turned a quarter left",
    "mirrored top to bottom",
    "mirrored",
    "mirrored along the diagonal",
    "mirrored along the other diagonal",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One row of the index that some view of the upload came near to."""

    row: int
    distance: int
    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewResult:
    """The upload's own hash, and what its views found, nearest first, each row once."""

    hash: Hash
    hits: tuple[Hit, ...]


def look_up(
    decoded_frames: Sequence[Decoded],
    index: Index,
    *,
    max_distance: int,
    min_quality: int,
    effort: Effort,
    on_black: Callable[[], Decoded] | None = None,
) -> ViewResult:
    """Look up the views of one upload."""
    first = hash_decoded(decoded_frames[0], algorithm=Algorithm.PDQ)
    queries: list[tuple[Hash, str]] = []
    for frame in decoded_frames:
        turned = turned_hashes(frame) if effort != "fast" else (hash_decoded(frame, algorithm=Algorithm.PDQ),)
        if turned[0].quality is None or turned[0].quality < min_quality:
            continue
        queries += zip(turned, TURN_NAMES, strict=False)
        if effort != "fast":
            queries.append((turned[0].negative(), "negative"))
    if not queries:
        return ViewResult(hash=first, hits=())
    digests = np.frombuffer(b"".join(query.digest for query, _ in queries), np.uint8).reshape(-1, 32)
    offsets, rows, distances = index.search_many(digests, max_distance=max_distance)
    best: dict[int, Hit] = {}
    for number, (_, view) in enumerate(queries):
        for at in range(int(offsets[number]), int(offsets[number + 1])):
            row, distance = int(rows[at]), int(distances[at])
            if row not in best or distance < best[row].distance:
                best[row] = Hit(row=row, distance=distance, view=view)
    hits = tuple(sorted(best.values(), key=lambda hit: (hit.distance, hit.row)))
    return ViewResult(hash=first, hits=hits)
