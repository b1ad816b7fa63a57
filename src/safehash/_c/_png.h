/* Rows of a PNG picture as they were before their filters, in place.
 *
 * Half of the time of a decode goes there. Whole pixels are worked on at once where the processor's baseline has
 * vectors; the results are bytes, the same everywhere. PNG specification, third edition, clause 9.
 */
#ifndef SAFEHASH_PNG_H
#define SAFEHASH_PNG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_levels.h"

/* What may be read, and is never used, behind the last row. */
enum { SH_PNG_ROOM = 8 };

SH_INLINE uint8_t sh_paeth(int left, int above, int corner)
{
    const int up = above - corner, across = left - corner;
    const int from_left = up < 0 ? -up : up, from_above = across < 0 ? -across : across;
    const int both = up + across, from_corner = both < 0 ? -both : both;
    if (from_left <= from_above && from_left <= from_corner) return (uint8_t)left;
    return (uint8_t)(from_above <= from_corner ? above : corner);
}

SH_INLINE void sh_png_paeth_row(uint8_t *row, const uint8_t *above, ptrdiff_t n_bytes, ptrdiff_t pixel)
{
    ptrdiff_t i;
    for (i = 0; i < pixel && i < n_bytes; i++) row[i] = (uint8_t)(row[i] + above[i]);
    for (; i < n_bytes; i++) row[i] = (uint8_t)(row[i] + sh_paeth(row[i - pixel], above[i], above[i - pixel]));
}

#if SH_X86 || (defined(_M_X64) && !defined(__clang__))
#include <emmintrin.h>

/* A pixel's bytes as numbers: four are read, or eight of pixels of more. */
SH_INLINE __m128i sh_png_pixel(const uint8_t *bytes, const ptrdiff_t pixel)
{
    __m128i read;
    if (pixel > 4) {
        read = _mm_loadl_epi64((const __m128i *)bytes);
    } else {
        int32_t four;
        memcpy(&four, bytes, 4);
        read = _mm_cvtsi32_si128(four);
    }
    return _mm_unpacklo_epi8(read, _mm_setzero_si128());
}

SH_INLINE __m128i sh_png_size(__m128i x) { return _mm_max_epi16(x, _mm_sub_epi16(_mm_setzero_si128(), x)); }

SH_INLINE __m128i sh_png_select(__m128i where, __m128i one, __m128i other)
{
    return _mm_or_si128(_mm_and_si128(where, one), _mm_andnot_si128(where, other));
}

/* Pixels of three, four, six or eight bytes; up to SH_PNG_ROOM bytes are read behind the row. */
SH_INLINE void sh_png_paeth_pixels(uint8_t *row, const uint8_t *above, ptrdiff_t n_bytes, const ptrdiff_t pixel)
{
    const __m128i low = _mm_set1_epi16(255);
    __m128i left = _mm_setzero_si128(), corner = left;
    for (ptrdiff_t i = 0; i + pixel <= n_bytes; i += pixel) {
        const __m128i up = sh_png_pixel(above + i, pixel);
        const __m128i vertical = _mm_sub_epi16(up, corner), across = _mm_sub_epi16(left, corner);
        const __m128i from_left = sh_png_size(vertical), from_above = sh_png_size(across);
        const __m128i from_corner = sh_png_size(_mm_add_epi16(vertical, across));
        const __m128i least = _mm_min_epi16(from_corner, _mm_min_epi16(from_left, from_above));
        const __m128i nearest = sh_png_select(
            _mm_cmpeq_epi16(least, from_left), left,
            sh_png_select(_mm_cmpeq_epi16(least, from_above), up, corner));
        left = _mm_and_si128(_mm_add_epi16(sh_png_pixel(row + i, pixel), nearest), low);
        corner = up;
        uint8_t eight[8];
        _mm_storel_epi64((__m128i *)eight, _mm_packus_epi16(left, left));
        if (pixel == 3) {
            memcpy(row + i, eight, 2);
            row[i + 2] = eight[2];
        } else if (pixel == 6) {
            memcpy(row + i, eight, 4);
            memcpy(row + i + 4, eight + 4, 2);
        } else {
            memcpy(row + i, eight, (size_t)pixel);
        }
    }
}
#define SH_PNG_VECTORS 1
#else
#define SH_PNG_VECTORS 0
#endif

SH_INLINE void sh_png_row(int filter, uint8_t *row, const uint8_t *above, ptrdiff_t n_bytes, const ptrdiff_t pixel)
{
    ptrdiff_t i;
    switch (filter) {
    case 1:
        for (i = pixel; i < n_bytes; i++) row[i] = (uint8_t)(row[i] + row[i - pixel]);
        break;
    case 2:
        for (i = 0; i < n_bytes; i++) row[i] = (uint8_t)(row[i] + above[i]);
        break;
    case 3:
        for (i = 0; i < pixel && i < n_bytes; i++) row[i] = (uint8_t)(row[i] + (above[i] >> 1));
        for (; i < n_bytes; i++) row[i] = (uint8_t)(row[i] + ((row[i - pixel] + above[i]) >> 1));
        break;
    case 4:
#if SH_PNG_VECTORS
        if (pixel >= 3) {
            sh_png_paeth_pixels(row, above, n_bytes, pixel);
            break;
        }
#endif
        sh_png_paeth_row(row, above, n_bytes, pixel);
        break;
    default:
        break;
    }
}

/* Undo the filters of `rows` rows of 1 + n_bytes bytes each, SH_PNG_ROOM bytes behind them, `above` being the row before
 * them with as much room. Return how many rows come before one whose filter is unknown. */
static ptrdiff_t sh_png_unfilter(
    uint8_t *data, ptrdiff_t rows, ptrdiff_t n_bytes, ptrdiff_t pixel, const uint8_t *above)
{
    for (ptrdiff_t r = 0; r < rows; r++) {
        uint8_t *row = data + r * (n_bytes + 1) + 1;
        const int filter = row[-1];
        if (filter > 4) return r;
        switch (pixel) { /* the inner loops then know it */
        case 1: sh_png_row(filter, row, above, n_bytes, 1); break;
        case 2: sh_png_row(filter, row, above, n_bytes, 2); break;
        case 3: sh_png_row(filter, row, above, n_bytes, 3); break;
        case 4: sh_png_row(filter, row, above, n_bytes, 4); break;
        case 6: sh_png_row(filter, row, above, n_bytes, 6); break;
        default: sh_png_row(filter, row, above, n_bytes, 8); break;
        }
        above = row;
    }
    return rows;
}

#endif
