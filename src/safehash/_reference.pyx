"""PDQ with the rounding of the tool that made the lists: four float32 passes over all pixels, as the paper writes them.

The kernels of ``_core`` sum integers, exactly, and are hundreds of times faster. Both give the same bits unless two
coefficients lie closer to each other than the reference's rounding. This is for telling that apart: it meets the
reference to the bit, on flat and symmetric pictures too, whose bits are nothing but rounding.
"""

from libc.math cimport M_PI, cos, sqrt
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc

from cpython.bytes cimport PyBytes_FromStringAndSize

import numpy as np


cdef extern from "_kernels.h" nogil:
    ctypedef struct sh_kernels:
        void (*bits)(uint8_t*, const float*) noexcept nogil

    const sh_kernels* sh_kernels_at(int level)


cdef void box_filter(float* out, const float* samples, Py_ssize_t n, Py_ssize_t stride, Py_ssize_t window) noexcept nogil:
    """Average n samples over a window by one running sum; the divisor shrinks at both ends."""
    cdef Py_ssize_t half = (window + 2) // 2
    cdef Py_ssize_t entering = 0, leaving = 0, at = 0, k
    cdef float total = 0.0
    cdef int count = 0
    for k in range(half - 1):
        total += samples[entering * stride]
        count += 1
        entering += 1
    for k in range(window - half + 1):
        total += samples[entering * stride]
        count += 1
        out[at * stride] = total / count
        entering += 1
        at += 1
    for k in range(n - window):
        total += samples[entering * stride]
        total -= samples[leaving * stride]
        out[at * stride] = total / count
        leaving += 1
        entering += 1
        at += 1
    for k in range(half - 1):
        total -= samples[leaving * stride]
        count -= 1
        out[at * stride] = total / count
        leaving += 1
        at += 1


cdef void filter_picture(float* luma, float* other, Py_ssize_t rows, Py_ssize_t cols) noexcept nogil:
    cdef Py_ssize_t k
    cdef int turn
    for turn in range(2):
        for k in range(rows):
            box_filter(other + k * cols, luma + k * cols, cols, 1, (cols + 127) // 128)
        for k in range(cols):
            box_filter(luma + k, other + k, rows, cols, (rows + 127) // 128)


cdef float sum_of_products(const float* one, const float* other, Py_ssize_t stride) noexcept nogil:
    """Sum 64 products from the first to the last; `other`'s samples lie `stride` apart."""
    cdef float total = 0.0
    cdef Py_ssize_t k
    for k in range(64):
        total += one[k] * other[k * stride]
    return total


cdef void transform(float* coefficients, const float* small) noexcept nogil:
    """16 x 16 coefficients of the 64 x 64 picture, every sum from its first term to its last."""
    cdef float[1024] basis
    cdef float[1024] half_done
    cdef Py_ssize_t i, j
    cdef float scale = <float>sqrt(2.0 / 64.0)
    for i in range(16):
        for j in range(64):
            basis[64 * i + j] = <float>(scale * cos(M_PI / 2.0 / 64.0 * (i + 1) * (2 * j + 1)))
    for i in range(16):
        for j in range(64):
            half_done[64 * i + j] = sum_of_products(basis + 64 * i, small + j, 64)
    for i in range(16):
        for j in range(16):
            coefficients[16 * i + j] = sum_of_products(half_done + 64 * i, basis + 64 * j, 1)


def pdq_orientations(pixels):
    """Return the digests of the eight orientations as the reference derives them: from the coefficients.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)
        Grey or RGB, at least 5 x 5.

    Returns
    -------
    digests : tuple of bytes
        In the order of `safehash.hashes.ORIENTATIONS`.

    Raises
    ------
    TypeError, ValueError
        Not uint8, or not such a shape.

    Notes
    -----
    Holds two float32 pictures: 8 bytes a pixel.

    References
    ----------
    Meta, "PDQ and TMK+PDQF", 2019; docs/hashes.md, "Orientations".
    """
    array = np.ascontiguousarray(pixels)
    if array.dtype != np.uint8:
        raise TypeError(f"pixels are uint8, not {array.dtype}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or min(array.shape[:2]) < 5:
        raise ValueError(f"pixels have shape (rows, cols) or (rows, cols, 3), 5 x 5 at least, not {array.shape}")
    cdef Py_ssize_t rows = array.shape[0], cols = array.shape[1]
    cdef Py_ssize_t channels = 3 if array.ndim == 3 else 1
    cdef const uint8_t[::1] samples = array.reshape(-1)
    cdef const uint8_t* sample = &samples[0]
    cdef float* luma = <float*>malloc(rows * cols * sizeof(float))
    cdef float* other = <float*>malloc(rows * cols * sizeof(float))
    cdef float[4096] small
    cdef float[256] coefficients
    cdef Py_ssize_t i, j, at
    cdef Py_ssize_t second = 1 if channels == 3 else 0, third = 2 * second
    try:
        if luma == NULL or other == NULL:
            raise MemoryError("two float pictures")
        with nogil:
            for at in range(rows * cols):
                luma[at] = <float>(0.299 * sample[0] + 0.587 * sample[second] + 0.114 * sample[third])
                sample += channels
            if rows != 64 or cols != 64:
                filter_picture(luma, other, rows, cols)
            for i in range(64):
                for j in range(64):
                    small[64 * i + j] = luma[(2 * i + 1) * rows // 128 * cols + (2 * j + 1) * cols // 128]
            transform(coefficients, small)
    finally:
        free(luma)
        free(other)
    return turned_digests(coefficients)


cdef tuple turned_digests(const float* source):
    cdef float[256] turned
    cdef uint8_t[32] digest
    cdef int which, i, j
    cdef bint transpose, odd_rows, odd_cols
    cdef float value
    digests = []
    for which in range(8):
        # original, rotate 90, 180, 270, flip x, flip y, flip plus 1, flip minus 1
        transpose = which in (1, 3, 6, 7)
        odd_rows = which in (1, 2, 4, 7)
        odd_cols = which in (2, 3, 5, 7)
        for i in range(16):
            for j in range(16):
                value = source[16 * j + i] if transpose else source[16 * i + j]
                # Row i is frequency i + 1: a flip negates the even indices, which are the odd frequencies.
                if (odd_rows and i % 2 == 0) != (odd_cols and j % 2 == 0):
                    value = -value
                turned[16 * i + j] = value
        sh_kernels_at(0).bits(digest, turned)
        digests.append(PyBytes_FromStringAndSize(<char*>digest, 32))
    return tuple(digests)
