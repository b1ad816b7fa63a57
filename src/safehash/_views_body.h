/* The window kernels, written once; _views.h includes this file once per instruction set.
 *
 * Every sum runs in the order written out here, lane by lane, so every copy gives the same bits.
 */

/* line[c] = weighted sum of one box's rows. n: samples of a row, all channels. */
static void SV_NAME(shrink_rows)(float *restrict line, const uint8_t *pixels, ptrdiff_t row_stride, ptrdiff_t n,
                                 const sv_box *box)
{
    const uint8_t *restrict row = pixels + box->first * row_stride;
    for (ptrdiff_t i = 0; i < n; i++)
        line[i] = box->first_weight * (float)row[i];
    for (ptrdiff_t r = box->first + 1; r < box->last; r++) {
        row = pixels + r * row_stride;
        for (ptrdiff_t i = 0; i < n; i++)
            line[i] += box->inner_weight * (float)row[i];
    }
    if (box->last > box->first) {
        row = pixels + box->last * row_stride;
        for (ptrdiff_t i = 0; i < n; i++)
            line[i] += box->last_weight * (float)row[i];
    }
}

/* rows[16][n] = operator times thumb, for columns c_lo to c_hi (c_hi - c_lo a multiple of 16). */
static void SV_NAME(rows_pass)(float *restrict rows, const float *restrict thumb, int n, const sv_operator *op,
                               int c_lo, int c_hi)
{
    for (int c = c_lo; c < c_hi; c += SV_WIDTH)
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
        for (int j = 0; j < 16; j += SV_WIDTH) {
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

/* The bits as sh_pdq_bits gives them. The median is found bit by bit of its order-preserving integer: 32 counts
 * over 256 integers, without a branch that a processor could guess wrong. */
static void SV_NAME(bits)(uint8_t *restrict digest, const float *restrict coefficients)
{
    int32_t key[256];
    memcpy(key, coefficients, sizeof key);
    for (int i = 0; i < 256; i++)
        key[i] ^= (key[i] >> 31) & 0x7FFFFFFF;
    uint32_t found = 0x80000000u;
    for (int bit = 31; bit >= 0; bit--) {
        const int32_t trial = (int32_t)(found + (1u << bit));
        int32_t below = 0;
        for (int i = 0; i < 256; i++)
            below += key[i] < trial;
        if (below <= 127)
            found = (uint32_t)trial;
    }
    int32_t median_key = (int32_t)found;
    median_key ^= (median_key >> 31) & 0x7FFFFFFF;
    float median;
    memcpy(&median, &median_key, sizeof median);
    for (int byte = 0; byte < 32; byte++) {
        unsigned bits = 0;
        for (int b = 0; b < 8; b++)
            bits |= (unsigned)(coefficients[8 * byte + b] > median) << b;
        digest[31 - byte] = (uint8_t)bits;
    }
}

/* sums[n + 1][n + 1]: for each line between two rows of the thumbnail, running sums along it of how much more the
 * rows differ across it than across the lines beside it: -1.5 to 2.1 a sample, whatever the contrast.
 * steps: (n + 1 + 2 * SV_REACH) x n floats of work space. */
static void SV_NAME(evidence)(float *restrict sums, const float *restrict thumb, int n, float *restrict steps)
{
    memset(steps, 0, (size_t)(n + 1 + 2 * SV_REACH) * (size_t)n * sizeof *steps);
    for (int line = 1; line < n; line++) {
        const float *restrict above = thumb + (ptrdiff_t)(line - 1) * n, *restrict below = above + n;
        float *restrict out = steps + (ptrdiff_t)(line + SV_REACH) * n;
        for (int i = 0; i < n; i++)
            out[i] = fabsf(below[i] - above[i]);
    }
    for (int line = 0; line <= n; line++) {
        float *restrict sum = sums + (ptrdiff_t)line * (n + 1);
        float each[SV_MAX_SIDE];
        const float *restrict s = steps + (ptrdiff_t)line * n;
        for (int i = 0; i < n; i++) {
            const float beside = (s[i] + s[n + i] + s[2 * n + i] + s[6 * n + i] + s[7 * n + i] + s[8 * n + i]) *
                                 (1.0f / 6.0f);
            const float here = s[4 * n + i];
            const float contrast = 2.6f * (here - beside) / (here + beside + 1.4f);
            each[i] = (contrast > -1.0f ? contrast : -1.0f) - 0.5f;
        }
        float total = 0.0f;
        sum[0] = 0.0f;
        for (int i = 0; i < n; i++) {
            total += each[i];
            sum[i + 1] = total;
        }
    }
}

static const sv_kernels SV_NAME(kernels) = {SV_NAME(shrink_rows), SV_NAME(rows_pass), SV_NAME(cols_pass),
                                             SV_NAME(bits), SV_NAME(evidence)};
