# The tables of one side, built once and kept, and the constant ones, for tests. Included by _core.

from functools import lru_cache


cdef extern from "_phash.h" nogil:
    int SH_MAX_SIDE
    double SH_MOST_RADIANS
    const float* sh_pdq_cosines
    const float* sh_reference_cosines
    const double* sh_first_twiddles_32
    const double* sh_second_twiddles_32
    const double* sh_last_twiddles_32
    const double* sh_first_twiddles_64
    const double* sh_second_twiddles_64
    const double* sh_last_twiddles_64

    ctypedef struct sh_operator:
        float scale[64]

    ctypedef struct sh_resampler:
        int n_out

    double sh_sine(double x)
    double sh_cosine(double x)
    bint sh_fill_operator(sh_operator* op, Py_ssize_t n, Py_ssize_t step, bint flip, int apart)
    void sh_free_operator(sh_operator* op)
    bint sh_fill_resampler(sh_resampler* rs, Py_ssize_t n, int n_out)
    void sh_free_resampler(sh_resampler* rs)


MAX_SIDE = LONGEST_SIDE

#: Tables of longer sides are not kept: 128 of a million samples would hold 8 GB.
LONGEST_KEPT = 1 << 13


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
    apart : int
        Bytes from one pixel of a row to the next, 1, 3 or 4; 0 for a column.
    """

    cdef sh_operator op

    def __cinit__(self, Py_ssize_t n, Py_ssize_t step, bint flip, int apart):
        if not 5 <= n <= LONGEST_SIDE or not 1 <= step <= 64 or apart not in (0, 1, 3, 4):
            raise ValueError(f"no operator for a side of {n} samples in steps of {step}, {apart} bytes apart")
        if not sh_fill_operator(&self.op, n, step, flip, apart):
            raise MemoryError("the operator tables of one side")

    def __dealloc__(self):
        sh_free_operator(&self.op)


@lru_cache(maxsize=128)
def _kept_operator(n, step, flip, apart):
    return Operator(n, step, flip, apart)


cdef Operator operator_for(Py_ssize_t n, Py_ssize_t step, bint flip, int apart):
    return _kept_operator(n, step, flip, apart) if n <= LONGEST_KEPT else Operator(n, step, flip, apart)


@cython.final
@cython.auto_pickle(False)
cdef class Resampler:
    """Lanczos weights that bring one side of n samples to n_out, in the reference's fixed point."""

    cdef sh_resampler rs

    def __cinit__(self, Py_ssize_t n, int n_out):
        if not 1 <= n <= LONGEST_SIDE or not 1 <= n_out <= SH_MAX_SIDE:
            raise ValueError(f"no resampler from {n} to {n_out} samples")
        if not sh_fill_resampler(&self.rs, n, n_out):
            raise MemoryError("the resampling tables of one side")

    def __dealloc__(self):
        sh_free_resampler(&self.rs)


@lru_cache(maxsize=128)
def _kept_resampler(n, n_out):
    return Resampler(n, n_out)


cdef Resampler resampler_for(Py_ssize_t n, int n_out):
    return _kept_resampler(n, n_out) if n <= LONGEST_KEPT else Resampler(n, n_out)


def cosines():
    """Return the cosines that the transforms multiply by: of PDQ, of its reference, and of pHash's two lengths stage by stage."""
    return {
        "pdq": [sh_pdq_cosines[i] for i in range(65)],
        "reference": [sh_reference_cosines[i] for i in range(65)],
        "first 32": [sh_first_twiddles_32[i] for i in range(14)],
        "second 32": [sh_second_twiddles_32[i] for i in range(6)],
        "last 32": [sh_last_twiddles_32[i] for i in range(32)],
        "first 64": [sh_first_twiddles_64[i] for i in range(42)],
        "second 64": [sh_second_twiddles_64[i] for i in range(6)],
        "last 64": [sh_last_twiddles_64[i] for i in range(64)],
    }


def sines_and_cosines(const double[::1] radians not None):
    """Return the sine and the cosine of angles up to 16 radians either way, as the kernels compute them."""
    sines, cosines = np.empty(radians.shape[0]), np.empty(radians.shape[0])
    cdef double[::1] of_sine = sines, of_cosine = cosines
    cdef Py_ssize_t i
    for i in range(radians.shape[0]):
        if not -SH_MOST_RADIANS <= radians[i] <= SH_MOST_RADIANS:
            raise ValueError(f"angles are up to {SH_MOST_RADIANS} radians either way, not {radians[i]}")
        of_sine[i] = sh_sine(radians[i])
        of_cosine[i] = sh_cosine(radians[i])
    return sines, cosines
