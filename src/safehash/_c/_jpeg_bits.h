/* Bits of a JPEG scan: stuffing taken out of a stretch of the file at a time, then read from the highest on.
 *
 * Never more than one window of a file is held, so that it stays in a near cache. What is read behind a segment's last byte
 * is of no use, and found out at the next `sj_top_up` or `sj_is_done`.
 */
#ifndef SAFEHASH_JPEG_BITS_H
#define SAFEHASH_JPEG_BITS_H

#include "_levels.h"

/* Bytes of a window, and what one unit (the blocks of one MCU) may take without asking: 10 blocks of 31 bits for each of 64
 * coefficients are 2 480 bytes; 8 more are read at a time. */
enum { SJ_WINDOW = 1 << 15, SJ_MARGIN = 4096 };

typedef struct {
    uint64_t bits;       /* those to come, first one highest; what stands below the valid ones are the same as come next */
    int n;               /* how many are valid, 63 at most */
    const uint8_t *at;   /* from where on they are loaded */
} sj_bits;

typedef struct {
    sj_bits now;
    const uint8_t *safe;   /* a unit that starts with `now.at` beyond it needs more in the window */
    uint8_t *window;       /* SJ_WINDOW + SJ_MARGIN bytes */
    const uint8_t *filled; /* end of the window's bytes */
    const uint8_t *source; /* in the file: not in the window yet */
    const uint8_t *end;    /* of the file */
    int is_whole;          /* the segment's last byte is in the window: `source` stands at a marker, or at the end */
} sj_stream;

SH_INLINE uint64_t sj_load(const uint8_t *at)
{
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t value;
    memcpy(&value, at, 8);
    return __builtin_bswap64(value);
#else
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
#endif
}

/* Have 56 valid bits at least. */
SH_INLINE void sj_refill(sj_bits *b)
{
    b->bits |= sj_load(b->at) >> b->n;
    b->at += (63 - b->n) >> 3;
    b->n |= 56;
}

/* The next `n` bits, 1 to 32. */
SH_INLINE uint32_t sj_peek(const sj_bits *b, int n) { return (uint32_t)(b->bits >> (64 - n)); }

/* Pass over `n` valid bits, 0 to 63. */
SH_INLINE void sj_take(sj_bits *b, int n)
{
    b->bits <<= n & 63;
    b->n -= n;
}

/* The place of a number's lowest bit that is 1; the number is not 0. */
SH_INLINE int sj_lowest(uint64_t some)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(some);
#else
    int at = 0;
    for (; !(some & 1); some >>= 1)
        at++;
    return at;
#endif
}

/* The first byte no bit of which was taken. */
SH_INLINE const uint8_t *sj_place(const sj_bits *b) { return b->at - (b->n >> 3); }

/* Copy bytes up to a marker, or up to `room` of them, stuffing taken out; return where the copy ends. */
static inline uint8_t *sj_unstuff(sj_stream *s, uint8_t *to, const uint8_t *room)
{
    const uint8_t *from = s->source, *end = s->end;
    while (to < room) {
#if SH_X86
        while (end - from >= 16 && room - to >= 16) {
            const __m128i some = _mm_loadu_si128((const __m128i *)from);
            const int marked = _mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_set1_epi8(-1)));
            _mm_storeu_si128((__m128i *)to, some);
            if (marked) {
                const int before = __builtin_ctz((unsigned)marked);
                from += before;
                to += before;
                break;
            }
            from += 16;
            to += 16;
        }
#else
        while (end - from >= 8 && room - to >= 8) {
            uint64_t some;
            memcpy(&some, from, 8);
            if (~some - 0x0101010101010101ULL & some & 0x8080808080808080ULL)
                break;
            memcpy(to, &some, 8);
            from += 8;
            to += 8;
        }
#endif
        if (from == end || to == room)
            break;
        if (*from != 0xFF) {
            *to++ = *from++;
            continue;
        }
        if (end - from < 2 || from[1] != 0) {
            s->is_whole = 1;
            break;
        }
        *to++ = 0xFF;
        from += 2;
    }
    if (from == end)
        s->is_whole = 1;
    s->source = from;
    return to;
}

/* Fill the window behind `kept` bytes that stand at its start. */
static inline void sj_fill_window(sj_stream *s, ptrdiff_t kept)
{
    uint8_t *to = sj_unstuff(s, s->window + kept, s->window + SJ_WINDOW);
    s->filled = to;
    s->safe = s->is_whole ? to + 8 : to - SJ_MARGIN;
}

/* Start at the first byte of a segment. */
static inline void sj_start(sj_stream *s, const uint8_t *source)
{
    s->source = source;
    s->is_whole = 0;
    sj_fill_window(s, 0);
    s->now.bits = 0;
    s->now.n = 0;
    s->now.at = s->window;
}

/* Have a unit's bytes in the window; 0 where more was taken than there is. */
static inline int sj_top_up(sj_stream *s)
{
    if (s->is_whole)
        return sj_place(&s->now) <= s->filled;
    const ptrdiff_t kept = s->filled - s->now.at; /* not negative: see SJ_MARGIN */
    memmove(s->window, s->now.at, (size_t)kept);
    s->now.at = s->window;
    sj_fill_window(s, kept);
    return 1;
}

/* Whether all of the segment was taken, but for the rest of its last byte. */
static inline int sj_is_done(const sj_stream *s) { return s->is_whole && sj_place(&s->now) == s->filled; }

#endif
