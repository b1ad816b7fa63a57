"""What bits alone say: turns of a digest, which digests are degenerate, how near they are to plain shapes."""

# The kernels are plain C in _digests.h; this file validates, allocates, calls without the GIL, wraps.

from operator import index

from libc.stdint cimport int32_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

import numpy as np

include "_c/_levels.pxi"


cdef extern from "_digests.h" nogil:
    int SH_ORIENTATIONS
    int SH_PLAIN_SHAPES
    const uint64_t[4]* sh_plain_shapes

    ctypedef int (*sh_measure)(const uint8_t*) noexcept nogil

    void sh_turn(uint8_t* turned, const uint8_t* digest, int n_bytes, int orientation)
    int sh_is_degenerate(const uint8_t* digest)
    sh_measure sh_distance_to_plain_at(int level)


#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_POPCNT))


cdef object checked_digests(digests, tuple lengths):
    """Return an array of digests, adjacent, or raise."""
    array = np.asarray(digests)
    if array.dtype != np.uint8:
        raise TypeError(f"digests are uint8, not {array.dtype}")
    if array.ndim != 2 or array.shape[1] not in lengths:
        wanted = " or ".join([f"(n, {length})" for length in lengths])
        raise ValueError(f"digests have shape {wanted}, not {array.shape}")
    return np.ascontiguousarray(array)


def turn_digests(digests, orientations=range(SH_ORIENTATIONS)):
    """Derive digests of the picture's flips and turns from the bits alone.

    A flip only changes signs of coefficients and a transpose transposes them, so the bits follow without the picture,
    up to the few that lie near the median.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32) or (n, 8)
        PDQ, or pHash of either length.
    orientations : sequence of int
        Positions in `safehash.hashes.ORIENTATIONS`; all eight unless said.

    Returns
    -------
    ndarray of uint8, shape (n, len(orientations), n_bytes)

    Raises
    ------
    TypeError, ValueError
        Not uint8, not such a shape, or no such orientation.

    References
    ----------
    docs/hashes.md, "Orientations".
    """
    array = checked_digests(digests, (32, 8))
    try:
        which = np.array([index(orientation) for orientation in orientations], dtype=np.intp)
    except (TypeError, OverflowError) as exc:
        raise ValueError(f"orientations are 0 to {SH_ORIENTATIONS - 1}, not {orientations}") from exc
    if which.size and not 0 <= which.min() <= which.max() < SH_ORIENTATIONS:
        raise ValueError(f"orientations are 0 to {SH_ORIENTATIONS - 1}, not {orientations}")
    cdef Py_ssize_t n = array.shape[0], n_turns = which.shape[0], row, at
    cdef int n_bytes = array.shape[1]
    turned = np.empty((n, n_turns, n_bytes), np.uint8)
    if n == 0 or n_turns == 0:
        return turned
    cdef const uint8_t[:, ::1] source = array
    cdef const Py_ssize_t[::1] turns = which
    cdef uint8_t[:, :, ::1] out = turned
    with nogil:
        for row in range(n):
            for at in range(n_turns):
                sh_turn(&out[row, at, 0], &source[row, 0], n_bytes, <int>turns[at])
    return turned


def turn_each(digests, orientations, *, bint marks=False):
    """Turn every digest as its own picture was turned, as `turn_digests` does all of them alike.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)
    orientations : ndarray of uint8, shape (n,)
        Positions in `safehash.hashes.ORIENTATIONS`.
    marks : bool
        What is turned marks bits of digests, and goes with the bit that each becomes.

    Returns
    -------
    ndarray of uint8, shape (n, 32)

    Raises
    ------
    TypeError, ValueError
        Not uint8, not such a shape, or no such orientation.
    """
    array = checked_digests(digests, (32,))
    cdef const uint8_t[::1] which = orientations
    cdef Py_ssize_t n = array.shape[0], row
    cdef int byte, orientation
    cdef uint8_t[8][32] over  # what turning sets of a digest without ones
    if which.shape[0] != n:
        raise ValueError(f"an orientation of each digest, not {which.shape[0]} of {n}")
    for row in range(n):
        if which[row] >= SH_ORIENTATIONS:
            raise ValueError(f"orientations are 0 to {SH_ORIENTATIONS - 1}, not {which[row]}")
    turned = np.empty((n, 32), np.uint8)
    if n == 0:
        return turned
    cdef const uint8_t[:, ::1] source = array
    cdef uint8_t[:, ::1] out = turned
    with nogil:
        memset(over, 0, sizeof(over))
        for orientation in range(1, SH_ORIENTATIONS):
            sh_turn(over[orientation], over[orientation], 32, orientation)
        for row in range(n):
            orientation = which[row]
            if orientation == 0:
                memcpy(&out[row, 0], &source[row, 0], 32)
                continue
            sh_turn(&out[row, 0], &source[row, 0], 32, orientation)
            if marks:
                for byte in range(32):
                    out[row, byte] ^= over[orientation][byte]
    return turned


def degenerate(digests):
    """Return which PDQ digests are so regular that unrelated pictures come near them by structure.

    Stripes, two-tone icons and flat pictures have digests whose rows repeat each other, or whose bits are not half
    ones.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)

    Returns
    -------
    ndarray of bool, shape (n,)

    References
    ----------
    docs/matching.md, "Gates".
    """
    array = checked_digests(digests, (32,))
    cdef Py_ssize_t n = array.shape[0], row
    found = np.empty(n, np.uint8)
    if n == 0:
        return found.view(bool)
    cdef const uint8_t[:, ::1] source = array
    cdef uint8_t[::1] out = found
    with nogil:
        for row in range(n):
            out[row] = sh_is_degenerate(&source[row, 0])
    return found.view(bool)


def distance_to_plain(digests, *, int level=-1):
    """Return how far PDQ digests lie from the nearest plain shape: a disc, box, blob or ring, lit or not.

    A ball, a coin, a planet and a round button on one ground are alike to PDQ. A match says something only if it is
    much nearer than the nearest plain shape.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)
    level : int
        Instruction level to force; -1 takes the widest. All give the same answer.

    Returns
    -------
    ndarray of int32, shape (n,)
        In bits; a shape and its negative count alike, so at most 128.
    """
    cdef sh_measure measure = sh_distance_to_plain_at(checked_level(level))
    array = checked_digests(digests, (32,))
    cdef Py_ssize_t n = array.shape[0], row
    nearest = np.empty(n, np.int32)
    if n == 0:
        return nearest
    cdef const uint8_t[:, ::1] source = array
    cdef int32_t[::1] out = nearest
    with nogil:
        for row in range(n):
            out[row] = measure(&source[row, 0])
    return nearest


def plain_shapes():
    """Return the digests of the plain shapes, one orientation of each, shape (n, 32)."""
    shapes = np.empty((SH_PLAIN_SHAPES, 4), np.uint64)
    cdef uint64_t[:, ::1] out = shapes
    cdef Py_ssize_t shape, word
    for shape in range(SH_PLAIN_SHAPES):
        for word in range(4):
            out[shape, word] = sh_plain_shapes[shape][word]
    return shapes.astype(">u8").view(np.uint8)
