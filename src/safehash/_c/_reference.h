/* PDQ with the rounding of the tool that made the lists: four float32 passes over all pixels, as the paper writes them.
 *
 * The kernels of _kernels.h sum integers, exactly, and are many times faster. Both give the same bits unless
 * coefficients lie closer to each other than the reference's rounding; on flat, striped, checked and symmetric pictures
 * many do, and their bits are nothing but rounding. This meets the reference to the bit there, too, and owes the kernels
 * nothing.
 *
 * The passes run over a picture once, eight rows at a time: running sums along rows, running sums down columns, and both
 * once more where the 64 x 64 picture is read.
 */
#ifndef SAFEHASH_REFERENCE_H
#define SAFEHASH_REFERENCE_H

#include "_kernels.h"

#define SR_ROWS 8 /* rows that are summed side by side */

/* A picture as it is seen: turned and mirrored by its strides. */
typedef struct {
    const uint8_t *first; /* the upper left pixel */
    ptrdiff_t row_step, col_step, rows, cols;
    int channels; /* 1: grey, else red, green and blue come first */
} sr_view;

/* A box filter of one side: averages over a window that is cut at both ends with a shrinking divisor. */
typedef struct {
    ptrdiff_t n, window, half;
} sr_box;

static inline sr_box sr_box_of(ptrdiff_t n)
{
    const ptrdiff_t window = (n + 127) / 128;
    const sr_box box = {n, window, (window + 2) / 2};
    return box;
}

/* A box filter down columns, fed row by row: running sums of `width` columns. */
typedef struct {
    sr_box box;
    ptrdiff_t width, n_in, n_out;
    float *totals; /* width */
    float *ring;   /* the last `window` rows */
} sr_down;

/* Working memory of one picture. */
typedef struct {
    sr_down first, second;
    float *one, *other; /* cols x SR_ROWS: a block of rows, transposed */
    float *lines;       /* SR_ROWS x cols: what leaves the first pass down */
    float *memory;      /* all of the above */
    double luma[3][256]; /* what each value of red, green and blue brings to it */
} sr_work;

static inline float *sr_take_down(sr_down *down, ptrdiff_t n, ptrdiff_t width, float *memory)
{
    down->box = sr_box_of(n);
    down->width = width;
    down->n_in = down->n_out = 0;
    down->totals = memory;
    down->ring = memory + width;
    return down->ring + down->box.window * width;
}

/* 0 where there is no memory. */
static inline int sr_take_work(sr_work *work, ptrdiff_t rows, ptrdiff_t cols)
{
    const ptrdiff_t window = (rows + 127) / 128;
    const ptrdiff_t n_floats = (1 + window) * (cols + 64) + 3 * SR_ROWS * cols;
    work->memory = (float *)calloc((size_t)n_floats, sizeof(float));
    if (work->memory == NULL)
        return 0;
    float *rest = sr_take_down(&work->first, rows, cols, work->memory);
    rest = sr_take_down(&work->second, rows, 64, rest);
    work->one = rest;
    work->other = rest + SR_ROWS * cols;
    work->lines = work->other + SR_ROWS * cols;
    for (int value = 0; value < 256; value++) {
        work->luma[0][value] = 0.299 * value;
        work->luma[1][value] = 0.587 * value;
        work->luma[2][value] = 0.114 * value;
    }
    return 1;
}

static inline void sr_free_work(sr_work *work) { free(work->memory); }

/* Take in one row and give out one, into `out`, or none yet (0). A row of NULL is one below the last. */
static inline int sr_push(sr_down *down, float *restrict out, const float *restrict row)
{
    const ptrdiff_t window = down->box.window, n = down->width, at = down->n_in++;
    float *restrict totals = down->totals, *restrict kept = down->ring + at % window * n;
    if (row != NULL && at < window) {
        for (ptrdiff_t c = 0; c < n; c++)
            totals[c] += row[c];
    } else if (row != NULL) {
        for (ptrdiff_t c = 0; c < n; c++) {
            totals[c] += row[c];
            totals[c] -= kept[c];
        }
    } else {
        for (ptrdiff_t c = 0; c < n; c++)
            totals[c] -= kept[c];
    }
    if (row != NULL)
        memcpy(kept, row, (size_t)n * sizeof *row);
    if (at + 1 < down->box.half)
        return 0;
    const ptrdiff_t below = at - down->box.n + 1; /* rows below the last that this window would have */
    const float count = (float)(at < window ? at + 1 : below > 0 ? window - below : window);
    for (ptrdiff_t c = 0; c < n; c++)
        out[c] = totals[c] / count;
    down->n_out++;
    return 1;
}

/* One step of SR_ROWS running sums along rows: a sample enters, one leaves (either may be NULL), the mean comes out. */
#if defined(__GNUC__)
typedef struct {
    sh_float4 low, high;
} sr_sums;
SH_INLINE void sr_step(sr_sums *totals, float *out, const float *enters, const float *leaves, float count)
{
    if (enters != NULL) {
        totals->low += SH_LOAD(4, enters);
        totals->high += SH_LOAD(4, enters + 4);
    }
    if (leaves != NULL) {
        totals->low -= SH_LOAD(4, leaves);
        totals->high -= SH_LOAD(4, leaves + 4);
    }
    if (out != NULL) {
        SH_STORE(4, out) = totals->low / count;
        SH_STORE(4, out + 4) = totals->high / count;
    }
}
#else
typedef struct {
    float each[SR_ROWS];
} sr_sums;
SH_INLINE void sr_step(sr_sums *totals, float *out, const float *enters, const float *leaves, float count)
{
    for (int lane = 0; lane < SR_ROWS; lane++) {
        if (enters != NULL)
            totals->each[lane] += enters[lane];
        if (leaves != NULL)
            totals->each[lane] -= leaves[lane];
        if (out != NULL)
            out[lane] = totals->each[lane] / count;
    }
}
#endif

/* SR_ROWS rows of the box filter, transposed as they are: out and samples are n x SR_ROWS. */
static inline void sr_along(float *restrict out, const float *restrict samples, sr_box box)
{
    sr_sums totals;
    const ptrdiff_t window = box.window;
    ptrdiff_t enters = 0, leaves = 0;
    memset(&totals, 0, sizeof totals);
    for (; enters < box.half - 1; enters++)
        sr_step(&totals, NULL, samples + SR_ROWS * enters, NULL, 1.0f);
    for (; enters < window; enters++, out += SR_ROWS)
        sr_step(&totals, out, samples + SR_ROWS * enters, NULL, (float)(enters + 1));
    for (; enters < box.n; enters++, leaves++, out += SR_ROWS)
        sr_step(&totals, out, samples + SR_ROWS * enters, samples + SR_ROWS * leaves, (float)window);
    for (ptrdiff_t count = window - 1; leaves < box.n - window + box.half - 1; leaves++, count--, out += SR_ROWS)
        sr_step(&totals, out, NULL, samples + SR_ROWS * leaves, (float)count);
}

/* Take in one row of the 64 columns, or NULL for one below the last; keep what comes out where the small picture has it. */
static inline void sr_push_small(float *small, sr_down *down, const float *row)
{
    float done[64];
    if (!sr_push(down, done, row))
        return;
    for (int i = 0; i < 64; i++)
        if ((2 * i + 1) * down->box.n / 128 == down->n_out - 1)
            memcpy(small + 64 * i, done, sizeof done);
}

/* The luma of up to SR_ROWS rows, transposed: work->one[SR_ROWS c + lane]. */
static inline void sr_luma(sr_work *work, const sr_view *view, ptrdiff_t row, int n_rows)
{
    const double(*restrict luma)[256] = work->luma;
    const uint8_t *pixels = view->first + row * view->row_step;
    float *restrict out = work->one;
    for (ptrdiff_t c = 0; c < view->cols; c++, pixels += view->col_step, out += SR_ROWS) {
        const uint8_t *pixel = pixels;
        if (view->channels == 1)
            for (int lane = 0; lane < n_rows; lane++, pixel += view->row_step)
                out[lane] = (float)pixel[0];
        else
            for (int lane = 0; lane < n_rows; lane++, pixel += view->row_step)
                out[lane] = (float)(luma[0][pixel[0]] + luma[1][pixel[1]] + luma[2][pixel[2]]);
    }
}

/* Lines that left the first pass down, up to SR_ROWS of them: along the rows once more, then, in the columns that the
 * small picture reads, down once more. */
static inline void sr_finish(float *small, sr_work *work, const sr_view *view, int n_lines)
{
    const ptrdiff_t cols = view->cols;
    float line[64];
    for (int lane = 0; lane < n_lines; lane++)
        for (ptrdiff_t c = 0; c < cols; c++)
            work->one[SR_ROWS * c + lane] = work->lines[lane * cols + c];
    sr_along(work->other, work->one, sr_box_of(cols));
    for (int lane = 0; lane < n_lines; lane++) {
        for (int j = 0; j < 64; j++)
            line[j] = work->other[SR_ROWS * ((2 * j + 1) * cols / 128) + lane];
        sr_push_small(small, &work->second, line);
    }
}

/* The 64 x 64 picture that the reference's DCT sees. */
static inline void sr_small_picture(float *small, sr_work *work, const sr_view *view)
{
    const ptrdiff_t rows = view->rows, cols = view->cols;
    float *line = work->one; /* free once its rows are summed along */
    for (ptrdiff_t row = 0; row < rows; row += SR_ROWS) {
        const int n_rows = (int)(rows - row < SR_ROWS ? rows - row : SR_ROWS);
        int n_lines = 0;
        sr_luma(work, view, row, n_rows);
        if (rows == 64 && cols == 64) { /* taken as it is */
            for (int lane = 0; lane < SR_ROWS; lane++)
                for (int c = 0; c < 64; c++)
                    small[64 * (row + lane) + c] = work->one[SR_ROWS * c + lane];
            continue;
        }
        sr_along(work->other, work->one, sr_box_of(cols));
        for (int lane = 0; lane < n_rows; lane++) {
            for (ptrdiff_t c = 0; c < cols; c++)
                line[c] = work->other[SR_ROWS * c + lane];
            n_lines += sr_push(&work->first, work->lines + n_lines * cols, line);
        }
        sr_finish(small, work, view, n_lines);
    }
    if (rows == 64 && cols == 64)
        return;
    for (ptrdiff_t below = work->first.box.half - 1; below > 0; below -= SR_ROWS) {
        const int n_lines = (int)(below < SR_ROWS ? below : SR_ROWS);
        for (int lane = 0; lane < n_lines; lane++)
            sr_push(&work->first, work->lines + lane * cols, NULL);
        sr_finish(small, work, view, n_lines);
    }
    for (ptrdiff_t below = 1; below < work->second.box.half; below++)
        sr_push_small(small, &work->second, NULL);
}

/* coefficients[16][16] of the 64 x 64 picture, every sum from its first term to its last. */
static inline void sr_dct(float *restrict coefficients, const float *restrict small)
{
    float basis[64][16], half[16][64];
    for (int j = 0; j < 64; j++)
        for (int i = 0; i < 16; i++)
            basis[j][i] = sh_folded_cosine(sh_reference_cosines, i + 1, j);
    for (int i = 0; i < 16; i++) {
        for (int c = 0; c < 64; c++)
            half[i][c] = 0.0f;
        for (int k = 0; k < 64; k++)
            for (int c = 0; c < 64; c++)
                half[i][c] += basis[k][i] * small[64 * k + c];
    }
    for (int i = 0; i < 16; i++) {
        float *restrict sums = coefficients + 16 * i;
        for (int j = 0; j < 16; j++)
            sums[j] = 0.0f;
        for (int k = 0; k < 64; k++)
            for (int j = 0; j < 16; j++)
                sums[j] += half[i][k] * basis[k][j];
    }
}

#endif
