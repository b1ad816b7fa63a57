/* Some rows of pixels to one of means; _grey.h includes this file once per level. Integers throughout. */

#include "_grey_squares_body.h"

/* The means of n_rows rows of n pixels (red, green, blue and a byte without meaning), `side` columns each; the last one of those
 * that are left. sums: room for n. */
static void SH_NAME(grey_means)(const uint8_t *restrict pixels, ptrdiff_t n, int n_rows, int side, uint16_t *restrict sums,
                                uint8_t *restrict means)
{
    memset(sums, 0, (size_t)n * sizeof *sums);
    for (int row = 0; row < n_rows; row++, pixels += 4 * n)
        for (ptrdiff_t i = 0; i < n; i++) {
            uint32_t word;
            memcpy(&word, pixels + 4 * i, sizeof word);
            const uint32_t red = word >> SH_GREY_AT(0) & 255, green = word >> SH_GREY_AT(1) & 255, blue = word >> SH_GREY_AT(2) & 255;
            sums[i] = (uint16_t)(sums[i] + ((red * SH_GREY_OF_RED + green * SH_GREY_OF_GREEN + blue * SH_GREY_OF_BLUE + SH_GREY_HALF) >> 16));
        }
    SH_NAME(grey_squares)(sums, n, side, n_rows, means);
}

static const sh_grey SH_NAME(grey) = {SH_NAME(grey_means)};
