/* Lanczos weights that bring one side of a picture to another length, in the fixed point of pHash's reference. */
#ifndef SAFEHASH_RESAMPLER_H
#define SAFEHASH_RESAMPLER_H

#include "_trigonometry.h"

/* n_out windows of taps in 22-bit fixed point, as the reference's 8-bit passes round them. */
typedef struct {
    int n_out;
    ptrdiff_t taps16; /* taps of the longest window, rounded up to a multiple of 16 */
    ptrdiff_t *start;
    ptrdiff_t *count;
    int32_t *weight;
    int16_t *coarse; /* weight / 2^shift, rounded */
    int shift;
    int64_t *error; /* by how much a sum with coarse weights can be off: 255 * sum of |weight - coarse * 2^shift| */
} sh_resampler;

#define SH_FIXED 22 /* binary places of a weight */

static inline double sh_sinc(double x)
{
    const double radians = x * SH_PI;
    return x == 0.0 ? 1.0 : sh_sine(radians) / radians;
}

static inline double sh_lanczos3(double x) { return -3.0 <= x && x < 3.0 ? sh_sinc(x) * sh_sinc(x / 3.0) : 0.0; }

static inline void sh_free_resampler(sh_resampler *rs)
{
    free(rs->start);
    free(rs->count);
    free(rs->weight);
    free(rs->coarse);
    free(rs->error);
}

/* Round half away from zero. */
static inline double sh_half_away(double value) { return value < 0.0 ? value - 0.5 : value + 0.5; }

/* Fill the tables that bring n samples to n_out; 0 where there is no memory, and then sh_free_resampler has to be called
 * all the same. All pointers are NULL before. */
static inline int sh_fill_resampler(sh_resampler *rs, ptrdiff_t n, int n_out)
{
    const double scale = (double)n / n_out, stretch = scale > 1.0 ? scale : 1.0, support = 3.0 * stretch;
    const ptrdiff_t whole = (ptrdiff_t)support, taps = (whole + (support > (double)whole)) * 2 + 1;
    rs->n_out = n_out;
    rs->taps16 = (taps + 15) / 16 * 16;
    rs->shift = 0;
    const size_t n_taps = (size_t)(n_out * rs->taps16);
    double *raw = (double *)calloc((size_t)rs->taps16, sizeof(double));
    rs->start = (ptrdiff_t *)calloc((size_t)n_out, sizeof(ptrdiff_t));
    rs->count = (ptrdiff_t *)calloc((size_t)n_out, sizeof(ptrdiff_t));
    rs->weight = (int32_t *)calloc(n_taps, sizeof(int32_t));
    rs->coarse = (int16_t *)calloc(n_taps, sizeof(int16_t));
    rs->error = (int64_t *)calloc((size_t)n_out, sizeof(int64_t));
    if (raw == NULL || rs->start == NULL || rs->count == NULL || rs->weight == NULL || rs->coarse == NULL ||
        rs->error == NULL) {
        free(raw);
        return 0;
    }
    int32_t greatest = 0, unit = 1;
    for (int o = 0; o < n_out; o++) {
        const double centre = (o + 0.5) * scale;
        /* Cut to whole numbers, then to the side: a window near its start begins below 0. */
        const ptrdiff_t from = (ptrdiff_t)(centre - support + 0.5), to = (ptrdiff_t)(centre + support + 0.5);
        const ptrdiff_t first = from < 0 ? 0 : from, end = to > n ? n : to;
        double total = 0.0;
        rs->start[o] = first;
        rs->count[o] = end - first;
        for (ptrdiff_t i = 0; i < end - first; i++) {
            raw[i] = sh_lanczos3(((double)(i + first) - centre + 0.5) * (1.0 / stretch));
            total += raw[i];
        }
        for (ptrdiff_t i = 0; i < end - first; i++) {
            const int32_t weight = (int32_t)sh_half_away(raw[i] / total * (1 << SH_FIXED)), size = abs(weight);
            rs->weight[o * rs->taps16 + i] = weight;
            greatest = size > greatest ? size : greatest;
        }
    }
    free(raw);
    for (; greatest / unit >= 32767; unit *= 2)
        rs->shift++;
    for (int o = 0; o < n_out; o++)
        for (ptrdiff_t at = o * rs->taps16; at < (o + 1) * rs->taps16; at++) {
            rs->coarse[at] = (int16_t)sh_half_away((double)rs->weight[at] / unit);
            rs->error[o] += 255 * (int64_t)abs(rs->weight[at] - rs->coarse[at] * unit);
        }
    return 1;
}

#endif
