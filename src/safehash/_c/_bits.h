/* Bits counted: loads, population counts, and the Hamming distance of two digests. */
#ifndef SAFEHASH_BITS_H
#define SAFEHASH_BITS_H

#include "_levels.h"

SH_INLINE uint64_t sh_load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

SH_INLINE uint32_t sh_load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

/* Ones of a word, with the processor's own instruction where `hardware` says so: a constant wherever this is inlined,
 * and true only in functions that are compiled for SH_POPCNT and above. */
SH_INLINE int sh_popcount(uint64_t bits, int hardware)
{
    if (hardware) {
#if defined(__GNUC__) || defined(__clang__)
        return __builtin_popcountll(bits);
#elif defined(_M_X64)
        return (int)__popcnt64(bits);
#endif
    }
    bits -= (bits >> 1) & 0x5555555555555555ULL;
    bits = (bits & 0x3333333333333333ULL) + ((bits >> 2) & 0x3333333333333333ULL);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    return (int)((bits * 0x0101010101010101ULL) >> 56);
}

/* Distance of two digests of `n_bytes` bytes (8, 32: constants; else any multiple of 4), or any number above
 * `max_distance` as soon as it is exceeded. */
SH_INLINE int sh_distance(const uint8_t *one, const uint8_t *two, int n_bytes, int max_distance, int hardware)
{
    int at, distance = 0;
    if (n_bytes == 32) {
        distance = sh_popcount(sh_load64(one) ^ sh_load64(two), hardware) +
                   sh_popcount(sh_load64(one + 8) ^ sh_load64(two + 8), hardware);
        if (distance > max_distance)
            return distance;
        return distance + sh_popcount(sh_load64(one + 16) ^ sh_load64(two + 16), hardware) +
               sh_popcount(sh_load64(one + 24) ^ sh_load64(two + 24), hardware);
    }
    for (at = 0; at + 8 <= n_bytes; at += 8)
        distance += sh_popcount(sh_load64(one + at) ^ sh_load64(two + at), hardware);
    if (at < n_bytes)
        distance += sh_popcount(sh_load32(one + at) ^ sh_load32(two + at), hardware);
    return distance;
}

#endif
