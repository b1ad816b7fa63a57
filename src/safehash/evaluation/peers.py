"""Other ways to hash a picture, measured beside ours where they are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..hashing.algorithms import USUAL_DISTANCE, Algorithm
from .scene import Picture

__all__ = ["Peer", "find_peers"]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to hash a picture, for comparison.

    Attributes
    ----------
    name : str
    digest : callable
        Picture in mode RGB to bits packed in bytes.
    max_distance : int
        The threshold its users take, in bits.
    """

    name: str
    digest: Callable[[Picture], bytes]
    max_distance: int


def find_peers() -> list[Peer]:
    """Return the installed peers: pdqhash as python-threatexchange calls it, imagehash, perception."""
    found: list[Peer] = []
    pdqhash = _installed("pdqhash")
    if pdqhash is not None:

        def plain_pdq(picture: Picture) -> bytes:
            bits, _ = pdqhash.compute(np.asarray(picture))
            return np.packbits(np.asarray(bits, dtype=np.uint8)).tobytes()

        found.append(Peer("plain PDQ (pdqhash)", plain_pdq, USUAL_DISTANCE[Algorithm.PDQ]))
    imagehash = _installed("imagehash")
    if imagehash is not None:

        def phash(picture: Picture) -> bytes:
            return np.packbits(imagehash.phash(picture).hash).tobytes()

        found.append(Peer("imagehash phash", phash, 8))
    hashers = _installed("perception.hashers")
    if hashers is not None:
        hasher = hashers.PHash()

        def perception(picture: Picture) -> bytes:
            vector = hasher.compute(picture, hash_format="vector")
            return np.packbits(np.asarray(vector, dtype=np.uint8)).tobytes()

        found.append(Peer("perception PHash", perception, 12))
    return found


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
