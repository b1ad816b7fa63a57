/* Digests cut into slots, and for each slot the rows in the order of its value: built anew, or from an older state.
 *
 * A fixed permutation spreads neighbouring bits of a digest apart; the permuted digest is cut into slots. For each
 * slot, rows are counting-sorted by the slot's value: starts[value] .. starts[value + 1] delimit the rows in ids,
 * which ascend within a value.
 */
#ifndef SAFEHASH_SLOTS_H
#define SAFEHASH_SLOTS_H

#include "_bits.h"
#include "_status.h"

#define SH_MAX_SLOTS 40
#define SH_MAX_WORDS 4 /* of 64 bits in a digest */

/* ---- the permutation that spreads neighbouring bits ---- */

/* Bit p of the permuted digest is bit (p * step) % n_bits of the digest. Applied with a table: for every
 * nibble of the digest and each of its 16 values, the permuted words it contributes. */
typedef struct {
    /* 32 KiB: stays in the first-level cache while an index is built. */
    SH_ALIGNED(32) uint64_t part[64][16][SH_MAX_WORDS];
    int n_bytes;
} sh_permutation;

static inline void sh_fill_permutation(sh_permutation* perm, int n_bytes, int step) {
    int n_bits = 8 * n_bytes, position, value;
    memset(perm, 0, sizeof *perm);
    perm->n_bytes = n_bytes;
    for (position = 0; position < n_bits; position++) {
        int bit = (int)(((int64_t)position * step) % n_bits);
        for (value = 0; value < 16; value++)
            if (value >> (bit & 3) & 1)
                perm->part[bit >> 2][value][position >> 6] |= (uint64_t)1 << (position & 63);
    }
}

/* `out` has one word more than the digest, set to zero, so that a slot may be read across words. */
SH_INLINE void sh_permute(const sh_permutation* perm, const uint8_t* digest, uint64_t* out) {
    int at;
#if defined(__GNUC__) || defined(__clang__) /* two words at a time: three times as fast to build with */
    typedef uint64_t pair __attribute__((vector_size(16)));
    pair first = {0, 0}, second = {0, 0};
    for (at = 0; at < perm->n_bytes; at++) {
        const pair* low = (const pair*)perm->part[2 * at][digest[at] & 15];
        const pair* high = (const pair*)perm->part[2 * at + 1][digest[at] >> 4];
        first |= low[0] | high[0];
        second |= low[1] | high[1];
    }
    memcpy(out, &first, 16);
    memcpy(out + 2, &second, 16);
#else
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (at = 0; at < perm->n_bytes; at++) {
        const uint64_t* low = perm->part[2 * at][digest[at] & 15];
        const uint64_t* high = perm->part[2 * at + 1][digest[at] >> 4];
        a |= low[0] | high[0];
        b |= low[1] | high[1];
        c |= low[2] | high[2];
        d |= low[3] | high[3];
    }
    out[0] = a; out[1] = b; out[2] = c; out[3] = d;
#endif
    out[4] = 0;
}

SH_INLINE uint32_t sh_slot(const uint64_t* permuted, int offset, int width) {
    int word = offset >> 6, shift = offset & 63;
    uint64_t value = permuted[word] >> shift;
    if (shift) value |= permuted[word + 1] << (64 - shift);
    return (uint32_t)(value & (((uint64_t)1 << width) - 1));
}

/* ---- building ---- */

/* Counting-sort the rows of one slot by their `keys`. `starts`: (1 << width) + 1, `ids`: n, `pairs`: n, scratch.
 *
 * The counters of a wide slot do not fit the caches, so rows are first dealt into 256 parts by the key's upper
 * bits, in order; each part's counters and ids do fit. At 10 million rows that takes a third of the time. */
static inline void sh_build_slot(const uint32_t* keys, int64_t n, int width, uint32_t* starts, uint32_t* ids,
                          uint64_t* pairs) {
    int shift = width > 8 ? width - 8 : 0, part;
    int64_t first[257] = {0}, next[256], row, n_buckets = (int64_t)1 << shift, bucket;
    for (row = 0; row < n; row++) first[(keys[row] >> shift) + 1]++;
    for (part = 0; part < 256; part++) {
        first[part + 1] += first[part];
        next[part] = first[part];
    }
    for (row = 0; row < n; row++) pairs[next[keys[row] >> shift]++] = (uint64_t)keys[row] << 32 | (uint64_t)row;
    for (part = 0; part < 1 << (width - shift); part++) {
        uint32_t* of_part = starts + part * n_buckets;
        uint32_t total = (uint32_t)first[part], mask = (uint32_t)(n_buckets - 1);
        memset(of_part, 0, (size_t)n_buckets * sizeof *of_part);
        for (row = first[part]; row < first[part + 1]; row++) of_part[(uint32_t)(pairs[row] >> 32) & mask]++;
        for (bucket = 0; bucket < n_buckets; bucket++) { /* counts become first positions */
            uint32_t count = of_part[bucket];
            of_part[bucket] = total;
            total += count;
        }
        for (row = first[part]; row < first[part + 1]; row++) /* rows ascending, so each bucket's ids ascend */
            ids[of_part[(uint32_t)(pairs[row] >> 32) & mask]++] = (uint32_t)pairs[row];
        memmove(of_part + 1, of_part, ((size_t)n_buckets - 1) * sizeof *of_part); /* ends become starts */
        of_part[0] = (uint32_t)first[part];
    }
    starts[(int64_t)1 << width] = (uint32_t)n;
}

/* The value of every slot of every digest; `keys`: n_slots x n. */
static inline void sh_slot_keys(const sh_permutation* perm, const uint8_t* digests, int64_t n, int n_slots,
                         const int* offset, const int* width, uint32_t* keys) {
    uint64_t words[SH_MAX_WORDS + 1];
    int64_t row;
    int slot;
    for (row = 0; row < n; row++) {
        sh_permute(perm, digests + row * perm->n_bytes, words);
        for (slot = 0; slot < n_slots; slot++) keys[slot * n + row] = sh_slot(words, offset[slot], width[slot]);
    }
}

/* ---- building from an older state: whole runs of buckets are moved, in order, unlike in sh_build_slot ---- */

/* The older arrays may be mapped, so what they say is compared with where the arrays end.
 *
 * `kept` has one word for each 32 old rows: below, which of them stay; above, how many before them do. One load
 * then gives a row's new number, and the words of a million rows fit the second-level cache. */
#define SH_KEPT_SHIFT 5

SH_INLINE int sh_renumber_body(const uint64_t* kept, const uint32_t* old_ids, int64_t n, int64_t n_old, uint32_t* ids,
                               int hardware) {
    int64_t at;
    for (at = 0; at < n; at++) {
        uint32_t row = old_ids[at];
        uint64_t word;
        if (SH_RARE(row >= (uint64_t)n_old)) return SH_BAD_POSITION;
        word = kept[row >> SH_KEPT_SHIFT];
        ids[at] = (uint32_t)(word >> 32) +
                  (uint32_t)sh_popcount(word & (((uint64_t)1 << (row & 31)) - 1), hardware);
    }
    return SH_OK;
}

static int sh_renumber_scalar(const uint64_t* kept, const uint32_t* old_ids, int64_t n, int64_t n_old,
                              uint32_t* ids) {
    return sh_renumber_body(kept, old_ids, n, n_old, ids, 0);
}
SH_TARGET_POPCNT static int sh_renumber_popcnt(const uint64_t* kept, const uint32_t* old_ids, int64_t n,
                                               int64_t n_old, uint32_t* ids) {
    return sh_renumber_body(kept, old_ids, n, n_old, ids, 1);
}

#if SH_X86
SH_TARGET_VPOPCNT static int sh_renumber_vpopcnt(const uint64_t* kept, const uint32_t* old_ids, int64_t n, int64_t n_old,
                                           uint32_t* ids) {
    const __m256i last = _mm256_set1_epi32((int)(uint32_t)(n_old - 1)), low = _mm256_set1_epi32(31);
    const __m512i one = _mm512_set1_epi64(1);
    int64_t at = 0;
    for (; at + 8 <= n; at += 8) {
        __m256i rows = _mm256_loadu_si256((const __m256i*)(old_ids + at));
        __m512i words, below;
        if (SH_RARE(_mm256_cmpgt_epu32_mask(rows, last))) return SH_BAD_POSITION;
        words = _mm512_i32gather_epi64(_mm256_srli_epi32(rows, SH_KEPT_SHIFT), (const void*)kept, 8);
        below = _mm512_sllv_epi64(one, _mm512_cvtepu32_epi64(_mm256_and_si256(rows, low)));
        below = _mm512_popcnt_epi64(_mm512_and_si512(words, _mm512_sub_epi64(below, one)));
        _mm256_storeu_si256((__m256i*)(ids + at),
                            _mm512_cvtepi64_epi32(_mm512_add_epi64(_mm512_srli_epi64(words, 32), below)));
    }
    return sh_renumber_body(kept, old_ids + at, n - at, n_old, ids + at, 1);
}
#endif

typedef int (*sh_renumberer)(const uint64_t*, const uint32_t*, int64_t, int64_t, uint32_t*);

static inline sh_renumberer sh_renumberer_at(int level) {
#if SH_X86
    if (level >= SH_VPOPCNT) return sh_renumber_vpopcnt;
#endif
    return level >= SH_POPCNT ? sh_renumber_popcnt : sh_renumber_scalar;
}

SH_INLINE int sh_move_run(sh_renumberer renumber, const uint64_t* kept, const uint32_t* old_ids, int64_t n,
                          int64_t n_old, uint32_t* ids) {
    if (n == 0) return SH_OK;
    if (kept) return renumber(kept, old_ids, n, n_old, ids);
    memcpy(ids, old_ids, (size_t)n * sizeof *ids);
    return SH_OK;
}

/* Take `n_removed` rows out of a slot and add `n_added`, both sorted by (key, row). Rows that stay get their new
 * number from `kept` (NULL: they keep theirs); those added have new numbers, which follow all of these.
 * `ids`: n_old - n_removed + n_added. */
static inline int sh_merge_slot(sh_renumberer renumber, const uint32_t* old_starts, const uint32_t* old_ids,
                                int64_t n_old, int width, const uint64_t* kept, const uint32_t* removed_keys,
                                const uint32_t* removed_rows, int64_t n_removed, const uint32_t* added_keys,
                                const uint32_t* added_rows, int64_t n_added, uint32_t* starts, uint32_t* ids) {
    int64_t n_buckets = (int64_t)1 << width, bucket = 0;
    int64_t at = 0;                     /* of the old ids, how many were read */
    int64_t removed = 0, added = 0;     /* how many of each were dealt with */
    int64_t n_new = n_old - n_removed + n_added;
    while (removed < n_removed || added < n_added) {
        int is_removed = added == n_added || (removed < n_removed && removed_keys[removed] <= added_keys[added]);
        int64_t key = is_removed ? removed_keys[removed] : added_keys[added], end;
        if (SH_RARE(key >= n_buckets)) return SH_BAD_POSITION;
        for (; bucket <= key; bucket++) starts[bucket] = old_starts[bucket] + (uint32_t)(added - removed);
        end = old_starts[key + 1];
        if (SH_RARE(end > n_old)) return SH_BAD_POSITION;
        if (is_removed) {
            int64_t low = old_starts[key], high = end;
            if (SH_RARE(low > high)) return SH_BAD_POSITION;
            while (low < high) { /* a bucket's rows ascend */
                int64_t middle = (low + high) / 2;
                if (old_ids[middle] < removed_rows[removed]) low = middle + 1; else high = middle;
            }
            if (SH_RARE(low >= n_old || old_ids[low] != removed_rows[removed])) return SH_BAD_POSITION;
            end = low;
        }
        if (SH_RARE(end < at || end - removed + added >= n_new + is_removed)) return SH_BAD_POSITION;
        if (sh_move_run(renumber, kept, old_ids + at, end - at, n_old, ids + at - removed + added))
            return SH_BAD_POSITION;
        at = end;
        if (is_removed) {
            at++;
            removed++;
        } else {
            ids[at - removed + added] = added_rows[added];
            added++;
        }
    }
    for (; bucket <= n_buckets; bucket++) starts[bucket] = old_starts[bucket] + (uint32_t)(n_added - n_removed);
    return sh_move_run(renumber, kept, old_ids + at, n_old - at, n_old, ids + at - n_removed + n_added);
}

#endif
