"""Windows over one upload's thumbnail: their digests and qualities, and refining one toward a digest.

Wrappers validate, allocate, run without the GIL and wrap, in that order; the arithmetic stands in
``_views_body.h``. docs/matching.md says what windows are for.
"""

from libc.stdint cimport int32_t, uint8_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

cimport cython

import numpy as np

include "_c/_arrays.pxi"
include "_c/_levels.pxi"
include "_c/_pixels.pxi"


cdef extern from "_views.h" nogil:
    int SV_MAX_SIDE
    int SV_SUMS(int n)
    int SV_GREYS
    float SV_LARGEST
    enum:
        SV_KEPT

    ctypedef struct sv_tents:
        int lo
        int hi

    ctypedef struct sv_box:
        Py_ssize_t first
        Py_ssize_t last
        float first_weight
        float inner_weight
        float last_weight

    ctypedef struct sv_kernels:
        void (*thumbnail)(float*, int, const sh_picture*, const sv_box*, const sv_box*, float*) noexcept nogil
        int (*is_picture)(const float*, int) noexcept nogil
        void (*fill_tents)(sv_tents*, int, double, double) noexcept nogil
        void (*rows_pass)(float*, const float*, int, const sv_tents*, int, int) noexcept nogil
        void (*cols_pass)(float*, const float*, const sv_tents*) noexcept nogil
        void (*transpose)(float*, const float*, int) noexcept nogil
        void (*evidence)(float*, const float*, int, int) noexcept nogil
        void (*rotate)(float*, const float*, int, double, double, double) noexcept nogil
        void (*bend)(float*, const float*, int, const sv_projection*) noexcept nogil
        void (*doubts)(uint8_t*, const float*, const uint8_t*) noexcept nogil

    ctypedef struct sv_projection:
        double[2] beyond

    ctypedef struct sv_spans:
        int n
        double[2]* edges

    ctypedef struct sv_boxes:
        sv_spans row_spans
        sv_spans col_spans

    ctypedef struct sh_kernels:
        void (*dct)(float*, const float*) noexcept nogil
        void (*bits)(uint8_t*, const float*) noexcept nogil
        int (*quality)(const float*) noexcept nogil

    ctypedef struct sv_kept_spans:
        pass

    ctypedef struct sv_known:
        pass

    ctypedef struct sv_search:
        const sv_kernels* kernels
        const sh_kernels* pixel_kernels
        const float* thumb
        int n
        const float* wanted
        const uint8_t* digest
        double[4] window
        sv_known known
        sv_kept_spans rows_of
        sv_kept_spans cols_of
        float* rows
        int n_evaluations
        int best_distance
        double[4] best_window

    void sh_fill_dct()
    void sv_fill_dct()
    void sv_fill_logarithms()
    void sv_fill_mosts()
    const int32_t* sv_logarithms
    double sv_entropy(const int* counts, int n)
    const sh_kernels* sh_kernels_at(int level)
    const sv_kernels* sv_kernels_at(int level)
    void sv_fill_boxes(sv_box* boxes, int n, Py_ssize_t length, Py_ssize_t step)
    void sv_window_picture(float* small, const float* thumb, int n, const double* window)
    bint sv_is_span(double a, double b)
    int sv_place_of(sv_kept_spans* kept, double a, double b, int now, int* is_new)
    float sv_flat_share(const float* small)
    float sv_lined(const float* small)
    void sv_nearest_samples(float* samples, const float* thumb, int n, const double* window)
    double sv_count_greys(int* counts, const float* samples)
    int sv_four_largest(const int* counts)
    float sv_faint_share(const float* coefficients)
    int sv_plain_ground(const float* small)
    bint sv_is_quad(const double* quad)
    void sv_project(sv_projection* projection, const double* quad)
    double SH_PI
    double sh_cosine(double)
    double sh_sine(double)
    int sv_best_boxes(sv_boxes* boxes, int* best, float* best_scores, int wanted, float least,
                      const sv_kernels* kernels, const float* row_sums, const float* col_sums, int n, int n_lines)
    double sv_refine(sv_search* search, double step, double least, double room, int max_evaluations)

cdef extern from "_views_holes.h" nogil:
    int SV_MOST_HOLES

    ctypedef struct sv_holes:
        const sv_kernels* kernels
        const sh_kernels* pixel_kernels

    ctypedef struct sv_lit:
        double share
        double greys
        double common
        double flat

    sv_lit sv_measure_lit(const float* samples)
    void sv_part(float* out, int side, const float* thumb, int n, const double* window, float* lines)
    void sv_fill_hole(float* thumb, int n, const int* hole)
    void sv_begin_holes(sv_holes* h, const float* thumb, int n)
    void sv_without(sv_holes* h, float* coefficients, const int* hole)
    int sv_find_holes(sv_holes* h, int[4]* holes, int most, const int* starts, Py_ssize_t n_starts, double* agreement,
                      int* distance, const float* wanted, const uint8_t* digest, int step, int max_evaluations)

cdef extern from "_hidden.h" nogil:
    int SV_FRAME
    int SV_MOST_RECTANGLES

    ctypedef struct sv_hidden:
        pass

    double sv_hidden_bits(sv_hidden* h, const float* frame, const double[4]* rectangles, const int[4]* is_free, int n,
                          const float* wanted, double enough)

cdef extern from "_views_corners.h" nogil:
    ctypedef struct sv_corners:
        const sv_kernels* kernels
        const sh_kernels* pixel_kernels
        const float* thumb
        int n
        const float* wanted
        const uint8_t* digest
        sv_tents tents
        int n_evaluations
        int best_distance
        double[8] best_quad

    void sv_bent_coefficients(sv_corners* work, float* coefficients, const double* quad)
    double sv_refine_corners(sv_corners* work, double* quad, double step, double least, double room, int max_evaluations)


sh_fill_dct()
sv_fill_dct()
sv_fill_logarithms()
sv_fill_mosts()

#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_AVX2, SH_AVX512))

#: Samples of the largest thumbnail's side.
SIDE = SV_MAX_SIDE

#: Windows hashed, or proposed, at once; and looked at for one entry.
cdef int MOST_WINDOWS = 1 << 20
cdef int MOST_EVALUATIONS = 1 << 16

#: The least side of what is hidden, in fractions of the picture's.
cdef double LEAST_HIDDEN = 1.0 / 64


cdef int side_of(const float[:, ::1] thumb, const sv_kernels* kernels) except -1:
    """Return the side of a thumbnail, or raise: its samples are measured, and turned into whole numbers."""
    cdef Py_ssize_t n = thumb.shape[0]
    if thumb.shape[1] != n or n % 16 or not 16 <= n <= SV_MAX_SIDE:
        raise ValueError(f"a thumbnail is square, 16 to {SV_MAX_SIDE} samples in steps of 16, "
                         f"not {thumb.shape[0]} x {thumb.shape[1]}")
    check_aligned(&thumb[0, 0], sizeof(float), "samples")
    if not kernels.is_picture(&thumb[0, 0], <int>(n * n)):
        raise ValueError("a thumbnail's samples are grey levels, 0 to 255, and this has others")
    return <int>n


def thumbnail(pixels, *, Py_ssize_t rows=0, Py_ssize_t cols=0, Py_ssize_t step=1, int orientation=1,
              int side=SV_MAX_SIDE, int level=-1):
    """Return the upright luma of a picture, box-averaged to a square.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n_rows, n_cols) or (n_rows, n_cols, 3)
        Grey or RGB as stored.
    rows, cols : int
        Sides of the original when `pixels` is a reduced decode of it; 0 when it is not.
    step : int
        Original samples a stored sample averages, per axis.
    orientation : int
        EXIF orientation to apply, 1 to 8.
    side : int
        Of the thumbnail, a multiple of 16, at most `SIDE`.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    ndarray of float32, shape (side, side)

    Raises
    ------
    TypeError, ValueError
        Not uint8, or a shape or number out of range.
    """
    cdef const sv_kernels* kernels = sv_kernels_at(checked_level(level))
    cdef Pixels picture = Pixels(pixels)
    cdef Turn turn = turn_of(orientation)
    check_sides(picture, &rows, &cols, step, 1)
    if side % 16 or not 16 <= side <= SV_MAX_SIDE:
        raise ValueError(f"a thumbnail's side is a multiple of 16 up to {SV_MAX_SIDE}, not {side}")
    out = np.empty((side, side), dtype=np.float32)
    cdef float[:, ::1] view = out
    cdef sv_box[256] down
    cdef sv_box[256] across
    cdef float* work = <float*>malloc(17 * sh_samples_of_row(&picture.of) * sizeof(float))
    if work == NULL:
        raise MemoryError("the working rows of one picture")
    with nogil:
        sv_fill_boxes(down, side, rows, step)
        sv_fill_boxes(across, side, cols, step)
        kernels.thumbnail(&view[0, 0], side, &picture.of, down, across, work)
        free(work)
    if turn.flip_rows:
        out = out[::-1]
    if turn.flip_cols:
        out = out[:, ::-1]
    if turn.transpose:
        out = out.T
    return np.ascontiguousarray(out)


def hash_windows(const float[:, ::1] thumb not None, const double[:, ::1] row_spans not None,
                 const double[:, ::1] col_spans not None, const int[::1] row_of not None, const int[::1] col_of not None,
                 *, uint8_t[:, ::1] doubts=None, int level=-1):
    """Return the digests of many windows over a thumbnail.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    row_spans : ndarray of float64, shape (n_row_spans, 2)
        First and last edge in fractions of the side; below 0 or above 1 the edge is repeated.
    col_spans : ndarray of float64, shape (n_col_spans, 2)
    row_of, col_of : ndarray of int32, shape (n_windows,)
        Which spans make a window. Windows with the same rows share most of their work.
    doubts : ndarray of uint8, shape (n_windows, 32), optional
        Written: the bits of each digest that may as well be the other, because their coefficients are near the median.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    digests : ndarray of uint8, shape (n_windows, 32)

    Raises
    ------
    ValueError
        An empty span, or an index out of range.
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level))
    cdef Py_ssize_t n_windows = row_of.shape[0], n_rows = row_spans.shape[0], n_cols = col_spans.shape[0]
    if col_of.shape[0] != n_windows or row_spans.shape[1] != 2 or col_spans.shape[1] != 2:
        raise ValueError("spans have shape (n, 2), and a window one of each")
    if max(n_windows, n_rows, n_cols) > MOST_WINDOWS:
        raise ValueError(f"at most {MOST_WINDOWS} windows and spans, not {n_windows} of {n_rows} and {n_cols}")
    cdef Py_ssize_t i
    for i in range(n_rows):
        check_span(row_spans[i, 0], row_spans[i, 1])
    for i in range(n_cols):
        check_span(col_spans[i, 0], col_spans[i, 1])
    for i in range(n_windows):
        if not 0 <= row_of[i] < n_rows or not 0 <= col_of[i] < n_cols:
            raise ValueError(f"window {i} names a span that is not there")
    digests = np.empty((n_windows, 32), dtype=np.uint8)
    if n_windows == 0:
        return digests
    check_aligned(&row_spans[0, 0], sizeof(double), "spans of rows")
    check_aligned(&col_spans[0, 0], sizeof(double), "spans of columns")
    check_aligned(&row_of[0], sizeof(int), "row_of")
    check_aligned(&col_of[0], sizeof(int), "col_of")
    cdef uint8_t[:, ::1] out = digests
    hash_spans(&out[0, 0], doubts_of(doubts, n_windows), at_level, &thumb[0, 0], n, &row_spans[0, 0], n_rows, &col_spans[0, 0], n_cols,
               &row_of[0], &col_of[0], <int>n_windows)
    return digests


cdef uint8_t* doubts_of(uint8_t[:, ::1] doubts, Py_ssize_t n) except? NULL:
    """Return where the doubts of n digests are written; NULL where they are not."""
    if doubts is None:
        return NULL
    if doubts.shape[0] != n or doubts.shape[1] != 32:
        raise ValueError(f"doubts have shape ({n}, 32), not ({doubts.shape[0]}, {doubts.shape[1]})")
    return &doubts[0, 0] if n else NULL


cdef int hash_spans(uint8_t* digests, uint8_t* doubts, int level, const float* thumb, int n, const double* row_spans,
                    Py_ssize_t n_rows, const double* col_spans, Py_ssize_t n_cols, const int* row_of,
                    const int* col_of, int n_windows) except -1:
    """Write the digest of each window, and its doubts unless NULL; `row_spans` and `col_spans` are pairs of edges."""
    cdef const sv_kernels* kernels = sv_kernels_at(level)
    cdef const sh_kernels* pixel_kernels = sh_kernels_at(level)
    # Windows of each row span as a linked list, and a place for the tents of each column span in use.
    cdef int* head = <int*>malloc((n_rows + n_windows + n_cols) * sizeof(int))
    cdef int* following = head + n_rows
    cdef int* place = following + n_windows
    cdef sv_tents* row_tents = <sv_tents*>malloc(sizeof(sv_tents))
    cdef sv_tents* col_tents = NULL
    cdef float* rows = <float*>malloc(16 * n * sizeof(float))
    cdef float[256] coefficients
    cdef Py_ssize_t row, col
    cdef int window, lo, hi, n_places = 0
    try:
        if head == NULL or row_tents == NULL or rows == NULL:
            raise MemoryError("the tents of one batch of windows")
        for row in range(n_rows):
            head[row] = -1
        for col in range(n_cols):
            place[col] = -1
        for window in range(n_windows):
            following[window] = head[row_of[window]]
            head[row_of[window]] = window
            if place[col_of[window]] < 0:
                place[col_of[window]] = n_places
                n_places += 1
        col_tents = <sv_tents*>malloc(n_places * sizeof(sv_tents))
        if col_tents == NULL:
            raise MemoryError("the tents of one batch of windows")
        with nogil:
            for col in range(n_cols):
                if place[col] >= 0:
                    kernels.fill_tents(&col_tents[place[col]], n, col_spans[2 * col], col_spans[2 * col + 1])
            for row in range(n_rows):
                window = head[row]
                if window < 0:
                    continue
                lo, hi = n, 0
                while window >= 0:
                    lo = min(lo, col_tents[place[col_of[window]]].lo)
                    hi = max(hi, col_tents[place[col_of[window]]].hi)
                    window = following[window]
                kernels.fill_tents(row_tents, n, row_spans[2 * row], row_spans[2 * row + 1])
                kernels.rows_pass(rows, thumb, n, row_tents, lo // 16 * 16, (hi + 15) // 16 * 16)
                window = head[row]
                while window >= 0:
                    kernels.cols_pass(coefficients, rows, &col_tents[place[col_of[window]]])
                    pixel_kernels.bits(&digests[32 * window], coefficients)
                    if doubts != NULL:
                        kernels.doubts(&doubts[32 * window], coefficients, &digests[32 * window])
                    window = following[window]
    finally:
        free(head)
        free(row_tents)
        free(col_tents)
        free(rows)
    return 0


cdef int check_span(double a, double b) except -1:
    if not sv_is_span(a, b):
        raise ValueError(f"no window from {a} to {b}")
    return 0


def boxes(const float[:, ::1] thumb not None, *, int n_lines=12, int n_windows=150, float least=-SV_LARGEST,
          bint coarse=False, uint8_t[:, ::1] doubts=None, int level=-1):
    """Propose windows inside an upload, boxes whose sides are straight edges, and hash them.

    An edge is a line across which neighbouring samples differ more than across the lines beside it, over a
    quarter of the line at least, whatever the contrast; a box is as good as the edges along its own sides.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    n_lines : int
        Lines kept an axis, beside the upload's own edges; at most 30.
    n_windows : int
        The best so many boxes are returned ...
    least : float
        ... of those whose score is no less.
    coarse : bool
        Compare an edge with two lines on either side instead of three, and the quieter side twice: where samples are
        so coarse that text below a picture lies within three lines of its edge.
    doubts : ndarray of uint8, shape (n_windows, 32), optional
        Written, as many as there are boxes: as `hash_windows` does.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    windows : ndarray of float64, shape (n, 4)
        First and last row edge, first and last column edge, in fractions of the side; best first, of equals the
        upper, then the left one.
    digests : ndarray of uint8, shape (n, 32)
        As `hash_windows` gives them.
    scores : ndarray of float32, shape (n,)
        Evidence of the four sides together and of the weakest once more.
    """
    cdef int at_level = checked_level(level)
    cdef const sv_kernels* kernels = sv_kernels_at(at_level)
    cdef int n = side_of(thumb, kernels)
    if not 1 <= n_lines <= 30 or not 1 <= n_windows <= MOST_WINDOWS:
        raise ValueError(f"n_lines is 1 to 30 and n_windows 1 to {MOST_WINDOWS}, not {n_lines} and {n_windows}")
    scores = np.empty(n_windows, dtype=np.float32)
    cdef float[::1] best_scores = scores
    cdef uint8_t* doubtful = doubts_of(doubts, n_windows)
    cdef sv_boxes* found = <sv_boxes*>malloc(sizeof(sv_boxes))
    cdef float* sums = <float*>malloc((2 * SV_SUMS(n) + n * n) * sizeof(float))
    cdef float* turned = sums + 2 * SV_SUMS(n)
    cdef int* best = <int*>malloc(2 * n_windows * sizeof(int))
    cdef int* col_of = best + n_windows
    cdef int count = 0, i, k
    cdef double[:, ::1] edges
    cdef uint8_t[:, ::1] out
    try:
        if found == NULL or sums == NULL or best == NULL:
            raise MemoryError("the edges of one thumbnail")
        with nogil:
            kernels.transpose(turned, &thumb[0, 0], n)
            kernels.evidence(sums, turned, n, coarse)
            kernels.evidence(sums + SV_SUMS(n), &thumb[0, 0], n, coarse)
            count = sv_best_boxes(found, best, &best_scores[0], n_windows, least, kernels, sums, sums + SV_SUMS(n), n,
                                  n_lines)
        free(sums)  # before there are as large tables of tents: memory at its peak is what every upload pays for anew
        sums = NULL
        windows = np.empty((count, 4), dtype=np.float64)
        digests = np.empty((count, 32), dtype=np.uint8)
        if count:
            edges, out = windows, digests
            for i in range(count):
                col_of[i] = best[i] % found.col_spans.n
                best[i] = best[i] // found.col_spans.n
                for k in range(2):
                    edges[i, k] = found.row_spans.edges[best[i]][k]
                    edges[i, 2 + k] = found.col_spans.edges[col_of[i]][k]
            hash_spans(&out[0, 0], doubtful, at_level, &thumb[0, 0], n, &found.row_spans.edges[0][0], found.row_spans.n,
                       &found.col_spans.edges[0][0], found.col_spans.n, best, col_of, count)
    finally:
        free(found)
        free(sums)
        free(best)
    return windows, digests, scores[:count]


def measure_window(const float[:, ::1] thumb not None, const double[:] window not None):
    """Return what the gates ask of one window: how much there is to see in it.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    window : ndarray of float64, shape (4,)
        First and last row edge, first and last column edge, in fractions of the side.

    Returns
    -------
    quality : int
        PDQ's, 0 to 100.
    flat : float
        Share of the 64 x 64 picture whose neighbours differ by less than 1.5 grey levels.
    plain_ground : bool
        All four corners are flat and of one grey: an object on a ground, not a picture to the edge.
    faint : float
        Share of coefficients under a fiftieth of the mean size: bits by rounding. Of photographs 1 or 2 in 100.
    greys : float
        Entropy of the grey levels in bits, counted in steps of a sixteenth of their standard deviation, so that a
        dull photograph has as many as a brilliant one. A photograph has 4.5 to 6, a drawing 1 to 4.
    common : float
        Share of the picture that has one of the four commonest of these greys.
    contrast : float
        The standard deviation, in grey levels.
    lined : float
        How much more of it lies on lines along one axis than the other: flat along it, and across an extreme.
    """
    cdef int n = side_of(thumb, sv_kernels_at(widest_level))
    if window.shape[0] != 4:
        raise ValueError("a window has four edges")
    check_span(window[0], window[1])
    check_span(window[2], window[3])
    cdef double[4] edges
    cdef int i, quality, plain
    for i in range(4):
        edges[i] = window[i]
    cdef float[4096] small
    cdef float[256] coefficients
    cdef int[512] counts
    cdef float flat, lined, faint
    cdef int common
    cdef double contrast, greys
    with nogil:
        sv_window_picture(small, &thumb[0, 0], n, edges)
        sh_kernels_at(widest_level).dct(coefficients, small)
        faint = sv_faint_share(coefficients)
        quality = sh_kernels_at(widest_level).quality(small)
        flat = sv_flat_share(small)
        lined = sv_lined(small)
        plain = sv_plain_ground(small)
        sv_nearest_samples(small, &thumb[0, 0], n, edges)
        contrast = sv_count_greys(counts, small)
        common = sv_four_largest(counts)
        greys = sv_entropy(counts, SV_GREYS)
    return quality, flat, plain != 0, faint, greys, common / 4096.0, contrast, lined


def logarithms():
    """Return the binary logarithms of 1 to 4096 that entropies are made of, in 65536ths; 0 for 0."""
    return np.array([sv_logarithms[n] for n in range(4097)], dtype=np.int32)


def refine(const float[:, ::1] thumb not None, const uint8_t[::1] digest not None, const double[:] window not None, *,
           double step, double least, double room, int max_evaluations, int level=-1):
    """Move a window's edges to where its picture agrees best with one digest.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    digest : ndarray of uint8, shape (32,)
    window : ndarray of float64, shape (4,)
        Where to start: first and last row edge, first and last column edge, in fractions of the side.
    step, least : float
        First and smallest move, in fractions of the side.
    room : float
        How far an edge may leave its start.
    max_evaluations : int
        Windows looked at, at most.
    level : int
        Instruction level to force; -1 takes the widest. All give the same bits.

    Returns
    -------
    distance : int
        The smallest Hamming distance of any window looked at, in bits.
    window : tuple of float
        That window.
    agreement : float
        Of the window that agrees best, -1 to 1.
    """
    cdef int at_level = checked_level(level), n = side_of(thumb, sv_kernels_at(at_level))
    if digest.shape[0] != 32 or window.shape[0] != 4:
        raise ValueError("a digest has 32 bytes, a window four edges")
    if not (1e-9 <= least <= step <= 1.0 and 0.0 <= room <= 9.0):
        raise ValueError(f"moves are from {1e-9} to 1 side, the smallest first, and room is 0 to 9 sides; "
                         f"not {least} to {step}, and {room}")
    if not 1 <= max_evaluations <= MOST_EVALUATIONS:
        raise ValueError(f"1 to {MOST_EVALUATIONS} windows are looked at, not {max_evaluations}")
    check_span(window[0], window[1])
    check_span(window[2], window[3])
    cdef float[256] wanted
    cdef uint8_t[32] own
    cdef int i
    for i in range(32):
        own[i] = digest[i]
    for i in range(256):
        wanted[i] = 1.0 if own[31 - i // 8] >> (i % 8) & 1 else -1.0
    cdef sv_search* search = <sv_search*>malloc(sizeof(sv_search) + SV_KEPT * 16 * n * sizeof(float))
    if search == NULL:
        raise MemoryError("one refinement")
    search.rows = <float*>(search + 1)
    cdef double agreement
    try:
        search.kernels = sv_kernels_at(at_level)
        search.pixel_kernels = sh_kernels_at(at_level)
        search.thumb = &thumb[0, 0]
        search.n = n
        search.wanted = wanted
        search.digest = own
        for i in range(4):
            search.window[i] = search.best_window[i] = window[i]
        memset(&search.known, 0, sizeof(search.known))
        memset(&search.rows_of, 0, sizeof(search.rows_of))
        memset(&search.cols_of, 0, sizeof(search.cols_of))
        search.n_evaluations = 0
        search.best_distance = 257
        with nogil:
            agreement = sv_refine(search, step, least, room, max_evaluations)
        return search.best_distance, tuple([search.best_window[i] for i in range(4)]), agreement
    finally:
        free(search)


include "_c/_holes.pxi"
include "_c/_corners.pxi"
include "_c/_turns.pxi"
include "_c/_hidden.pxi"
