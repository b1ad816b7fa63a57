/* Which scans of a JPEG file are wanted, and these read one after the other. */
#ifndef SAFEHASH_JPEG_SCANS_H
#define SAFEHASH_JPEG_SCANS_H

#include "_jpeg_file.h"
#include "_jpeg_standard.h"
#include "_jpeg_steps.h"

/* More scans than this are left to others: encoders make 10, optimizers up to 20. Each passes over a block once at most. */
enum { SJ_MOST_SCANS = 32 };

/* ---- which scans are wanted ---- */

static uint64_t sj_places_of(const sj_scan *scan)
{
    return (~(uint64_t)0 << scan->from) & (~(uint64_t)0 >> (63 - scan->to));
}

static int sj_has(const sj_scan *scan, int component)
{
    for (int i = 0; i < scan->n; i++)
        if (scan->component[i] == component)
            return 1;
    return 0;
}

/* The places in zigzag order whose coefficients reach samples. */
static uint64_t sj_wanted_places(const sj_reader *r)
{
    return r->n_kept == 5 ? 0x17 : ~(uint64_t)0 >> (64 - r->n_kept);
}

/* For `fine`: scans that bring further bits of coefficients are passed over where these bits are at most so much of each, its
 * quantizer multiplied in. Reading them means reading all that earlier scans say of the same places. From a quality of 55 or
 * so on they are, with what encoders do; hashes then lie as near to those of all bits as without (docs/hashes.md). */
enum { SJ_FINE = 160 };

/* Look through all scans of a file, from the first one, whose header was read; note which are wanted. */
static int sj_look_ahead(sj_reader *r)
{
    sj_scan scans[SJ_MOST_SCANS];
    const sj_tables tables = r->tables;
    int8_t first_low[64]; /* of luma, the lowest bit that the first scan of each coefficient brings */
    int8_t low[3][64]; /* the lowest bit of each coefficient known so far; -1 for none */
    const sj_scan first = r->scan;
    const uint8_t *at = r->at;
    int n = 0, status;
    memset(low, -1, sizeof low);
    do {
        if (n == SJ_MOST_SCANS)
            return SJ_IRREGULAR;
        const sj_scan *scan = &r->scan;
        for (int i = 0; i < scan->n; i++) {
            int8_t *of = low[scan->component[i]];
            if (scan->from > 0 && of[0] < 0)
                return SJ_IRREGULAR;
            for (int k = scan->from; k <= scan->to; k++) {
                if (of[k] < 0 ? scan->high > 0 : of[k] == 0 || scan->high != of[k])
                    return SJ_IRREGULAR;
                if (scan->high == 0 && scan->component[i] == 0)
                    first_low[k] = (int8_t)scan->low;
                of[k] = (int8_t)scan->low;
            }
        }
        scans[n++] = *scan;
        if (!sj_has_tables(r) || !sj_pass_scan(r))
            return SJ_IRREGULAR;
        status = sj_next_scan(r);
    } while (status == SJ_MORE);
    if (status != SJ_DONE)
        return status;
    for (int c = 0; c < r->n_components; c++)
        for (int k = 0; k < 64; k++)
            if (low[c][k] != 0) /* decoders smooth such pictures */
                return SJ_IRREGULAR;
    const uint64_t places = sj_wanted_places(r);
    uint64_t refined = 0, coarse = 0;
    for (int k = 1; k < 64; k++)
        if (r->component[0].quantizer[k] * ((1 << first_low[k]) - 1) > r->fine)
            coarse |= (uint64_t)1 << k;
    for (int i = n - 1; i >= 0; i--) {
        const sj_scan *scan = &scans[i];
        const int is_further = scan->high > 0 && scan->from > 0;
        int wanted = sj_has(scan, 0) && (sj_places_of(scan) & ((is_further ? coarse & places : places) | refined)) != 0;
        if (wanted && is_further)
            refined |= sj_places_of(scan);
        if (r->chroma[0] != NULL && (scan->from == 0 || !sj_has(scan, 0))) {
            wanted = 1;
            if (is_further)
                r->has_history[scan->component[0]] = 1;
        }
        r->wanted |= (uint64_t)wanted << i;
    }
    r->has_history[0] = refined != 0;
    r->tables = tables;
    r->scan = first;
    r->at = at;
    return SJ_MORE;
}

/* ---- memory and tables ---- */

/* A reader of a file's bytes to `rows` x `cols` samples, which must be as many as its picture has; NULL for want of memory.
 * fine: SJ_FINE, or 0 to read all bits. */
static sj_reader *sj_new(const uint8_t *data, ptrdiff_t n_data, int step, int fine, uint8_t *luma, ptrdiff_t rows,
                         ptrdiff_t cols)
{
    sj_reader *r = (sj_reader *)calloc(1, sizeof *r);
    if (r != NULL) {
        r->data = data;
        r->end = r->stream.end = data + n_data;
        r->step = step;
        r->fine = step == 1 ? 0 : fine;
        r->luma = luma;
        r->luma_rows = rows;
        r->luma_cols = cols;
    }
    return r;
}

/* Have the means of the blocks of chroma's first (0) and second (1) component written, too: `rows` x `cols` of them, and as many
 * spreads. */
static void sj_want_chroma(sj_reader *r, int which, uint8_t *means, uint8_t *spreads, ptrdiff_t rows, ptrdiff_t cols)
{
    r->chroma[which] = means;
    r->spreads[which] = spreads;
    r->chroma_rows[which] = rows;
    r->chroma_cols[which] = cols;
}

/* Whether the picture has as much chroma as is asked for. */
static int sj_has_chroma(const sj_reader *r)
{
    for (int i = 0; i < 2; i++)
        if (r->chroma[i] != NULL && (r->n_components != 3 || r->chroma_rows[i] != r->component[1 + i].down ||
                                     r->chroma_cols[i] != r->component[1 + i].across))
            return 0;
    return 1;
}

/* Have what a screen shows written, too, where the file is read from its first to its last coefficient: the greys of red, green and
 * blue, of as many squares as there are samples of luma, and side x side pixels that are kept. 0 for want of memory. */
static int sj_want_shown(sj_reader *r, uint8_t *grey, uint8_t *kept, ptrdiff_t side)
{
    r->shown = (sj_shown *)calloc(1, sizeof *r->shown);
    if (r->shown == NULL)
        return 0;
    r->shown->grey = grey;
    r->shown->kept = kept;
    r->shown->side = side;
    return 1;
}

/* Whether the file is one whose chroma decoders draw between its samples as we do: one scan, and all of chroma, or half of it across,
 * or across and down, of more than two samples a row. */
static int sj_can_be_shown(const sj_reader *r)
{
    const sj_component *blue = &r->component[1], *red = &r->component[2];
    return !r->is_progressive && r->n_components == 3 && r->scan.n == 3 && r->chroma[0] != NULL && r->most_across <= 2 &&
           r->most_down <= r->most_across && blue->across_each == 1 && blue->down_each == 1 && red->across_each == 1 &&
           red->down_each == 1 && (r->cols + r->most_across - 1) / r->most_across > 2;
}

/* Take the memory for it; see sj_shown. */
static int sj_open_shown(sj_reader *r)
{
    sj_shown *shown = r->shown;
    const ptrdiff_t chroma = r->component[1].padded_across, luma = r->component[0].padded_across;
    if (!sj_can_be_shown(r))
        return SJ_IRREGULAR;
    for (int k = 0; k < 256; k++)
        shown->offset[k] = (k < SJ_WHOLE ? k : SJ_WHOLE) * chroma;
    for (ptrdiff_t i = 0; i < shown->side; i++)
        shown->at[i] = (int32_t)(i * r->cols / shown->side);
    for (int c = 0; c < 3; c++) {
        shown->pitch[c] = 8 * r->component[c].padded_across;
        shown->rows[c] = (uint8_t *)malloc((size_t)(2 * 8 * r->component[c].down_each * shown->pitch[c]));
        if (shown->rows[c] == NULL)
            return SJ_NO_MEMORY;
    }
    for (int i = 0; i < 2; i++) {
        shown->planes[i] = (int16_t *)calloc((size_t)((SJ_WHOLE + 1) * chroma), sizeof(int16_t));
        if (shown->planes[i] == NULL)
            return SJ_NO_MEMORY;
    }
    shown->lines = (uint8_t *)malloc((size_t)(5 * 8 * luma));
    shown->columns = (int16_t *)malloc((size_t)(64 * luma) * sizeof(int16_t));
    shown->sums = (uint16_t *)calloc((size_t)(8 * luma), sizeof(uint16_t));
    return shown->lines == NULL || shown->columns == NULL || shown->sums == NULL ? SJ_NO_MEMORY : SJ_MORE;
}

static void sj_free_shown(sj_shown *shown)
{
    if (shown == NULL)
        return;
    for (int c = 0; c < 3; c++)
        free(shown->rows[c]);
    for (int i = 0; i < 2; i++)
        free(shown->planes[i]);
    free(shown->lines);
    free(shown->columns);
    free(shown->sums);
    free(shown);
}

static void sj_free(sj_reader *r)
{
    sj_free_shown(r->shown);
    for (int i = 0; i < 3; i++) {
        free(r->component[i].means);
        free(r->component[i].squares);
        free(r->component[i].history);
        free(r->own_dc[i]);
        free(r->own_ac[i]);
    }
    free(r->kept);
    free(r->samples);
    free(r->stream.window);
    free(r);
}

/* Read a file's header, decide what of it is wanted, take the memory for that. */
static int sj_open(sj_reader *r)
{
    if (r->end - r->data < 4 || r->data[0] != 0xFF || r->data[1] != SJ_SOI)
        return SJ_IRREGULAR;
    r->at = r->data + 2;
    int status = sj_next_scan(r);
    if (status != SJ_MORE)
        return SJ_IRREGULAR;
    if (sj_has_other_colours(r) || !sj_has_chroma(r) || r->luma_rows != (r->rows + r->step - 1) / r->step || r->luma_cols != (r->cols + r->step - 1) / r->step)
        return SJ_IRREGULAR;
    r->n_used = r->step == 8 ? 1 : r->step == 4 ? 5 : r->step == 2 ? SJ_KEPT_OF_HALF : SJ_WHOLE;
    r->n_kept = r->shown != NULL ? SJ_WHOLE : r->n_used;
    r->has_one_scan = !r->is_progressive && r->scan.n == r->n_components;
    r->wanted = 1;
    if (!r->has_one_scan) {
        r->wanted = 0;
        status = sj_look_ahead(r);
        if (status != SJ_MORE)
            return status;
    }
    const sj_component *luma = &r->component[0];
    r->kept_across = luma->padded_across;
    r->kept_down = r->is_progressive ? luma->padded_down : luma->down_each;
    const ptrdiff_t plane = r->kept_across * r->kept_down;
    const int n_planes = r->n_kept == 1 ? 1 : r->n_kept + 1;
    for (int k = 0; k < 256; k++)
        r->offset[k] = (k < r->n_kept ? k : n_planes - 1) * plane;
    if (r->n_kept == 5)
        r->offset[3] = r->offset[5];
    r->kept = (int16_t *)calloc((size_t)(n_planes * plane), sizeof(int16_t));
    r->samples = (int16_t *)malloc((size_t)((r->n_kept == SJ_WHOLE ? 68 : 22) * r->kept_across) * sizeof(int16_t));
    r->stream.window = (uint8_t *)calloc(SJ_WINDOW + SJ_MARGIN, 1);
    if (r->kept == NULL || r->samples == NULL || r->stream.window == NULL)
        return SJ_NO_MEMORY;
    for (int c = 0; c < r->n_components; c++) {
        sj_component *component = &r->component[c];
        const size_t n_blocks = (size_t)(component->padded_across * component->padded_down);
        if (r->has_history[c]) {
            component->history = (uint64_t *)calloc(n_blocks, sizeof(uint64_t));
            if (component->history == NULL)
                return SJ_NO_MEMORY;
        }
        if (c == 0)
            continue;
        component->means = (int16_t *)calloc(n_blocks, sizeof(int16_t));
        component->squares = (uint16_t *)calloc(n_blocks, sizeof(uint16_t));
        if (component->means == NULL || component->squares == NULL)
            return SJ_NO_MEMORY;
    }
    return r->shown == NULL ? SJ_MORE : sj_open_shown(r);
}

static int sj_same_code(const sj_code *one, const sj_code *two) { return memcmp(one, two, sizeof *one) == 0; }

/* Have the look-ups of one component of a scan. */
static int sj_take_tables(sj_reader *r, int i)
{
    const sj_scan *scan = &r->scan;
    const int c = scan->component[i], has_dc = sj_has_first_mean(scan), has_ac = sj_has_others(scan);
    const sj_code *dc = &r->tables.codes[0][scan->dc[i]], *ac = &r->tables.codes[1][scan->ac[i]];
    for (int j = 0; j < 2 && has_dc && has_ac; j++)
        if (sj_same_code(dc, &sj_standard[0][j]) && sj_same_code(ac, &sj_standard[1][j])) {
            r->dc[c] = &sj_standard_dc[j];
            r->ac[c] = &sj_standard_ac[j];
            return SJ_MORE;
        }
    for (int j = 1; j < i && c > 0 && has_dc; j++) /* chroma's second component mostly has the tables of the first */
        if (scan->dc[i] == scan->dc[j] && scan->ac[i] == scan->ac[j] && scan->component[j] > 0) {
            r->dc[c] = r->dc[scan->component[j]];
            r->ac[c] = r->ac[scan->component[j]];
            return SJ_MORE;
        }
    if (r->own_dc[c] == NULL && has_dc)
        r->own_dc[c] = (sj_dc *)malloc(sizeof(sj_dc));
    if (r->own_ac[c] == NULL && has_ac)
        r->own_ac[c] = (sj_ac *)malloc(sizeof(sj_ac));
    sj_dc *own_dc = r->own_dc[c];
    sj_ac *own_ac = r->own_ac[c];
    if ((has_dc && own_dc == NULL) || (has_ac && own_ac == NULL))
        return SJ_NO_MEMORY;
    const int has_values = (c == 0 && r->n_kept > 1) || r->shown != NULL, has_means = c > 0 || r->n_kept == 1;
    if (has_ac) {
        sj_fill_symbols(&own_ac->symbols, ac);
        if (!r->is_progressive)
            sj_fill_levels(own_ac, ac);
        if (has_values && scan->high == 0)
            sj_fill_few(own_ac);
    }
    if (has_dc) {
        sj_fill_symbols(&own_dc->symbols, dc);
        if (has_values && has_ac)
            sj_fill_heads(own_dc, own_ac);
        if (has_means || !(has_values && has_ac))
            sj_fill_joint(own_dc, dc, has_ac ? own_ac : NULL);
    }
    r->dc[c] = own_dc;
    r->ac[c] = own_ac;
    return SJ_MORE;
}

/* ---- scans ---- */

static int sj_begin_scan(sj_reader *r)
{
    const sj_scan *scan = &r->scan;
    if (!sj_has_tables(r))
        return SJ_IRREGULAR;
    for (int i = 0; i < scan->n; i++) {
        const int status = sj_take_tables(r, i);
        if (status != SJ_MORE)
            return status;
    }
    const sj_component *first = &r->component[scan->component[0]];
    r->unit_row = 0;
    r->unit_rows = scan->n == 1 ? first->down : first->padded_down / first->down_each;
    r->units_across = scan->n == 1 ? first->across : first->padded_across / first->across_each;
    r->restarts_in = r->tables.restart_interval;
    r->next_restart = 0;
    r->end_run = 0;
    memset(r->mean, 0, sizeof r->mean);
    sj_start(&r->stream, r->at);
    r->is_in_scan = 1;
    return SJ_MORE;
}

/* One row of the scan's MCUs, and of samples where they are complete. */
static int sj_do_row(sj_reader *r, const sj_kernels *kernels)
{
    const sj_scan *scan = &r->scan;
    if (r->is_progressive && scan->from == 0)
        return kernels->means_row(r);
    if (r->is_progressive && scan->component[0] > 0)
        return scan->high == 0 ? kernels->squares_row(r) : kernels->refined_squares_row(r);
    if (r->is_progressive)
        return scan->high == 0 ? kernels->first_row(r) : kernels->refined_row(r);
    const int has_luma = scan->component[0] == 0, n_rows = scan->n == 1 ? 1 : r->component[0].down_each;
    const ptrdiff_t n_blocks = r->kept_across * r->kept_down;
    if (has_luma && r->n_kept > 1)
        for (int k = 1; k < r->n_kept; k++)
            memset(r->kept + r->offset[k], 0, (size_t)n_blocks * sizeof(int16_t));
    for (int i = 0; i < 2 && r->shown != NULL; i++)
        memset(r->shown->planes[i], 0, (size_t)(SJ_WHOLE * r->component[1 + i].padded_across) * sizeof(int16_t));
    int status = kernels->sequential_row(r);
    for (int i = 0; i < n_rows && has_luma && status == SJ_MORE; i++)
        if (r->unit_row * n_rows + i < r->component[0].down)
            status = kernels->samples_of_row(r, r->kept + i * r->kept_across, r->unit_row * n_rows + i);
    return r->shown != NULL && status == SJ_MORE ? kernels->shown_rows(r) : status;
}

/* Read on for about so many blocks: SJ_MORE while there are more; SJ_DONE once all samples are written. */
static int sj_advance(sj_reader *r, const sj_kernels *kernels, ptrdiff_t n_blocks)
{
    int status;
    while (!r->is_read && n_blocks > 0) {
        if (!r->is_in_scan) {
            if (!(r->wanted & 1)) {
                if (!sj_pass_scan(r))
                    return SJ_IRREGULAR;
            } else {
                status = sj_begin_scan(r);
                if (status != SJ_MORE)
                    return status;
            }
        } else if (r->unit_row < r->unit_rows) {
            status = sj_do_row(r, kernels);
            if (status != SJ_MORE)
                return status;
            r->unit_row++;
            n_blocks -= r->units_across * (r->scan.n == 1 ? 1 : r->most_across * r->most_down) + 1;
            continue;
        } else {
            if (!sj_is_done(&r->stream))
                return SJ_IRREGULAR;
            r->at = r->stream.source;
            r->is_in_scan = 0;
        }
        if (r->is_in_scan)
            continue;
        r->wanted >>= 1;
        r->is_read = r->wanted == 0;
        if (!r->is_read || r->has_one_scan) {
            status = sj_next_scan(r);
            if (status != (r->has_one_scan ? SJ_DONE : SJ_MORE))
                return SJ_IRREGULAR;
        }
    }
    if (!r->is_read)
        return SJ_MORE;
    for (ptrdiff_t row = 0; r->is_progressive && row < r->component[0].down; row++)
        if (kernels->samples_of_row(r, r->kept + row * r->kept_across, row) != SJ_MORE)
            return SJ_IRREGULAR;
    return kernels->chroma_to_samples(r);
}

/* The kernels of a level that this machine has. */
static inline const sj_kernels *sj_kernels_at(int level) { return SH_AT_LEVEL(level, jpeg_kernels); }

#endif
