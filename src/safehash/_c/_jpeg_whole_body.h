/* All coefficients of luma to whole samples, bit for bit those of decoders that follow libjpeg's accurate integer transform.
 *
 * Eight samples by the factors of Loeffler, Ligtenberg and Moschytz (ICASSP 1989), down first, then across; sums are exact, rounded
 * where those decoders round. One coefficient of many blocks at a time, so that all of it runs in vectors.
 */

/* A sample from a sum in 2^shift; marks in `odd` what decoders do not agree on. */
SH_INLINE uint32_t SH_NAME(sample)(int32_t sum, int shift, uint32_t *odd)
{
    const int32_t sample = (int32_t)((uint32_t)sum + (1u << (shift - 1))) >> shift, shown = sample + 128;
    *odd |= (uint32_t)(sample + 512) & ~1023u;
    return (uint32_t)(shown < 0 ? 0 : shown > 255 ? 255 : shown);
}

/* Eight sums in 2^SJ_FACTOR_BITS from eight frequencies. Unsigned: that they are too great is found out by their bounds. */
SH_INLINE void SH_NAME(eight)(uint32_t *sums, uint32_t f0, uint32_t f1, uint32_t f2, uint32_t f3, uint32_t f4, uint32_t f5,
                              uint32_t f6, uint32_t f7)
{
    const uint32_t turned = (f2 + f6) * SJ_F0_541;
    const uint32_t even2 = turned - f6 * SJ_F1_848, even3 = turned + f2 * SJ_F0_765;
    const uint32_t even0 = (f0 + f4) << SJ_FACTOR_BITS, even1 = (f0 - f4) << SJ_FACTOR_BITS;
    const uint32_t all = (f1 + f3 + f5 + f7) * SJ_F1_176;
    const uint32_t outer = (f1 + f7) * SJ_F0_900, inner = (f3 + f5) * SJ_F2_563;
    const uint32_t low = all - (f3 + f7) * SJ_F1_962, high = all - (f1 + f5) * SJ_F0_390;
    const uint32_t odd0 = f7 * SJ_F0_299 - outer + low, odd1 = f5 * SJ_F2_053 - inner + high;
    const uint32_t odd2 = f3 * SJ_F3_073 - inner + low, odd3 = f1 * SJ_F1_501 - outer + high;
    sums[0] = even0 + even3 + odd3;
    sums[1] = even1 + even2 + odd2;
    sums[2] = even1 - even2 + odd1;
    sums[3] = even0 - even3 + odd0;
    sums[4] = even0 - even3 - odd0;
    sums[5] = even1 - even2 - odd1;
    sums[6] = even1 + even2 - odd2;
    sums[7] = even0 + even3 - odd3;
}

/* A number that is to lie within SJ_FAR; marks in `odd` that it does not. */
SH_INLINE int16_t SH_NAME(near)(int32_t number, uint32_t *odd)
{
    *odd |= ((uint32_t)number + SJ_FAR) & ~(uint32_t)(2 * SJ_FAR - 1);
    return (int16_t)number;
}

SH_INLINE int16_t SH_NAME(half_way)(uint32_t sum, uint32_t *odd)
{
    return SH_NAME(near)((int32_t)(sum + (1u << (SJ_DOWN_SHIFT - 1))) >> SJ_DOWN_SHIFT, odd);
}

/* Down one column of all blocks, in place: frequencies to samples of one frequency across. */
SH_INLINE uint32_t SH_NAME(whole_column)(int16_t (*f)[SJ_WHOLE_BLOCKS], int n)
{
    uint32_t odd = 0;
    for (int i = 0; i < n; i++) {
        uint32_t sums[8];
        SH_NAME(eight)(sums, (uint32_t)f[0][i], (uint32_t)f[8][i], (uint32_t)f[16][i], (uint32_t)f[24][i], (uint32_t)f[32][i],
                       (uint32_t)f[40][i], (uint32_t)f[48][i], (uint32_t)f[56][i]);
        f[0][i] = SH_NAME(half_way)(sums[0], &odd);
        f[8][i] = SH_NAME(half_way)(sums[1], &odd);
        f[16][i] = SH_NAME(half_way)(sums[2], &odd);
        f[24][i] = SH_NAME(half_way)(sums[3], &odd);
        f[32][i] = SH_NAME(half_way)(sums[4], &odd);
        f[40][i] = SH_NAME(half_way)(sums[5], &odd);
        f[48][i] = SH_NAME(half_way)(sums[6], &odd);
        f[56][i] = SH_NAME(half_way)(sums[7], &odd);
    }
    return odd;
}

SH_INLINE uint32_t SH_NAME(four_samples)(const uint32_t *sums, uint32_t *odd)
{
    return SH_NAME(sample)((int32_t)sums[0], SJ_ACROSS_SHIFT, odd) | SH_NAME(sample)((int32_t)sums[1], SJ_ACROSS_SHIFT, odd) << 8 |
           SH_NAME(sample)((int32_t)sums[2], SJ_ACROSS_SHIFT, odd) << 16 |
           SH_NAME(sample)((int32_t)sums[3], SJ_ACROSS_SHIFT, odd) << 24;
}

/* Across one row of all blocks: 8 samples a block, side by side in two words. */
SH_INLINE uint32_t SH_NAME(whole_row)(uint32_t *words, int16_t (*f)[SJ_WHOLE_BLOCKS], int n)
{
    uint32_t odd = 0;
    for (int i = 0; i < n; i++) {
        uint32_t sums[8];
        SH_NAME(eight)(sums, (uint32_t)f[0][i], (uint32_t)f[1][i], (uint32_t)f[2][i], (uint32_t)f[3][i], (uint32_t)f[4][i],
                       (uint32_t)f[5][i], (uint32_t)f[6][i], (uint32_t)f[7][i]);
        words[2 * i] = SH_NAME(four_samples)(sums, &odd);
        words[2 * i + 1] = SH_NAME(four_samples)(sums + 4, &odd);
    }
    return odd;
}

/* Write the samples of a row of luma's blocks; not 0 where decoders may not agree on them. */
static uint32_t SH_NAME(whole_samples)(sj_reader *r, const int16_t *planes, ptrdiff_t block_row)
{
    SH_ALIGNED(64) int16_t f[64][SJ_WHOLE_BLOCKS];
    SH_ALIGNED(64) uint32_t words[2 * SJ_WHOLE_BLOCKS];
    const uint16_t *quantizer = r->component[0].quantizer;
    uint32_t odd = 0;
    for (ptrdiff_t first = 0; first < r->component[0].across; first += SJ_WHOLE_BLOCKS) {
        const ptrdiff_t left = r->component[0].across - first, n_bytes = r->luma_cols - 8 * first;
        const int n = (int)(left < SJ_WHOLE_BLOCKS ? left : SJ_WHOLE_BLOCKS);
        for (int k = 0; k < 64; k++) {
            const int16_t *from = planes + r->offset[k] + first;
            int16_t *to = f[sj_natural[k]];
            const int32_t q = quantizer[k];
            for (int i = 0; i < n; i++)
                to[i] = SH_NAME(near)(from[i] * q, &odd);
        }
        for (int u = 0; u < 8; u++)
            odd |= SH_NAME(whole_column)(f + u, n);
        for (int y = 0; y < 8 && 8 * block_row + y < r->luma_rows; y++) {
            odd |= SH_NAME(whole_row)(words, f + 8 * y, n);
            memcpy(r->luma + (8 * block_row + y) * r->luma_cols + 8 * first, words, (size_t)(n_bytes < 8 * n ? n_bytes : 8 * n));
        }
    }
    return odd;
}
