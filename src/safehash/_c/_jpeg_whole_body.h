/* Blocks of which every coefficient is kept, and their samples: those of libjpeg's exact inverse transform, to the bit. */

/* Read a block's mean and all of its coefficients. */
SH_INLINE int SH_NAME(whole_block)(sj_bits *b, const sj_dc *dc, const sj_ac *ac, int *mean, int16_t *to,
                                   const ptrdiff_t *offset)
{
    sj_refill(b);
    const sj_head *head = &dc->head[sj_peek(b, SJ_LOOK)];
    int k = 0;
    if (SH_RARE(head->n_bits == 0)) {
        const sj_step step = sj_mean_long(*b, &dc->symbols, mean);
        *b = step.b;
        if (step.k < 0)
            return 0;
    } else {
        *mean += head->difference;
        to[offset[head->to_first]] = head->first;
        to[offset[head->passed & 63]] = head->last; /* without one the mean's place, which is written later */
        k = head->passed;
        sj_take(b, head->n_bits);
    }
    for (int n = 1; k < 63; n++) {
        if (n == 4) { /* 11 bits at most were taken three times of 56 */
            sj_refill(b);
            n = 0;
        }
        const sj_few *few = &ac->few[sj_peek(b, SJ_LOOK)];
        if (SH_RARE(few->n_bits == 0 || k + (few->passed & 63) + (few->passed >> 6) > 63)) { /* behind the last no end is said */
            const sj_step step = sj_value_long(*b, ac, k);
            *b = step.b;
            k = step.k;
            if (k > 63)
                return k == SJ_BLOCK_ENDS;
            to[offset[k]] = step.value;
            n = 0;
            continue;
        }
        const ptrdiff_t *from = offset + k;
        to[from[few->to_first]] = few->first;
        to[from[few->to_second]] = few->second;
        to[from[few->passed & 63]] = few->last;
        sj_take(b, few->n_bits);
        k += few->passed;
    }
    return 1;
}

/* Of eight frequencies to eight samples, in 2^SJ_WHOLE_BITS: Loeffler, Ligtenberg and Moschytz (1989), the products in the
 * order of libjpeg's "islow". Unsigned, so that what no picture has wraps around before it is refused. */
SH_INLINE void SH_NAME(eight_samples)(int32_t *out, const int32_t *in)
{
    uint32_t f[8];
    for (int i = 0; i < 8; i++)
        f[i] = (uint32_t)in[i];
    uint32_t z1 = (f[2] + f[6]) * 4433u;
    const uint32_t even_low = z1 - f[6] * 15137u, even_high = z1 + f[2] * 6270u;
    const uint32_t sum = (f[0] + f[4]) << SJ_WHOLE_BITS, difference = (f[0] - f[4]) << SJ_WHOLE_BITS;
    const uint32_t even[4] = {sum + even_high, difference + even_low, difference - even_low, sum - even_high};
    uint32_t z3 = f[7] + f[3], z4 = f[5] + f[1];
    const uint32_t z5 = (z3 + z4) * 9633u;
    z1 = 0u - (f[7] + f[1]) * 7373u;
    const uint32_t z2 = 0u - (f[5] + f[3]) * 20995u;
    z3 = z5 - z3 * 16069u;
    z4 = z5 - z4 * 3196u;
    const uint32_t odd[4] = {f[1] * 12299u + z1 + z4, f[3] * 25172u + z2 + z3, f[5] * 16819u + z2 + z4,
                             f[7] * 2446u + z1 + z3};
    for (int i = 0; i < 4; i++) {
        out[i] = (int32_t)(even[i] + odd[i]);
        out[7 - i] = (int32_t)(even[i] - odd[i]);
    }
}

#if SH_X86 && SH_WIDTH >= 8 /* pairs of products in one instruction, of numbers of 16 bits: half the time of what compilers make */
/* The least and the greatest of what was met. */
typedef struct {
    __m256i least, most;
} SH_NAME(met);

SH_INLINE void SH_NAME(meet)(SH_NAME(met) *met, __m256i numbers)
{
    met->least = _mm256_min_epi16(met->least, numbers);
    met->most = _mm256_max_epi16(met->most, numbers);
}

/* Whether anything that was met, times a factor, lies beyond `-limit` to `limit` - 1. */
SH_INLINE uint32_t SH_NAME(is_beyond)(const SH_NAME(met) *met, int32_t factor, int32_t limit)
{
    int16_t least[16], most[16];
    int low = 0, high = 0;
    _mm256_storeu_si256((__m256i *)least, met->least);
    _mm256_storeu_si256((__m256i *)most, met->most);
    for (int i = 0; i < 16; i++) {
        low = least[i] < low ? least[i] : low;
        high = most[i] > high ? most[i] : high;
    }
    return (uint32_t)(low * factor < -limit || high * factor >= limit);
}

/* `one` in the lower, `other` in the upper half of each 32 bits. */
SH_INLINE __m256i SH_NAME(both_of)(int one, int other) { return _mm256_set1_epi32((int)((uint32_t)other << 16 | (uint16_t)one)); }

/* What eight_samples does to each of sixteen, the factors that meet at one frequency added up; rounded, and in 16 bits: more is cut. */
SH_INLINE void SH_NAME(sixteen_times_eight)(__m256i *out, const __m256i *f, const int shift)
{
    const __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    __m256i sums[2][8];
    for (int upper = 0; upper < 2; upper++) {
        const __m256i f04 = upper ? _mm256_unpackhi_epi16(f[0], f[4]) : _mm256_unpacklo_epi16(f[0], f[4]);
        const __m256i f26 = upper ? _mm256_unpackhi_epi16(f[2], f[6]) : _mm256_unpacklo_epi16(f[2], f[6]);
        const __m256i f13 = upper ? _mm256_unpackhi_epi16(f[1], f[3]) : _mm256_unpacklo_epi16(f[1], f[3]);
        const __m256i f57 = upper ? _mm256_unpackhi_epi16(f[5], f[7]) : _mm256_unpacklo_epi16(f[5], f[7]);
        const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(f04, SH_NAME(both_of)(8192, 8192)), half);
        const __m256i difference = _mm256_add_epi32(_mm256_madd_epi16(f04, SH_NAME(both_of)(8192, -8192)), half);
        const __m256i high = _mm256_madd_epi16(f26, SH_NAME(both_of)(10703, 4433));
        const __m256i low = _mm256_madd_epi16(f26, SH_NAME(both_of)(4433, -10704));
        const __m256i even[4] = {_mm256_add_epi32(sum, high), _mm256_add_epi32(difference, low), _mm256_sub_epi32(difference, low),
                                 _mm256_sub_epi32(sum, high)};
        const __m256i odd[4] = {
            _mm256_add_epi32(_mm256_madd_epi16(f13, SH_NAME(both_of)(11363, 9633)), _mm256_madd_epi16(f57, SH_NAME(both_of)(6437, 2260))),
            _mm256_add_epi32(_mm256_madd_epi16(f13, SH_NAME(both_of)(9633, -2259)), _mm256_madd_epi16(f57, SH_NAME(both_of)(-11362, -6436))),
            _mm256_add_epi32(_mm256_madd_epi16(f13, SH_NAME(both_of)(6437, -11362)), _mm256_madd_epi16(f57, SH_NAME(both_of)(2261, 9633))),
            _mm256_add_epi32(_mm256_madd_epi16(f13, SH_NAME(both_of)(2260, -6436)), _mm256_madd_epi16(f57, SH_NAME(both_of)(9633, -11363))),
        };
        for (int i = 0; i < 4; i++) {
            sums[upper][i] = _mm256_srai_epi32(_mm256_add_epi32(even[i], odd[i]), shift);
            sums[upper][7 - i] = _mm256_srai_epi32(_mm256_sub_epi32(even[i], odd[i]), shift);
        }
    }
    for (int i = 0; i < 8; i++)
        out[i] = _mm256_packs_epi32(sums[0][i], sums[1][i]);
}

/* Sixteen samples of each of a row's places to sixteen times eight bytes. */
SH_INLINE void SH_NAME(put_sixteen)(uint8_t *to, const __m256i *samples)
{
    const __m256i middle = _mm256_set1_epi16(128), most = _mm256_set1_epi16(255), none = _mm256_setzero_si256();
    __m256i pairs[4];
    for (int i = 0; i < 4; i++) {
        const __m256i left = _mm256_min_epi16(_mm256_max_epi16(_mm256_add_epi16(samples[2 * i], middle), none), most);
        const __m256i right = _mm256_min_epi16(_mm256_max_epi16(_mm256_add_epi16(samples[2 * i + 1], middle), none), most);
        pairs[i] = _mm256_or_si256(left, _mm256_slli_epi16(right, 8));
    }
    const __m256i fours[4] = {_mm256_unpacklo_epi16(pairs[0], pairs[1]), _mm256_unpacklo_epi16(pairs[2], pairs[3]),
                              _mm256_unpackhi_epi16(pairs[0], pairs[1]), _mm256_unpackhi_epi16(pairs[2], pairs[3])};
    for (int i = 0; i < 4; i++) { /* blocks 2 i and 2 i + 1, and those behind eight more */
        const __m256i eights = i & 1 ? _mm256_unpackhi_epi32(fours[i & 2], fours[(i & 2) + 1])
                                     : _mm256_unpacklo_epi32(fours[i & 2], fours[(i & 2) + 1]);
        _mm_storeu_si128((__m128i *)(to + 16 * i), _mm256_castsi256_si128(eights));
        _mm_storeu_si128((__m128i *)(to + 16 * i + 64), _mm256_extracti128_si256(eights, 1));
    }
}
#endif

/* Eight rows of one frequency across, from its eight frequencies down. rows: 8 of `pitch`. */
SH_INLINE uint32_t SH_NAME(whole_column)(int16_t *restrict rows, ptrdiff_t pitch, const int16_t *const *down,
                                         const int32_t *quantizers, ptrdiff_t n)
{
    const int16_t *restrict f0 = down[0], *restrict f1 = down[1], *restrict f2 = down[2], *restrict f3 = down[3],
                  *restrict f4 = down[4], *restrict f5 = down[5], *restrict f6 = down[6], *restrict f7 = down[7];
    int16_t *restrict r0 = rows, *restrict r1 = rows + pitch, *restrict r2 = rows + 2 * pitch, *restrict r3 = rows + 3 * pitch,
            *restrict r4 = rows + 4 * pitch, *restrict r5 = rows + 5 * pitch, *restrict r6 = rows + 6 * pitch,
            *restrict r7 = rows + 7 * pitch;
    const int32_t half = 1 << (SJ_WHOLE_BITS - SJ_BETWEEN_BITS - 1), shift = SJ_WHOLE_BITS - SJ_BETWEEN_BITS;
    const int32_t *q = quantizers;
    uint32_t odd = 0;
    ptrdiff_t first = 0;
#if SH_X86 && SH_WIDTH >= 8
    const __m256i none = _mm256_setzero_si256();
    SH_NAME(met) in_of[8], between = {none, none};
    for (int j = 0; j < 8; j++)
        in_of[j].least = in_of[j].most = none;
    for (; first + 16 <= n; first += 16) {
        __m256i in[8], out[8];
        for (int j = 0; j < 8; j++) {
            const __m256i kept = _mm256_loadu_si256((const __m256i *)(down[j] + first));
            SH_NAME(meet)(&in_of[j], kept);
            in[j] = _mm256_mullo_epi16(kept, _mm256_set1_epi16((int16_t)q[j]));
        }
        SH_NAME(sixteen_times_eight)(out, in, SJ_WHOLE_BITS - SJ_BETWEEN_BITS);
        for (int j = 0; j < 8; j++) {
            SH_NAME(meet)(&between, out[j]);
            _mm256_storeu_si256((__m256i *)(rows + j * pitch + first), out[j]);
        }
    }
    for (int j = 0; j < 8; j++)
        odd |= SH_NAME(is_beyond)(&in_of[j], q[j], SJ_GREATEST_WHOLE);
    odd |= SH_NAME(is_beyond)(&between, 1, SJ_GREATEST_WHOLE);
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep /* sixteen rows are more than it checks for overlapping */
#endif
    for (ptrdiff_t i = first; i < n; i++) {
        const int32_t in[8] = {f0[i] * q[0], f1[i] * q[1], f2[i] * q[2], f3[i] * q[3],
                               f4[i] * q[4], f5[i] * q[5], f6[i] * q[6], f7[i] * q[7]};
        int32_t out[8];
        SH_NAME(eight_samples)(out, in);
        for (int j = 0; j < 8; j++) {
            odd |= ((uint32_t)in[j] + SJ_GREATEST_WHOLE) & ~(uint32_t)(2 * SJ_GREATEST_WHOLE - 1);
            out[j] = (int32_t)((uint32_t)out[j] + (uint32_t)half) >> shift;
            odd |= (uint32_t)(out[j] + SJ_GREATEST_WHOLE) & ~(uint32_t)(2 * SJ_GREATEST_WHOLE - 1);
        }
        r0[i] = (int16_t)out[0];
        r1[i] = (int16_t)out[1];
        r2[i] = (int16_t)out[2];
        r3[i] = (int16_t)out[3];
        r4[i] = (int16_t)out[4];
        r5[i] = (int16_t)out[5];
        r6[i] = (int16_t)out[6];
        r7[i] = (int16_t)out[7];
    }
    return odd;
}

/* Eight samples a block from one row of its eight frequencies across, in two words. */
static uint32_t SH_NAME(whole_row)(uint32_t *restrict words, const int16_t *const *across, ptrdiff_t n)
{
    const int16_t *restrict f0 = across[0], *restrict f1 = across[1], *restrict f2 = across[2], *restrict f3 = across[3],
                  *restrict f4 = across[4], *restrict f5 = across[5], *restrict f6 = across[6], *restrict f7 = across[7];
    enum { SHIFT = SJ_WHOLE_BITS + SJ_BETWEEN_BITS + 3 };
    uint32_t odd = 0;
    ptrdiff_t first = 0;
#if SH_X86 && SH_WIDTH >= 8
    const __m256i none = _mm256_setzero_si256();
    SH_NAME(met) met = {none, none};
    for (; first + 16 <= n; first += 16) {
        __m256i in[8], out[8];
        for (int j = 0; j < 8; j++)
            in[j] = _mm256_loadu_si256((const __m256i *)(across[j] + first));
        SH_NAME(sixteen_times_eight)(out, in, SHIFT);
        for (int j = 0; j < 8; j++)
            SH_NAME(meet)(&met, out[j]);
        SH_NAME(put_sixteen)((uint8_t *)(words + 2 * first), out);
    }
    odd |= SH_NAME(is_beyond)(&met, 1, SJ_GREATEST_SAMPLE);
#endif
    for (ptrdiff_t i = first; i < n; i++) {
        const int32_t in[8] = {f0[i], f1[i], f2[i], f3[i], f4[i], f5[i], f6[i], f7[i]};
        int32_t out[8];
        SH_NAME(eight_samples)(out, in);
        uint32_t left = 0, right = 0;
        for (int j = 0; j < 4; j++) {
            left |= SH_NAME(sample)(out[j], SHIFT, &odd) << 8 * j;
            right |= SH_NAME(sample)(out[4 + j], SHIFT, &odd) << 8 * j;
        }
        words[2 * i] = left;
        words[2 * i + 1] = right;
    }
    return odd;
}

/* Columns of a row of blocks, 64 lines of `pitch`: those of one frequency across are neighbours. */
static uint32_t SH_NAME(whole_columns)(int16_t *columns, const sj_component *component, const int16_t *planes, const ptrdiff_t *offset)
{
    const ptrdiff_t n = component->across, pitch = component->padded_across;
    uint32_t odd = 0;
    for (int u = 0; u < 8; u++) {
        const int16_t *down[8];
        int32_t quantizers[8];
        for (int v = 0; v < 8; v++) {
            const int k = sj_place_of[8 * v + u];
            down[v] = planes + offset[k];
            quantizers[v] = component->quantizer[k];
        }
        odd |= SH_NAME(whole_column)(columns + 8 * u * pitch, pitch, down, quantizers, n);
    }
    return odd;
}

/* Row y of the samples of a row of blocks, whose columns are known. */
static uint32_t SH_NAME(whole_line)(uint8_t *line, const int16_t *columns, const sj_component *component, int y)
{
    const int16_t *across[8];
    for (int u = 0; u < 8; u++)
        across[u] = columns + (8 * u + y) * component->padded_across;
    return SH_NAME(whole_row)((uint32_t *)line, across, component->across);
}

/* Write the samples of a row of luma's blocks. */
static uint32_t SH_NAME(whole_to_samples)(sj_reader *r, const int16_t *planes, ptrdiff_t block_row)
{
    const sj_component *luma = &r->component[0];
    const ptrdiff_t pitch = luma->padded_across;
    int16_t *columns = r->samples + 4 * pitch; /* behind a row of samples */
    uint32_t odd = SH_NAME(whole_columns)(columns, luma, planes, r->offset);
    for (int y = 0; y < 8; y++) {
        odd |= SH_NAME(whole_line)((uint8_t *)r->samples, columns, luma, y);
        SH_NAME(put_rows)(r, 8 * block_row + y, (uint8_t *)r->samples, 8 * pitch, 1);
    }
    return odd;
}
