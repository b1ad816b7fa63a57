"""The compiled search: digests within a radius by slots or by looking at all, and checked memory-mapped blocks."""

# The kernels are plain C in _search.h, and _slots.h and _blocks.h below it; this file validates, allocates, calls without the GIL, wraps.

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

import numpy as np

include "_c/_arrays.pxi"
include "_c/_levels.pxi"


cdef extern from "_search.h" nogil:
    enum:
        SH_MAX_SLOTS
        SH_BLOCK_BITS
        SH_SEAL_BYTES
        SH_OK
        SH_NO_MEMORY
        SH_BAD_BLOCK
        SH_BAD_POSITION

    ctypedef struct sh_file:
        const uint8_t* base
        size_t n_bytes
        const uint64_t* sums
        const uint8_t* seals
        uint8_t* verified
        int64_t* bad_block
        int is_whole

    ctypedef struct sh_permutation:
        int n_bytes

    ctypedef struct sh_searchers:
        pass

    ctypedef int (*sh_renumberer)(const uint64_t*, const uint32_t*, int64_t, int64_t, uint32_t*) noexcept nogil

    ctypedef struct sh_index:
        const uint8_t* digests
        const uint8_t* disabled
        const uint32_t* starts
        const uint32_t* ids
        const sh_permutation* perm
        const sh_file* file
        const sh_searchers* searchers
        int64_t n
        int n_bytes
        int n_slots
        int* offset
        int* width
        int64_t* start_at

    ctypedef struct sh_plan:
        int scan
        int64_t max_candidates
        int64_t max_bucket
        int* radius
        const uint32_t** masks
        int* n_masks

    ctypedef struct sh_hits:
        uint64_t* keys
        int64_t n
        int64_t room

    uint64_t sh_checksum(const uint8_t* data, size_t n_bytes)
    void sh_seal(uint8_t* seal, const uint8_t* data, size_t n_bytes)
    int sh_verify_block(const sh_file* file, size_t block)
    int sh_touch(const sh_file* file, const void* address, size_t n_bytes)
    void sh_fill_permutation(sh_permutation* perm, int n_bytes, int step)
    const sh_searchers* sh_searchers_at(int level)
    sh_renumberer sh_renumberer_at(int level)
    int sh_search(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int max_distance,
                  sh_hits* hits)
    int sh_seed(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, const uint8_t* doubts, int64_t n_queries,
                int max_distance, sh_hits* hits)
    void sh_sort_pairs(uint64_t* keys, int64_t n_pairs)
    void sh_build_slot(const uint32_t* keys, int64_t n, int width, uint32_t* starts, uint32_t* ids,
                       uint64_t* pairs)
    void sh_slot_keys(const sh_permutation* perm, const uint8_t* digests, int64_t n, int n_slots,
                      const int* offset, const int* width, uint32_t* keys)
    int sh_merge_slot(sh_renumberer renumber, const uint32_t* old_starts, const uint32_t* old_ids, int64_t n_old,
                      int width, const uint64_t* kept, const uint32_t* removed_keys, const uint32_t* removed_rows,
                      int64_t n_removed, const uint32_t* added_keys, const uint32_t* added_rows, int64_t n_added,
                      uint32_t* starts, uint32_t* ids)


#: Instruction levels at which this code differs and that this machine has, narrowest first (_c/_levels.h).
LEVELS = levels_here((SH_BASELINE, SH_POPCNT, SH_VPOPCNT))

#: Bytes of what `block_seals` gives for each block.
SEAL_BYTES = SH_SEAL_BYTES
BLOCK_SIZE = 1 << SH_BLOCK_BITS
MAX_SLOTS = SH_MAX_SLOTS

# Bit p of the permuted digest is bit (p * step) % n_bits. Neighbouring positions land two rows and five columns
# apart in PDQ's 16 x 16 grid (one row, three columns in pHash's 8 x 8), so a slot's bits touch all of it.
# Part of the snapshot format: changing a step raises its version.
cdef sh_permutation _permutations[4]
sh_fill_permutation(&_permutations[0], 32, 37)
sh_fill_permutation(&_permutations[1], 8, 11)
sh_fill_permutation(&_permutations[2], 16, 1)
sh_fill_permutation(&_permutations[3], 20, 1)


cdef const sh_permutation* _permutation(Py_ssize_t n_bytes) except NULL:
    cdef int i
    for i in range(4):
        if _permutations[i].n_bytes == n_bytes:
            return &_permutations[i]
    raise ValueError(f"digests have 8, 16, 20 or 32 bytes, not {n_bytes}")


def checksum(data):
    """Return the XXH64 (seed 0) of a contiguous buffer of bytes, or of an array's items in their order."""
    if isinstance(data, np.ndarray):
        if data.dtype.hasobject:
            raise TypeError(f"an array of {data.dtype} has no bytes of its own")
        data = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    else:
        data = memoryview(data).cast("B")
    cdef const uint8_t[::1] view = data
    cdef uint64_t result
    with nogil:
        result = sh_checksum(&view[0] if view.shape[0] else NULL, view.shape[0])
    return result


def block_checksums(const uint8_t[::1] data not None):
    """Return the XXH64 of every 4 KiB of a uint8 array, the last block being shorter; uint64."""
    cdef Py_ssize_t n = data.shape[0]
    cdef Py_ssize_t size = 1 << SH_BLOCK_BITS
    cdef Py_ssize_t n_blocks = (n + size - 1) // size
    sums = np.empty(n_blocks, np.uint64)
    cdef uint64_t[::1] out = sums
    cdef Py_ssize_t block
    with nogil:
        for block in range(n_blocks):
            out[block] = sh_checksum(&data[block * size], min(size, n - block * size))
    return sums


def block_seals(const uint8_t[::1] data not None):
    """Return the BLAKE2b digest, 16 bytes, of every 4 KiB of a uint8 array; uint8, shape (n_blocks, 16)."""
    cdef Py_ssize_t n = data.shape[0], size = 1 << SH_BLOCK_BITS
    cdef Py_ssize_t n_blocks = (n + size - 1) // size, block
    seals = np.empty((n_blocks, SH_SEAL_BYTES), np.uint8)
    cdef uint8_t[:, ::1] out = seals
    with nogil:
        for block in range(n_blocks):
            sh_seal(&out[block, 0], &data[block * size], min(size, n - block * size))
    return seals


@cython.final
@cython.auto_pickle(False)
cdef class Blocks:
    """A mapped file whose 4 KiB blocks are compared with their checksums before their first use.

    Parameters
    ----------
    data : ndarray of uint8
        The whole mapped file.
    sums : ndarray of uint64
        What `block_checksums` gave for it when it was written.
    on_damage : callable
        Takes a block's number (-1: a position in the file points outside its array) and returns the exception
        to raise.
    seals : ndarray of uint8, shape (n_blocks, 16), optional
        What `block_seals` gave for it, of a file that is signed: compared, too.

    Notes
    -----
    Safe to share between threads.
    """

    cdef sh_file file
    cdef int64_t bad_block
    cdef object _data, _sums, _seals, _verified, _on_damage

    def __cinit__(self, const uint8_t[::1] data not None, const uint64_t[::1] sums not None, on_damage, *,
                  const uint8_t[:, ::1] seals=None):
        cdef Py_ssize_t n_blocks = (data.shape[0] + (1 << SH_BLOCK_BITS) - 1) >> SH_BLOCK_BITS
        if data.shape[0] == 0 or sums.shape[0] != n_blocks:
            raise ValueError(f"{data.shape[0]} bytes with {sums.shape[0]} checksums")
        if not callable(on_damage):
            raise TypeError(f"on_damage makes an exception of a block's number; {type(on_damage).__name__} cannot")
        check_aligned(&sums[0], sizeof(uint64_t), "checksums")
        if seals is not None and (seals.shape[0] != n_blocks or seals.shape[1] != SH_SEAL_BYTES):
            raise ValueError(f"{n_blocks} blocks with {seals.shape[0]} seals of {seals.shape[1]} bytes")
        verified = np.zeros(n_blocks, np.uint8)
        cdef uint8_t[::1] flags = verified
        self._data, self._sums, self._verified, self._on_damage = data, sums, verified, on_damage
        self._seals = seals
        self.file.base = &data[0]
        self.file.n_bytes = data.shape[0]
        self.file.sums = &sums[0]
        self.file.seals = NULL
        if seals is not None:
            self.file.seals = &seals[0, 0]
        self.file.verified = &flags[0]
        self.bad_block = -1
        self.file.bad_block = &self.bad_block

    def touch(self, values):
        """Check every block under a contiguous array that lies in the file.

        Raises
        ------
        Exception
            What `on_damage` made of the first damaged block.
        """
        cdef size_t address, n_bytes
        cdef int status
        if type(values) is not np.ndarray or not values.flags.c_contiguous:
            raise ValueError("only contiguous arrays can be checked")
        n_bytes = values.nbytes
        if n_bytes == 0:
            return
        address = values.__array_interface__["data"][0]
        check_inside(<const void*>address, n_bytes, self.file.base, self.file.n_bytes, "its items")
        with nogil:
            status = sh_touch(&self.file, <const void*>address, n_bytes)
        if status:
            raise self.damage()

    def settle(self):
        """Check every block that was not checked yet, and ask nothing from then on: asking costs what looking up does.

        Raises
        ------
        Exception
            What `on_damage` made of the first damaged block.
        """
        cdef size_t n_blocks = (self.file.n_bytes + (1 << SH_BLOCK_BITS) - 1) >> SH_BLOCK_BITS, block
        cdef int status = SH_OK
        with nogil:
            for block in range(n_blocks):
                if not self.file.verified[block]:
                    status = sh_verify_block(&self.file, block)
                    if status:
                        break
            else:
                self.file.is_whole = 1
        if status:
            raise self.damage()

    def damage(self):
        """Return the exception for the damage met last."""
        return self._on_damage(self.bad_block)

    def misplaced(self):
        """Return the exception for a position that points outside its array, its checksum being right."""
        return self._on_damage(-1)


#: Masks of one slot, and bits in which it may differ: 28 bits within 4 are 24 000.
cdef int MOST_MASKS = 1 << 20
cdef int MOST_RADIUS = 28


@cython.final
@cython.auto_pickle(False)
cdef class Plan:
    """How one radius is answered: per slot, the differences of its value to look at.

    Parameters
    ----------
    masks : list of ndarray of uint32 or None
        One per slot: the differences to look at; None for a slot that is not needed. Not to be written to
        afterwards.
    radii : list of int
        Bits in which each slot may differ; -1 where there are no masks.
    scan : bool
        Look at every digest instead.
    max_candidates : int
        Beyond this many candidates, look at every digest after all.
    max_bucket : int
        Rows taken of one bucket by `SlotIndex.seed`.
    """

    cdef sh_plan plan
    cdef uint32_t[SH_MAX_SLOTS] bits  # of all masks of a slot
    cdef object _masks
    cdef readonly int n_slots

    def __cinit__(self, masks, radii, *, bint scan, int64_t max_candidates, int64_t max_bucket=0):
        cdef const uint32_t[::1] view
        cdef Py_ssize_t i
        masks, radii = list(masks), list(radii)
        if len(masks) != len(radii) or len(masks) > SH_MAX_SLOTS:
            raise ValueError(f"{len(masks)} lists of masks, {len(radii)} radii, at most {SH_MAX_SLOTS}")
        if max_bucket < 0:
            raise ValueError(f"rows of a bucket are 0 or more, not {max_bucket}")
        memset(&self.plan, 0, sizeof(self.plan))
        memset(self.bits, 0, sizeof(self.bits))
        self._masks = masks
        self.n_slots = len(masks)
        self.plan.scan = scan
        self.plan.max_candidates = max_candidates
        self.plan.max_bucket = max_bucket
        for slot, (values, radius) in enumerate(zip(masks, radii)):
            self.plan.radius[slot] = -1
            if values is None:
                continue
            view = values
            if not 0 < view.shape[0] <= MOST_MASKS or not 0 <= radius <= MOST_RADIUS:
                raise ValueError(f"{view.shape[0]} masks for a radius of {radius}")
            check_aligned(&view[0], sizeof(uint32_t), "masks")
            self.plan.radius[slot] = radius
            self.plan.masks[slot] = &view[0]
            self.plan.n_masks[slot] = <int>view.shape[0]
            for i in range(view.shape[0]):
                self.bits[slot] |= view[i]

    cdef int check_for(self, const sh_index* ix) except -1:
        """Refuse an index of other slots: a mask of more bits than a slot has would lead out of its array."""
        cdef int slot
        if self.n_slots != ix.n_slots:
            raise ValueError(f"a plan for {self.n_slots} slots, an index of {ix.n_slots}")
        for slot in range(ix.n_slots):
            if self.bits[slot] >> ix.width[slot]:
                raise ValueError(f"a mask of slot {slot} has more than its {ix.width[slot]} bits")
        return 0


@cython.final
@cython.auto_pickle(False)
cdef class SlotIndex:
    """Digests with their rows sorted by slot values; answers are exact for whatever `Plan` says.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, n_bytes)
    widths : sequence of int
        Bits of each slot; no slots at all is allowed.
    starts, ids : ndarray of uint32
        From `build_slots`.
    disabled : ndarray of uint8 or None
        One bit a row, least significant first: 1 = never returned.
    blocks : Blocks or None
        The mapped file that all arrays but `disabled` lie in.
    level : int
        Instruction level to force; -1 takes the widest. All give the same answers.

    Notes
    -----
    Safe to share between threads; searches run without the GIL.
    """

    cdef sh_index ix
    cdef object _digests, _starts, _ids, _disabled
    cdef Blocks _blocks
    cdef readonly tuple widths

    def __cinit__(self, const uint8_t[:, ::1] digests not None, widths, const uint32_t[::1] starts not None,
                  const uint32_t[::1] ids not None, *, const uint8_t[::1] disabled=None, Blocks blocks=None,
                  int level=-1):
        cdef Py_ssize_t n = digests.shape[0]
        cdef int64_t at = 0
        cdef int offset = 0, slot
        self.widths = tuple(widths)
        _check_widths(self.widths, digests.shape[1])
        memset(&self.ix, 0, sizeof(self.ix))
        self.ix.perm = _permutation(digests.shape[1])
        self.ix.searchers = sh_searchers_at(checked_level(level))
        for slot, width in enumerate(self.widths):
            self.ix.offset[slot] = offset
            self.ix.width[slot] = width
            self.ix.start_at[slot] = at
            offset += width
            at += (<int64_t>1 << <int>width) + 1
        if n >= 0xFFFFFFFF or starts.shape[0] != at or ids.shape[0] != n * len(self.widths):
            raise ValueError(f"slots of {self.widths} bits over {n} digests do not fit "
                             f"{starts.shape[0]} starts and {ids.shape[0]} ids")
        if disabled is not None and disabled.shape[0] != (n + 7) // 8:
            raise ValueError(f"a bit for each of {n} rows needs {(n + 7) // 8} bytes")
        if at:
            check_aligned(&starts[0], sizeof(uint32_t), "starts")
        if ids.shape[0]:
            check_aligned(&ids[0], sizeof(uint32_t), "ids")
        if blocks is not None:
            check_inside(&digests[0, 0] if n else NULL, digests.nbytes, blocks.file.base, blocks.file.n_bytes, "digests")
            check_inside(&starts[0] if at else NULL, starts.nbytes, blocks.file.base, blocks.file.n_bytes, "starts")
            check_inside(&ids[0] if ids.shape[0] else NULL, ids.nbytes, blocks.file.base, blocks.file.n_bytes, "ids")
        self._digests, self._starts, self._ids = digests, starts, ids
        self._disabled, self._blocks = disabled, blocks
        self.ix.n = n
        self.ix.n_bytes = digests.shape[1]
        self.ix.n_slots = len(self.widths)
        self.ix.digests = &digests[0, 0] if n else NULL
        self.ix.starts = &starts[0] if at else NULL
        self.ix.ids = &ids[0] if ids.shape[0] else NULL
        self.ix.disabled = &disabled[0] if disabled is not None and n else NULL
        self.ix.file = &blocks.file if blocks is not None else NULL

    cdef int _raise(self, int status) except -1:
        if status == SH_NO_MEMORY:
            raise MemoryError("no memory for the rows found")
        if self._blocks is None:
            raise ValueError("the slot arrays do not belong to these digests")
        raise self._blocks.misplaced() if status == SH_BAD_POSITION else self._blocks.damage()

    cdef int _check(self, const uint8_t[:, ::1] queries, Plan plan) except -1:
        if queries.shape[1] != self.ix.n_bytes:
            raise ValueError(f"queries have shape (n, {self.ix.n_bytes}), not "
                             f"({queries.shape[0]}, {queries.shape[1]})")
        return plan.check_for(&self.ix)

    def search(self, const uint8_t[:, ::1] queries not None, Plan plan not None, int max_distance):
        """Return (offsets int64, rows int64, distances int32) of all rows within `max_distance` of each query."""
        cdef Py_ssize_t n_queries = queries.shape[0], query, i
        cdef int status = SH_OK
        cdef sh_hits hits
        cdef int64_t[::1] limits, found
        cdef int32_t[::1] far
        self._check(queries, plan)
        offsets = np.zeros(n_queries + 1, np.int64)
        limits = offsets
        memset(&hits, 0, sizeof(hits))
        try:
            with nogil:
                for query in range(n_queries):
                    status = sh_search(&self.ix, &plan.plan, &queries[query, 0], max_distance, &hits)
                    if status:
                        break
                    limits[query + 1] = hits.n
            if status:
                self._raise(status)
            rows = np.empty(hits.n, np.int64)
            distances = np.empty(hits.n, np.int32)
            found, far = rows, distances
            for i in range(hits.n):
                found[i] = <int64_t>(hits.keys[i] & 0xFFFFFFFF)
                far[i] = <int32_t>(hits.keys[i] >> 32)
        finally:
            free(hits.keys)
        return offsets, rows, distances

    def search_one(self, const uint8_t[::1] query not None, Plan plan not None, int max_distance):
        """Return a list of (row, distance): `search` for one query, with less around it."""
        cdef int status
        cdef sh_hits hits
        cdef Py_ssize_t i
        if query.shape[0] != self.ix.n_bytes:
            raise ValueError(f"a query has {self.ix.n_bytes} bytes, not {query.shape[0]}")
        plan.check_for(&self.ix)
        memset(&hits, 0, sizeof(hits))
        try:
            with nogil:
                status = sh_search(&self.ix, &plan.plan, &query[0], max_distance, &hits)
            if status:
                self._raise(status)
            return [(hits.keys[i] & 0xFFFFFFFF, hits.keys[i] >> 32) for i in range(hits.n)]
        finally:
            free(hits.keys)

    def seed(self, const uint8_t[:, ::1] queries not None, Plan plan not None, int max_distance, int min_shared,
             const uint8_t[:, ::1] doubts=None):
        """Return (rows int64, distances int32, queries int64, shared int32, hits int32), one each row found.

        `doubts`, of the shape of `queries`, has a bit set where a query's is doubtful: turned over, six of a slot at
        most and one at a time, they lead to rows, too. Only a plan of one mask a slot, 0, has them.
        """
        cdef const uint8_t* doubtful = NULL
        cdef Py_ssize_t n_queries = queries.shape[0]
        cdef int status = SH_OK
        cdef sh_hits hits
        cdef int64_t i, n_pairs, n_rows = 0, at = -1
        cdef uint64_t key, row, last = <uint64_t>-1, last_query = <uint64_t>-1
        cdef int shared
        cdef int64_t[::1] out_rows, out_queries
        cdef int32_t[::1] out_distances, out_shared, out_hits
        self._check(queries, plan)
        if doubts is not None:
            if doubts.shape[0] != n_queries or doubts.shape[1] != self.ix.n_bytes:
                raise ValueError(f"{doubts.shape[0]} x {doubts.shape[1]} bytes of doubts for {n_queries} queries")
            if n_queries:
                doubtful = &doubts[0, 0]
        memset(&hits, 0, sizeof(hits))
        try:
            with nogil:
                if self.ix.n and n_queries:
                    status = sh_seed(&self.ix, &plan.plan, &queries[0, 0], doubtful, n_queries, max_distance, &hits)
                n_pairs = hits.n // 2
                if not status:
                    sh_sort_pairs(hits.keys, n_pairs)
                    for i in range(n_pairs):
                        if <int>(hits.keys[2 * i] & 0xFFFF) >= min_shared and (hits.keys[2 * i] >> 32) != last:
                            last = hits.keys[2 * i] >> 32
                            n_rows += 1
            if status:
                self._raise(status)
            rows, at_query = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
            distances, in_common = np.empty(n_rows, np.int32), np.empty(n_rows, np.int32)
            n_hits = np.zeros(n_rows, np.int32)
            out_rows, out_queries = rows, at_query
            out_distances, out_shared, out_hits = distances, in_common, n_hits
            last = <uint64_t>-1
            for i in range(n_pairs):
                key = hits.keys[2 * i]
                shared = <int>(key & 0xFFFF)
                if shared < min_shared:
                    continue
                row = key >> 32
                if row != last:  # the first of a row has its smallest distance
                    at += 1
                    out_rows[at] = <int64_t>row
                    out_distances[at] = <int32_t>(key >> 16 & 0xFFFF)
                    out_queries[at] = <int64_t>hits.keys[2 * i + 1]
                    out_shared[at] = shared
                elif hits.keys[2 * i + 1] == last_query:
                    continue  # the same query, found through another slot
                last, last_query = row, hits.keys[2 * i + 1]
                out_hits[at] += 1
        finally:
            free(hits.keys)
        return rows, distances, at_query, in_common, n_hits


cdef int _check_widths(tuple widths, Py_ssize_t n_bytes) except -1:
    if (len(widths) > SH_MAX_SLOTS or not all([type(each) is int and 1 <= each <= 28 for each in widths])
            or sum(widths) > 8 * n_bytes):
        raise ValueError(f"slots of {widths} bits do not fit digests of {8 * n_bytes}")
    return 0


include "_c/_slots.pxi"
