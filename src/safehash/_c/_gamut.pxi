# Whether luma is the luma of what a screen shows. Included by _core.

cdef extern from "_gamut.h" nogil:
    ctypedef struct sh_gamut:
        int64_t (*pixels)(const uint8_t*, uint8_t*, Py_ssize_t) noexcept nogil
        void (*sums)(const uint8_t*, Py_ssize_t, int64_t*, int64_t*) noexcept nogil

    ctypedef struct sh_gamut_means:
        const uint8_t* luma
        const uint8_t* blue
        const uint8_t* red
        const uint8_t* blue_spreads
        const uint8_t* red_spreads
        Py_ssize_t rows, cols, chroma_cols, across, down

    const sh_gamut* sh_gamut_at(int level)
    int64_t sh_gamut_of_means(const sh_gamut* kernels, const sh_gamut_means* of, int way, void* scratch,
                              int64_t* at_most)
    int SH_GAMUT_ROOM, SH_BY_MEANS, SH_BY_EXTREMES, SH_BY_SAMPLES


_WAYS = {"means": SH_BY_MEANS, "extremes": SH_BY_EXTREMES, "samples": SH_BY_SAMPLES}


def luma_and_apart(const uint8_t[::1] pixels not None, uint8_t[::1] luma not None, *, int level=-1):
    """Take the luma out of pixels of luma and chroma, and say how far it is from the luma of what a screen shows.

    Parameters
    ----------
    pixels : buffer of uint8, length 4 n
        Luma, blue chroma, red chroma and a byte without meaning, of each pixel.
    luma : ndarray of uint8, shape (n,)
        Filled.
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same.

    Returns
    -------
    float
        Grey levels, the mean of all pixels; what rounding may make is not counted.

    Raises
    ------
    ValueError
        Not four bytes for each sample of luma, or memory that is both.
    """
    cdef Py_ssize_t n = luma.shape[0]
    if n < 1 or pixels.shape[0] // 4 != n or pixels.shape[0] % 4:
        raise ValueError(f"{pixels.shape[0]} bytes are not {n} pixels of four")
    check_apart(&luma[0], n, &pixels[0], 4 * n, "the pixels")
    cdef const sh_gamut* kernels = sh_gamut_at(checked_level(level))
    cdef int64_t apart
    with nogil:
        apart = kernels.pixels(&pixels[0], &luma[0], n)
    return apart / <double>n


def apart_by_means(
    const uint8_t[:, ::1] luma not None,
    const uint8_t[:, ::1] blue not None,
    const uint8_t[:, ::1] red not None,
    *,
    const uint8_t[:, ::1] blue_spreads=None,
    const uint8_t[:, ::1] red_spreads=None,
    Py_ssize_t across,
    Py_ssize_t down,
    str by="means",
    int level=-1,
):
    """Say how far luma is from the luma of what a screen shows, by the means of the chroma.

    Parameters
    ----------
    luma : ndarray of uint8, shape (rows, cols)
    blue, red : ndarray of uint8, shape (rows / down, cols / across), rounded up, or more
        Chroma; 128 is none.
    blue_spreads, red_spreads : ndarray of uint8, of the same shape, both or neither
        The roots of chroma's mean squares about these means.
    across, down : int
        Samples of luma that share a sample of chroma.
    by : "means", "extremes" or "samples"
        Exactly by the means, the spreads left aside; or no less than by chroma that spreads: by the worst of the samples
        that stand above each other and share their chroma, for least, or by each sample.
    level : int
        As of `luma_and_apart`.

    Returns
    -------
    float
        Grey levels, the mean of all samples; what rounding may make is not counted.

    Raises
    ------
    ValueError
        Shapes that contradict each other.
    MemoryError
    """
    if by not in _WAYS:
        raise ValueError(f"by one of {', '.join(_WAYS)}, not {by!r}")
    return of_means(luma, blue, red, blue_spreads, red_spreads, across, down, _WAYS[by], level)[0]


def apart_at_most(
    const uint8_t[:, ::1] luma not None,
    const uint8_t[:, ::1] blue not None,
    const uint8_t[:, ::1] red not None,
    *,
    const uint8_t[:, ::1] blue_spreads=None,
    const uint8_t[:, ::1] red_spreads=None,
    Py_ssize_t across,
    Py_ssize_t down,
    int level=-1,
):
    """Say what `apart_by_means` says by "extremes", in one go without the spreads and with them.

    Parameters
    ----------
    luma, blue, red, blue_spreads, red_spreads, across, down, level
        As of `apart_by_means`.

    Returns
    -------
    of_means, of_spreads : float
        No less than by the means alone, and no less than by chroma that spreads.
    """
    cdef tuple found = of_means(luma, blue, red, blue_spreads, red_spreads, across, down, SH_BY_EXTREMES, level)
    return found[1], found[0]


cdef tuple of_means(
    const uint8_t[:, ::1] luma,
    const uint8_t[:, ::1] blue,
    const uint8_t[:, ::1] red,
    const uint8_t[:, ::1] blue_spreads,
    const uint8_t[:, ::1] red_spreads,
    Py_ssize_t across,
    Py_ssize_t down,
    int way,
    int level,
):
    """Return how far all samples are apart, in the mean, and the most that they may be with the spreads left aside."""
    cdef Py_ssize_t rows = luma.shape[0], cols = luma.shape[1]
    if not (rows and cols) or across < 1 or down < 1:
        raise ValueError(f"{rows} x {cols} samples, {down} x {across} to each of chroma")
    if blue.shape[0] != red.shape[0] or blue.shape[1] != red.shape[1]:
        raise ValueError("the two planes of chroma differ in shape")
    if blue.shape[0] < (rows - 1) // down + 1 or blue.shape[1] < (cols - 1) // across + 1:
        raise ValueError(
            f"{blue.shape[0]} x {blue.shape[1]} samples of chroma, {down} x {across} of luma to each, "
            f"are not those of {rows} x {cols}"
        )
    if (blue_spreads is None) != (red_spreads is None):
        raise ValueError("spreads are of both planes of chroma, or of neither")
    if blue_spreads is not None:
        if not (
            blue_spreads.shape[0] == red_spreads.shape[0] == blue.shape[0]
            and blue_spreads.shape[1] == red_spreads.shape[1] == blue.shape[1]
        ):
            raise ValueError("spreads are as many as samples of chroma")
    cdef sh_gamut_means of
    of.luma, of.blue, of.red = &luma[0, 0], &blue[0, 0], &red[0, 0]
    of.blue_spreads = of.red_spreads = NULL
    if blue_spreads is not None:
        of.blue_spreads, of.red_spreads = &blue_spreads[0, 0], &red_spreads[0, 0]
    across = min(across, cols)
    of.rows, of.cols, of.chroma_cols, of.across, of.down = rows, cols, blue.shape[1], across, down
    cdef const sh_gamut* kernels = sh_gamut_at(checked_level(level))
    cdef void* scratch = malloc(SH_GAMUT_ROOM * (cols + across))
    if scratch == NULL:
        raise MemoryError
    cdef int64_t apart, at_most
    with nogil:
        apart = sh_gamut_of_means(kernels, &of, way, scratch, &at_most)
        free(scratch)
    cdef double n = <double>rows * <double>cols
    return apart / n, at_most / n


def spread(const uint8_t[:, ::1] luma not None, *, Py_ssize_t every=1, int level=-1):
    """Return the standard deviation of samples, or no more than that.

    Parameters
    ----------
    luma : ndarray of uint8, shape (rows, cols)
        Not empty.
    every : int
        With 1, exactly; otherwise the least that it can be by one of so many rows.
    level : int
        As of `luma_and_apart`.
    """
    cdef Py_ssize_t rows = luma.shape[0], cols = luma.shape[1], row
    if not (rows and cols) or every < 1:
        raise ValueError(f"no samples: {rows} x {cols}, one of {every} rows")
    cdef const sh_gamut* kernels = sh_gamut_at(checked_level(level))
    cdef int64_t total = 0, squares = 0, of_row, squares_of_row
    cdef Py_ssize_t n = ((rows - 1) // every + 1) * cols
    with nogil:
        if every == 1:
            kernels.sums(&luma[0, 0], n, &total, &squares)
        else:
            row = 0
            while row < rows:
                kernels.sums(&luma[row, 0], cols, &of_row, &squares_of_row)
                total += of_row
                squares += squares_of_row
                row += min(every, rows)
    cdef double mean = total / <double>n
    # Their own mean is nearer to them than that of all, and the others lie at a mean at best.
    cdef double square = (squares / <double>n - mean * mean) * (n / (<double>rows * <double>cols))
    return square**0.5 if square > 0 else 0.0
