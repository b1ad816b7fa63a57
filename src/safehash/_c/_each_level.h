/* Includes the file that SH_BODY names once per width of vectors, each time compiled for another level. No guard.
 *
 * In the body SH_NAME(name) is this level's own `name`, and SH_WIDTH the floats of one of its vectors. SH_AT_LEVEL
 * then picks among what the copies define.
 */
#define SH_WIDTH 4
#define SH_NAME(name) SH_JOIN(sh_base_, name)
#include SH_BODY
#undef SH_WIDTH
#undef SH_NAME

#if SH_X86
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define SH_WIDTH 8
#define SH_NAME(name) SH_JOIN(sh_avx2_, name)
#include SH_BODY
#undef SH_WIDTH
#undef SH_NAME
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width=512")
#endif
#define SH_WIDTH 16
#define SH_NAME(name) SH_JOIN(sh_avx512_, name)
#include SH_BODY
#undef SH_WIDTH
#undef SH_NAME
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#ifndef SH_AT_LEVEL
#if SH_X86
#define SH_AT_LEVEL(level, name) \
    ((level) >= SH_AVX512 ? &SH_JOIN(sh_avx512_, name) \
                          : (level) >= SH_AVX2 ? &SH_JOIN(sh_avx2_, name) : &SH_JOIN(sh_base_, name))
#else
#define SH_AT_LEVEL(level, name) ((void)(level), &SH_JOIN(sh_base_, name))
#endif
#endif
