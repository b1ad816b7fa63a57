/* Sums of some rows to one row of means; included once per level. Integers throughout. */

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

/* The means of n sums, `side` columns each and n_rows samples down; the last one of those that are left. */
static void SH_NAME(grey_squares)(const uint16_t *restrict sums, ptrdiff_t n, int side, int n_rows, uint8_t *restrict means)
{
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
