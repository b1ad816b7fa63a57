# A JPEG file's luma, reduced, behind Python. Included by _rows.

cdef extern from "_jpeg.h" nogil:
    ctypedef struct sj_kernels:
        pass

    ctypedef struct sj_reader:
        pass

    enum:
        SJ_DONE
        SJ_MORE
        SJ_IRREGULAR
        SJ_NO_MEMORY
        SJ_FINE
        SJ_MOST_KEPT

    void sj_fill_standard()
    const sj_kernels* sj_kernels_at(int level)
    sj_reader* sj_new(const unsigned char* data, Py_ssize_t n_data, int step, int fine, unsigned char* luma,
                      Py_ssize_t rows, Py_ssize_t cols)
    void sj_want_chroma(sj_reader* reader, int which, unsigned char* means, unsigned char* spreads, Py_ssize_t rows,
                        Py_ssize_t cols)
    int sj_want_shown(sj_reader* reader, unsigned char* grey, unsigned char* kept, Py_ssize_t side)
    void sj_free(sj_reader* reader)
    int sj_open(sj_reader* reader)
    int sj_advance(sj_reader* reader, const sj_kernels* kernels, Py_ssize_t n_blocks)


sj_fill_standard()

#: Blocks between two calls of `between`: one to three milliseconds.
cdef Py_ssize_t BLOCKS_AT_A_TIME = 1 << 16


def read_luma(
    const unsigned char[::1] data not None,
    unsigned char[:, ::1] luma not None,
    *,
    int step,
    unsigned char[:, :, ::1] blue=None,
    unsigned char[:, :, ::1] red=None,
    unsigned char[:, ::1] grey=None,
    unsigned char[:, :, ::1] kept=None,
    int fine=SJ_FINE,
    between=None,
    Py_ssize_t n_blocks=BLOCKS_AT_A_TIME,
    int level=-1,
):
    """Read the luma of a JPEG file: a sample for every `step` columns and rows, the mean of what it stands for.

    As far as the mean alone (8), the four (4) or the 21 lowest coefficients (2) of each block make it up; the others
    are passed over. Of all coefficients (1), the samples are the decoder's to the bit. Of whole, undamaged files,
    Huffman-coded, 8 bits, grey or luma and chroma; of any other nothing
    is said but that it is left to a patient reader.

    Parameters
    ----------
    data : bytes
        The whole file.
    luma : ndarray of uint8, shape (rows, cols)
        Filled; its content is of no use where False is returned.
    step : 1, 2, 4 or 8
    blue, red : ndarray of uint8, shape (2, rows, cols), both or neither
        Filled with the mean of each block of 8 x 8 samples of Cb and of Cr, and behind all means with the root
        of the mean square of the block's samples about it, at most, as its coefficients have it. 255 is 255 or more.
    grey : ndarray of uint8, of the shape of `luma`; kept : ndarray of uint8, shape (side, side, 3); both or neither
        Filled with what a screen shows: the means of its grey where samples of luma are those of luma, and the pixels in
        column ``j * columns // side`` of row ``i * rows // side``, as the imaging library has them of the whole picture.
        Of a file of one scan alone, whose chroma is asked for, too, and is as fine as luma, or half as fine across, or across
        and down; any other is left to others.
    fine : int
        Of a progressive file, scans of further bits are passed over where these bits are at most so much of a coefficient,
        dequantized; 0 reads all.
    between : callable, optional
        Called after every `n_blocks` blocks or so; what it raises ends the reading.
    n_blocks : int
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same samples.

    Returns
    -------
    bool
        The file was read. False leaves it to others.

    Raises
    ------
    ValueError
        No such step or level; a shape without samples, or no blocks at a time.
    MemoryError
    """
    if step not in (1, 2, 4, 8):
        raise ValueError(f"a step of 1, 2, 4 or 8, not {step}")
    if not (data.shape[0] and luma.shape[0] and luma.shape[1]) or n_blocks < 1:
        raise ValueError(
            f"{data.shape[0]} bytes to {luma.shape[0]} x {luma.shape[1]} samples, {n_blocks} blocks at a time"
        )
    if (blue is None) != (red is None) or (blue is not None and not blue.size * red.size):
        raise ValueError("chroma is wanted of both kinds, and some of it, or of neither")
    if blue is not None and not blue.shape[0] == red.shape[0] == 2:
        raise ValueError(f"two samples of each block, the mean and the spread, not {blue.shape[0]} and {red.shape[0]}")
    if (grey is None) != (kept is None):
        raise ValueError("what a screen shows is wanted in grey and of pixels that are kept, or not at all")
    if grey is not None and (
        grey.shape[0] != luma.shape[0] or grey.shape[1] != luma.shape[1] or kept.shape[0] != kept.shape[1]
        or kept.shape[2] != 3 or not 1 <= kept.shape[0] <= SJ_MOST_KEPT
    ):
        raise ValueError(f"{grey.shape[0]} x {grey.shape[1]} greys and {kept.shape[0]} x {kept.shape[1]} pixels of "
                         f"{kept.shape[2]} beside {luma.shape[0]} x {luma.shape[1]} samples")
    cdef const sj_kernels* kernels = sj_kernels_at(checked_level(level))
    cdef sj_reader* reader = sj_new(
        &data[0], data.shape[0], step, fine, &luma[0, 0], luma.shape[0], luma.shape[1]
    )
    if reader == NULL:
        raise MemoryError
    if blue is not None:
        sj_want_chroma(reader, 0, &blue[0, 0, 0], &blue[1, 0, 0], blue.shape[1], blue.shape[2])
        sj_want_chroma(reader, 1, &red[0, 0, 0], &red[1, 0, 0], red.shape[1], red.shape[2])
    cdef int status
    if grey is not None and not sj_want_shown(reader, &grey[0, 0], &kept[0, 0, 0], kept.shape[0]):
        sj_free(reader)
        raise MemoryError
    try:
        with nogil:
            status = sj_open(reader)
        while status == SJ_MORE:
            with nogil:
                status = sj_advance(reader, kernels, n_blocks)
            if between is not None:
                between()
    finally:
        sj_free(reader)
    if status == SJ_NO_MEMORY:
        raise MemoryError
    return status == SJ_DONE
