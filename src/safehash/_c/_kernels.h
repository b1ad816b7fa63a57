/* Plain C that Cython cannot express: the pixel kernels, compiled once per level (_levels.h).
 *
 * Every copy gives the same bits (tests/hashing/test_kernels.py forces each and compares), because integer sums are
 * exact and float sums have one order.
 */
#ifndef SAFEHASH_KERNELS_H
#define SAFEHASH_KERNELS_H

#include "_cosines.h"
#include "_levels.h"
#include "_operator.h"
#include "_resampler.h"

#define SH_MOST_ROWS 40 /* of a band whose weights come to at most 257: 31, and a few that its mirrored twin adds */
/* How far the reference's rounding moves a coefficient near the median: .00015 on average, .001 at most (on 2 390 pictures
 * of 64 to 4 096 pixels a side). Of photographs 1 in 150 has another coefficient as near, 1 in 1 200 has two. */
#define SH_NOISE 1e-3f

#define SH_MOST_COLS 64 /* resampled side by side: of the larger of the pictures pHash shrinks to */

#if defined(__GNUC__)
typedef float sh_float8 __attribute__((vector_size(32)));
typedef float sh_float4 __attribute__((vector_size(16)));
typedef int sh_int4 __attribute__((vector_size(16)));
#if defined(__clang__)
#define SH_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SH_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (sh_int4){i, j, k, l})
#endif
#endif

/* Vectors as wide as a register of each copy's instruction set: SH_WIDTH floats, or twice as many 16-bit sums. The lanes
 * of sums are integers and those of floats never meet, so their number changes no bit. */
#if defined(__GNUC__)
typedef float sh_float16 __attribute__((vector_size(64)));
typedef float sh_load4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef float sh_load8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float sh_load16 __attribute__((vector_size(64), aligned(4), may_alias));
#define SH_FLOATS(width) SH_JOIN(sh_float, width)
#define SH_LOAD(width, from) (*(const SH_JOIN(sh_load, width) *)(from))
#define SH_STORE(width, to) (*(SH_JOIN(sh_load, width) *)(to))
typedef uint16_t sh_sums4 __attribute__((vector_size(16)));
typedef uint16_t sh_sums8 __attribute__((vector_size(32)));
typedef uint16_t sh_sums16 __attribute__((vector_size(64)));
#endif

typedef struct {
    void (*small_picture)(float *, const uint8_t *, ptrdiff_t, ptrdiff_t, int, const sh_operator *,
                          const sh_operator *, float *, float *, uint16_t *);
    void (*turned_pictures)(float *, const uint8_t *, ptrdiff_t, ptrdiff_t, int, const sh_operator *const *,
                            const sh_operator *const *, float *, float *, uint16_t *);
    void (*transpose)(float *, const float *);
    void (*dct)(float *, const float *);
    void (*bits)(uint8_t *, const float *);
    int (*bits_in_doubt)(uint8_t *, const float *);
    int (*quality)(const float *);
    void (*grey_of_row)(uint8_t *, const uint8_t *, ptrdiff_t);
    void (*widen)(int16_t *, const uint8_t *, ptrdiff_t);
    void (*resample_row)(uint8_t *, const int16_t *, const sh_resampler *);
    void (*resample_cols)(uint8_t *, const uint8_t *, int, const sh_resampler *);
} sh_kernels;

/* D[i][j], i-th row frequency i + 1, first half of its columns; and the same with odd and even rows apart. */
static float sh_dct[16][32];
static float sh_dct_pairs[32][16];

/* cos(pi / 128 i (2 j + 1)) as a table of a quarter of a turn has it. */
static inline float sh_folded_cosine(const float *quarter, int i, int j)
{
    const int at = i * (2 * j + 1) % 256, folded = at > 128 ? 256 - at : at;
    return folded > 64 ? -quarter[128 - folded] : quarter[folded];
}

static inline void sh_fill_dct(void)
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 32; j++) {
            const float value = sh_folded_cosine(sh_pdq_cosines, i + 1, j);
            sh_dct[i][j] = value;
            sh_dct_pairs[j][i % 2 ? 8 + i / 2 : i / 2] = value;
        }
}

static inline uint8_t sh_clip8(int64_t fixed)
{
    const int64_t value = fixed >> SH_FIXED;
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

#if SH_X86
/* Four floats from one place and four from another. */
#define SH_PAIR(low, high) _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1)
#endif

#define SH_BODY "_kernels_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_kernels *sh_kernels_at(int level)
{
    return SH_AT_LEVEL(level, kernels);
}

#endif
