/* How many groups of prefix codes a lossless WebP picture announces (RFC 9649), read without decoding the picture.
 *
 * A decoder makes five tables of each group before the first pixel: kilobytes and microseconds each, for four bytes of
 * the file. Which groups there are stands in a small picture, one pixel a block, behind other small pictures; these are
 * decoded here, and nothing else. Every place is compared with its end, so that no file leads outside.
 */
#ifndef SAFEHASH_WEBP_CODES_H
#define SAFEHASH_WEBP_CODES_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_levels.h"

enum {
    SW_LONGEST = 15,                 /* bits of a code */
    SW_LITERALS = 256, SW_LENGTHS = 24, SW_DISTANCES = 40, SW_NEAR = 120,
    SW_MOST_CACHE = 11,              /* bits */
    SW_SYMBOLS = SW_LITERALS + SW_LENGTHS + (1 << SW_MOST_CACHE),
    SW_SMALLEST = 2, SW_MOST_GROUPS = 1 << 16, /* blocks of 1 << 2 pixels; numbers that a group may have */
    SW_DAMAGED = -1, SW_NO_MEMORY = -2,
};

/* How far away the nearest pixels are, nearest first; filled once. */
static int8_t sw_near[SW_NEAR][2];

typedef struct {
    const uint8_t *data;
    ptrdiff_t n_data, at;
    uint64_t held;
    int n_held;
    int ended;               /* more was asked for than there is */
} sw_bits;

typedef struct {
    uint16_t count[SW_LONGEST + 1];
    uint16_t symbols[SW_SYMBOLS];
    int only;                /* the one symbol of a code of no bits, or -1 */
} sw_code;

typedef struct {
    sw_bits bits;
    sw_code codes[5];        /* green, lengths and cache; red; blue; alpha; distance */
    sw_code lengths;
    uint32_t cache[1 << SW_MOST_CACHE];
    int64_t n_pixels;        /* of small pictures, all together */
} sw_reader;

SH_INLINE uint32_t sw_take(sw_bits *bits, int n)
{
    uint32_t value;
    while (bits->n_held < n) {
        if (bits->at < bits->n_data) bits->held |= (uint64_t)bits->data[bits->at++] << bits->n_held;
        else bits->ended = 1;
        bits->n_held += 8;
    }
    value = (uint32_t)(bits->held & (((uint64_t)1 << n) - 1));
    bits->held >>= n;
    bits->n_held -= n;
    return value;
}

/* Makes a code of the lengths of its n symbols. 0: they are no code. */
static int sw_make(sw_code *code, const uint8_t *lengths, int n)
{
    uint16_t next[SW_LONGEST + 2];
    int i, n_used = 0, last = -1, left = 1;
    memset(code->count, 0, sizeof code->count);
    for (i = 0; i < n; i++) {
        code->count[lengths[i]]++;
        if (lengths[i]) {
            n_used++;
            last = i;
        }
    }
    code->only = n_used == 1 ? last : -1;
    if (n_used < 2) return n_used;
    code->count[0] = 0;
    next[1] = 0;
    for (i = 1; i <= SW_LONGEST; i++) {
        left = 2 * left - code->count[i];
        if (left < 0) return 0;
        next[i + 1] = (uint16_t)(next[i] + code->count[i]);
    }
    if (left) return 0;
    for (i = 0; i < n; i++)
        if (lengths[i]) code->symbols[next[lengths[i]]++] = (uint16_t)i;
    return 1;
}

SH_INLINE int sw_symbol(sw_bits *bits, const sw_code *code)
{
    int word = 0, first = 0, index = 0, length;
    if (code->only >= 0) return code->only;
    for (length = 1; length <= SW_LONGEST; length++) {
        word |= (int)sw_take(bits, 1);
        if (word - first < code->count[length]) return code->symbols[index + word - first];
        index += code->count[length];
        first = (first + code->count[length]) << 1;
        word <<= 1;
    }
    return 0; /* not reached: a code is whole */
}

/* Reads one code of n symbols. 0: it is none. */
static int sw_read_code(sw_reader *r, sw_code *code, int n)
{
    static const uint8_t order[19] = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t lengths[SW_SYMBOLS];
    sw_bits *bits = &r->bits;
    int i, at = 0, n_read, before = 8;
    memset(lengths, 0, sizeof lengths);
    if (sw_take(bits, 1)) { /* one or two symbols, named */
        const int two = (int)sw_take(bits, 1);
        const int first = (int)sw_take(bits, sw_take(bits, 1) ? 8 : 1);
        const int second = two ? (int)sw_take(bits, 8) : first;
        lengths[first] = lengths[second] = 1; /* those behind the alphabet are no symbols, as decoders have it */
        return sw_make(code, lengths, n);
    }
    n_read = (int)sw_take(bits, 4) + 4;
    for (i = 0; i < n_read; i++) lengths[order[i]] = (uint8_t)sw_take(bits, 3);
    if (!sw_make(&r->lengths, lengths, 19)) return 0;
    memset(lengths, 0, sizeof lengths);
    n_read = n;
    if (sw_take(bits, 1)) {
        n_read = 2 + 2 * (int)sw_take(bits, 3);
        n_read = 2 + (int)sw_take(bits, n_read);
        if (n_read > n) return 0;
    }
    while (at < n && n_read-- > 0) {
        int length = sw_symbol(bits, &r->lengths), times = 1;
        if (length < 16) {
            if (length) before = length;
        } else if (length == 16) {
            times = 3 + (int)sw_take(bits, 2);
            length = before;
        } else {
            times = length == 17 ? 3 + (int)sw_take(bits, 3) : 11 + (int)sw_take(bits, 7);
            length = 0;
        }
        if (times > n - at || bits->ended) return 0;
        memset(lengths + at, length, (size_t)times);
        at += times;
    }
    return sw_make(code, lengths, n);
}

/* Of a length or distance. */
SH_INLINE int64_t sw_number(sw_bits *bits, int symbol)
{
    const int extra = (symbol - 2) >> 1;
    if (symbol < 4) return symbol + 1;
    return ((int64_t)(2 + (symbol & 1)) << extra) + sw_take(bits, extra) + 1;
}

/* Decodes a small picture into pixels, if there are any. */
static int sw_picture(sw_reader *r, int64_t width, int64_t height, uint32_t *pixels)
{
    sw_bits *bits = &r->bits;
    const int64_t n = width * height;
    const int cache_bits = sw_take(bits, 1) ? (int)sw_take(bits, 4) : 0;
    int64_t at = 0, cached = 0;
    int i;
    if (cache_bits > SW_MOST_CACHE) return SW_DAMAGED;
    for (i = 0; i < 5; i++) {
        const int n_symbols = i == 0 ? SW_LITERALS + SW_LENGTHS + (cache_bits ? 1 << cache_bits : 0)
                              : i == 4 ? SW_DISTANCES : SW_LITERALS;
        if (!sw_read_code(r, &r->codes[i], n_symbols)) return SW_DAMAGED;
    }
    if (bits->ended) return SW_DAMAGED;
    r->n_pixels += n;
    memset(r->cache, 0, sizeof r->cache);
    while (at < n) {
        const int symbol = sw_symbol(bits, &r->codes[0]);
        if (symbol < SW_LITERALS) {
            const uint32_t red = (uint32_t)sw_symbol(bits, &r->codes[1]);
            const uint32_t blue = (uint32_t)sw_symbol(bits, &r->codes[2]);
            const uint32_t alpha = (uint32_t)sw_symbol(bits, &r->codes[3]);
            pixels[at++] = alpha << 24 | red << 16 | (uint32_t)symbol << 8 | blue;
        } else if (symbol < SW_LITERALS + SW_LENGTHS) {
            const int64_t length = sw_number(bits, symbol - SW_LITERALS);
            int64_t back = sw_number(bits, sw_symbol(bits, &r->codes[4]));
            int64_t j;
            if (back > SW_NEAR) back -= SW_NEAR;
            else back = sw_near[back - 1][1] * width + sw_near[back - 1][0];
            if (back < 1) back = 1;
            if (back > at || length > n - at) return SW_DAMAGED;
            for (j = 0; j < length; j++) pixels[at + j] = pixels[at + j - back];
            at += length;
        } else {
            while (cached < at) { /* what was decoded since is remembered before it is asked for */
                r->cache[(0x1e35a7bdu * pixels[cached]) >> (32 - cache_bits)] = pixels[cached];
                cached++;
            }
            pixels[at++] = r->cache[symbol - SW_LITERALS - SW_LENGTHS];
        }
        if (bits->ended) return SW_DAMAGED;
    }
    return 0;
}

/* How many groups a picture may have whose table cannot be read: one for each of the smallest blocks. */
static int64_t sw_most_groups(int64_t width, int64_t height)
{
    const int64_t across = (width + (1 << SW_SMALLEST) - 1) >> SW_SMALLEST;
    const int64_t down = (height + (1 << SW_SMALLEST) - 1) >> SW_SMALLEST;
    const int64_t n = across * down;
    return n > SW_MOST_GROUPS ? SW_MOST_GROUPS : n > 1 ? n : 0;
}

/* Returns how many groups there are, as many as there may be where that cannot be read, 0 where there is one without a
 * table, or SW_NO_MEMORY. */
static int64_t sw_groups(sw_reader *r, int64_t width, int64_t height, int64_t most_pixels)
{
    sw_bits *bits = &r->bits;
    uint32_t *pixels = NULL;
    int64_t answer = 0, n_held = 0;
    int seen = 0;
    for (;;) {
        const int more = (int)sw_take(bits, 1);
        int64_t small_width, small_height, i;
        int kind = 4;
        if (bits->ended) { answer = SW_DAMAGED; break; }
        if (more) {
            kind = (int)sw_take(bits, 2);
            if (seen >> kind & 1) { answer = SW_DAMAGED; break; }
            seen |= 1 << kind;
            if (kind == 2) continue;
        }
        if (kind == 3) {
            small_width = (int64_t)sw_take(bits, 8) + 1;
            small_height = 1;
        } else {
            if (kind == 4) { /* the picture itself: its cache, then whether it has groups */
                if (sw_take(bits, 1)) sw_take(bits, 4);
                if (!sw_take(bits, 1)) break;
            }
            {
                const int block = (int)sw_take(bits, 3) + SW_SMALLEST;
                small_width = (width + (1 << block) - 1) >> block;
                small_height = (height + (1 << block) - 1) >> block;
            }
        }
        if (small_width * small_height > most_pixels) { answer = SW_DAMAGED; break; }
        if (small_width * small_height > n_held) {
            free(pixels);
            n_held = small_width * small_height;
            pixels = malloc((size_t)n_held * sizeof *pixels);
            if (pixels == NULL) { answer = SW_NO_MEMORY; break; }
        }
        answer = sw_picture(r, small_width, small_height, pixels);
        if (answer) break;
        if (kind == 3) { /* several pixels in one */
            const int packed = small_width > 16 ? 0 : small_width > 4 ? 1 : small_width > 2 ? 2 : 3;
            width = (width + (1 << packed) - 1) >> packed;
        }
        if (kind == 4) {
            for (i = 0; i < small_width * small_height; i++) {
                const int64_t group = pixels[i] >> 8 & 0xffff;
                if (group >= answer) answer = group + 1;
            }
            break;
        }
    }
    free(pixels);
    return answer == SW_DAMAGED ? sw_most_groups(width, height) : answer;
}

#endif
