"""Which digests and windows say too little of a picture to be matched by anything but the picture itself."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _core

__all__ = ["degenerate", "distance_to_plain", "turn_digests"]

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]

#: orientation -> (transpose, flip rows, flip columns), as `_reference.pdq_orientations` turns coefficients
_TURNS = (
    (False, False, False),
    (True, True, False),
    (False, True, True),
    (True, False, True),
    (False, True, False),
    (False, False, True),
    (True, False, False),
    (True, True, True),
)

_FLIP_COLS = np.full(32, 0x55, np.uint8)  # coefficients of odd horizontal frequency change sign
_FLIP_ROWS = np.array([0x00, 0x00, 0xFF, 0xFF] * 8, np.uint8)

#: Ones that a digest may have beside 128, and mean squared correlation of its rows (or columns), above which
#: it is degenerate. Of 290 photographs one is; docs/matching.md, "Gates".
_UNEVEN = 8
_ALIKE = 0.25


def turn_digests(digests: UInt8Array, orientation: int) -> UInt8Array:
    """Return PDQ digests of pictures turned by one of `hashes.ORIENTATIONS`, from the bits alone.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)
    orientation : int
        0 to 7.
    """
    transpose, flip_rows, flip_cols = _TURNS[orientation]
    turned = digests
    if transpose:
        bits = np.unpackbits(digests[:, ::-1], axis=1, bitorder="little").reshape(-1, 16, 16)
        flat = bits.swapaxes(1, 2).reshape(-1, 256)
        turned = np.packbits(flat, axis=1, bitorder="little")[:, ::-1]
    if flip_rows:
        turned = turned ^ _FLIP_ROWS
    if flip_cols:
        turned = turned ^ _FLIP_COLS
    return np.ascontiguousarray(turned)


def degenerate(digests: UInt8Array) -> npt.NDArray[np.bool_]:
    """Return which PDQ digests are so regular that unrelated pictures come near them by structure.

    Stripes, two-tone icons and flat pictures have digests whose rows repeat each other, or whose bits are not
    half ones.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)

    References
    ----------
    docs/matching.md, "Gates".
    """
    bits = np.unpackbits(np.ascontiguousarray(digests), axis=1).reshape(-1, 16, 16)
    ones = bits.sum(axis=(1, 2), dtype=np.int32)
    signs = bits.astype(np.float32) * 2 - 1
    across = signs.swapaxes(1, 2)
    rows = ((signs @ across / 16) ** 2).sum(axis=(1, 2))
    cols = ((across @ signs / 16) ** 2).sum(axis=(1, 2))
    alike = (np.maximum(rows, cols) - 16) / 240  # without each row's correlation with itself
    found: npt.NDArray[np.bool_] = (np.abs(ones - 128) > _UNEVEN) | (alike > _ALIKE)
    return found


def distance_to_plain(digests: UInt8Array) -> npt.NDArray[np.int32]:
    """Return how far PDQ digests lie from the nearest plain shape: a disc, box, blob or ring, lit or not.

    A ball, a coin, a planet and a round button on one ground are alike to PDQ. A match says something only if
    it is much nearer than the nearest plain shape.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)

    Returns
    -------
    ndarray of int32, shape (n,)
        In bits; a shape and its negative count alike, so at most 128.
    """
    words = np.ascontiguousarray(digests).view(np.uint64)
    nearest = np.empty(len(words), np.int32)
    for at, word in enumerate(words):
        apart = np.zeros(_plain_words().shape[1], np.int32)
        for plain, own in zip(_plain_words(), word, strict=True):
            apart += _ones(plain ^ own)
        nearest[at] = min(int(apart.min()), 256 - int(apart.max()))
    return nearest


if hasattr(np, "bitwise_count"):

    def _ones(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
        counts: npt.NDArray[np.uint8] = np.bitwise_count(words)
        return counts

else:  # numpy before 2.0

    def _ones(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
        bits = np.unpackbits(words.view(np.uint8)).reshape(len(words), 64)
        counts: npt.NDArray[np.uint8] = bits.sum(axis=1, dtype=np.uint8)
        return counts


_RADII = (
    (0.22, 0.22), (0.26, 0.26), (0.3, 0.3), (0.33, 0.33), (0.36, 0.36), (0.39, 0.39), (0.42, 0.42),
    (0.45, 0.45), (0.475, 0.475), (0.5, 0.5), (0.53, 0.53), (0.3, 0.45), (0.38, 0.48), (0.2, 0.4),
)  # fmt: skip
_CENTRES = ((0.0, 0.0), (0.0, 0.05), (0.05, 0.05))
_LIGHTS = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))


@lru_cache(maxsize=1)
def _plain_words() -> npt.NDArray[np.uint64]:
    """Return the digests of the plain shapes in all orientations, shape (4, n): only exact arithmetic."""
    at = (np.arange(64) + 0.5) / 64 - 0.5
    rows, cols = at[:, None], at[None, :]
    found: list[bytes] = []
    for radius_rows, radius_cols in _RADII:
        for row, col in _CENTRES:
            down, across = (rows - row) / radius_rows, (cols - col) / radius_cols
            squared = down * down + across * across
            disc = (squared < 1.0).astype(np.float64)
            box = (np.maximum(np.abs(down), np.abs(across)) < 1.0).astype(np.float64)
            blob = np.clip(1.0 - squared, 0.0, 1.0) ** 2
            found.append(_digest(disc * (squared > 0.6)))
            for shape in (disc, box, blob):
                for light_down, light_across in _LIGHTS:
                    light = np.clip(
                        0.5 + 1.1 * (light_down * (rows - row) + light_across * (cols - col)), 0.05, 1.0
                    )
                    found.append(_digest(shape * light))
    upright = np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)
    turned = np.concatenate([turn_digests(upright, orientation) for orientation in range(8)])
    words: npt.NDArray[np.uint64] = np.ascontiguousarray(np.unique(turned, axis=0).view(np.uint64).T)
    return words


def _digest(shape: Float64Array) -> bytes:
    digest, _ = _core.pdq((20.0 + 200.0 * shape).astype(np.uint8))
    return bytes(digest)
