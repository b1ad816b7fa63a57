# The luma of red, green and blue, and its means over squares. Included by _core.

cdef extern from "_grey.h" nogil:
    ctypedef struct sh_grey:
        void (*means)(const uint8_t*, Py_ssize_t, int, int, uint16_t*, uint8_t*) noexcept nogil

    const sh_grey* sh_grey_at(int level)
    int SH_GREY_MOST


def grey_means(const uint8_t[::1] pixels not None, uint8_t[:, ::1] means not None, *, Py_ssize_t rows, Py_ssize_t cols,
               int side, int level=-1):
    """Write the luma of pixels, averaged over squares, as the imaging library converts and reduces.

    Parameters
    ----------
    pixels : buffer of uint8, length 4 rows cols
        Red, green, blue and a byte without meaning, of each pixel.
    means : ndarray of uint8, shape (rows / side, cols / side), rounded up
        Filled. At the last row and column squares may be cut.
    rows, cols : int
    side : int
        Of the squares, 1 to 8 pixels.
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same.

    Raises
    ------
    ValueError
        Shapes that contradict each other, or memory that is read and written.
    """
    if not 1 <= side <= SH_GREY_MOST or not 1 <= rows <= LONGEST_SIDE or not 1 <= cols <= LONGEST_SIDE:
        raise ValueError(f"squares of 1 to {SH_GREY_MOST} pixels, sides of 1 to {LONGEST_SIDE}: not {side} of {rows} x {cols}")
    if pixels.shape[0] != 4 * rows * cols:
        raise ValueError(f"{pixels.shape[0]} bytes are not {rows} x {cols} pixels of four")
    if means.shape[0] != (rows + side - 1) // side or means.shape[1] != (cols + side - 1) // side:
        raise ValueError(f"{rows} x {cols} pixels have not {means.shape[0]} x {means.shape[1]} means of {side} a side")
    check_apart(&means[0, 0], means.shape[0] * means.shape[1], &pixels[0], 4 * rows * cols, "the pixels")
    cdef const sh_grey* kernels = sh_grey_at(checked_level(level))
    cdef uint16_t* sums = <uint16_t*>malloc(cols * sizeof(uint16_t))
    cdef Py_ssize_t row = 0
    if sums == NULL:
        raise MemoryError("the sums of one row")
    with nogil:
        while row < rows:
            kernels.means(&pixels[4 * row * cols], cols, <int>min(<Py_ssize_t>side, rows - row), side, sums,
                          &means[row // side, 0])
            row += side
        free(sums)
