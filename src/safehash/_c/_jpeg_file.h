/* The segments of a JPEG file, and its scans one after the other. */
#ifndef SAFEHASH_JPEG_FILE_H
#define SAFEHASH_JPEG_FILE_H

#include "_jpeg_state.h"
#include "_jpeg_steps.h"

/* More scans than this are left to others: encoders make 10, optimizers up to 20. Each passes over a block once at most. */
enum { SJ_MOST_SCANS = 32 };
/* Blocks of an MCU at most. */
enum { SJ_MOST_BLOCKS = 10 };
enum { SJ_SOF0 = 0xC0, SJ_SOF1 = 0xC1, SJ_SOF2 = 0xC2, SJ_DHT = 0xC4, SJ_SOI = 0xD8, SJ_EOI = 0xD9, SJ_SOS = 0xDA,
       SJ_DQT = 0xDB, SJ_DRI = 0xDD, SJ_APP0 = 0xE0, SJ_APP14 = 0xEE, SJ_APP15 = 0xEF, SJ_COM = 0xFE };
/* What Adobe's segment says of three components that are luma and chroma. */
enum { SJ_YCC = 1 };

/* ---- tables that most files share ---- */

static const sj_code sj_standard[2][2] = {
    {{{0, 1, 5, 1, 1, 1, 1, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
     {{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}},
    {{{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125},
      {0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
       0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72,
       0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37,
       0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
       0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83,
       0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
       0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
       0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1, 0xE2,
       0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA}},
     {{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119},
      {0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22,
       0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1,
       0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36,
       0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
       0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
       0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
       0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
       0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
       0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA}}},
};

static sj_dc sj_standard_dc[2];
static sj_ac sj_standard_ac[2];

static inline void sj_fill_standard(void)
{
    for (int i = 0; i < 2; i++) {
        sj_ac *ac = &sj_standard_ac[i];
        sj_fill_symbols(&ac->symbols, &sj_standard[1][i]);
        sj_fill_levels(ac, &sj_standard[1][i]);
        sj_fill_pairs(ac);
        sj_fill_symbols(&sj_standard_dc[i].symbols, &sj_standard[0][i]);
        sj_fill_joint(&sj_standard_dc[i], &sj_standard[0][i], ac);
        sj_fill_heads(&sj_standard_dc[i], ac);
    }
}

/* ---- segments ---- */

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
    return r->n_kept == 1 ? 1 : r->n_kept == 5 ? 0x17 : ((uint64_t)1 << r->n_kept) - 1;
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
        if (r->chroma[0] != NULL && scan->from == 0)
            wanted = 1;
        r->wanted |= (uint64_t)wanted << i;
    }
    r->has_history = refined != 0;
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
        r->fine = fine;
        r->luma = luma;
        r->luma_rows = rows;
        r->luma_cols = cols;
    }
    return r;
}

/* Have the means of the blocks of chroma's first (0) and second (1) component written, too: `rows` x `cols` of them. */
static void sj_want_chroma(sj_reader *r, int which, uint8_t *means, ptrdiff_t rows, ptrdiff_t cols)
{
    r->chroma[which] = means;
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

static void sj_free(sj_reader *r)
{
    for (int i = 0; i < 3; i++) {
        free(r->component[i].means);
        free(r->own_dc[i]);
        free(r->own_ac[i]);
    }
    free(r->kept);
    free(r->history);
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
    r->n_kept = r->step == 8 ? 1 : r->step == 4 ? 5 : SJ_MOST_KEPT;
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
    r->samples = (int16_t *)malloc((size_t)(22 * r->kept_across) * sizeof(int16_t));
    r->stream.window = (uint8_t *)calloc(SJ_WINDOW + SJ_MARGIN, 1);
    if (r->kept == NULL || r->samples == NULL || r->stream.window == NULL)
        return SJ_NO_MEMORY;
    if (r->has_history) {
        r->history = (uint64_t *)calloc((size_t)plane, sizeof(uint64_t));
        if (r->history == NULL)
            return SJ_NO_MEMORY;
    }
    for (int c = 1; c < r->n_components; c++) {
        sj_component *component = &r->component[c];
        component->means = (int16_t *)calloc((size_t)(component->padded_across * component->padded_down), sizeof(int16_t));
        if (component->means == NULL)
            return SJ_NO_MEMORY;
    }
    return SJ_MORE;
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
    const int has_values = c == 0 && r->n_kept > 1;
    if (has_ac) {
        sj_fill_symbols(&own_ac->symbols, ac);
        if (!r->is_progressive)
            sj_fill_levels(own_ac, ac);
        if (has_values && scan->high == 0)
            sj_fill_pairs(own_ac);
    }
    if (has_dc) {
        sj_fill_symbols(&own_dc->symbols, dc);
        if (has_values && has_ac)
            sj_fill_heads(own_dc, own_ac);
        else
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
    if (r->is_progressive)
        return scan->from == 0 ? kernels->means_row(r) : scan->high == 0 ? kernels->first_row(r) : kernels->refined_row(r);
    const int has_luma = scan->component[0] == 0, n_rows = scan->n == 1 ? 1 : r->component[0].down_each;
    const ptrdiff_t n_blocks = r->kept_across * r->kept_down;
    if (has_luma && r->n_kept > 1)
        for (int k = 1; k < r->n_kept; k++)
            memset(r->kept + r->offset[k], 0, (size_t)n_blocks * sizeof(int16_t));
    int status = kernels->sequential_row(r);
    for (int i = 0; i < n_rows && has_luma && status == SJ_MORE; i++)
        if (r->unit_row * n_rows + i < r->component[0].down)
            status = kernels->samples_of_row(r, r->kept + i * r->kept_across, r->unit_row * n_rows + i);
    return status;
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
