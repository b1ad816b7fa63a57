"""Rows of pictures as their files pack them: PNG before its filters, BMP run lengths, JPEG blocks."""

from libc.stdlib cimport calloc, free

include "_c/_levels.pxi"
include "_c/_jpeg.pxi"

cdef extern from "_png.h":
    ptrdiff_t sh_png_unfilter(
        unsigned char* data, ptrdiff_t rows, ptrdiff_t n_bytes, ptrdiff_t pixel, const unsigned char* above
    ) noexcept nogil
    enum:
        SH_PNG_ROOM

cdef extern from "_bmp_runs.h":
    ctypedef struct sh_bmp_runs:
        const unsigned char* data
        ptrdiff_t n_data
        ptrdiff_t at
        int bits
        unsigned char* pixels
        unsigned char* there
        ptrdiff_t rows
        ptrdiff_t cols
        ptrdiff_t row
        ptrdiff_t col
    int sh_bmp_unpack(sh_bmp_runs* runs, ptrdiff_t n_codes) noexcept nogil

cdef extern from "_webp_codes.h":
    enum:
        SW_NEAR
        SW_NO_MEMORY
    ctypedef struct sw_bits:
        const unsigned char* data
        ptrdiff_t n_data
    ctypedef struct sw_reader:
        sw_bits bits
        long long n_pixels
    signed char sw_near[SW_NEAR][2]
    long long sw_groups(sw_reader* reader, long long width, long long height, long long most_pixels) noexcept nogil

#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_AVX2, SH_AVX512))

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
        Bytes of one pixel: 1 to 4, 6 or 8, of which `n_bytes` is a multiple.
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
    if not (1 <= pixel <= 4 or pixel == 6 or pixel == 8) or n_bytes < 1 or rows < 0 or n_bytes % pixel:
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


def unpack_runs(
    const unsigned char[::1] data not None,
    Py_ssize_t at,
    unsigned char[:, :, ::1] pixels not None,
    unsigned char[:, ::1] there not None,
    *,
    int bits,
    Py_ssize_t row,
    Py_ssize_t col,
    Py_ssize_t n_codes,
):
    """Unpack at most `n_codes` codes of a run-length coded BMP picture.

    Parameters
    ----------
    data : bytes
        The whole file.
    at : int
        Where the next code stands.
    pixels : ndarray of uint8, shape (rows, cols, 3 where a pixel has 24 bits, otherwise 1)
    there : ndarray of uint8, shape (rows, cols)
        Made 1 where the file has the pixel.
    bits : 4, 8 or 24
    row, col : int
        Of the next pixel.
    n_codes : int

    Returns
    -------
    more : bool
        Neither the picture nor the file has ended.
    at, row, col : int
        As given, for the next call.

    Raises
    ------
    ValueError
        Sizes or places that contradict each other.
    """
    cdef Py_ssize_t rows = there.shape[0], cols = there.shape[1]
    if bits not in (4, 8, 24) or pixels.shape[2] != (3 if bits == 24 else 1):
        raise ValueError(f"{bits} bits a pixel in {pixels.shape[2]} bytes")
    if pixels.shape[0] != rows or pixels.shape[1] != cols or rows < 1 or cols < 1:
        raise ValueError(f"{pixels.shape[0]} x {pixels.shape[1]} pixels, {rows} x {cols} marks")
    if not (0 <= at <= data.shape[0] and row >= 0 and col >= 0 and n_codes >= 0):
        raise ValueError(f"no place: {at} of {data.shape[0]} bytes, row {row}, column {col}, {n_codes} codes")
    if not data.shape[0]:
        return False, at, row, col
    cdef sh_bmp_runs runs
    runs.data, runs.n_data, runs.at, runs.bits = &data[0], data.shape[0], at, bits
    runs.pixels, runs.there = &pixels[0, 0, 0], &there[0, 0]
    runs.rows, runs.cols, runs.row, runs.col = rows, cols, row, col
    cdef int more
    with nogil:
        more = sh_bmp_unpack(&runs, n_codes)
    return bool(more), runs.at, runs.row, runs.col


def _nearest_first(place):
    """Order pixels by how far they are; of equally far ones, the upper first, and the right one before the left."""
    across, up = place
    return across * across + up * up, abs(across), across < 0


for _number, (_across, _up) in enumerate(
    sorted([(x, y) for y in range(8) for x in range(-7, 9) if y or x > 0], key=_nearest_first)
):
    sw_near[_number][0], sw_near[_number][1] = _across, _up


def prefix_groups(
    const unsigned char[::1] data not None, *, long long width, long long height, long long most_pixels
):
    """Count the groups of prefix codes that a lossless WebP picture announces, without decoding it.

    Parameters
    ----------
    data : bytes
        From the transforms on: behind the sides, or behind the first byte of packed alpha.
    width, height : int
        In pixels.
    most_pixels : int
        Of each of the small pictures that stand before the codes: larger ones are not read.

    Returns
    -------
    n_groups : int
        0 where the picture has one group; as many as it may have where it is damaged before that is known.
    n_pixels : int
        Of the small pictures, all together.

    Raises
    ------
    ValueError
        Sides that no picture has.
    MemoryError
    """
    if not (1 <= width <= 1 << 24 and 1 <= height <= 1 << 24 and 0 <= most_pixels <= 1 << 24):
        raise ValueError(f"{width} x {height} pixels, small ones up to {most_pixels}: no such picture")
    if not data.shape[0]:
        return 0, 0
    cdef sw_reader* reader = <sw_reader*>calloc(1, sizeof(sw_reader))
    if reader == NULL:
        raise MemoryError
    reader.bits.data, reader.bits.n_data = &data[0], data.shape[0]
    cdef long long n_groups, n_pixels
    with nogil:
        n_groups = sw_groups(reader, width, height, most_pixels)
    n_pixels = reader.n_pixels
    free(reader)
    if n_groups == SW_NO_MEMORY:
        raise MemoryError
    return n_groups, n_pixels
