/* Seeds of many queries that wish for the same buckets: each is read once. A part of _search.h.
 *
 * Windows of one picture have many slots in common, and the more the less one differs from the next.
 */
#ifndef SAFEHASH_SEARCH_SHARED_H
#define SAFEHASH_SEARCH_SHARED_H

#define SH_MOST_COUNTS (1 << 14)
#define SH_MOST_WISHES (1 << 17) /* held at once: a megabyte */

/* Which query wishes for the buckets about which value: value << 32 | query. Those of slot s stand from end[s - 1] to end[s], by value:
 * windows of one picture wish for the same ones, and each bucket is then read once for all of them. */
typedef struct {
    uint64_t *wishes, *unsorted, *permuted;
    uint32_t counts[SH_MOST_COUNTS];
    int64_t end[SH_MAX_SLOTS];
} sh_wishing;

/* Sort n wishes by value, of `width` bits, half of them at a time, the lower ones first; `other` is overwritten. */
static inline void sh_sort_wishes(uint64_t* wishes, uint64_t* other, int64_t n, int width, uint32_t* counts) {
    const int bits = (width + 1) / 2;
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    int64_t i;
    int pass;
    for (pass = 0; pass < 2; pass++) {
        const int shift = 32 + pass * bits;
        const uint64_t* from = pass ? other : wishes;
        uint64_t* to = pass ? wishes : other;
        uint32_t at = 0;
        memset(counts, 0, ((size_t)1 << bits) * sizeof *counts);
        for (i = 0; i < n; i++) counts[from[i] >> shift & mask]++;
        for (i = 0; i < (int64_t)1 << bits; i++) {
            const uint32_t count = counts[i];
            counts[i] = at;
            at += count;
        }
        for (i = 0; i < n; i++) to[counts[from[i] >> shift & mask]++] = from[i];
    }
}

/* The wishes of some queries, the first of which is number `first`. */
static inline void sh_fill_wishes(sh_wishing* w, const sh_index* ix, const sh_plan* plan, const uint8_t* queries, int64_t first,
                                  int64_t n_queries) {
    const int n_words = SH_MAX_WORDS + 1;
    int64_t query, n_done = 0;
    int slot;
    for (query = 0; query < n_queries; query++)
        sh_permute(ix->perm, queries + (size_t)(first + query) * ix->n_bytes, w->permuted + query * n_words);
    for (slot = 0; slot < ix->n_slots; slot++) {
        uint64_t* wishes = w->wishes + n_done;
        for (query = 0; query < n_queries && plan->radius[slot] >= 0; query++, n_done++)
            wishes[query] = (uint64_t)sh_slot(w->permuted + query * n_words, ix->offset[slot], ix->width[slot]) << 32 |
                            (uint64_t)(first + query);
        if (plan->radius[slot] >= 0) sh_sort_wishes(wishes, w->unsorted, n_queries, ix->width[slot], w->counts);
        w->end[slot] = n_done;
    }
}

/* Behind all who wish for what the wish at `first`, of a slot, is for. */
SH_INLINE int64_t sh_end_of(const sh_wishing* w, int slot, int64_t first) {
    const uint64_t value = w->wishes[first] >> 32;
    while (first < w->end[slot] && w->wishes[first] >> 32 == value) first++;
    return first;
}

/* Whether of three wishes one at least is for what another one wishes for. */
static inline int sh_is_shared(const sh_wishing* w, int n_slots) {
    const int64_t n = w->end[n_slots - 1];
    int64_t first, n_values = 0;
    int slot = 0;
    for (first = 0; first < n; n_values++) {
        while (first == w->end[slot]) slot++;
        first = sh_end_of(w, slot, first);
    }
    return 3 * n_values <= 2 * n;
}

/* Some buckets on their way: which wishes they answer, where their limits are, the limits, and the rows whose digests are under way. */
typedef struct {
    int n, n_rows;
    uint32_t value[SH_PROBES], low[SH_PROBES], high[SH_PROBES];
    int64_t first[SH_PROBES], end[SH_PROBES];
    uint32_t rows[SH_QUEUE];
    uint8_t slot[SH_PROBES], bucket[SH_QUEUE];
} sh_fetching;

/* What `sh_probe_body` finds of each query. As in `sh_seed_many_body` four batches are on their way. */
SH_INLINE int sh_fetch_body(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, const sh_wishing* w, int max_distance,
                            sh_hits* hits, int n_bytes, int hardware) {
    sh_fetching fetching[4];
    const uint64_t* wishes = w->wishes;
    const int64_t n_wishes = w->end[ix->n_slots - 1];
    int64_t round, first_wish = 0, end_wish = 0, k;
    int i, status, at_slot = 0, at_mask = 0, behind = 0; /* batches asked for behind the last wish */
    for (i = 0; i < 4; i++) fetching[i].n = fetching[i].n_rows = 0;
    for (round = 0; behind < 4; round++) {
        sh_fetching* one = fetching + (round & 3); /* ask for the limits of its buckets */
        one->n = one->n_rows = 0;
        while (one->n < SH_PROBES) {
            uint32_t value;
            if (first_wish == end_wish) { /* the next value, and all who wish for it */
                if (first_wish == n_wishes) break;
                while (first_wish == w->end[at_slot]) at_slot++;
                end_wish = sh_end_of(w, at_slot, first_wish);
                at_mask = 0;
            }
            value = (uint32_t)(wishes[first_wish] >> 32) ^ plan->masks[at_slot][at_mask];
            SH_PREFETCH(ix->starts + ix->start_at[at_slot] + value);
            one->first[one->n] = first_wish;
            one->end[one->n] = end_wish;
            one->value[one->n] = value;
            one->slot[one->n++] = (uint8_t)at_slot;
            if (++at_mask == plan->n_masks[at_slot]) first_wish = end_wish;
        }
        behind += one->n == 0;
        one = fetching + ((round + 3) & 3); /* read them, ask for the ids */
        for (i = 0; i < one->n; i++) {
            const int slot = one->slot[i];
            const uint32_t* limits = ix->starts + ix->start_at[slot] + one->value[i];
            uint32_t first, end;
            if (sh_touch(ix->file, limits, 8)) return SH_BAD_BLOCK;
            first = limits[0];
            end = limits[1];
            if (SH_RARE(first > end || end > (uint64_t)ix->n)) return SH_BAD_POSITION;
            if (end - first > (uint64_t)plan->max_bucket) end = first + (uint32_t)plan->max_bucket;
            SH_PREFETCH(ix->ids + slot * ix->n + first); /* one behind the last, at most: asking for it does no harm */
            one->low[i] = first;
            one->high[i] = end;
        }
        one = fetching + ((round + 2) & 3); /* read these, ask for the digests */
        for (i = 0; i < one->n; i++) {
            const int slot = one->slot[i];
            const uint32_t* ids = ix->ids + slot * ix->n;
            uint32_t at = one->low[i], end = one->high[i];
            if (at == end) continue;
            if (sh_touch(ix->file, ids + at, (size_t)(end - at) * 4)) return SH_BAD_BLOCK;
            if (SH_RARE(end - at > (uint32_t)(SH_QUEUE - one->n_rows))) {
                for (k = one->first[i]; k < one->end[i]; k++) {
                    const uint32_t of = (uint32_t)wishes[k];
                    status = sh_take_bucket(ix, plan, queries + (size_t)of * n_bytes, of, slot, at, end, max_distance, hits, 1,
                                            n_bytes, hardware);
                    if (SH_RARE(status)) return status;
                }
                continue;
            }
            for (; at < end; at++) {
                uint32_t row = ids[at];
                if (SH_RARE(row >= (uint64_t)ix->n)) return SH_BAD_POSITION;
                SH_PREFETCH(ix->digests + (size_t)row * n_bytes);
                one->bucket[one->n_rows] = (uint8_t)i;
                one->rows[one->n_rows++] = row;
            }
        }
        one = fetching + ((round + 1) & 3); /* compare these */
        for (i = 0; i < one->n_rows; i++)
            for (k = one->first[one->bucket[i]]; k < one->end[one->bucket[i]]; k++) {
                const uint32_t of = (uint32_t)wishes[k];
                status = sh_consider(ix, plan, queries + (size_t)of * n_bytes, of, 0, one->rows[i], max_distance, hits, 1,
                                     n_bytes, hardware);
                if (SH_RARE(status)) return status;
            }
    }
    return SH_OK;
}

#endif
