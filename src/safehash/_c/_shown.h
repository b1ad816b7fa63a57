/* What a screen shows of samples in colours of their own, in grey: curves to light, a matrix, and sRGB's curve back. */
#ifndef SAFEHASH_SHOWN_H
#define SAFEHASH_SHOWN_H

#include "_gamut.h"

/* Pixels taken at a time: all that is held of them fits the nearest cache. */
enum { SH_SHOWN_PIECE = 1024 };
/* Steps of light from none to a screen's most: the darkest of sRGB's levels takes six of them. */
enum { SH_SHOWN_LEVELS = 1 << 14 };

/* pixels[4 * n]: red, green, blue, or luma and chroma, and a byte without meaning.
 * light[3][256][4]: what each sample of red, green and blue adds to the light of a screen's red, green and blue, in steps.
 * levels[SH_SHOWN_LEVELS]: samples of light, by step. */
typedef struct {
    void (*luma)(const uint8_t *pixels, uint8_t *luma, ptrdiff_t n, int is_ycc, const float *light, const uint8_t *levels);
} sh_shown;

#define SH_BODY "_shown_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_shown *sh_shown_at(int level)
{
    return SH_AT_LEVEL(level, shown_kernel);
}

#endif
