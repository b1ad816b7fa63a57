# A thumbnail turned by some degrees, and the digests of windows of it: a part of _views.pyx.


def rotated(const float[:, ::1] thumb not None, double degrees, double aspect, *, int level=-1):
    """Return the thumbnail turned about its centre, edges repeated.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    degrees : float
        Counter-clockwise.
    aspect : float
        Columns over rows of the upload: angles are the upload's, not the square's.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.
    """
    cdef const sv_kernels* kernels = sv_kernels_at(checked_level(level))
    cdef int n = side_of(thumb, kernels)
    check_turn(degrees, aspect)
    out = np.empty((n, n), dtype=np.float32)
    cdef float[:, ::1] view = out
    cdef double cosine = sh_cosine(degrees * SH_PI / 180.0), sine = sh_sine(degrees * SH_PI / 180.0)
    with nogil:
        kernels.rotate(&view[0, 0], &thumb[0, 0], n, cosine, sine, aspect)
    return out


def hash_levelled(const float[:, ::1] thumb not None, const double[:, ::1] windows not None,
                  const double[::1] degrees not None, *, double aspect, uint8_t[:, ::1] doubts=None, int level=-1):
    """Return the digests of windows, each over the thumbnail turned about its centre by its own degrees.

    As `rotated` and `hash_windows` do one after the other; it is turned once for all windows of the same degrees.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    windows : ndarray of float64, shape (n_windows, 4)
        First and last row edge, first and last column edge, in fractions of the side. Those of one turn that follow one
        another and have the same rows share most of their work.
    degrees : ndarray of float64, shape (n_windows,)
        Counter-clockwise.
    aspect : float
        Columns over rows of the upload.
    doubts : ndarray of uint8, shape (n_windows, 32), optional
        Written: as `hash_windows` does.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    digests : ndarray of uint8, shape (n_windows, 32)
    """
    cdef int at_level = checked_level(level)
    cdef const sv_kernels* kernels = sv_kernels_at(at_level)
    cdef const sh_kernels* pixel_kernels = sh_kernels_at(at_level)
    cdef int n = side_of(thumb, kernels)
    cdef Py_ssize_t n_windows = windows.shape[0], i, first, of_rows
    cdef double cosine, sine
    cdef int place, is_new, now = 0
    if windows.shape[1] != 4 or degrees.shape[0] != n_windows or n_windows > MOST_WINDOWS:
        raise ValueError(f"windows have shape (n, 4), and degrees (n,), n at most {MOST_WINDOWS}")
    for i in range(n_windows):
        check_span(windows[i, 0], windows[i, 1])
        check_span(windows[i, 2], windows[i, 3])
        check_turn(degrees[i], aspect)
    digests = np.empty((n_windows, 32), dtype=np.uint8)
    if n_windows == 0:
        return digests
    cdef uint8_t[:, ::1] out = digests
    cdef uint8_t* doubtful = doubts_of(doubts, n_windows)
    cdef float[256] coefficients
    # Turned by any angle, an upload has the same few windows.
    cdef sv_kept_spans kept
    cdef sv_tents* tents = <sv_tents*>malloc(SV_KEPT * sizeof(sv_tents))
    cdef float* turned = <float*>malloc((n * n + 16 * n) * sizeof(float))
    cdef float* rows = turned + n * n
    cdef char* is_done = <char*>calloc(n_windows, 1)
    memset(&kept, 0, sizeof(kept))
    try:
        if tents == NULL or turned == NULL or is_done == NULL:
            raise MemoryError("one thumbnail turned")
        with nogil:
            for first in range(n_windows):
                if is_done[first]:
                    continue
                cosine, sine = sh_cosine(degrees[first] * SH_PI / 180.0), sh_sine(degrees[first] * SH_PI / 180.0)
                kernels.rotate(turned, &thumb[0, 0], n, cosine, sine, aspect)
                of_rows = -1
                for i in range(first, n_windows):
                    if degrees[i] != degrees[first]:
                        continue
                    is_done[i] = 1
                    now += 1
                    if of_rows < 0 or windows[i, 0] != windows[of_rows, 0] or windows[i, 1] != windows[of_rows, 1]:
                        of_rows = i
                        place = sv_place_of(&kept, windows[i, 0], windows[i, 1], now, &is_new)
                        if is_new:
                            kernels.fill_tents(&tents[place], n, windows[i, 0], windows[i, 1])
                        kernels.rows_pass(rows, turned, n, &tents[place], 0, n)
                    place = sv_place_of(&kept, windows[i, 2], windows[i, 3], now, &is_new)
                    if is_new:
                        kernels.fill_tents(&tents[place], n, windows[i, 2], windows[i, 3])
                    kernels.cols_pass(coefficients, rows, &tents[place])
                    pixel_kernels.bits(&out[i, 0], coefficients)
                    if doubtful != NULL:
                        kernels.doubts(&doubtful[32 * i], coefficients, &out[i, 0])
    finally:
        free(tents)
        free(turned)
        free(is_done)
    return digests


cdef int check_turn(double degrees, double aspect) except -1:
    if not (-360.0 <= degrees <= 360.0 and 1e-6 <= aspect <= 1e6):
        raise ValueError(f"no turn by {degrees} degrees of a picture {aspect} times as wide as high")
    return 0
