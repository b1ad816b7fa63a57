/* Exact search for digests within a Hamming radius: the kernels, in plain C.
 *
 * Cython cannot express prefetch, run-time choice of instructions, or one body compiled several times.
 * Nothing here holds the GIL, touches Python, or trusts what it reads from a mapped file: every position read
 * from the slot arrays is compared with the array it points into, and every block of a mapped file is checked
 * against its checksum before its first use.
 *
 * The structure (docs/matching.md, "Exact search within a radius"). A fixed permutation spreads neighbouring
 * bits of a digest apart; the permuted digest is cut into slots. For each slot, rows are counting-sorted by the
 * slot's value: starts[value] .. starts[value + 1] delimit the rows in ids. With radii r_s whose sum over the
 * slots of (r_s + 1) exceeds d, any digest within d of the query is within r_s in some slot s.
 */
#ifndef SAFEHASH_SEARCH_H
#define SAFEHASH_SEARCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define SH_INLINE static inline __attribute__((always_inline))
#define SH_PREFETCH(address) __builtin_prefetch((address), 0, 3)
#define SH_RARE(condition) __builtin_expect(!!(condition), 0)
#define SH_ALIGNED(n_bytes) __attribute__((aligned(n_bytes)))
#else
#define SH_INLINE static __forceinline
#define SH_RARE(condition) (condition)
#define SH_ALIGNED(n_bytes) __declspec(align(n_bytes))
#include <intrin.h>
#if defined(_M_X64)
#define SH_PREFETCH(address) _mm_prefetch((const char*)(address), _MM_HINT_T0)
#else
#define SH_PREFETCH(address) ((void)(address))
#endif
#endif

/* Functions for instructions beyond the baseline are chosen at import through ordinary pointers: musl has no
 * ifunc, so target_clones would not load there. */
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define SH_X86 1
#include <immintrin.h>
#define SH_TARGET_POPCNT __attribute__((target("popcnt")))
#define SH_TARGET_WIDE __attribute__((target("popcnt,avx512f,avx512vl,avx512bw,avx512dq,avx512vpopcntdq")))
#else
#define SH_X86 0
#define SH_TARGET_POPCNT
#endif

#define SH_MAX_SLOTS 40
#define SH_MAX_WORDS 4 /* of 64 bits in a digest */
#define SH_BLOCK_BITS 12 /* a mapped file is checked in blocks of 4 KiB */

enum { SH_OK = 0, SH_NO_MEMORY = -1, SH_BAD_BLOCK = -2, SH_BAD_POSITION = -3, SH_TOO_MANY = 1 };
enum { SH_SCALAR = 0, SH_POPCNT = 1, SH_WIDE = 2 };

/* ---- checksum: XXH64 with seed 0, after its published specification ---- */

#define SH_P1 0x9E3779B185EBCA87ULL
#define SH_P2 0xC2B2AE3D27D4EB4FULL
#define SH_P3 0x165667B19E3779F9ULL
#define SH_P4 0x85EBCA77C2B2AE63ULL
#define SH_P5 0x27D4EB2F165667C5ULL

SH_INLINE uint64_t sh_rotl(uint64_t value, int by) { return (value << by) | (value >> (64 - by)); }
SH_INLINE uint64_t sh_load64(const uint8_t* at) { uint64_t value; memcpy(&value, at, 8); return value; }
SH_INLINE uint32_t sh_load32(const uint8_t* at) { uint32_t value; memcpy(&value, at, 4); return value; }
SH_INLINE uint64_t sh_round(uint64_t lane, uint64_t input) { return sh_rotl(lane + input * SH_P2, 31) * SH_P1; }
SH_INLINE uint64_t sh_fold(uint64_t hash, uint64_t lane) { return (hash ^ sh_round(0, lane)) * SH_P1 + SH_P4; }

static uint64_t sh_checksum(const uint8_t* data, size_t n_bytes) {
    const uint8_t* at = data;
    const uint8_t* end = data + n_bytes;
    uint64_t hash = SH_P5;
    if (n_bytes >= 32) {
        uint64_t a = SH_P1 + SH_P2, b = SH_P2, c = 0, d = 0 - SH_P1;
        for (; at + 32 <= end; at += 32) {
            a = sh_round(a, sh_load64(at));
            b = sh_round(b, sh_load64(at + 8));
            c = sh_round(c, sh_load64(at + 16));
            d = sh_round(d, sh_load64(at + 24));
        }
        hash = sh_rotl(a, 1) + sh_rotl(b, 7) + sh_rotl(c, 12) + sh_rotl(d, 18);
        hash = sh_fold(sh_fold(sh_fold(sh_fold(hash, a), b), c), d);
    }
    hash += (uint64_t)n_bytes;
    for (; at + 8 <= end; at += 8) hash = sh_rotl(hash ^ sh_round(0, sh_load64(at)), 27) * SH_P1 + SH_P4;
    if (at + 4 <= end) {
        hash = sh_rotl(hash ^ (uint64_t)sh_load32(at) * SH_P1, 23) * SH_P2 + SH_P3;
        at += 4;
    }
    for (; at < end; at++) hash = sh_rotl(hash ^ *at * SH_P5, 11) * SH_P1;
    hash = (hash ^ (hash >> 33)) * SH_P2;
    hash = (hash ^ (hash >> 29)) * SH_P3;
    return hash ^ (hash >> 32);
}

/* ---- a mapped file whose blocks are checked before their first use ---- */

typedef struct {
    const uint8_t* base;
    size_t n_bytes;
    const uint64_t* sums;        /* one checksum a block */
    volatile uint8_t* verified;  /* one byte a block; two threads may both check a block, and both write 1 */
    volatile int64_t* bad_block; /* where damage was met */
} sh_file;

static int sh_verify_block(const sh_file* file, size_t block) {
    size_t start = block << SH_BLOCK_BITS;
    size_t size = file->n_bytes - start;
    if (size > ((size_t)1 << SH_BLOCK_BITS)) size = (size_t)1 << SH_BLOCK_BITS;
    if (sh_checksum(file->base + start, size) != file->sums[block]) {
        *file->bad_block = (int64_t)block;
        return SH_BAD_BLOCK;
    }
    file->verified[block] = 1;
    return SH_OK;
}

/* Check the blocks of `n_bytes` bytes at `address`; a NULL file means memory that is not from a file. */
SH_INLINE int sh_touch(const sh_file* file, const void* address, size_t n_bytes) {
    size_t at, first, last;
    if (!file) return SH_OK;
    at = (size_t)((const uint8_t*)address - file->base);
    first = at >> SH_BLOCK_BITS;
    last = (at + n_bytes - 1) >> SH_BLOCK_BITS;
    for (; first <= last; first++)
        if (SH_RARE(!file->verified[first]) && sh_verify_block(file, first)) return SH_BAD_BLOCK;
    return SH_OK;
}

/* ---- population count ---- */

SH_INLINE int sh_swar(uint64_t bits) {
    bits -= (bits >> 1) & 0x5555555555555555ULL;
    bits = (bits & 0x3333333333333333ULL) + ((bits >> 2) & 0x3333333333333333ULL);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    return (int)((bits * 0x0101010101010101ULL) >> 56);
}

/* `hardware` is a constant wherever this is inlined. On aarch64 the builtin is NEON's cnt. */
SH_INLINE int sh_popcount(uint64_t bits, int hardware) {
#if defined(__GNUC__) || defined(__clang__)
    return hardware ? __builtin_popcountll(bits) : sh_swar(bits);
#elif defined(_M_X64)
    return hardware ? (int)__popcnt64(bits) : sh_swar(bits);
#else
    return sh_swar(bits);
#endif
}

/* Distance of two digests of `n_bytes` bytes (8, 32: constants; else any length), or any number above
 * `max_distance` as soon as it is exceeded. */
SH_INLINE int sh_distance(const uint8_t* one, const uint8_t* two, int n_bytes, int max_distance, int hardware) {
    int at, distance = 0;
    if (n_bytes == 32) {
        distance = sh_popcount(sh_load64(one) ^ sh_load64(two), hardware) +
                   sh_popcount(sh_load64(one + 8) ^ sh_load64(two + 8), hardware);
        if (distance > max_distance) return distance;
        return distance + sh_popcount(sh_load64(one + 16) ^ sh_load64(two + 16), hardware) +
               sh_popcount(sh_load64(one + 24) ^ sh_load64(two + 24), hardware);
    }
    for (at = 0; at + 8 <= n_bytes; at += 8)
        distance += sh_popcount(sh_load64(one + at) ^ sh_load64(two + at), hardware);
    if (at < n_bytes) distance += sh_popcount(sh_load32(one + at) ^ sh_load32(two + at), hardware);
    return distance;
}

/* ---- the permutation that spreads neighbouring bits ---- */

/* Bit p of the permuted digest is bit (p * step) % n_bits of the digest. Applied with a table: for every
 * nibble of the digest and each of its 16 values, the permuted words it contributes. */
typedef struct {
    /* 32 KiB: stays in the first-level cache while an index is built. */
    SH_ALIGNED(32) uint64_t part[64][16][SH_MAX_WORDS];
    int n_bytes;
} sh_permutation;

static void sh_fill_permutation(sh_permutation* perm, int n_bytes, int step) {
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

/* ---- the index ---- */

typedef struct {
    const uint8_t* digests; /* n x n_bytes */
    const uint8_t* disabled; /* bit row % 8 of byte row / 8: 1 = never returned; or NULL */
    const uint32_t* starts; /* slot after slot, (1 << width) + 1 each */
    const uint32_t* ids;    /* n_slots x n */
    const sh_permutation* perm;
    const sh_file* file;    /* NULL unless the arrays above are mapped */
    int64_t n;
    int n_bytes, n_slots;
    int offset[SH_MAX_SLOTS], width[SH_MAX_SLOTS];
    int64_t start_at[SH_MAX_SLOTS];
} sh_index;

/* How one radius is answered: for each slot, which differences of the slot's value to look at. */
typedef struct {
    int scan;                           /* look at every digest instead */
    int64_t max_candidates;             /* with more than these, looking at every digest is cheaper */
    int64_t max_bucket;                 /* seeds: rows taken of one bucket */
    int radius[SH_MAX_SLOTS];           /* -1: the slot is not needed */
    const uint32_t* masks[SH_MAX_SLOTS];
    int n_masks[SH_MAX_SLOTS];
} sh_plan;

/* What was found. A range search stores distance << 32 | row. A seed search stores pairs of words:
 * row << 32 | distance << 16 | shared, and the query. */
typedef struct {
    uint64_t* keys;
    int64_t n, room;
} sh_hits;

SH_INLINE int sh_push(sh_hits* hits, uint64_t key) {
    if (SH_RARE(hits->n == hits->room)) {
        int64_t room = hits->room ? 2 * hits->room : 256;
        uint64_t* keys = (uint64_t*)realloc(hits->keys, (size_t)room * sizeof *keys);
        if (!keys) return SH_NO_MEMORY;
        hits->keys = keys;
        hits->room = room;
    }
    hits->keys[hits->n++] = key;
    return SH_OK;
}

SH_INLINE int sh_is_disabled(const sh_index* ix, uint32_t row) {
    return ix->disabled && (ix->disabled[row >> 3] >> (row & 7) & 1);
}

static int sh_compare_keys(const void* one, const void* two) {
    uint64_t a = *(const uint64_t*)one, b = *(const uint64_t*)two;
    return (a > b) - (a < b);
}

static void sh_sort(uint64_t* keys, int64_t n) {
    int64_t i, j;
    if (n > 24) {
        qsort(keys, (size_t)n, sizeof *keys, sh_compare_keys);
        return;
    }
    for (i = 1; i < n; i++) {
        uint64_t key = keys[i];
        for (j = i; j > 0 && keys[j - 1] > key; j--) keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

/* Pairs of words, by the first, then the second. */
static int sh_compare_pairs(const void* one, const void* two) {
    int by_first = sh_compare_keys(one, two);
    return by_first ? by_first : sh_compare_keys((const uint64_t*)one + 1, (const uint64_t*)two + 1);
}

static void sh_sort_pairs(uint64_t* keys, int64_t n_pairs) {
    if (n_pairs > 1) qsort(keys, (size_t)n_pairs, 2 * sizeof *keys, sh_compare_pairs);
}

/* ---- looking at every digest ---- */

SH_INLINE int sh_scan_body(const sh_index* ix, const uint8_t* query, int max_distance, sh_hits* hits, int n_bytes,
                           int hardware) {
    int64_t row;
    for (row = 0; row < ix->n; row++) {
        int distance = sh_distance(query, ix->digests + row * n_bytes, n_bytes, max_distance, hardware);
        if (SH_RARE(distance <= max_distance) && !sh_is_disabled(ix, (uint32_t)row) &&
            sh_push(hits, (uint64_t)distance << 32 | (uint64_t)row))
            return SH_NO_MEMORY;
    }
    return SH_OK;
}

#define SH_SIZES(body, ix, ...) \
    ((ix)->n_bytes == 32 ? body(ix, __VA_ARGS__, 32, SH_HARDWARE) \
     : (ix)->n_bytes == 8 ? body(ix, __VA_ARGS__, 8, SH_HARDWARE) \
                          : body(ix, __VA_ARGS__, (ix)->n_bytes, SH_HARDWARE))

#define SH_HARDWARE 0
static int sh_scan_scalar(const sh_index* ix, const uint8_t* query, int max_distance, sh_hits* hits) {
    return SH_SIZES(sh_scan_body, ix, query, max_distance, hits);
}
#undef SH_HARDWARE
#define SH_HARDWARE 1
SH_TARGET_POPCNT static int sh_scan_popcnt(const sh_index* ix, const uint8_t* query, int max_distance, sh_hits* hits) {
    return SH_SIZES(sh_scan_body, ix, query, max_distance, hits);
}
#undef SH_HARDWARE

#if SH_X86
/* Four digests at a time. Their first halves are counted together; only where one of the four is still within
 * the radius are the rest looked at, which random digests never are. */
SH_TARGET_WIDE static int sh_scan_wide(const sh_index* ix, const uint8_t* query, int max_distance, sh_hits* hits) {
    int64_t row = 0;
    if (ix->n_bytes == 32) {
        const __m256i four = _mm256_loadu_si256((const __m256i*)query);
        const __m512i wanted = _mm512_broadcast_i64x4(four);
        const __m512i limit = _mm512_set1_epi64(max_distance);
        const __m512i even = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13);
        const __m512i halves = _mm512_permutex2var_epi64(wanted, even, wanted);
        for (; row + 4 <= ix->n; row += 4) {
            const uint8_t* at = ix->digests + row * 32;
            __m512i one = _mm512_loadu_si512(at), two = _mm512_loadu_si512(at + 64);
            __m512i first = _mm512_permutex2var_epi64(one, even, two); /* words 0 and 1 of each of the four */
            __m512i bits = _mm512_popcnt_epi64(_mm512_xor_si512(first, halves));
            bits = _mm512_add_epi64(bits, _mm512_permutex_epi64(bits, 0xB1)); /* word 0 + word 1, twice each */
            if (SH_RARE(_mm512_cmple_epi64_mask(bits, limit))) {
                int64_t near;
                for (near = row; near < row + 4; near++) {
                    int distance = sh_distance(query, ix->digests + near * 32, 32, max_distance, 1);
                    if (distance <= max_distance && !sh_is_disabled(ix, (uint32_t)near) &&
                        sh_push(hits, (uint64_t)distance << 32 | (uint64_t)near))
                        return SH_NO_MEMORY;
                }
            }
        }
    }
    if (ix->n_bytes == 8) {
        const __m512i wanted = _mm512_set1_epi64((long long)sh_load64(query));
        const __m512i limit = _mm512_set1_epi64(max_distance);
        for (; row + 8 <= ix->n; row += 8) {
            __m512i eight = _mm512_loadu_si512(ix->digests + row * 8);
            __m512i bits = _mm512_popcnt_epi64(_mm512_xor_si512(eight, wanted));
            int near, within = _mm512_cmple_epi64_mask(bits, limit);
            for (near = 0; SH_RARE(within >> near); near++)
                if (within >> near & 1 && !sh_is_disabled(ix, (uint32_t)(row + near)) &&
                    sh_push(hits, (uint64_t)sh_distance(query, ix->digests + (row + near) * 8, 8, 64, 1) << 32 |
                                      (uint64_t)(row + near)))
                    return SH_NO_MEMORY;
        }
    }
    for (; row < ix->n; row++) {
        int distance = sh_distance(query, ix->digests + row * ix->n_bytes, ix->n_bytes, max_distance, 1);
        if (distance <= max_distance && !sh_is_disabled(ix, (uint32_t)row) &&
            sh_push(hits, (uint64_t)distance << 32 | (uint64_t)row))
            return SH_NO_MEMORY;
    }
    return SH_OK;
}
#endif

/* ---- looking at the buckets near the query ---- */

#define SH_GROUP 64  /* buckets handled together: enough cache misses under way, few enough to stay in cache */
#define SH_QUEUE 256 /* candidates whose digests are on their way */
#define SH_AHEAD 12  /* candidates of a large bucket fetched ahead */

typedef struct { int slot, first, n; } sh_group; /* `n` masks of one slot, from `first` */

SH_INLINE int sh_next_group(const sh_index* ix, const sh_plan* plan, sh_group* group) {
    group->first += group->n;
    while (group->slot < ix->n_slots &&
           (plan->radius[group->slot] < 0 || group->first >= plan->n_masks[group->slot])) {
        group->slot++;
        group->first = 0;
    }
    if (group->slot >= ix->n_slots) { group->n = 0; return 0; }
    group->n = plan->n_masks[group->slot] - group->first;
    if (group->n > SH_GROUP) group->n = SH_GROUP;
    return 1;
}

/* One candidate row of one slot. In range mode a row is reported only by the first slot that finds it. In seed
 * mode every slot that finds it does, with the number of slots that could; the caller removes repetitions. */
SH_INLINE int sh_consider(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int64_t query_number,
                          int slot, uint32_t row, int max_distance, sh_hits* hits, int seeds, int n_bytes,
                          int hardware) {
    const uint8_t* digest = ix->digests + (size_t)row * n_bytes;
    uint64_t difference[SH_MAX_WORDS], permuted[SH_MAX_WORDS + 1];
    int distance, other, shared = 0;
    if (sh_touch(ix->file, digest, n_bytes)) return SH_BAD_BLOCK;
    distance = sh_distance(query, digest, n_bytes, max_distance, hardware);
    if (!SH_RARE(distance <= max_distance) || sh_is_disabled(ix, row)) return SH_OK;
    for (other = 0; other < n_bytes; other++) ((uint8_t*)difference)[other] = query[other] ^ digest[other];
    sh_permute(ix->perm, (const uint8_t*)difference, permuted);
    for (other = 0; other < (seeds ? ix->n_slots : slot); other++) {
        if (plan->radius[other] < 0 ||
            sh_popcount(sh_slot(permuted, ix->offset[other], ix->width[other]), hardware) > plan->radius[other])
            continue;
        if (!seeds) return SH_OK;
        shared++;
    }
    if (!seeds) return sh_push(hits, (uint64_t)distance << 32 | row);
    if (sh_push(hits, (uint64_t)row << 32 | (uint64_t)distance << 16 | (uint64_t)shared)) return SH_NO_MEMORY;
    return sh_push(hits, (uint64_t)query_number);
}

/* Four stages run one group apart, so that each one's cache misses overlap the others' work:
 * ask for the bucket limits / read them and ask for the ids / read those and ask for the digests / compare. */
SH_INLINE int sh_probe_body(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int64_t query_number,
                            int max_distance, sh_hits* hits, int seeds, int n_bytes, int hardware) {
    uint64_t permuted[SH_MAX_WORDS + 1];
    uint32_t value[SH_MAX_SLOTS];
    uint32_t low[2][SH_GROUP], high[2][SH_GROUP]; /* limits of the non-empty buckets of a group */
    uint32_t queue[2][SH_QUEUE];
    int n_buckets[2] = {0, 0}, n_queued[2] = {0, 0}, slot_of[2] = {0, 0}, queue_slot[2] = {0, 0};
    sh_group asked = {0, 0, 0}, reading;
    int64_t n_candidates = 0;
    int slot, i, step, more, status, active;

    sh_permute(ix->perm, query, permuted);
    for (slot = 0; slot < ix->n_slots; slot++) value[slot] = sh_slot(permuted, ix->offset[slot], ix->width[slot]);

    more = sh_next_group(ix, plan, &asked);
    for (i = 0; i < asked.n; i++)
        SH_PREFETCH(ix->starts + ix->start_at[asked.slot] + (value[asked.slot] ^ plan->masks[asked.slot][i]));
    for (step = 0, active = more ? 2 : 0; active; step ^= 1) {
        int was = step ^ 1;
        /* Read the limits asked for in the previous round; ask for the next group's before that. */
        reading = asked;
        if (more) {
            more = sh_next_group(ix, plan, &asked);
            for (i = 0; i < asked.n; i++)
                SH_PREFETCH(ix->starts + ix->start_at[asked.slot] +
                            (value[asked.slot] ^ plan->masks[asked.slot][asked.first + i]));
        } else {
            reading.n = 0;
            active--;
        }
        n_buckets[step] = 0;
        slot_of[step] = reading.slot;
        for (i = 0; i < reading.n; i++) {
            const uint32_t* limits = ix->starts + ix->start_at[reading.slot] +
                                     (value[reading.slot] ^ plan->masks[reading.slot][reading.first + i]);
            uint32_t first, end;
            if (sh_touch(ix->file, limits, 8)) return SH_BAD_BLOCK;
            first = limits[0];
            end = limits[1];
            if (first == end) continue;
            if (SH_RARE(first > end || end > (uint64_t)ix->n)) return SH_BAD_POSITION;
            if (seeds && end - first > (uint64_t)plan->max_bucket) end = first + (uint32_t)plan->max_bucket;
            n_candidates += end - first;
            SH_PREFETCH(ix->ids + reading.slot * ix->n + first);
            low[step][n_buckets[step]] = first;
            high[step][n_buckets[step]++] = end;
        }
        if (!seeds && SH_RARE(n_candidates > plan->max_candidates)) return SH_TOO_MANY;

        /* Read the ids asked for in the previous round, ask for their digests. */
        n_queued[step] = 0;
        queue_slot[step] = slot_of[was];
        for (i = 0; i < n_buckets[was]; i++) {
            const uint32_t* ids = ix->ids + slot_of[was] * ix->n;
            uint32_t at = low[was][i], end = high[was][i];
            if (sh_touch(ix->file, ids + at, (size_t)(end - at) * 4)) return SH_BAD_BLOCK;
            if (SH_RARE(end - at > (uint32_t)(SH_QUEUE - n_queued[step]))) {
                for (; at < end; at++) { /* does not fit: take this bucket on its own */
                    uint32_t ahead = ids[at + SH_AHEAD < end ? at + SH_AHEAD : end - 1], row = ids[at];
                    if (SH_RARE(ahead >= (uint64_t)ix->n || row >= (uint64_t)ix->n)) return SH_BAD_POSITION;
                    SH_PREFETCH(ix->digests + (size_t)ahead * n_bytes);
                    status = sh_consider(ix, plan, query, query_number, slot_of[was], row, max_distance, hits,
                                         seeds, n_bytes, hardware);
                    if (SH_RARE(status)) return status;
                }
                continue;
            }
            for (; at < end; at++) {
                uint32_t row = ids[at];
                if (SH_RARE(row >= (uint64_t)ix->n)) return SH_BAD_POSITION;
                SH_PREFETCH(ix->digests + (size_t)row * n_bytes);
                queue[step][n_queued[step]++] = row;
            }
        }

        /* Compare the digests asked for in the previous round. */
        for (i = 0; i < n_queued[was]; i++) {
            status = sh_consider(ix, plan, query, query_number, queue_slot[was], queue[was][i], max_distance, hits,
                                 seeds, n_bytes, hardware);
            if (SH_RARE(status)) return status;
        }
    }
    return SH_OK;
}

#define SH_PROBE_ARGUMENTS                                                                                \
    const sh_index *ix, const sh_plan *plan, const uint8_t *query, int64_t query_number, int max_distance, \
        sh_hits *hits

#define SH_HARDWARE 0
static int sh_range_scalar(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 0);
}
static int sh_seed_scalar(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 1);
}
#undef SH_HARDWARE
#define SH_HARDWARE 1
SH_TARGET_POPCNT static int sh_range_popcnt(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 0);
}
SH_TARGET_POPCNT static int sh_seed_popcnt(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 1);
}
#undef SH_HARDWARE

/* ---- run-time choice ---- */

static int (*sh_scan)(const sh_index*, const uint8_t*, int, sh_hits*) = sh_scan_scalar;
static int (*sh_range)(SH_PROBE_ARGUMENTS) = sh_range_scalar;
static int (*sh_seed)(SH_PROBE_ARGUMENTS) = sh_seed_scalar;

static int sh_widest_level(void) {
#if SH_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("popcnt")) return SH_SCALAR;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vpopcntdq"))
        return SH_WIDE;
    return SH_POPCNT;
#elif defined(_M_X64)
    int info[4];
    __cpuid(info, 1);
    return info[2] >> 23 & 1 ? SH_POPCNT : SH_SCALAR;
#else
    return SH_POPCNT; /* aarch64: cnt is part of the baseline; elsewhere the builtin is right, if slower */
#endif
}

static int sh_choose_level(int level) {
    int widest = sh_widest_level();
    if (level < 0 || level > widest) return -1;
    sh_scan = level == SH_SCALAR ? sh_scan_scalar : sh_scan_popcnt;
#if SH_X86
    if (level == SH_WIDE) sh_scan = sh_scan_wide;
#endif
    sh_range = level == SH_SCALAR ? sh_range_scalar : sh_range_popcnt;
    sh_seed = level == SH_SCALAR ? sh_seed_scalar : sh_seed_popcnt;
    return level;
}

/* Answer one query; its keys end up sorted by (distance, row) behind those already there. */
static int sh_search(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int max_distance,
                     sh_hits* hits) {
    int64_t first = hits->n;
    int status = SH_TOO_MANY;
    if (ix->n == 0) return SH_OK;
    if (!plan->scan) status = sh_range(ix, plan, query, 0, max_distance, hits);
    if (status == SH_TOO_MANY) {
        hits->n = first;
        if (sh_touch(ix->file, ix->digests, (size_t)ix->n * ix->n_bytes)) return SH_BAD_BLOCK;
        status = sh_scan(ix, query, max_distance, hits);
    }
    if (status == SH_OK) sh_sort(hits->keys + first, hits->n - first);
    return status;
}

/* ---- building ---- */

/* Counting-sort the rows of one slot by their `keys`. `starts`: (1 << width) + 1, `ids`: n, `pairs`: n, scratch.
 *
 * The counters of a wide slot do not fit the caches, so rows are first dealt into 256 parts by the key's upper
 * bits, in order; each part's counters and ids do fit. At 10 million rows that takes a third of the time. */
static void sh_build_slot(const uint32_t* keys, int64_t n, int width, uint32_t* starts, uint32_t* ids,
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
static void sh_slot_keys(const sh_permutation* perm, const uint8_t* digests, int64_t n, int n_slots,
                         const int* offset, const int* width, uint32_t* keys) {
    uint64_t words[SH_MAX_WORDS + 1];
    int64_t row;
    int slot;
    for (row = 0; row < n; row++) {
        sh_permute(perm, digests + row * perm->n_bytes, words);
        for (slot = 0; slot < n_slots; slot++) keys[slot * n + row] = sh_slot(words, offset[slot], width[slot]);
    }
}

/* Both of these build one slot from an older state of it, moving whole runs of buckets: in order, unlike
 * sh_build_slot. The older arrays may be mapped, so what they say is compared with where the arrays end. */

/* Add `n_added` rows, sorted by (key, row), whose numbers follow the old ones. */
static int sh_add_to_slot(const uint32_t* old_starts, const uint32_t* old_ids, int64_t n_old, int width,
                          const uint32_t* added_keys, const uint32_t* added_rows, int64_t n_added,
                          uint32_t* starts, uint32_t* ids) {
    int64_t bucket = 0, n_buckets = (int64_t)1 << width, next, at = 0;
    for (next = 0; next < n_added; next++) {
        int64_t end, key = added_keys[next];
        if (SH_RARE(key >= n_buckets)) return SH_BAD_POSITION;
        for (; bucket <= key; bucket++) starts[bucket] = old_starts[bucket] + (uint32_t)next;
        end = old_starts[key + 1];
        if (SH_RARE(end < at || end > n_old)) return SH_BAD_POSITION;
        if (end > at) memcpy(ids + at + next, old_ids + at, (size_t)(end - at) * sizeof *ids);
        ids[end + next] = added_rows[next];
        at = end;
    }
    for (; bucket <= n_buckets; bucket++) starts[bucket] = old_starts[bucket] + (uint32_t)n_added;
    if (n_old > at) memcpy(ids + at + n_added, old_ids + at, (size_t)(n_old - at) * sizeof *ids);
    return SH_OK;
}

/* Take `n_removed` rows, sorted by (key, row), out of a slot. The others are renumbered by how many before them
 * stay (`kept`: one bit a row; `rank`: how many stay before each 64). `ids`: n_old - n_removed. */
static int sh_take_from_slot(const uint32_t* old_starts, const uint32_t* old_ids, int64_t n_old, int width,
                             const uint64_t* kept, const uint32_t* rank, const uint32_t* removed_keys,
                             const uint32_t* removed_rows, int64_t n_removed, uint32_t* starts, uint32_t* ids) {
    int64_t bucket = 0, n_buckets = (int64_t)1 << width, next, at = 0;
    for (next = 0; next <= n_removed; next++) {
        int64_t key = n_buckets, low = n_old;
        if (next < n_removed) {
            int64_t high;
            key = removed_keys[next];
            if (SH_RARE(key >= n_buckets)) return SH_BAD_POSITION;
            low = old_starts[key];
            high = old_starts[key + 1];
            if (SH_RARE(low > high || high > n_old)) return SH_BAD_POSITION;
            while (low < high) { /* a bucket's rows ascend */
                int64_t middle = (low + high) / 2;
                if (old_ids[middle] < removed_rows[next]) low = middle + 1; else high = middle;
            }
            if (SH_RARE(low >= n_old || old_ids[low] != removed_rows[next])) return SH_BAD_POSITION;
        }
        if (SH_RARE(low < at || low - next > n_old - n_removed)) return SH_BAD_POSITION;
        for (; bucket <= key; bucket++) starts[bucket] = old_starts[bucket] - (uint32_t)next;
        for (; at < low; at++) {
            uint32_t row = old_ids[at];
            uint64_t below;
            if (SH_RARE(row >= (uint64_t)n_old)) return SH_BAD_POSITION;
            below = kept[row >> 6] & (((uint64_t)1 << (row & 63)) - 1);
            ids[at - next] = rank[row >> 6] + (uint32_t)sh_swar(below);
        }
        at = low + 1;
    }
    return SH_OK;
}

#endif
