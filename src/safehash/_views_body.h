/* The window kernels, written once; _views.h includes this file once per instruction set.
 *
 * Every sum runs in the order written out here, lane by lane, so every copy gives the same bits.
 */

static void SV_NAME(set_row)(float *restrict line, const uint8_t *restrict row, float weight, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        line[i] = weight * (float)row[i];
}

static void SV_NAME(add_row)(float *restrict line, const uint8_t *restrict row, float weight, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        line[i] += weight * (float)row[i];
}

/* add_row four times, `pitch` samples apart, with one walk over the line. */
static void SV_NAME(add_rows4)(float *restrict line, const uint8_t *restrict row, ptrdiff_t pitch, float weight,
                               ptrdiff_t n)
{
    const uint8_t *restrict r1 = row + pitch, *restrict r2 = r1 + pitch, *restrict r3 = r2 + pitch;
    for (ptrdiff_t i = 0; i < n; i++)
        line[i] = (((line[i] + weight * (float)row[i]) + weight * (float)r1[i]) + weight * (float)r2[i]) +
                  weight * (float)r3[i];
}

/* line[c] = weighted sum of one box's rows, in their order. n: samples of a row, all channels. */
static void SV_NAME(shrink_rows)(float *restrict line, const uint8_t *pixels, ptrdiff_t row_stride, ptrdiff_t n,
                                 const sv_box *box)
{
    ptrdiff_t r = box->first + 1;
    SV_NAME(set_row)(line, pixels + box->first * row_stride, box->first_weight, n);
    for (; r + 4 <= box->last; r += 4)
        SV_NAME(add_rows4)(line, pixels + r * row_stride, row_stride, box->inner_weight, n);
    for (; r < box->last; r++)
        SV_NAME(add_row)(line, pixels + r * row_stride, box->inner_weight, n);
    if (box->last > box->first)
        SV_NAME(add_row)(line, pixels + box->last * row_stride, box->last_weight, n);
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

/* thumb[side][side] of pixels[...][cols][channels], grey or RGB: weighted sums of each box's rows, then of its
 * columns, each in their order; eight rows of the thumbnail at once. work: 16 * cols * channels floats. */
static void SV_NAME(thumbnail)(float *restrict thumb, int side, const uint8_t *pixels, ptrdiff_t row_stride,
                               ptrdiff_t cols, int channels, const sv_box *down, const sv_box *across, float *work)
{
    const ptrdiff_t n = cols * channels;
    float *lines = work, *mixed = work + 8 * n;
    for (int r = 0; r < side; r += 8) {
        for (int lane = 0; lane < 8; lane++) {
            float *line = lines + lane * cols, *raw = channels == 3 ? mixed : line;
            SV_NAME(shrink_rows)(raw, pixels, row_stride, n, down + r + lane);
            if (channels == 3)
                for (ptrdiff_t c = 0; c < cols; c++)
                    line[c] = 0.299 * raw[3 * c] + 0.587 * raw[3 * c + 1] + 0.114 * raw[3 * c + 2];
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
            const float contrast = 2.6f * (here - beside) / (here + beside + 1.4f);
            each[line] = contrast;
        }
        for (int line = 0; line < n + 16; line++)
            each[line] = each[line] > -1.0f ? each[line] : -1.0f;
        for (int line = 0; line < n + 16; line++) {
            total[line] += each[line] - 0.5f;
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

static const sv_kernels SV_NAME(kernels) = {SV_NAME(thumbnail), SV_NAME(fill_tents), SV_NAME(rows_pass),
                                             SV_NAME(cols_pass), SV_NAME(transpose),     SV_NAME(evidence),
                                             SV_NAME(score)};
