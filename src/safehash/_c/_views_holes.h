/* Parts of a thumbnail, and what it would be without what hides some of it. */
#ifndef SAFEHASH_VIEWS_HOLES_H
#define SAFEHASH_VIEWS_HOLES_H

#include "_views.h"

#define SV_LEAST_HOLE 4 /* samples a side: what is smaller costs no bits worth looking for */
#define SV_MOST_HOLE 40 /* hundredths of the upload that all holes take at most: more is invention */
#define SV_MOST_HOLES 3 /* that one upload may have */
#define SV_STARTS 3 /* places where a hole may be that are looked at closer */
#define SV_HOLE_GAIN 0.03 /* agreement that a further hole must bring, or it is none */

/* Samples that one of a part's averages: of 256 samples a side 4 and a bit, a part having 64 a side at least. */
#define SV_PART_TAPS 8

/* out[side][side] = area averages of one window of the thumbnail; samples beyond it do not count. */
static inline void sv_part(float *out, int side, const float *thumb, int n, const double *window, float *lines)
{
    for (int axis = 0; axis < 2; axis++) { /* columns of the thumbnail's rows first: lines[n][side] */
        const double from = window[axis ? 0 : 2] * n, to = window[axis ? 1 : 3] * n;
        int first[SV_MAX_SIDE], taps[SV_MAX_SIDE];
        double length[SV_MAX_SIDE], weight[SV_MAX_SIDE][SV_PART_TAPS];
        for (int k = 0; k < side; k++) {
            double a = from + (to - from) * k / side, b = from + (to - from) * (k + 1) / side;
            a = a < 0.0 ? 0.0 : a > n - 1.0 ? n - 1.0 : a;
            b = b > n ? n : b;
            b = b - a < 1e-3 ? a + 1e-3 : b;
            const int last = (int)ceil(b) - 1 > n - 1 ? n - 1 : (int)ceil(b) - 1;
            first[k] = (int)floor(a);
            taps[k] = last - first[k] + 1;
            length[k] = b - a;
            for (int j = first[k]; j <= last; j++) {
                const double lo = j > a ? j : a, hi = j + 1 < b ? j + 1 : b;
                weight[k][j - first[k]] = hi - lo;
            }
        }
        if (axis)
            for (int k = 0; k < side; k++) {
                double sums[SV_MAX_SIDE] = {0};
                for (int j = 0; j < taps[k]; j++)
                    for (int i = 0; i < side; i++)
                        sums[i] += weight[k][j] * lines[(ptrdiff_t)(first[k] + j) * side + i];
                for (int i = 0; i < side; i++)
                    out[(ptrdiff_t)k * side + i] = (float)(sums[i] / length[k]);
            }
        else
            for (int i = 0; i < n; i++)
                for (int k = 0; k < side; k++) {
                    const float *from_here = thumb + (ptrdiff_t)i * n + first[k];
                    double sum = 0.0;
                    for (int j = 0; j < taps[k]; j++)
                        sum += weight[k][j] * from_here[j];
                    lines[(ptrdiff_t)i * side + k] = (float)(sum / length[k]);
                }
    }
}

/* Fill the samples of hole (first and last row, first and last column, the last ones excluded) from the samples around
 * it, each the less the farther it is; beyond the thumbnail there are none. */
static inline void sv_fill_hole(float *thumb, int n, const int *hole)
{
    const int top = hole[0], bottom = hole[1], left = hole[2], right = hole[3];
    float from_left[SV_MAX_SIDE], from_right[SV_MAX_SIDE], above[SV_MAX_SIDE], below[SV_MAX_SIDE], down[2];
    for (int c = left; c < right; c++) {
        from_left[c] = left > 0 ? 1.0f / (float)(c - left + 1) : 0.0f;
        from_right[c] = right < n ? 1.0f / (float)(right - c) : 0.0f;
        above[c] = thumb[(ptrdiff_t)n * (top > 0 ? top - 1 : 0) + c];
        below[c] = thumb[(ptrdiff_t)n * (bottom < n ? bottom : 0) + c];
    }
    for (int r = top; r < bottom; r++) {
        float *row = thumb + (ptrdiff_t)n * r;
        const float before = left > 0 ? row[left - 1] : 0.0f, after = right < n ? row[right] : 0.0f;
        down[0] = top > 0 ? 1.0f / (float)(r - top + 1) : 0.0f;
        down[1] = bottom < n ? 1.0f / (float)(bottom - r) : 0.0f;
        for (int c = left; c < right; c++) {
            const float sum = ((from_left[c] * before + from_right[c] * after) + down[0] * above[c]) + down[1] * below[c];
            row[c] = sum / (((from_left[c] + from_right[c]) + down[0]) + down[1]);
        }
    }
}

/* ---- what is left of a picture whose lights are blown out ---- */

#define SV_BLOWN 6.0f /* grey levels under the brightest sample of a window: nearer than this is blown out */
#define SV_LEAST_LIT 256 /* samples of 4 096: of less than a sixteenth there is nothing to say */

/* Of 4096 nearest samples those that are not blown out: their share, the entropy of their greys in steps of a sixteenth of
 * their deviation, the share of the four commonest of these greys, and the share of them that are flat: as their right and
 * lower neighbour is. */
typedef struct {
    double share, greys, common, flat;
} sv_lit;

static inline sv_lit sv_measure_lit(const float *samples)
{
    sv_lit lit = {0.0, 0.0, 1.0, 1.0};
    float most = samples[0];
    double sum = 0.0, squares = 0.0;
    int n = 0, flat = 0, inner = 0, counts[SV_GREYS] = {0};
    for (int i = 1; i < 4096; i++)
        most = samples[i] > most ? samples[i] : most;
    const float least_blown = most - SV_BLOWN;
    for (int i = 0; i < 4096; i++)
        if (samples[i] < least_blown) {
            sum += samples[i];
            n++;
        }
    if (n < SV_LEAST_LIT)
        return lit;
    const double mean = sum / n;
    for (int i = 0; i < 4096; i++)
        if (samples[i] < least_blown) {
            const double beside = samples[i] - mean;
            squares += beside * beside;
        }
    const double deviation = sqrt(squares / n);
    const double steps = SV_GREY_STEPS / (deviation > SV_LEAST_CONTRAST ? deviation : SV_LEAST_CONTRAST);
    for (int i = 0; i < 4096; i++)
        if (samples[i] < least_blown) {
            const int step = (int)(samples[i] * steps);
            counts[step < 0 ? 0 : step >= SV_GREYS ? SV_GREYS - 1 : step]++;
            if (i % 64 < 63 && i < 63 * 64 && samples[i + 1] < least_blown && samples[i + 64] < least_blown) {
                inner++;
                flat += fabsf(samples[i + 1] - samples[i]) < SV_FLAT_STEP &&
                        fabsf(samples[i + 64] - samples[i]) < SV_FLAT_STEP;
            }
        }
    int64_t used = 0;
    for (int i = 0; i < SV_GREYS; i++)
        used += (int64_t)counts[i] * sv_logarithms[counts[i]];
    lit.share = n / 4096.0;
    lit.greys = sv_logarithms[n] / 65536.0 - (double)used / ((double)n * 65536.0);
    lit.common = (double)sv_four_largest(counts) / n;
    lit.flat = inner ? (double)flat / inner : 1.0;
    return lit;
}

/* A thumbnail without one hole or another, as coefficients. */
typedef struct {
    const sv_kernels *kernels;
    const sh_kernels *pixel_kernels;
    int n;
    sv_tents tents; /* of the whole side */
    float thumb[SV_MAX_SIDE * SV_MAX_SIDE], filled[SV_MAX_SIDE * SV_MAX_SIDE];
    float own_rows[SV_MAX_SIDE * 16], rows[SV_MAX_SIDE * 16];
} sv_holes;

static inline void sv_begin_holes(sv_holes *h, const float *thumb, int n)
{
    h->n = n;
    memcpy(h->thumb, thumb, (size_t)n * (size_t)n * sizeof *thumb);
    memcpy(h->filled, thumb, (size_t)n * (size_t)n * sizeof *thumb);
    h->kernels->fill_tents(&h->tents, n, 0.0, 1.0);
    h->kernels->rows_pass(h->own_rows, h->thumb, n, &h->tents, 0, n);
}

static inline void sv_without(sv_holes *h, float *coefficients, const int *hole)
{
    const int lo = hole[2] / 16 * 16, hi = (hole[3] + 15) / 16 * 16;
    sv_fill_hole(h->filled, h->n, hole);
    memcpy(h->rows, h->own_rows, (size_t)h->n * 16 * sizeof *h->rows);
    h->kernels->rows_pass(h->rows, h->filled, h->n, &h->tents, lo, hi);
    h->kernels->cols_pass(coefficients, h->rows, &h->tents);
    for (int r = hole[0]; r < hole[1]; r++)
        memcpy(h->filled + (ptrdiff_t)h->n * r + hole[2], h->thumb + (ptrdiff_t)h->n * r + hole[2],
               (size_t)(hole[3] - hole[2]) * sizeof *h->filled);
}

/* Move a hole's edges, by `step` samples first and by one last, to where what is left agrees best with a digest. */
static inline double sv_move_hole(sv_holes *h, int *hole, double best, const float *wanted, int step, int most_area,
                                  int max_evaluations)
{
    static const int moves[12][4] = {
        {-1, 0, 0, 0}, {1, 0, 0, 0}, {0, -1, 0, 0}, {0, 1, 0, 0}, {0, 0, -1, 0},  {0, 0, 1, 0},
        {0, 0, 0, -1}, {0, 0, 0, 1}, {1, 1, 0, 0},  {-1, -1, 0, 0}, {0, 0, 1, 1}, {0, 0, -1, -1},
    };
    float coefficients[256];
    int n_evaluations = 0;
    while (step >= 1 && n_evaluations < max_evaluations) {
        int moved = 0;
        for (int m = 0; m < 12 && n_evaluations < max_evaluations; m++) {
            int trial[4];
            for (int i = 0; i < 4; i++) {
                const int at = hole[i] + step * moves[m][i];
                trial[i] = at < 0 ? 0 : at > h->n ? h->n : at;
            }
            const int height = trial[1] - trial[0], width = trial[3] - trial[2];
            if (height < SV_LEAST_HOLE || width < SV_LEAST_HOLE || height * width > most_area)
                continue;
            sv_without(h, coefficients, trial);
            n_evaluations++;
            const double found = sv_weighed(coefficients, wanted);
            if (found > best) {
                best = found;
                memcpy(hole, trial, sizeof trial);
                moved = 1;
            }
        }
        if (!moved)
            step /= 2;
    }
    return best;
}

/* Up to `most` holes, one after another, each the best of `starts` moved to where it is best; what they leave is in
 * h->thumb. Returns how many. */
static inline int sv_find_holes(sv_holes *h, int holes[SV_MOST_HOLES][4], int most, const int *starts, ptrdiff_t n_starts,
                                double *agreement, int *distance, const float *wanted, const uint8_t *digest, int step,
                                int max_evaluations)
{
    float coefficients[256];
    uint8_t own[32];
    int count = 0, left = h->n * h->n * SV_MOST_HOLE / 100;
    h->kernels->cols_pass(coefficients, h->own_rows, &h->tents);
    double best = sv_weighed(coefficients, wanted);
    while (count < most) {
        int *hole = holes[count], tried[SV_STARTS][4];
        double agreed[SV_STARTS], found = -1.0;
        int n_tried = 0;
        for (ptrdiff_t i = 0; i < n_starts; i++) { /* the best ones, best first */
            const int *start = starts + 4 * i;
            if ((start[1] - start[0]) * (start[3] - start[2]) > left)
                continue;
            sv_without(h, coefficients, start);
            const double here = sv_weighed(coefficients, wanted);
            if (n_tried == SV_STARTS && here <= agreed[n_tried - 1])
                continue;
            int at = n_tried < SV_STARTS ? n_tried++ : n_tried - 1;
            for (; at > 0 && here > agreed[at - 1]; at--) {
                agreed[at] = agreed[at - 1];
                memcpy(tried[at], tried[at - 1], sizeof tried[at]);
            }
            agreed[at] = here;
            memcpy(tried[at], start, sizeof tried[at]);
        }
        for (int i = 0; i < n_tried; i++) {
            const double here = sv_move_hole(h, tried[i], agreed[i], wanted, step, left, max_evaluations);
            if (here > found) {
                found = here;
                memcpy(hole, tried[i], 4 * sizeof *hole);
            }
        }
        if (found < best + SV_HOLE_GAIN)
            break;
        best = found;
        left -= (hole[1] - hole[0]) * (hole[3] - hole[2]);
        sv_fill_hole(h->thumb, h->n, hole);
        memcpy(h->filled, h->thumb, (size_t)h->n * (size_t)h->n * sizeof *h->thumb);
        h->kernels->rows_pass(h->own_rows, h->thumb, h->n, &h->tents, 0, h->n);
        count++;
    }
    h->kernels->cols_pass(coefficients, h->own_rows, &h->tents);
    h->pixel_kernels->bits(own, coefficients);
    *distance = sh_distance(own, digest, 32, 256, 0);
    *agreement = best;
    return count;
}

#endif
