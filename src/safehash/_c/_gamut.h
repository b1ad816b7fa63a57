/* How far the luma of what a screen shows is from the luma that is stored: chroma that leaves red, green and blue is cut. */
#ifndef SAFEHASH_GAMUT_H
#define SAFEHASH_GAMUT_H

#include "_levels.h"

/* Grey levels by which two ways of rounding differ. */
enum { SH_GAMUT_ROUNDING = 1 };
/* By how much luma of what is shown moves, at most, for each level by which blue and red chroma move, in 1/256. */
enum { SH_GAMUT_OF_BLUE = 52, SH_GAMUT_OF_RED = 108 };
/* How many times its spread chroma is taken to lie from its mean. What lies further is the rarer the further it does: a picture made
 * of it would differ by two grey levels (docs/pixels.md). */
enum { SH_GAMUT_SPREADS = 2 };
/* Pixels taken at a time: all that is held of them fits the nearest cache. */
enum { SH_GAMUT_PIECE = 1024 };
/* Bits below a byte of a word of four, by its place in memory. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SH_BYTE_AT(place) (24 - 8 * (place))
#else
#define SH_BYTE_AT(place) (8 * (place))
#endif

/* What chroma adds to luma for red and blue, and takes away for green: its shares in 1/128. */
#define SH_RED_OF(cr) ((int16_t)((int16_t)(179 * (cr) + 64) >> 7))
#define SH_GREEN_OF(cb, cr) ((int16_t)((int16_t)(44 * (cb) + 91 * (cr) + 64) >> 7))
#define SH_BLUE_OF(cb) ((int16_t)((int16_t)(227 * (cb) + 64) >> 7))

typedef struct {
    int64_t (*pixels)(const uint8_t *, uint8_t *, ptrdiff_t);
    int32_t (*run)(const uint8_t *, int, int16_t, int16_t, int16_t);
    void (*extremes)(const uint8_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, uint8_t *, uint8_t *);
    void (*columns)(const uint8_t *, const uint8_t *, const int16_t *, const int16_t *, const int16_t *, int16_t *, ptrdiff_t);
    void (*spread)(const uint8_t *, const uint8_t *, const int16_t *const *, int16_t *, ptrdiff_t);
    int64_t (*sum)(const int16_t *, ptrdiff_t);
    void (*sums)(const uint8_t *, ptrdiff_t, int64_t *, int64_t *);
} sh_gamut;

#define SH_BODY "_gamut_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_gamut *sh_gamut_at(int level)
{
    return SH_AT_LEVEL(level, gamut);
}

/* Luma, the means of its chroma and, unless NULL, the roots of mean squares about them. */
typedef struct {
    const uint8_t *luma, *blue, *red, *blue_spreads, *red_spreads;
    ptrdiff_t rows, cols, chroma_cols, across, down; /* samples of luma that share one of chroma */
} sh_gamut_means;

/* SH_BY_MEANS: exactly, the spreads left aside. The others are no less: by the worst of as many rows as share their chroma, or of
 * every sample, and by what chroma that spreads may add. */
enum { SH_BY_MEANS, SH_BY_EXTREMES, SH_BY_SAMPLES };

/* Bytes of working memory for each column of luma. */
enum { SH_GAMUT_ROOM = 8 * sizeof(int16_t) + 2 };

/* By how much some rows are apart at most, and in `off` each column: by the worst of its samples. */
static inline int64_t sh_gamut_of_rows(const sh_gamut *kernels, const uint8_t *luma, ptrdiff_t rows, ptrdiff_t cols,
                                       const int16_t *const *shares, int any_spread, int16_t *off, uint8_t *least, uint8_t *most)
{
    kernels->extremes(luma, rows, cols, cols, least, most);
    kernels->columns(least, most, shares[0], shares[1], shares[2], off, cols);
    if (any_spread)
        kernels->spread(least, most, shares, off, cols);
    return rows * kernels->sum(off, cols);
}

/* How far all samples are apart, by one of these ways. scratch[SH_GAMUT_ROOM * cols], aligned for int16_t. What is cut grows away from
 * the middle: pieces of luma whose extremes stay on the screen do so as a whole, and are not looked at. */
static inline int64_t sh_gamut_of_means(const sh_gamut *kernels, const sh_gamut_means *of, int way, void *scratch)
{
    const ptrdiff_t cols = of->cols, across = of->across;
    int16_t *const reds = (int16_t *)scratch, *const greens = reds + cols, *const blues = greens + cols;
    int16_t *const red_spreads = blues + cols, *const green_spreads = red_spreads + cols, *const blue_spreads = green_spreads + cols;
    int16_t *const mosts = blue_spreads + cols, *const off = mosts + cols;
    uint8_t *const least = (uint8_t *)(off + cols), *const most = least + cols;
    const int16_t *const shares[7] = {reds, greens, blues, red_spreads, green_spreads, blue_spreads, mosts};
    const int has_spreads = of->blue_spreads != NULL && way != SH_BY_MEANS;
    int64_t apart = 0;
    for (ptrdiff_t top = 0, i = 0; top < of->rows; top += of->down, i++) {
        const ptrdiff_t n_rows = of->rows - top < of->down ? of->rows - top : of->down;
        int any_spread = 0;
        for (ptrdiff_t left = 0, j = i * of->chroma_cols; left < cols; left += across, j++) {
            const ptrdiff_t end = cols - left < across ? cols : left + across;
            const int16_t cb = (int16_t)(of->blue[j] - 128), cr = (int16_t)(of->red[j] - 128);
            const int16_t r = SH_RED_OF(cr), g = SH_GREEN_OF(cb, cr), b = SH_BLUE_OF(cb);
            for (ptrdiff_t col = left; col < end; col++) {
                reds[col] = r;
                greens[col] = g;
                blues[col] = b;
            }
            if (!has_spreads)
                continue;
            const int sb = of->blue_spreads[j], sr = of->red_spreads[j];
            const int far_b = SH_GAMUT_SPREADS * sb, far_r = SH_GAMUT_SPREADS * sr;
            const int16_t dr = (int16_t)((179 * far_r + 127) >> 7), dg = (int16_t)((44 * far_b + 91 * far_r + 127) >> 7);
            const int16_t db = (int16_t)((227 * far_b + 127) >> 7);
            const int16_t added = (int16_t)((SH_GAMUT_OF_BLUE * sb + SH_GAMUT_OF_RED * sr + 255) >> 8);
            any_spread |= sb | sr;
            for (ptrdiff_t col = left; col < end; col++) {
                red_spreads[col] = dr;
                green_spreads[col] = dg;
                blue_spreads[col] = db;
                mosts[col] = added;
            }
        }
        const int64_t bound = sh_gamut_of_rows(kernels, of->luma + top * cols, n_rows, cols, shares, any_spread, off, least, most);
        if (way == SH_BY_EXTREMES)
            apart += bound;
        for (ptrdiff_t row = top; row < top + n_rows && way == SH_BY_SAMPLES && bound > 0; row++)
            apart += sh_gamut_of_rows(kernels, of->luma + row * cols, 1, cols, shares, any_spread, off, least, most);
        for (ptrdiff_t left = 0; left < cols && way == SH_BY_MEANS; left += across) {
            const ptrdiff_t end = cols - left < across ? cols : left + across;
            int any = 0;
            for (ptrdiff_t col = left; col < end; col++)
                any |= off[col];
            for (ptrdiff_t row = top; any && row < top + n_rows; row++)
                apart += kernels->run(of->luma + row * cols + left, (int)(end - left), reds[left], greens[left], blues[left]);
        }
    }
    return apart;
}

#endif
