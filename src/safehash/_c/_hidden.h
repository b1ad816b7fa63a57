/* What the rest of a picture says for one digest, where a part of it is hidden: in bits.
 *
 * Whatever is hidden goes on from the border of what is seen as smoothly as pictures do, and nobody knows how. Its prior is
 * the field whose spectrum falls as that of pictures does, with the square of the frequency: a membrane that is held where
 * the picture is seen and free at the picture's own edges, its stiffness that of the part that is seen. Of a rectangle its
 * modes are products of sines and cosines. A digest's bits then are signs of sums of these modes, and how well the best
 * sums explain all 256 of them, for what they cost, is the evidence: Laplace's approximation of the probability of the bits
 * given the part that is seen (Rasmussen and Williams, Gaussian Processes for Machine Learning, chapter 3), against one
 * half a bit.
 */
#ifndef SAFEHASH_HIDDEN_H
#define SAFEHASH_HIDDEN_H

#include "_exponential.h"
#include "_views.h"

#define SV_FRAME 64 /* samples a side of the picture, as PDQ reads it */
#define SV_CELLS 32 /* cells a side of 2 x 2 samples, in which the hidden part is filled and its stiffness is measured */
#define SV_MOST_RECTANGLES 4 /* hidden at once: holes, or the strips around a crop */
#define SV_MOST_MODES 192 /* of all rectangles together: of two thirds of a picture */
#define SV_MOST_WAVES 24 /* half waves along a side, of one mode */
#define SV_HALF_WAVES 17.5 /* a picture's side: PDQ reads 16, and faster modes leave next to nothing in these */
#define SV_SWEEPS 200 /* over the hidden cells, at most, until none changes by more than */
#define SV_STILL 0.02 /* grey levels */
#define SV_RELAXED 1.8 /* successive over-relaxation, near the best for 32 cells a side */
#define SV_UNSURE 0.25 /* of the mean size of coefficients: where a bit is as good as one in 1 + e is wrong */
#define SV_STEPS 25 /* Newton steps, at most, until one brings less than */
#define SV_NO_GAIN 0.05 /* nats */
#define SV_SLACK 8.0 /* bits that a step may bring beyond twice what its parabola says, before it is given up */
#define SV_SHORTEST 0.001 /* of a Newton step that is shortened */
#define SV_LEAST_STIFF 0.5 /* grey levels between neighbouring cells: less is noise and coding */

typedef struct {
    double frame[SV_FRAME][SV_FRAME], cells[SV_CELLS][SV_CELLS];
    uint8_t hidden[SV_FRAME][SV_FRAME], hidden_cells[SV_CELLS][SV_CELLS];
    double mean[256];                /* coefficients less their median, what is hidden filled in */
    double modes[256][SV_MOST_MODES]; /* what a mode of its usual size adds to each */
    int n_modes;
    double sums[SV_MOST_MODES], step[SV_MOST_MODES], trial[SV_MOST_MODES];
    double values[256], tried[256], moved[256];
    double curvature[SV_MOST_MODES][SV_MOST_MODES]; /* its lower triangle */
} sv_hidden;

/* Mark what is hidden, and fill it as a membrane lies that is held by what is seen. */
static inline void sv_fill_hidden(sv_hidden *h, const float *frame, const double (*rectangles)[4], int n)
{
    double sum = 0.0;
    int seen = 0;
    memset(h->hidden, 0, sizeof h->hidden);
    for (int r = 0; r < n; r++)
        for (int i = 0; i < SV_FRAME; i++)
            for (int k = 0; k < SV_FRAME; k++) {
                const double y = (i + 0.5) / SV_FRAME, x = (k + 0.5) / SV_FRAME;
                if (y >= rectangles[r][0] && y <= rectangles[r][1] && x >= rectangles[r][2] && x <= rectangles[r][3])
                    h->hidden[i][k] = 1;
            }
    for (int i = 0; i < SV_FRAME; i++)
        for (int k = 0; k < SV_FRAME; k++) {
            h->frame[i][k] = frame[SV_FRAME * i + k];
            if (!h->hidden[i][k]) {
                sum += h->frame[i][k];
                seen++;
            }
        }
    const double mean = seen ? sum / seen : 0.0;
    for (int i = 0; i < SV_CELLS; i++)
        for (int k = 0; k < SV_CELLS; k++) {
            double cell = 0.0;
            int hidden = 0;
            for (int a = 0; a < 4; a++) {
                const int y = 2 * i + a / 2, x = 2 * k + a % 2;
                hidden += h->hidden[y][x];
                cell += h->hidden[y][x] ? mean : h->frame[y][x];
            }
            h->hidden_cells[i][k] = hidden >= 2;
            h->cells[i][k] = hidden >= 2 ? mean : cell / 4.0;
        }
    for (int sweep = 0; sweep < SV_SWEEPS; sweep++) {
        double most = 0.0;
        for (int i = 0; i < SV_CELLS; i++)
            for (int k = 0; k < SV_CELLS; k++) {
                if (!h->hidden_cells[i][k])
                    continue;
                const double above = h->cells[i ? i - 1 : i][k], below = h->cells[i < SV_CELLS - 1 ? i + 1 : i][k];
                const double before = h->cells[i][k ? k - 1 : k], after = h->cells[i][k < SV_CELLS - 1 ? k + 1 : k];
                const double change = SV_RELAXED * ((above + below + before + after) / 4.0 - h->cells[i][k]);
                h->cells[i][k] += change;
                most = fabs(change) > most ? fabs(change) : most;
            }
        if (most < SV_STILL)
            break;
    }
    for (int i = 0; i < SV_FRAME; i++)
        for (int k = 0; k < SV_FRAME; k++)
            if (h->hidden[i][k])
                h->frame[i][k] = h->cells[i / 2][k / 2];
}

/* Root mean square difference of neighbouring cells that are seen, in grey levels, times the root of two: so far a
 * membrane of the same stiffness would be apart between two that are held at random. */
static inline double sv_stiffness(const sv_hidden *h)
{
    double squares = 0.0;
    int n = 0;
    for (int i = 0; i < SV_CELLS; i++)
        for (int k = 0; k < SV_CELLS; k++) {
            if (h->hidden_cells[i][k])
                continue;
            if (i < SV_CELLS - 1 && !h->hidden_cells[i + 1][k]) {
                squares += (h->cells[i + 1][k] - h->cells[i][k]) * (h->cells[i + 1][k] - h->cells[i][k]);
                n++;
            }
            if (k < SV_CELLS - 1 && !h->hidden_cells[i][k + 1]) {
                squares += (h->cells[i][k + 1] - h->cells[i][k]) * (h->cells[i][k + 1] - h->cells[i][k]);
                n++;
            }
        }
    const double apart = sqrt(2.0 * (n ? squares / n : 0.0));
    return apart < SV_LEAST_STIFF ? SV_LEAST_STIFF : apart;
}

/* Coefficients of the filled frame, less their median. */
static inline void sv_hidden_mean(sv_hidden *h)
{
    double rows[SV_FRAME][16], sorted[256];
    for (int i = 0; i < SV_FRAME; i++)
        for (int v = 0; v < 16; v++) {
            double sum = 0.0;
            for (int k = 0; k < SV_FRAME; k++)
                sum += h->frame[i][k] * sv_dct[k][v];
            rows[i][v] = sum;
        }
    for (int u = 0; u < 16; u++)
        for (int v = 0; v < 16; v++) {
            double sum = 0.0;
            for (int i = 0; i < SV_FRAME; i++)
                sum += rows[i][v] * sv_dct[i][u];
            h->mean[16 * u + v] = sum;
        }
    memcpy(sorted, h->mean, sizeof sorted);
    for (int i = 1; i < 256; i++) { /* by insertion */
        const double value = sorted[i];
        int at = i;
        for (; at > 0 && sorted[at - 1] > value; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = value;
    }
    const double median = (sorted[127] + sorted[128]) / 2.0;
    for (int i = 0; i < 256; i++)
        h->mean[i] -= median;
}

/* The modes along one side from `lo` to `hi`, free or held at either end: of each its wave number in radians a picture's
 * side, and what it leaves in the 16 frequencies. Returns how many there are. */
static inline int sv_side_modes(double waves[SV_MOST_WAVES], double left[SV_MOST_WAVES][16], double lo, double hi,
                                int free_lo, int free_hi)
{
    const double length = hi - lo;
    int n = (int)ceil(SV_HALF_WAVES * length) + 2;
    n = n > SV_MOST_WAVES ? SV_MOST_WAVES : n;
    for (int m = 0; m < n; m++) {
        const double half_waves = free_lo && free_hi ? m : free_lo || free_hi ? m + 0.5 : m + 1.0;
        const double size = free_lo && free_hi && m == 0 ? 1.0 / sqrt(length) : sqrt(2.0 / length);
        waves[m] = half_waves * SH_PI / length;
        for (int u = 0; u < 16; u++)
            left[m][u] = 0.0;
        for (int i = 0; i < SV_FRAME; i++) {
            const double at = ((i + 0.5) / SV_FRAME - lo) / length;
            if (at < 0.0 || at > 1.0)
                continue;
            const double turn = half_waves * at / 2.0, radians = 2.0 * SH_PI * (turn - floor(turn));
            const double value = size * (free_lo ? sh_cosine(radians) : sh_sine(radians));
            for (int u = 0; u < 16; u++)
                left[m][u] += value * sv_dct[i][u];
        }
    }
    return n;
}

/* Add the modes of one rectangle that have fewer half waves than `most`; returns whether there was room for all. */
static inline int sv_add_modes(sv_hidden *h, const double *rectangle, const int *is_free, double most, double stiffness)
{
    double row_waves[SV_MOST_WAVES], col_waves[SV_MOST_WAVES];
    double row_left[SV_MOST_WAVES][16], col_left[SV_MOST_WAVES][16];
    const int n_rows = sv_side_modes(row_waves, row_left, rectangle[0], rectangle[1], is_free[0], is_free[1]);
    const int n_cols = sv_side_modes(col_waves, col_left, rectangle[2], rectangle[3], is_free[2], is_free[3]);
    for (int a = 0; a < n_rows; a++)
        for (int b = 0; b < n_cols; b++) {
            const double waves = row_waves[a] * row_waves[a] + col_waves[b] * col_waves[b];
            if (waves == 0.0 || (waves >= most * most * SH_PI * SH_PI && (a || b)))
                continue;
            if (h->n_modes == SV_MOST_MODES)
                return 0;
            const double size = stiffness / sqrt(waves);
            for (int u = 0; u < 16; u++)
                for (int v = 0; v < 16; v++)
                    h->modes[16 * u + v][h->n_modes] = size * row_left[a][u] * col_left[b][v];
            h->n_modes++;
        }
    return 1;
}

/* Minus the negative logarithm of the posterior but for its constant: of bits that have these values, and these sums. */
static inline double sv_agreed(const double *values, const double *sums, int n, const float *wanted, double unsure)
{
    double total = 0.0;
    for (int i = 0; i < 256; i++) {
        const double right = wanted[i] * values[i] / unsure;
        total -= right > 0.0 ? sh_logarithm(1.0 + sh_exponential(-right)) : sh_logarithm(1.0 + sh_exponential(right)) - right;
    }
    for (int a = 0; a < n; a++)
        total -= 0.5 * sums[a] * sums[a];
    return total;
}

/* The curvature at these values, as its triangular root in its lower triangle; returns the logarithm of its determinant. */
static inline double sv_curvature(sv_hidden *h, const double *values, const float *wanted, double unsure)
{
    const int n = h->n_modes;
    double logarithm = 0.0;
    for (int a = 0; a < n; a++) {
        memset(h->curvature[a], 0, (size_t)(a + 1) * sizeof h->curvature[a][0]);
        h->curvature[a][a] = 1.0;
    }
    for (int i = 0; i < 256; i++) {
        const double wrong = 1.0 / (1.0 + sh_exponential(fabs(wanted[i] * values[i] / unsure)));
        const double weight = wrong * (1.0 - wrong) / (unsure * unsure);
        const double *modes = h->modes[i];
        for (int a = 0; a < n; a++) {
            const double weighed = weight * modes[a];
            double *row = h->curvature[a];
            for (int b = 0; b <= a; b++)
                row[b] += weighed * modes[b];
        }
    }
    for (int a = 0; a < n; a++) {
        double *row = h->curvature[a];
        for (int b = 0; b <= a; b++) {
            const double *other = h->curvature[b];
            double sum = row[b];
            for (int k = 0; k < b; k++)
                sum -= row[k] * other[k];
            row[b] = a == b ? sqrt(sum > 1e-12 ? sum : 1e-12) : sum / other[b];
        }
        logarithm += 2.0 * sh_logarithm(row[a]);
    }
    return logarithm;
}

/* The step to where a parabola has its top, into h->step; returns what it would bring. */
static inline double sv_newton(sv_hidden *h, const float *wanted, double unsure)
{
    const int n = h->n_modes;
    double pull[256], bring = 0.0;
    for (int i = 0; i < 256; i++) {
        const double right = wanted[i] * h->values[i] / unsure, small = sh_exponential(-fabs(right));
        const double wrong = right > 0.0 ? small / (1.0 + small) : 1.0 / (1.0 + small);
        pull[i] = wanted[i] * wrong / unsure;
    }
    for (int a = 0; a < n; a++) {
        double sum = -h->sums[a];
        for (int i = 0; i < 256; i++)
            sum += h->modes[i][a] * pull[i];
        h->step[a] = h->trial[a] = sum;
    }
    for (int a = 0; a < n; a++) {
        for (int k = 0; k < a; k++)
            h->step[a] -= h->curvature[a][k] * h->step[k];
        h->step[a] /= h->curvature[a][a];
    }
    for (int a = n - 1; a >= 0; a--) {
        for (int k = a + 1; k < n; k++)
            h->step[a] -= h->curvature[k][a] * h->step[k];
        h->step[a] /= h->curvature[a][a];
    }
    for (int a = 0; a < n; a++)
        bring += 0.5 * h->step[a] * h->trial[a];
    return bring;
}

/* The evidence in bits; it need not be exact where it cannot come to `enough`. */
static inline double sv_hidden_bits(sv_hidden *h, const float *frame, const double (*rectangles)[4], const int (*is_free)[4],
                                    int n, const float *wanted, double enough)
{
    const double a_bit = 0.69314718055994530942; /* the logarithm of two */
    sv_fill_hidden(h, frame, rectangles, n);
    sv_hidden_mean(h);
    const double stiffness = sv_stiffness(h);
    double most = SV_HALF_WAVES;
    for (int fits = 0; !fits; most *= 0.95) {
        fits = 1;
        h->n_modes = 0;
        for (int r = 0; r < n && fits; r++)
            fits = sv_add_modes(h, rectangles[r], is_free[r], most, stiffness);
    }
    double mean_size = 0.0;
    for (int i = 0; i < 256; i++)
        mean_size += fabs(h->mean[i]) / 256.0;
    if (mean_size == 0.0)
        return -256.0;
    const double unsure = SV_UNSURE * mean_size;
    memcpy(h->values, h->mean, sizeof h->values);
    memset(h->sums, 0, sizeof h->sums);
    double agreed = sv_agreed(h->values, h->sums, h->n_modes, wanted, unsure);
    double breadth = sv_curvature(h, h->values, wanted, unsure);
    for (int i = 0; i < SV_STEPS && h->n_modes; i++) {
        const double bring = sv_newton(h, wanted, unsure);
        if ((agreed + 2.0 * bring - 0.5 * breadth) / a_bit + 256.0 < enough - SV_SLACK)
            break;
        for (int k = 0; k < 256; k++) {
            double sum = 0.0;
            for (int a = 0; a < h->n_modes; a++)
                sum += h->modes[k][a] * h->step[a];
            h->moved[k] = sum;
        }
        double length = 1.0, found = agreed;
        for (; length > SV_SHORTEST; length /= 2.0) {
            for (int k = 0; k < 256; k++)
                h->tried[k] = h->values[k] + length * h->moved[k];
            for (int a = 0; a < h->n_modes; a++)
                h->trial[a] = h->sums[a] + length * h->step[a];
            found = sv_agreed(h->tried, h->trial, h->n_modes, wanted, unsure);
            if (found >= agreed)
                break;
        }
        if (length <= SV_SHORTEST)
            break;
        const double gained = found - agreed;
        agreed = found;
        memcpy(h->values, h->tried, sizeof h->values);
        memcpy(h->sums, h->trial, sizeof h->sums);
        breadth = sv_curvature(h, h->values, wanted, unsure);
        if (gained < SV_NO_GAIN)
            break;
    }
    return (agreed - 0.5 * breadth) / a_bit + 256.0;
}

#endif
