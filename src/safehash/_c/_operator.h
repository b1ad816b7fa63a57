/* PDQ's blur and decimation as one linear operator a side: 64 bands of weights over the samples of that side.
 *
 * Two box filters of window w = ceil(n / 128), cut at the ends with a shrinking divisor, read at sample
 * (k + 0.5) n / 64 (docs/hashes.md, "PDQ").
 */
#ifndef SAFEHASH_OPERATOR_H
#define SAFEHASH_OPERATOR_H

#include "_levels.h"

/* One input row of a band and its weight (an integer up to 257, or a fraction at the picture's edge). */
typedef struct {
    ptrdiff_t sample;
    float weight;
} sh_tap;

/* 64 bands as dense weights. */
typedef struct {
    ptrdiff_t start[64];
    ptrdiff_t length[64];
    ptrdiff_t offset[64];
    float *weights;
} sh_bands;

/* What a band's weights are: integers that come to 16 bits of samples (257 times 255); to 24; fractions; or integers over
 * that, or that were cut into several taps of a row. */
enum { SH_SMALL, SH_MIDDLING, SH_FRACTIONS, SH_LARGE };
#define SH_MOST_WEIGHT 64 /* of a row in SH_SMALL and SH_MIDDLING: two rows' products then fit 15 bits */

/* P for one side: 64 bands over `n_samples` samples. As taps for the rows pass, or as dense bands for the columns pass. */
typedef struct {
    ptrdiff_t n_samples;
    sh_tap *taps;
    ptrdiff_t tap_start[65];
    uint8_t kind[64];
    float scale[64]; /* 1 / sum of a band's integer weights; 1 where the weights are fractions */
    sh_bands bands;  /* over interleaved samples, the luma weights multiplied in */
} sh_operator;

static inline ptrdiff_t sh_least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t sh_most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/* Write output k's weights over the side's n samples into `band` (n + 1, zero before); return their denominator.
 * Where the divisors of the first pass agree the weights are integers over divisor2 * divisor1; otherwise they are
 * fractions over 1. Samples `*lo` to `*hi` have weights. */
static inline double sh_band_weights(double *band, ptrdiff_t n, int k, ptrdiff_t *lo, ptrdiff_t *hi,
                                     uint8_t *is_integer)
{
    const ptrdiff_t window = (n + 127) / 128, half = (window + 2) / 2, back = window - half;
    const ptrdiff_t at = (2 * k + 1) * n / 128;
    const ptrdiff_t outer_lo = sh_most(0, at - back), outer_hi = sh_least(n - 1, at + half - 1);
    const double n_outer = (double)(outer_hi - outer_lo + 1);
    double divisor = 0.0;
    *is_integer = 1;
    for (ptrdiff_t o = outer_lo; o <= outer_hi; o++) {
        const double length = (double)(sh_least(n - 1, o + half - 1) - sh_most(0, o - back) + 1);
        if (divisor == 0.0)
            divisor = length;
        else if (divisor != length)
            *is_integer = 0;
    }
    *lo = sh_most(0, outer_lo - back);
    *hi = sh_least(n - 1, outer_hi + half - 1);
    if (*is_integer) {
        /* Differences first, one running sum after: linear in the window, where a side of a million samples would take
         * seconds. */
        for (ptrdiff_t o = outer_lo; o <= outer_hi; o++) {
            band[sh_most(0, o - back)] += 1.0;
            band[sh_least(n - 1, o + half - 1) + 1] -= 1.0;
        }
        for (ptrdiff_t i = *lo + 1; i <= *hi; i++)
            band[i] += band[i - 1];
        band[*hi + 1] = 0.0;
        return divisor * n_outer;
    }
    for (ptrdiff_t o = outer_lo; o <= outer_hi; o++) {
        const ptrdiff_t a = sh_most(0, o - back), b = sh_least(n - 1, o + half - 1);
        for (ptrdiff_t i = a; i <= b; i++)
            band[i] += 1.0 / ((double)(b - a + 1) * n_outer);
    }
    return 1.0;
}

/* The bands of one side over its stored samples: band k has weights[k * width] on, for samples first[k] to last[k]. */
typedef struct {
    ptrdiff_t width, first[64], last[64];
    double *weights;
} sh_folded;

/* Dense bands over the samples of pixels that are `apart` bytes from each other, each channel's weight multiplied in; 0
 * where there is no memory. */
static inline int sh_fill_bands(sh_bands *bands, const sh_folded *folded, int apart)
{
    static const double luma[4] = {0.299, 0.587, 0.114, 0.0};
    const int unseen = apart == 4; /* the last pixel's last byte is not even read */
    ptrdiff_t total = 0;
    for (int k = 0; k < 64; k++) {
        bands->start[k] = folded->first[k] * apart;
        bands->length[k] = (folded->last[k] - folded->first[k] + 1) * apart - unseen;
        bands->offset[k] = total;
        total += bands->length[k];
    }
    bands->weights = (float *)calloc((size_t)total, sizeof(float));
    if (bands->weights == NULL)
        return 0;
    for (int k = 0; k < 64; k++)
        for (ptrdiff_t j = 0; j < bands->length[k]; j++)
            bands->weights[bands->offset[k] + j] =
                (float)(folded->weights[k * folded->width + j / apart] * (apart == 1 ? 1.0 : luma[j % apart]));
    return 1;
}

static inline void sh_free_operator(sh_operator *op)
{
    free(op->taps);
    free(op->bands.weights);
}

static inline uint8_t sh_kind_of(const sh_folded *folded, int k, int is_integer)
{
    double most = 0.0, total = 0.0;
    for (ptrdiff_t j = 0; j <= folded->last[k] - folded->first[k]; j++) {
        const double weight = folded->weights[k * folded->width + j];
        total += weight;
        most = weight > most ? weight : most;
    }
    if (!is_integer)
        return SH_FRACTIONS;
    return total <= 257.0 ? SH_SMALL : most <= SH_MOST_WEIGHT && total * 255.0 < 16777216.0 ? SH_MIDDLING : SH_LARGE;
}

/* The taps of all bands; a weight over 257 becomes several taps of one row (add_rows4 sums in 16 bits). Counts them where
 * `taps` is NULL. */
static inline ptrdiff_t sh_fill_taps(sh_operator *op, sh_tap *taps, const sh_folded *folded)
{
    ptrdiff_t n_taps = 0;
    for (int k = 0; k < 64; k++) {
        op->tap_start[k] = n_taps;
        for (ptrdiff_t j = folded->first[k]; j <= folded->last[k]; j++) {
            double weight = folded->weights[k * folded->width + j - folded->first[k]];
            for (;;) {
                const int is_over = op->kind[k] != SH_FRACTIONS && weight > 257.0;
                if (taps != NULL) {
                    taps[n_taps].sample = j;
                    taps[n_taps].weight = is_over ? 257.0f : (float)weight;
                }
                n_taps++;
                if (!is_over)
                    break;
                weight -= 257.0;
            }
        }
    }
    op->tap_start[64] = n_taps;
    return n_taps;
}

/* Add a band's weight of the original sample at `place` to those of stored ones, of which each is the mean of `step`: the
 * originals are taken to lie on a line through their mean, as steep as that from the mean before to the one after. Taken for equal
 * to their mean they would drift by half as much again (docs/hashes.md). */
static inline void sh_fold_weight(double *weights, ptrdiff_t first, ptrdiff_t n_samples, ptrdiff_t place, ptrdiff_t step,
                                  double weight)
{
    const ptrdiff_t at = place / step;
    const double from_middle = (double)(place - at * step) - (double)(step - 1) / 2.0;
    const double steep = weight * from_middle / (double)(2 * step);
    weights[at - first] += weight;
    if (step == 1)
        return;
    weights[sh_least(at + 1, n_samples - 1) - first] += steep;
    weights[sh_most(at - 1, 0) - first] -= steep;
}

/* Fill the operator of a side of n samples, stored in samples of `step` (the last one may be shorter), read backwards
 * where `flip` says so: of a column of pixels where `apart` is 0, else of a row of pixels that are `apart` bytes from each
 * other. 0 where there is no memory, and then sh_free_operator has to be called all the same. All pointers are NULL
 * before. */
static inline int sh_fill_operator(sh_operator *op, ptrdiff_t n, ptrdiff_t step, int flip, int apart)
{
    sh_folded folded;
    double *band = (double *)calloc((size_t)n + 1, sizeof(double)); /* of original samples */
    int filled = 0;
    op->n_samples = (n + step - 1) / step;
    folded.width = 2 * ((n + 127) / 128) / step + 4;
    folded.weights = (double *)calloc(64 * (size_t)folded.width, sizeof(double));
    if (band != NULL && folded.weights != NULL) {
        for (int k = 0; k < 64; k++) {
            ptrdiff_t lo, hi;
            uint8_t is_integer;
            op->scale[k] = (float)(1.0 / sh_band_weights(band, n, k, &lo, &hi, &is_integer));
            const ptrdiff_t around = step > 1; /* the means beside those that the band lies on have a say */
            folded.first[k] = sh_most((flip ? n - 1 - hi : lo) / step - around, 0);
            folded.last[k] = sh_least((flip ? n - 1 - lo : hi) / step + around, op->n_samples - 1);
            for (ptrdiff_t i = lo; i <= hi; i++) {
                sh_fold_weight(folded.weights + k * folded.width, folded.first[k], op->n_samples, flip ? n - 1 - i : i, step,
                               band[i]);
                band[i] = 0.0;
            }
            op->kind[k] = sh_kind_of(&folded, k, is_integer && step == 1);
        }
        if (apart) {
            filled = sh_fill_bands(&op->bands, &folded, apart);
        } else {
            op->taps = (sh_tap *)malloc((size_t)sh_fill_taps(op, NULL, &folded) * sizeof(sh_tap));
            filled = op->taps != NULL;
            if (filled)
                sh_fill_taps(op, op->taps, &folded);
        }
    }
    free(band);
    free(folded.weights);
    return filled;
}

#endif
