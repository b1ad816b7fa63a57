/* Windows over a thumbnail: plain C that Cython cannot express, compiled once per level (_levels.h).
 *
 * The DCT and the bits are those of _kernels.h. Float sums run in one order written out in
 * _views_body.h, so every copy gives the same bits (tests/matching/test_views_kernels.py forces each and compares).
 */
#ifndef SAFEHASH_VIEWS_H
#define SAFEHASH_VIEWS_H

#include <math.h> /* floor, ceil, fabs and sqrt alone: exact everywhere */

#include "_bits.h"
#include "_kernels.h"
#include "_trigonometry.h"
#include "_views_quads.h"

#define SV_MAX_SIDE 256 /* samples of a thumbnail's side */

#define SV_MOST_TAPS 38 /* samples under one tent, 36 apart: a span may be 9 sides long */

/* The 64 tents of one span over a thumbnail's side: tent k is the sum of `taps` samples from first[k] on, each times
 * its weight; all of them read the samples lo to hi. */
typedef struct {
    int lo, hi, taps;
    int first[64];
    float weight[64][SV_MOST_TAPS];
} sv_tents;

/* Stored samples that one thumbnail sample averages, with the weights of the first and the last. */
typedef struct {
    ptrdiff_t first, last;
    float first_weight, inner_weight, last_weight;
} sv_box;

typedef struct {
    void (*thumbnail)(float *, int, const sh_picture *, const sv_box *, const sv_box *, float *);
    int (*is_picture)(const float *, int);
    void (*fill_tents)(sv_tents *, int, double, double);
    void (*rows_pass)(float *, const float *, int, const sv_tents *, int, int);
    void (*cols_pass)(float *, const float *, const sv_tents *);
    void (*transpose)(float *, const float *, int);
    void (*evidence)(float *, const float *, int, int);
    int (*score)(float *, const float *, const float *, const float *, const float *, int, float);
    void (*rotate)(float *, const float *, int, double, double, double);
    void (*bend)(float *, const float *, int, const sv_projection *);
    void (*doubts)(uint8_t *, const float *, const uint8_t *);
} sv_kernels;

/* ---- what a window is measured by. All in grey levels of 256 and set on tuning photographs and drawings
 * (docs/matching.md, "Gates", has what they measure and where the gates lie) ---- */

#define SV_FLAT_STEP 1.5f /* grey levels: neighbours nearer than this are flat */
#define SV_GREY_STEPS 16.0 /* a grey is this part of the standard deviation, which counts as SV_LEAST_CONTRAST at least */
#define SV_LEAST_CONTRAST 8.0 /* grey levels: less is noise and coding, and would be counted as many greys */
#define SV_GREYS 512 /* greys that there may be: 255 levels in steps of half a level */
#define SV_FAINT 50.0f /* coefficients under this part of the mean size are rounding: 1 or 2 in 100 of a photograph's */
#define SV_CORNER 6 /* samples a side of a corner, a tenth of the picture's */
#define SV_CORNER_FLAT 10.0f /* grey levels within one corner of a plain ground */
#define SV_CORNER_ALIKE 16.0f /* grey levels between the corners of a plain ground */

/* ---- edges and boxes: the evidence of a sample is -1 to 1.5, of a line the mean of its samples. Set on 40 tuning
 * photographs, framed, in screenshots and collages (docs/matching.md, "Which boxes") ---- */

#define SV_EDGE_GAIN 2.6f /* of the difference across a line against those beside it, relative to their sum ... */
#define SV_EDGE_NOISE 1.4f /* ... plus so many grey levels: what is fainter is no edge */
#define SV_COARSE_GAIN 2.1f /* the same, where samples are so coarse that text near a picture lies within four of its edge: of 205
                              tuning photographs on web pages, in windows, collages and videos most have their box among the first 20 */
#define SV_EDGE_LEAST -1.0f /* a sample without an edge tells no more against its line than this */
#define SV_EDGE_BIAS 0.5f /* of each sample, so that a line without an edge has less than nothing */
#define SV_SIDE_OWN 0.35f /* evidence of the upload's own edge as a side of a box: neither for nor against */
#define SV_SIDE_MOST 1.2f /* of any side: three perfect sides and a missing one are no box */
#define SV_LEAST_SPAN 12 /* hundredths of the upload's side: a box is no narrower */
#define SV_LEAST_PART 12 /* a box is no less than one part in so many of the upload */
#define SV_EDGE_ROOM 3 /* samples: an edge nearer to the upload's own is that one */

/* ---- refining ---- */

#define SV_CERTAIN 0.5f /* a bit counts in full where its coefficient has this part of the mean size: see sv_agreement */
#define SV_DOUBTFUL 0.6f /* a bit may as well be the other where its coefficient is nearer to the median than this part of the mean distance */
#define SV_NARROWEST 0.1 /* sides: no window is refined to less; boxes are proposed from SV_LEAST_SPAN on */
#define SV_LEAST_TAKEN 0.0625 /* sides: a shorter span has fewer samples of the smallest thumbnail than PDQ reads frequencies */
#define SV_FARTHEST_SPAN 4.0 /* sides beyond the upload: what lies farther is invention; SV_MOST_TAPS rests on this */

#define SV_SUMS(n) (((n) + 1) * ((n) + 16)) /* floats of the running evidence along all lines */
#define SV_LINES 32 /* lines kept an axis, the upload's own edges included */
#define SV_SPANS (SV_LINES * (SV_LINES - 1) / 2)
#define SV_REACH 4 /* lines on either side of an edge that its contrast is compared with */
#define SV_KNOTS 8 /* pieces of a line; an edge may run along any two or more neighbouring ones */


#if defined(__GNUC__)
#define SV_LANES SH_FLOATS(SH_WIDTH)
#define SV_LOAD(from) SH_LOAD(SH_WIDTH, from)
#define SV_STORE(to) SH_STORE(SH_WIDTH, to) /* not memcpy, which compilers call where they check its length at run time */
#define SV_ZERO ((SV_LANES){0})
#define SV_STEP SH_WIDTH
typedef double sv_double4 __attribute__((vector_size(32)));
typedef double sv_load_double4 __attribute__((vector_size(32), aligned(8), may_alias));
typedef int sv_store_int4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int64_t sv_long4 __attribute__((vector_size(32)));
#else /* one where the compiler knows no such types */
#define SV_LANES float
#define SV_LOAD(from) (*(from))
#define SV_STORE(to) (*(to))
#define SV_ZERO 0.0f
#define SV_STEP 1
#endif

static float sv_dct[64][16];

static inline void sv_fill_dct(void)
{
    for (int j = 0; j < 64; j++)
        for (int i = 0; i < 16; i++)
            sv_dct[j][i] = sh_folded_cosine(sh_pdq_cosines, i + 1, j);
}

#define SV_LARGEST 3.0e38f /* more than any coefficient */

/* For each byte of a digest, what the coefficients of its bits are at most if they are to be under the median: anything where a bit
 * is not set, nothing where it is. */
static float sv_mosts[256][8];

static inline void sv_fill_mosts(void)
{
    for (int byte = 0; byte < 256; byte++)
        for (int k = 0; k < 8; k++)
            sv_mosts[byte][k] = byte >> k & 1 ? -SV_LARGEST : SV_LARGEST;
}

/* Binary logarithms of 1 to 4096 in 65536ths, rounded; of nothing, nothing. */
static int32_t sv_logarithms[4097];

/* Digit by digit: squaring a number doubles its logarithm. */
static inline void sv_fill_logarithms(void)
{
    for (int n = 1; n <= 4096; n++) {
        int digits = 0;
        double power = 1.0;
        for (; 2.0 * power <= n; power *= 2.0)
            digits++;
        double rest = n / power;
        for (int digit = 0; digit < 17; digit++) {
            rest *= rest;
            digits = 2 * digits + (rest >= 2.0);
            rest = rest >= 2.0 ? rest / 2.0 : rest;
        }
        sv_logarithms[n] = (digits + 1) / 2;
    }
}

/* Entropy in bits of counts that come to 4096. */
static inline double sv_entropy(const int *counts, int n)
{
    int64_t used = 0;
    for (int i = 0; i < n; i++)
        used += (int64_t)counts[i] * sv_logarithms[counts[i]];
    return 12.0 - (double)used / (4096.0 * 65536.0);
}

/* Boxes that bring a side of `length` pixels, stored in samples of `step` pixels, to n samples. */
static inline void sv_fill_boxes(sv_box *boxes, int n, ptrdiff_t length, ptrdiff_t step)
{
    const ptrdiff_t n_samples = (length + step - 1) / step;
    for (int k = 0; k < n; k++) {
        const double a = (double)k * (double)length / n, b = (double)(k + 1) * (double)length / n;
        sv_box *box = boxes + k;
        box->first = (ptrdiff_t)(a / (double)step);
        box->last = (ptrdiff_t)ceil(b / (double)step) - 1;
        if (box->last > n_samples - 1)
            box->last = n_samples - 1;
        if (box->first > box->last)
            box->first = box->last;
        const double first_end = (double)((box->first + 1) * step), last_start = (double)(box->last * step);
        if (box->first == box->last) {
            box->first_weight = 1.0f;
            box->inner_weight = box->last_weight = 0.0f;
        } else {
            box->first_weight = (float)((first_end - a) / (b - a));
            box->inner_weight = (float)((double)step / (b - a));
            box->last_weight = (float)((b - last_start) / (b - a));
        }
    }
}

/* small[64][64] of one window, for its quality: bilinear at the tents' centres. */
static inline void sv_window_picture(float *small, const float *thumb, int n, const double *window)
{
    int at[2][64][2];
    float part[2][64];
    for (int axis = 0; axis < 2; axis++)
        for (int k = 0; k < 64; k++) {
            const double a = window[2 * axis], b = window[2 * axis + 1];
            const double centre = (a + (b - a) * (k + 0.5) / 64.0) * n - 0.5;
            const int j = (int)floor(centre);
            part[axis][k] = (float)(centre - j);
            at[axis][k][0] = j < 0 ? 0 : j > n - 1 ? n - 1 : j;
            at[axis][k][1] = j + 1 < 0 ? 0 : j + 1 > n - 1 ? n - 1 : j + 1;
        }
    for (int r = 0; r < 64; r++) {
        const float *up = thumb + (ptrdiff_t)n * at[0][r][0], *down = thumb + (ptrdiff_t)n * at[0][r][1];
        const float v = part[0][r];
        for (int c = 0; c < 64; c++) {
            const int left = at[1][c][0], right = at[1][c][1];
            const float h = part[1][c];
            const float top = up[left] + h * (up[right] - up[left]);
            const float bottom = down[left] + h * (down[right] - down[left]);
            small[64 * r + c] = top + v * (bottom - top);
        }
    }
}

/* Share of the 64 x 64 picture that differs from its right and lower neighbour by less than SV_FLAT_STEP. */
static inline float sv_flat_share(const float *small)
{
    int flat = 0;
    for (int r = 0; r < 63; r++)
        for (int c = 0; c < 63; c++) {
            const float here = small[64 * r + c];
            flat += fabsf(small[64 * r + c + 1] - here) < SV_FLAT_STEP &&
                    fabsf(small[64 * (r + 1) + c] - here) < SV_FLAT_STEP;
        }
    return (float)flat / (63.0f * 63.0f);
}

/* Share of the 64 x 64 picture that goes on like its neighbour along an axis, and is darker, or brighter, than both beside it
 * across: thin lines, or what lies between them. `along` and `across` are the strides of these. */
static inline float sv_share_on_lines(const float *small, int along, int across)
{
    int lines = 0;
    for (int r = 1; r < 63; r++)
        for (int c = 0; c < 63; c++) {
            const float *here = small + across * r + along * c;
            const float before = here[0] - here[-across], behind = here[0] - here[across];
            const int is_above = before >= SV_FLAT_STEP && behind >= SV_FLAT_STEP;
            const int is_below = before <= -SV_FLAT_STEP && behind <= -SV_FLAT_STEP;
            lines += (is_above || is_below) && fabsf(here[along] - here[0]) < SV_FLAT_STEP;
        }
    return (float)lines / (62.0f * 63.0f);
}

/* How much more of the 64 x 64 picture lies on lines along one axis than along the other. */
static inline float sv_lined(const float *small)
{
    return fabsf(sv_share_on_lines(small, 1, 64) - sv_share_on_lines(small, 64, 1));
}

/* A window's 64 x 64 nearest samples. Not the 64 x 64 picture: its tents mix greys at every edge, and a drawing is
 * full of edges. */
static inline void sv_nearest_samples(float *samples, const float *thumb, int n, const double *window)
{
    int col_of[64];
    for (int i = 0; i < 64; i++) {
        const double at = floor((window[2] + (window[3] - window[2]) * ((i + 0.5) / 64.0)) * n);
        col_of[i] = at < 0.0 ? 0 : at > n - 1 ? n - 1 : (int)at;
    }
    for (int i = 0; i < 64; i++) {
        const double at = floor((window[0] + (window[1] - window[0]) * ((i + 0.5) / 64.0)) * n);
        const float *row = thumb + (ptrdiff_t)n * (at < 0.0 ? 0 : at > n - 1 ? n - 1 : (int)at);
        for (int k = 0; k < 64; k++)
            samples[64 * i + k] = row[col_of[k]];
    }
}

/* Count the greys of 4096 samples in steps of a sixteenth of their standard deviation; return that deviation. */
static inline double sv_count_greys(int *counts, const float *samples)
{
    double sum = 0.0, squares = 0.0;
    memset(counts, 0, SV_GREYS * sizeof *counts);
    for (int i = 0; i < 4096; i++)
        sum += samples[i];
    const double mean = sum / 4096.0;
    for (int i = 0; i < 4096; i++) {
        const double beside = samples[i] - mean;
        squares += beside * beside;
    }
    const double deviation = sqrt(squares / 4096.0);
    const double steps = SV_GREY_STEPS / (deviation > SV_LEAST_CONTRAST ? deviation : SV_LEAST_CONTRAST);
    for (int i = 0; i < 4096; i++) {
        const int step = (int)(samples[i] * steps);
        counts[step < 0 ? 0 : step >= SV_GREYS ? SV_GREYS - 1 : step]++;
    }
    return deviation;
}

/* The sum of the four largest counts. */
static inline int sv_four_largest(const int *counts)
{
    int largest[5] = {0};
    for (int i = 0; i < SV_GREYS; i++) {
        int at = 4;
        largest[4] = counts[i];
        while (at > 0 && largest[at] > largest[at - 1]) {
            const int held = largest[at];
            largest[at] = largest[at - 1];
            largest[at - 1] = held;
            at--;
        }
    }
    return largest[0] + largest[1] + largest[2] + largest[3];
}

/* Share of the 256 coefficients under a fiftieth of their mean size. */
static inline float sv_faint_share(const float *coefficients)
{
    float mean = 0.0f;
    int faint = 0;
    for (int i = 0; i < 256; i++)
        mean += fabsf(coefficients[i]);
    mean /= 256.0f * SV_FAINT;
    for (int i = 0; i < 256; i++)
        faint += fabsf(coefficients[i]) <= mean;
    return (float)faint / 256.0f;
}

/* Whether the four corners are flat and of one grey. */
static inline int sv_plain_ground(const float *small)
{
    float lowest = 1e9f, highest = -1e9f;
    for (int corner = 0; corner < 4; corner++) {
        float low = 1e9f, high = -1e9f, sum = 0.0f;
        for (int r = 0; r < SV_CORNER; r++)
            for (int c = 0; c < SV_CORNER; c++) {
                const float v = small[64 * (corner & 2 ? 63 - r : r) + (corner & 1 ? 63 - c : c)];
                low = v < low ? v : low;
                high = v > high ? v : high;
                sum += v;
            }
        if (high - low > SV_CORNER_FLAT)
            return 0;
        sum /= SV_CORNER * SV_CORNER;
        lowest = sum < lowest ? sum : lowest;
        highest = sum > highest ? sum : highest;
    }
    return highest - lowest <= SV_CORNER_ALIKE;
}

/* A kernel of this file at the level that is being compiled, beside those of _kernels.h. */
#define SV_NAME(name) SH_NAME(SH_JOIN(views_, name))

#define SH_BODY "_views_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sv_kernels *sv_kernels_at(int level)
{
    return SH_AT_LEVEL(level, views_kernels);
}

/* ---- proposing windows: straight edges and the boxes they make ---- */

/* The `wanted` lines with most evidence along their best stretch, in `lines`, ascending, 0 and n included.
 * sums[n + 1][n + 16]: running evidence along each of the n + 1 lines, one column each. Returns how many. */
static inline int sv_pick_lines(int *lines, const float *sums, int n, int wanted)
{
    const int stride = n + 16;
    float best[SV_MAX_SIDE + 1];
    for (int line = 0; line <= n; line++)
        best[line] = -1e9f;
    for (int a = 0; a < SV_KNOTS - 1; a++)
        for (int b = a + 2; b <= SV_KNOTS; b++) {
            const float *restrict from = sums + a * n / SV_KNOTS * stride, *restrict to = sums + b * n / SV_KNOTS * stride;
            for (int line = 0; line <= n; line++) {
                const float found = to[line] - from[line];
                best[line] = found > best[line] ? found : best[line];
            }
        }
    int count = 0;
    lines[count++] = 0;
    for (int pick = 0; pick < wanted; pick++) {
        int at = -1;
        for (int line = SV_EDGE_ROOM; line <= n - SV_EDGE_ROOM; line++)
            if (best[line] > 0.0f && (at < 0 || best[line] > best[at]))
                at = line;
        if (at < 0)
            break;
        lines[count++] = at;
        best[at - 1] = best[at] = best[at + 1] = -1e9f;
    }
    lines[count++] = n;
    for (int i = 1; i < count; i++) /* insertion: a dozen lines */
        for (int j = i; j > 0 && lines[j] < lines[j - 1]; j--) {
            const int swap = lines[j];
            lines[j] = lines[j - 1];
            lines[j - 1] = swap;
        }
    return count;
}

/* Mean evidence of a line between two others; the upload's own edge is neither for nor against. */
static inline float sv_support(const float *sums, int n, int line, int from, int to)
{
    if (line == 0 || line == n)
        return SV_SIDE_OWN;
    const float mean = (sums[to * (n + 16) + line] - sums[from * (n + 16) + line]) / (float)(to - from);
    return mean < SV_SIDE_MOST ? mean : SV_SIDE_MOST;
}

/* Pairs of lines SV_LEAST_SPAN hundredths of the side apart: their positions in `lines`, where they are,
 * and that in fractions of the side. */
typedef struct {
    int n;
    int first[SV_SPANS], second[SV_SPANS];
    int ends[SV_SPANS][2];
    double edges[SV_SPANS][2];
} sv_spans;

static inline void sv_pair_lines(sv_spans *spans, const int *lines, int n_lines, int n)
{
    spans->n = 0;
    for (int i = 0; i < n_lines; i++)
        for (int j = i + 1; j < n_lines; j++)
            if (lines[j] - lines[i] >= n * SV_LEAST_SPAN / 100) {
                spans->first[spans->n] = i;
                spans->second[spans->n] = j;
                spans->ends[spans->n][0] = lines[i];
                spans->ends[spans->n][1] = lines[j];
                spans->edges[spans->n][0] = (double)lines[i] / n;
                spans->edges[spans->n++][1] = (double)lines[j] / n;
            }
}

/* Work space of sv_best_boxes. */
typedef struct {
    int rows[SV_LINES], cols[SV_LINES];
    sv_spans row_spans, col_spans;
    float across[SV_LINES][SV_SPANS]; /* evidence of each row line between the ends of each column span */
    float left[SV_SPANS], right[SV_SPANS], scores[SV_SPANS];
} sv_boxes;

/* The `wanted` best boxes of two row lines and two column lines, best first, that have the `least` evidence; of equals the
 * first. best[k] is row span times number of column spans plus column span. Returns how many there are. */
static inline int sv_best_boxes(sv_boxes *boxes, int *best, float *best_scores, int wanted, float least,
                                const sv_kernels *kernels, const float *row_sums, const float *col_sums, int n, int n_lines)
{
    const int n_rows = sv_pick_lines(boxes->rows, row_sums, n, n_lines);
    const int n_cols = sv_pick_lines(boxes->cols, col_sums, n, n_lines);
    sv_spans *down = &boxes->row_spans, *across = &boxes->col_spans;
    sv_pair_lines(down, boxes->rows, n_rows, n);
    sv_pair_lines(across, boxes->cols, n_cols, n);
    for (int i = 0; i < n_rows; i++)
        for (int j = 0; j < across->n; j++)
            boxes->across[i][j] = sv_support(row_sums, n, boxes->rows[i], across->ends[j][0], across->ends[j][1]);
    int count = 0;
    for (int i = 0; i < down->n; i++) {
        const int height = down->ends[i][1] - down->ends[i][0];
        float side[SV_LINES];
        for (int k = 0; k < n_cols; k++)
            side[k] = sv_support(col_sums, n, boxes->cols[k], down->ends[i][0], down->ends[i][1]);
        for (int j = 0; j < across->n; j++) {
            boxes->left[j] = side[across->first[j]];
            boxes->right[j] = side[across->second[j]];
        }
        const float enough = count < wanted || best_scores[count - 1] < least ? least : best_scores[count - 1];
        if (!kernels->score(boxes->scores, boxes->across[down->first[i]], boxes->across[down->second[i]], boxes->left,
                            boxes->right, across->n, enough))
            continue;
        for (int j = 0; j < across->n; j++) {
            const float score = boxes->scores[j];
            if (!(score >= least) || (count == wanted && !(score > best_scores[count - 1])))
                continue;
            /* Large enough, and not the whole of the upload. */
            const int width = across->ends[j][1] - across->ends[j][0];
            if (height * width * SV_LEAST_PART < n * n || (height == n && width == n))
                continue;
            int at = count < wanted ? count++ : count - 1;
            for (; at > 0 && score > best_scores[at - 1]; at--) {
                best_scores[at] = best_scores[at - 1];
                best[at] = best[at - 1];
            }
            best_scores[at] = score;
            best[at] = i * across->n + j;
        }
    }
    return count;
}

/* ---- refining a window toward one digest ---- */

/* Spans whose work is kept: most moves go from a span to one that was looked at before, above all back to where the window is. */
enum { SV_KEPT = 6 };
typedef struct {
    double at[SV_KEPT][2];
    int used[SV_KEPT]; /* when last; 0: never */
} sv_kept_spans;

/* The place of a span among those that are kept, `now` (1 or more, and rising) being when it is used; of another span the place of
 * the one that was used longest ago, which it takes: *is_new then. */
static inline int sv_place_of(sv_kept_spans *kept, double from, double to, int now, int *is_new)
{
    int place = 0;
    for (int i = 0; i < SV_KEPT; i++) {
        if (kept->used[i] && kept->at[i][0] == from && kept->at[i][1] == to) {
            kept->used[i] = now;
            *is_new = 0;
            return i;
        }
        place = kept->used[i] < kept->used[place] ? i : place;
    }
    kept->at[place][0] = from;
    kept->at[place][1] = to;
    kept->used[place] = now;
    *is_new = 1;
    return place;
}

/* Windows that were looked at, and how well each agrees: one in five comes again. */
enum { SV_KNOWN = 192, SV_KNOWN_PLACES = 256 };
typedef struct {
    int n;
    uint8_t number[SV_KNOWN_PLACES]; /* of a window, from 1 on, or 0 */
    double window[SV_KNOWN][4], agreement[SV_KNOWN];
} sv_known;

/* The place of a window among those that are known, or of nothing: where it is to stand. */
static inline int sv_known_place(const sv_known *known, const double *window)
{
    /* Any odd factors: the product's upper bits say where to look first. */
    static const uint64_t factors[4] = {0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93};
    uint64_t bits[4], sum = 0;
    memcpy(bits, window, sizeof bits);
    for (int i = 0; i < 4; i++)
        sum = (sum ^ bits[i]) * factors[i];
    int place = (int)(sum >> 56);
    while (known->number[place] && memcmp(known->window[known->number[place] - 1], window, sizeof bits) != 0)
        place = (place + 1) % SV_KNOWN_PLACES;
    return place;
}

typedef struct {
    const sv_kernels *kernels;
    const sh_kernels *pixel_kernels;
    const float *thumb; /* n x n */
    int n;
    const float *wanted; /* 256: +1 where the digest's bit is set, else -1 */
    const uint8_t *digest;
    double window[4];       /* y0, y1, x0, x1 */
    sv_known known;
    sv_kept_spans rows_of, cols_of; /* the spans that `rows` and `col_tents` were computed for */
    float *rows;                    /* SV_KEPT times n x 16 */
    sv_tents row_tents, col_tents[SV_KEPT];
    int n_evaluations;
    int best_distance;
    double best_window[4];
} sv_search;

/* Whether a span has samples enough, and is not mostly invention. */
static inline int sv_is_span(double a, double b)
{
    return b - a >= SV_LEAST_TAKEN && a >= -SV_FARTHEST_SPAN && b <= 1.0 + SV_FARTHEST_SPAN;
}

/* How well 256 coefficients agree with the digest: each bit counts with its coefficient's size, up to SV_CERTAIN of the
 * mean size. Smooth where the Hamming distance has steps, and blind to the bits that are noise. */
static inline double sv_weighed(const float *coefficients, const float *wanted)
{
    float mean = 0.0f;
    for (int i = 0; i < 256; i++)
        mean += fabsf(coefficients[i]);
    mean = mean / 256.0f * SV_CERTAIN;
    if (!(mean > 0.0f))
        return 0.0;
    float sum = 0.0f;
    for (int i = 0; i < 256; i++) {
        const float c = coefficients[i];
        sum += wanted[i] * (c > mean ? mean : c < -mean ? -mean : c);
    }
    return (double)(sum / mean) / 256.0;
}

/* How well a window agrees with the digest. */
static inline double sv_agreement(sv_search *s, const double *window)
{
    float coefficients[256];
    uint8_t digest[32];
    int is_new;
    s->n_evaluations++;
    sv_known *known = &s->known;
    const int place = sv_known_place(known, window);
    if (known->number[place])
        return known->agreement[known->number[place] - 1];
    const int row_place = sv_place_of(&s->rows_of, window[0], window[1], s->n_evaluations, &is_new);
    float *rows = s->rows + (ptrdiff_t)row_place * s->n * 16;
    if (is_new) {
        s->kernels->fill_tents(&s->row_tents, s->n, window[0], window[1]);
        s->kernels->rows_pass(rows, s->thumb, s->n, &s->row_tents, 0, s->n);
    }
    const int col_place = sv_place_of(&s->cols_of, window[2], window[3], s->n_evaluations, &is_new);
    if (is_new)
        s->kernels->fill_tents(&s->col_tents[col_place], s->n, window[2], window[3]);
    s->kernels->cols_pass(coefficients, rows, &s->col_tents[col_place]);
    s->pixel_kernels->bits(digest, coefficients);
    const int distance = sh_distance(digest, s->digest, 32, 256, 0);
    if (distance < s->best_distance) {
        s->best_distance = distance;
        memcpy(s->best_window, window, sizeof s->best_window);
    }
    const double agreement = sv_weighed(coefficients, s->wanted);
    if (known->n < SV_KNOWN) {
        memcpy(known->window[known->n], window, sizeof known->window[0]);
        known->agreement[known->n++] = agreement;
        known->number[place] = (uint8_t)known->n;
    }
    return agreement;
}

/* Move the window's edges to where it agrees best, in steps that halve from `step` down to `least`.
 * `room` bounds how far each edge may leave its start. */
static inline double sv_refine(sv_search *s, double step, double least, double room, int max_evaluations)
{
    /* one edge at a time, then shifts, then sizes */
    static const double moves[12][4] = {
        {-1, 0, 0, 0}, {1, 0, 0, 0}, {0, -1, 0, 0}, {0, 1, 0, 0}, {0, 0, -1, 0},  {0, 0, 1, 0},
        {0, 0, 0, -1}, {0, 0, 0, 1}, {1, 1, 0, 0},  {-1, -1, 0, 0}, {0, 0, 1, 1}, {0, 0, -1, -1},
    };
    double start[4];
    memcpy(start, s->window, sizeof start);
    double best = sv_agreement(s, s->window);
    while (step >= least && s->n_evaluations < max_evaluations) {
        int moved = 0;
        for (int m = 0; m < 12 && s->n_evaluations < max_evaluations; m++) {
            for (;;) {
                double trial[4];
                int inside = 1;
                for (int i = 0; i < 4; i++) {
                    trial[i] = s->window[i] + step * moves[m][i];
                    if (trial[i] < start[i] - room || trial[i] > start[i] + room)
                        inside = 0;
                }
                if (!inside || trial[1] - trial[0] < SV_NARROWEST || trial[3] - trial[2] < SV_NARROWEST ||
                    !sv_is_span(trial[0], trial[1]) || !sv_is_span(trial[2], trial[3]))
                    break;
                const double found = sv_agreement(s, trial);
                if (found <= best || s->n_evaluations >= max_evaluations)
                    break;
                best = found;
                memcpy(s->window, trial, sizeof trial);
                moved = 1;
            }
        }
        if (!moved)
            step *= 0.5;
    }
    return best;
}

#endif
