/* One line's samples that are kept; _kept.h includes this file once per level. */

/* out[n][channels] of a line whose pixels lie `apart` bytes from each other. */
static void SH_NAME(keep_line)(uint8_t *restrict out, const uint8_t *restrict line, const sh_kept *kept, int channels, int apart)
{
#if SH_X86 && SH_WIDTH >= 8 /* a quarter of the time of one sample after the other */
    if (apart == 1 && kept->each == SH_KEPT_PICKED) {
        for (int i = 0, k = 0; i < kept->n; i += SH_KEPT_PICKED, k++) {
            const __m128i window = _mm_loadu_si128((const __m128i *)(line + kept->first[k]));
            _mm_storel_epi64((__m128i *)(out + i), _mm_shuffle_epi8(window, _mm_loadu_si128((const __m128i *)kept->from[k])));
        }
        return;
    }
    if (apart == 1 && kept->each == 4) {
        for (int i = 0, k = 0; i < kept->n; i += 4, k++) {
            const __m128i window = _mm_loadu_si128((const __m128i *)(line + kept->first[k]));
            const int32_t four = _mm_cvtsi128_si32(_mm_shuffle_epi8(window, _mm_loadu_si128((const __m128i *)kept->from[k])));
            memcpy(out + i, &four, sizeof four);
        }
        return;
    }
#endif
    if (channels == 1) {
        for (int i = 0; i < kept->n; i++)
            out[i] = line[(ptrdiff_t)apart * kept->at[i]];
        return;
    }
    for (int i = 0; i < kept->n; i++)
        memcpy(out + 3 * i, line + (ptrdiff_t)apart * kept->at[i], 3);
}

static const sh_keeping SH_NAME(keeping) = {SH_NAME(keep_line)};
