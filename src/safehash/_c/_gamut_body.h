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

/* The same of some rows of n samples of luma that share one chroma, which is known when this is compiled or not. */
SH_INLINE int64_t SH_NAME(gamut_rows)(const uint8_t *restrict luma, ptrdiff_t stride, ptrdiff_t rows, const ptrdiff_t n, int16_t red,
                                      int16_t green, int16_t blue)
{
    int64_t sum = 0;
    for (ptrdiff_t row = 0; row < rows; row++, luma += stride) {
        int32_t of_row = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            of_row += SH_NAME(gamut_apart)(luma[i], red, green, blue);
        sum += of_row;
    }
    return sum;
}

/* How far all samples of a block are apart. */
static int64_t SH_NAME(gamut_block)(const uint8_t *restrict luma, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t n, int16_t red,
                                    int16_t green, int16_t blue)
{
    switch (n) {
    case 8: return SH_NAME(gamut_rows)(luma, stride, rows, 8, red, green, blue);
    case 16: return SH_NAME(gamut_rows)(luma, stride, rows, 16, red, green, blue);
    default: return SH_NAME(gamut_rows)(luma, stride, rows, n, red, green, blue);
    }
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

/* Half as many: the least, and the most, of each two neighbours. */
static void SH_NAME(gamut_halved)(const uint8_t *restrict least, const uint8_t *restrict most, uint8_t *restrict low, uint8_t *restrict high,
                                  ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        low[i] = least[2 * i] < least[2 * i + 1] ? least[2 * i] : least[2 * i + 1];
        high[i] = most[2 * i] > most[2 * i + 1] ? most[2 * i] : most[2 * i + 1];
    }
}

/* The least and the most of each `across` columns, the last of which may be fewer. */
static void SH_NAME(gamut_narrowed)(const uint8_t *restrict least, const uint8_t *restrict most, uint8_t *restrict low,
                                    uint8_t *restrict high, ptrdiff_t cols, ptrdiff_t across)
{
    uint8_t lows[2][SH_GAMUT_PIECE], highs[2][SH_GAMUT_PIECE];
    const ptrdiff_t at_once = SH_GAMUT_PIECE / across * across;
    ptrdiff_t left = 0;
    for (; (across & (across - 1)) == 0 && at_once > 0 && left + across <= cols; left += at_once) {
        const ptrdiff_t rest = (cols - left) / across * across;
        ptrdiff_t n = rest < at_once ? rest : at_once;
        memcpy(lows[0], least + left, (size_t)n);
        memcpy(highs[0], most + left, (size_t)n);
        int from = 0;
        for (ptrdiff_t each = across; each > 1; each /= 2, from = !from)
            SH_NAME(gamut_halved)(lows[from], highs[from], lows[!from], highs[!from], n /= 2);
        memcpy(low + left / across, lows[from], (size_t)n);
        memcpy(high + left / across, highs[from], (size_t)n);
    }
    left = left < cols / across * across ? left : cols / across * across;
    for (ptrdiff_t j = left / across; left < cols; left += across, j++) {
        const ptrdiff_t end = cols - left < across ? cols : left + across;
        low[j] = least[left];
        high[j] = most[left];
        for (ptrdiff_t col = left; col < end; col++) {
            low[j] = least[col] < low[j] ? least[col] : low[j];
            high[j] = most[col] > high[j] ? most[col] : high[j];
        }
    }
}

/* Shares of n samples of chroma, as sh_gamut_line holds them; those of spreads unless these are NULL. Whether anything spreads. */
static int SH_NAME(gamut_shares)(const uint8_t *restrict blue, const uint8_t *restrict red, const uint8_t *restrict blue_spreads,
                                 const uint8_t *restrict red_spreads, int16_t *const *shares, ptrdiff_t n)
{
    int16_t *restrict reds = shares[0], *restrict greens = shares[1], *restrict blues = shares[2];
    for (ptrdiff_t i = 0; i < n; i++) {
        const int16_t cb = (int16_t)(blue[i] - 128), cr = (int16_t)(red[i] - 128);
        reds[i] = SH_RED_OF(cr);
        greens[i] = SH_GREEN_OF(cb, cr);
        blues[i] = SH_BLUE_OF(cb);
    }
    if (blue_spreads == NULL)
        return 0;
    int16_t *restrict red_far = shares[3], *restrict green_far = shares[4], *restrict blue_far = shares[5], *restrict mosts = shares[6];
    int any = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int32_t sb = blue_spreads[i], sr = red_spreads[i], far_b = SH_GAMUT_SPREADS * sb, far_r = SH_GAMUT_SPREADS * sr;
        red_far[i] = (int16_t)((179 * far_r + 127) >> 7);
        green_far[i] = (int16_t)((44 * far_b + 91 * far_r + 127) >> 7);
        blue_far[i] = (int16_t)((227 * far_b + 127) >> 7);
        mosts[i] = (int16_t)((SH_GAMUT_OF_BLUE * sb + SH_GAMUT_OF_RED * sr + 255) >> 8);
        any |= sb | sr;
    }
    return any;
}

/* Of those blocks of a row whose worst sample is apart, the columns side by side and the first shares, as many as are asked for; the
 * others have no sample that is. Returns how many columns. */
SH_INLINE ptrdiff_t SH_NAME(gamut_gather)(const sh_gamut_line *blocks, ptrdiff_t n_blocks, const uint8_t *restrict least,
                                          const uint8_t *restrict most, ptrdiff_t cols, const ptrdiff_t across, int n_shares,
                                          const sh_gamut_line *line)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t j = 0; j < n_blocks; j++) {
        if (blocks->off[j] == 0)
            continue;
        const ptrdiff_t left = j * across, width = cols - left < across ? cols - left : across;
        if (width == across) {
            memcpy(line->least + n, least + left, (size_t)across);
            memcpy(line->most + n, most + left, (size_t)across);
        } else {
            memcpy(line->least + n, least + left, (size_t)width);
            memcpy(line->most + n, most + left, (size_t)width);
        }
        for (int k = 0; k < n_shares; k++) { /* a line has room for one more block */
            int16_t *restrict to = line->shares[k] + n;
            const int16_t share = blocks->shares[k][j];
            for (ptrdiff_t col = 0; col < across; col++)
                to[col] = share;
        }
        n += width;
    }
    return n;
}

static ptrdiff_t SH_NAME(gamut_gathered)(const sh_gamut_line *blocks, ptrdiff_t n_blocks, const uint8_t *least, const uint8_t *most,
                                         ptrdiff_t cols, ptrdiff_t across, int n_shares, const sh_gamut_line *line)
{
    switch (across) { /* as many as most pictures have */
    case 4: return SH_NAME(gamut_gather)(blocks, n_blocks, least, most, cols, 4, n_shares, line);
    case 8: return SH_NAME(gamut_gather)(blocks, n_blocks, least, most, cols, 8, n_shares, line);
    case 16: return SH_NAME(gamut_gather)(blocks, n_blocks, least, most, cols, 16, n_shares, line);
    default: return SH_NAME(gamut_gather)(blocks, n_blocks, least, most, cols, across, n_shares, line);
    }
}

/* Of n columns with their extremes and their chroma's shares, how far the worse of the two is apart. */
static void SH_NAME(gamut_columns)(const sh_gamut_line *line, ptrdiff_t n)
{
    const uint8_t *restrict least = line->least, *restrict most = line->most;
    const int16_t *restrict red = line->shares[0], *restrict green = line->shares[1], *restrict blue = line->shares[2];
    int16_t *restrict apart = line->off;
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
static void SH_NAME(gamut_spread)(const sh_gamut_line *line, ptrdiff_t n)
{
    const uint8_t *restrict least = line->least, *restrict most = line->most;
    const int16_t *restrict red = line->shares[0], *restrict green = line->shares[1], *restrict blue = line->shares[2];
    const int16_t *restrict reds = line->shares[3], *restrict greens = line->shares[4], *restrict blues = line->shares[5];
    const int16_t *restrict most_added = line->shares[6];
    int16_t *restrict apart = line->off;
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
        const ptrdiff_t end = n - first < SH_GAMUT_PIECE ? n - first : SH_GAMUT_PIECE;
        int16_t wide[SH_GAMUT_PIECE]; /* whose products compilers add up two at a time, as they do not those of bytes */
        int32_t piece = 0, of_squares = 0;
        for (ptrdiff_t i = 0; i < end; i++)
            wide[i] = samples[first + i];
        for (ptrdiff_t i = 0; i < end; i++) {
            piece += wide[i];
            of_squares += wide[i] * wide[i];
        }
        *sum += piece;
        *squares += of_squares;
    }
}

static const sh_gamut SH_NAME(gamut) = {SH_NAME(gamut_pixels),   SH_NAME(gamut_block),    SH_NAME(gamut_extremes),
                                        SH_NAME(gamut_narrowed), SH_NAME(gamut_shares),   SH_NAME(gamut_gathered),
                                        SH_NAME(gamut_columns),  SH_NAME(gamut_spread),   SH_NAME(gamut_sum),
                                        SH_NAME(gamut_sums)};
