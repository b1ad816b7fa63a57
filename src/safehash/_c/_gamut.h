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

/* Shares of the chroma of n places, each an array: what is added for red, taken away for green and added for blue; how far each may lie
 * from that; and the most that this adds to how far a sample is apart. */
enum { SH_SHARES = 7 };

/* What is known of places side by side: blocks of a row of them, or columns of some of these blocks. */
typedef struct {
    int16_t *shares[SH_SHARES], *off;
    uint8_t *least, *most;
} sh_gamut_line;

typedef struct {
    int64_t (*pixels)(const uint8_t *, uint8_t *, ptrdiff_t);
    int64_t (*block)(const uint8_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, int16_t, int16_t, int16_t);
    void (*extremes)(const uint8_t *, ptrdiff_t, ptrdiff_t, ptrdiff_t, uint8_t *, uint8_t *);
    void (*narrowed)(const uint8_t *, const uint8_t *, uint8_t *, uint8_t *, ptrdiff_t, ptrdiff_t);
    int (*shares)(const uint8_t *, const uint8_t *, const uint8_t *, const uint8_t *, int16_t *const *, ptrdiff_t);
    ptrdiff_t (*gathered)(const sh_gamut_line *, ptrdiff_t, const uint8_t *, const uint8_t *, ptrdiff_t, ptrdiff_t, int,
                          const sh_gamut_line *);
    void (*columns)(const sh_gamut_line *, ptrdiff_t);
    void (*spread)(const sh_gamut_line *, ptrdiff_t);
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

/* Bytes of working memory for each column of luma, and for as many more as share one of chroma. */
enum { SH_GAMUT_ROOM = 2 * (SH_SHARES + 1) * sizeof(int16_t) + 6 };

static inline sh_gamut_line sh_gamut_line_in(int16_t *shorts, uint8_t *bytes, ptrdiff_t n)
{
    sh_gamut_line line;
    for (int i = 0; i < SH_SHARES; i++)
        line.shares[i] = shorts + i * n;
    line.off = shorts + SH_SHARES * n;
    line.least = bytes;
    line.most = bytes + n;
    return line;
}

/* How far all samples are apart, by one of these ways; `at_most`, unless NULL, is set to the same by extremes, spreads left aside.
 * scratch[SH_GAMUT_ROOM * (cols + across)], aligned for int16_t; across <= cols. What is cut grows away from the middle: blocks, and
 * columns of them, whose extremes stay on the screen do so as a whole, and are not looked at. */
static inline int64_t sh_gamut_of_means(const sh_gamut *kernels, const sh_gamut_means *of, int way, void *scratch, int64_t *at_most)
{
    const ptrdiff_t cols = of->cols, across = of->across, room = cols + across, n_blocks = (cols + across - 1) / across;
    int16_t *const shorts = (int16_t *)scratch;
    uint8_t *const bytes = (uint8_t *)(shorts + 2 * (SH_SHARES + 1) * room), *const least = bytes + 4 * room, *const most = least + room;
    const sh_gamut_line blocks = sh_gamut_line_in(shorts, bytes, room);
    const sh_gamut_line line = sh_gamut_line_in(shorts + (SH_SHARES + 1) * room, bytes + 2 * room, room);
    const int has_spreads = of->blue_spreads != NULL && way != SH_BY_MEANS;
    int64_t apart = 0, by_extremes = 0;
    for (ptrdiff_t top = 0, first = 0; top < of->rows; top += of->down, first += of->chroma_cols) {
        const ptrdiff_t n_rows = of->rows - top < of->down ? of->rows - top : of->down;
        const uint8_t *rows = of->luma + top * cols;
        const int any_spread = kernels->shares(of->blue + first, of->red + first, has_spreads ? of->blue_spreads + first : NULL,
                                               has_spreads ? of->red_spreads + first : NULL, blocks.shares, n_blocks);
        kernels->extremes(rows, n_rows, cols, cols, least, most);
        kernels->narrowed(least, most, blocks.least, blocks.most, cols, across);
        kernels->columns(&blocks, n_blocks);
        if (any_spread)
            kernels->spread(&blocks, n_blocks);
        if (way == SH_BY_MEANS) {
            for (ptrdiff_t j = 0, left = 0; j < n_blocks; j++, left += across)
                if (blocks.off[j])
                    apart += kernels->block(rows + left, cols, n_rows, cols - left < across ? cols - left : across, blocks.shares[0][j],
                                            blocks.shares[1][j], blocks.shares[2][j]);
            continue;
        }
        const ptrdiff_t n = kernels->gathered(&blocks, n_blocks, least, most, cols, across, any_spread ? SH_SHARES : 3, &line);
        if (n == 0)
            continue;
        kernels->columns(&line, n);
        by_extremes += n_rows * kernels->sum(line.off, n);
        if (any_spread)
            kernels->spread(&line, n);
        const int64_t bound = n_rows * kernels->sum(line.off, n);
        if (way == SH_BY_EXTREMES)
            apart += bound;
        for (ptrdiff_t row = 0; row < n_rows && way == SH_BY_SAMPLES && bound > 0; row++, rows += cols) {
            kernels->gathered(&blocks, n_blocks, rows, rows, cols, across, 0, &line);
            kernels->columns(&line, n);
            if (any_spread)
                kernels->spread(&line, n);
            apart += kernels->sum(line.off, n);
        }
    }
    if (at_most != NULL)
        *at_most = by_extremes;
    return apart;
}

#endif
