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
    ptrdiff_t i = 0;
#if SH_X86 && SH_WIDTH >= 8 /* each eight bytes widened by one instruction, where compilers take sixteen apart: two thirds of the time */
    for (; i + 16 <= n; i += 16) {
        __m256i sum = _mm256_setzero_si256();
        for (int r = 0; r < count; r++)
            sum = _mm256_add_epi16(sum, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(inner + r * pitch + i))));
        const __m256i halves[2] = {_mm256_cvtepu16_epi32(_mm256_castsi256_si128(sum)),
                                   _mm256_cvtepu16_epi32(_mm256_extracti128_si256(sum, 1))};
        for (int half = 0; half < 2; half++) {
            const ptrdiff_t at = i + 8 * half;
            const __m256 upper = _mm256_mul_ps(_mm256_set1_ps(v), SH_WIDE_BYTES_AT(first + at));
            const __m256 middle = _mm256_mul_ps(_mm256_set1_ps(w), _mm256_cvtepi32_ps(halves[half]));
            const __m256 lower = _mm256_mul_ps(_mm256_set1_ps(z), SH_WIDE_BYTES_AT(last + at));
            _mm256_storeu_ps(line + at, _mm256_add_ps(_mm256_add_ps(upper, middle), lower));
        }
    }
#endif
    for (; i < n; i++) {
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
    /* Tents side by side: first and last sample, and what of each, as yet without their sum. */
    double centres[64], firsts[64], lasts[64], shares[64], totals[64] = {0}, parts[SV_MOST_TAPS][64];
    float weights[SV_MOST_TAPS][64];
    for (int k = 0; k < 64; k++) {
        centres[k] = a * n + spacing * (k + 0.5) - 0.5;
        firsts[k] = ceil(centres[k] - half);
        lasts[k] = floor(centres[k] + half);
    }
    for (int tap = 0; tap < most; tap++)
        for (int k = 0; k < 64; k++) {
            const double j = firsts[k] + tap, part = 1.0 - fabs(j - centres[k]) * slope;
            parts[tap][k] = j <= lasts[k] ? part : 0.0;
            totals[k] += parts[tap][k];
        }
    for (int k = 0; k < 64; k++)
        shares[k] = 1.0 / totals[k];
    for (int tap = 0; tap < most; tap++)
        for (int k = 0; k < 64; k++)
            weights[tap][k] = (float)(parts[tap][k] * shares[k]);
    tents->taps = taps;
    for (int k = 0; k < 64; k++) {
        const int first = (int)firsts[k], last = (int)lasts[k];
        float *restrict weight = tents->weight[k];
        if (first >= 0 && first <= n - taps && last < n) {
            tents->first[k] = first;
            for (int tap = 0; tap < taps; tap++)
                weight[tap] = weights[tap][k];
            continue;
        }
        const int base = first < 0 ? 0 : first > n - taps ? n - taps : first;
        tents->first[k] = base;
        for (int tap = 0; tap < taps; tap++)
            weight[tap] = 0.0f;
        for (int j = first; j <= last; j++)
            weight[(j < 0 ? 0 : j > n - 1 ? n - 1 : j) - base] += weights[j - first][k];
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
        SV_STORE(to) = f0;
        SV_STORE(to + pitch) = f1;
        SV_STORE(to + 2 * pitch) = f2;
        SV_STORE(to + 3 * pitch) = f3;
        SV_STORE(to + 4 * pitch) = f4;
        SV_STORE(to + 5 * pitch) = f5;
        SV_STORE(to + 6 * pitch) = f6;
        SV_STORE(to + 7 * pitch) = f7;
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
 * whatever the contrast. `turned` is the thumbnail transposed: lines are worked on side by side. Of a coarse one (see
 * SV_COARSE_GAIN) fewer lines count, and those on the quieter side twice. */
static void SV_NAME(evidence)(float *restrict sums, const float *restrict turned, int n, int coarse)
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
        if (coarse)
            for (int line = 0; line < n + 16; line++) {
                const float before = s[line + 1] + s[line + 2], after = s[line + 6] + s[line + 7];
                const float quiet = before < after ? before : after;
                const float beside = ((before + after) + 2.0f * quiet) * 0.125f;
                const float here = s[line + 4];
                each[line] = SV_COARSE_GAIN * (here - beside) / (here + beside + SV_EDGE_NOISE);
            }
        else
            for (int line = 0; line < n + 16; line++) {
                const float beside = (s[line] + s[line + 1] + s[line + 2] + s[line + 6] + s[line + 7] + s[line + 8]) *
                                     (1.0f / 6.0f);
                const float here = s[line + 4];
                each[line] = SV_EDGE_GAIN * (here - beside) / (here + beside + SV_EDGE_NOISE);
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

/* Evidence of four sides together and of the weakest once more; how many come to the least that counts. */
static int SV_NAME(score)(float *restrict scores, const float *restrict top, const float *restrict bottom,
                          const float *restrict left, const float *restrict right, int n, float least)
{
    int n_good = 0;
    for (int j = 0; j < n; j++) {
        float weakest = top[j];
        weakest = bottom[j] < weakest ? bottom[j] : weakest;
        weakest = left[j] < weakest ? left[j] : weakest;
        weakest = right[j] < weakest ? right[j] : weakest;
        scores[j] = (((top[j] + bottom[j]) + left[j]) + right[j]) + weakest;
        n_good += scores[j] >= least;
    }
    return n_good;
}

/* Set the bits of a digest that may as well be the other. The median lies among the coefficients: next above the largest one
 * whose bit is not set. */
static void SV_NAME(doubts)(uint8_t *restrict doubts, const float *restrict coefficients, const uint8_t *restrict digest)
{
    float lows[8], total[8] = {0};
    for (int k = 0; k < 8; k++)
        lows[k] = -SV_LARGEST;
    for (int i = 0; i < 32; i++) {
        const float *restrict most = sv_mosts[digest[31 - i]], *restrict of = coefficients + 8 * i;
        for (int k = 0; k < 8; k++) {
            const float low = of[k] < most[k] ? of[k] : most[k];
            lows[k] = low > lows[k] ? low : lows[k];
        }
    }
    float median = lows[0];
    for (int k = 1; k < 8; k++)
        median = lows[k] > median ? lows[k] : median;
    for (int i = 0; i < 256; i += 8)
        for (int k = 0; k < 8; k++)
            total[k] += fabsf(coefficients[i + k] - median);
    const float all = ((total[0] + total[1]) + (total[2] + total[3])) + ((total[4] + total[5]) + (total[6] + total[7]));
    const float limit = all / 256.0f * SV_DOUBTFUL;
    for (int i = 0; i < 32; i++) {
        const float *restrict of = coefficients + 8 * i;
#if SH_X86 && SH_WIDTH >= 8 /* one bit a lane */
        const __m256 far = _mm256_sub_ps(_mm256_loadu_ps(of), _mm256_set1_ps(median));
        const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), far);
        doubts[31 - i] = (uint8_t)_mm256_movemask_ps(_mm256_cmp_ps(size, _mm256_set1_ps(limit), _CMP_LT_OQ));
#else
        int near = 0;
        for (int k = 0; k < 8; k++)
            near |= (fabsf(of[k] - median) < limit) << k;
        doubts[31 - i] = (uint8_t)near;
#endif
    }
}

#include "_views_turns_body.h"

static const sv_kernels SV_NAME(kernels) = {SV_NAME(thumbnail), SV_NAME(is_picture), SV_NAME(fill_tents), SV_NAME(rows_pass),
                                             SV_NAME(cols_pass), SV_NAME(transpose),  SV_NAME(evidence),   SV_NAME(score),
                                             SV_NAME(rotate),    SV_NAME(bend),       SV_NAME(doubts)};
