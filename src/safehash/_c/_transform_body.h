/* From the 64 x 64 picture to coefficients, bits and quality. Included by _kernels_body.h. */

/* out[64] = weights[32] times source[32][64], four rows at a time. */
static inline void SH_NAME(dct_row)(float *restrict out, const float *restrict source, const float *restrict weights)
{
#if defined(__GNUC__)
    for (int c = 0; c < 64; c += 2 * SH_WIDTH) {
        SH_FLOATS(SH_WIDTH) low = {0}, high = {0};
        for (int j = 0; j < 32; j += 4) {
            const float *restrict s = source + 64 * j + c, *restrict w = weights + j;
            low += (w[0] * SH_LOAD(SH_WIDTH, s) + w[1] * SH_LOAD(SH_WIDTH, s + 64)) +
                   (w[2] * SH_LOAD(SH_WIDTH, s + 128) + w[3] * SH_LOAD(SH_WIDTH, s + 192));
            s += SH_WIDTH;
            high += (w[0] * SH_LOAD(SH_WIDTH, s) + w[1] * SH_LOAD(SH_WIDTH, s + 64)) +
                    (w[2] * SH_LOAD(SH_WIDTH, s + 128) + w[3] * SH_LOAD(SH_WIDTH, s + 192));
        }
        SH_STORE(SH_WIDTH, out + c) = low;
        SH_STORE(SH_WIDTH, out + c + SH_WIDTH) = high;
    }
#else
    for (int c = 0; c < 64; c++)
        out[c] = 0.0f;
    for (int j = 0; j < 32; j += 4) {
        const float *restrict s = source + 64 * j;
        for (int c = 0; c < 64; c++)
            out[c] = out[c] + ((weights[j] * s[c] + weights[j + 1] * s[64 + c]) +
                               (weights[j + 2] * s[128 + c] + weights[j + 3] * s[192 + c]));
    }
#endif
}

/* sums[row][16] of four rows: odd[row][32] times the weights of the 8 odd frequencies, then even of the even ones. */
static inline void SH_NAME(dct_pairs)(float *restrict sums, const float *restrict odd, const float *restrict even)
{
#if defined(__GNUC__)
    sh_float8 odd0 = {0}, odd1 = {0}, odd2 = {0}, odd3 = {0}, even0 = {0}, even1 = {0}, even2 = {0}, even3 = {0};
    for (int j = 0; j < 32; j++) {
        const sh_float8 of_odd = SH_LOAD(8, sh_dct_pairs[j]), of_even = SH_LOAD(8, sh_dct_pairs[j] + 8);
        odd0 += odd[j] * of_odd;
        odd1 += odd[32 + j] * of_odd;
        odd2 += odd[64 + j] * of_odd;
        odd3 += odd[96 + j] * of_odd;
        even0 += even[j] * of_even;
        even1 += even[32 + j] * of_even;
        even2 += even[64 + j] * of_even;
        even3 += even[96 + j] * of_even;
    }
    SH_STORE(8, sums) = odd0;
    SH_STORE(8, sums + 8) = even0;
    SH_STORE(8, sums + 16) = odd1;
    SH_STORE(8, sums + 24) = even1;
    SH_STORE(8, sums + 32) = odd2;
    SH_STORE(8, sums + 40) = even2;
    SH_STORE(8, sums + 48) = odd3;
    SH_STORE(8, sums + 56) = even3;
#else
    for (int row = 0; row < 4; row++)
        for (int k = 0; k < 8; k++) {
            sums[16 * row + k] = sums[16 * row + 8 + k] = 0.0f;
            for (int j = 0; j < 32; j++) {
                sums[16 * row + k] += odd[32 * row + j] * sh_dct_pairs[j][k];
                sums[16 * row + 8 + k] += even[32 * row + j] * sh_dct_pairs[j][8 + k];
            }
        }
#endif
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
        SH_NAME(dct_row)(half + 64 * i, source, sh_dct[i]);
    }
    /* Second axis: lanes over the 8 odd and the 8 even frequencies. */
    for (int i = 0; i < 16; i += 4) {
        float sums[4][16], e[4][32], o[4][32];
        for (int row = 0; row < 4; row++)
            for (int j = 0; j < 32; j++) {
                const float a = half[64 * (i + row) + j], b = half[64 * (i + row) + 63 - j];
                e[row][j] = a + b;
                o[row][j] = a - b;
            }
        SH_NAME(dct_pairs)(sums[0], o[0], e[0]);
        for (int row = 0; row < 4; row++)
            for (int k = 0; k < 8; k++) {
                coefficients[16 * (i + row) + 2 * k] = sums[row][k];
                coefficients[16 * (i + row) + 2 * k + 1] = sums[row][8 + k];
            }
    }
}

/* key[i], whose order as an integer is that of coefficient i; high[i]: whether that is over the median, the 128th smallest
 * of 256. The median is found bit by bit, each time counting the keys below a trial: without a branch that a processor could
 * guess wrong, but for the end. A trial with 128 below it parts the halves. */
static inline void SH_NAME(part)(int32_t *restrict key, uint8_t *restrict high, const float *restrict coefficients)
{
    float values[256];
    for (int i = 0; i < 256; i++)
        values[i] = coefficients[i] + 0.0f; /* there is one zero, not two */
    memcpy(key, values, 256 * sizeof *key);
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
        if (below == 128) {
            found = (uint32_t)trial - 1;
            break;
        }
    }
    const int32_t last_low = (int32_t)found;
    for (int i = 0; i < 256; i++)
        high[i] = key[i] > last_low;
}

/* The 32 bytes as printed: bit k is bit k % 8 of byte 31 - k / 8. */
static inline void SH_NAME(print)(uint8_t *restrict digest, const uint8_t *restrict high)
{
    for (int byte = 0; byte < 32; byte++) {
        unsigned bits = 0;
        for (int b = 0; b < 8; b++)
            bits |= (unsigned)high[8 * byte + b] << b;
        digest[31 - byte] = (uint8_t)bits;
    }
}

static void SH_NAME(bits)(uint8_t *restrict digest, const float *restrict coefficients)
{
    int32_t key[256];
    uint8_t high[256];
    SH_NAME(part)(key, high, coefficients);
    SH_NAME(print)(digest, high);
}

/* The bits, and how many coefficients beside the median lie within SH_NOISE of it: theirs may be the reference's other
 * ones. */
static int SH_NAME(bits_in_doubt)(uint8_t *restrict digest, const float *restrict coefficients)
{
    int32_t key[256], middle = INT32_MIN, near = 0;
    uint8_t high[256];
    float median;
    SH_NAME(part)(key, high, coefficients);
    SH_NAME(print)(digest, high);
    for (int i = 0; i < 256; i++) {
        const int32_t low = high[i] ? INT32_MIN : key[i];
        middle = low > middle ? low : middle;
    }
    middle ^= (middle >> 31) & 0x7FFFFFFF;
    memcpy(&median, &middle, sizeof median);
    for (int i = 0; i < 256; i++) {
        const float apart = coefficients[i] - median;
        near += (apart <= SH_NOISE) & (apart >= -SH_NOISE);
    }
    return near - 1;
}

/* How many percent of 255 two values are apart, cut to a whole number. */
SH_INLINE int SH_NAME(percent)(float a, float b)
{
    const int apart = (int)((a - b) * 100.0f / 255.0f);
    return apart < 0 ? -apart : apart;
}

/* PDQ's quality: truncated gradients of the 64 x 64 picture, 0 to 100. */
static int SH_NAME(quality)(const float *restrict small)
{
    int sum = 0;
    for (int i = 0; i < 63 * 64; i++)
        sum += SH_NAME(percent)(small[i], small[i + 64]);
    for (int i = 0; i < 4095; i++) /* in one go; what is no neighbour but the end of a row beside the next is taken away */
        sum += SH_NAME(percent)(small[i], small[i + 1]);
    for (int i = 64; i < 4096; i += 64)
        sum -= SH_NAME(percent)(small[i - 1], small[i]);
    sum /= 90;
    return sum > 100 ? 100 : sum;
}
