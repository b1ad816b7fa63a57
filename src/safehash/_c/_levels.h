/* Which instruction sets this machine has, and the one way to choose among them: every compiled module's `level`.
 *
 * Code beyond the baseline is chosen at run time through ordinary tables of function pointers: musl has no ifunc, so
 * target_clones would not load there. All levels give the same results; a module's LEVELS names those at which its
 * code differs. Single functions are compiled for a level by a target attribute below; whole bodies by _each_level.h.
 */
#ifndef SAFEHASH_LEVELS_H
#define SAFEHASH_LEVELS_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bits are the product: sums of floats are written out in one order, which extra precision would undo. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "safehash needs float and double arithmetic without extra precision: compile for SSE2 (-msse2 -mfpmath=sse)"
#endif

/* ---- the compiler's words ---- */

#if defined(__GNUC__) || defined(__clang__)
#define SH_INLINE static inline __attribute__((always_inline))
#define SH_PREFETCH(address) __builtin_prefetch((address), 0, 3)
#define SH_RARE(condition) __builtin_expect(!!(condition), 0)
#define SH_ALIGNED(n_bytes) __attribute__((aligned(n_bytes)))
#else
#include <intrin.h>
#define SH_INLINE static __forceinline
#define SH_RARE(condition) (condition)
#define SH_ALIGNED(n_bytes) __declspec(align(n_bytes))
#define restrict __restrict
#if defined(_M_X64)
#define SH_PREFETCH(address) _mm_prefetch((const char *)(address), _MM_HINT_T0)
#else
#define SH_PREFETCH(address) ((void)(address))
#endif
#endif

#define SH_JOIN2(a, b) a##b
#define SH_JOIN(a, b) SH_JOIN2(a, b)

/* ---- levels ---- */

enum {
    SH_BASELINE = 0,
    SH_POPCNT = 1,  /* a population count; on x86-64 of the last 15 years, but not in its baseline */
    SH_AVX2 = 2,
    SH_AVX512 = 3,  /* F, BW, VL and DQ */
    SH_VPOPCNT = 4, /* and a population count of vectors */
};

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define SH_X86 1
#include <immintrin.h>
#define SH_TARGET_POPCNT __attribute__((target("popcnt")))
#define SH_TARGET_VPOPCNT __attribute__((target("popcnt,avx512f,avx512vl,avx512bw,avx512dq,avx512vpopcntdq")))
#else
#define SH_X86 0
#define SH_TARGET_POPCNT
#endif

/* The widest level this processor runs and this compiler could compile for. */
static inline int sh_widest_level(void)
{
#if SH_X86
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("popcnt"))
        return SH_BASELINE;
    if (!__builtin_cpu_supports("avx2"))
        return SH_POPCNT;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
        return SH_AVX2;
    return __builtin_cpu_supports("avx512vpopcntdq") ? SH_VPOPCNT : SH_AVX512;
#elif defined(_M_X64)
    int info[4];
    __cpuid(info, 1);
    return info[2] >> 23 & 1 ? SH_POPCNT : SH_BASELINE;
#elif defined(__GNUC__) || defined(__clang__)
    return SH_POPCNT; /* aarch64: cnt is part of the baseline; elsewhere the builtin is right, if slower */
#else
    return SH_BASELINE;
#endif
}

#endif
