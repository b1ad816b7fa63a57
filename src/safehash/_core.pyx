"""The pixel kernels behind Python: grey or RGB arrays in, digests out, the GIL released meanwhile.

Wrappers validate, allocate, run without the GIL and wrap, in that order; the arithmetic stands in
``_kernels_body.h``. docs/hashes.md defines every hash to the bit.
"""

cimport cython

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, malloc

import numpy as np

include "_c/_arrays.pxi"
include "_c/_levels.pxi"
include "_c/_pixels.pxi"
include "_c/_tables.pxi"
include "_c/_gamut.pxi"
include "_c/_grey.pxi"
include "_c/_kept.pxi"
include "_c/_shown.pxi"


cdef extern from "_phash.h" nogil:
    ctypedef struct sh_scratch:
        float* lines

    ctypedef struct sh_phash_work:
        uint8_t* middle

    ctypedef struct sh_kernels:
        void (*small_picture)(float*, const sh_picture*, const sh_operator*, const sh_operator*,
                              const sh_scratch*) noexcept nogil
        void (*turned_pictures)(float*, const sh_picture*, const sh_operator**, const sh_operator**,
                                const sh_scratch*) noexcept nogil
        void (*transpose)(float*, const float*) noexcept nogil
        void (*dct)(float*, const float*) noexcept nogil
        void (*bits)(uint8_t*, const float*) noexcept nogil
        int (*bits_in_doubt)(uint8_t*, const float*) noexcept nogil
        int (*quality)(const float*) noexcept nogil

    void sh_fill_dct()
    bint sh_take_scratch(sh_scratch* scratch, Py_ssize_t n, int n_lines)
    void sh_free_scratch(sh_scratch* scratch)
    const sh_kernels* sh_kernels_at(int level)
    bint sh_take_phash_work(sh_phash_work* work, const sh_picture* picture, const sh_resampler* across,
                            const sh_resampler* down)
    void sh_free_phash_work(sh_phash_work* work)
    void sh_shrink(uint8_t* out, const sh_picture* picture, const sh_resampler* across, const sh_resampler* down,
                   sh_phash_work* work, const sh_kernels* kernels)
    void sh_phash_spectrum(double* spectrum, const uint8_t* small, int side, int keep)
    void sh_phash_bits(uint8_t* digest, const double* spectrum, int keep)


cdef extern from "_reference.h" nogil:
    ctypedef struct sr_view:
        const uint8_t* first
        Py_ssize_t row_step
        Py_ssize_t col_step
        Py_ssize_t rows
        Py_ssize_t cols
        int channels

    ctypedef struct sr_work:
        float* memory

    bint sr_take_work(sr_work* work, Py_ssize_t rows, Py_ssize_t cols)
    void sr_free_work(sr_work* work)
    void sr_small_picture(float* small, sr_work* work, const sr_view* view)
    void sr_dct(float* coefficients, const float* small)


sh_fill_dct()

#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_AVX2, SH_AVX512))

#: Rows and columns that PDQ needs.
cdef int LEAST_SIDE = 5

#: Bits that may differ from the reference's: where more coefficients lie within its rounding of the median, its own
#: rounding decides.
cdef int A_COUPLE = 2

#: Pixels up to which that holds for the seven turned pictures, too: 3 ns a pixel each, and of lines that are hardly any
#: pixels wide up to 65 ns, so that a side counts as this many at least. Only the picture itself may cost that at any size.
#: Of all pictures of one upload together it is as many, of those that more effort alone turns as many again (views.py).
MOST_TURNED = 1 << 24
cdef Py_ssize_t THIN = 64

cdef const sh_kernels* kernels_at(int level) except NULL:
    return sh_kernels_at(checked_level(level))


cdef int small_of(float* out, Pixels picture, Operator row_op, Operator col_op,
                  const sh_kernels* kernels) except -1:
    """Write the 64 x 64 picture; a 64 x 64 input is taken as it is because its operator is the identity."""
    cdef sh_scratch scratch
    if not sh_take_scratch(&scratch, sh_samples_of_row(&picture.of), 8):
        raise MemoryError("the working rows of one picture")
    with nogil:
        kernels.small_picture(out, &picture.of, &row_op.op, &col_op.op, &scratch)
        sh_free_scratch(&scratch)
    return 0


cdef int oriented_small(float* out, Pixels picture, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t step,
                        int orientation, const sh_kernels* kernels) except -1:
    cdef Turn turn = turn_of(orientation)
    cdef Operator row_op = operator_for(rows, step, turn.flip_rows, 0)
    cdef Operator col_op = operator_for(cols, step, turn.flip_cols, picture.of.apart)
    cdef float[4096] stored
    if turn.transpose:
        small_of(stored, picture, row_op, col_op, kernels)
        kernels.transpose(out, stored)
    else:
        small_of(out, picture, row_op, col_op, kernels)
    return 0


# -- the reference's rounding ---------------------------------------------------------------------------------


cdef sr_view view_of(Pixels picture, bint flip_rows, bint flip_cols, bint transpose) noexcept:
    """Return the stored picture turned: rows and columns read backwards first, then the result transposed."""
    cdef sr_view view
    view.first = picture.of.data
    view.rows, view.cols, view.channels = picture.of.n_rows, picture.of.n_cols, picture.of.channels
    view.row_step, view.col_step = picture.of.row_stride, picture.of.apart
    if flip_rows:
        view.first += (view.rows - 1) * view.row_step
        view.row_step = -view.row_step
    if flip_cols:
        view.first += (view.cols - 1) * view.col_step
        view.col_step = -view.col_step
    if transpose:
        view.rows, view.cols = view.cols, view.rows
        view.row_step, view.col_step = view.col_step, view.row_step
    return view


cdef int take_reference(float* small, float* coefficients, const sr_view* view) except -1:
    """Write what PDQ is made of with the reference's rounding."""
    cdef sr_work work
    if not sr_take_work(&work, view.rows, view.cols):
        raise MemoryError("the working rows of one picture")
    with nogil:
        sr_small_picture(small, &work, view)
        sr_dct(coefficients, small)
        sr_free_work(&work)
    return 0


cdef int take_reference_digest(uint8_t* digest, sr_view view, const sh_kernels* kernels) except -1:
    """Write the digest that the reference's rounding gives; return the quality."""
    cdef float[4096] small
    cdef float[256] coefficients
    take_reference(small, coefficients, &view)
    kernels.bits(digest, coefficients)
    return kernels.quality(small)


def reference_parts(pixels, *, int orientation=1):
    """Return what PDQ is made of with the rounding of the tool that made the lists: see `pdq_parts`.

    Four float32 passes over all pixels, as the paper writes them.

    References
    ----------
    Meta, "PDQ and TMK+PDQF", 2019; docs/hashes.md, "Agreement with the reference".
    """
    cdef Pixels picture = Pixels(pixels)
    cdef Turn turn = turn_of(orientation)
    cdef Py_ssize_t rows = 0, cols = 0
    check_sides(picture, &rows, &cols, 1, LEAST_SIDE)
    small = np.empty((64, 64), dtype=np.float32)
    coefficients = np.empty((16, 16), dtype=np.float32)
    cdef float[:, ::1] small_view = small
    cdef float[:, ::1] coefficients_view = coefficients
    cdef sr_view view = view_of(picture, turn.flip_rows, turn.flip_cols, turn.transpose)
    take_reference(&small_view[0, 0], &coefficients_view[0, 0], &view)
    return small, coefficients


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
    check_sides(picture, &rows, &cols, step, LEAST_SIDE)
    cdef float[4096] small
    cdef float[256] coefficients
    cdef uint8_t[32] digest
    cdef int quality, in_doubt
    cdef Turn turn
    oriented_small(small, picture, rows, cols, step, orientation, kernels)
    with nogil:
        quality = kernels.quality(small)
        kernels.dct(coefficients, small)
        in_doubt = kernels.bits_in_doubt(digest, coefficients)
    if in_doubt > A_COUPLE and step == 1:
        turn = turn_of(orientation)
        quality = take_reference_digest(digest, view_of(picture, turn.flip_rows, turn.flip_cols, turn.transpose), kernels)
    return PyBytes_FromStringAndSize(<char*>digest, 32), quality


def pdq_parts(pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1, int level=-1):
    """Return what PDQ is made of: the 64 x 64 picture and the 16 x 16 coefficients, both float32.

    Parameters and errors are those of `pdq`.
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    check_sides(picture, &rows, &cols, step, LEAST_SIDE)
    small = np.empty((64, 64), dtype=np.float32)
    coefficients = np.empty((16, 16), dtype=np.float32)
    cdef float[:, ::1] small_view = small
    cdef float[:, ::1] coefficients_view = coefficients
    oriented_small(&small_view[0, 0], picture, rows, cols, step, orientation, kernels)
    with nogil:
        kernels.dct(&coefficients_view[0, 0], &small_view[0, 0])
    return small, coefficients


def pdq_turned(
    pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1, int level=-1,
    Py_ssize_t most=MOST_TURNED
):
    """Return the digests of the eight truly turned pictures, the quality, and what was looked at more closely.

    Unlike those derived from coefficients (`tests/reference.py`) these are the hashes one gets by
    turning the pixels first: the operator is applied with its sides read forwards and backwards, in one sweep
    over the pixels.

    Parameters and errors are those of `pdq`, and `most`: pixels up to which the reference's own rounding decides on
    the seven turned pictures, too, where it does on the picture itself.

    Returns
    -------
    digests : tuple of bytes
        In the order of `safehash.hashes.ORIENTATIONS`.
    quality : int
        Of the picture as it is.
    n_doubtful : int
        The picture's pixels, a thin one's as `MOST_TURNED` counts them, where the reference's rounding decided on some
        turned picture, 0 elsewhere.
    """
    cdef const sh_kernels* kernels = kernels_at(level)
    cdef Pixels picture = Pixels(pixels)
    check_sides(picture, &rows, &cols, step, LEAST_SIDE)
    cdef Py_ssize_t n_doubtful = 0, counted = max(rows, cols) * max(min(rows, cols), THIN)
    cdef Turn turn = turn_of(orientation)
    cdef Operator row_op = operator_for(rows, step, turn.flip_rows, 0)
    cdef Operator row_back = operator_for(rows, step, not turn.flip_rows, 0)
    cdef Operator col_op = operator_for(cols, step, turn.flip_cols, picture.of.apart)
    cdef Operator col_back = operator_for(cols, step, not turn.flip_cols, picture.of.apart)
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
    cdef int[8] in_doubt
    cdef int quality = 0, flips, which, at
    cdef int of_reference
    cdef const float* source
    cdef sr_view view
    cdef sh_scratch scratch
    if not sh_take_scratch(&scratch, sh_samples_of_row(&picture.of), 16):
        raise MemoryError("the working rows of one picture")
    with nogil:
        kernels.turned_pictures(pictures, &picture.of, row_ops, col_ops, &scratch)
        sh_free_scratch(&scratch)
        for flips in range(4):
            # The sweep leaves its pictures transposed. Transposing commutes with the operator, so each and its
            # transpose are two of the eight; the stored picture is itself transposed for EXIF orientations 5 to 8.
            kernels.transpose(upright, &pictures[4096 * flips])
            for which in range(2):
                source = &upright[0] if which == 0 else &pictures[4096 * flips]
                kernels.dct(coefficients, source)
                at = TURNED[turn.transpose][flips][which]
                in_doubt[at] = kernels.bits_in_doubt(digests[at], coefficients)
                if flips == 0 and which == turn.transpose:
                    quality = kernels.quality(source)
    for flips in range(4):
        for which in range(2):
            at = TURNED[turn.transpose][flips][which]
            if in_doubt[at] > A_COUPLE and step == 1 and (at == 0 or counted <= most):
                view = view_of(picture, turn.flip_rows ^ (flips >> 1), turn.flip_cols ^ (flips & 1), which)
                of_reference = take_reference_digest(digests[at], view, kernels)
                if at == 0:
                    quality = of_reference
                else:
                    n_doubtful = counted
    return tuple([PyBytes_FromStringAndSize(<char*>digests[which], 32) for which in range(8)]), quality, n_doubtful


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
    cdef Resampler across = resampler_for(picture.of.n_cols, side)
    cdef Resampler down = resampler_for(picture.of.n_rows, side)
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
