# What is asked of arrays beyond type, shape and being adjacent, which typed views check. Included where C writes or maps.

cdef inline int check_aligned(const void* data, size_t item, name) except -1:
    """Refuse an array whose items do not lie at multiples of their size: loads in C may take that for granted."""
    if <size_t>data % item:
        raise ValueError(f"{name} are not aligned to {item} bytes: copy them first")
    return 0


cdef inline int check_apart(const void* out, size_t n_out, const void* data, size_t n_bytes, name) except -1:
    """Refuse to write into memory that is read, or written, as something else meanwhile."""
    if n_out and n_bytes and <size_t>out < <size_t>data + n_bytes and <size_t>data < <size_t>out + n_out:
        raise ValueError(f"what is written overlaps {name}")
    return 0


cdef inline int check_inside(const void* data, size_t n_bytes, const void* file, size_t file_bytes, name) except -1:
    """Refuse an array that does not lie in a mapped file."""
    if n_bytes and (n_bytes > file_bytes or <size_t>data < <size_t>file
                    or <size_t>data - <size_t>file > file_bytes - n_bytes):
        raise ValueError(f"{name} do not lie in the file")
    return 0
