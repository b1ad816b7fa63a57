# What the rest of a picture says for a digest, where a part of it is hidden: a part of _views.pyx.

def hidden_bits(const float[:, ::1] frame not None, const double[:, ::1] rectangles not None,
                const int[:, ::1] is_free not None, const uint8_t[::1] digest not None, *, double enough):
    """Return how much a picture of which a part is hidden says for a digest, in bits.

    Parameters
    ----------
    frame : ndarray of float32, shape (64, 64)
        The whole picture; what is hidden in it is not looked at.
    rectangles : ndarray of float64, shape (n, 4)
        What is hidden: first and last row edge, first and last column edge, in fractions of the side, within 0 to 1; at
        most four. They do not lie over one another.
    is_free : ndarray of int32, shape (n, 4)
        Which of these edges border on nothing that is seen, 1 or 0: the picture's own, and those of another rectangle.
    digest : ndarray of uint8, shape (32,)
    enough : float
        The least that is asked for: what cannot come to it is not found exactly.

    Returns
    -------
    float
        The binary logarithm of how many times as probable the digest's bits are, given what is seen, as 256 throws of a
        coin. Up to 256; less than 0 speaks against the digest.

    References
    ----------
    docs/matching.md, "What the rest says".
    """
    cdef Py_ssize_t n = rectangles.shape[0], i, k
    if frame.shape[0] != SV_FRAME or frame.shape[1] != SV_FRAME or digest.shape[0] != 32:
        raise ValueError("a frame has 64 samples a side, a digest 32 bytes")
    side_of(frame, sv_kernels_at(widest_level))  # its samples are measured
    if n > SV_MOST_RECTANGLES or rectangles.shape[1] != 4 or is_free.shape[0] != n or is_free.shape[1] != 4:
        raise ValueError("up to four rectangles have four edges, and four that are free or not")
    cdef double[4][4] edges
    cdef int[4][4] unheld
    for i in range(n):
        for k in range(4):
            edges[i][k], unheld[i][k] = rectangles[i, k], is_free[i, k] != 0
        if not (0.0 <= edges[i][0] < edges[i][1] <= 1.0 and 0.0 <= edges[i][2] < edges[i][3] <= 1.0):
            raise ValueError(f"no rectangle of a picture: {[edges[i][k] for k in range(4)]}")
        if edges[i][1] - edges[i][0] < LEAST_HIDDEN or edges[i][3] - edges[i][2] < LEAST_HIDDEN:
            raise ValueError(f"what is hidden is a sample of 64 at least: {[edges[i][k] for k in range(4)]}")
        if unheld[i][0] and unheld[i][1] and unheld[i][2] and unheld[i][3]:
            raise ValueError("nothing is known of what borders on nothing that is seen")
    cdef float[256] wanted
    for i in range(256):
        wanted[i] = 1.0 if digest[31 - i // 8] >> (i % 8) & 1 else -1.0
    cdef double bits
    cdef sv_hidden* work = <sv_hidden*>malloc(sizeof(sv_hidden))
    if work == NULL:
        raise MemoryError("one picture of which a part is hidden")
    with nogil:
        bits = sv_hidden_bits(work, &frame[0, 0], edges, unheld, n, wanted, enough)
        free(work)
    return bits
