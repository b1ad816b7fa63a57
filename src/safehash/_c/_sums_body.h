/* PDQ's operator applied: from pixels to the 64 x 64 picture, and to those of its turns. Included by _kernels_body.h.
 *
 * Bands of rows are added up first, eight at a time, in 16 bits where their weights allow; the sums are turned, so that one
 * vector holds a column of eight; then bands of columns are added up. Sums of rows are exact, whatever holds them.
 */

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

/* ---- the columns: bands of eight lines ---- */

/* turned[64 (j + b) + lane] = sum of band j + b of line `lane`, each sample times its weight, in their order, times both
 * scales: for four bands at once. `mixed` holds the eight samples of one column after another. SH_BANDS makes this for each
 * type of sample. */
#if defined(__GNUC__)
#define SH_BANDS(name, type, load)                                                                                     \
    static inline void SH_NAME(name)(float *restrict turned, const type *restrict mixed, const sh_operator *op,        \
                                     const float *restrict down, int j)                                                \
    {                                                                                                                  \
        const sh_bands *bands = &op->bands;                                                                            \
        sh_float8 sum0 = {0}, sum1 = {0}, sum2 = {0}, sum3 = {0};                                                      \
        const ptrdiff_t *n = bands->length + j, *start = bands->start + j, *offset = bands->offset + j;                \
        const type *restrict at0 = mixed + 8 * start[0], *restrict at1 = mixed + 8 * start[1];                         \
        const type *restrict at2 = mixed + 8 * start[2], *restrict at3 = mixed + 8 * start[3];                         \
        const float *restrict w0 = bands->weights + offset[0], *restrict w1 = bands->weights + offset[1];              \
        const float *restrict w2 = bands->weights + offset[2], *restrict w3 = bands->weights + offset[3];              \
        const ptrdiff_t all = sh_least(sh_least(n[0], n[1]), sh_least(n[2], n[3]));                                    \
        for (ptrdiff_t i = 0; i < all; i++) {                                                                          \
            sum0 += load(at0 + 8 * i) * w0[i];                                                                         \
            sum1 += load(at1 + 8 * i) * w1[i];                                                                         \
            sum2 += load(at2 + 8 * i) * w2[i];                                                                         \
            sum3 += load(at3 + 8 * i) * w3[i];                                                                         \
        }                                                                                                              \
        for (ptrdiff_t i = all; i < n[0]; i++)                                                                         \
            sum0 += load(at0 + 8 * i) * w0[i];                                                                         \
        for (ptrdiff_t i = all; i < n[1]; i++)                                                                         \
            sum1 += load(at1 + 8 * i) * w1[i];                                                                         \
        for (ptrdiff_t i = all; i < n[2]; i++)                                                                         \
            sum2 += load(at2 + 8 * i) * w2[i];                                                                         \
        for (ptrdiff_t i = all; i < n[3]; i++)                                                                         \
            sum3 += load(at3 + 8 * i) * w3[i];                                                                         \
        const float *restrict across = op->scale + j;                                                                  \
        SH_STORE(8, turned + 64 * j) = sum0 * (across[0] * SH_LOAD(8, down));                                          \
        SH_STORE(8, turned + 64 * j + 64) = sum1 * (across[1] * SH_LOAD(8, down));                                     \
        SH_STORE(8, turned + 64 * j + 128) = sum2 * (across[2] * SH_LOAD(8, down));                                    \
        SH_STORE(8, turned + 64 * j + 192) = sum3 * (across[3] * SH_LOAD(8, down));                                    \
    }
#else
#define SH_BANDS(name, type, load)                                                                                     \
    static inline void SH_NAME(name)(float *restrict turned, const type *restrict mixed, const sh_operator *op,        \
                                     const float *restrict down, int j)                                                \
    {                                                                                                                  \
        const sh_bands *bands = &op->bands;                                                                            \
        for (int b = j; b < j + 4; b++)                                                                                \
            for (int lane = 0; lane < 8; lane++) {                                                                     \
                float sum = 0.0f;                                                                                      \
                for (ptrdiff_t i = 0; i < bands->length[b]; i++)                                                       \
                    sum += load(mixed + 8 * (bands->start[b] + i) + lane) * bands->weights[bands->offset[b] + i];      \
                turned[64 * b + lane] = sum * (op->scale[b] * down[lane]);                                             \
            }                                                                                                          \
    }
#endif

SH_BANDS(bands_of_floats, float, SH_FLOATS_AT)

/* ---- the rows: one band of them, whatever its weights ---- */

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

/* line[c] += weight times sample c of each tap's row, in their order. */
static void SH_NAME(line_of_fractions)(float *restrict line, const sh_picture *picture, ptrdiff_t n, const sh_tap *first,
                                       const sh_tap *end)
{
    ptrdiff_t c = 0;
#if defined(__GNUC__)
    for (; c + 16 <= n; c += 16) { /* so many sums stay in registers */
        sh_float8 left = {0}, right = {0};
        for (const sh_tap *tap = first; tap < end; tap++) {
            const uint8_t *row = picture->data + tap->sample * picture->row_stride + c;
#if SH_WIDTH >= 8
            left += tap->weight * SH_WIDE_BYTES_AT(row);
            right += tap->weight * SH_WIDE_BYTES_AT(row + 8);
#else
            left += tap->weight * SH_BYTES_AT(row);
            right += tap->weight * SH_BYTES_AT(row + 8);
#endif
        }
        SH_STORE(8, line + c) = left;
        SH_STORE(8, line + c + 8) = right;
    }
#endif
    for (const sh_tap *tap = first; tap < end; tap++)
        for (ptrdiff_t i = c; i < n; i++)
            line[i] += tap->weight * (float)picture->data[tap->sample * picture->row_stride + i];
}

/* line[c] = sum over the band's rows, which are integers wherever its weights are; n floats. acc16: as many. */
static void SH_NAME(line_of_band)(float *restrict line, uint16_t *restrict acc16, const sh_picture *picture, ptrdiff_t n,
                                  const sh_operator *op, int band)
{
    const sh_tap *tap = op->taps + op->tap_start[band], *end = op->taps + op->tap_start[band + 1];
    memset(line, 0, (size_t)n * sizeof *line);
    if (op->kind[band] == SH_FRACTIONS) {
        SH_NAME(line_of_fractions)(line, picture, n, tap, end);
        return;
    }
    while (tap < end) {
        unsigned total = 0;
        memset(acc16, 0, (size_t)n * sizeof *acc16);
        /* as many taps as fit 16 bits: 255 * 257 = 65535 */
        while (tap < end && total + (unsigned)tap->weight <= 257) {
            const uint8_t *row[4];
            unsigned weight[4] = {0, 0, 0, 0};
            int filled = 0;
            while (filled < 4 && tap < end && total + (unsigned)tap->weight <= 257) {
                row[filled] = picture->data + tap->sample * picture->row_stride;
                weight[filled] = (unsigned)tap->weight;
                total += weight[filled];
                filled++;
                tap++;
            }
            for (int i = filled; i < 4; i++)
                row[i] = row[0];
            SH_NAME(add_rows4)(acc16, row[0], row[1], row[2], row[3], weight[0], weight[1], weight[2], weight[3], n);
        }
        for (ptrdiff_t i = 0; i < n; i++)
            line[i] += (float)acc16[i];
    }
}

#if SH_HALVES

/* ---- the rows in 16 bits ---- */

typedef SH_JOIN(sh_sums, SH_WIDTH) SH_NAME(sums);

#define SH_CHUNK (4 * SH_WIDTH) /* columns that are added up at once, in two vectors of sums */

/* Rows that are added at once, and where in a chunk the columns of an eighth vector of eight sums stand. Where instructions add
 * up products of bytes in pairs, two rows make pairs of each column, and sixteen columns after another come out in two
 * vectors; elsewhere even columns come out in one vector and odd ones in the other. */
#if SH_WIDTH >= 8
#define SH_AT_ONCE 2
#define SH_FIRST_COLUMN(eighth) (16 * (eighth) - (2 * (eighth) >= SH_WIDTH / 2 ? 4 * SH_WIDTH - 8 : 0))
#define SH_COLUMN_STEP 1
#else
#define SH_AT_ONCE 1
#define SH_FIRST_COLUMN(eighth) (eighth)
#define SH_COLUMN_STEP 2
#endif

/* Add a chunk of SH_AT_ONCE rows, `below` bytes apart, times their weights. */
SH_INLINE void SH_NAME(add_weighted)(SH_NAME(sums) *one, SH_NAME(sums) *other, const uint8_t *row, ptrdiff_t below,
                                     const SH_NAME(sums) *weight)
{
#if SH_WIDTH >= 8
    SH_JOIN(sh_bytes, SH_WIDTH) upper, lower;
    __builtin_memcpy(&upper, row, sizeof upper);
    __builtin_memcpy(&lower, row + below, sizeof lower);
    *one += (SH_NAME(sums))SH_JOIN(SH_PRODUCTS, SH_WIDTH)(SH_JOIN(SH_ZIP_LOW, SH_WIDTH)(upper, lower), *weight);
    *other += (SH_NAME(sums))SH_JOIN(SH_PRODUCTS, SH_WIDTH)(SH_JOIN(SH_ZIP_HIGH, SH_WIDTH)(upper, lower), *weight);
#else
    SH_NAME(sums) pair;
    (void)below;
    __builtin_memcpy(&pair, row, sizeof pair);
    *one += (pair & 255) * *weight;
    *other += (pair >> 8) * *weight;
#endif
}

SH_INLINE void SH_NAME(store_halves)(uint16_t *line, const SH_NAME(sums) *one, const SH_NAME(sums) *other)
{
    __builtin_memcpy(line, one, sizeof *one);
    __builtin_memcpy(line + SH_CHUNK / 2, other, sizeof *other);
}

SH_INLINE void SH_NAME(load_halves)(SH_NAME(sums) *one, SH_NAME(sums) *other, const uint16_t *line)
{
    __builtin_memcpy(one, line, sizeof *one);
    __builtin_memcpy(other, line + SH_CHUNK / 2, sizeof *other);
}

/* The weights of rows as add_weighted wants them; a row beyond the last has none. Returns how many vectors there are. */
SH_INLINE ptrdiff_t SH_NAME(spread_weights)(SH_NAME(sums) *spread, const uint16_t *weights, ptrdiff_t n_rows)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t r = 0; r < n_rows; r += SH_AT_ONCE) {
        const uint16_t second = SH_AT_ONCE == 2 && r + 1 < n_rows ? weights[r + 1] : 0;
        spread[n++] = (SH_NAME(sums)){0} + (uint16_t)(weights[r] | second << 8);
    }
    return n;
}

/* line = the weighted sum of n_rows rows over n columns, a chunk at least. The last chunk ends with the line, and may overlap
 * the one before it. Where there is another line, with other weights of the same rows, they are read once. */
SH_INLINE void SH_NAME(halves_of_rows)(uint16_t *restrict line, uint16_t *restrict other_line, const uint8_t *start,
                                       ptrdiff_t row_stride, ptrdiff_t n, const uint16_t *weights,
                                       const uint16_t *other_weights, ptrdiff_t n_rows)
{
    SH_NAME(sums) weight[SH_MOST_ROWS], other_weight[SH_MOST_ROWS];
    const ptrdiff_t n_steps = SH_NAME(spread_weights)(weight, weights, n_rows);
    const ptrdiff_t last = n_rows % SH_AT_ONCE ? n_steps - 1 : n_steps; /* the last row has none below */
    if (other_line != NULL)
        SH_NAME(spread_weights)(other_weight, other_weights, n_rows);
    ptrdiff_t c = 0;
    if (other_line == NULL)
        for (; c + 2 * SH_CHUNK <= n; c += 2 * SH_CHUNK) {
            const uint8_t *row = start + c;
            SH_NAME(sums) one = {0}, two = {0}, three = {0}, four = {0};
            for (ptrdiff_t step = 0; step < n_steps; step++, row += SH_AT_ONCE * row_stride) {
                const ptrdiff_t below = step == last ? 0 : row_stride;
                SH_NAME(add_weighted)(&one, &two, row, below, weight + step);
                SH_NAME(add_weighted)(&three, &four, row + SH_CHUNK, below, weight + step);
            }
            SH_NAME(store_halves)(line + c, &one, &two);
            SH_NAME(store_halves)(line + c + SH_CHUNK, &three, &four);
        }
    for (; c < n; c += SH_CHUNK) {
        const uint8_t *row = start + sh_least(c, n - SH_CHUNK);
        SH_NAME(sums) one = {0}, two = {0}, other_one = {0}, other_two = {0};
        for (ptrdiff_t step = 0; step < n_steps; step++, row += SH_AT_ONCE * row_stride) {
            const ptrdiff_t below = step == last ? 0 : row_stride;
            SH_NAME(add_weighted)(&one, &two, row, below, weight + step);
            if (other_line != NULL)
                SH_NAME(add_weighted)(&other_one, &other_two, row, below, other_weight + step);
        }
        SH_NAME(store_halves)(line + c, &one, &two);
        if (other_line != NULL)
            SH_NAME(store_halves)(other_line + c, &other_one, &other_two);
    }
}

/* A band's first row, how many it has, and their weights, where they are few and come to 16 bits. */
static inline ptrdiff_t SH_NAME(rows_of_band)(uint16_t *weights, ptrdiff_t *first, const sh_operator *op, int band)
{
    const sh_tap *taps = op->taps + op->tap_start[band];
    const ptrdiff_t n_rows = op->tap_start[band + 1] - op->tap_start[band];
    *first = taps->sample;
    for (ptrdiff_t r = 0; r < n_rows; r++)
        weights[r] = (uint16_t)taps[r].weight;
    return n_rows;
}

/* line = a small band in halves. */
static void SH_NAME(halves_of_band)(uint16_t *restrict line, const sh_picture *picture, ptrdiff_t n, const sh_operator *op,
                                    int band)
{
    uint16_t weights[SH_MOST_ROWS];
    ptrdiff_t first;
    const ptrdiff_t n_rows = SH_NAME(rows_of_band)(weights, &first, op, band);
    SH_NAME(halves_of_rows)(line, NULL, picture->data + first * picture->row_stride, picture->row_stride, n, weights, NULL,
                            n_rows);
}

/* Two small bands that share most of their rows. */
static void SH_NAME(halves_of_two)(uint16_t *restrict line, uint16_t *restrict other_line, const sh_picture *picture,
                                   ptrdiff_t n, const sh_operator *op, int band, const sh_operator *other, int other_band)
{
    uint16_t own[SH_MOST_ROWS], others[SH_MOST_ROWS], weights[SH_MOST_ROWS] = {0}, other_weights[SH_MOST_ROWS] = {0};
    ptrdiff_t first, other_first;
    const ptrdiff_t n_own = SH_NAME(rows_of_band)(own, &first, op, band);
    const ptrdiff_t n_others = SH_NAME(rows_of_band)(others, &other_first, other, other_band);
    const ptrdiff_t start = sh_least(first, other_first);
    const ptrdiff_t n_rows = sh_most(first + n_own, other_first + n_others) - start;
    if (n_rows > SH_MOST_ROWS) {
        SH_NAME(halves_of_band)(line, picture, n, op, band);
        SH_NAME(halves_of_band)(other_line, picture, n, other, other_band);
        return;
    }
    memcpy(weights + (first - start), own, (size_t)n_own * sizeof *own);
    memcpy(other_weights + (other_first - start), others, (size_t)n_others * sizeof *others);
    SH_NAME(halves_of_rows)(line, other_line, picture->data + start * picture->row_stride, picture->row_stride, n, weights,
                            other_weights, n_rows);
}

/* mixed[8 c + lane] = column c of eight lines in halves, `pitch` apart. */
static void SH_NAME(mix_halves)(uint16_t *restrict mixed, const uint16_t *restrict lines, ptrdiff_t pitch, ptrdiff_t n)
{
#if SH_WIDTH >= 8 /* 8 x 8 in both halves of a register at once: half the shuffles */
    for (ptrdiff_t c = 0; c < n; c += SH_CHUNK)
        for (int at = 0; at < SH_CHUNK; at += 16) {
            uint16_t *restrict to = mixed + 8 * (sh_least(c, n - SH_CHUNK) + SH_FIRST_COLUMN(at / 8));
            uint16_t *restrict beside = mixed + 8 * (sh_least(c, n - SH_CHUNK) + SH_FIRST_COLUMN(at / 8 + 1));
            __m256i in[8], pairs[8], fours[8];
            for (int lane = 0; lane < 8; lane++)
                in[lane] = _mm256_loadu_si256((const __m256i *)(lines + lane * pitch + c + at));
            for (int two = 0; two < 8; two += 2) {
                pairs[two] = _mm256_unpacklo_epi16(in[two], in[two + 1]);
                pairs[two + 1] = _mm256_unpackhi_epi16(in[two], in[two + 1]);
            }
            for (int four = 0; four < 8; four += 4)
                for (int half = 0; half < 2; half++) {
                    const __m256i a = pairs[four + half], b = pairs[four + half + 2];
                    fours[four + 2 * half] = _mm256_unpacklo_epi32(a, b);
                    fours[four + 2 * half + 1] = _mm256_unpackhi_epi32(a, b);
                }
            for (int two = 0; two < 4; two++) {
                const __m256i low = _mm256_unpacklo_epi64(fours[two], fours[two + 4]);
                const __m256i high = _mm256_unpackhi_epi64(fours[two], fours[two + 4]);
                _mm_storeu_si128((__m128i *)(to + 16 * two), _mm256_castsi256_si128(low));
                _mm_storeu_si128((__m128i *)(to + 16 * two + 8), _mm256_castsi256_si128(high));
                _mm_storeu_si128((__m128i *)(beside + 16 * two), _mm256_extracti128_si256(low, 1));
                _mm_storeu_si128((__m128i *)(beside + 16 * two + 8), _mm256_extracti128_si256(high, 1));
            }
        }
#else
    for (ptrdiff_t c = 0; c < n; c += SH_CHUNK)
        for (int at = 0; at < SH_CHUNK; at += 8) {
            uint16_t *restrict to = mixed + 8 * (sh_least(c, n - SH_CHUNK) + SH_FIRST_COLUMN(at / 8));
            sh_int4 in[8], pairs[8], fours[8];
            for (int lane = 0; lane < 8; lane++)
                __builtin_memcpy(in + lane, lines + lane * pitch + c + at, sizeof *in);
            for (int two = 0; two < 8; two += 2) {
                pairs[two] = SH_ZIP16_LOW(in[two], in[two + 1]);
                pairs[two + 1] = SH_ZIP16_HIGH(in[two], in[two + 1]);
            }
            for (int four = 0; four < 8; four += 4)
                for (int half = 0; half < 2; half++) {
                    const sh_int4 a = pairs[four + half], b = pairs[four + half + 2];
                    fours[four + 2 * half] = SH_SHUFFLE(a, b, 0, 4, 1, 5);
                    fours[four + 2 * half + 1] = SH_SHUFFLE(a, b, 2, 6, 3, 7);
                }
            for (int two = 0; two < 4; two++) {
                const sh_int4 low = SH_SHUFFLE(fours[two], fours[two + 4], 0, 1, 4, 5);
                const sh_int4 high = SH_SHUFFLE(fours[two], fours[two + 4], 2, 3, 6, 7);
                __builtin_memcpy(to + 8 * SH_COLUMN_STEP * 2 * two, &low, sizeof low);
                __builtin_memcpy(to + 8 * SH_COLUMN_STEP * (2 * two + 1), &high, sizeof high);
            }
        }
#endif
}

#if SH_WIDTH >= 8
SH_BANDS(bands_of_halves, uint16_t, SH_WIDE_HALVES_AT)
#else
SH_BANDS(bands_of_halves, uint16_t, SH_HALVES_AT)
#endif

/* turned[64 j] = the sum of band j of one line, as in SH_BANDS. */
static void SH_NAME(bands_of_line)(float *restrict turned, const float *restrict line, const sh_operator *op, float down)
{
    const sh_bands *bands = &op->bands;
    for (int j = 0; j < 64; j++) {
        const float *restrict from = line + bands->start[j], *restrict weight = bands->weights + bands->offset[j];
        float sum = 0.0f;
        for (ptrdiff_t i = 0; i < bands->length[j]; i++)
            sum += from[i] * weight[i];
        turned[64 * j] = sum * (op->scale[j] * down);
    }
}

/* line[c] += the sums of one chunk in halves, from column `from` of it on. */
static void SH_NAME(add_chunk)(float *restrict line, const uint16_t *restrict halves, ptrdiff_t from)
{
    for (int eighth = 0; eighth < SH_CHUNK / 8; eighth++, halves += 8) {
        float *restrict to = line + SH_FIRST_COLUMN(eighth);
#if SH_WIDTH >= 8
        if (SH_FIRST_COLUMN(eighth) >= from) {
            SH_STORE(8, to) = SH_LOAD(8, to) + SH_WIDE_HALVES_AT(halves);
            continue;
        }
#endif
        for (int i = 0; i < 8; i++)
            if (SH_FIRST_COLUMN(eighth) + SH_COLUMN_STEP * i >= from)
                to[SH_COLUMN_STEP * i] += (float)halves[i];
    }
}

/* A few rows of a band, by their weights as spread_weights gives them: the last of n_steps vectors has one row alone where it
 * is number `last`. */
typedef struct {
    SH_NAME(sums) weight[SH_TOGETHER];
    ptrdiff_t n_steps, last;
    int begins, ends; /* the sums are none yet; they go to the line afterwards */
} SH_NAME(few);

/* Add a few rows to the sums of n columns, and, once these may hold no more, the sums to the line. Meanwhile the same columns of
 * as many rows further down are asked for. */
static void SH_NAME(add_few)(float *restrict line, uint16_t *restrict halves, const uint8_t *start, ptrdiff_t row_stride,
                             ptrdiff_t n, const SH_NAME(few) *few)
{
    for (ptrdiff_t c = 0; c < n; c += 2 * SH_CHUNK) {
        const ptrdiff_t at = sh_least(c, n - SH_CHUNK), next = sh_least(c + SH_CHUNK, n - SH_CHUNK);
        const uint8_t *row = start + at, *beside = start + next;
        SH_NAME(sums) one = {0}, two = {0}, three = {0}, four = {0};
        if (!few->begins) {
            SH_NAME(load_halves)(&one, &two, halves + c);
            SH_NAME(load_halves)(&three, &four, halves + c + SH_CHUNK);
        }
        for (ptrdiff_t step = 0; step < few->n_steps; step++) {
            const ptrdiff_t below = step == few->last ? 0 : row_stride;
            SH_NAME(add_weighted)(&one, &two, row, below, few->weight + step);
            SH_NAME(add_weighted)(&three, &four, beside, below, few->weight + step);
            SH_PREFETCH_FAR(row + SH_TOGETHER * row_stride);
            SH_PREFETCH_FAR(row + below + SH_TOGETHER * row_stride);
            if (SH_CHUNK > 32) { /* another line of the cache */
                SH_PREFETCH_FAR(beside + SH_TOGETHER * row_stride);
                SH_PREFETCH_FAR(beside + below + SH_TOGETHER * row_stride);
            }
            row += SH_AT_ONCE * row_stride;
            beside += SH_AT_ONCE * row_stride;
        }
        SH_NAME(store_halves)(halves + c, &one, &two);
        SH_NAME(store_halves)(halves + c + SH_CHUNK, &three, &four);
        if (few->ends) {
            SH_NAME(add_chunk)(line + at, halves + c, c - at);
            if (c + SH_CHUNK < n)
                SH_NAME(add_chunk)(line + next, halves + c + SH_CHUNK, c + SH_CHUNK - next);
        }
    }
}

/* line = a band whose integer weights come to more than 16 bits, some of its rows after the others; sums stay under 2^24,
 * which floats hold exactly. */
static void SH_NAME(line_of_middling)(float *restrict line, const sh_picture *picture, ptrdiff_t n, const sh_operator *op,
                                      int band)
{
    const sh_tap *end = op->taps + op->tap_start[band + 1];
    uint16_t weights[SH_TOGETHER], halves[SH_BLOCK + 3 * SH_CHUNK];
    memset(line, 0, (size_t)n * sizeof *line);
    for (ptrdiff_t from = 0, width; from < n; from += width) {
        width = n - from < SH_BLOCK + SH_CHUNK ? n - from : SH_BLOCK; /* a chunk at least is left for the last one */
        float total = 0.0f; /* of the weights whose rows the sums hold */
        for (const sh_tap *tap = op->taps + op->tap_start[band]; tap < end;) {
            const uint8_t *start = picture->data + tap->sample * picture->row_stride + from;
            ptrdiff_t n_rows = 0;
            SH_NAME(few) few;
            few.begins = total == 0.0f;
            while (n_rows < SH_TOGETHER && tap < end && total + tap->weight <= 257.0f) {
                total += tap->weight;
                weights[n_rows++] = (uint16_t)tap++->weight;
            }
            few.n_steps = SH_NAME(spread_weights)(few.weight, weights, n_rows);
            few.last = n_rows % SH_AT_ONCE ? few.n_steps - 1 : few.n_steps;
            few.ends = tap == end || total + tap->weight > 257.0f;
            SH_NAME(add_few)(line + from, halves, start, picture->row_stride, width, &few);
            total = few.ends ? 0.0f : total;
        }
    }
}
#endif

/* ---- both ---- */

static void SH_NAME(line_of)(float *restrict line, uint16_t *restrict acc16, const sh_picture *picture, ptrdiff_t n,
                             const sh_operator *op, int band)
{
#if SH_HALVES
    if (n >= SH_CHUNK && op->kind[band] <= SH_MIDDLING) {
        SH_NAME(line_of_middling)(line, picture, n, op, band);
        return;
    }
#endif
    SH_NAME(line_of_band)(line, acc16, picture, n, op, band);
}

/* turned = eight bands of rows, from `k` on, by the operators of columns: for each of `n_col_ops`, 4096 floats further on,
 * its 64 bands of these eight lines. The lines are in `lines`, n floats each. */
static void SH_NAME(bands_of_lines)(float *restrict turned, const float *restrict lines, float *restrict mixed,
                                    ptrdiff_t n, const sh_operator *row_op, int k, const sh_operator *const *col_ops,
                                    int n_col_ops)
{
    SH_NAME(mix_lines)(mixed, 8, lines, n);
    for (int flip = 0; flip < n_col_ops; flip++)
        for (int j = 0; j < 64; j += 4)
            SH_NAME(bands_of_floats)(turned + 4096 * flip + k, mixed, col_ops[flip], row_op->scale + k, j);
}

#if SH_HALVES
/* Whether eight bands from k on can be added up in halves, but for those of fractions, which are few: at a picture's edges. */
static int SH_NAME(fit_halves)(const sh_operator *op, int k)
{
    int n_fractions = 0;
    for (int band = k; band < k + 8; band++) {
        if (op->kind[band] != SH_SMALL && op->kind[band] != SH_FRACTIONS)
            return 0;
        n_fractions += op->kind[band] == SH_FRACTIONS;
    }
    return n_fractions <= 4;
}

/* The same of lines in halves; those of fractions, which `lines` lacks, one by one. */
static void SH_NAME(bands_of_halved_lines)(float *restrict turned, const uint16_t *restrict lines, ptrdiff_t pitch,
                                           const sh_scratch *scratch, const sh_picture *picture, ptrdiff_t n,
                                           const sh_operator *row_op, int k, const sh_operator *const *col_ops,
                                           int n_col_ops)
{
    uint16_t *mixed = (uint16_t *)scratch->mixed;
    SH_NAME(mix_halves)(mixed, lines, pitch, n);
    for (int flip = 0; flip < n_col_ops; flip++)
        for (int j = 0; j < 64; j += 4)
            SH_NAME(bands_of_halves)(turned + 4096 * flip + k, mixed, col_ops[flip], row_op->scale + k, j);
    for (int band = k; band < k + 8; band++) {
        if (row_op->kind[band] != SH_FRACTIONS)
            continue;
        SH_NAME(line_of_band)(scratch->line, scratch->acc16, picture, n, row_op, band);
        for (int flip = 0; flip < n_col_ops; flip++)
            SH_NAME(bands_of_line)(turned + 4096 * flip + band, scratch->line, col_ops[flip], row_op->scale[band]);
    }
}
#endif

/* small[64][64] = P_rows Y P_cols^T. For colour, the columns operator carries the luma weights: the rows pass is linear, so
 * luma is taken of 64 rows instead of all, and never rounded. */
static void SH_NAME(small_picture)(float *restrict small, const sh_picture *picture, const sh_operator *row_op,
                                   const sh_operator *col_op, const sh_scratch *scratch)
{
    const ptrdiff_t n = sh_samples_of_row(picture);
    float turned[4096];
    for (int k = 0; k < 64; k += 8) {
#if SH_HALVES
        if (n >= SH_CHUNK && SH_NAME(fit_halves)(row_op, k)) {
            const ptrdiff_t pitch = (n + SH_CHUNK - 1) / SH_CHUNK * SH_CHUNK;
            for (int lane = 0; lane < 8; lane++)
                if (row_op->kind[k + lane] == SH_SMALL)
                    SH_NAME(halves_of_band)(scratch->halves + lane * pitch, picture, n, row_op, k + lane);
            SH_NAME(bands_of_halved_lines)(turned, scratch->halves, pitch, scratch, picture, n, row_op, k, &col_op, 1);
            continue;
        }
#endif
        for (int lane = 0; lane < 8; lane++)
            SH_NAME(line_of)(scratch->lines + lane * n, scratch->acc16, picture, n, row_op, k + lane);
        SH_NAME(bands_of_lines)(turned, scratch->lines, scratch->mixed, n, row_op, k, &col_op, 1);
    }
    SH_NAME(transpose)(small, turned);
}

/* pictures[2 i + j] = small_picture of row_ops[i] and col_ops[j], transposed, in one sweep over the pixels: the second
 * operator of a pair reads its side backwards, so that its band 63 - k lies over the first one's band k. */
static void SH_NAME(turned_pictures)(float *restrict pictures, const sh_picture *picture,
                                     const sh_operator *const *row_ops, const sh_operator *const *col_ops,
                                     const sh_scratch *scratch)
{
    const ptrdiff_t n = sh_samples_of_row(picture);
    for (int k = 0; k < 64; k += 8) {
        /* Eight bands of each operator, those of the second in ascending order too. */
        const int starts[2] = {k, 56 - k};
#if SH_HALVES
        if (n >= SH_CHUNK && SH_NAME(fit_halves)(row_ops[0], starts[0]) && SH_NAME(fit_halves)(row_ops[1], starts[1])) {
            const ptrdiff_t pitch = (n + SH_CHUNK - 1) / SH_CHUNK * SH_CHUNK;
            uint16_t *lines = scratch->halves, *others = lines + 8 * pitch;
            for (int lane = 0; lane < 8; lane++) {
                const int band = k + lane, other = 63 - k - lane;
                const int is_small = row_ops[0]->kind[band] == SH_SMALL, is_other = row_ops[1]->kind[other] == SH_SMALL;
                uint16_t *to = lines + lane * pitch, *other_to = others + (7 - lane) * pitch;
                if (is_small && is_other)
                    SH_NAME(halves_of_two)(to, other_to, picture, n, row_ops[0], band, row_ops[1], other);
                else if (is_small)
                    SH_NAME(halves_of_band)(to, picture, n, row_ops[0], band);
                else if (is_other)
                    SH_NAME(halves_of_band)(other_to, picture, n, row_ops[1], other);
            }
            for (int back = 0; back < 2; back++)
                SH_NAME(bands_of_halved_lines)(pictures + 8192 * back, back ? others : lines, pitch, scratch, picture, n,
                                               row_ops[back], starts[back], col_ops, 2);
            continue;
        }
#endif
        for (int back = 0; back < 2; back++) {
            for (int lane = 0; lane < 8; lane++)
                SH_NAME(line_of)(scratch->lines + lane * n, scratch->acc16, picture, n, row_ops[back], starts[back] + lane);
            SH_NAME(bands_of_lines)(pictures + 8192 * back, scratch->lines, scratch->mixed, n, row_ops[back],
                                    starts[back], col_ops, 2);
        }
    }
}

#undef SH_BANDS
#undef SH_CHUNK
#undef SH_AT_ONCE
#undef SH_FIRST_COLUMN
#undef SH_COLUMN_STEP
