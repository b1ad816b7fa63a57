# The samples that a tool keeps of a picture that it shrinks without averaging. Included by _core.

cdef extern from "_kept.h" nogil:
    ctypedef struct sh_kept:
        pass

    ctypedef struct sh_keeping:
        void (*line)(uint8_t*, const uint8_t*, const sh_kept*, int, int) noexcept nogil

    const sh_keeping* sh_keeping_at(int level)
    void sh_fill_kept(sh_kept* kept, int n, Py_ssize_t n_line)
    int SH_KEPT_MOST


def kept(pixels, *, int side, int level=-1):
    """Return a square of a picture's own samples: that in row i and column j stands at i and j of `side`.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)
    side : int
        Of the square, in samples.
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same.

    Returns
    -------
    ndarray of uint8, shape (side, side) or (side, side, 3)
        Sample (i, j) is that of row ``i * rows // side`` and column ``j * cols // side``.

    Raises
    ------
    TypeError, ValueError
        Not uint8, or a shape or number out of range.
    """
    cdef const sh_keeping* keeping = sh_keeping_at(checked_level(level))
    cdef Pixels picture = Pixels(pixels)
    if not 1 <= side <= SH_KEPT_MOST:
        raise ValueError(f"1 to {SH_KEPT_MOST} samples a side are kept, not {side}")
    if max(picture.of.n_rows, picture.of.n_cols) > LONGEST_SIDE:
        raise ValueError(
            f"sides have at most {LONGEST_SIDE} pixels, not {picture.of.n_rows} x {picture.of.n_cols}"
        )
    cdef int channels = picture.of.channels, i
    shape = (side, side) + (() if channels == 1 else (3,))
    out = np.empty(shape, dtype=np.uint8)
    cdef uint8_t[::1] samples = out.reshape(-1)
    cdef sh_kept across
    with nogil:
        sh_fill_kept(&across, side, picture.of.n_cols)
        for i in range(side):
            keeping.line(
                &samples[<Py_ssize_t>i * side * channels],
                picture.of.data + i * picture.of.n_rows // side * picture.of.row_stride,
                &across,
                channels,
                picture.of.apart,
            )
    return out
