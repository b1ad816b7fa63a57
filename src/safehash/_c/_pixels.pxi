# A picture handed over by Python, checked once and for all. Included by every module that reads pixels.

cdef extern from "_picture.h" nogil:
    ctypedef struct sh_picture:
        const uint8_t* data
        Py_ssize_t row_stride
        Py_ssize_t n_rows
        Py_ssize_t n_cols
        int channels


@cython.final
@cython.auto_pickle(False)
cdef class Pixels:
    """A picture as the kernels want it: rows of adjacent uint8 samples, any row stride."""

    cdef sh_picture of
    cdef object keep

    def __cinit__(self, pixels):
        array = np.asarray(pixels)
        if array.dtype != np.uint8:
            raise TypeError(f"pixels are uint8, not {array.dtype}")
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
            raise ValueError(f"pixels have shape (rows, cols) or (rows, cols, 3), not {array.shape}")
        self.of.n_rows, self.of.n_cols = array.shape[:2]
        self.of.channels = 1 if array.ndim == 2 else array.shape[2]
        if self.of.n_rows < 1 or self.of.n_cols < 1:
            raise ValueError(f"no pixels in an array of shape {array.shape}")
        inner = array.strides[array.ndim - 1] == 1 or array.shape[array.ndim - 1] == 1
        if array.ndim == 3:
            inner = inner and array.strides[1] == array.shape[2]
        if not inner:
            array = np.ascontiguousarray(array)
        self.keep = array
        self.of.row_stride = array.strides[0]
        self.of.data = <const uint8_t*><size_t>array.__array_interface__["data"][0]


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


cdef tuple sides(Pixels picture, Py_ssize_t rows, Py_ssize_t cols, Py_ssize_t step):
    """Return the original's sides: as given, or the stored picture's where nothing was reduced."""
    if not 1 <= step <= 64:
        raise ValueError(f"a decode is reduced by 1 to 64, not {step}")
    if rows == 0 and cols == 0 and step == 1:
        rows, cols = picture.of.n_rows, picture.of.n_cols
    if (rows + step - 1) // step != picture.of.n_rows or (cols + step - 1) // step != picture.of.n_cols:
        raise ValueError(
            f"a {rows} x {cols} picture reduced by {step} has not {picture.of.n_rows} x {picture.of.n_cols} samples"
        )
    if rows < 5 or cols < 5:
        raise ValueError(f"PDQ needs at least 5 rows and 5 columns, not {rows} x {cols}")
    return rows, cols
