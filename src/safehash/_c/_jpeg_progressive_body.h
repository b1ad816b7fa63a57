/* Blocks of a progressive JPEG scan: means of all components, coefficients of luma, what the squares of those of chroma come to. */

/* Bits enough for a unit, and the restart marker where one is due; 0 where they are not there. */
SH_INLINE int SH_NAME(next_unit)(sj_reader *r, sj_bits *b)
{
    sj_stream *s = &r->stream;
    if (SH_RARE(b->at > s->safe)) {
        s->now = *b;
        if (!sj_top_up(s))
            return 0;
        *b = s->now;
    }
    if (SH_RARE(r->tables.restart_interval)) {
        if (r->restarts_in == 0) {
            s->now = *b;
            if (!sj_restart(r))
                return 0;
            *b = s->now;
            r->mean[0] = r->mean[1] = r->mean[2] = 0;
        }
        r->restarts_in--;
    }
    return 1;
}

/* One row of MCUs of a scan of means, the first one of them or a further bit. */
static int SH_NAME(means_row)(sj_reader *r)
{
    const sj_scan *scan = &r->scan;
    sj_bits b = r->stream.now;
    for (ptrdiff_t unit = 0; unit < r->units_across; unit++) {
        if (!SH_NAME(next_unit)(r, &b))
            return SJ_IRREGULAR;
        unsigned odd = 0;
        for (int i = 0; i < scan->n; i++) {
            const int c = scan->component[i];
            const sj_component *component = &r->component[c];
            const int across = scan->n == 1 ? 1 : component->across_each, down = scan->n == 1 ? 1 : component->down_each;
            const ptrdiff_t pitch = component->padded_across;
            int16_t *to = (c == 0 ? r->kept : component->means) + r->unit_row * down * pitch + unit * across;
            for (int y = 0; y < down; y++)
                for (int x = 0; x < across; x++) {
                    sj_refill(&b);
                    int16_t *mean = to + y * pitch + x;
                    if (scan->high > 0) {
                        *mean = (int16_t)(*mean | (int)sj_peek(&b, 1) << scan->low);
                        sj_take(&b, 1);
                        continue;
                    }
                    const uint32_t entry = r->dc[c]->joint[sj_peek(&b, SJ_LOOK)];
                    if (SH_RARE(entry == SJ_LONG)) {
                        const sj_step step = sj_mean_long(b, &r->dc[c]->symbols, &r->mean[c]);
                        b = step.b;
                        if (step.k < 0)
                            return SJ_IRREGULAR;
                    } else {
                        r->mean[c] += sj_difference(entry);
                        sj_take(&b, (int)(entry & SJ_BITS));
                    }
                    const int value = r->mean[c] * (1 << scan->low);
                    odd |= (unsigned)(value + SJ_GREATEST_DC + 1) & ~(unsigned)(2 * SJ_GREATEST_DC + 1);
                    *mean = (int16_t)value;
                }
        }
        if (SH_RARE(odd))
            return SJ_IRREGULAR;
    }
    r->stream.now = b;
    return SJ_MORE;
}

SH_INLINE uint64_t SH_NAME(places)(int from, int to) /* both included */
{
    return (~(uint64_t)0 << from) & (~(uint64_t)0 >> (63 - to));
}

SH_INLINE int SH_NAME(with_rest)(int value, int shift, int rest)
{
    return value * shift + (value > 0 ? rest : value < 0 ? -rest : 0);
}

/* One row of blocks of a scan that brings coefficients for the first time. */
static int SH_NAME(first_row)(sj_reader *r)
{
    const sj_scan *scan = &r->scan;
    const sj_ac *ac = r->ac[0];
    const int shift = 1 << scan->low, rest = r->has_history[0] ? 0 : shift * SJ_REST >> SJ_REST_BITS;
    uint64_t *history = r->component[0].history;
    sj_bits b = r->stream.now;
    unsigned odd = 0;
    for (ptrdiff_t unit = 0; unit < r->units_across; unit++) {
        if (!SH_NAME(next_unit)(r, &b))
            return SJ_IRREGULAR;
        if (r->end_run > 0) {
            r->end_run--;
            continue;
        }
        const ptrdiff_t block = r->unit_row * r->kept_across + unit;
        int16_t *to = r->kept + block;
        uint64_t found = 0;
        int k = scan->from - 1;
        while (k < scan->to) {
            sj_refill(&b);
            const sj_few *few = &ac->few[sj_peek(&b, SJ_LOOK)];
            const int further = k + (few->passed & 63);
            if (SH_RARE(few->n_bits == 0 || further + (few->passed >> 6) > scan->to)) { /* of the last place no end is said */
                const int symbol = sj_symbol(&b, &ac->symbols), run = symbol >> 4, size = symbol & 15;
                if (symbol < 0 || size > SJ_MOST_AC)
                    return SJ_IRREGULAR;
                if (size == 0 && run < 15) {
                    r->end_run = (1u << run) - 1;
                    if (run) {
                        r->end_run += sj_peek(&b, run);
                        sj_take(&b, run);
                    }
                    break;
                }
                const int value = SH_NAME(with_rest)(sj_value(&b, size), shift, rest);
                k += run + 1;
                if (k > scan->to)
                    return SJ_IRREGULAR;
                if (size) {
                    to[r->offset[k]] = (int16_t)value;
                    odd |= (unsigned)(value + SJ_GREATEST_AC) > 2u * SJ_GREATEST_AC;
                    found |= (uint64_t)1 << k;
                }
                continue;
            }
            const int at[3] = {k + few->to_first, k + few->to_second, further};
            const int values[3] = {few->first, few->second, few->last};
            for (int i = 0; i < 3; i++) {
                const int value = SH_NAME(with_rest)(values[i], shift, rest);
                to[r->offset[at[i]]] = (int16_t)value;
                odd |= (unsigned)(value + SJ_GREATEST_AC) > 2u * SJ_GREATEST_AC;
                found |= (uint64_t)(value != 0) << (at[i] & 63);
            }
            sj_take(&b, few->n_bits);
            if (few->passed >= SJ_BLOCK_ENDS)
                break;
            k = further;
        }
        if (history != NULL)
            history[block] |= found;
    }
    r->stream.now = b;
    return odd ? SJ_IRREGULAR : SJ_MORE;
}

/* Give each of the coefficients marked in `some` its next bit. */
SH_INLINE void SH_NAME(correct)(sj_bits *b, int16_t *to, const ptrdiff_t *offset, uint64_t some, int n, uint64_t kept, int bit)
{
    sj_refill(b);
    for (uint64_t wanted = some & kept; wanted; wanted &= wanted - 1, n--) {
        int16_t *value = to + offset[sj_lowest(wanted)];
        if (SH_RARE(b->n == 0)) /* of a whole block there may be 63 */
            sj_refill(b);
        const int further = (int)sj_peek(b, 1) * bit;
        *value = (int16_t)(*value + (*value < 0 ? -further : further));
        sj_take(b, 1);
    }
    if (n > 31) {
        sj_refill(b);
        sj_take(b, 31);
        n -= 31;
    }
    if (n > 31) {
        sj_refill(b);
        sj_take(b, 31);
        n -= 31;
    }
    sj_refill(b);
    sj_take(b, n);
}

/* One row of blocks of a scan that brings a further bit of coefficients: of luma, whose values are kept, or of chroma. */
SH_INLINE int SH_NAME(refined_row_of)(sj_reader *r, const int is_luma)
{
    const sj_scan *scan = &r->scan;
    sj_component *component = &r->component[is_luma ? 0 : scan->component[0]];
    const sj_ac *ac = r->ac[is_luma ? 0 : scan->component[0]];
    const ptrdiff_t pitch = is_luma ? r->kept_across : component->padded_across;
    const int bit = 1 << scan->low;
    const uint64_t kept = is_luma ? SH_NAME(places)(0, r->n_kept - 1) : 0, all = SH_NAME(places)(scan->from, scan->to);
    sj_bits b = r->stream.now;
    for (ptrdiff_t unit = 0; unit < r->units_across; unit++) {
        if (!SH_NAME(next_unit)(r, &b))
            return SJ_IRREGULAR;
        const ptrdiff_t block = r->unit_row * pitch + unit;
        int16_t *to = is_luma ? r->kept + block : NULL;
        const uint64_t before = component->history[block];
        uint64_t found = 0, rest = all;
        uint64_t sum = 0;
        if (r->end_run == 0)
            while (rest) {
                sj_refill(&b);
                const int symbol = sj_symbol(&b, &ac->symbols), run = symbol >> 4, size = symbol & 15;
                if (symbol < 0 || size > 1)
                    return SJ_IRREGULAR;
                if (size == 0 && run < 15) {
                    r->end_run = 1u << run;
                    if (run) {
                        r->end_run += sj_peek(&b, run);
                        sj_take(&b, run);
                    }
                    break;
                }
                const int value = size == 0 ? 0 : sj_peek(&b, 1) ? bit : -bit;
                sj_take(&b, size);
                uint64_t zeros = ~before & rest;
                for (int i = 0; i < run; i++)
                    zeros &= zeros - 1;
                if (zeros == 0)
                    return SJ_IRREGULAR;
                const uint64_t place = zeros & (0 - zeros), passed = rest & (place - 1);
                const uint64_t corrected = passed & before;
                if (corrected) {
                    const int n = sj_lowest(place) - sj_lowest(rest) - run;
                    SH_NAME(correct)(&b, to, r->offset, corrected, n, kept, bit);
                }
                if (size) {
                    if (is_luma)
                        to[r->offset[sj_lowest(place)]] = (int16_t)value;
                    else
                        sum += sj_squared((uint32_t)bit, component->quantizer[sj_lowest(place)]);
                    found |= place;
                }
                rest &= ~(passed | place);
            }
        if (r->end_run > 0) {
            const uint64_t corrected = rest & before;
            if (corrected)
                SH_NAME(correct)(&b, to, r->offset, corrected, sh_popcount(corrected, SH_WIDTH > 4), kept, bit);
            r->end_run--;
        }
        component->history[block] = before | found;
        if (!is_luma)
            component->squares[block] = sj_square(component->squares[block], sum);
    }
    r->stream.now = b;
    return SJ_MORE;
}

static int SH_NAME(refined_row)(sj_reader *r) { return SH_NAME(refined_row_of)(r, 1); }

static int SH_NAME(refined_squares_row)(sj_reader *r) { return SH_NAME(refined_row_of)(r, 0); }

/* One row of blocks of chroma, of a scan that brings coefficients for the first time: the squares of what they come to at most,
 * with the bits that later scans bring. */
static int SH_NAME(squares_row)(sj_reader *r)
{
    const sj_scan *scan = &r->scan;
    const sj_ac *ac = r->ac[scan->component[0]];
    sj_component *component = &r->component[scan->component[0]];
    sj_bits b = r->stream.now;
    for (ptrdiff_t unit = 0; unit < r->units_across; unit++) {
        if (!SH_NAME(next_unit)(r, &b))
            return SJ_IRREGULAR;
        if (r->end_run > 0) {
            r->end_run--;
            continue;
        }
        const ptrdiff_t block = r->unit_row * component->padded_across + unit;
        uint64_t found = 0;
        uint64_t sum = 0;
        int k = scan->from - 1;
        while (k < scan->to) {
            sj_refill(&b);
            const int symbol = sj_symbol(&b, &ac->symbols), run = symbol >> 4, size = symbol & 15;
            if (symbol < 0 || size > SJ_MOST_AC)
                return SJ_IRREGULAR;
            if (size == 0 && run < 15) {
                r->end_run = (1u << run) - 1;
                if (run) {
                    r->end_run += sj_peek(&b, run);
                    sj_take(&b, run);
                }
                break;
            }
            sj_take(&b, size);
            k += run + 1;
            if (k > scan->to || size + scan->low > SJ_MOST_AC)
                return SJ_IRREGULAR;
            if (size) {
                sum += sj_squared((1u << (size + scan->low)) - 1, component->quantizer[k]);
                found |= (uint64_t)1 << k;
            }
        }
        if (component->history != NULL)
            component->history[block] |= found;
        component->squares[block] = sj_square(component->squares[block], sum);
    }
    r->stream.now = b;
    return SJ_MORE;
}
