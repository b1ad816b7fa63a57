"""The arrays an index is made of: taken out for a file, and made into an index again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _search
from ..hashing.hashes import Algorithm
from .index import Index

__all__ = ["index_of_parts", "parts_of", "widths_of"]

UInt8Array = npt.NDArray[np.uint8]
UInt32Array = npt.NDArray[np.uint32]


def widths_of(index: Index) -> tuple[int, ...]:
    """Return how many bits each slot of an index has."""
    return index._slots.widths


def parts_of(index: Index) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays an index is made of, not copied: digests, starts, ids and, if any, disabled.

    Raises
    ------
    IndexFileError
        The index is mapped, and its file is damaged.
    """
    index._check_all()
    parts: dict[str, npt.NDArray[Any]] = {
        "digests": index._digests,
        "starts": index._starts,
        "ids": index._ids,
    }
    if index._disabled is not None:
        parts["disabled"] = index._disabled
    return parts


def index_of_parts(
    *,
    algorithm: Algorithm,
    digests: UInt8Array,
    widths: Sequence[int],
    starts: UInt32Array,
    ids: UInt32Array,
    disabled: UInt8Array | None,
    max_distance: int,
    blocks: _search.Blocks | None = None,
) -> Index:
    """Return the index made of these arrays, which `parts_of` gave; for the snapshot file.

    Raises
    ------
    ValueError
        The arrays do not fit each other.
    """
    index = Index.__new__(Index)
    index._adopt(algorithm, digests, tuple(widths), starts, ids, disabled, max_distance, blocks)
    return index
