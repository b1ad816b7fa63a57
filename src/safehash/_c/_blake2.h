/* BLAKE2b with a digest of 16 bytes and no key, after RFC 7693: what a signed file says of each of its blocks. */
#ifndef SAFEHASH_BLAKE2_H
#define SAFEHASH_BLAKE2_H

#include <string.h>

#include "_bits.h"

#define SH_SEAL_BYTES 16
#define SH_BLAKE2_BLOCK 128

static const uint64_t sh_blake2_start[8] = {
    0x6A09E667F3BCC908ULL, 0xBB67AE8584CAA73BULL, 0x3C6EF372FE94F82BULL, 0xA54FF53A5F1D36F1ULL,
    0x510E527FADE682D1ULL, 0x9B05688C2B3E6C1FULL, 0x1F83D9ABFB41BD6BULL, 0x5BE0CD19137E2179ULL};

/* Which word of the block each step of a round takes; rounds 10 and 11 are 0 and 1 again. */
static const uint8_t sh_blake2_order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

SH_INLINE uint64_t sh_rotr(uint64_t value, int by) { return (value >> by) | (value << (64 - by)); }

#define SH_BLAKE2_MIX(a, b, c, d, x, y) \
    do {                                \
        a = a + b + (x);                \
        d = sh_rotr(d ^ a, 32);         \
        c = c + d;                      \
        b = sh_rotr(b ^ c, 24);         \
        a = a + b + (y);                \
        d = sh_rotr(d ^ a, 16);         \
        c = c + d;                      \
        b = sh_rotr(b ^ c, 63);         \
    } while (0)

static inline void sh_blake2_block(uint64_t* state, const uint8_t* block, uint64_t n_done, int is_last) {
    uint64_t words[16], v[16];
    for (int i = 0; i < 16; i++) words[i] = sh_load64(block + 8 * i);
    for (int i = 0; i < 8; i++) v[i] = state[i];
    for (int i = 0; i < 8; i++) v[i + 8] = sh_blake2_start[i];
    v[12] ^= n_done;
    if (is_last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t* s = sh_blake2_order[round % 10];
        SH_BLAKE2_MIX(v[0], v[4], v[8], v[12], words[s[0]], words[s[1]]);
        SH_BLAKE2_MIX(v[1], v[5], v[9], v[13], words[s[2]], words[s[3]]);
        SH_BLAKE2_MIX(v[2], v[6], v[10], v[14], words[s[4]], words[s[5]]);
        SH_BLAKE2_MIX(v[3], v[7], v[11], v[15], words[s[6]], words[s[7]]);
        SH_BLAKE2_MIX(v[0], v[5], v[10], v[15], words[s[8]], words[s[9]]);
        SH_BLAKE2_MIX(v[1], v[6], v[11], v[12], words[s[10]], words[s[11]]);
        SH_BLAKE2_MIX(v[2], v[7], v[8], v[13], words[s[12]], words[s[13]]);
        SH_BLAKE2_MIX(v[3], v[4], v[9], v[14], words[s[14]], words[s[15]]);
    }
    for (int i = 0; i < 8; i++) state[i] ^= v[i] ^ v[i + 8];
}

/* The digest of n_bytes bytes. */
static inline void sh_seal(uint8_t* seal, const uint8_t* data, size_t n_bytes) {
    uint64_t state[8];
    uint8_t last[SH_BLAKE2_BLOCK];
    size_t at = 0;
    memcpy(state, sh_blake2_start, sizeof state);
    state[0] ^= 0x01010000 ^ SH_SEAL_BYTES;
    for (; n_bytes - at > SH_BLAKE2_BLOCK; at += SH_BLAKE2_BLOCK)
        sh_blake2_block(state, data + at, at + SH_BLAKE2_BLOCK, 0);
    memset(last, 0, sizeof last);
    if (n_bytes > at) memcpy(last, data + at, n_bytes - at);
    sh_blake2_block(state, last, n_bytes, 1);
    for (int i = 0; i < SH_SEAL_BYTES; i++) seal[i] = (uint8_t)(state[i / 8] >> (8 * (i % 8)));
}

#endif
