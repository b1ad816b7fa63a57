/* What a screen shows of a JPEG picture that is read whole: chroma drawn between its samples, red, green and blue, their grey.
 *
 * As libjpeg and the imaging library make it, to the bit. Included by _jpeg_body.h.
 */

/* Add the grey of n pixels to sums, and write red, green and blue themselves where they are kept: what luma and chroma come to, cut to
 * what a screen has. In 16 bits where that is exact (a product's upper half, twice as much and rounded, is what 32 bits give for every
 * sample of chroma). */
static void SH_NAME(show_line)(uint8_t *restrict red, uint8_t *restrict green, uint8_t *restrict blue, uint16_t *restrict sums,
                               const uint8_t *restrict luma, const uint8_t *restrict cb, const uint8_t *restrict cr, ptrdiff_t n,
                               int is_kept)
{
    ptrdiff_t i = 0;
#if SH_X86 && SH_WIDTH >= 8 /* pairs of products in one instruction, which compilers take apart: half the time */
    const __m256i none = _mm256_setzero_si256(), most = _mm256_set1_epi16(255), middle = _mm256_set1_epi16(128);
    const __m256i one = _mm256_set1_epi16(1), two = _mm256_set1_epi16(2), half = _mm256_set1_epi32(32768);
    const __m256i of_green = _mm256_set1_epi32((int)((uint32_t)SJ_GREEN_OF_RED << 16 | (uint16_t)SJ_GREEN_OF_BLUE));
    const __m256i of_both = _mm256_set1_epi32(SH_GREY_OF_GREEN / 2 << 16 | SH_GREY_OF_RED); /* green is doubled */
    const __m256i of_blue = _mm256_set1_epi32(SH_GREY_HALF / 2 << 16 | SH_GREY_OF_BLUE); /* beside a 2 */
    for (; i + 16 <= n; i += 16) {
        const __m256i y = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(luma + i)));
        const __m256i b = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(cb + i))), middle);
        const __m256i r = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(cr + i))), middle);
        const __m256i to_red = _mm256_mulhi_epi16(_mm256_add_epi16(r, r), _mm256_set1_epi16(SJ_RED_OF_RED));
        const __m256i to_blue = _mm256_mulhi_epi16(_mm256_add_epi16(b, b), _mm256_set1_epi16(SJ_BLUE_OF_BLUE));
        const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(b, r), of_green), half);
        const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpackhi_epi16(b, r), of_green), half);
        const __m256i to_green = _mm256_packs_epi32(_mm256_srai_epi32(low, 16), _mm256_srai_epi32(high, 16));
        __m256i reds = _mm256_add_epi16(_mm256_add_epi16(y, r), _mm256_srai_epi16(_mm256_add_epi16(to_red, one), 1));
        __m256i blues = _mm256_add_epi16(_mm256_add_epi16(y, _mm256_add_epi16(b, b)), _mm256_srai_epi16(_mm256_add_epi16(to_blue, one), 1));
        __m256i greens = _mm256_sub_epi16(_mm256_add_epi16(y, to_green), r);
        reds = _mm256_min_epi16(_mm256_max_epi16(reds, none), most);
        blues = _mm256_min_epi16(_mm256_max_epi16(blues, none), most);
        greens = _mm256_min_epi16(_mm256_max_epi16(greens, none), most);
        const __m256i doubled = _mm256_add_epi16(greens, greens);
        const __m256i first = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(reds, doubled), of_both),
                                               _mm256_madd_epi16(_mm256_unpacklo_epi16(blues, two), of_blue));
        const __m256i second = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpackhi_epi16(reds, doubled), of_both),
                                                _mm256_madd_epi16(_mm256_unpackhi_epi16(blues, two), of_blue));
        const __m256i greys = _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16));
        _mm256_storeu_si256((__m256i *)(sums + i), _mm256_add_epi16(_mm256_loadu_si256((const __m256i *)(sums + i)), greys));
        if (is_kept) {
            const __m256i both = _mm256_permute4x64_epi64(_mm256_packus_epi16(reds, greens), 0xD8);
            _mm_storeu_si128((__m128i *)(red + i), _mm256_castsi256_si128(both));
            _mm_storeu_si128((__m128i *)(green + i), _mm256_extracti128_si256(both, 1));
            _mm_storeu_si128((__m128i *)(blue + i), _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi16(blues, blues), 0xD8)));
        }
    }
#endif
    (void)is_kept;
    const ptrdiff_t from = i;
    for (; i < n; i++) {
        const int16_t y = luma[i], b = (int16_t)(cb[i] - 128), r = (int16_t)(cr[i] - 128);
        const int16_t to_red = (int16_t)(((int32_t)(int16_t)(2 * r) * SJ_RED_OF_RED) >> 16);
        const int16_t to_blue = (int16_t)(((int32_t)(int16_t)(2 * b) * SJ_BLUE_OF_BLUE) >> 16);
        const int16_t to_green = (int16_t)(((int32_t)b * SJ_GREEN_OF_BLUE + (int32_t)r * SJ_GREEN_OF_RED + 32768) >> 16);
        const int16_t all_red = (int16_t)(y + r + ((int16_t)(to_red + 1) >> 1));
        const int16_t all_blue = (int16_t)(y + b + b + ((int16_t)(to_blue + 1) >> 1));
        const int16_t all_green = (int16_t)(y + to_green - r);
        red[i] = (uint8_t)(all_red < 0 ? 0 : all_red > 255 ? 255 : all_red);
        green[i] = (uint8_t)(all_green < 0 ? 0 : all_green > 255 ? 255 : all_green);
        blue[i] = (uint8_t)(all_blue < 0 ? 0 : all_blue > 255 ? 255 : all_blue);
    }
    for (i = from; i < n; i++)
        sums[i] = (uint16_t)(sums[i] + ((red[i] * SH_GREY_OF_RED + green[i] * SH_GREY_OF_GREEN + blue[i] * SH_GREY_OF_BLUE + SH_GREY_HALF) >> 16));
}

/* Twice as many samples of a line, a quarter of each from its other neighbour: those of `sums` weigh `each`, 1 or 4, and are
 * followed and preceded by their ends again. */
SH_INLINE void SH_NAME(double_line)(uint8_t *restrict out, const int16_t *restrict sums, ptrdiff_t n, const int each)
{
    const int left = each == 1 ? 1 : 8, right = each == 1 ? 2 : 7, shift = each == 1 ? 2 : 4;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int three = 3 * sums[i];
        out[2 * i] = (uint8_t)((three + sums[i - 1] + left) >> shift);
        out[2 * i + 1] = (uint8_t)((three + sums[i + 1] + right) >> shift);
    }
}

/* One row of chroma as fine as luma. */
static const uint8_t *SH_NAME(chroma_line)(sj_reader *r, int c, ptrdiff_t row)
{
    sj_shown *shown = r->shown;
    const ptrdiff_t pitch = shown->pitch[c], n = (r->cols + r->most_across - 1) / r->most_across;
    const ptrdiff_t n_rows = (r->rows + r->most_down - 1) / r->most_down, at = row / r->most_down;
    const uint8_t *restrict near = shown->rows[c] + at % 16 * pitch;
    if (r->most_across == 1)
        return near;
    int16_t *restrict sums = shown->columns + 1;
    uint8_t *line = shown->lines + (c - 1) * shown->pitch[0];
    if (r->most_down == 1) {
        for (ptrdiff_t i = 0; i < n; i++)
            sums[i] = near[i];
    } else {
        const ptrdiff_t beside = row & 1 ? at + 1 : at - 1;
        const uint8_t *restrict far = shown->rows[c] + (beside < 0 ? 0 : beside >= n_rows ? n_rows - 1 : beside) % 16 * pitch;
        for (ptrdiff_t i = 0; i < n; i++)
            sums[i] = (int16_t)(3 * near[i] + far[i]);
    }
    sums[-1] = sums[0];
    sums[n] = sums[n - 1];
    if (r->most_down == 1)
        SH_NAME(double_line)(line, sums, n, 1);
    else
        SH_NAME(double_line)(line, sums, n, 4);
    return line;
}

/* Write what is shown of one row. */
static void SH_NAME(shown_row)(sj_reader *r, ptrdiff_t row)
{
    sj_shown *shown = r->shown;
    const ptrdiff_t pitch = shown->pitch[0], cols = r->cols;
    const int n_rows = (int)(row % r->step) + 1;
    uint8_t *red = shown->lines + 2 * pitch, *green = red + pitch, *blue = green + pitch;
    const uint8_t *luma = shown->rows[0] + row % (16 * r->most_down) * pitch;
    const uint8_t *cb = SH_NAME(chroma_line)(r, 1, row), *cr = SH_NAME(chroma_line)(r, 2, row);
    const int is_kept = shown->n_kept < shown->side && shown->n_kept * r->rows / shown->side == row;
    SH_NAME(show_line)(red, green, blue, shown->sums, luma, cb, cr, cols, is_kept);
    if (n_rows == r->step || row + 1 == r->rows) {
        SH_NAME(grey_squares)(shown->sums, cols, r->step, n_rows, shown->grey + row / r->step * r->luma_cols);
        memset(shown->sums, 0, (size_t)cols * sizeof *shown->sums);
    }
    for (; shown->n_kept < shown->side && shown->n_kept * r->rows / shown->side == row; shown->n_kept++) {
        uint8_t *to = shown->kept + 3 * shown->side * shown->n_kept;
        for (ptrdiff_t i = 0; i < shown->side; i++, to += 3) {
            const int32_t col = shown->at[i];
            to[0] = red[col];
            to[1] = green[col];
            to[2] = blue[col];
        }
    }
}

/* Samples of the row of MCUs that was just read, and what is shown of all rows whose neighbours are there. */
static int SH_NAME(shown_rows)(sj_reader *r)
{
    sj_shown *shown = r->shown;
    const ptrdiff_t units = r->unit_row;
    uint32_t odd = 0;
    for (int c = 0; c < 3; c++) {
        const sj_component *component = &r->component[c];
        for (int block = 0; block < component->down_each && units * component->down_each + block < component->down; block++) {
            const int16_t *planes = c ? shown->planes[c - 1] : r->kept + block * r->kept_across;
            odd |= SH_NAME(whole_columns)(shown->columns, component, planes, c ? shown->offset : r->offset);
            for (int y = 0; y < 8; y++) {
                const ptrdiff_t row = 8 * (units * component->down_each + block) + y;
                uint8_t *line = shown->rows[c] + row % (16 * component->down_each) * shown->pitch[c];
                odd |= SH_NAME(whole_line)(line, shown->columns, component, y);
            }
        }
    }
    if (odd)
        return SJ_IRREGULAR;
    ptrdiff_t end = 8 * r->most_down * (units + 1) - (r->most_down - 1);
    end = units + 1 == r->unit_rows || end > r->rows ? r->rows : end;
    for (; shown->n_shown < end; shown->n_shown++)
        SH_NAME(shown_row)(r, shown->n_shown);
    return SJ_MORE;
}
