"""The pixel kernels behind Python: grey or RGB arrays in, digests out, the GIL released meanwhile.

Wrappers validate, allocate, run without the GIL and wrap, in that order; the arithmetic stands in
``_kernels_body.h``. docs/hashes.md defines every hash to the bit.
"""

from functools import lru_cache

cimport cython

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t
from libc.stdlib cimport free, malloc

import numpy as np

include "_c/_levels.pxi"


cdef extern from "_phash.h" nogil:
    int SH_MAX_SIDE
    double SH_MOST_RADIANS
    const float* sh_pdq_cosines
    const double* sh_first_twiddles_32
    const double* sh_second_twiddles_32
    const double* sh_last_twiddles_32
    const double* sh_first_twiddles_64
    const double* sh_second_twiddles_64
    const double* sh_last_twiddles_64

    double sh_sine(double x)
    double sh_cosine(double x)

    ctypedef struct sh_operator:
        float scale[64]

    ctypedef struct sh_resampler:
        int n_out

    ctypedef struct sh_picture:
        const uint8_t* data
        Py_ssize_t row_stride
        Py_ssize_t n_rows
        Py_ssize_t n_cols
        int channels

    ctypedef struct sh_phash_work:
        uint8_t* middle

    ctypedef struct sh_kernels:
        void (*small_picture)(float*, const uint8_t*, Py_ssize_t, Py_ssize_t, int, const sh_operator*,
                              const sh_operator*, float*, float*, uint16_t*) noexcept nogil
        void (*turned_pictures)(float*, const uint8_t*, Py_ssize_t, Py_ssize_t, int, const sh_operator**,
                                const sh_operator**, float*, float*, uint16_t*) noexcept nogil
        void (*transpose)(float*, const float*) noexcept nogil
        void (*dct)(float*, const float*) noexcept nogil
        void (*bits)(uint8_t*, const float*) noexcept nogil
        int (*quality)(const float*) noexcept nogil

    void sh_fill_dct()
    const sh_kernels* sh_kernels_at(int level)
    bint sh_fill_operator(sh_operator* op, Py_ssize_t n, Py_ssize_t step, bint flip)
    void sh_free_operator(sh_operator* op)
    bint sh_fill_resampler(sh_resampler* rs, Py_ssize_t n, int n_out)
    void sh_free_resampler(sh_resampler* rs)
    bint sh_take_phash_work(sh_phash_work* work, const sh_picture* picture, const sh_resampler* across,
                            const sh_resampler* down)
    void sh_free_phash_work(sh_phash_work* work)
    void sh_shrink(uint8_t* out, const sh_picture* picture, const sh_resampler* across, const sh_resampler* down,
                   sh_phash_work* work, const sh_kernels* kernels)
    void sh_phash_spectrum(double* spectrum, const uint8_t* small, int side, int keep)
    void sh_phash_bits(uint8_t* digest, const double* spectrum, int keep)


sh_fill_dct()

#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_AVX2, SH_AVX512))

#: A side longer than this is refused: the tables would outgrow what one upload may cost.
MAX_SIDE = 1 << 20

#: Tables of longer sides are not kept: 128 of a million samples would hold 8 GB.
LONGEST_KEPT = 1 << 13


# -- tables of one side --------------------------------------------------------------------------------------


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
        if not sh_fill_operator(&self.op, n, step, flip):
            raise MemoryError("the operator tables of one side")

    def __dealloc__(self):
        sh_free_operator(&self.op)


@lru_cache(maxsize=128)
def _kept_operator(n, step, flip):
    return Operator(n, step, flip)


def _operator(n, step, flip):
    return _kept_operator(n, step, flip) if n <= LONGEST_KEPT else Operator(n, step, flip)


@cython.final
@cython.auto_pickle(False)
cdef class Resampler:
    """Lanczos weights that bring one side of n samples to n_out, in the reference's fixed point."""

    cdef sh_resampler rs

    def __cinit__(self, Py_ssize_t n, int n_out):
        if not 1 <= n <= MAX_SIDE or not 1 <= n_out <= SH_MAX_SIDE:
            raise ValueError(f"no resampler from {n} to {n_out} samples")
        if not sh_fill_resampler(&self.rs, n, n_out):
            raise MemoryError("the resampling tables of one side")

    def __dealloc__(self):
        sh_free_resampler(&self.rs)


@lru_cache(maxsize=128)
def _kept_resampler(n, n_out):
    return Resampler(n, n_out)


def _resampler(n, n_out):
    return _kept_resampler(n, n_out) if n <= LONGEST_KEPT else Resampler(n, n_out)


def cosines():
    """Return the cosines that the transforms multiply by: of PDQ, and of pHash's two lengths stage by stage."""
    return {
        "pdq": [sh_pdq_cosines[i] for i in range(65)],
        "first 32": [sh_first_twiddles_32[i] for i in range(14)],
        "second 32": [sh_second_twiddles_32[i] for i in range(6)],
        "last 32": [sh_last_twiddles_32[i] for i in range(32)],
        "first 64": [sh_first_twiddles_64[i] for i in range(42)],
        "second 64": [sh_second_twiddles_64[i] for i in range(6)],
        "last 64": [sh_last_twiddles_64[i] for i in range(64)],
    }


def sines_and_cosines(double[::1] radians):
    """Return the sine and the cosine of angles up to 16 radians either way, as the kernels compute them."""
    sines, cosines = np.empty_like(radians), np.empty_like(radians)
    cdef double[::1] of_sine = sines, of_cosine = cosines
    cdef Py_ssize_t i
    for i in range(radians.shape[0]):
        if not -SH_MOST_RADIANS <= radians[i] <= SH_MOST_RADIANS:
            raise ValueError(f"angles are up to {SH_MOST_RADIANS} radians either way, not {radians[i]}")
        of_sine[i] = sh_sine(radians[i])
        of_cosine[i] = sh_cosine(radians[i])
    return sines, cosines


# -- pixels ---------------------------------------------------------------------------------------------------


@cython.final
@cython.auto_pickle(False)
cdef class Pixels:
    """A picture as the kernels want it: rows of adjacent uint8 samples, any row stride."""

    cdef sh_picture of
    cdef object keep

    def __cinit__(self, pixels):
        array = np.asarray(pixels)
        if array.dtype != np.uint8:
            raise TypeError(f"pixels are uint8, not {array.dtype}")
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
            raise ValueError(f"pixels have shape (rows, cols) or (rows, cols, 3), not {array.shape}")
        self.of.n_rows, self.of.n_cols = array.shape[:2]
        self.of.channels = 1 if array.ndim == 2 else array.shape[2]
        if self.of.n_rows < 1 or self.of.n_cols < 1:
            raise ValueError(f"no pixels in an array of shape {array.shape}")
        inner = array.strides[array.ndim - 1] == 1 or array.shape[array.ndim - 1] == 1
        if array.ndim == 3:
            inner = inner and array.strides[1] == array.shape[2]
        if not inner:
            array = np.ascontiguousarray(array)
        self.keep = array
        self.of.row_stride = array.strides[0]
        self.of.data = <const uint8_t*><size_t>array.__array_interface__["data"][0]


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
        rows, cols = picture.of.n_rows, picture.of.n_cols
    if (rows + step - 1) // step != picture.of.n_rows or (cols + step - 1) // step != picture.of.n_cols:
        raise ValueError(
            f"a {rows} x {cols} picture reduced by {step} has not {picture.of.n_rows} x {picture.of.n_cols} samples"
        )
    if rows < 5 or cols < 5:
        raise ValueError(f"PDQ needs at least 5 rows and 5 columns, not {rows} x {cols}")
    return rows, cols


cdef int small_of(float* out, Pixels picture, Operator row_op, Operator col_op,
                  const sh_kernels* kernels) except -1:
    """Write the 64 x 64 picture; a 64 x 64 input is taken as it is because its operator is the identity."""
    cdef Scratch scratch
    take_scratch(&scratch, picture.of.n_cols * picture.of.channels, 8)
    with nogil:
        kernels.small_picture(out, picture.of.data, picture.of.row_stride, picture.of.n_cols, picture.of.channels,
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
    take_scratch(&scratch, picture.of.n_cols * picture.of.channels, 16)
    with nogil:
        kernels.turned_pictures(pictures, picture.of.data, picture.of.row_stride, picture.of.n_cols, picture.of.channels,
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


cdef int check_keep(int keep) except -1:
    if keep not in (8, 16):
        raise ValueError(f"pHash keeps 8 or 16 coefficients an axis, not {keep}")
    return 0


cdef int phash_spectrum(double* spectrum, uint8_t* small, pixels, int keep, int level) except -1:
    """Write the shrunken grey picture, 4 * keep a side, and its keep x keep lowest coefficients."""
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    cdef int side = 4 * keep
    cdef Resampler across = _resampler(picture.of.n_cols, side)
    cdef Resampler down = _resampler(picture.of.n_rows, side)
    cdef sh_phash_work work
    try:
        if not sh_take_phash_work(&work, &picture.of, &across.rs, &down.rs):
            raise MemoryError("the working rows of one picture")
        with nogil:
            sh_shrink(small, &picture.of, &across.rs, &down.rs, &work, kernels)
            sh_phash_spectrum(spectrum, small, side, keep)
    finally:
        sh_free_phash_work(&work)
    return 0


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
    check_keep(keep)
    small = np.empty((4 * keep, 4 * keep), dtype=np.uint8)
    spectrum = np.empty((keep, keep))
    cdef uint8_t[:, ::1] small_view = small
    cdef double[:, ::1] spectrum_view = spectrum
    phash_spectrum(&spectrum_view[0, 0], &small_view[0, 0], pixels, keep, level)
    return small, spectrum


def phash(pixels, *, int keep=8, int level=-1):
    """Return the DCT pHash digest, 8 bytes for ``keep=8`` and 32 for ``keep=16``.

    Parameters and errors are those of `phash_parts`.

    References
    ----------
    The definition of ``imagehash.phash`` 4.3; docs/hashes.md, "pHash".
    """
    cdef uint8_t[64 * 64] samples
    cdef double[16 * 16] coefficients
    cdef uint8_t[32] digest
    check_keep(keep)
    phash_spectrum(coefficients, samples, pixels, keep, level)
    with nogil:
        sh_phash_bits(digest, coefficients, keep)
    return PyBytes_FromStringAndSize(<char*>digest, keep * keep // 8)
