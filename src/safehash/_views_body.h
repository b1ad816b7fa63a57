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

/* 64 tents between a and b (fractions of a side of n samples; beyond it the edge repeats), DCT multiplied in.
 * A tent is as wide as PDQ's two box filters together, one output's distance, but never narrower than linear
 * interpolation needs. */
static void SV_NAME(fill_operator)(sv_operator *op, int n, double a, double b)
{
    const double spacing = (b - a) * n / 64.0;
    const double half = spacing / 2.0 > 1.0 ? spacing / 2.0 : 1.0;
    for (int k = 0; k < 64; k++) {
        const double centre = a * n + spacing * (k + 0.5) - 0.5;
        const int first = (int)ceil(centre - half), last = (int)floor(centre + half);
        double part[2 * SV_MAX_SIDE], total = 0.0;
        if (k == 0) { /* centres ascend: the first tent begins lowest, the last one ends highest */
            const double end = a * n + spacing * 63.5 - 0.5;
            const int highest = (int)floor(end + half);
            op->lo = first < 0 ? 0 : first > n - 1 ? n - 1 : first;
            op->hi = 1 + (highest < 0 ? 0 : highest > n - 1 ? n - 1 : highest);
            memset(op->weight[op->lo], 0, (size_t)(op->hi - op->lo) * sizeof op->weight[0]);
        }
        for (int j = first; j <= last; j++) {
            const double away = fabs((double)j - centre);
            part[j - first] = 1.0 - (half == 1.0 ? away : away / half);
            total += part[j - first];
        }
        for (int j = first; j <= last; j++) {
            const float w = (float)(part[j - first] / total);
            float *restrict out = op->weight[j < 0 ? 0 : j > n - 1 ? n - 1 : j];
            const float *restrict dct = sv_dct[k];
            for (int i = 0; i < 16; i++)
                out[i] += w * dct[i];
        }
    }
}

/* rows[16][n] = operator times thumb, for columns c_lo to c_hi (c_hi - c_lo a multiple of 16). */
static void SV_NAME(rows_pass)(float *restrict rows, const float *restrict thumb, int n, const sv_operator *op,
                               int c_lo, int c_hi)
{
    for (int c = c_lo; c < c_hi; c += SV_STEP)
        for (int i = 0; i < 16; i += 4) {
            float *restrict out = rows + (ptrdiff_t)i * n + c;
            SV_LANES s0 = SV_ZERO, s1 = SV_ZERO, s2 = SV_ZERO, s3 = SV_ZERO;
            for (int y = op->lo; y < op->hi; y++) {
                const SV_LANES t = SV_LOAD(thumb + (ptrdiff_t)y * n + c);
                const float *restrict w = op->weight[y] + i;
                s0 += w[0] * t;
                s1 += w[1] * t;
                s2 += w[2] * t;
                s3 += w[3] * t;
            }
            memcpy(out, &s0, sizeof s0);
            memcpy(out + n, &s1, sizeof s1);
            memcpy(out + 2 * n, &s2, sizeof s2);
            memcpy(out + 3 * n, &s3, sizeof s3);
        }
}

/* coefficients[16][16] = rows times operator. */
static void SV_NAME(cols_pass)(float *restrict coefficients, const float *restrict rows, int n,
                               const sv_operator *op)
{
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 16; j += SV_STEP) {
            const float *restrict r = rows + (ptrdiff_t)i * n;
            float *restrict out = coefficients + 16 * i + j;
            SV_LANES s0 = SV_ZERO, s1 = SV_ZERO, s2 = SV_ZERO, s3 = SV_ZERO;
            for (int x = op->lo; x < op->hi; x++) {
                const SV_LANES w = SV_LOAD(op->weight[x] + j);
                s0 += r[x] * w;
                s1 += r[n + x] * w;
                s2 += r[2 * n + x] * w;
                s3 += r[3 * n + x] * w;
            }
            memcpy(out, &s0, sizeof s0);
            memcpy(out + 16, &s1, sizeof s1);
            memcpy(out + 32, &s2, sizeof s2);
            memcpy(out + 48, &s3, sizeof s3);
        }
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

static const sv_kernels SV_NAME(kernels) = {SV_NAME(thumbnail), SV_NAME(fill_operator), SV_NAME(rows_pass),
                                             SV_NAME(cols_pass), SV_NAME(transpose),     SV_NAME(evidence),
                                             SV_NAME(score)};
