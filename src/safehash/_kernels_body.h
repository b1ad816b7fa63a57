/* The pixel kernels, written once; _kernels.h includes this file once per instruction set.
 *
 * Every function is named through SH_NAME so that each inclusion gives its own copy. Integer sums are exact;
 * float sums run in one fixed order written out here (eight lanes, then a fixed tree), so every copy gives
 * the same bits.
 */

/* acc[c] += w0 * r0[c] + ... + w3 * r3[c]; the caller keeps the sum of weights within 257, so no carry is lost. */
static void SH_NAME(add_rows4)(uint16_t *restrict acc, const uint8_t *restrict r0, const uint8_t *restrict r1,
                               const uint8_t *restrict r2, const uint8_t *restrict r3, unsigned w0, unsigned w1,
                               unsigned w2, unsigned w3, ptrdiff_t n)
{
    const uint16_t a = (uint16_t)w0, b = (uint16_t)w1, c = (uint16_t)w2, d = (uint16_t)w3;
    for (ptrdiff_t i = 0; i < n; i++)
        acc[i] = (uint16_t)(acc[i] + (uint16_t)(a * r0[i]) + (uint16_t)(b * r1[i]) + (uint16_t)(c * r2[i]) +
                            (uint16_t)(d * r3[i]));
}

static void SH_NAME(set_rows4)(uint16_t *restrict acc, const uint8_t *restrict r0, const uint8_t *restrict r1,
                               const uint8_t *restrict r2, const uint8_t *restrict r3, unsigned w0, unsigned w1,
                               unsigned w2, unsigned w3, ptrdiff_t n)
{
    const uint16_t a = (uint16_t)w0, b = (uint16_t)w1, c = (uint16_t)w2, d = (uint16_t)w3;
    for (ptrdiff_t i = 0; i < n; i++)
        acc[i] = (uint16_t)((uint16_t)(a * r0[i]) + (uint16_t)(b * r1[i]) + (uint16_t)(c * r2[i]) +
                            (uint16_t)(d * r3[i]));
}

static void SH_NAME(add_row_float)(float *restrict acc, const uint8_t *restrict row, float weight, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        acc[i] += weight * (float)row[i];
}

/* mixed[8 * c + lane] = lines[lane][c] for eight lines `pitch` floats apart: afterwards one vector holds one column. */
static void SH_NAME(mix_lines)(float *restrict mixed, const float *restrict lines, ptrdiff_t pitch, ptrdiff_t n)
{
    ptrdiff_t c = 0;
#if defined(SH_SHUFFLE)
    for (; c + 4 <= n; c += 4)
        for (int half = 0; half < 8; half += 4) {
            sh_float4 r0, r1, r2, r3;
            __builtin_memcpy(&r0, lines + (half + 0) * pitch + c, sizeof r0);
            __builtin_memcpy(&r1, lines + (half + 1) * pitch + c, sizeof r1);
            __builtin_memcpy(&r2, lines + (half + 2) * pitch + c, sizeof r2);
            __builtin_memcpy(&r3, lines + (half + 3) * pitch + c, sizeof r3);
            const sh_float4 low01 = SH_SHUFFLE(r0, r1, 0, 4, 1, 5), high01 = SH_SHUFFLE(r0, r1, 2, 6, 3, 7);
            const sh_float4 low23 = SH_SHUFFLE(r2, r3, 0, 4, 1, 5), high23 = SH_SHUFFLE(r2, r3, 2, 6, 3, 7);
            const sh_float4 c0 = SH_SHUFFLE(low01, low23, 0, 1, 4, 5), c1 = SH_SHUFFLE(low01, low23, 2, 3, 6, 7);
            const sh_float4 c2 = SH_SHUFFLE(high01, high23, 0, 1, 4, 5), c3 = SH_SHUFFLE(high01, high23, 2, 3, 6, 7);
            __builtin_memcpy(mixed + 8 * (c + 0) + half, &c0, sizeof c0);
            __builtin_memcpy(mixed + 8 * (c + 1) + half, &c1, sizeof c1);
            __builtin_memcpy(mixed + 8 * (c + 2) + half, &c2, sizeof c2);
            __builtin_memcpy(mixed + 8 * (c + 3) + half, &c3, sizeof c3);
        }
#endif
    for (; c < n; c++)
        for (int lane = 0; lane < 8; lane++)
            mixed[8 * c + lane] = lines[lane * pitch + c];
}

/* sum[lane] = mixed[8 i + lane] * w[i] added up in order of i, for eight lines at once. */
static inline void SH_NAME(dot8)(float *restrict sum, const float *restrict mixed, const float *restrict w,
                                 ptrdiff_t length)
{
#if defined(__GNUC__)
    sh_float8 total = {0, 0, 0, 0, 0, 0, 0, 0};
    for (ptrdiff_t i = 0; i < length; i++) {
        sh_float8 column;
        __builtin_memcpy(&column, mixed + 8 * i, sizeof column);
        total += column * w[i];
    }
    __builtin_memcpy(sum, &total, sizeof total);
#else
    for (int lane = 0; lane < 8; lane++)
        sum[lane] = 0.0f;
    for (ptrdiff_t i = 0; i < length; i++)
        for (int lane = 0; lane < 8; lane++)
            sum[lane] += mixed[8 * i + lane] * w[i];
#endif
}

/* One row of the 64 x 64 picture before the column operator: line[c] = sum over the band's rows.
 * `line` has room for `n` floats; the sums are integers wherever the band's weights are. */
static void SH_NAME(rows_of_band)(float *restrict line, uint16_t *restrict acc16, const uint8_t *pixels,
                                  ptrdiff_t row_stride, ptrdiff_t n, const sh_operator *op, int band)
{
    const sh_tap *tap = op->taps + op->tap_start[band];
    const sh_tap *end = op->taps + op->tap_start[band + 1];
    if (!op->is_integer[band]) {
        memset(line, 0, (size_t)n * sizeof *line);
        for (; tap < end; tap++)
            SH_NAME(add_row_float)(line, pixels + tap->sample * row_stride, tap->weight, n);
        return;
    }
    int first = 1;
    while (tap < end) {
        unsigned total = 0;
        int fresh = 1;
        /* as many taps as fit 16 bits: 255 * 257 = 65535 */
        while (tap < end && total + (unsigned)tap->weight <= 257) {
            const uint8_t *row[4];
            unsigned weight[4] = {0, 0, 0, 0};
            int filled = 0;
            while (filled < 4 && tap < end && total + (unsigned)tap->weight <= 257) {
                row[filled] = pixels + tap->sample * row_stride;
                weight[filled] = (unsigned)tap->weight;
                total += weight[filled];
                filled++;
                tap++;
            }
            for (int i = filled; i < 4; i++)
                row[i] = row[0];
            if (fresh)
                SH_NAME(set_rows4)(acc16, row[0], row[1], row[2], row[3], weight[0], weight[1], weight[2],
                                   weight[3], n);
            else
                SH_NAME(add_rows4)(acc16, row[0], row[1], row[2], row[3], weight[0], weight[1], weight[2],
                                   weight[3], n);
            fresh = 0;
        }
        if (first)
            for (ptrdiff_t i = 0; i < n; i++)
                line[i] = (float)acc16[i];
        else
            for (ptrdiff_t i = 0; i < n; i++)
                line[i] += (float)acc16[i];
        first = 0;
    }
}

/* small[64][64] = P_rows Y P_cols^T.
 * pixels: rows x cols x channels, uint8, the samples of a row adjacent. lines and mixed: 8 * cols * channels floats;
 * acc16: cols * channels. For colour, the columns operator carries the luma weights: the rows pass is linear,
 * so luma is taken of 64 rows instead of all, and never rounded. */
static void SH_NAME(small_picture)(float *restrict small, const uint8_t *pixels, ptrdiff_t row_stride,
                                   ptrdiff_t cols, int channels, const sh_operator *row_op,
                                   const sh_operator *col_op, float *lines, float *mixed, uint16_t *acc16)
{
    const sh_bands *bands = channels == 3 ? &col_op->colour : &col_op->grey;
    const ptrdiff_t n = cols * channels;
    for (int k = 0; k < 64; k += 8) {
        for (int lane = 0; lane < 8; lane++)
            SH_NAME(rows_of_band)(lines + lane * n, acc16, pixels, row_stride, n, row_op, k + lane);
        SH_NAME(mix_lines)(mixed, lines, n, n);
        for (int j = 0; j < 64; j++) {
            float sum[8];
            SH_NAME(dot8)(sum, mixed + 8 * bands->start[j], bands->weights + bands->offset[j], bands->length[j]);
            for (int lane = 0; lane < 8; lane++)
                small[64 * (k + lane) + j] = sum[lane] * (col_op->scale[j] * row_op->scale[k + lane]);
        }
    }
}

/* coefficients[16][16] = D small D^T, frequencies 1 to 16 on both axes; even and odd halves apart. */
static void SH_NAME(dct)(float *restrict coefficients, const float *restrict small)
{
    float even[32 * 64], odd[32 * 64], half[16 * 64];
    for (int j = 0; j < 32; j++)
        for (int c = 0; c < 64; c++) {
            const float a = small[64 * j + c], b = small[64 * (63 - j) + c];
            even[64 * j + c] = a + b;
            odd[64 * j + c] = a - b;
        }
    for (int i = 0; i < 16; i++) {
        const float *restrict source = i % 2 ? even : odd; /* row i is frequency i + 1 */
        float *restrict out = half + 64 * i;
        for (int c = 0; c < 64; c++)
            out[c] = 0.0f;
        for (int j = 0; j < 32; j += 4) {
            const float w0 = sh_dct[i][j], w1 = sh_dct[i][j + 1], w2 = sh_dct[i][j + 2], w3 = sh_dct[i][j + 3];
            const float *restrict s = source + 64 * j;
            for (int c = 0; c < 64; c++)
                out[c] = out[c] + ((w0 * s[c] + w1 * s[64 + c]) + (w2 * s[128 + c] + w3 * s[192 + c]));
        }
    }
    /* Second axis: lanes over the 8 odd and the 8 even frequencies. */
    for (int i = 0; i < 16; i++) {
        float sums_even[8] = {0}, sums_odd[8] = {0};
        for (int j = 0; j < 32; j++) {
            const float a = half[64 * i + j], b = half[64 * i + 63 - j];
            const float e = a + b, o = a - b;
            for (int k = 0; k < 8; k++) {
                sums_odd[k] += o * sh_dct_pairs[j][k];
                sums_even[k] += e * sh_dct_pairs[j][8 + k];
            }
        }
        for (int k = 0; k < 8; k++) {
            coefficients[16 * i + 2 * k] = sums_odd[k];
            coefficients[16 * i + 2 * k + 1] = sums_even[k];
        }
    }
}

/* PDQ's quality: truncated gradients of the 64 x 64 picture, 0 to 100. */
static int SH_NAME(quality)(const float *restrict small)
{
    int sum = 0;
    for (int i = 0; i < 63; i++)
        for (int j = 0; j < 64; j++) {
            const int d = (int)((small[64 * i + j] - small[64 * (i + 1) + j]) * 100.0f / 255.0f);
            sum += d < 0 ? -d : d;
        }
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 63; j++) {
            const int d = (int)((small[64 * i + j] - small[64 * i + j + 1]) * 100.0f / 255.0f);
            sum += d < 0 ? -d : d;
        }
    sum /= 90;
    return sum > 100 ? 100 : sum;
}

/* Grey from RGB exactly as the reference's converter rounds it (16-bit weights of ITU-R 601). */
static void SH_NAME(grey_of_row)(uint8_t *restrict grey, const uint8_t *restrict rgb, ptrdiff_t cols)
{
    for (ptrdiff_t c = 0; c < cols; c++)
        grey[c] = (uint8_t)((19595u * rgb[3 * c] + 38470u * rgb[3 * c + 1] + 7471u * rgb[3 * c + 2] + 0x8000u) >> 16);
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
        const int64_t middle = (int64_t)rough * (1 << rs->shift) + (1 << 21);
        const uint8_t low = sh_clip8(middle - rs->error[o]), high = sh_clip8(middle + rs->error[o]);
        if (low == high) {
            out[o] = low;
            continue;
        }
        const int32_t *restrict weight = rs->weight + (ptrdiff_t)o * rs->taps16;
        int32_t exact = 1 << 21;
        for (ptrdiff_t i = 0; i < rs->taps16; i++)
            exact += v[i] * weight[i];
        out[o] = sh_clip8(exact);
    }
}

/* One resampled column step: accumulate row by row, all columns at once. */
static void SH_NAME(resample_cols)(uint8_t *restrict out, const uint8_t *restrict rows, int n_cols,
                                   const sh_resampler *rs)
{
    int32_t sum[SH_MAX_SIDE];
    for (int o = 0; o < rs->n_out; o++) {
        for (int c = 0; c < n_cols; c++)
            sum[c] = 1 << 21;
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

static const sh_kernels SH_NAME(kernels) = {
    SH_NAME(small_picture), SH_NAME(dct),          SH_NAME(quality),       SH_NAME(grey_of_row),
    SH_NAME(widen),         SH_NAME(resample_row), SH_NAME(resample_cols),
};
