/* The segments of a JPEG file, as far as its picture is made of them. */
#ifndef SAFEHASH_JPEG_FILE_H
#define SAFEHASH_JPEG_FILE_H

#include "_jpeg_state.h"

/* Blocks of an MCU at most. */
enum { SJ_MOST_BLOCKS = 10 };
enum { SJ_SOF0 = 0xC0, SJ_SOF1 = 0xC1, SJ_SOF2 = 0xC2, SJ_DHT = 0xC4, SJ_SOI = 0xD8, SJ_EOI = 0xD9, SJ_SOS = 0xDA,
       SJ_DQT = 0xDB, SJ_DRI = 0xDD, SJ_APP0 = 0xE0, SJ_APP14 = 0xEE, SJ_APP15 = 0xEF, SJ_COM = 0xFE };
/* What Adobe's segment says of three components that are luma and chroma. */
enum { SJ_YCC = 1 };

SH_INLINE int sj_number(const uint8_t *at) { return at[0] << 8 | at[1]; }

static int sj_read_frame(sj_reader *r, int marker, const uint8_t *body, ptrdiff_t n)
{
    if (r->n_components || n < 6 || body[0] != 8 || (body[5] != 1 && body[5] != 3) || n != 6 + 3 * body[5])
        return 0;
    r->is_progressive = marker == SJ_SOF2;
    r->rows = sj_number(body + 1);
    r->cols = sj_number(body + 3);
    if (r->rows == 0 || r->cols == 0)
        return 0;
    r->most_across = r->most_down = 1;
    for (int i = 0; i < body[5]; i++) {
        sj_component *component = &r->component[i];
        component->number = body[6 + 3 * i];
        component->across_each = body[7 + 3 * i] >> 4;
        component->down_each = body[7 + 3 * i] & 15;
        component->table = body[8 + 3 * i];
        if (component->across_each < 1 || component->across_each > 4 || component->down_each < 1 ||
            component->down_each > 4 || component->table > 3)
            return 0;
        for (int j = 0; j < i; j++)
            if (r->component[j].number == component->number)
                return 0;
        if (body[5] == 1) /* whatever it says */
            component->across_each = component->down_each = 1;
        if (component->across_each > r->most_across)
            r->most_across = component->across_each;
        if (component->down_each > r->most_down)
            r->most_down = component->down_each;
    }
    /* Luma that is sampled more coarsely than chroma would have to be enlarged. */
    if (r->component[0].across_each != r->most_across || r->component[0].down_each != r->most_down)
        return 0;
    r->n_components = body[5];
    const ptrdiff_t unit_cols = 8 * r->most_across, unit_rows = 8 * r->most_down;
    for (int i = 0; i < r->n_components; i++) {
        sj_component *component = &r->component[i];
        component->across = (r->cols * component->across_each + unit_cols - 1) / unit_cols;
        component->down = (r->rows * component->down_each + unit_rows - 1) / unit_rows;
        component->padded_across = (r->cols + unit_cols - 1) / unit_cols * component->across_each;
        component->padded_down = (r->rows + unit_rows - 1) / unit_rows * component->down_each;
    }
    return 1;
}

static int sj_read_quantizers(sj_reader *r, const uint8_t *body, ptrdiff_t n)
{
    while (n > 0) {
        const int wide = body[0] >> 4, which = body[0] & 15, n_bytes = wide ? 129 : 65;
        if (wide > 1 || which > 3 || n < n_bytes)
            return 0;
        for (int k = 0; k < 64; k++) {
            const int value = wide ? sj_number(body + 1 + 2 * k) : body[1 + k];
            if (value == 0 || value > 255)
                return 0;
            r->tables.quantizers[which][k] = (uint16_t)value;
        }
        r->tables.has_quantizer[which] = 1;
        body += n_bytes;
        n -= n_bytes;
    }
    return 1;
}

static int sj_read_codes(sj_reader *r, const uint8_t *body, ptrdiff_t n)
{
    while (n > 0) {
        const int kind = body[0] >> 4, which = body[0] & 15;
        ptrdiff_t n_symbols = 0;
        if (kind > 1 || which > 3 || n < 17)
            return 0;
        for (int i = 0; i < 16; i++)
            n_symbols += body[1 + i];
        if (n_symbols > 256 || n < 17 + n_symbols)
            return 0;
        sj_code *code = &r->tables.codes[kind][which];
        memset(code, 0, sizeof *code);
        memcpy(code->counts, body + 1, 16);
        memcpy(code->symbols, body + 17, (size_t)n_symbols);
        if (!sj_is_code(code))
            return 0;
        r->tables.has_code[kind][which] = 1;
        body += 17 + n_symbols;
        n -= 17 + n_symbols;
    }
    return 1;
}

static int sj_read_scan(sj_reader *r, const uint8_t *body, ptrdiff_t n)
{
    sj_scan *scan = &r->scan;
    scan->n = n > 0 ? body[0] : 0;
    if (r->n_components == 0 || scan->n < 1 || scan->n > r->n_components || n != 4 + 2 * scan->n)
        return 0;
    int next = 0, n_blocks = 0;
    for (int i = 0; i < scan->n; i++) {
        while (next < r->n_components && r->component[next].number != body[1 + 2 * i])
            next++;
        if (next == r->n_components) /* none, or not in the frame's order */
            return 0;
        n_blocks += r->component[next].across_each * r->component[next].down_each;
        scan->component[i] = next++;
        scan->dc[i] = body[2 + 2 * i] >> 4;
        scan->ac[i] = body[2 + 2 * i] & 15;
        if (scan->dc[i] > 3 || scan->ac[i] > 3)
            return 0;
    }
    if (scan->n > 1 && n_blocks > SJ_MOST_BLOCKS)
        return 0;
    body += 1 + 2 * scan->n;
    scan->from = body[0];
    scan->to = body[1];
    scan->high = body[2] >> 4;
    scan->low = body[2] & 15;
    if (!r->is_progressive)
        return scan->from == 0 && scan->to == 63 && scan->high == 0 && scan->low == 0;
    if (scan->to > 63 || scan->low > 10 || (scan->high > 0 && scan->high != scan->low + 1))
        return 0;
    return scan->from == 0 ? scan->to == 0 : scan->from <= scan->to && scan->n == 1;
}

/* Note how Adobe's segment says that colours are stored; decoders follow the first scan's last one. */
static void sj_read_adobe(sj_reader *r, const uint8_t *body, ptrdiff_t n)
{
    if (n >= 12 && memcmp(body, "Adobe", 5) == 0)
        r->is_not_ycc = body[11] != SJ_YCC;
}

/* Whether the first component may be something else than luma: red, say. */
static int sj_has_other_colours(const sj_reader *r)
{
    const sj_component *of = r->component;
    return r->n_components == 3 && (r->is_not_ycc || (of[0].number == 'R' && of[1].number == 'G' && of[2].number == 'B'));
}

/* Read segments up to a scan's first byte: SJ_MORE; SJ_DONE at the picture's end. */
static int sj_next_scan(sj_reader *r)
{
    for (;;) {
        if (r->end - r->at < 2 || r->at[0] != 0xFF)
            return SJ_IRREGULAR;
        const int marker = r->at[1];
        if (marker == SJ_EOI)
            return SJ_DONE;
        if (r->end - r->at < 4)
            return SJ_IRREGULAR;
        const ptrdiff_t length = sj_number(r->at + 2), n = length - 2;
        if (length < 2 || r->end - r->at - 2 < length)
            return SJ_IRREGULAR;
        const uint8_t *body = r->at + 4;
        int regular;
        switch (marker) {
        case SJ_SOF0: case SJ_SOF1: case SJ_SOF2: regular = sj_read_frame(r, marker, body, n); break;
        case SJ_DQT: regular = sj_read_quantizers(r, body, n); break;
        case SJ_DHT: regular = sj_read_codes(r, body, n); break;
        case SJ_DRI:
            regular = n == 2;
            if (regular)
                r->tables.restart_interval = (uint32_t)sj_number(body);
            break;
        case SJ_SOS: regular = sj_read_scan(r, body, n); break;
        case SJ_APP14:
            regular = 1;
            sj_read_adobe(r, body, n);
            break;
        default: regular = (marker >= SJ_APP0 && marker <= SJ_APP15) || marker == SJ_COM;
        }
        if (!regular)
            return SJ_IRREGULAR;
        r->at += 2 + length;
        if (marker == SJ_SOS)
            return SJ_MORE;
    }
}

/* Pass over a scan's bytes, to the marker behind them. */
static int sj_pass_scan(sj_reader *r)
{
    const uint8_t *at = r->at;
    for (;;) {
        at = at < r->end ? (const uint8_t *)memchr(at, 0xFF, (size_t)(r->end - at)) : NULL;
        if (at == NULL || r->end - at < 2)
            return 0;
        if (at[1] != 0 && (at[1] < 0xD0 || at[1] > 0xD7))
            break;
        at += 2;
    }
    r->at = at;
    return at[1] != 0xFF;
}

/* ---- tables of a scan ---- */

static int32_t sj_weight(int quantizer, int32_t factor, int bits)
{
    const int32_t half = 1 << (SJ_ROW_BITS - 1);
    return (int32_t)(((int64_t)quantizer * factor * ((int64_t)1 << bits) + half) >> SJ_ROW_BITS);
}

/* What each coefficient of luma adds to samples, its quantizer multiplied in. */
static void sj_fill_weights(sj_reader *r)
{
    static const int places[5][5] = {{0, 2, 3, 9, 20}, {1, 4, 8, 11, 0}, {5, 7, 12, 18, 0}, {6, 13, 17, 0, 0}, {15, 0, 0, 0, 0}};
    const uint16_t *quantizer = r->component[0].quantizer;
    const int32_t one = 1 << SJ_ROW_BITS, quarter = SJ_FIRST_OF_FOUR;
    r->fours[0] = sj_weight(quantizer[0], one, SJ_FOUR_BITS);
    r->fours[1] = sj_weight(quantizer[1], quarter, SJ_FOUR_BITS);
    r->fours[2] = sj_weight(quantizer[2], quarter, SJ_FOUR_BITS);
    r->fours[3] = sj_weight(quantizer[4], (quarter * quarter + one / 2) >> SJ_ROW_BITS, SJ_FOUR_BITS);
    for (int u = 0; u < 5; u++)
        for (int v = 0; v < 5; v++)
            for (int half = 0; half < 2; half++)
                r->weights[u][v][half] = sj_weight(quantizer[places[u][v]], sj_halves[v][half], SJ_COLUMN_BITS);
}

/* What a scan has of its component: a first mean, other coefficients. */
SH_INLINE int sj_has_first_mean(const sj_scan *scan) { return scan->from == 0 && scan->high == 0; }
SH_INLINE int sj_has_others(const sj_scan *scan) { return scan->to > 0; }

/* Keep the quantizers of a component at its first scan; 0 where there are none. */
static int sj_take_quantizer(sj_reader *r, int c)
{
    sj_component *component = &r->component[c];
    if (component->has_quantizer)
        return 1;
    if (!r->tables.has_quantizer[component->table])
        return 0;
    memcpy(component->quantizer, r->tables.quantizers[component->table], sizeof component->quantizer);
    component->has_quantizer = 1;
    for (int k = 1; k < 64; k++) {
        const uint16_t before = component->greatest[k - 1], own = component->quantizer[k];
        component->greatest[k] = own > before ? own : before;
    }
    if (c == 0)
        sj_fill_weights(r);
    return 1;
}

/* Whether the tables that a scan names are there, those of scans included that are passed over. */
static int sj_has_tables(sj_reader *r)
{
    const sj_scan *scan = &r->scan;
    for (int i = 0; i < scan->n; i++) {
        const int dc = scan->dc[i], ac = scan->ac[i];
        if (!sj_take_quantizer(r, scan->component[i]))
            return 0;
        if (sj_has_first_mean(scan) && !(r->tables.has_code[0][dc] && sj_is_code_of_means(&r->tables.codes[0][dc])))
            return 0;
        if (sj_has_others(scan) && !r->tables.has_code[1][ac])
            return 0;
    }
    return 1;
}

#endif
