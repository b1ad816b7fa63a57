/* A thumbnail turned, or seen from the side: each sample computed by itself. Included by _views_body.h.
 *
 * What a sample is made of is written out in one order, so every copy gives the same bits.
 */

#if defined(__GNUC__)
/* Four places, brought within 0 to `last`: the sample that each lies behind, and how far. */
SH_INLINE void SV_NAME(whole_and_part)(int *restrict whole, float *restrict part, const double *restrict places, int last)
{
    const sv_long4 end = (sv_long4)((sv_double4){0} + last);
    sv_double4 at = *(const sv_load_double4 *)places;
    at = (sv_double4)((sv_long4)at & (sv_long4)(at > (sv_double4){0}));
    const sv_long4 within = (sv_long4)(at < (sv_double4)end);
    at = (sv_double4)(((sv_long4)at & within) | (end & ~within));
    const sh_int4 samples = __builtin_convertvector(at, sh_int4);
    const sh_float4 rest = __builtin_convertvector(at - __builtin_convertvector(samples, sv_double4), sh_float4);
    *(sv_store_int4 *)whole = samples;
    SH_STORE(4, part) = rest;
}
#endif

/* out[c] = the thumbnail at row down[c] and column across[c], in samples from the first one's middle: bilinear, edges
 * repeated. */
static inline void SV_NAME(sample_row)(float *restrict out, const float *restrict thumb, int n, const double *restrict down,
                                       const double *restrict across)
{
    int row[SV_MAX_SIDE], col[SV_MAX_SIDE];
    float part_down[SV_MAX_SIDE], part_across[SV_MAX_SIDE];
#if defined(__GNUC__)
    for (int c = 0; c < n; c += 4) {
        SV_NAME(whole_and_part)(row + c, part_down + c, down + c, n - 1);
        SV_NAME(whole_and_part)(col + c, part_across + c, across + c, n - 1);
    }
#else
    for (int c = 0; c < n; c++) {
        const double last = n - 1;
        const double v = down[c] < 0 ? 0 : down[c] > last ? last : down[c];
        const double u = across[c] < 0 ? 0 : across[c] > last ? last : across[c];
        row[c] = (int)v;
        col[c] = (int)u;
        part_down[c] = (float)(v - row[c]);
        part_across[c] = (float)(u - col[c]);
    }
#endif
    /* Each two neighbours are one load; of the last column, whose part is nothing, the one before it and itself. */
    float ups[2 * SV_MAX_SIDE], lows[2 * SV_MAX_SIDE];
    int at[SV_MAX_SIDE], below[SV_MAX_SIDE];
    for (int c = 0; c < n; c++) {
        at[c] = row[c] * n + col[c] - (col[c] == n - 1);
        below[c] = at[c] + (row[c] < n - 1 ? n : 0);
    }
    for (int c = 0; c < n; c++) {
        memcpy(ups + 2 * c, thumb + at[c], 2 * sizeof *ups);
        memcpy(lows + 2 * c, thumb + below[c], 2 * sizeof *lows);
    }
    for (int c = 0; c < n; c++) {
        const int is_last = col[c] == n - 1;
        const float up = is_last ? ups[2 * c + 1] : ups[2 * c], low = is_last ? lows[2 * c + 1] : lows[2 * c];
        const float top = up + part_across[c] * (ups[2 * c + 1] - up);
        const float bottom = low + part_across[c] * (lows[2 * c + 1] - low);
        out[c] = top + part_down[c] * (bottom - top);
    }
}

/* The thumbnail turned about its centre, counter-clockwise, in the upload's own proportions, aspect = cols / rows. */
static void SV_NAME(rotate)(float *restrict out, const float *restrict thumb, int n, double cosine, double sine,
                            double aspect)
{
    double down[SV_MAX_SIDE], across[SV_MAX_SIDE];
    const double half = n / 2.0;
    for (int r = 0; r < n; r++) {
        const double y = r + 0.5 - half;
        for (int c = 0; c < n; c++) {
            const double x = (c + 0.5 - half) * aspect;
            down[c] = y * cosine + x * sine + half - 0.5;
            across[c] = (x * cosine - y * sine) / aspect + half - 0.5;
        }
        SV_NAME(sample_row)(out + (ptrdiff_t)n * r, thumb, n, down, across);
    }
}

/* The picture whose corners lie in the thumbnail where a projection says. */
static void SV_NAME(bend)(float *restrict out, const float *restrict thumb, int n, const sv_projection *p)
{
    double down[SV_MAX_SIDE], across[SV_MAX_SIDE];
    for (int r = 0; r < n; r++) {
        const double y = (r + 0.5) / n;
        for (int c = 0; c < n; c++) {
            const double x = (c + 0.5) / n;
            const double w = n / (p->beyond[0] * y + p->beyond[1] * x + 1.0);
            down[c] = (p->row[0] * y + p->row[1] * x + p->row[2]) * w - 0.5;
            across[c] = (p->col[0] * y + p->col[1] * x + p->col[2]) * w - 0.5;
        }
        SV_NAME(sample_row)(out + (ptrdiff_t)n * r, thumb, n, down, across);
    }
}
