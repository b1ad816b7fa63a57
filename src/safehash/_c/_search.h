/* Exact search for digests within a Hamming radius: the kernels, in plain C.
 *
 * Cython cannot express prefetch, instructions beyond the baseline, or one body compiled several times.
 * Nothing here holds the GIL, touches Python, or trusts what it reads from a mapped file: every position read
 * from the slot arrays is compared with the array it points into, and every block of a mapped file is checked
 * against its checksum before its first use.
 *
 * The structure (docs/search.md). A fixed permutation spreads neighbouring
 * bits of a digest apart; the permuted digest is cut into slots. For each slot, rows are counting-sorted by the
 * slot's value: starts[value] .. starts[value + 1] delimit the rows in ids. With radii r_s whose sum over the
 * slots of (r_s + 1) exceeds d, any digest within d of the query is within r_s in some slot s.
 */
#ifndef SAFEHASH_SEARCH_H
#define SAFEHASH_SEARCH_H

#include "_bits.h"
#include "_blocks.h"
#include "_slots.h"

/* ---- the index ---- */

typedef struct sh_searchers sh_searchers;

typedef struct {
    const uint8_t* digests; /* n x n_bytes */
    const uint8_t* disabled; /* bit row % 8 of byte row / 8: 1 = never returned; or NULL */
    const uint32_t* starts; /* slot after slot, (1 << width) + 1 each */
    const uint32_t* ids;    /* n_slots x n */
    const sh_permutation* perm;
    const sh_file* file;    /* NULL unless the arrays above are mapped */
    const sh_searchers* searchers;
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

static inline void sh_sort(uint64_t* keys, int64_t n) {
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

static inline void sh_sort_pairs(uint64_t* keys, int64_t n_pairs) {
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
SH_TARGET_VPOPCNT static int sh_scan_vpopcnt(const sh_index* ix, const uint8_t* query, int max_distance, sh_hits* hits) {
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

/* Take every row of a bucket that does not fit into a queue, each digest asked for some rows before it is looked at. */
SH_INLINE int sh_take_bucket(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int64_t number, int slot,
                             uint32_t at, uint32_t end, int max_distance, sh_hits* hits, int seeds, int n_bytes,
                             int hardware) {
    const uint32_t* ids = ix->ids + slot * ix->n;
    for (; at < end; at++) {
        const uint32_t ahead = ids[at + SH_AHEAD < end ? at + SH_AHEAD : end - 1], row = ids[at];
        int status;
        if (SH_RARE(ahead >= (uint64_t)ix->n || row >= (uint64_t)ix->n)) return SH_BAD_POSITION;
        SH_PREFETCH(ix->digests + (size_t)ahead * n_bytes);
        status = sh_consider(ix, plan, query, number, slot, row, max_distance, hits, seeds, n_bytes, hardware);
        if (SH_RARE(status)) return status;
    }
    return SH_OK;
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
                status = sh_take_bucket(ix, plan, query, query_number, slot_of[was], at, end, max_distance, hits, seeds,
                                        n_bytes, hardware);
                if (SH_RARE(status)) return status;
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

/* ---- seeds: one bucket a slot, of many queries ---- */

#define SH_MOST_DOUBTS 6 /* doubtful bits of a slot that are turned over, one at a time */
#define SH_PROBES 16 /* of a batch */

/* Some buckets on their way: where their limits are, the limits, and the rows whose digests are under way. Each stage asks memory
 * for what the next one reads. */
typedef struct {
    int n, n_rows;
    uint32_t value[SH_PROBES], low[SH_PROBES], high[SH_PROBES];
    uint32_t rows[SH_QUEUE];
    uint8_t slot[SH_PROBES], bucket[SH_QUEUE];
} sh_batch;

/* Ask for the limits of one bucket more; which one of the batch it is. */
SH_INLINE int sh_ask_limits(const sh_index* ix, sh_batch* batch, int slot, uint32_t value) {
    SH_PREFETCH(ix->starts + ix->start_at[slot] + value);
    batch->value[batch->n] = value;
    batch->slot[batch->n] = (uint8_t)slot;
    return batch->n++;
}

/* Read the limits, ask for the ids. */
SH_INLINE int sh_ask_ids(const sh_index* ix, const sh_plan* plan, sh_batch* batch) {
    int i;
    for (i = 0; i < batch->n; i++) {
        const int slot = batch->slot[i];
        const uint32_t* limits = ix->starts + ix->start_at[slot] + batch->value[i];
        uint32_t first, end;
        if (sh_touch(ix->file, limits, 8)) return SH_BAD_BLOCK;
        first = limits[0];
        end = limits[1];
        if (SH_RARE(first > end || end > (uint64_t)ix->n)) return SH_BAD_POSITION;
        if (end - first > (uint64_t)plan->max_bucket) end = first + (uint32_t)plan->max_bucket;
        SH_PREFETCH(ix->ids + slot * ix->n + first); /* one behind the last, at most: asking for it does no harm */
        batch->low[i] = first;
        batch->high[i] = end;
    }
    return SH_OK;
}

/* Whether there is room for a bucket's rows. */
SH_INLINE int sh_has_room(const sh_batch* batch, int i) {
    return batch->high[i] - batch->low[i] <= (uint32_t)(SH_QUEUE - batch->n_rows);
}

/* Read the ids of a bucket for which there is room, ask for the digests. */
SH_INLINE int sh_ask_digests(const sh_index* ix, sh_batch* batch, int i, int n_bytes) {
    const uint32_t* ids = ix->ids + batch->slot[i] * ix->n;
    uint32_t at = batch->low[i], end = batch->high[i];
    for (; at < end; at++) {
        uint32_t row = ids[at];
        if (SH_RARE(row >= (uint64_t)ix->n)) return SH_BAD_POSITION;
        SH_PREFETCH(ix->digests + (size_t)row * n_bytes);
        batch->bucket[batch->n_rows] = (uint8_t)i;
        batch->rows[batch->n_rows++] = row;
    }
    return SH_OK;
}

/* Check the ids of a bucket before they are read. */
SH_INLINE int sh_touch_ids(const sh_index* ix, const sh_batch* batch, int i) {
    return sh_touch(ix->file, ix->ids + batch->slot[i] * ix->n + batch->low[i], (size_t)(batch->high[i] - batch->low[i]) * 4);
}

/* A batch, and the query that each bucket is for. */
typedef struct {
    sh_batch batch;
    uint32_t number[SH_PROBES];
} sh_seeking;

/* The probes of one query: its own buckets, then those of one doubtful bit turned over, slot by slot. */
typedef struct {
    uint32_t value[SH_MAX_SLOTS * (1 + SH_MOST_DOUBTS)];
    uint8_t slot[SH_MAX_SLOTS * (1 + SH_MOST_DOUBTS)];
    int n, at;
} sh_probing;

static inline void sh_fill_probing(sh_probing* probing, const sh_index* ix, const sh_plan* plan, const uint8_t* query,
                                   const uint8_t* doubts) {
    uint64_t permuted[SH_MAX_WORDS + 1], doubtful[SH_MAX_WORDS + 1];
    int slot, k, n = 0;
    sh_permute(ix->perm, query, permuted);
    for (slot = 0; slot < ix->n_slots; slot++) {
        probing->value[n] = sh_slot(permuted, ix->offset[slot], ix->width[slot]);
        probing->slot[n] = (uint8_t)slot;
        n += plan->radius[slot] >= 0;
    }
    if (doubts) {
        const int n_own = n;
        int own;
        sh_permute(ix->perm, doubts, doubtful);
        for (own = 0; own < n_own; own++) {
            uint32_t left;
            slot = probing->slot[own];
            left = sh_slot(doubtful, ix->offset[slot], ix->width[slot]);
            for (k = 0; k < SH_MOST_DOUBTS && left; k++, left &= left - 1) {
                probing->value[n] = probing->value[own] ^ (left & (0u - left));
                probing->slot[n++] = (uint8_t)slot;
            }
        }
    }
    probing->n = n;
    probing->at = 0;
}

/* What `sh_probe_body` finds of each query where every slot has one mask, 0, and with `doubts` (as many bytes as a
 * query's, a bit set where the query's is doubtful) what else these bits turned over one at a time lead to. A batch of
 * probes has too few buckets to wait for them all at once, so that four are on their way. */
SH_INLINE int sh_seed_many_body(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, const uint8_t* doubts,
                                int64_t n_queries, int max_distance, sh_hits* hits, int n_bytes, int hardware) {
    sh_seeking seeking[4];
    sh_probing probing;
    int64_t round, number = -1; /* of the query being asked for */
    int i, status, behind = 0; /* batches asked for behind the last probe */
    probing.n = probing.at = 0;
    for (i = 0; i < 4; i++) seeking[i].batch.n = seeking[i].batch.n_rows = 0;
    for (round = 0; behind < 4; round++) {
        sh_seeking* of = seeking + (round & 3);
        sh_batch* batch = &of->batch;
        batch->n = batch->n_rows = 0;
        while (batch->n < SH_PROBES) {
            if (probing.at == probing.n) {
                if (number + 1 >= n_queries) break;
                number++;
                sh_fill_probing(&probing, ix, plan, queries + (size_t)number * n_bytes,
                                doubts ? doubts + (size_t)number * n_bytes : NULL);
                continue;
            }
            i = sh_ask_limits(ix, batch, probing.slot[probing.at], probing.value[probing.at]);
            of->number[i] = (uint32_t)number;
            probing.at++;
        }
        behind += batch->n == 0;
        status = sh_ask_ids(ix, plan, &seeking[(round + 3) & 3].batch);
        if (SH_RARE(status)) return status;
        of = seeking + ((round + 2) & 3);
        batch = &of->batch;
        for (i = 0; i < batch->n; i++) {
            if (batch->low[i] == batch->high[i]) continue;
            if (sh_touch_ids(ix, batch, i)) return SH_BAD_BLOCK;
            if (SH_RARE(!sh_has_room(batch, i)))
                status = sh_take_bucket(ix, plan, queries + (size_t)of->number[i] * n_bytes, of->number[i], batch->slot[i],
                                        batch->low[i], batch->high[i], max_distance, hits, 1, n_bytes, hardware);
            else
                status = sh_ask_digests(ix, batch, i, n_bytes);
            if (SH_RARE(status)) return status;
        }
        of = seeking + ((round + 1) & 3); /* compare these */
        for (i = 0; i < of->batch.n_rows; i++) {
            const uint32_t query = of->number[of->batch.bucket[i]];
            status = sh_consider(ix, plan, queries + (size_t)query * n_bytes, query, 0, of->batch.rows[i], max_distance, hits,
                                 1, n_bytes, hardware);
            if (SH_RARE(status)) return status;
        }
    }
    return SH_OK;
}

#include "_search_shared.h"

#define SH_FETCH_ARGUMENTS \
    const sh_index *ix, const sh_plan *plan, const uint8_t *queries, const sh_wishing *w, int max_distance, sh_hits *hits

#define SH_PROBE_ARGUMENTS                                                                                \
    const sh_index *ix, const sh_plan *plan, const uint8_t *query, int64_t query_number, int max_distance, \
        sh_hits *hits

#define SH_SEED_MANY_ARGUMENTS                                                                           \
    const sh_index *ix, const sh_plan *plan, const uint8_t *queries, const uint8_t *doubts, int64_t n_queries, \
        int max_distance, sh_hits *hits

#define SH_HARDWARE 0
static int sh_seed_many_scalar(SH_SEED_MANY_ARGUMENTS) {
    return SH_SIZES(sh_seed_many_body, ix, plan, queries, doubts, n_queries, max_distance, hits);
}
static int sh_range_scalar(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 0);
}
static int sh_seed_scalar(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 1);
}
static int sh_fetch_scalar(SH_FETCH_ARGUMENTS) {
    return SH_SIZES(sh_fetch_body, ix, plan, queries, w, max_distance, hits);
}
#undef SH_HARDWARE
#define SH_HARDWARE 1
SH_TARGET_POPCNT static int sh_seed_many_popcnt(SH_SEED_MANY_ARGUMENTS) {
    return SH_SIZES(sh_seed_many_body, ix, plan, queries, doubts, n_queries, max_distance, hits);
}
SH_TARGET_POPCNT static int sh_range_popcnt(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 0);
}
SH_TARGET_POPCNT static int sh_seed_popcnt(SH_PROBE_ARGUMENTS) {
    return SH_SIZES(sh_probe_body, ix, plan, query, query_number, max_distance, hits, 1);
}
SH_TARGET_POPCNT static int sh_fetch_popcnt(SH_FETCH_ARGUMENTS) {
    return SH_SIZES(sh_fetch_body, ix, plan, queries, w, max_distance, hits);
}
#undef SH_HARDWARE

/* ---- the same at every level ---- */

struct sh_searchers {
    int (*scan)(const sh_index*, const uint8_t*, int, sh_hits*);
    int (*range)(SH_PROBE_ARGUMENTS);
    int (*seed)(SH_PROBE_ARGUMENTS);
    int (*fetch)(SH_FETCH_ARGUMENTS);
    int (*seed_many)(SH_SEED_MANY_ARGUMENTS);
};

static const sh_searchers sh_scalar_searchers = {sh_scan_scalar, sh_range_scalar, sh_seed_scalar, sh_fetch_scalar,
                                                 sh_seed_many_scalar};
static const sh_searchers sh_popcnt_searchers = {sh_scan_popcnt, sh_range_popcnt, sh_seed_popcnt, sh_fetch_popcnt,
                                                 sh_seed_many_popcnt};
#if SH_X86
static const sh_searchers sh_vpopcnt_searchers = {sh_scan_vpopcnt, sh_range_popcnt, sh_seed_popcnt, sh_fetch_popcnt,
                                                  sh_seed_many_popcnt};
#endif

static inline const sh_searchers* sh_searchers_at(int level) {
#if SH_X86
    if (level >= SH_VPOPCNT) return &sh_vpopcnt_searchers;
#endif
    return level >= SH_POPCNT ? &sh_popcnt_searchers : &sh_scalar_searchers;
}

/* Seeds of queries whose slots may differ in some bits: as many queries at once as there is room for where they wish for the same
 * buckets, and each by itself where they do not: a query's own buckets are then nearer to one another. */
static inline int sh_seed_flipped(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, int64_t n_queries, int max_distance,
                                  sh_hits* hits) {
    int64_t most = SH_MOST_WISHES / ix->n_slots, first, n, i;
    int status = SH_OK;
    sh_wishing* w;
    if (most > n_queries) most = n_queries;
    w = (sh_wishing*)malloc(sizeof *w + (size_t)most * (ix->n_slots + 1 + SH_MAX_WORDS + 1) * sizeof(uint64_t));
    if (!w) return SH_NO_MEMORY;
    w->wishes = (uint64_t*)(w + 1);
    w->unsorted = w->wishes + most * ix->n_slots;
    w->permuted = w->unsorted + most;
    for (first = 0; first < n_queries && status == SH_OK; first += n) {
        n = n_queries - first < most ? n_queries - first : most;
        sh_fill_wishes(w, ix, plan, queries, first, n);
        if (sh_is_shared(w, ix->n_slots)) {
            status = ix->searchers->fetch(ix, plan, queries, w, max_distance, hits);
            continue;
        }
        for (i = first; i < first + n && status == SH_OK; i++)
            status = ix->searchers->seed(ix, plan, queries + (size_t)i * ix->n_bytes, i, max_distance, hits);
    }
    free(w);
    return status;
}

/* Push what shares a slot with each of many queries and lies within a distance of it; with `doubts`, which may be NULL,
 * what would share one if a doubtful bit of it were the other, too. */
static inline int sh_seed(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, const uint8_t* doubts,
                          int64_t n_queries, int max_distance, sh_hits* hits) {
    int slot, plain = 1;
    for (slot = 0; slot < ix->n_slots; slot++)
        plain &= plan->radius[slot] < 0 || (plan->n_masks[slot] == 1 && plan->masks[slot][0] == 0);
    if (plain) return ix->searchers->seed_many(ix, plan, queries, doubts, n_queries, max_distance, hits);
    return ix->n_slots ? sh_seed_flipped(ix, plan, queries, n_queries, max_distance, hits) : SH_OK;
}

/* Answer one query; its keys end up sorted by (distance, row) behind those already there. */
static inline int sh_search(const sh_index* ix, const sh_plan* plan, const uint8_t* query, int max_distance,
                     sh_hits* hits) {
    int64_t first = hits->n;
    int status = SH_TOO_MANY;
    if (ix->n == 0) return SH_OK;
    if (!plan->scan) status = ix->searchers->range(ix, plan, query, 0, max_distance, hits);
    if (status == SH_TOO_MANY) {
        hits->n = first;
        if (sh_touch(ix->file, ix->digests, (size_t)ix->n * ix->n_bytes)) return SH_BAD_BLOCK;
        status = ix->searchers->scan(ix, query, max_distance, hits);
    }
    if (status == SH_OK) sh_sort(hits->keys + first, hits->n - first);
    return status;
}

#endif
