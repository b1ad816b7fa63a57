/* Blocks of a sequential JPEG scan: means, some low coefficients of luma, the rest passed over. */

/* Pass over a block's coefficients behind place k, with 35 valid bits to begin with; 0 where they are irregular. */
SH_INLINE int SH_NAME(pass_rest)(sj_bits *b, const sj_ac *ac, int k)
{
    for (;;) {
        uint32_t entry = ac->skip[sj_peek(b, SJ_LOOK)];
        int further = k + sj_passed(entry);
        if (SH_RARE(further > 63)) {
            const sj_step step = sj_pass_long(*b, ac, k);
            *b = step.b;
            if (step.k > 63)
                return step.k == SJ_BLOCK_ENDS;
            further = step.k;
            entry = 0;
        } else {
            sj_take(b, (int)(entry & SJ_BITS));
        }
        if (entry & SJ_END || further == 63)
            return 1;
        k = further;
        sj_refill(b);
        entry = ac->skip[sj_peek(b, SJ_LOOK)];
        further = k + sj_passed(entry);
        if (SH_RARE(further > 63))
            continue;
        sj_take(b, (int)(entry & SJ_BITS));
        if (entry & SJ_END || further == 63)
            return 1;
        k = further;
    }
}

/* Read a block's mean, pass over its coefficients. */
SH_INLINE int SH_NAME(mean_block)(sj_bits *b, const sj_dc *dc, const sj_ac *ac, int *mean)
{
    sj_refill(b);
    const uint32_t entry = dc->joint[sj_peek(b, SJ_LOOK)];
    int k = sj_passed(entry);
    if (SH_RARE(k > 63)) {
        const sj_step step = sj_mean_long(*b, &dc->symbols, mean);
        *b = step.b;
        if (step.k < 0)
            return 0;
        k = 0;
    } else {
        *mean += sj_difference(entry);
        sj_take(b, (int)(entry & SJ_BITS));
        if (entry & SJ_END || k == 63)
            return 1;
    }
    return SH_NAME(pass_rest)(b, ac, k);
}

/* Read a block's mean and its coefficients up to place `last`, pass over the others. */
SH_INLINE int SH_NAME(kept_block)(sj_bits *b, const sj_dc *dc, const sj_ac *ac, int *mean, int16_t *to,
                                  const ptrdiff_t *offset, const int last)
{
    sj_refill(b);
    const sj_head *head = &dc->head[sj_peek(b, SJ_LOOK)];
    int k = 0;
    if (SH_RARE(head->n_bits == 0)) {
        const sj_step step = sj_mean_long(*b, &dc->symbols, mean);
        *b = step.b;
        if (step.k < 0)
            return 0;
    } else {
        *mean += head->difference;
        to[offset[head->to_first]] = head->first;
        k = head->passed;
        sj_take(b, head->n_bits);
    }
    while (k < last) {
        const sj_pair *pair = &ac->pair[sj_peek(b, SJ_LOOK)];
        if (SH_RARE(pair->n_bits == 0)) {
            const sj_step step = sj_value_long(*b, ac, k);
            *b = step.b;
            if (step.k > 63)
                return step.k == SJ_BLOCK_ENDS;
            k = step.k;
            to[offset[k]] = step.value;
            continue;
        }
        to[offset[k + pair->to_first]] = pair->first;
        to[offset[k + pair->to_second]] = pair->second;
        k += pair->passed;
        sj_take(b, pair->n_bits);
        sj_refill(b);
    }
    if (k >= 63)
        return 1;
    sj_refill(b);
    return SH_NAME(pass_rest)(b, ac, k);
}

SH_INLINE int SH_NAME(sequential_row_of)(sj_reader *r, const int n_kept)
{
    sj_stream *s = &r->stream;
    const sj_scan *scan = &r->scan;
    sj_bits b = s->now;
    int mean[3] = {r->mean[0], r->mean[1], r->mean[2]};
    unsigned odd = 0;
    for (ptrdiff_t unit = 0; unit < r->units_across; unit++) {
        if (SH_RARE(b.at > s->safe)) {
            s->now = b;
            if (!sj_top_up(s))
                return SJ_IRREGULAR;
            b = s->now;
        }
        if (SH_RARE(r->tables.restart_interval)) {
            if (r->restarts_in == 0) {
                s->now = b;
                if (!sj_restart(r))
                    return SJ_IRREGULAR;
                b = s->now;
                mean[0] = mean[1] = mean[2] = 0;
            }
            r->restarts_in--;
        }
        for (int i = 0; i < scan->n; i++) {
            const int c = scan->component[i];
            const sj_component *component = &r->component[c];
            const int across = scan->n == 1 ? 1 : component->across_each, down = scan->n == 1 ? 1 : component->down_each;
            const sj_dc *dc = r->dc[c];
            const sj_ac *ac = r->ac[c];
            int16_t *to = c == 0 ? r->kept + unit * across
                                 : component->means + r->unit_row * down * component->padded_across + unit * across;
            const ptrdiff_t pitch = c == 0 ? r->kept_across : component->padded_across;
            for (int y = 0; y < down; y++)
                for (int x = 0; x < across; x++) {
                    int16_t *block = to + y * pitch + x;
                    const int regular =
                        c > 0 || n_kept == 1
                            ? SH_NAME(mean_block)(&b, dc, ac, &mean[c])
                            : SH_NAME(kept_block)(&b, dc, ac, &mean[c], block, r->offset, n_kept - 1);
                    if (SH_RARE(!regular))
                        return SJ_IRREGULAR;
                    odd |= (unsigned)(mean[c] + SJ_GREATEST_DC + 1) & ~(unsigned)(2 * SJ_GREATEST_DC + 1);
                    *block = (int16_t)mean[c];
                }
        }
        if (SH_RARE(odd))
            return SJ_IRREGULAR;
    }
    s->now = b;
    memcpy(r->mean, mean, sizeof mean);
    return SJ_MORE;
}

/* One row of MCUs; SJ_MORE, or SJ_IRREGULAR. */
static int SH_NAME(sequential_row)(sj_reader *r)
{
    switch (r->n_kept) { /* the inner loops then know it */
    case 1: return SH_NAME(sequential_row_of)(r, 1);
    case 5: return SH_NAME(sequential_row_of)(r, 5);
    default: return SH_NAME(sequential_row_of)(r, SJ_MOST_KEPT);
    }
}
