/* PDQ's operator applied: from pixels to the 64 x 64 picture, and to those of its turns. Included by _kernels_body.h. */

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

/* mixed[pitch * c + lane] = lines[lane][c] for eight lines of n floats: afterwards one vector holds one column. */
static void SH_NAME(mix_lines)(float *restrict mixed, ptrdiff_t pitch, const float *restrict lines, ptrdiff_t n)
{
    ptrdiff_t c = 0;
#if SH_WIDTH >= 8 /* 4 x 4 in both halves of a register at once: half the shuffles */
    for (; c + 4 <= n; c += 4) {
        const float *restrict at = lines + c, *restrict below = lines + 4 * n + c;
        const __m256 r04 = SH_PAIR(at, below), r15 = SH_PAIR(at + n, below + n);
        const __m256 r26 = SH_PAIR(at + 2 * n, below + 2 * n), r37 = SH_PAIR(at + 3 * n, below + 3 * n);
        const __m256 low01 = _mm256_unpacklo_ps(r04, r15), high01 = _mm256_unpackhi_ps(r04, r15);
        const __m256 low23 = _mm256_unpacklo_ps(r26, r37), high23 = _mm256_unpackhi_ps(r26, r37);
        float *restrict to = mixed + pitch * c;
        _mm256_storeu_ps(to, _mm256_shuffle_ps(low01, low23, 0x44));
        _mm256_storeu_ps(to + pitch, _mm256_shuffle_ps(low01, low23, 0xEE));
        _mm256_storeu_ps(to + 2 * pitch, _mm256_shuffle_ps(high01, high23, 0x44));
        _mm256_storeu_ps(to + 3 * pitch, _mm256_shuffle_ps(high01, high23, 0xEE));
    }
#elif defined(SH_SHUFFLE)
    for (; c + 4 <= n; c += 4)
        for (int half = 0; half < 8; half += 4) {
            sh_float4 r0, r1, r2, r3;
            __builtin_memcpy(&r0, lines + (half + 0) * n + c, sizeof r0);
            __builtin_memcpy(&r1, lines + (half + 1) * n + c, sizeof r1);
            __builtin_memcpy(&r2, lines + (half + 2) * n + c, sizeof r2);
            __builtin_memcpy(&r3, lines + (half + 3) * n + c, sizeof r3);
            const sh_float4 low01 = SH_SHUFFLE(r0, r1, 0, 4, 1, 5), high01 = SH_SHUFFLE(r0, r1, 2, 6, 3, 7);
            const sh_float4 low23 = SH_SHUFFLE(r2, r3, 0, 4, 1, 5), high23 = SH_SHUFFLE(r2, r3, 2, 6, 3, 7);
            const sh_float4 c0 = SH_SHUFFLE(low01, low23, 0, 1, 4, 5), c1 = SH_SHUFFLE(low01, low23, 2, 3, 6, 7);
            const sh_float4 c2 = SH_SHUFFLE(high01, high23, 0, 1, 4, 5), c3 = SH_SHUFFLE(high01, high23, 2, 3, 6, 7);
            __builtin_memcpy(mixed + pitch * (c + 0) + half, &c0, sizeof c0);
            __builtin_memcpy(mixed + pitch * (c + 1) + half, &c1, sizeof c1);
            __builtin_memcpy(mixed + pitch * (c + 2) + half, &c2, sizeof c2);
            __builtin_memcpy(mixed + pitch * (c + 3) + half, &c3, sizeof c3);
        }
#endif
    for (int rest = (int)(n - c); rest > 0; rest--, c++)
        for (int lane = 0; lane < 8; lane++)
            mixed[pitch * c + lane] = lines[lane * n + c];
}

/* out = in transposed, 64 x 64. */
static void SH_NAME(transpose)(float *restrict out, const float *restrict in)
{
    for (int k = 0; k < 64; k += 8)
        SH_NAME(mix_lines)(out + k, 64, in + 64 * k, 64);
}

/* sum[lane] = mixed[pitch i + lane] * w[i] added up in order of i for eight lanes, of two neighbouring bands at once:
 * sums[0..7] and sums[8..15]. */
static inline void SH_NAME(dot8_twice)(float *restrict sums, const float *restrict mixed, ptrdiff_t pitch,
                                       const sh_bands *bands, int j)
{
    const float *restrict a = mixed + pitch * bands->start[j], *restrict b = mixed + pitch * bands->start[j + 1];
    const float *restrict v = bands->weights + bands->offset[j], *restrict w = bands->weights + bands->offset[j + 1];
    const ptrdiff_t n_a = bands->length[j], n_b = bands->length[j + 1], both = n_a < n_b ? n_a : n_b;
    ptrdiff_t i = 0;
#if defined(__GNUC__)
    sh_float8 first = {0}, second = {0};
    for (; i < both; i++) {
        first += SH_LOAD(8, a + pitch * i) * v[i];
        second += SH_LOAD(8, b + pitch * i) * w[i];
    }
    for (; i < n_a; i++)
        first += SH_LOAD(8, a + pitch * i) * v[i];
    for (; i < n_b; i++)
        second += SH_LOAD(8, b + pitch * i) * w[i];
    SH_STORE(8, sums) = first;
    SH_STORE(8, sums + 8) = second;
#else
    for (int lane = 0; lane < 16; lane++)
        sums[lane] = 0.0f;
    (void)both;
    for (int lane = 0; lane < 8; lane++) {
        for (i = 0; i < n_a; i++)
            sums[lane] += a[pitch * i + lane] * v[i];
        for (i = 0; i < n_b; i++)
            sums[8 + lane] += b[pitch * i + lane] * w[i];
    }
#endif
}

/* One row of the 64 x 64 picture before the column operator, whatever the weights: line[c] = sum over the band's rows.
 * `line` has room for `n` floats; the sums are integers wherever the band's weights are. */
static void SH_NAME(rows_of_large_band)(float *restrict line, uint16_t *restrict acc16, const uint8_t *pixels,
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

/* Rows `*first` to `*end` and their weights if they are integers that come to at most 257, adjacent as they are
 * when no weight was cut into several taps; else 0. */
static int SH_NAME(is_small_band)(const sh_operator *op, int band, ptrdiff_t *first, ptrdiff_t *end)
{
    const sh_tap *tap = op->taps + op->tap_start[band], *last = op->taps + op->tap_start[band + 1] - 1;
    float total = 0.0f;
    *first = tap->sample;
    *end = last->sample + 1;
    if (!op->is_integer[band])
        return 0;
    for (; tap <= last; tap++)
        total += tap->weight;
    return total <= 257.0f;
}

#if defined(__GNUC__)
/* Sums of the even and of the odd columns, as floats side by side. */
static inline void SH_NAME(spread)(float *restrict line, const SH_JOIN(sh_sums, SH_WIDTH) *even,
                                   const SH_JOIN(sh_sums, SH_WIDTH) *odd)
{
    uint16_t left[2 * SH_WIDTH], right[2 * SH_WIDTH];
    memcpy(left, even, sizeof left);
    memcpy(right, odd, sizeof right);
    for (int i = 0; i < 2 * SH_WIDTH; i++) {
        line[2 * i] = (float)left[i];
        line[2 * i + 1] = (float)right[i];
    }
}
#endif

/* line[c] = sum over a band's rows, and the same for a second operator's band where there is one: bands that
 * share most of their rows, which are then read once. acc16 as above. */
static void SH_NAME(rows_of_bands)(float *restrict line, float *restrict other_line, uint16_t *restrict acc16,
                                   const uint8_t *pixels, ptrdiff_t row_stride, ptrdiff_t n,
                                   const sh_operator *op, int band, const sh_operator *other, int other_band)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    typedef SH_JOIN(sh_sums, SH_WIDTH) sums;
    ptrdiff_t first, end, other_first, other_end;
    int small = n >= 4 * SH_WIDTH && SH_NAME(is_small_band)(op, band, &first, &end);
    if (small && other != NULL) {
        small = SH_NAME(is_small_band)(other, other_band, &other_first, &other_end);
        first = other_first < first ? other_first : first;
        end = other_end > end ? other_end : end;
    }
    if (small && end - first <= SH_MOST_ROWS) {
        const ptrdiff_t n_rows = end - first;
        sums weight[SH_MOST_ROWS], other_weight[SH_MOST_ROWS];
        memset(weight, 0, (size_t)n_rows * sizeof *weight);
        memset(other_weight, 0, (size_t)n_rows * sizeof *other_weight);
        for (const sh_tap *tap = op->taps + op->tap_start[band]; tap < op->taps + op->tap_start[band + 1]; tap++)
            weight[tap->sample - first] += (uint16_t)tap->weight;
        if (other != NULL)
            for (const sh_tap *tap = other->taps + other->tap_start[other_band];
                 tap < other->taps + other->tap_start[other_band + 1]; tap++)
                other_weight[tap->sample - first] += (uint16_t)tap->weight;
        const uint8_t *start = pixels + first * row_stride;
        for (ptrdiff_t c = 0; c < n; c += 4 * SH_WIDTH) {
            if (c > n - 4 * SH_WIDTH)
                c = n - 4 * SH_WIDTH; /* the last columns: some of them again */
            const uint8_t *row = start + c;
            sums even = {0}, odd = {0}, other_even = {0}, other_odd = {0}, pair;
            if (other == NULL)
                for (ptrdiff_t r = 0; r < n_rows; r++, row += row_stride) {
                    __builtin_memcpy(&pair, row, sizeof pair);
                    even += (pair & 255) * weight[r];
                    odd += (pair >> 8) * weight[r];
                }
            else
                for (ptrdiff_t r = 0; r < n_rows; r++, row += row_stride) {
                    __builtin_memcpy(&pair, row, sizeof pair);
                    const sums low = pair & 255, high = pair >> 8;
                    even += low * weight[r];
                    odd += high * weight[r];
                    other_even += low * other_weight[r];
                    other_odd += high * other_weight[r];
                }
            SH_NAME(spread)(line + c, &even, &odd);
            if (other != NULL)
                SH_NAME(spread)(other_line + c, &other_even, &other_odd);
        }
        return;
    }
#endif
    SH_NAME(rows_of_large_band)(line, acc16, pixels, row_stride, n, op, band);
    if (other != NULL)
        SH_NAME(rows_of_large_band)(other_line, acc16, pixels, row_stride, n, other, other_band);
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
            SH_NAME(rows_of_bands)(lines + lane * n, NULL, acc16, pixels, row_stride, n, row_op, k + lane, NULL, 0);
        SH_NAME(mix_lines)(mixed, 8, lines, n);
        for (int j = 0; j < 64; j += 2) {
            float sums[16];
            SH_NAME(dot8_twice)(sums, mixed, 8, bands, j);
            for (int lane = 0; lane < 8; lane++) {
                small[64 * (k + lane) + j] = sums[lane] * (col_op->scale[j] * row_op->scale[k + lane]);
                small[64 * (k + lane) + j + 1] = sums[8 + lane] * (col_op->scale[j + 1] * row_op->scale[k + lane]);
            }
        }
    }
}

/* pictures[2 i + j] = small_picture of row_ops[i] and col_ops[j], transposed, in one sweep over the pixels: the second
 * operator of a pair reads its side backwards, so that its band 63 - k lies over the first one's band k.
 * lines and mixed: 16 * cols * channels floats. */
static void SH_NAME(turned_pictures)(float *restrict pictures, const uint8_t *pixels, ptrdiff_t row_stride,
                                     ptrdiff_t cols, int channels, const sh_operator *const *row_ops,
                                     const sh_operator *const *col_ops, float *lines, float *mixed,
                                     uint16_t *acc16)
{
    const ptrdiff_t n = cols * channels;
    for (int k = 0; k < 64; k += 8) {
        /* Eight bands of each operator, those of the second in ascending order too. */
        for (int lane = 0; lane < 8; lane++)
            SH_NAME(rows_of_bands)(lines + lane * n, lines + (15 - lane) * n, acc16, pixels, row_stride, n,
                                   row_ops[0], k + lane, row_ops[1], 63 - k - lane);
        SH_NAME(mix_lines)(mixed, 16, lines, n);
        SH_NAME(mix_lines)(mixed + 8, 16, lines + 8 * n, n);
        for (int flip = 0; flip < 2; flip++) {
            const sh_bands *bands = channels == 3 ? &col_ops[flip]->colour : &col_ops[flip]->grey;
            const float *restrict across = col_ops[flip]->scale;
            for (int back = 0; back < 2; back++) {
                const int at = back ? 56 - k : k;
                const float *restrict down = row_ops[back]->scale + at;
                for (int j = 0; j < 64; j += 2) {
                    float sums[16], *restrict out = pictures + 4096 * (2 * back + flip) + 64 * j + at;
                    SH_NAME(dot8_twice)(sums, mixed + 8 * back, 16, bands, j);
                    for (int lane = 0; lane < 8; lane++) {
                        out[lane] = sums[lane] * (across[j] * down[lane]);
                        out[64 + lane] = sums[8 + lane] * (across[j + 1] * down[lane]);
                    }
                }
            }
        }
    }
}
