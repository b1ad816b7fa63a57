"""The compiled join: which of many digests lie near any of many others."""

# The kernel is plain C in _join.h; this file validates, allocates, calls without the GIL, wraps.

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint64_t

import numpy as np

include "_c/_levels.pxi"


cdef extern from "_join.h" nogil:
    enum:
        SJ_OK

    int sj_near(
        const uint64_t* queries, size_t n_queries, const uint64_t* listed, size_t n_listed, int n_words,
        int max_distance, int level, uint8_t* near
    )


#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_POPCNT))


def near_any(queries, listed, *, int max_distance, int level=-1):
    """Return which queries lie within `max_distance` of any listed digest.

    Parameters
    ----------
    queries : ndarray of uint8, shape (n_queries, n_bytes)
    listed : ndarray of uint8, shape (n_listed, n_bytes)
        n_bytes 8 or 32 on both sides.
    max_distance : int
        In bits, inclusive; less than twice n_bytes.
    level : int
        Instruction level to force; -1 takes the widest. All give the same answer.

    Returns
    -------
    ndarray of bool, shape (n_queries,)

    Raises
    ------
    TypeError, ValueError
        Not uint8; shapes or distance out of range.

    Notes
    -----
    Exact. Holds a sorted copy of both sides meanwhile; runs without the GIL.
    """
    query_array, listed_array = _adjacent(queries), _adjacent(listed)
    if query_array.ndim != 2 or listed_array.ndim != 2 or query_array.shape[1] != listed_array.shape[1]:
        raise ValueError(f"digests have shape (n, n_bytes), not {query_array.shape} and {listed_array.shape}")
    if query_array.shape[1] not in (8, 32):
        raise ValueError(f"digests of 8 or 32 bytes, not {query_array.shape[1]}")
    cdef int n_bytes = query_array.shape[1]
    if not 0 <= max_distance < 2 * n_bytes:
        raise ValueError(f"a distance of 0 to {2 * n_bytes - 1} bits, not {max_distance}")
    if max(query_array.shape[0], listed_array.shape[0]) >= 1 << 32:
        raise ValueError("more than 2**32 digests at once")
    near = np.zeros(query_array.shape[0], np.uint8)
    if not query_array.shape[0] or not listed_array.shape[0]:
        return near.view(bool)
    # 64-bit words: also aligned, which bytes of a mapped file need not be.
    cdef const uint64_t[:, ::1] query_words = _words(query_array)
    cdef const uint64_t[:, ::1] listed_words = _words(listed_array)
    cdef uint8_t[::1] near_bytes = near
    cdef int status, at_level = checked_level(level)
    with nogil:
        status = sj_near(
            &query_words[0, 0], query_words.shape[0], &listed_words[0, 0], listed_words.shape[0], n_bytes // 8,
            max_distance, at_level, &near_bytes[0],
        )
    if status != SJ_OK:
        raise MemoryError("no memory to sort the digests")
    return near.view(bool)


def _adjacent(digests):
    array = np.asarray(digests)
    if array.dtype != np.uint8:
        raise TypeError(f"digests are uint8, not {array.dtype}")
    return np.ascontiguousarray(array)


def _words(array):
    if array.ctypes.data % 8:
        array = array.copy()
    return array.view(np.uint64)
