# Parts of a thumbnail, and what it would be without what hides some of it: a part of _views.pyx.

def part(const float[:, ::1] thumb not None, const double[:] window not None, *, int side):
    """Return one window of a thumbnail as a thumbnail of its own, area-averaged.

    Parameters
    ----------
    thumb : ndarray of float32, shape (n, n)
    window : ndarray of float64, shape (4,)
        First and last row edge, first and last column edge, in fractions of the side; within 0 to 1.
    side : int
        Samples a side of the result.
    """
    cdef int n = side_of(thumb, sv_kernels_at(widest_level))
    if side not in (64, 128, 256):
        raise ValueError(f"side is 64, 128 or 256, not {side}")
    if window.shape[0] != 4:
        raise ValueError("a window has four edges")
    check_span(window[0], window[1])
    check_span(window[2], window[3])
    cdef double[4] edges
    cdef int i
    for i in range(4):
        edges[i] = window[i]
        if not 0.0 <= edges[i] <= 1.0:
            raise ValueError(f"no part of a thumbnail beyond it: {edges[i]}")
    out = np.empty((side, side), dtype=np.float32)
    cdef float[:, ::1] view = out
    cdef float* lines = <float*>malloc(n * side * sizeof(float))
    if lines == NULL:
        raise MemoryError("the lines of one part")
    with nogil:
        sv_part(&view[0, 0], side, &thumb[0, 0], n, edges, lines)
        free(lines)
    return out


cdef int check_hole(const int* hole, int n) except -1:
    check_aligned(hole, sizeof(int), "holes")
    if not (0 <= hole[0] < hole[1] <= n and 0 <= hole[2] < hole[3] <= n) or (
            hole[1] - hole[0] == n and hole[3] - hole[2] == n):
        raise ValueError(f"no hole from {hole[0]} to {hole[1]} and {hole[2]} to {hole[3]} in {n} samples a side")
    return 0


def filled(const float[:, ::1] thumb not None, const int[::1] hole not None):
    """Return the thumbnail with one rectangle filled from the samples around it.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    hole : ndarray of int32, shape (4,)
        First and last row, first and last column in samples; the last ones are not part of it.
    """
    cdef int n = side_of(thumb, sv_kernels_at(widest_level))
    if hole.shape[0] != 4:
        raise ValueError("a hole has four edges")
    check_hole(&hole[0], n)
    out = np.array(thumb, dtype=np.float32)
    cdef float[:, ::1] view = out
    with nogil:
        sv_fill_hole(&view[0, 0], n, &hole[0])
    return out


def hash_filled(const float[:, ::1] thumb not None, const int[:, ::1] holes not None, *, uint8_t[:, ::1] doubts=None,
                int level=-1):
    """Return the digests of the thumbnail with one rectangle or another filled from the samples around it.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    holes : ndarray of int32, shape (n_holes, 4)
        As `filled` takes them.
    doubts : ndarray of uint8, shape (n_holes, 32), optional
        Written: as `hash_windows` does.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    digests : ndarray of uint8, shape (n_holes, 32)
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level))
    cdef Py_ssize_t n_holes = holes.shape[0], i
    if holes.shape[1] != 4:
        raise ValueError("a hole has four edges")
    for i in range(n_holes):
        check_hole(&holes[i, 0], n)
    digests = np.empty((n_holes, 32), dtype=np.uint8)
    if n_holes == 0:
        return digests
    cdef uint8_t[:, ::1] out = digests
    cdef uint8_t* doubtful = doubts_of(doubts, n_holes)
    cdef float[256] coefficients
    cdef sv_holes* work = <sv_holes*>malloc(sizeof(sv_holes))
    if work == NULL:
        raise MemoryError("one thumbnail with holes")
    with nogil:
        work.kernels = sv_kernels_at(at_level)
        work.pixel_kernels = sh_kernels_at(at_level)
        sv_begin_holes(work, &thumb[0, 0], n)
        for i in range(n_holes):
            sv_without(work, coefficients, &holes[i, 0])
            work.pixel_kernels.bits(&out[i, 0], coefficients)
            if doubtful != NULL:
                work.kernels.doubts(&doubtful[32 * i], coefficients, &out[i, 0])
        free(work)
    return digests


def find_holes(const float[:, ::1] thumb not None, const uint8_t[::1] digest not None,
               const int[:, ::1] starts not None, *, int most, int step, int max_evaluations, int level=-1):
    """Find the rectangles without which the picture agrees best with one digest, one after another.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    digest : ndarray of uint8, shape (32,)
    starts : ndarray of int32, shape (n_holes, 4)
        Where to start, as `filled` takes them: the best of them is moved.
    most : int
        Holes, 1 to 3. Each must bring agreement.
    step : int
        First move of an edge, in samples; halved down to one.
    max_evaluations : int
        Moves of each hole, at most.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    distance : int
        Of the picture without these holes, in bits.
    holes : tuple of tuple of int
        To be filled in this order.
    agreement : float
        -1 to 1.
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level))
    cdef Py_ssize_t n_starts = starts.shape[0], i
    if digest.shape[0] != 32 or starts.shape[1] != 4 or n_starts < 1:
        raise ValueError("a digest has 32 bytes, a hole four edges")
    if not (1 <= step <= n and 0 <= max_evaluations <= MOST_EVALUATIONS and 1 <= most <= SV_MOST_HOLES):
        raise ValueError(f"a step of {step}, {max_evaluations} moves, {most} holes: out of range")
    for i in range(n_starts):
        check_hole(&starts[i, 0], n)
    cdef int[3][4] holes
    cdef int distance = 256, count
    cdef double agreement = -1.0
    cdef float[256] wanted
    cdef uint8_t[32] own
    for i in range(32):
        own[i] = digest[i]
    for i in range(256):
        wanted[i] = 1.0 if own[31 - i // 8] >> (i % 8) & 1 else -1.0
    cdef sv_holes* work = <sv_holes*>malloc(sizeof(sv_holes))
    if work == NULL:
        raise MemoryError("one thumbnail with holes")
    with nogil:
        work.kernels = sv_kernels_at(at_level)
        work.pixel_kernels = sh_kernels_at(at_level)
        sv_begin_holes(work, &thumb[0, 0], n)
        count = sv_find_holes(work, holes, most, &starts[0, 0], n_starts, &agreement, &distance, wanted, own, step,
                              max_evaluations)
        free(work)
    return distance, tuple([(holes[i][0], holes[i][1], holes[i][2], holes[i][3]) for i in range(count)]), agreement


def measure_lit(const float[:, ::1] thumb not None, const double[:] window not None):
    """Return what `measure_window` says of greys, of that part of a window alone that is not blown out.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    window : ndarray of float64, shape (4,)
        First and last row edge, first and last column edge, in fractions of the side.

    Returns
    -------
    share : float
        Of the 64 x 64 nearest samples, what is more than 6 grey levels under the brightest.
    greys : float
        The entropy of these in bits, in steps of a sixteenth of their deviation.
    common : float
        Share of them that has one of the four commonest of these greys.
    flat : float
        Share of them whose right and lower neighbours are among them and differ by less than 1.5 grey levels.
    """
    cdef int n = side_of(thumb, sv_kernels_at(widest_level))
    if window.shape[0] != 4:
        raise ValueError("a window has four edges")
    check_span(window[0], window[1])
    check_span(window[2], window[3])
    cdef double[4] edges
    cdef int i
    for i in range(4):
        edges[i] = window[i]
    cdef float[4096] samples
    cdef sv_lit lit
    with nogil:
        sv_nearest_samples(samples, &thumb[0, 0], n, edges)
        lit = sv_measure_lit(samples)
    return lit.share, lit.greys, lit.common, lit.flat
