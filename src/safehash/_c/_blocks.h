/* Checksums, and a mapped file whose blocks are compared with theirs before their first use. */
#ifndef SAFEHASH_BLOCKS_H
#define SAFEHASH_BLOCKS_H

#include "_bits.h"
#include "_blake2.h"
#include "_status.h"

#define SH_BLOCK_BITS 12 /* a mapped file is checked in blocks of 4 KiB */

/* ---- checksum: XXH64 with seed 0, after its published specification ---- */

#define SH_P1 0x9E3779B185EBCA87ULL
#define SH_P2 0xC2B2AE3D27D4EB4FULL
#define SH_P3 0x165667B19E3779F9ULL
#define SH_P4 0x85EBCA77C2B2AE63ULL
#define SH_P5 0x27D4EB2F165667C5ULL

SH_INLINE uint64_t sh_rotl(uint64_t value, int by) { return (value << by) | (value >> (64 - by)); }
SH_INLINE uint64_t sh_round(uint64_t lane, uint64_t input) { return sh_rotl(lane + input * SH_P2, 31) * SH_P1; }
SH_INLINE uint64_t sh_fold(uint64_t hash, uint64_t lane) { return (hash ^ sh_round(0, lane)) * SH_P1 + SH_P4; }

static inline uint64_t sh_checksum(const uint8_t* data, size_t n_bytes) {
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
    const uint8_t* seals;        /* SH_SEAL_BYTES a block, of a signed file; otherwise NULL */
    volatile uint8_t* verified;  /* one byte a block; two threads may both check a block, and both write 1 */
    volatile int64_t* bad_block; /* where damage was met */
    volatile int is_whole;       /* every block was checked: what is known of one need not be looked up */
} sh_file;

static int sh_verify_block(const sh_file* file, size_t block) {
    size_t start = block << SH_BLOCK_BITS;
    size_t size = file->n_bytes - start;
    if (size > ((size_t)1 << SH_BLOCK_BITS)) size = (size_t)1 << SH_BLOCK_BITS;
    if (sh_checksum(file->base + start, size) != file->sums[block]) {
        *file->bad_block = (int64_t)block;
        return SH_BAD_BLOCK;
    }
    if (file->seals) {
        uint8_t seal[SH_SEAL_BYTES];
        sh_seal(seal, file->base + start, size);
        if (memcmp(seal, file->seals + block * SH_SEAL_BYTES, SH_SEAL_BYTES)) {
            *file->bad_block = (int64_t)block;
            return SH_BAD_BLOCK;
        }
    }
    file->verified[block] = 1;
    return SH_OK;
}

/* Check the blocks of `n_bytes` bytes at `address`; a NULL file means memory that is not from a file. */
SH_INLINE int sh_touch(const sh_file* file, const void* address, size_t n_bytes) {
    size_t at, first, last;
    if (!file || file->is_whole) return SH_OK;
    at = (size_t)((const uint8_t*)address - file->base);
    first = at >> SH_BLOCK_BITS;
    last = (at + n_bytes - 1) >> SH_BLOCK_BITS;
    for (; first <= last; first++)
        if (SH_RARE(!file->verified[first]) && sh_verify_block(file, first)) return SH_BAD_BLOCK;
    return SH_OK;
}

#endif
