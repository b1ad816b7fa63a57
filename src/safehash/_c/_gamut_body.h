/* Whether luma and chroma leave what a screen shows, a line at a time; _gamut.h includes this file once per level.
 *
 * Integers of 16 bits throughout: every copy gives the same sums.
 */

/* By how much a sample leaves 0 to 255. */
SH_INLINE int16_t SH_NAME(gamut_over)(int16_t sample)
{
    const int16_t low = sample < 0 ? 0 : sample;
    const int16_t shown = low > 255 ? 255 : low;
    return (int16_t)(sample - shown);
}

/* By how many levels the luma of what is shown is off the luma y, for chroma as shares of red, green and blue. */
SH_INLINE int16_t SH_NAME(gamut_apart)(int16_t y, int16_t red, int16_t green, int16_t blue)
{
    const int16_t over_r = SH_NAME(gamut_over)((int16_t)(y + red));
    const int16_t over_g = SH_NAME(gamut_over)((int16_t)(y - green));
    const int16_t over_b = SH_NAME(gamut_over)((int16_t)(y + blue));
    const int16_t off = (int16_t)(38 * over_r + 75 * over_g + 15 * over_b); /* luma's weights, in 1/128 */
    const int16_t size = (int16_t)(off < 0 ? -off : off);
    const int16_t apart = (int16_t)((int16_t)(size + 64) >> 7);
    return (int16_t)(apart > SH_GAMUT_ROUNDING ? apart : 0);
}

/* The luma of n pixels of luma, blue chroma, red chroma and a byte without meaning; returns how far all are apart. */
static int64_t SH_NAME(gamut_pixels)(const uint8_t *restrict pixels, uint8_t *restrict luma, ptrdiff_t n)
{
    int64_t apart = 0;
    for (ptrdiff_t first = 0; first < n; first += SH_GAMUT_PIECE) {
        const int piece = (int)(n - first < SH_GAMUT_PIECE ? n - first : SH_GAMUT_PIECE);
        const uint8_t *restrict from = pixels + 4 * first;
        uint8_t *restrict to = luma + first;
        uint32_t words[SH_GAMUT_PIECE];
        int16_t cb[SH_GAMUT_PIECE], cr[SH_GAMUT_PIECE], each[SH_GAMUT_PIECE];
        memcpy(words, from, 4 * (size_t)piece);
        for (int i = 0; i < piece; i++) {
            to[i] = (uint8_t)(words[i] >> SH_BYTE_AT(0));
            cb[i] = (int16_t)((words[i] >> SH_BYTE_AT(1) & 255) - 128);
            cr[i] = (int16_t)((words[i] >> SH_BYTE_AT(2) & 255) - 128);
        }
        for (int i = 0; i < piece; i++)
            each[i] = SH_NAME(gamut_apart)(to[i], SH_RED_OF(cr[i]), SH_GREEN_OF(cb[i], cr[i]), SH_BLUE_OF(cb[i]));
        int32_t sum = 0;
        for (int i = 0; i < piece; i++)
            sum += each[i];
        apart += sum;
    }
    return apart;
}

/* The same of n samples of luma that share one chroma; how far all are apart. */
static int32_t SH_NAME(gamut_run)(const uint8_t *restrict luma, int n, int16_t red, int16_t green, int16_t blue)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += SH_NAME(gamut_apart)(luma[i], red, green, blue);
    return sum;
}

/* The least and the most of each column of some rows. */
static void SH_NAME(gamut_extremes)(const uint8_t *restrict luma, ptrdiff_t rows, ptrdiff_t stride, ptrdiff_t cols,
                                    uint8_t *restrict least, uint8_t *restrict most)
{
    memcpy(least, luma, (size_t)cols);
    memcpy(most, luma, (size_t)cols);
    for (ptrdiff_t row = 1; row < rows; row++) {
        const uint8_t *restrict line = luma + row * stride;
        for (ptrdiff_t col = 0; col < cols; col++) {
            least[col] = line[col] < least[col] ? line[col] : least[col];
            most[col] = line[col] > most[col] ? line[col] : most[col];
        }
    }
}

/* Of n columns with their extremes and their chroma's shares, how far the worse of the two is apart. */
static void SH_NAME(gamut_columns)(const uint8_t *restrict least, const uint8_t *restrict most, const int16_t *restrict red,
                                   const int16_t *restrict green, const int16_t *restrict blue, int16_t *restrict apart,
                                   ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        const int16_t low = SH_NAME(gamut_apart)(least[i], red[i], green[i], blue[i]);
        const int16_t high = SH_NAME(gamut_apart)(most[i], red[i], green[i], blue[i]);
        apart[i] = low > high ? low : high;
    }
}

/* By how much a sample is over 255, or under 0; 255 is 255 or more, which 16 bits bear. */
SH_INLINE int16_t SH_NAME(gamut_beyond)(int16_t by)
{
    const int16_t beyond = by < 0 ? 0 : by;
    return (int16_t)(beyond > 255 ? 255 : beyond);
}

SH_INLINE int16_t SH_NAME(gamut_weighed)(int16_t red, int16_t green, int16_t blue)
{
    return (int16_t)((int16_t)(38 * SH_NAME(gamut_beyond)(red) + 75 * SH_NAME(gamut_beyond)(green) +
                               15 * SH_NAME(gamut_beyond)(blue)) >> 7);
}

/* Add to how far columns are apart what chroma that spreads may add: of red, green and blue the means, how far each may lie from them,
 * and the most that this adds. What is cut darkens on one side of the screen and lightens on the other: the worse of both counts. */
static void SH_NAME(gamut_spread)(const uint8_t *restrict least, const uint8_t *restrict most, const int16_t *const *shares,
                                  int16_t *restrict apart, ptrdiff_t n)
{
    const int16_t *restrict red = shares[0], *restrict green = shares[1], *restrict blue = shares[2];
    const int16_t *restrict reds = shares[3], *restrict greens = shares[4], *restrict blues = shares[5];
    const int16_t *restrict most_added = shares[6];
    for (ptrdiff_t i = 0; i < n; i++) {
        const int16_t low = least[i], high = most[i];
        const int16_t darker = SH_NAME(gamut_weighed)((int16_t)(high + red[i] + reds[i] - 255), (int16_t)(high - green[i] + greens[i] - 255),
                                                      (int16_t)(high + blue[i] + blues[i] - 255));
        const int16_t lighter = SH_NAME(gamut_weighed)((int16_t)(reds[i] - low - red[i]), (int16_t)(greens[i] - low + green[i]),
                                                       (int16_t)(blues[i] - low - blue[i]));
        const int16_t further = (int16_t)((darker > lighter ? darker : lighter) - apart[i]);
        const int16_t some = (int16_t)(further < 0 ? 0 : further);
        apart[i] = (int16_t)(apart[i] + (some < most_added[i] ? some : most_added[i]));
    }
}

static int64_t SH_NAME(gamut_sum)(const int16_t *restrict apart, ptrdiff_t n)
{
    int64_t sum = 0;
    for (ptrdiff_t first = 0; first < n; first += SH_GAMUT_PIECE) {
        const ptrdiff_t end = n - first < SH_GAMUT_PIECE ? n : first + SH_GAMUT_PIECE;
        int32_t piece = 0;
        for (ptrdiff_t i = first; i < end; i++)
            piece += apart[i];
        sum += piece;
    }
    return sum;
}

/* The sum of samples, and that of their squares. */
static void SH_NAME(gamut_sums)(const uint8_t *restrict samples, ptrdiff_t n, int64_t *sum, int64_t *squares)
{
    *sum = *squares = 0;
    for (ptrdiff_t first = 0; first < n; first += SH_GAMUT_PIECE) {
        const ptrdiff_t end = n - first < SH_GAMUT_PIECE ? n : first + SH_GAMUT_PIECE;
        int32_t piece = 0, of_squares = 0;
        for (ptrdiff_t i = first; i < end; i++) {
            piece += samples[i];
            of_squares += samples[i] * samples[i];
        }
        *sum += piece;
        *squares += of_squares;
    }
}

static const sh_gamut SH_NAME(gamut) = {SH_NAME(gamut_pixels), SH_NAME(gamut_run),    SH_NAME(gamut_extremes), SH_NAME(gamut_columns),
                                        SH_NAME(gamut_spread), SH_NAME(gamut_sum), SH_NAME(gamut_sums)};
