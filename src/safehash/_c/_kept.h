/* The samples that a tool keeps of a picture that it shrinks without averaging: sample i of n is the one at i * side / n. */
#ifndef SAFEHASH_KEPT_H
#define SAFEHASH_KEPT_H

#include "_picture.h"

/* Samples kept of a line, at most. */
enum { SH_KEPT_MOST = 1024 };
/* Samples that one shuffle picks from, and the most that one picks. */
enum { SH_KEPT_WINDOW = 16, SH_KEPT_PICKED = 8 };

/* Which samples of a line are kept, each by itself and, where windows are wide enough, `each` at a time: those of window k stand at
 * from[k] behind first[k]. */
typedef struct {
    int n, each;
    int32_t at[SH_KEPT_MOST], first[SH_KEPT_MOST / 4];
    uint8_t from[SH_KEPT_MOST / 4][SH_KEPT_WINDOW];
} sh_kept;

/* n samples of a line of n_line; each is 1 where no window holds 4 of them. */
static inline void sh_fill_kept(sh_kept *kept, int n, ptrdiff_t n_line)
{
    kept->n = n;
    for (int i = 0; i < n; i++)
        kept->at[i] = (int32_t)((int64_t)i * n_line / n);
    for (kept->each = SH_KEPT_PICKED; kept->each >= 4; kept->each /= 2) {
        int fits = n_line >= SH_KEPT_WINDOW && n % kept->each == 0;
        for (int i = 0; fits && i < n; i += kept->each) {
            const int32_t *at = kept->at + i, last = (int32_t)n_line - SH_KEPT_WINDOW, first = at[0] < last ? at[0] : last;
            uint8_t *from = kept->from[i / kept->each];
            fits = at[kept->each - 1] - first < SH_KEPT_WINDOW;
            kept->first[i / kept->each] = first;
            for (int k = 0; k < SH_KEPT_WINDOW; k++)
                from[k] = (uint8_t)(k < kept->each ? at[k] - first : 0);
        }
        if (fits)
            return;
    }
    kept->each = 1;
}

typedef struct {
    void (*line)(uint8_t *, const uint8_t *, const sh_kept *, int, int);
} sh_keeping;

#define SH_BODY "_kept_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_keeping *sh_keeping_at(int level)
{
    return SH_AT_LEVEL(level, keeping);
}

#endif
