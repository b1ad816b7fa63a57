/* The window kernels, written once; _each_level.h includes this file once per level.
 *
 * Every sum runs in the order written out here, lane by lane, so every copy gives the same bits.
 */

/* line[i] = first_weight first[i] + inner_weight (sum of `count` rows from `inner` on) + last_weight last[i]; `count` is a
 * constant wherever this is inlined, at most 8. */
static inline void SV_NAME(shrink_few)(float *restrict line, const uint8_t *restrict first, const uint8_t *restrict inner,
                                       const uint8_t *restrict last, ptrdiff_t pitch, const int count,
                                       const sv_box *box, ptrdiff_t n)
{
    const float v = box->first_weight, w = box->inner_weight, z = box->last_weight;
    for (ptrdiff_t i = 0; i < n; i++) {
        int sum = 0;
        for (int r = 0; r < count; r++)
            sum += inner[r * pitch + i];
        line[i] = (v * (float)first[i] + w * (float)sum) + z * (float)last[i];
    }
}

/* line[c] = weighted sum of one box's rows: the first, those inside, whose sum is exact, and the last.
 * n: samples of a row, all channels; sums: as many, of 8 million rows at most. */
static void SV_NAME(shrink_rows)(float *restrict line, const uint8_t *pixels, ptrdiff_t row_stride, ptrdiff_t n,
                                 const sv_box *box, int32_t *restrict sums)
{
    const uint8_t *first = pixels + box->first * row_stride, *last = pixels + box->last * row_stride;
    const uint8_t *restrict inner = first + row_stride;
    const ptrdiff_t count = box->last - box->first - 1;
    switch (count) {
    case -1:
        for (ptrdiff_t i = 0; i < n; i++)
            line[i] = (float)first[i];
        return;
    case 0: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 0, box, n); return;
    case 1: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 1, box, n); return;
    case 2: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 2, box, n); return;
    case 3: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 3, box, n); return;
    case 4: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 4, box, n); return;
    case 5: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 5, box, n); return;
    case 6: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 6, box, n); return;
    case 7: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 7, box, n); return;
    case 8: SV_NAME(shrink_few)(line, first, inner, last, row_stride, 8, box, n); return;
    default: break;
    }
    ptrdiff_t r = 0;
    memset(sums, 0, (size_t)n * sizeof *sums);
    for (; r + 8 <= count; r += 8)
        for (ptrdiff_t i = 0; i < n; i++) {
            const uint8_t *restrict at = inner + r * row_stride + i;
            sums[i] += ((at[0] + at[row_stride]) + (at[2 * row_stride] + at[3 * row_stride])) +
                       ((at[4 * row_stride] + at[5 * row_stride]) + (at[6 * row_stride] + at[7 * row_stride]));
        }
    for (; r < count; r++)
        for (ptrdiff_t i = 0; i < n; i++)
            sums[i] += inner[r * row_stride + i];
    for (ptrdiff_t i = 0; i < n; i++)
        line[i] = (box->first_weight * (float)first[i] + box->inner_weight * (float)sums[i]) +
                  box->last_weight * (float)last[i];
}

/* total[8] = weighted sum of one box's columns, in their order, of eight lines at once. */
static inline void SV_NAME(shrink_columns)(float *restrict total, const float *restrict mixed, const sv_box *box)
{
    const float *restrict column = mixed + 8 * box->first;
#if defined(__GNUC__)
    sh_float8 sum = box->first_weight * SH_LOAD(8, column);
    for (ptrdiff_t i = box->first + 1; i < box->last; i++)
        sum += box->inner_weight * SH_LOAD(8, mixed + 8 * i);
    if (box->last > box->first)
        sum += box->last_weight * SH_LOAD(8, mixed + 8 * box->last);
    SH_STORE(8, total) = sum;
#else
    for (int lane = 0; lane < 8; lane++) {
        total[lane] = box->first_weight * column[lane];
        for (ptrdiff_t i = box->first + 1; i < box->last; i++)
            total[lane] += box->inner_weight * mixed[8 * i + lane];
        if (box->last > box->first)
            total[lane] += box->last_weight * mixed[8 * box->last + lane];
    }
#endif
}

/* thumb[side][side] of a picture: weighted sums of each box's rows, then of its columns, each in their order; eight rows
 * of the thumbnail at once. work: 17 floats for each sample of a row. */
static void SV_NAME(thumbnail)(float *restrict thumb, int side, const sh_picture *picture, const sv_box *down,
                               const sv_box *across, float *work)
{
    const ptrdiff_t n = sh_samples_of_row(picture), cols = picture->n_cols, apart = picture->apart;
    float *lines = work, *mixed = work + 8 * n;
    int32_t *sums = (int32_t *)(work + 16 * n);
    for (int r = 0; r < side; r += 8) {
        for (int lane = 0; lane < 8; lane++) {
            float *line = lines + lane * cols, *raw = picture->channels == 3 ? mixed : line;
            SV_NAME(shrink_rows)(raw, picture->data, picture->row_stride, n, down + r + lane, sums);
            if (picture->channels == 3)
                for (ptrdiff_t c = 0; c < cols; c++) {
                    const float *pixel = raw + apart * c;
                    line[c] = (float)(0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]);
                }
        }
        SH_NAME(mix_lines)(mixed, 8, lines, cols);
        for (int c = 0; c < side; c++) {
            float total[8];
            SV_NAME(shrink_columns)(total, mixed, across + c);
            for (int lane = 0; lane < 8; lane++)
                thumb[(ptrdiff_t)side * (r + lane) + c] = total[lane];
        }
    }
}

/* Whether every sample is a grey level, within one: 0 to 255, and what rounding adds. */
static int SV_NAME(is_picture)(const float *thumb, int n)
{
    int beyond = 0;
    for (int i = 0; i < n; i++)
        beyond |= !(thumb[i] >= -1.0f) | !(thumb[i] <= 256.0f);
    return !beyond;
}

/* 64 tents between a and b (fractions of a side of n samples; beyond it the edge repeats). A tent is as wide as PDQ's
 * two box filters together, one output's distance, but never narrower than linear interpolation needs. */
static void SV_NAME(fill_tents)(sv_tents *tents, int n, double a, double b)
{
    const double spacing = (b - a) * n / 64.0;
    const double half = spacing / 2.0 > 1.0 ? spacing / 2.0 : 1.0;
    const double slope = 1.0 / half;
    const int most = (int)floor(2.0 * half) + 1, taps = most < n ? most : n;
    tents->taps = taps;
    for (int k = 0; k < 64; k++) {
        const double centre = a * n + spacing * (k + 0.5) - 0.5;
        const int first = (int)ceil(centre - half), last = (int)floor(centre + half);
        const int base = first < 0 ? 0 : first > n - taps ? n - taps : first;
        double part[SV_MOST_TAPS], total = 0.0;
        float *restrict weight = tents->weight[k];
        tents->first[k] = base;
        memset(weight, 0, (size_t)taps * sizeof *weight);
        for (int j = first; j <= last; j++) {
            part[j - first] = 1.0 - fabs((double)j - centre) * slope;
            total += part[j - first];
        }
        const double share = 1.0 / total;
        for (int j = first; j <= last; j++)
            weight[(j < 0 ? 0 : j > n - 1 ? n - 1 : j) - base] += (float)(part[j - first] * share);
    }
    tents->lo = tents->first[0]; /* centres ascend */
    tents->hi = tents->first[63] + taps;
}

/* out[i] (`pitch` floats apart) = lanes of the 16 lowest frequencies, constant left out, of 64 lanes each: sums[k] is the
 * sum of number k and number 63 - k, differences[k] what the second lacks to the first. Cosines are alike or opposite
 * there. */
static inline void SV_NAME(dct)(float *restrict out, ptrdiff_t pitch, const SV_LANES *restrict sums,
                                const SV_LANES *restrict differences)
{
    for (int i = 0; i < 16; i += 8) {
        SV_LANES f0 = SV_ZERO, f1 = SV_ZERO, f2 = SV_ZERO, f3 = SV_ZERO;
        SV_LANES f4 = SV_ZERO, f5 = SV_ZERO, f6 = SV_ZERO, f7 = SV_ZERO;
        for (int k = 0; k < 32; k++) {
            const float *restrict w = sv_dct[k] + i;
            const SV_LANES sum = sums[k], difference = differences[k];
            f0 += w[0] * difference;
            f1 += w[1] * sum;
            f2 += w[2] * difference;
            f3 += w[3] * sum;
            f4 += w[4] * difference;
            f5 += w[5] * sum;
            f6 += w[6] * difference;
            f7 += w[7] * sum;
        }
        float *restrict to = out + i * pitch;
        memcpy(to, &f0, sizeof f0);
        memcpy(to + pitch, &f1, sizeof f1);
        memcpy(to + 2 * pitch, &f2, sizeof f2);
        memcpy(to + 3 * pitch, &f3, sizeof f3);
        memcpy(to + 4 * pitch, &f4, sizeof f4);
        memcpy(to + 5 * pitch, &f5, sizeof f5);
        memcpy(to + 6 * pitch, &f6, sizeof f6);
        memcpy(to + 7 * pitch, &f7, sizeof f7);
    }
}

/* The sums and differences that `dct` wants, of lanes that lie `pitch` floats from one sample to the next. */
static inline void SV_NAME(fold)(SV_LANES *restrict sums, SV_LANES *restrict differences, const float *restrict samples,
                                 ptrdiff_t pitch, const sv_tents *restrict tents)
{
    const int taps = tents->taps;
    for (int k = 0; k < 32; k++) {
        const float *restrict low = samples + pitch * tents->first[k], *restrict high = samples + pitch * tents->first[63 - k];
        const float *restrict v = tents->weight[k], *restrict w = tents->weight[63 - k];
        SV_LANES one = SV_ZERO, other = SV_ZERO;
        for (int tap = 0; tap < taps; tap++) {
            one += v[tap] * SV_LOAD(low + pitch * tap);
            other += w[tap] * SV_LOAD(high + pitch * tap);
        }
        sums[k] = one + other;
        differences[k] = one - other;
    }
}

/* rows[n][16] = DCT of the tents over the thumbnail's rows, for columns c_lo to c_hi (c_hi - c_lo a multiple of 16). */
static void SV_NAME(rows_pass)(float *restrict rows, const float *restrict thumb, int n, const sv_tents *tents,
                               int c_lo, int c_hi)
{
    SV_LANES sums[32], differences[32];
    float lines[16 * SV_STEP];
    for (int c = c_lo; c < c_hi; c += SV_STEP) {
        SV_NAME(fold)(sums, differences, thumb + c, n, tents);
        SV_NAME(dct)(lines, SV_STEP, sums, differences);
        SH_NAME(mix_lines)(rows + 16 * (ptrdiff_t)c, 16, lines, SV_STEP);
        SH_NAME(mix_lines)(rows + 16 * (ptrdiff_t)c + 8, 16, lines + 8 * SV_STEP, SV_STEP);
    }
}

/* coefficients[16][16] = DCT of the tents over the columns of `rows`. */
static void SV_NAME(cols_pass)(float *restrict coefficients, const float *restrict rows, const sv_tents *tents)
{
    SV_LANES sums[32], differences[32];
    float turned[16 * 16];
    for (int i = 0; i < 16; i += SV_STEP) {
        SV_NAME(fold)(sums, differences, rows + i, 16, tents);
        SV_NAME(dct)(turned + i, 16, sums, differences);
    }
    SH_NAME(mix_lines)(coefficients, 16, turned, 16);
    SH_NAME(mix_lines)(coefficients + 8, 16, turned + 8 * 16, 16);
}

/* sums[n + 1][n + 16]: for each line between two rows of the transposed thumbnail's picture, a column of running sums
 * along it of how much more the rows differ across it than across the lines beside it: -1.5 to 2.1 a sample,
 * whatever the contrast. `turned` is the thumbnail transposed: lines are worked on side by side. */
static void SV_NAME(evidence)(float *restrict sums, const float *restrict turned, int n)
{
    enum { AHEAD = 8 }; /* samples whose steps are written before they are read: a processor wants a pause there */
    float steps[AHEAD][SV_MAX_SIDE + 16 + 2 * SV_REACH], each[SV_MAX_SIDE + 16], total[SV_MAX_SIDE + 16];
    memset(steps, 0, sizeof steps);
    memset(total, 0, sizeof total);
    memset(sums, 0, (size_t)(n + 16) * sizeof *sums);
    for (int i = 0; i < n; i++) {
        if (i % AHEAD == 0)
            for (int k = 0; k < AHEAD; k++) {
                const float *restrict from = turned + (ptrdiff_t)(i + k) * n;
                float *restrict step = steps[k] + SV_REACH;
                for (int line = 1; line < n; line++)
                    step[line] = fabsf(from[line] - from[line - 1]);
            }
        const float *restrict s = steps[i % AHEAD];
        float *restrict out = sums + (ptrdiff_t)(i + 1) * (n + 16);
        for (int line = 0; line < n + 16; line++) {
            const float beside = (s[line] + s[line + 1] + s[line + 2] + s[line + 6] + s[line + 7] + s[line + 8]) *
                                 (1.0f / 6.0f);
            const float here = s[line + 4];
            const float contrast = SV_EDGE_GAIN * (here - beside) / (here + beside + SV_EDGE_NOISE);
            each[line] = contrast;
        }
        for (int line = 0; line < n + 16; line++)
            each[line] = each[line] > SV_EDGE_LEAST ? each[line] : SV_EDGE_LEAST;
        for (int line = 0; line < n + 16; line++) {
            total[line] += each[line] - SV_EDGE_BIAS;
            out[line] = total[line];
        }
    }
}

/* out = in transposed, n x n. */
static void SV_NAME(transpose)(float *restrict out, const float *restrict in, int n)
{
    for (int k = 0; k < n; k += 8)
        SH_NAME(mix_lines)(out + k, n, in + (ptrdiff_t)n * k, n);
}

/* Evidence of four sides together and of the weakest once more. */
static void SV_NAME(score)(float *restrict scores, const float *restrict top, const float *restrict bottom,
                           const float *restrict left, const float *restrict right, int n)
{
    for (int j = 0; j < n; j++) {
        float weakest = top[j];
        weakest = bottom[j] < weakest ? bottom[j] : weakest;
        weakest = left[j] < weakest ? left[j] : weakest;
        weakest = right[j] < weakest ? right[j] : weakest;
        scores[j] = (((top[j] + bottom[j]) + left[j]) + right[j]) + weakest;
    }
}

#include "_views_turns_body.h"

static const sv_kernels SV_NAME(kernels) = {SV_NAME(thumbnail), SV_NAME(is_picture), SV_NAME(fill_tents), SV_NAME(rows_pass),
                                             SV_NAME(cols_pass), SV_NAME(transpose),  SV_NAME(evidence),   SV_NAME(score),
                                             SV_NAME(rotate),    SV_NAME(bend)};
