/* How far the luma of what a screen shows is from the luma that is stored: chroma that leaves red, green and blue is cut. */
#ifndef SAFEHASH_GAMUT_H
#define SAFEHASH_GAMUT_H

#include "_levels.h"

/* Grey levels by which two ways of rounding differ. */
enum { SH_GAMUT_ROUNDING = 1 };
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
} sh_gamut;

#define SH_BODY "_gamut_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_gamut *sh_gamut_at(int level)
{
    return SH_AT_LEVEL(level, gamut);
}

/* Bytes of working memory for each column of luma. */
enum { SH_GAMUT_ROOM = 4 * sizeof(int16_t) + 2 };

/* Of luma and chroma whose every sample stands for `across` x `down` samples of luma: how far all are apart,
 * or no less than that: every sample taken for the worst of its column. scratch[SH_GAMUT_ROOM * cols], aligned for int16_t. What is cut
 * grows away from the middle: pieces of luma whose extremes stay on the screen do so as a whole, and are not looked at. */
static inline int64_t sh_gamut_of_means(const sh_gamut *kernels, const uint8_t *luma, ptrdiff_t rows, ptrdiff_t cols,
                                        const uint8_t *blue, const uint8_t *red, ptrdiff_t chroma_cols, ptrdiff_t across,
                                        ptrdiff_t down, int is_exact, void *scratch)
{
    int16_t *const reds = (int16_t *)scratch, *const greens = reds + cols, *const blues = greens + cols, *const off = blues + cols;
    uint8_t *const least = (uint8_t *)(off + cols), *const most = least + cols;
    int64_t apart = 0;
    for (ptrdiff_t top = 0, i = 0; top < rows; top += down, i++) {
        const ptrdiff_t n_rows = rows - top < down ? rows - top : down;
        kernels->extremes(luma + top * cols, n_rows, cols, cols, least, most);
        for (ptrdiff_t left = 0, j = i * chroma_cols; left < cols; left += across, j++) {
            const ptrdiff_t end = cols - left < across ? cols : left + across;
            const int16_t cb = (int16_t)(blue[j] - 128), cr = (int16_t)(red[j] - 128);
            const int16_t r = SH_RED_OF(cr), g = SH_GREEN_OF(cb, cr), b = SH_BLUE_OF(cb);
            for (ptrdiff_t col = left; col < end; col++) {
                reds[col] = r;
                greens[col] = g;
                blues[col] = b;
            }
        }
        kernels->columns(least, most, reds, greens, blues, off, cols);
        if (!is_exact) {
            int64_t sum = 0;
            for (ptrdiff_t col = 0; col < cols; col++)
                sum += off[col];
            apart += sum * n_rows;
            continue;
        }
        for (ptrdiff_t left = 0; left < cols; left += across) {
            const ptrdiff_t end = cols - left < across ? cols : left + across;
            int any = 0;
            for (ptrdiff_t col = left; col < end; col++)
                any |= off[col];
            for (ptrdiff_t row = top; any && row < top + n_rows; row++)
                apart += kernels->run(luma + row * cols + left, (int)(end - left), reds[left], greens[left], blues[left]);
        }
    }
    return apart;
}

#endif
