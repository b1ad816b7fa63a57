"""Another library's samples as a read-only buffer, not copied.

The Arrow C data interface is how an imaging library hands out its memory: a capsule around a struct whose second
buffer holds the samples. The capsule keeps the memory alive and gives it back when it goes.
https://arrow.apache.org/docs/format/CDataInterface.html
"""

cimport cython

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_FillInfo
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t


cdef extern from *:
    """
    #include <stdint.h>
    /* As the interface defines it, to the byte. */
    typedef struct sh_arrow_array {
        int64_t length;
        int64_t null_count;
        int64_t offset;
        int64_t n_buffers;
        int64_t n_children;
        const void** buffers;
        struct sh_arrow_array** children;
        struct sh_arrow_array* dictionary;
        void (*release)(struct sh_arrow_array*);
        void* private_data;
    } sh_arrow_array;
    """
    ctypedef struct sh_arrow_array:
        int64_t length
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        sh_arrow_array** children
        void (*release)(sh_arrow_array*)


@cython.final
@cython.auto_pickle(False)
cdef class _Lease:
    # A read-only buffer; the capsule lives until its last view is gone.

    cdef object capsule
    cdef const void* data
    cdef Py_ssize_t n_bytes

    def __getbuffer__(self, Py_buffer* view, int flags):
        if flags & PyBUF_WRITABLE == PyBUF_WRITABLE:
            raise BufferError("borrowed samples are read-only")
        PyBuffer_FillInfo(view, self, <void*>self.data, self.n_bytes, 1, flags)


def borrow(object capsule, Py_ssize_t n_bytes):
    """Return a read-only view of the samples of one Arrow array: of uint8, or of pixels of several uint8 each.

    Parameters
    ----------
    capsule : PyCapsule
        Named "arrow_array"; kept until the last view of its samples is gone.
    n_bytes : int
        How many samples there must be.

    Returns
    -------
    memoryview

    Raises
    ------
    ValueError
        No such capsule, or not exactly so many samples in one piece.
    """
    cdef sh_arrow_array* array = <sh_arrow_array*>PyCapsule_GetPointer(capsule, b"arrow_array")
    if array.release == NULL:
        raise ValueError("the array was given back already")
    if array.n_children == 1 and array.offset == 0:  # lists of one length, whose items stand in one array
        if array.children == NULL or array.children[0] == NULL or array.length < 1 or n_bytes % array.length:
            raise ValueError(f"not {n_bytes} samples in {array.length} pixels")
        array = array.children[0]
    if array.n_buffers != 2 or array.n_children != 0 or array.offset != 0 or array.length != n_bytes or n_bytes < 1:
        raise ValueError(f"not {n_bytes} samples in one piece, but {array.length}")
    if array.buffers == NULL or array.buffers[1] == NULL:
        raise ValueError("the array holds no samples")
    cdef _Lease lease = _Lease.__new__(_Lease)
    lease.capsule = capsule
    lease.data = array.buffers[1]
    lease.n_bytes = n_bytes
    return memoryview(lease)
