/* Steps of the JPEG reader that are seldom taken: long codes, restart markers. */
#ifndef SAFEHASH_JPEG_STEPS_H
#define SAFEHASH_JPEG_STEPS_H

#include "_jpeg_state.h"

/* Bits after a step, and the place of the coefficient reached: SJ_BLOCK_ENDS at a block's end, more for what is irregular. Handed
 * on whole, so that the bits of the hot loops stay in registers. */
typedef struct {
    sj_bits b;
    int k;
    int16_t value;
} sj_step;

enum { SJ_BEYOND = 255 };

/* The next symbol; -1 for none. */
static inline int sj_symbol(sj_bits *b, const sj_symbols *symbols)
{
    const uint32_t found = symbols->single[sj_peek(b, SJ_LOOK)];
    int length = (int)(found & 255), symbol = (int)(found >> 8);
    if (length == 0) {
        symbol = sj_long_symbol(symbols, sj_peek(b, 16), &length);
        if (symbol < 0)
            return -1;
    }
    sj_take(b, length);
    return symbol;
}

/* The value of so many extra bits, 0 to 16. */
SH_INLINE int sj_value(sj_bits *b, int size)
{
    if (size == 0)
        return 0;
    const int value = sj_extended(sj_peek(b, size), size);
    sj_take(b, size);
    return value;
}

/* One sequential coefficient with its value. */
static sj_step sj_value_long(sj_bits b, const sj_ac *ac, int k)
{
    sj_step step = {b, SJ_BEYOND, 0};
    sj_refill(&step.b);
    const int symbol = sj_symbol(&step.b, &ac->symbols);
    if (symbol < 0 || !sj_is_sequential(symbol))
        return step;
    step.value = (int16_t)sj_value(&step.b, symbol & 15);
    sj_refill(&step.b);
    k += (symbol >> 4) + 1;
    step.k = symbol == 0 ? SJ_BLOCK_ENDS : k <= 63 ? k : SJ_BEYOND;
    return step;
}

static sj_step sj_pass_long(sj_bits b, const sj_ac *ac, int k) { return sj_value_long(b, ac, k); }

/* A mean; k is -1 where there is none. */
static sj_step sj_mean_long(sj_bits b, const sj_symbols *symbols, int *mean)
{
    sj_step step = {b, -1, 0};
    sj_refill(&step.b);
    const int size = sj_symbol(&step.b, symbols);
    if (size < 0 || size > SJ_MOST_DC)
        return step;
    *mean += sj_value(&step.b, size);
    sj_refill(&step.b);
    step.k = 0;
    return step;
}

/* Go on behind a restart marker; 0 where it is not there, or not the next one. */
static int sj_restart(sj_reader *r)
{
    sj_stream *s = &r->stream;
    if (!sj_is_done(s) || s->end - s->source < 2 || s->source[1] != 0xD0 + r->next_restart)
        return 0;
    sj_start(s, s->source + 2);
    r->next_restart = (r->next_restart + 1) & 7;
    r->restarts_in = r->tables.restart_interval;
    r->end_run = 0;
    return 1;
}

#endif
