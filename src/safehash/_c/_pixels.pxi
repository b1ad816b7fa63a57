# A picture handed over by Python, checked once and for all. Included by every module that reads pixels.

from cpython.buffer cimport PyBUF_RECORDS_RO, PyBuffer_Release, PyObject_CheckBuffer, PyObject_GetBuffer


cdef extern from "_picture.h" nogil:
    ctypedef struct sh_picture:
        const uint8_t* data
        Py_ssize_t row_stride
        Py_ssize_t n_rows
        Py_ssize_t n_cols
        int channels
        int apart

    Py_ssize_t sh_samples_of_row(const sh_picture* picture)


@cython.final
@cython.auto_pickle(False)
cdef class Pixels:
    """A picture as the kernels want it: rows of uint8 samples, those of a pixel adjacent, any row stride.

    Grey, RGB, or RGB with a fourth byte behind each pixel, as imaging libraries hold it: read where it lies. Anything
    else that is one of these is copied.
    """

    cdef sh_picture of
    cdef Py_buffer buffer
    cdef bint is_held

    def __cinit__(self, pixels):
        self.hold(pixels if PyObject_CheckBuffer(pixels) else np.asarray(pixels))
        if self.buffer.format != NULL and (self.buffer.format[0] != b"B" or self.buffer.format[1] != 0):
            raise TypeError(f"pixels are uint8, not {np.asarray(pixels).dtype}")
        cdef int ndim = self.buffer.ndim
        cdef Py_ssize_t* shape = self.buffer.shape
        if ndim not in (2, 3) or (ndim == 3 and shape[2] not in (1, 3)):
            raise ValueError(
                f"pixels have shape (rows, cols) or (rows, cols, 3), not {tuple([shape[i] for i in range(ndim)])}"
            )
        self.of.n_rows, self.of.n_cols = shape[0], shape[1]
        self.of.channels = 1 if ndim == 2 else <int>shape[2]
        if self.of.n_rows < 1 or self.of.n_cols < 1:
            raise ValueError(f"no pixels in an array of shape {tuple([shape[i] for i in range(ndim)])}")
        self.of.apart = self.bytes_apart()
        if self.of.apart == 0:
            self.hold(np.ascontiguousarray(pixels))
            self.of.apart = self.of.channels
        self.of.row_stride = self.buffer.strides[0]
        self.of.data = <const uint8_t*>self.buffer.buf

    cdef int hold(self, object pixels) except -1:
        self.drop()
        PyObject_GetBuffer(pixels, &self.buffer, PyBUF_RECORDS_RO)
        self.is_held = True
        return 0

    cdef void drop(self) noexcept:
        if self.is_held:
            PyBuffer_Release(&self.buffer)
            self.is_held = False

    cdef int bytes_apart(self) noexcept:
        """Return the bytes from one pixel of a row to the next, 0 where the kernels cannot read them there."""
        cdef Py_ssize_t* strides = self.buffer.strides
        cdef int channels = self.of.channels
        cdef Py_ssize_t apart = strides[1] if self.of.n_cols > 1 else channels
        if channels == 3 and strides[2] != 1:
            return 0
        return <int>apart if apart == channels or (channels == 3 and apart == 4) else 0

    def __dealloc__(self):
        self.drop()


cdef struct Turn:
    # How an EXIF orientation reaches its picture from the stored one: rows and columns read backwards first,
    # then the result transposed.
    bint flip_rows
    bint flip_cols
    bint transpose


cdef Turn turn_of(int orientation) except *:
    cdef Turn turn
    if not 1 <= orientation <= 8:
        raise ValueError(f"EXIF orientations are 1 to 8, not {orientation}")
    turn.flip_rows = orientation in (3, 4, 6, 7)
    turn.flip_cols = orientation in (2, 3, 7, 8)
    turn.transpose = orientation >= 5
    return turn


#: A side longer than this is refused: the tables would outgrow what one upload may cost.
cdef Py_ssize_t LONGEST_SIDE = 1 << 20


cdef int check_sides(Pixels picture, Py_ssize_t* rows, Py_ssize_t* cols, Py_ssize_t step, int least) except -1:
    """Check the original's sides, and take the stored picture's for 0 where nothing was reduced."""
    cdef Py_ssize_t n_rows = picture.of.n_rows, n_cols = picture.of.n_cols
    if not 1 <= step <= 64:
        raise ValueError(f"a decode is reduced by 1 to 64, not {step}")
    if rows[0] == 0 and cols[0] == 0 and step == 1:
        rows[0], cols[0] = n_rows, n_cols
    if max(rows[0], cols[0]) > LONGEST_SIDE:
        raise ValueError(f"sides have at most {LONGEST_SIDE} pixels, not {rows[0]} x {cols[0]}")
    if (rows[0] + step - 1) // step != n_rows or (cols[0] + step - 1) // step != n_cols:
        raise ValueError(
            f"a {rows[0]} x {cols[0]} picture reduced by {step} has not {n_rows} x {n_cols} samples"
        )
    if min(rows[0], cols[0]) < least:
        raise ValueError(f"at least {least} rows and columns are needed, not {rows[0]} x {cols[0]}")
    return 0
