# Slots built and merged behind Python. Included by _search.

def slot_keys(const uint8_t[:, ::1] digests not None, widths):
    """Return the value of every slot of every digest, uint32, shape (n_slots, n)."""
    cdef Py_ssize_t n = digests.shape[0]
    cdef const sh_permutation* perm = _permutation(digests.shape[1])
    cdef int[SH_MAX_SLOTS] offset
    cdef int[SH_MAX_SLOTS] width
    cdef int n_slots, slot, at = 0
    widths = tuple(widths)
    _check_widths(widths, digests.shape[1])
    n_slots = len(widths)
    for slot in range(n_slots):
        offset[slot] = at
        width[slot] = widths[slot]
        at += width[slot]
    keys = np.empty((n_slots, n), np.uint32)
    cdef uint32_t[:, ::1] out = keys
    if n and n_slots:
        with nogil:
            sh_slot_keys(perm, &digests[0, 0], n, n_slots, offset, width, &out[0, 0])
    return keys


def build_slot(const uint32_t[::1] keys not None, int width, uint32_t[::1] starts not None,
               uint32_t[::1] ids not None):
    """Counting-sort all rows by their `keys` into `starts` ((1 << width) + 1) and `ids` (n).

    Raises
    ------
    ValueError
        An array does not fit, or a key has more bits.
    """
    cdef Py_ssize_t n = keys.shape[0], row
    cdef uint32_t largest = 0
    if not 1 <= width <= 28 or n >= 0xFFFFFFFF or starts.shape[0] != (1 << width) + 1 or ids.shape[0] != n:
        raise ValueError(f"{starts.shape[0]} starts and {ids.shape[0]} ids for {width} bits of {n} rows")
    check_aligned(&starts[0], sizeof(uint32_t), "starts")
    if n:
        check_aligned(&keys[0], sizeof(uint32_t), "keys")
        check_aligned(&ids[0], sizeof(uint32_t), "ids")
        check_apart(&starts[0], starts.nbytes, &ids[0], ids.nbytes, "ids")
        check_apart(&starts[0], starts.nbytes, &keys[0], keys.nbytes, "keys")
        check_apart(&ids[0], ids.nbytes, &keys[0], keys.nbytes, "keys")
    cdef uint64_t[::1] pairs = np.empty(max(n, 1), np.uint64)
    with nogil:
        for row in range(n):
            largest |= keys[row]
        if largest >> width == 0:
            sh_build_slot(&keys[0] if n else NULL, n, width, &starts[0], &ids[0] if n else NULL, &pairs[0])
    if largest >> width:
        raise ValueError(f"a key has more than {width} bits")


cdef int check_read_beside(name, const uint32_t[::1] array, uint32_t[::1] starts, uint32_t[::1] ids) except -1:
    if array.shape[0] == 0:
        return 0
    check_aligned(&array[0], sizeof(uint32_t), name)
    check_apart(&starts[0], starts.nbytes, &array[0], array.nbytes, name)
    if ids.shape[0]:
        check_apart(&ids[0], ids.nbytes, &array[0], array.nbytes, name)
    return 0


def merge_slot(const uint32_t[::1] old_starts not None, const uint32_t[::1] old_ids not None, int width,
               const uint64_t[::1] kept not None, const uint32_t[::1] removed_keys not None,
               const uint32_t[::1] removed_rows not None, const uint32_t[::1] added_keys not None,
               const uint32_t[::1] added_rows not None, uint32_t[::1] starts not None, uint32_t[::1] ids not None, *,
               int level=-1):
    """Write the slot without the rows removed and with those added, from its older state.

    Keys and rows are sorted by (key, row). The rows that stay are numbered anew by `kept`, one word for each 32
    old rows: which of them stay in its lower half, how many before them do in its upper half. Only where nothing
    is removed may it be empty. The rows added have their new numbers, which follow all of those. `level` forces an
    instruction level; -1 takes the widest.

    Raises
    ------
    ValueError
        The arrays do not fit, or the older ones are no slot of this width and these rows.
    """
    cdef Py_ssize_t n_old = old_ids.shape[0], n_removed = removed_keys.shape[0], n_added = added_keys.shape[0]
    cdef int status
    cdef sh_renumberer renumber = sh_renumberer_at(checked_level(level))
    if not 1 <= width <= 28 or not old_starts.shape[0] == starts.shape[0] == (1 << width) + 1:
        raise ValueError(f"{old_starts.shape[0]} and {starts.shape[0]} starts for a slot of {width} bits")
    if (removed_rows.shape[0] != n_removed or added_rows.shape[0] != n_added or n_removed > n_old
            or ids.shape[0] != n_old - n_removed + n_added):
        raise ValueError(f"{ids.shape[0]} ids for {n_old} rows, {n_removed} fewer and {n_added} more")
    if kept.shape[0] != (n_old + 31) // 32 and (kept.shape[0] or n_removed):
        raise ValueError("a word for each 32 old rows is needed")
    if kept.shape[0]:
        check_aligned(&kept[0], sizeof(uint64_t), "kept")
    for name, array in (("old_starts", old_starts), ("old_ids", old_ids), ("removed_keys", removed_keys),
                        ("removed_rows", removed_rows), ("added_keys", added_keys), ("added_rows", added_rows)):
        check_read_beside(name, array, starts, ids)
    check_aligned(&starts[0], sizeof(uint32_t), "starts")
    if ids.shape[0]:
        check_aligned(&ids[0], sizeof(uint32_t), "ids")
        check_apart(&starts[0], starts.nbytes, &ids[0], ids.nbytes, "ids")
        if kept.shape[0]:
            check_apart(&ids[0], ids.nbytes, &kept[0], kept.nbytes, "kept")
    with nogil:
        status = sh_merge_slot(
            renumber, &old_starts[0], &old_ids[0] if n_old else NULL, n_old, width, &kept[0] if kept.shape[0] else NULL,
            &removed_keys[0] if n_removed else NULL, &removed_rows[0] if n_removed else NULL, n_removed,
            &added_keys[0] if n_added else NULL, &added_rows[0] if n_added else NULL, n_added,
            &starts[0], &ids[0] if ids.shape[0] else NULL)
    if status:
        raise ValueError("the older arrays are no slot of these rows")
