/* Plain C that Cython cannot express: the pixel kernels, compiled once per level (_levels.h).
 *
 * Every copy gives the same bits (tests/hashing/test_kernels.py forces each and compares), because integer sums are
 * exact and float sums have one order.
 */
#ifndef SAFEHASH_KERNELS_H
#define SAFEHASH_KERNELS_H

#include <math.h>

#include "_levels.h"

#define SH_MAX_SIDE 64 /* the larger of the pictures pHash shrinks to */
#define SH_MOST_ROWS 40 /* of a band whose weights come to at most 257: 31, and a few that its mirrored twin adds */
#define SH_GATHER 16   /* columns read at once where the columns go first: one cache line of grey */

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

/* One input row of a band and its weight (an integer up to 257, or a fraction at the picture's edge). */
typedef struct {
    ptrdiff_t sample;
    float weight;
} sh_tap;

/* 64 bands as dense weights. */
typedef struct {
    ptrdiff_t start[64];
    ptrdiff_t length[64];
    ptrdiff_t offset[64];
    float *weights;
} sh_bands;

/* P for one side: 64 bands over `n_samples` samples. As taps for the rows pass, as dense bands for the columns pass. */
typedef struct {
    ptrdiff_t n_samples;
    sh_tap *taps;
    ptrdiff_t tap_start[65];
    uint8_t is_integer[64];
    float scale[64]; /* 1 / sum of a band's integer weights; 1 where the weights are fractions */
    sh_bands grey, colour; /* colour: interleaved RGB, the luma weights multiplied in */
} sh_operator;

/* Lanczos for one side: n_out windows of taps in 22-bit fixed point, as the reference's 8-bit passes round them. */
typedef struct {
    int n_out;
    ptrdiff_t taps16; /* taps of the longest window, rounded up to a multiple of 16 */
    ptrdiff_t *start;
    ptrdiff_t *count;
    int32_t *weight;
    int16_t *coarse; /* weight / 2^shift, rounded */
    int shift;
    int64_t *error; /* by how much a sum with coarse weights can be off: 255 * sum of |weight - coarse * 2^shift| */
} sh_resampler;

typedef struct {
    void (*small_picture)(float *, const uint8_t *, ptrdiff_t, ptrdiff_t, int, const sh_operator *,
                          const sh_operator *, float *, float *, uint16_t *);
    void (*turned_pictures)(float *, const uint8_t *, ptrdiff_t, ptrdiff_t, int, const sh_operator *const *,
                            const sh_operator *const *, float *, float *, uint16_t *);
    void (*transpose)(float *, const float *);
    void (*dct)(float *, const float *);
    void (*bits)(uint8_t *, const float *);
    int (*quality)(const float *);
    void (*grey_of_row)(uint8_t *, const uint8_t *, ptrdiff_t);
    void (*widen)(int16_t *, const uint8_t *, ptrdiff_t);
    void (*resample_row)(uint8_t *, const int16_t *, const sh_resampler *);
    void (*resample_cols)(uint8_t *, const uint8_t *, int, const sh_resampler *);
} sh_kernels;

/* D[i][j], i-th row frequency i + 1, first half of its columns; and the same with odd and even rows apart. */
static float sh_dct[16][32];
static float sh_dct_pairs[32][16];

static inline void sh_fill_dct(void)
{
    const double pi = 3.14159265358979323846;
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 32; j++) {
            const float value = (float)(sqrt(2.0 / 64.0) * cos(pi / 128.0 * (i + 1) * (2 * j + 1)));
            sh_dct[i][j] = value;
            sh_dct_pairs[j][i % 2 ? 8 + i / 2 : i / 2] = value;
        }
}

static inline uint8_t sh_clip8(int64_t fixed)
{
    const int64_t value = fixed >> 22;
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

/* The 128th smallest of 256 values (the lower middle one). Overwrites its scratch copy. */
static inline float sh_lower_median(const float *values)
{
    float v[256];
    memcpy(v, values, sizeof v);
    int low = 0, high = 255;
    while (low < high) {
        const float pivot = v[127];
        int i = low, j = high;
        do {
            while (v[i] < pivot)
                i++;
            while (pivot < v[j])
                j--;
            if (i <= j) {
                const float swap = v[i];
                v[i] = v[j];
                v[j] = swap;
                i++;
                j--;
            }
        } while (i <= j);
        if (j < 127)
            low = i;
        if (i > 127)
            high = j;
    }
    return v[127];
}

/* The bits as the kernels give them, by a plain selection: for the reference, which is to owe them nothing. */
static inline void sh_pdq_bits(uint8_t *digest, const float *coefficients)
{
    const float median = sh_lower_median(coefficients);
    for (int byte = 0; byte < 32; byte++) {
        unsigned bits = 0;
        for (int b = 0; b < 8; b++)
            bits |= (unsigned)(coefficients[8 * byte + b] > median) << b;
        digest[31 - byte] = (uint8_t)bits;
    }
}

#endif
