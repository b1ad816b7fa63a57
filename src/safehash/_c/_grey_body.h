/* Some rows of pixels to one of means; _grey.h includes this file once per level. Integers throughout. */

/* Means of `side` sums each, of n_rows samples down. */
SH_INLINE void SH_NAME(grey_across)(const uint16_t *restrict sums, ptrdiff_t n, const int side, int n_rows, uint8_t *restrict means)
{
    const uint32_t share = sh_grey_share(side * n_rows), half = (uint32_t)(side * n_rows / 2);
    for (ptrdiff_t j = 0; j < n; j++) {
        uint32_t sum = half;
        for (int i = 0; i < side; i++)
            sum += sums[side * j + i];
        means[j] = (uint8_t)(sum * share >> 24);
    }
}

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
    const ptrdiff_t whole = n / side;
    switch (side) { /* the loops then know it */
    case 2: SH_NAME(grey_across)(sums, whole, 2, n_rows, means); break;
    case 4: SH_NAME(grey_across)(sums, whole, 4, n_rows, means); break;
    case 8: SH_NAME(grey_across)(sums, whole, 8, n_rows, means); break;
    default: SH_NAME(grey_across)(sums, whole, side, n_rows, means); break;
    }
    if (n % side)
        SH_NAME(grey_across)(sums + side * whole, 1, (int)(n % side), n_rows, means + whole);
}

static const sh_grey SH_NAME(grey) = {SH_NAME(grey_means)};
