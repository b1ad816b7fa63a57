/* Which of many digests lie near any of many others: both sides sorted by the same slot, block against block.
 *
 * A single look-up waits for memory at every bucket it opens; with both sides in the order of a slot's value the
 * buckets that meet lie in the cache. Cut a digest into n slots of 16 bits: two digests within d bits agree in
 * some slot to within d / n bits. Nothing here holds the GIL or touches Python.
 */
#ifndef SAFEHASH_JOIN_H
#define SAFEHASH_JOIN_H

#include "_bits.h"

#define SJ_KEYS 65536
#define SJ_MAX_MASKS 697 /* 1 + 16 + 120 + 560: up to three bits of 16 */

enum { SJ_OK = 0, SJ_NO_MEMORY = -1 };

/* Fill masks with every value of at most `radius` (0 to 3) set bits; return how many. */
static inline int sj_masks(int radius, uint32_t* masks) {
    int n = 0, i, j, k;
    masks[n++] = 0;
    for (i = 0; radius >= 1 && i < 16; i++) masks[n++] = (uint32_t)1 << i;
    for (i = 0; radius >= 2 && i < 16; i++)
        for (j = 0; j < i; j++) masks[n++] = ((uint32_t)1 << i) | ((uint32_t)1 << j);
    for (i = 0; radius >= 3 && i < 16; i++)
        for (j = 0; j < i; j++)
            for (k = 0; k < j; k++) masks[n++] = ((uint32_t)1 << i) | ((uint32_t)1 << j) | ((uint32_t)1 << k);
    return n;
}

/* The 16 bits of a digest that one slot reads. */
SH_INLINE uint32_t sj_key(const uint64_t* digest, int slot) {
    uint16_t key;
    memcpy(&key, (const char*)digest + 2 * slot, 2);
    return key;
}

/* Counting-sort digests (n x n_words) by their slot's value, leaving out those marked; starts has SJ_KEYS + 1. */
static inline void sj_sort(const uint64_t* digests, size_t n, int n_words, int slot, const uint8_t* left_out,
                           uint32_t* starts, uint32_t* next, uint64_t* sorted, uint32_t* ids) {
    size_t i;
    memset(starts, 0, (SJ_KEYS + 1) * sizeof(uint32_t));
    for (i = 0; i < n; i++)
        if (!left_out || !left_out[i]) starts[sj_key(digests + i * n_words, slot) + 1]++;
    for (i = 0; i < SJ_KEYS; i++) starts[i + 1] += starts[i];
    memcpy(next, starts, SJ_KEYS * sizeof(uint32_t));
    for (i = 0; i < n; i++)
        if (!left_out || !left_out[i]) {
            size_t place = next[sj_key(digests + i * n_words, slot)]++;
            memcpy(sorted + place * n_words, digests + i * n_words, 8 * (size_t)n_words);
            if (ids) ids[place] = (uint32_t)i;
        }
}

/* Compare the queries of every key with the listed digests of all keys that a mask leads to. */
SH_INLINE void sj_meet_body(const uint64_t* queries, const uint32_t* ids, const uint32_t* query_starts,
                            const uint64_t* listed, const uint32_t* listed_starts, const uint32_t* masks, int n_masks,
                            int n_words, int max_distance, uint8_t* near, int hardware) {
    uint32_t key, i, j;
    int m;
    for (key = 0; key < SJ_KEYS; key++) {
        const uint32_t first = query_starts[key], last = query_starts[key + 1];
        if (first == last) continue;
        for (m = 0; m < n_masks; m++) {
            const uint32_t other = key ^ masks[m];
            for (j = listed_starts[other]; j < listed_starts[other + 1]; j++) {
                if (n_words == 4) {
                    const uint64_t a = listed[4 * (size_t)j], b = listed[4 * (size_t)j + 1];
                    for (i = first; i < last; i++) {
                        const uint64_t* query = queries + 4 * (size_t)i;
                        int distance = sh_popcount(query[0] ^ a, hardware) + sh_popcount(query[1] ^ b, hardware);
                        if (distance > max_distance) continue;
                        distance += sh_popcount(query[2] ^ listed[4 * (size_t)j + 2], hardware);
                        distance += sh_popcount(query[3] ^ listed[4 * (size_t)j + 3], hardware);
                        if (distance <= max_distance) near[ids[i]] = 1;
                    }
                } else {
                    const uint64_t a = listed[j];
                    for (i = first; i < last; i++)
                        if (sh_popcount(queries[i] ^ a, hardware) <= max_distance) near[ids[i]] = 1;
                }
            }
        }
    }
}

#define SJ_MEET_ARGUMENTS                                                                                        \
    const uint64_t *queries, const uint32_t *ids, const uint32_t *query_starts, const uint64_t *listed,          \
        const uint32_t *listed_starts, const uint32_t *masks, int n_masks, int n_words, int max_distance,        \
        uint8_t *near

static void sj_meet_scalar(SJ_MEET_ARGUMENTS) {
    sj_meet_body(queries, ids, query_starts, listed, listed_starts, masks, n_masks, n_words, max_distance, near, 0);
}
SH_TARGET_POPCNT static void sj_meet_popcnt(SJ_MEET_ARGUMENTS) {
    sj_meet_body(queries, ids, query_starts, listed, listed_starts, masks, n_masks, n_words, max_distance, near, 1);
}

/* Set near[i] for every query within max_distance of any listed digest. */
static inline int sj_near(const uint64_t* queries, size_t n_queries, const uint64_t* listed, size_t n_listed,
                          int n_words, int max_distance, int level, uint8_t* near) {
    void (*meet)(SJ_MEET_ARGUMENTS) = level >= SH_POPCNT ? sj_meet_popcnt : sj_meet_scalar;
    const int n_slots = 4 * n_words;
    uint32_t masks[SJ_MAX_MASKS];
    const int n_masks = sj_masks(max_distance / n_slots, masks);
    uint64_t* sorted_queries = malloc(8 * (size_t)n_words * (n_queries + 1));
    uint64_t* sorted_listed = malloc(8 * (size_t)n_words * (n_listed + 1));
    uint32_t* ids = malloc(4 * (n_queries + 1));
    uint32_t* starts = malloc(4 * (2 * (SJ_KEYS + 1) + SJ_KEYS));
    int slot, status = SJ_NO_MEMORY;
    if (sorted_queries && sorted_listed && ids && starts) {
        uint32_t* listed_starts = starts + SJ_KEYS + 1;
        uint32_t* next = listed_starts + SJ_KEYS + 1;
        for (slot = 0; slot < n_slots; slot++) {
            sj_sort(listed, n_listed, n_words, slot, NULL, listed_starts, next, sorted_listed, NULL);
            sj_sort(queries, n_queries, n_words, slot, near, starts, next, sorted_queries, ids);
            meet(sorted_queries, ids, starts, sorted_listed, listed_starts, masks, n_masks, n_words, max_distance, near);
        }
        status = SJ_OK;
    }
    free(sorted_queries);
    free(sorted_listed);
    free(ids);
    free(starts);
    return status;
}

#endif
