/* What the kernels of the search share: the compiler's words for inlining and prefetch, loads, population counts,
 * and which instructions this machine has.
 */
#ifndef SAFEHASH_BITS_H
#define SAFEHASH_BITS_H

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

enum { SH_OK = 0, SH_NO_MEMORY = -1, SH_BAD_BLOCK = -2, SH_BAD_POSITION = -3, SH_TOO_MANY = 1 };
enum { SH_SCALAR = 0, SH_POPCNT = 1, SH_WIDE = 2 };

SH_INLINE uint64_t sh_load64(const uint8_t* at) { uint64_t value; memcpy(&value, at, 8); return value; }
SH_INLINE uint32_t sh_load32(const uint8_t* at) { uint32_t value; memcpy(&value, at, 4); return value; }

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

#endif
