/* What a screen shows of samples in colours of their own, in grey; _shown.h includes this file once per level.
 *
 * Sums of floats run in one order, so every copy gives the same samples.
 */

/* The luma of what is shown of n pixels; parameters as of sh_shown. */
static void SH_NAME(shown)(const uint8_t *restrict pixels, uint8_t *restrict luma, ptrdiff_t n, int is_ycc,
                           const float *restrict light, const uint8_t *restrict levels)
{
    for (ptrdiff_t first = 0; first < n; first += SH_SHOWN_PIECE) {
        const int piece = (int)(n - first < SH_SHOWN_PIECE ? n - first : SH_SHOWN_PIECE);
        uint32_t words[SH_SHOWN_PIECE];
        uint8_t red[SH_SHOWN_PIECE], green[SH_SHOWN_PIECE], blue[SH_SHOWN_PIECE];
        memcpy(words, pixels + 4 * first, 4 * (size_t)piece);
        for (int i = 0; i < piece; i++) {
            red[i] = (uint8_t)(words[i] >> SH_BYTE_AT(0));
            green[i] = (uint8_t)(words[i] >> SH_BYTE_AT(1));
            blue[i] = (uint8_t)(words[i] >> SH_BYTE_AT(2));
        }
        for (int i = 0; is_ycc && i < piece; i++) {
            const int16_t y = red[i], cb = (int16_t)(green[i] - 128), cr = (int16_t)(blue[i] - 128);
            const int16_t r = (int16_t)(y + SH_RED_OF(cr)), g = (int16_t)(y - SH_GREEN_OF(cb, cr)), b = (int16_t)(y + SH_BLUE_OF(cb));
            red[i] = (uint8_t)(r < 0 ? 0 : r > 255 ? 255 : r);
            green[i] = (uint8_t)(g < 0 ? 0 : g > 255 ? 255 : g);
            blue[i] = (uint8_t)(b < 0 ? 0 : b > 255 ? 255 : b);
        }
        for (int i = 0; i < piece; i++) {
            const float *of_red = light + 4 * red[i], *of_green = light + 4 * (256 + green[i]), *of_blue = light + 4 * (512 + blue[i]);
            int32_t place[4];
#if SH_X86
            __m128 sum4 = _mm_add_ps(_mm_add_ps(_mm_loadu_ps(of_red), _mm_loadu_ps(of_green)), _mm_loadu_ps(of_blue));
            sum4 = _mm_min_ps(_mm_max_ps(sum4, _mm_setzero_ps()), _mm_set1_ps((float)(SH_SHOWN_LEVELS - 1)));
            _mm_storeu_si128((__m128i *)place, _mm_cvttps_epi32(_mm_add_ps(sum4, _mm_set1_ps(0.5f))));
#else
            for (int k = 0; k < 4; k++) {
                float sum = of_red[k] + of_green[k] + of_blue[k];
                sum = sum > 0.0f ? sum : 0.0f;
                sum = sum < (float)(SH_SHOWN_LEVELS - 1) ? sum : (float)(SH_SHOWN_LEVELS - 1);
                place[k] = (int32_t)(sum + 0.5f);
            }
#endif
            const int32_t sum = 19595 * levels[place[0]] + 38470 * levels[place[1]] + 7471 * levels[place[2]];
            luma[first + i] = (uint8_t)((sum + 32768) >> 16);
        }
    }
}

static const sh_shown SH_NAME(shown_kernel) = {SH_NAME(shown)};
