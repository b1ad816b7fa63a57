/* From kept coefficients to the samples of the reduced picture: means, as far as these coefficients make them up. */

/* A sample from a sum in 2^shift; marks in `odd` what decoders do not agree on. */
SH_INLINE uint32_t SH_NAME(sample)(int32_t sum, int shift, uint32_t *odd)
{
    const int32_t sample = (int32_t)((uint32_t)sum + (1u << (shift - 1))) >> shift, shown = sample + 128;
    *odd |= (uint32_t)(sample + SJ_GREATEST_SAMPLE) & ~(uint32_t)(2 * SJ_GREATEST_SAMPLE - 1);
    return (uint32_t)(shown < 0 ? 0 : shown > 255 ? 255 : shown);
}

static uint32_t SH_NAME(means_to_samples)(uint8_t *restrict row, const int16_t *restrict means, int32_t quantizer,
                                          ptrdiff_t n)
{
    uint32_t odd = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        row[i] = (uint8_t)SH_NAME(sample)(means[i] * quantizer, 3, &odd);
    return odd;
}

/* Two samples of two rows a block from its four lowest coefficients, side by side in a word each. */
static uint32_t SH_NAME(fours_to_samples)(uint16_t *restrict upper, uint16_t *restrict lower,
                                          const int16_t *restrict mean, const int16_t *restrict across,
                                          const int16_t *restrict down, const int16_t *restrict both,
                                          const int32_t *weights, ptrdiff_t n)
{
    const int32_t w_mean = weights[0], w_across = weights[1], w_down = weights[2], w_both = weights[3];
    uint32_t odd = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int32_t a = mean[i] * w_mean, b = across[i] * w_across, c = down[i] * w_down, d = both[i] * w_both;
        const int32_t above = a + c, below = a - c, right = b + d, left = b - d;
        upper[i] = (uint16_t)(SH_NAME(sample)(above + right, SJ_FOUR_SHIFT, &odd) |
                              SH_NAME(sample)(above - right, SJ_FOUR_SHIFT, &odd) << 8);
        lower[i] = (uint16_t)(SH_NAME(sample)(below + left, SJ_FOUR_SHIFT, &odd) |
                              SH_NAME(sample)(below - left, SJ_FOUR_SHIFT, &odd) << 8);
    }
    return odd;
}

SH_INLINE int16_t SH_NAME(middle)(int32_t sum, uint32_t *odd)
{
    const int32_t value = (sum + (1 << (SJ_COLUMN_SHIFT - 1))) >> SJ_COLUMN_SHIFT;
    *odd |= (uint32_t)(value + 32768) & ~65535u;
    return (int16_t)value;
}

/* Four rows of one frequency across, from those of its frequencies down that are kept: 0, then `n_terms` - 1 of 1, 2, 3, 5.
 * rows: 4 of `pitch`. */
SH_INLINE uint32_t SH_NAME(column)(int16_t *restrict rows, ptrdiff_t pitch, const int16_t *const *down,
                                   const int32_t (*weights)[2], const int n_terms, ptrdiff_t n)
{
    const int16_t *restrict f0 = down[0], *restrict f1 = down[1], *restrict f2 = down[2], *restrict f3 = down[3],
                  *restrict f5 = down[4];
    int16_t *restrict r0 = rows, *restrict r1 = rows + pitch, *restrict r2 = rows + 2 * pitch, *restrict r3 = rows + 3 * pitch;
    uint32_t odd = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        int32_t outer = f0[i] * weights[0][0], inner = outer, outer_odd = 0, inner_odd = 0;
        if (n_terms > 1) {
            outer_odd += f1[i] * weights[1][0];
            inner_odd += f1[i] * weights[1][1];
        }
        if (n_terms > 2) {
            const int32_t even = f2[i] * weights[2][0];
            outer += even;
            inner -= even;
        }
        if (n_terms > 3) {
            outer_odd += f3[i] * weights[3][0];
            inner_odd += f3[i] * weights[3][1];
        }
        if (n_terms > 4) {
            outer_odd += f5[i] * weights[4][0];
            inner_odd += f5[i] * weights[4][1];
        }
        r0[i] = SH_NAME(middle)(outer + outer_odd, &odd);
        r1[i] = SH_NAME(middle)(inner + inner_odd, &odd);
        r2[i] = SH_NAME(middle)(inner - inner_odd, &odd);
        r3[i] = SH_NAME(middle)(outer - outer_odd, &odd);
    }
    return odd;
}

/* Four samples a block from one row of its five frequencies across, side by side in a word. */
static uint32_t SH_NAME(row_to_samples)(uint32_t *restrict words, const int16_t *const *across, ptrdiff_t n)
{
    const int16_t *restrict f0 = across[0], *restrict f1 = across[1], *restrict f2 = across[2], *restrict f3 = across[3],
                  *restrict f5 = across[4];
    uint32_t odd = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int32_t mean = f0[i] * (1 << SJ_ROW_BITS), even = f2[i] * sj_halves[2][0];
        const int32_t outer = mean + even, inner = mean - even;
        const int32_t outer_odd = f1[i] * sj_halves[1][0] + f3[i] * sj_halves[3][0] + f5[i] * sj_halves[4][0];
        const int32_t inner_odd = f1[i] * sj_halves[1][1] + f3[i] * sj_halves[3][1] + f5[i] * sj_halves[4][1];
        words[i] = SH_NAME(sample)(outer + outer_odd, SJ_ROW_SHIFT, &odd) |
                   SH_NAME(sample)(inner + inner_odd, SJ_ROW_SHIFT, &odd) << 8 |
                   SH_NAME(sample)(inner - inner_odd, SJ_ROW_SHIFT, &odd) << 16 |
                   SH_NAME(sample)(outer - outer_odd, SJ_ROW_SHIFT, &odd) << 24;
    }
    return odd;
}

static void SH_NAME(put_rows)(sj_reader *r, ptrdiff_t row, const uint8_t *samples, ptrdiff_t pitch, int n_rows)
{
    for (int i = 0; i < n_rows && row + i < r->luma_rows; i++)
        memcpy(r->luma + (row + i) * r->luma_cols, samples + i * pitch, (size_t)r->luma_cols);
}

#include "_jpeg_whole_body.h"

/* Write the samples of a row of luma's blocks, whose means stand at `planes` and whose number down is `block_row`. */
static int SH_NAME(samples_of_row)(sj_reader *r, const int16_t *planes, ptrdiff_t block_row)
{
    const ptrdiff_t n = r->component[0].across, pitch = r->component[0].padded_across;
    const ptrdiff_t *offset = r->offset;
    uint8_t *bytes = (uint8_t *)r->samples;
    uint32_t odd = 0;
    if (r->n_used == 1) {
        odd = SH_NAME(means_to_samples)(bytes, planes, r->component[0].quantizer[0], n);
        SH_NAME(put_rows)(r, block_row, bytes, pitch, 1);
    } else if (r->n_used == 5) {
        odd = SH_NAME(fours_to_samples)((uint16_t *)bytes, (uint16_t *)(bytes + 2 * pitch), planes, planes + offset[1],
                                        planes + offset[2], planes + offset[4], r->fours, n);
        SH_NAME(put_rows)(r, 2 * block_row, bytes, 2 * pitch, 2);
    } else if (r->n_used == SJ_WHOLE) {
        odd = SH_NAME(whole_to_samples)(r, planes, block_row);
    } else {
        /* Frequencies across 0, 1, 2, 3 and 5, each with those down that are kept: zigzag places. */
        static const int places[5][5] = {{0, 2, 3, 9, 20}, {1, 4, 8, 11, 0}, {5, 7, 12, 18, 0}, {6, 13, 17, 0, 0}, {15, 0, 0, 0, 0}};
        const int16_t *of[5][5];
        int16_t *columns = r->samples + 2 * pitch;
        for (int u = 0; u < 5; u++)
            for (int v = 0; v < 5; v++)
                of[u][v] = planes + offset[places[u][v]];
        odd |= SH_NAME(column)(columns, pitch, of[0], r->weights[0], 5, n);
        odd |= SH_NAME(column)(columns + 4 * pitch, pitch, of[1], r->weights[1], 4, n);
        odd |= SH_NAME(column)(columns + 8 * pitch, pitch, of[2], r->weights[2], 4, n);
        odd |= SH_NAME(column)(columns + 12 * pitch, pitch, of[3], r->weights[3], 3, n);
        odd |= SH_NAME(column)(columns + 16 * pitch, pitch, of[4], r->weights[4], 1, n);
        for (int i = 0; i < 4; i++) {
            const int16_t *across[5];
            for (int u = 0; u < 5; u++)
                across[u] = columns + (4 * u + i) * pitch;
            odd |= SH_NAME(row_to_samples)((uint32_t *)bytes, across, n);
            SH_NAME(put_rows)(r, 4 * block_row + i, bytes, 4 * pitch, 1);
        }
    }
    return odd ? SJ_IRREGULAR : SJ_MORE;
}

/* The roots of mean squares, rounded up; 255 is 255 or more. */
static void SH_NAME(squares_to_spreads)(uint8_t *restrict spreads, const uint16_t *restrict squares, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const float root = sqrtf((float)squares[i]);
        const int32_t whole = (int32_t)root, spread = whole + ((float)whole < root);
        spreads[i] = (uint8_t)(spread < 255 ? spread : 255);
    }
}

/* Write the means of chroma's blocks and how far their samples spread, as far as they are wanted. */
static int SH_NAME(chroma_to_samples)(sj_reader *r)
{
    uint32_t odd = 0;
    for (int i = 0; i < 2; i++) {
        const sj_component *component = &r->component[1 + i];
        for (ptrdiff_t row = 0; r->chroma[i] != NULL && row < component->down; row++) {
            const ptrdiff_t to = row * component->across, from = row * component->padded_across;
            odd |= SH_NAME(means_to_samples)(r->chroma[i] + to, component->means + from, component->quantizer[0],
                                             component->across);
            SH_NAME(squares_to_spreads)(r->spreads[i] + to, component->squares + from, component->across);
        }
    }
    return odd ? SJ_IRREGULAR : SJ_DONE;
}
