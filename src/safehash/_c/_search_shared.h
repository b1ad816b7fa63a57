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

/* A batch, and which wishes each bucket answers. */
typedef struct {
    sh_batch batch;
    int64_t first[SH_PROBES], end[SH_PROBES];
} sh_fetching;

/* What `sh_probe_body` finds of each query. As in `sh_seed_many_body` four batches are on their way. */
SH_INLINE int sh_fetch_body(const sh_index* ix, const sh_plan* plan, const uint8_t* queries, const sh_wishing* w, int max_distance,
                            sh_hits* hits, int n_bytes, int hardware) {
    sh_fetching fetching[4];
    const uint64_t* wishes = w->wishes;
    const int64_t n_wishes = w->end[ix->n_slots - 1];
    int64_t round, first_wish = 0, end_wish = 0, k;
    int i, status, at_slot = 0, at_mask = 0, behind = 0; /* batches asked for behind the last wish */
    for (i = 0; i < 4; i++) fetching[i].batch.n = fetching[i].batch.n_rows = 0;
    for (round = 0; behind < 4; round++) {
        sh_fetching* of = fetching + (round & 3);
        sh_batch* batch = &of->batch;
        batch->n = batch->n_rows = 0;
        while (batch->n < SH_PROBES) {
            if (first_wish == end_wish) { /* the next value, and all who wish for it */
                if (first_wish == n_wishes) break;
                while (first_wish == w->end[at_slot]) at_slot++;
                end_wish = sh_end_of(w, at_slot, first_wish);
                at_mask = 0;
            }
            i = sh_ask_limits(ix, batch, at_slot, (uint32_t)(wishes[first_wish] >> 32) ^ plan->masks[at_slot][at_mask]);
            of->first[i] = first_wish;
            of->end[i] = end_wish;
            if (++at_mask == plan->n_masks[at_slot]) first_wish = end_wish;
        }
        behind += batch->n == 0;
        status = sh_ask_ids(ix, plan, &fetching[(round + 3) & 3].batch);
        if (SH_RARE(status)) return status;
        of = fetching + ((round + 2) & 3);
        batch = &of->batch;
        for (i = 0; i < batch->n; i++) {
            if (batch->low[i] == batch->high[i]) continue;
            if (sh_touch_ids(ix, batch, i)) return SH_BAD_BLOCK;
            if (!SH_RARE(!sh_has_room(batch, i))) {
                status = sh_ask_digests(ix, batch, i, n_bytes);
                if (SH_RARE(status)) return status;
                continue;
            }
            for (k = of->first[i]; k < of->end[i]; k++) {
                const uint32_t query = (uint32_t)wishes[k];
                status = sh_take_bucket(ix, plan, queries + (size_t)query * n_bytes, query, batch->slot[i], batch->low[i],
                                        batch->high[i], max_distance, hits, 1, n_bytes, hardware);
                if (SH_RARE(status)) return status;
            }
        }
        of = fetching + ((round + 1) & 3); /* compare these */
        for (i = 0; i < of->batch.n_rows; i++)
            for (k = of->first[of->batch.bucket[i]]; k < of->end[of->batch.bucket[i]]; k++) {
                const uint32_t query = (uint32_t)wishes[k];
                status = sh_consider(ix, plan, queries + (size_t)query * n_bytes, query, 0, of->batch.rows[i], max_distance, hits,
                                     1, n_bytes, hardware);
                if (SH_RARE(status)) return status;
            }
    }
    return SH_OK;
}

#endif
