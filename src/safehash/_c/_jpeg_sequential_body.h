/* Blocks of a sequential JPEG scan: means, some or all coefficients of luma, the rest passed over. */

/* Pass over a block's coefficients behind place k, with 35 valid bits to begin with; 0 where they are irregular. The squares of what they
 * come to at most are added to `sum` where `greatest` (of quantizers) is given. */
SH_INLINE int SH_NAME(pass_rest)(sj_bits *b, const sj_ac *ac, int k, const uint16_t *greatest, uint64_t *sum)
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
            entry = (uint32_t)abs(step.value) << 16;
        } else {
            sj_take(b, (int)(entry & SJ_BITS));
        }
        if (greatest != NULL)
            *sum += sj_squared(sj_most(entry), greatest[further]);
        if (entry & SJ_END || further == 63)
            return 1;
        k = further;
        sj_refill(b);
        entry = ac->skip[sj_peek(b, SJ_LOOK)];
        further = k + sj_passed(entry);
        if (SH_RARE(further > 63))
            continue;
        sj_take(b, (int)(entry & SJ_BITS));
        if (greatest != NULL)
            *sum += sj_squared(sj_most(entry), greatest[further]);
        if (entry & SJ_END || further == 63)
            return 1;
        k = further;
    }
}

/* Read a block's mean, pass over its coefficients; see pass_rest. */
SH_INLINE int SH_NAME(mean_block)(sj_bits *b, const sj_dc *dc, const sj_ac *ac, int *mean, const uint16_t *greatest,
                                  uint64_t *sum)
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
        if (greatest != NULL)
            *sum += sj_squared(sj_joint_most(entry), greatest[k]);
        if (entry & SJ_END || k == 63)
            return 1;
    }
    return SH_NAME(pass_rest)(b, ac, k, greatest, sum);
}

/* Read what one look-up has of the coefficients behind place *k, with SJ_LOOK valid bits to begin with; 0 where the block ends
 * irregularly, or has ended. */
SH_INLINE int SH_NAME(read_few)(sj_bits *b, const sj_ac *ac, int *k, int16_t *to, const ptrdiff_t *offset)
{
    const sj_few *few = &ac->few[sj_peek(b, SJ_LOOK)];
    if (SH_RARE(few->n_bits == 0)) {
        const sj_step step = sj_value_long(*b, ac, *k);
        *b = step.b;
        *k = step.k;
        if (step.k > 63)
            return 0;
        to[offset[step.k]] = step.value;
        return 1;
    }
    const ptrdiff_t *from = offset + *k;
    to[from[few->to_first]] = few->first;
    to[from[few->to_second]] = few->second;
    to[from[few->passed & 63]] = few->last;
    *k += few->passed;
    sj_take(b, few->n_bits);
    return 1;
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
        to[offset[head->passed & 63]] = head->last; /* without one the mean's place, which is written later */
        k = head->passed;
        sj_take(b, head->n_bits);
    }
    /* SJ_LOOK bits at most were taken of 56, and are by each of two more. */
    while (k < last) {
        if (!SH_NAME(read_few)(b, ac, &k, to, offset))
            return k == SJ_BLOCK_ENDS;
        if (k >= last)
            break;
        if (!SH_NAME(read_few)(b, ac, &k, to, offset))
            return k == SJ_BLOCK_ENDS;
        sj_refill(b);
    }
    if (k >= 63)
        return 1;
    sj_refill(b);
    return SH_NAME(pass_rest)(b, ac, k, NULL, NULL);
}

SH_INLINE int SH_NAME(sequential_row_of)(sj_reader *r, const int n_kept, const int has_spread, const int is_shown)
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
            const ptrdiff_t first = r->unit_row * down * component->padded_across + unit * across; /* of chroma */
            int16_t *to = c == 0 ? r->kept + unit * across : component->means + first;
            const ptrdiff_t pitch = c == 0 ? r->kept_across : component->padded_across;
            for (int y = 0; y < down; y++)
                for (int x = 0; x < across; x++) {
                    int16_t *block = to + y * pitch + x;
                    int regular = 1;
                    if (c > 0 && is_shown) { /* read twice, the first time to keep it: spreads are those of any other reading */
                        sj_bits again = b;
                        int mean_again = mean[c];
                        int16_t *plane = r->shown->planes[c - 1] + unit;
                        regular = SH_NAME(whole_block)(&again, dc, ac, &mean_again, plane, r->shown->offset);
                        *plane = (int16_t)mean_again;
                    }
                    if (SH_RARE(!regular))
                        return SJ_IRREGULAR;
                    if (c > 0 && has_spread) {
                        uint64_t sum = 0;
                        regular = SH_NAME(mean_block)(&b, dc, ac, &mean[c], component->greatest, &sum);
                        component->squares[first + y * pitch + x] = sj_square(0, sum);
                    } else if (c > 0 || n_kept == 1) {
                        regular = SH_NAME(mean_block)(&b, dc, ac, &mean[c], NULL, NULL);
                    } else if (n_kept == SJ_WHOLE) {
                        regular = SH_NAME(whole_block)(&b, dc, ac, &mean[c], block, r->offset);
                    } else {
                        regular = SH_NAME(kept_block)(&b, dc, ac, &mean[c], block, r->offset, n_kept - 1);
                    }
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
    const int has_spread = r->chroma[0] != NULL;
    if (r->shown != NULL)
        return SH_NAME(sequential_row_of)(r, SJ_WHOLE, 1, 1);
    switch (2 * r->n_kept + has_spread) { /* the inner loops then know it */
    case 2: return SH_NAME(sequential_row_of)(r, 1, 0, 0);
    case 3: return SH_NAME(sequential_row_of)(r, 1, 1, 0);
    case 10: return SH_NAME(sequential_row_of)(r, 5, 0, 0);
    case 11: return SH_NAME(sequential_row_of)(r, 5, 1, 0);
    case 2 * SJ_WHOLE: return SH_NAME(sequential_row_of)(r, SJ_WHOLE, 0, 0);
    case 2 * SJ_WHOLE + 1: return SH_NAME(sequential_row_of)(r, SJ_WHOLE, 1, 0);
    case 2 * SJ_KEPT_OF_HALF: return SH_NAME(sequential_row_of)(r, SJ_KEPT_OF_HALF, 0, 0);
    default: return SH_NAME(sequential_row_of)(r, SJ_KEPT_OF_HALF, 1, 0);
    }
}
