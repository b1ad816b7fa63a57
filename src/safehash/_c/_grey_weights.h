/* What red, green and blue count in luma, and how the imaging library rounds a mean. */
#ifndef SAFEHASH_GREY_WEIGHTS_H
#define SAFEHASH_GREY_WEIGHTS_H

#include "_levels.h"

/* In 1/65536. */
enum { SH_GREY_OF_RED = 19595, SH_GREY_OF_GREEN = 38470, SH_GREY_OF_BLUE = 7471, SH_GREY_HALF = 32768 };
/* Sides of squares: rows of 8 samples of 255 at most are added up in 16 bits. */
enum { SH_GREY_MOST = 8 };
/* Where a byte of a pixel stands in a word of four. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SH_GREY_AT(place) (24 - 8 * (place))
#else
#define SH_GREY_AT(place) (8 * (place))
#endif

/* A mean of n samples is their sum and half of n, times this, in 1/2^24: rounded as the library rounds it. */
static inline uint32_t sh_grey_share(int n)
{
    const float all = (1 << 30) * 4.0f;
    return (uint32_t)(all / (float)(256 * n));
}

#endif
