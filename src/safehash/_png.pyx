"""Rows of a PNG picture as they were before their filters."""

cdef extern from "_png.h":
    ptrdiff_t sh_png_unfilter(
        unsigned char* data, ptrdiff_t rows, ptrdiff_t n_bytes, ptrdiff_t pixel, const unsigned char* above
    ) noexcept nogil
    enum:
        SH_PNG_ROOM

#: Bytes that must stand behind the last row, and behind the row before the first.
ROOM = SH_PNG_ROOM


def unfilter(
    bytearray data not None, *, Py_ssize_t rows, Py_ssize_t n_bytes, Py_ssize_t pixel, const unsigned char[::1] above not None
):
    """Undo the filters of unpacked rows, in place.

    Parameters
    ----------
    data : bytearray
        Rows of 1 + `n_bytes` bytes, the filter's number first, and `ROOM` bytes behind them.
    rows : int
    n_bytes : int
        Of a row's samples.
    pixel : int
        Bytes of one pixel: 1 to 4, of which `n_bytes` is a multiple.
    above : bytes
        The samples of the row before the first, zeros at the top, and `ROOM` bytes behind them.

    Returns
    -------
    int
        How many rows come before one whose filter is unknown: `rows` where all are known.

    Raises
    ------
    ValueError
        Sizes that contradict each other.
    """
    if not 1 <= pixel <= 4 or n_bytes < 1 or rows < 0 or n_bytes % pixel:
        raise ValueError(f"{rows} rows of {n_bytes} bytes, {pixel} a pixel: no such picture")
    if n_bytes > (1 << 40) or rows > (1 << 20) or len(data) != rows * (n_bytes + 1) + ROOM:
        raise ValueError(f"{rows} rows of {n_bytes} bytes and {ROOM} behind them are not {len(data)} bytes")
    if above.shape[0] != n_bytes + ROOM:
        raise ValueError(f"a row of {n_bytes} bytes and {ROOM} behind it is not {above.shape[0]} bytes")
    cdef unsigned char[::1] view = data
    cdef unsigned char* first = &view[0]
    cdef const unsigned char* before = &above[0]
    cdef ptrdiff_t known
    with nogil:
        known = sh_png_unfilter(first, rows, n_bytes, pixel, before)
    return known
