/* pHash: grey, Lanczos to a small square, the lowest coefficients of its DCT, one bit each (docs/hashes.md, "pHash"). */
#ifndef SAFEHASH_PHASH_H
#define SAFEHASH_PHASH_H

#include "_kernels.h"
#include "_phash_dct.h"
#include "_picture.h"

#define SH_GATHER 16 /* columns read at once where the columns go first: one cache line of grey */

/* Working rows of one picture. */
typedef struct {
    uint8_t *middle; /* one pass done: side samples of each line */
    uint8_t *grey;   /* a line, or SH_GATHER of them where columns go first */
    int16_t *wide;
} sh_phash_work;

/* Whether the reference resizes this picture's columns before its rows. */
static inline int sh_cols_first(const sh_picture *picture, int side)
{
    return picture->n_rows > side && picture->n_rows - side > 2 * (picture->n_cols - side);
}

static inline void sh_free_phash_work(sh_phash_work *work)
{
    free(work->middle);
    free(work->grey);
    free(work->wide);
}

/* 0 where there is no memory, and then sh_free_phash_work has to be called all the same. */
static inline int sh_take_phash_work(sh_phash_work *work, const sh_picture *picture, const sh_resampler *across,
                                     const sh_resampler *down)
{
    const int side = across->n_out, cols_first = sh_cols_first(picture, side);
    const ptrdiff_t line = cols_first ? picture->n_rows : picture->n_cols;
    const ptrdiff_t n_lines = cols_first ? picture->n_cols : picture->n_rows;
    const ptrdiff_t padding = across->taps16 > down->taps16 ? across->taps16 : down->taps16;
    work->middle = (uint8_t *)malloc((size_t)(n_lines * side));
    work->grey = (uint8_t *)malloc((size_t)(line * (cols_first ? SH_GATHER : 1)));
    /* A window's padded taps may read past the line, with weight 0. */
    work->wide = (int16_t *)calloc((size_t)(line + padding), sizeof(int16_t));
    return work->middle != NULL && work->grey != NULL && work->wide != NULL;
}

static inline void sh_resample_line(uint8_t *out, int16_t *wide, const uint8_t *line, ptrdiff_t n,
                                    const sh_resampler *across, const sh_kernels *kernels)
{
    if (n == across->n_out) {
        memcpy(out, line, (size_t)n);
        return;
    }
    kernels->widen(wide, line, n);
    kernels->resample_row(out, wide, across);
}

/* The side x side grey picture: along the rows first, each pass rounded to 8 bits. */
static inline void sh_shrink_rows_first(uint8_t *out, const sh_picture *picture, const sh_resampler *across,
                                        const sh_resampler *down, sh_phash_work *work, const sh_kernels *kernels)
{
    const int side = across->n_out;
    for (ptrdiff_t row = 0; row < picture->n_rows; row++) {
        const uint8_t *source = picture->data + row * picture->row_stride;
        if (picture->channels > 1) {
            kernels->grey_of_row(work->grey, source, picture->apart, picture->n_cols);
            source = work->grey;
        }
        sh_resample_line(work->middle + row * side, work->wide, source, picture->n_cols, across, kernels);
    }
    if (picture->n_rows == side)
        memcpy(out, work->middle, (size_t)(side * side));
    else
        kernels->resample_cols(out, work->middle, side, down);
}

/* The same, along the columns first. */
static inline void sh_shrink_cols_first(uint8_t *out, const sh_picture *picture, const sh_resampler *across,
                                        const sh_resampler *down, sh_phash_work *work, const sh_kernels *kernels)
{
    const int side = across->n_out;
    const ptrdiff_t n_rows = picture->n_rows, n_cols = picture->n_cols;
    uint8_t turned[SH_MAX_SIDE * SH_MAX_SIDE], cells[SH_GATHER];
    for (ptrdiff_t col = 0; col < n_cols; col += SH_GATHER) {
        const ptrdiff_t width = n_cols - col < SH_GATHER ? n_cols - col : SH_GATHER;
        for (ptrdiff_t row = 0; row < n_rows; row++) {
            const uint8_t *source = picture->data + row * picture->row_stride + col * picture->apart;
            if (picture->channels > 1) {
                kernels->grey_of_row(cells, source, picture->apart, width);
                source = cells;
            }
            for (ptrdiff_t i = 0; i < width; i++)
                work->grey[i * n_rows + row] = source[i];
        }
        for (ptrdiff_t i = 0; i < width; i++)
            sh_resample_line(work->middle + (col + i) * side, work->wide, work->grey + i * n_rows, n_rows, down,
                             kernels);
    }
    if (n_cols == side)
        memcpy(turned, work->middle, (size_t)(side * side));
    else
        kernels->resample_cols(turned, work->middle, side, across);
    for (int row = 0; row < side; row++)
        for (int i = 0; i < side; i++)
            out[row * side + i] = turned[i * side + row];
}

static inline void sh_shrink(uint8_t *out, const sh_picture *picture, const sh_resampler *across,
                             const sh_resampler *down, sh_phash_work *work, const sh_kernels *kernels)
{
    if (sh_cols_first(picture, across->n_out))
        sh_shrink_cols_first(out, picture, across, down, work, kernels);
    else
        sh_shrink_rows_first(out, picture, across, down, work, kernels);
}

static int sh_compare_doubles(const void *one, const void *two)
{
    const double a = *(const double *)one, b = *(const double *)two;
    return (a > b) - (a < b);
}

/* The digest, most significant bit first: which coefficients exceed the median, the mean of the two middle ones. */
static inline void sh_phash_bits(uint8_t *digest, const double *spectrum, int keep)
{
    const int n = keep * keep;
    double sorted[256];
    memcpy(sorted, spectrum, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, sh_compare_doubles);
    const double median = (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0;
    memset(digest, 0, (size_t)n / 8);
    for (int i = 0; i < n; i++)
        digest[i / 8] = (uint8_t)(digest[i / 8] | (spectrum[i] > median) << (7 - i % 8));
}

#endif
