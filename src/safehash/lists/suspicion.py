"""Which digests mean too little to be matched against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..hashing.bits import count_ones, ones_in
from ..hashing.hashes import Algorithm, ForeignHash, Hash

__all__ = ["perhaps_suspicious", "suspicion"]

_PDQ_ONES = range(128 - 8, 128 + 8 + 1)
_OF_NOTHING = {
    Algorithm.MD5: bytes.fromhex("d41d8cd98f00b204e9800998ecf8427e"),
    Algorithm.SHA1: bytes.fromhex("da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    Algorithm.SHA256: bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
}


def suspicion(value: Hash | ForeignHash | None) -> str | None:
    """Return why this digest should not be matched against, or None.

    Such digests come from blank pictures, empty files and broken exports; they match what they should not.
    """
    if not isinstance(value, Hash):
        return None
    digest = value.digest
    if not any(digest):
        return "all zeros"
    if all(byte == 0xFF for byte in digest):
        return "all ones"
    if value.algorithm is Algorithm.PDQ:
        n_ones = count_ones(digest)
        if n_ones not in _PDQ_ONES:
            return f"{n_ones} ones, a PDQ digest of a picture has 128 within 8"
    elif _OF_NOTHING.get(value.algorithm) == digest:
        return "digest of an empty file"
    return None


def perhaps_suspicious(algorithm: Algorithm, digests: npt.NDArray[np.uint8]) -> list[int]:
    """Return which of many digests `suspicion` must look at: a million are mostly ruled out in columns.

    Parameters
    ----------
    algorithm : Algorithm
    digests : uint8, shape (n, algorithm.n_bytes)
    """
    if algorithm is Algorithm.PDQ:
        n_ones = ones_in(digests)
        found = (n_ones < _PDQ_ONES.start) | (n_ones >= _PDQ_ONES.stop)
    else:
        begins = np.ascontiguousarray(digests[:, :4]).view(np.uint32).ravel()
        found = (begins == 0) | (begins == 0xFFFFFFFF)
        if algorithm in _OF_NOTHING:
            found |= begins == np.frombuffer(_OF_NOTHING[algorithm], np.uint32, 1)
    return np.flatnonzero(found).tolist()
