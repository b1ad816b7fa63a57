# What lies in four corners of a thumbnail, and moving them toward a digest: a part of _views.pyx.

cdef int check_quad(const double* quad) except -1:
    check_aligned(quad, sizeof(double), "corners")
    if not sv_is_quad(quad):
        told = ", ".join([f"({quad[2 * i]:.4g}, {quad[2 * i + 1]:.4g})" for i in range(4)])
        raise ValueError(f"no picture lies in the corners {told}: they are the upper left, upper right, lower left and "
                         "lower right one, within a side of the thumbnail, and none within the others")
    return 0


cdef sv_corners* new_corners(const float* thumb, int n, int level) except NULL:
    """Return the work space of pictures in four corners of a thumbnail; to be freed."""
    cdef sv_corners* work = <sv_corners*>malloc(sizeof(sv_corners))
    if work == NULL:
        raise MemoryError("one thumbnail and its corners")
    work.kernels, work.pixel_kernels = sv_kernels_at(level), sh_kernels_at(level)
    work.thumb, work.n = thumb, n
    work.kernels.fill_tents(&work.tents, n, 0.0, 1.0)
    return work


def is_quad(const double[::1] quad not None):
    """Tell whether a picture may lie in four corners, as `bent` takes them: near the thumbnail, none within the others."""
    if quad.shape[0] != 8:
        raise ValueError("four corners have eight numbers")
    check_aligned(&quad[0], sizeof(double), "corners")
    return sv_is_quad(&quad[0])


def bent(const float[:, ::1] thumb not None, const double[::1] quad not None, *, int level=-1):
    """Return the picture that lies in four corners of a thumbnail, brought to a square.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    quad : ndarray of float64, shape (8,)
        Row and column of the upper left, upper right, lower left and lower right corner, in fractions of the side;
        beyond the thumbnail its edge is repeated.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    ndarray of float32, shape (side, side)

    Raises
    ------
    ValueError
        No picture lies there.
    """
    cdef const sv_kernels* kernels = sv_kernels_at(checked_level(level))
    cdef int n = side_of(thumb, kernels)
    if quad.shape[0] != 8:
        raise ValueError("four corners have eight numbers")
    check_quad(&quad[0])
    out = np.empty((n, n), dtype=np.float32)
    cdef float[:, ::1] view = out
    cdef sv_projection projection
    with nogil:
        sv_project(&projection, &quad[0])
        kernels.bend(&view[0, 0], &thumb[0, 0], n, &projection)
    return out


def hash_bent(const float[:, ::1] thumb not None, const double[:, ::1] quads not None, *, uint8_t[:, ::1] doubts=None,
              int level=-1):
    """Return the digests of what lies in one quad or another.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    quads : ndarray of float64, shape (n_quads, 8)
        As `bent` takes them.
    doubts : ndarray of uint8, shape (n_quads, 32), optional
        Written: as `hash_windows` does.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    digests : ndarray of uint8, shape (n_quads, 32)
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level))
    cdef Py_ssize_t n_quads = quads.shape[0], i
    if quads.shape[1] != 8:
        raise ValueError("four corners have eight numbers")
    for i in range(n_quads):
        check_quad(&quads[i, 0])
    digests = np.empty((n_quads, 32), dtype=np.uint8)
    if n_quads == 0:
        return digests
    cdef uint8_t[:, ::1] out = digests
    cdef uint8_t* doubtful = doubts_of(doubts, n_quads)
    cdef float[256] coefficients
    cdef sv_corners* work = new_corners(&thumb[0, 0], n, at_level)
    with nogil:
        for i in range(n_quads):
            sv_bent_coefficients(work, coefficients, &quads[i, 0])
            work.pixel_kernels.bits(&out[i, 0], coefficients)
            if doubtful != NULL:
                work.kernels.doubts(&doubtful[32 * i], coefficients, &out[i, 0])
        free(work)
    return digests


def refine_corners(const float[:, ::1] thumb not None, const uint8_t[::1] digest not None,
                   const double[::1] quad not None, *, double step, double least, double room, int max_evaluations,
                   int level=-1):
    """Move four corners to where what lies in them agrees best with one digest.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    digest : ndarray of uint8, shape (32,)
    quad : ndarray of float64, shape (8,)
        Where to start, as `bent` takes it.
    step, least, room : float
        First and smallest move, and how far a corner may leave its start, in fractions of the side.
    max_evaluations : int
        Places looked at, at most.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    distance : int
        The smallest of any place looked at, in bits.
    quad : tuple of float
        That place.
    agreement : float
        Of the place that agrees best, -1 to 1.
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level)), i
    if digest.shape[0] != 32 or quad.shape[0] != 8:
        raise ValueError("a digest has 32 bytes, four corners have eight numbers")
    if not (1e-9 <= least <= step <= 1.0 and 0.0 <= room <= 9.0):
        raise ValueError(f"moves are from {1e-9} to 1 side, the smallest first, and room is 0 to 9 sides; "
                         f"not {least} to {step}, and {room}")
    if not 1 <= max_evaluations <= MOST_EVALUATIONS:
        raise ValueError(f"1 to {MOST_EVALUATIONS} places are looked at, not {max_evaluations}")
    check_quad(&quad[0])
    cdef float[256] wanted
    cdef uint8_t[32] own
    cdef double[8] at
    cdef double agreement
    for i in range(32):
        own[i] = digest[i]
    for i in range(256):
        wanted[i] = 1.0 if own[31 - i // 8] >> (i % 8) & 1 else -1.0
    for i in range(8):
        at[i] = quad[i]
    cdef sv_corners* work = new_corners(&thumb[0, 0], n, at_level)
    try:
        work.wanted, work.digest = wanted, own
        work.n_evaluations, work.best_distance = 0, 257
        with nogil:
            agreement = sv_refine_corners(work, at, step, least, room, max_evaluations)
        return work.best_distance, tuple([work.best_quad[i] for i in range(8)]), agreement
    finally:
        free(work)
