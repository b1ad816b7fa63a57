/* pHash's way to its small grey picture, one line at a time. Included by _kernels_body.h. */

/* Grey from pixels exactly as the reference's converter rounds it (16-bit weights of ITU-R 601). */
static void SH_NAME(grey_of_row)(uint8_t *restrict grey, const uint8_t *restrict rgb, int apart, ptrdiff_t cols)
{
    if (apart == 3) /* a constant, for vectors */
        for (ptrdiff_t c = 0; c < cols; c++)
            grey[c] = sh_grey_of(rgb + 3 * c);
    else
        for (ptrdiff_t c = 0; c < cols; c++)
            grey[c] = sh_grey_of(rgb + apart * c);
}

static void SH_NAME(widen)(int16_t *restrict wide, const uint8_t *restrict row, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        wide[i] = row[i];
}

/* One resampled row: out[o] = clip8(sum of wide[start + i] * weight[i]), weights in 22-bit fixed point.
 * A sum with 16-bit weights (each rounded to a multiple of 2^shift) decides where its error cannot reach a rounding
 * boundary, which is nearly everywhere; the exact sum decides the rest. Same bits, half the work. */
static void SH_NAME(resample_row)(uint8_t *restrict out, const int16_t *restrict wide, const sh_resampler *rs)
{
    for (int o = 0; o < rs->n_out; o++) {
        const int16_t *restrict v = wide + rs->start[o];
        const int16_t *restrict coarse = rs->coarse + (ptrdiff_t)o * rs->taps16;
        int32_t rough = 0;
        for (ptrdiff_t i = 0; i < rs->taps16; i++)
            rough += (int32_t)v[i] * coarse[i];
        const int64_t middle = (int64_t)rough * (1 << rs->shift) + (1 << (SH_FIXED - 1));
        const uint8_t low = sh_clip8(middle - rs->error[o]), high = sh_clip8(middle + rs->error[o]);
        if (low == high) {
            out[o] = low;
            continue;
        }
        const int32_t *restrict weight = rs->weight + (ptrdiff_t)o * rs->taps16;
        int32_t exact = 1 << (SH_FIXED - 1);
        for (ptrdiff_t i = 0; i < rs->taps16; i++)
            exact += v[i] * weight[i];
        out[o] = sh_clip8(exact);
    }
}

/* One resampled column step: accumulate row by row, all columns at once. */
static void SH_NAME(resample_cols)(uint8_t *restrict out, const uint8_t *restrict rows, int n_cols,
                                   const sh_resampler *rs)
{
    int32_t sum[SH_MOST_COLS];
    for (int o = 0; o < rs->n_out; o++) {
        for (int c = 0; c < n_cols; c++)
            sum[c] = 1 << (SH_FIXED - 1);
        const int32_t *restrict weight = rs->weight + (ptrdiff_t)o * rs->taps16;
        for (ptrdiff_t i = 0; i < rs->count[o]; i++) {
            const uint8_t *restrict row = rows + (rs->start[o] + i) * n_cols;
            const int32_t w = weight[i];
            for (int c = 0; c < n_cols; c++)
                sum[c] += w * row[c];
        }
        for (int c = 0; c < n_cols; c++)
            out[o * n_cols + c] = sh_clip8(sum[c]);
    }
}
