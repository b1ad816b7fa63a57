"""The pixel kernels behind Python: grey or RGB arrays in, digests out, the GIL released meanwhile.

Wrappers validate, allocate, run without the GIL and wrap, in that order; the arithmetic stands in
``_kernels_body.h``. docs/hashes.md defines every hash to the bit.
"""

from functools import lru_cache

cimport cython

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.math cimport M_PI, ceil, cos, sin
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

import numpy as np

include "_c/_levels.pxi"


cdef extern from "_kernels.h" nogil:
    int SH_MAX_SIDE
    int SH_GATHER

    ctypedef struct sh_tap:
        Py_ssize_t sample
        float weight

    ctypedef struct sh_bands:
        Py_ssize_t start[64]
        Py_ssize_t length[64]
        Py_ssize_t offset[64]
        float* weights

    ctypedef struct sh_operator:
        Py_ssize_t n_samples
        sh_tap* taps
        Py_ssize_t tap_start[65]
        uint8_t is_integer[64]
        float scale[64]
        sh_bands grey
        sh_bands colour

    ctypedef struct sh_resampler:
        int n_out
        Py_ssize_t taps16
        Py_ssize_t* start
        Py_ssize_t* count
        int32_t* weight
        int16_t* coarse
        int shift
        int64_t* error

    ctypedef struct sh_kernels:
        void (*small_picture)(float*, const uint8_t*, Py_ssize_t, Py_ssize_t, int, const sh_operator*,
                              const sh_operator*, float*, float*, uint16_t*) noexcept nogil
        void (*turned_pictures)(float*, const uint8_t*, Py_ssize_t, Py_ssize_t, int, const sh_operator**,
                                const sh_operator**, float*, float*, uint16_t*) noexcept nogil
        void (*transpose)(float*, const float*) noexcept nogil
        void (*dct)(float*, const float*) noexcept nogil
        void (*bits)(uint8_t*, const float*) noexcept nogil
        int (*quality)(const float*) noexcept nogil
        void (*grey_of_row)(uint8_t*, const uint8_t*, Py_ssize_t) noexcept nogil
        void (*widen)(int16_t*, const uint8_t*, Py_ssize_t) noexcept nogil
        void (*resample_row)(uint8_t*, const int16_t*, const sh_resampler*) noexcept nogil
        void (*resample_cols)(uint8_t*, const uint8_t*, int, const sh_resampler*) noexcept nogil

    void sh_fill_dct()
    const sh_kernels* sh_kernels_at(int level)


sh_fill_dct()

#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_AVX2, SH_AVX512))

#: A side longer than this is refused: the tables would outgrow what one upload may cost.
MAX_SIDE = 1 << 20

cdef double[3] LUMA = [0.299, 0.587, 0.114]


# -- the operator of one side --------------------------------------------------------------------------------


@cython.final
@cython.auto_pickle(False)
cdef class Operator:
    """The 64 x n operator of PDQ's blur and decimation for one side, built once and then only read.

    Parameters
    ----------
    n : int
        Samples of the side of the original picture.
    step : int
        Samples of the original that one stored sample averages (1 for a full decode). The last stored
        sample may average fewer.
    flip : bool
        Operate on the side read backwards.
    """

    cdef sh_operator op

    def __cinit__(self, Py_ssize_t n, Py_ssize_t step, bint flip):
        if not 5 <= n <= MAX_SIDE or not 1 <= step <= 64:
            raise ValueError(f"no operator for a side of {n} samples in steps of {step}")
        cdef Py_ssize_t n_samples = (n + step - 1) // step
        self.op.n_samples = n_samples
        # One band of original samples, one of stored ones.
        cdef double* band = <double*>calloc(n + 1, sizeof(double))
        cdef double* folded = <double*>calloc(64 * n_samples, sizeof(double))
        cdef Py_ssize_t* first = <Py_ssize_t*>calloc(128, sizeof(Py_ssize_t))
        if band == NULL or folded == NULL or first == NULL:
            free(band)
            free(folded)
            free(first)
            raise MemoryError("the operator tables of one side")
        try:
            self.fill(n, step, flip, n_samples, band, folded, first)
        finally:
            free(band)
            free(folded)
            free(first)

    cdef int fill(self, Py_ssize_t n, Py_ssize_t step, bint flip, Py_ssize_t n_samples, double* band,
                  double* folded, Py_ssize_t* first) except -1:
        cdef Py_ssize_t k, i, j, lo, hi, total_taps = 0
        cdef Py_ssize_t* last = first + 64
        cdef double denominator
        for k in range(64):
            denominator = band_weights(band, n, k, &lo, &hi, &self.op.is_integer[k])
            self.op.scale[k] = <float>(1.0 / denominator)
            first[k] = n_samples
            last[k] = -1
            for i in range(lo, hi + 1):
                j = (n - 1 - i if flip else i) // step
                folded[k * n_samples + j] += band[i]
                band[i] = 0.0
                first[k] = min(first[k], j)
                last[k] = max(last[k], j)
            for j in range(first[k], last[k] + 1):
                # A weight over 257 becomes several taps of the same row (add_rows4 sums in 16 bits).
                total_taps += 1
                if self.op.is_integer[k]:
                    total_taps += <Py_ssize_t>(folded[k * n_samples + j] / 257.0)
        self.op.taps = <sh_tap*>malloc(total_taps * sizeof(sh_tap))
        if self.op.taps == NULL:
            raise MemoryError("the operator tables of one side")
        cdef Py_ssize_t n_taps = 0
        cdef double weight
        for k in range(64):
            self.op.tap_start[k] = n_taps
            for j in range(first[k], last[k] + 1):
                weight = folded[k * n_samples + j]
                while self.op.is_integer[k] and weight > 257.0:
                    self.op.taps[n_taps].sample = j
                    self.op.taps[n_taps].weight = 257.0
                    n_taps += 1
                    weight -= 257.0
                self.op.taps[n_taps].sample = j
                self.op.taps[n_taps].weight = <float>weight
                n_taps += 1
        self.op.tap_start[64] = n_taps
        fill_bands(&self.op.grey, folded, n_samples, first, last, 1)
        fill_bands(&self.op.colour, folded, n_samples, first, last, 3)
        return 0

    def __dealloc__(self):
        free(self.op.taps)
        free(self.op.grey.weights)
        free(self.op.colour.weights)


cdef double band_weights(double* band, Py_ssize_t n, Py_ssize_t k, Py_ssize_t* lo, Py_ssize_t* hi,
                         uint8_t* is_integer) noexcept:
    """Write output k's weights over the side's samples into `band` (zero before); return their denominator.

    Two box filters of window w = ceil(n / 128), cut at the ends with a shrinking divisor, read at sample
    (k + 0.5) n / 64. Where the divisors of the first pass agree the weights are integers over
    divisor2 * divisor1; otherwise they are fractions over 1.
    """
    cdef Py_ssize_t window = (n + 127) // 128
    cdef Py_ssize_t half = (window + 2) // 2
    cdef Py_ssize_t back = window - half
    cdef Py_ssize_t at = ((2 * k + 1) * n) // 128
    cdef Py_ssize_t outer_lo = max(0, at - back), outer_hi = min(n - 1, at + half - 1)
    cdef Py_ssize_t o, i, a, b
    cdef double divisor = 0.0
    is_integer[0] = 1
    for o in range(outer_lo, outer_hi + 1):
        a = max(0, o - back)
        b = min(n - 1, o + half - 1)
        if divisor == 0.0:
            divisor = b - a + 1
        elif divisor != b - a + 1:
            is_integer[0] = 0
    lo[0] = max(0, outer_lo - back)
    hi[0] = min(n - 1, outer_hi + half - 1)
    if is_integer[0]:
        # Differences first, one running sum after: linear in the window, where a side of a million samples
        # would take seconds. `band` has room for one past the side.
        for o in range(outer_lo, outer_hi + 1):
            band[max(0, o - back)] += 1.0
            band[min(n - 1, o + half - 1) + 1] -= 1.0
        for i in range(lo[0] + 1, hi[0] + 1):
            band[i] += band[i - 1]
        band[hi[0] + 1] = 0.0
    else:
        for o in range(outer_lo, outer_hi + 1):
            a = max(0, o - back)
            b = min(n - 1, o + half - 1)
            for i in range(a, b + 1):
                band[i] += 1.0 / (<double>(b - a + 1) * (outer_hi - outer_lo + 1))
    return divisor * (outer_hi - outer_lo + 1) if is_integer[0] else 1.0


cdef int fill_bands(sh_bands* bands, const double* folded, Py_ssize_t n_samples, const Py_ssize_t* first,
                    const Py_ssize_t* last, int channels) except -1:
    cdef Py_ssize_t k, j, length, total = 0
    cdef int channel
    for k in range(64):
        length = (last[k] - first[k] + 1) * channels
        bands.start[k] = first[k] * channels
        bands.length[k] = length
        bands.offset[k] = total
        total += length
    bands.weights = <float*>calloc(total, sizeof(float))
    if bands.weights == NULL:
        raise MemoryError("the operator tables of one side")
    for k in range(64):
        for j in range(last[k] - first[k] + 1):
            for channel in range(channels):
                bands.weights[bands.offset[k] + j * channels + channel] = <float>(
                    folded[k * n_samples + first[k] + j] * (LUMA[channel] if channels == 3 else 1.0)
                )
    return 0


#: Tables of longer sides are not kept: 128 of a million samples would hold 8 GB.
LONGEST_KEPT = 1 << 13


@lru_cache(maxsize=128)
def _kept_operator(n, step, flip):
    return Operator(n, step, flip)


def _operator(n, step, flip):
    return _kept_operator(n, step, flip) if n <= LONGEST_KEPT else Operator(n, step, flip)


# -- pixels ---------------------------------------------------------------------------------------------------


@cython.final
@cython.auto_pickle(False)
cdef class Pixels:
    """A picture as the kernels want it: rows of adjacent uint8 samples, any row stride."""

    cdef const uint8_t* data
    cdef Py_ssize_t row_stride
    cdef Py_ssize_t n_rows
    cdef Py_ssize_t n_cols
    cdef int channels
    cdef object keep

    def __cinit__(self, pixels):
        array = np.asarray(pixels)
        if array.dtype != np.uint8:
            raise TypeError(f"pixels are uint8, not {array.dtype}")
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
            raise ValueError(f"pixels have shape (rows, cols) or (rows, cols, 3), not {array.shape}")
        self.n_rows, self.n_cols = array.shape[:2]
        self.channels = 1 if array.ndim == 2 else array.shape[2]
        if self.n_rows < 1 or self.n_cols < 1:
            raise ValueError(f"no pixels in an array of shape {array.shape}")
        inner = array.strides[array.ndim - 1] == 1 or array.shape[array.ndim - 1] == 1
        if array.ndim == 3:
            inner = inner and array.strides[1] == array.shape[2]
        if not inner:
            array = np.ascontiguousarray(array)
        self.keep = array
        self.row_stride = array.strides[0]
        self.data = <const uint8_t*><size_t>array.__array_interface__["data"][0]


cdef struct Turn:
    # How an EXIF orientation reaches its picture from the stored one: rows and columns read backwards first,
    # then the result transposed.
    bint flip_rows
    bint flip_cols
    bint transpose


cdef Turn turn_of(int orientation) except *:
    cdef Turn turn
    if not 1 <= orientation <= 8:
        raise ValueError(f"EXIF orientations are 1 to 8, not {orientation}")
    turn.flip_rows = orientation in (3, 4, 6, 7)
    turn.flip_cols = orientation in (2, 3, 7, 8)
    turn.transpose = orientation >= 5
    return turn


cdef struct Scratch:
    float* lines
    float* mixed
    uint16_t* acc16


cdef int take_scratch(Scratch* scratch, Py_ssize_t n, Py_ssize_t n_lines) except -1:
    scratch.lines = <float*>malloc(n_lines * n * sizeof(float))
    scratch.mixed = <float*>malloc(n_lines * n * sizeof(float))
    scratch.acc16 = <uint16_t*>malloc(n * sizeof(uint16_t))
    if scratch.lines == NULL or scratch.mixed == NULL or scratch.acc16 == NULL:
        drop_scratch(scratch)
        raise MemoryError("the working rows of one picture")
    return 0


cdef void drop_scratch(Scratch* scratch) noexcept nogil:
    free(scratch.lines)
    free(scratch.mixed)
    free(scratch.acc16)
    scratch.lines = NULL
    scratch.mixed = NULL
    scratch.acc16 = NULL


cdef const sh_kernels* kernels_at(int level) except NULL:
    return sh_kernels_at(checked_level(level))


cdef tuple sides(Pixels picture, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t step):
    """Return the original's sides: as given, or the stored picture's where nothing was reduced."""
    if not 1 <= step <= 64:
        raise ValueError(f"a decode is reduced by 1 to 64, not {step}")
    if rows == 0 and cols == 0 and step == 1:
        rows, cols = picture.n_rows, picture.n_cols
    if (rows + step - 1) // step != picture.n_rows or (cols + step - 1) // step != picture.n_cols:
        raise ValueError(
            f"a {rows} x {cols} picture reduced by {step} has not {picture.n_rows} x {picture.n_cols} samples"
        )
    if rows < 5 or cols < 5:
        raise ValueError(f"PDQ needs at least 5 rows and 5 columns, not {rows} x {cols}")
    return rows, cols


cdef int small_of(float* out, Pixels picture, Operator row_op, Operator col_op,
                  const sh_kernels* kernels) except -1:
    """Write the 64 x 64 picture; a 64 x 64 input is taken as it is because its operator is the identity."""
    cdef Scratch scratch
    take_scratch(&scratch, picture.n_cols * picture.channels, 8)
    with nogil:
        kernels.small_picture(out, picture.data, picture.row_stride, picture.n_cols, picture.channels,
                              &row_op.op, &col_op.op, scratch.lines, scratch.mixed, scratch.acc16)
        drop_scratch(&scratch)
    return 0


cdef int oriented_small(float* out, Pixels picture, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t step,
                        int orientation, const sh_kernels* kernels) except -1:
    cdef Turn turn = turn_of(orientation)
    cdef Operator row_op = _operator(rows, step, bool(turn.flip_rows))
    cdef Operator col_op = _operator(cols, step, bool(turn.flip_cols))
    cdef float[4096] stored
    if turn.transpose:
        small_of(stored, picture, row_op, col_op, kernels)
        kernels.transpose(out, stored)
    else:
        small_of(out, picture, row_op, col_op, kernels)
    return 0


# -- PDQ ------------------------------------------------------------------------------------------------------


def pdq(pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1, int level=-1):
    """Return PDQ's digest and quality.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n_rows, n_cols) or (n_rows, n_cols, 3)
        Grey or RGB samples as stored, any row stride.
    rows, cols : int
        Sides of the original when `pixels` is a reduced decode of it; 0 when it is not.
    step : int
        Original samples a stored sample averages, per axis.
    orientation : int
        EXIF orientation to apply, 1 to 8.
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same bits.

    Returns
    -------
    digest : bytes, 32
    quality : int, 0 to 100

    Raises
    ------
    TypeError, ValueError
        Not uint8, not such a shape, or fewer than 5 rows or columns.

    References
    ----------
    Meta, "PDQ and TMK+PDQF", 2019; docs/hashes.md, "PDQ".
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    rows, cols = sides(picture, rows, cols, step)
    cdef float[4096] small
    cdef float[256] coefficients
    cdef uint8_t[32] digest
    cdef int quality
    oriented_small(small, picture, rows, cols, step, orientation, kernels)
    with nogil:
        quality = kernels.quality(small)
        kernels.dct(coefficients, small)
        kernels.bits(digest, coefficients)
    return PyBytes_FromStringAndSize(<char*>digest, 32), quality


def pdq_parts(pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1, int level=-1):
    """Return what PDQ is made of: the 64 x 64 picture and the 16 x 16 coefficients, both float32.

    Parameters and errors are those of `pdq`.
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    rows, cols = sides(picture, rows, cols, step)
    small = np.empty((64, 64), dtype=np.float32)
    coefficients = np.empty((16, 16), dtype=np.float32)
    cdef float[:, ::1] small_view = small
    cdef float[:, ::1] coefficients_view = coefficients
    oriented_small(&small_view[0, 0], picture, rows, cols, step, orientation, kernels)
    with nogil:
        kernels.dct(&coefficients_view[0, 0], &small_view[0, 0])
    return small, coefficients


def pdq_turned(pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1, int level=-1):
    """Return the digests of the eight truly turned pictures, and the qualities.

    Unlike those derived from coefficients (`_reference.pdq_orientations`) these are the hashes one gets by
    turning the pixels first: the operator is applied with its sides read forwards and backwards, in one sweep
    over the pixels.

    Parameters and errors are those of `pdq`.

    Returns
    -------
    digests : tuple of bytes
        In the order of `safehash.hashes.ORIENTATIONS`.
    quality : int
        Of the picture as it is.
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    rows, cols = sides(picture, rows, cols, step)
    cdef Turn turn = turn_of(orientation)
    cdef Operator row_op = _operator(rows, step, bool(turn.flip_rows))
    cdef Operator row_back = _operator(rows, step, not turn.flip_rows)
    cdef Operator col_op = _operator(cols, step, bool(turn.flip_cols))
    cdef Operator col_back = _operator(cols, step, not turn.flip_cols)
    cdef const sh_operator* row_ops[2]
    cdef const sh_operator* col_ops[2]
    row_ops[0] = &row_op.op
    row_ops[1] = &row_back.op
    col_ops[0] = &col_op.op
    col_ops[1] = &col_back.op
    cdef float[4 * 4096] pictures
    cdef float[4096] upright
    cdef float[256] coefficients
    cdef uint8_t[8][32] digests
    cdef int quality = 0, flips, which
    cdef const float* source
    cdef Scratch scratch
    take_scratch(&scratch, picture.n_cols * picture.channels, 16)
    with nogil:
        kernels.turned_pictures(pictures, picture.data, picture.row_stride, picture.n_cols, picture.channels,
                                row_ops, col_ops, scratch.lines, scratch.mixed, scratch.acc16)
        drop_scratch(&scratch)
        for flips in range(4):
            # The sweep leaves its pictures transposed. Transposing commutes with the operator, so each and its
            # transpose are two of the eight; the stored picture is itself transposed for EXIF orientations 5 to 8.
            kernels.transpose(upright, &pictures[4096 * flips])
            for which in range(2):
                source = &upright[0] if which == 0 else &pictures[4096 * flips]
                kernels.dct(coefficients, source)
                kernels.bits(digests[TURNED[turn.transpose][flips][which]], coefficients)
                if flips == 0 and which == turn.transpose:
                    quality = kernels.quality(source)
    return tuple([PyBytes_FromStringAndSize(<char*>digests[which], 32) for which in range(8)]), quality


# Which of `hashes.ORIENTATIONS` a picture is: [stored transposed][2 * rows flipped + columns flipped, as stored]
# [transposed]. Flips of a transposed picture are those of its other axis.
cdef int[2][4][2] TURNED = [
    [[0, 6], [5, 1], [4, 3], [2, 7]],
    [[6, 0], [3, 4], [1, 5], [7, 2]],
]


# -- pHash ----------------------------------------------------------------------------------------------------


cdef double lanczos3(double x) noexcept nogil:
    if x == 0.0:
        return 1.0
    if not -3.0 <= x < 3.0:
        return 0.0
    return sin(M_PI * x) / (M_PI * x) * (sin(M_PI * x / 3.0) / (M_PI * x / 3.0))


@cython.final
@cython.auto_pickle(False)
cdef class Resampler:
    """Lanczos weights that bring one side of n samples to n_out, in the reference's fixed point."""

    cdef sh_resampler rs

    def __cinit__(self, Py_ssize_t n, int n_out):
        if not 1 <= n <= MAX_SIDE or not 1 <= n_out <= SH_MAX_SIDE:
            raise ValueError(f"no resampler from {n} to {n_out} samples")
        cdef double scale = <double>n / n_out
        cdef double stretch = max(scale, 1.0)
        cdef double support = 3.0 * stretch
        cdef Py_ssize_t taps = <Py_ssize_t>ceil(support) * 2 + 1
        self.rs.n_out = n_out
        self.rs.taps16 = (taps + 15) // 16 * 16
        self.rs.start = <Py_ssize_t*>calloc(n_out, sizeof(Py_ssize_t))
        self.rs.count = <Py_ssize_t*>calloc(n_out, sizeof(Py_ssize_t))
        self.rs.weight = <int32_t*>calloc(n_out * self.rs.taps16, sizeof(int32_t))
        self.rs.coarse = <int16_t*>calloc(n_out * self.rs.taps16, sizeof(int16_t))
        self.rs.error = <int64_t*>calloc(n_out, sizeof(int64_t))
        cdef double* raw = <double*>calloc(self.rs.taps16, sizeof(double))
        if (self.rs.start == NULL or self.rs.count == NULL or self.rs.weight == NULL or self.rs.coarse == NULL
                or self.rs.error == NULL or raw == NULL):
            free(raw)
            raise MemoryError("the resampling tables of one side")
        cdef Py_ssize_t o, i, lo, hi, at
        cdef double centre, total, value
        cdef int32_t greatest = 0
        for o in range(n_out):
            centre = (o + 0.5) * scale
            lo = max(<Py_ssize_t>(centre - support + 0.5), 0)
            hi = min(<Py_ssize_t>(centre + support + 0.5), n)
            total = 0.0
            for i in range(hi - lo):
                raw[i] = lanczos3((i + lo - centre + 0.5) * (1.0 / stretch))
                total += raw[i]
            self.rs.start[o] = lo
            self.rs.count[o] = hi - lo
            for i in range(hi - lo):
                value = raw[i] / total * (1 << 22)
                at = o * self.rs.taps16 + i
                self.rs.weight[at] = <int32_t>(value - 0.5 if value < 0 else value + 0.5)
                greatest = max(greatest, abs(self.rs.weight[at]))
        free(raw)
        cdef int32_t unit = 1
        while greatest / unit >= 32767:
            unit *= 2
            self.rs.shift += 1
        for at in range(n_out * self.rs.taps16):
            value = <double>self.rs.weight[at] / unit
            self.rs.coarse[at] = <int16_t>(value - 0.5 if value < 0 else value + 0.5)
            self.rs.error[at // self.rs.taps16] += 255 * abs(self.rs.weight[at] - self.rs.coarse[at] * unit)

    def __dealloc__(self):
        free(self.rs.start)
        free(self.rs.count)
        free(self.rs.weight)
        free(self.rs.coarse)
        free(self.rs.error)


@lru_cache(maxsize=128)
def _kept_resampler(n, n_out):
    return Resampler(n, n_out)


def _resampler(n, n_out):
    return _kept_resampler(n, n_out) if n <= LONGEST_KEPT else Resampler(n, n_out)


cdef bint vertical_first(Pixels picture, int side) noexcept nogil:
    """Whether the reference resizes this picture's columns before its rows (docs/hashes.md, "pHash")."""
    return picture.n_rows > side and picture.n_rows - side > 2 * (picture.n_cols - side)


cdef void resample_line(uint8_t* out, int16_t* wide, const uint8_t* line, Py_ssize_t n, Resampler across,
                        const sh_kernels* kernels) noexcept nogil:
    if n == across.rs.n_out:
        memcpy(out, line, n)
    else:
        kernels.widen(wide, line, n)
        kernels.resample_row(out, wide, &across.rs)


cdef void shrink_rows_first(uint8_t* out, Pixels picture, Resampler across, Resampler down, uint8_t* middle,
                            uint8_t* grey, int16_t* wide, const sh_kernels* kernels) noexcept nogil:
    """Write the side x side grey picture: along the rows first, each pass rounded to 8 bits."""
    cdef Py_ssize_t row
    cdef int side = across.rs.n_out
    cdef const uint8_t* source
    for row in range(picture.n_rows):
        source = picture.data + row * picture.row_stride
        if picture.channels == 3:
            kernels.grey_of_row(grey, source, picture.n_cols)
            source = grey
        resample_line(middle + row * side, wide, source, picture.n_cols, across, kernels)
    if picture.n_rows == side:
        memcpy(out, middle, side * side)
    else:
        kernels.resample_cols(out, middle, side, &down.rs)


cdef void shrink_cols_first(uint8_t* out, Pixels picture, Resampler across, Resampler down, uint8_t* middle,
                            uint8_t* grey, int16_t* wide, const sh_kernels* kernels) noexcept nogil:
    """Write the side x side grey picture: along the columns first. `grey` holds SH_GATHER columns."""
    cdef Py_ssize_t row, i, width
    cdef int side = across.rs.n_out
    cdef const uint8_t* source
    cdef uint8_t[64 * 64] turned
    cdef uint8_t[16] cell  # SH_GATHER
    cdef Py_ssize_t col = 0
    while col < picture.n_cols:
        width = min(<Py_ssize_t>SH_GATHER, picture.n_cols - col)
        for row in range(picture.n_rows):
            source = picture.data + row * picture.row_stride + col * picture.channels
            if picture.channels == 3:
                kernels.grey_of_row(cell, source, width)
                source = cell
            for i in range(width):
                grey[i * picture.n_rows + row] = source[i]
        for i in range(width):
            resample_line(middle + (col + i) * side, wide, grey + i * picture.n_rows, picture.n_rows, down,
                          kernels)
        col += width
    if picture.n_cols == side:
        memcpy(turned, middle, side * side)
    else:
        kernels.resample_cols(turned, middle, side, &across.rs)
    for row in range(side):
        for i in range(side):
            out[row * side + i] = turned[i * side + row]


cdef void dct_phash(double* spectrum, const uint8_t* small, int side, int keep, const double* cosines) noexcept nogil:
    """Write the keep x keep lowest coefficients of the unnormalised DCT-II, constant term included."""
    cdef double[64 * 16] half  # keep x side
    cdef int i, j, k
    cdef double total
    for i in range(keep):
        for j in range(side):
            total = 0.0
            for k in range(side):
                total += cosines[i * side + k] * small[k * side + j]
            half[i * side + j] = total
    for i in range(keep):
        for j in range(keep):
            total = 0.0
            for k in range(side):
                total += half[i * side + k] * cosines[j * side + k]
            spectrum[i * keep + j] = total


@lru_cache(maxsize=2)
def _cosines(keep):
    side = 4 * keep
    table = np.empty((keep, side))
    cdef double[:, ::1] view = table
    cdef int i, k, n_side = side
    for i in range(keep):
        for k in range(n_side):
            view[i, k] = 2.0 * cos(M_PI * i * (2 * k + 1) / (2.0 * n_side))
    table.flags.writeable = False
    return table


def phash_parts(pixels, *, int keep=8, int level=-1):
    """Return what pHash is made of: the shrunken grey picture and the lowest coefficients.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)
        Any row stride.
    keep : int
        Coefficients kept per axis: 8 (64 bits) or 16 (256 bits).
    level : int
        As in `pdq`.

    Returns
    -------
    small : ndarray of uint8, shape (4 * keep, 4 * keep)
    spectrum : ndarray of float64, shape (keep, keep)
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    if keep not in (8, 16):
        raise ValueError(f"pHash keeps 8 or 16 coefficients an axis, not {keep}")
    cdef Pixels picture = Pixels(pixels)
    cdef int side = 4 * keep
    cdef Resampler across = _resampler(picture.n_cols, side)
    cdef Resampler down = _resampler(picture.n_rows, side)
    small = np.empty((side, side), dtype=np.uint8)
    spectrum = np.empty((keep, keep))
    cdef uint8_t[:, ::1] small_view = small
    cdef double[:, ::1] spectrum_view = spectrum
    cdef const double[:, ::1] cosines = _cosines(keep)
    cdef bint cols_first = vertical_first(picture, side)
    cdef Py_ssize_t line = picture.n_rows if cols_first else picture.n_cols
    cdef Py_ssize_t n_lines = picture.n_cols if cols_first else picture.n_rows
    cdef uint8_t* middle = <uint8_t*>malloc(n_lines * side)
    cdef uint8_t* grey = <uint8_t*>malloc(line * (SH_GATHER if cols_first else 1))
    # A window's padded taps may read past the line, with weight 0.
    cdef int16_t* wide = <int16_t*>calloc(line + max(across.rs.taps16, down.rs.taps16), sizeof(int16_t))
    try:
        if middle == NULL or grey == NULL or wide == NULL:
            raise MemoryError("the working rows of one picture")
        with nogil:
            if cols_first:
                shrink_cols_first(&small_view[0, 0], picture, across, down, middle, grey, wide, kernels)
            else:
                shrink_rows_first(&small_view[0, 0], picture, across, down, middle, grey, wide, kernels)
            dct_phash(&spectrum_view[0, 0], &small_view[0, 0], side, keep, &cosines[0, 0])
    finally:
        free(middle)
        free(grey)
        free(wide)
    return small, spectrum


def phash(pixels, *, int keep=8, int level=-1):
    """Return the DCT pHash digest, 8 bytes for ``keep=8`` and 32 for ``keep=16``.

    Parameters and errors are those of `phash_parts`.

    References
    ----------
    The definition of ``imagehash.phash`` 4.3; docs/hashes.md, "pHash".
    """
    _, spectrum = phash_parts(pixels, keep=keep, level=level)
    return np.packbits((spectrum > np.median(spectrum)).ravel()).tobytes()
