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
#include "_picture.h"
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
#define SH_ZIP16(a, b, i, j, k, l) \
    (sh_int4) __builtin_shufflevector((sh_half8)(a), (sh_half8)(b), i, 8 + i, j, 8 + j, k, 8 + k, l, 8 + l)
#else
#define SH_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (sh_int4){i, j, k, l})
#define SH_ZIP16(a, b, i, j, k, l) \
    (sh_int4) __builtin_shuffle((sh_half8)(a), (sh_half8)(b), (sh_half8){i, 8 + i, j, 8 + j, k, 8 + k, l, 8 + l})
#endif
/* The four lower of eight 16-bit numbers with those of another vector, in turn, and the four upper. */
#define SH_ZIP16_LOW(a, b) SH_ZIP16(a, b, 0, 1, 2, 3)
#define SH_ZIP16_HIGH(a, b) SH_ZIP16(a, b, 4, 5, 6, 7)
#endif

/* Eight floats from floats, 16-bit numbers or bytes. */
#if defined(__GNUC__)
#define SH_FLOATS_AT(from) SH_LOAD(8, from)
#define SH_FLOATS_OF(type, from) __builtin_convertvector(__builtin_convertvector(*(const type *)(from), sh_int8), sh_float8)
#define SH_HALVES_AT(from) SH_FLOATS_OF(sh_load_halves, from)
#define SH_BYTES_AT(from) SH_FLOATS_OF(sh_load_bytes, from)
#else
#define SH_FLOATS_AT(from) (*(from))
#endif
#if SH_X86
/* Bytes of two vectors in turn, within each sixteen of them the lower or the upper half; and the sums of neighbouring bytes'
 * products with others that are at most 127, in 16 bits. */
typedef __m256i sh_bytes8;
typedef __m512i sh_bytes16;
#define SH_ZIP_LOW8(a, b) _mm256_unpacklo_epi8(a, b)
#define SH_ZIP_HIGH8(a, b) _mm256_unpackhi_epi8(a, b)
#define SH_PRODUCTS8(a, b) _mm256_maddubs_epi16(a, (__m256i)(b))
#define SH_ZIP_LOW16(a, b) _mm512_unpacklo_epi8(a, b)
#define SH_ZIP_HIGH16(a, b) _mm512_unpackhi_epi8(a, b)
#define SH_PRODUCTS16(a, b) _mm512_maddubs_epi16(a, (__m512i)(b))
/* one instruction, where compilers make four of it */
#define SH_WIDE_HALVES_AT(from) _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(from))))
#define SH_WIDE_BYTES_AT(from) _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(from))))
#endif

/* Whether rows are added up in 16-bit halves of vectors, which needs vectors, and the lower byte first. */
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SH_HALVES 1
#else
#define SH_HALVES 0
#endif
#define SH_BLOCK 16384 /* columns whose sums wait for those of further rows */
/* Rows of a large picture that are read side by side: as many as a processor knows for series of their own, which it then fetches
 * by itself. The next as many are asked for meanwhile: 36 MB take 1.2 ms then, of 24 rows at once 2 (docs/benchmarks.md). */
#define SH_TOGETHER 16
#define SH_PREFETCH_FAR(address) __builtin_prefetch((address), 0, 2) /* not into the nearest cache, which is too small */

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
typedef int sh_int8 __attribute__((vector_size(32)));
typedef uint16_t sh_half8 __attribute__((vector_size(16)));
typedef uint16_t sh_load_halves __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint8_t sh_load_bytes __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint16_t sh_sums4 __attribute__((vector_size(16)));
typedef uint16_t sh_sums8 __attribute__((vector_size(32)));
typedef uint16_t sh_sums16 __attribute__((vector_size(64)));
#endif

/* Working rows of one picture of n samples a row. */
typedef struct {
    float *lines;     /* n_lines x n */
    uint16_t *halves; /* the same, or n_lines x (n and up to a chunk): never both at once */
    float *mixed;     /* 8 n floats, or as many halves */
    float *line;      /* n */
    uint16_t *acc16;  /* n */
} sh_scratch;

#define SH_MOST_CHUNK 64 /* SH_CHUNK of the widest vectors */

/* 0 where there is no memory. */
static inline int sh_take_scratch(sh_scratch *scratch, ptrdiff_t n, int n_lines)
{
    const ptrdiff_t of_lines = n_lines * sh_most(n, (n + SH_MOST_CHUNK) / 2 + 1);
    scratch->lines = (float *)malloc((size_t)(of_lines + 9 * n + (n + 1) / 2) * sizeof(float));
    if (scratch->lines == NULL)
        return 0;
    scratch->halves = (uint16_t *)scratch->lines;
    scratch->mixed = scratch->lines + of_lines;
    scratch->line = scratch->mixed + 8 * n;
    scratch->acc16 = (uint16_t *)(scratch->line + n);
    return 1;
}

static inline void sh_free_scratch(sh_scratch *scratch) { free(scratch->lines); }

typedef struct {
    void (*small_picture)(float *, const sh_picture *, const sh_operator *, const sh_operator *, const sh_scratch *);
    void (*turned_pictures)(float *, const sh_picture *, const sh_operator *const *, const sh_operator *const *,
                            const sh_scratch *);
    void (*transpose)(float *, const float *);
    void (*dct)(float *, const float *);
    void (*bits)(uint8_t *, const float *);
    int (*bits_in_doubt)(uint8_t *, const float *);
    int (*quality)(const float *);
    void (*grey_of_row)(uint8_t *, const uint8_t *, int, ptrdiff_t);
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

SH_INLINE uint8_t sh_grey_of(const uint8_t *rgb)
{
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 0x8000u) >> 16);
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
