/* Huffman tables of a JPEG file as look-ups that take several symbols at once.
 *
 * Most coefficients are only passed over, so most of the time is the chain from one look-up to the next. An entry is
 * as much as its index decides: whole symbols with the extra bits behind them, and one last symbol whose extra bits
 * reach beyond the index, since only their number matters.
 */
#ifndef SAFEHASH_JPEG_TABLES_H
#define SAFEHASH_JPEG_TABLES_H

#include "_levels.h"

/* Bits of an index, and how many there are. (Fuzzers take fewer: tables are soon made then, and long codes met often.) */
#ifndef SJ_LOOK_BITS
#define SJ_LOOK_BITS 11
#endif
enum { SJ_LOOK = SJ_LOOK_BITS, SJ_ENTRIES = 1 << SJ_LOOK };

/* As the file has it: how many codes of each length, and their symbols. */
typedef struct {
    uint8_t counts[16];
    uint8_t symbols[256];
} sj_code;

/* An entry's parts. Low byte: bits taken, and whether it ends its block; second byte: coefficients passed over, the one
 * at the end of the run included. Upper half: the most that they can come to, signs apart; of a joint entry the binary places of
 * that, and in the upper 12 bits the difference of the mean. */
enum { SJ_BITS = 63, SJ_END = 64, SJ_LONG = 255 << 8, SJ_DIFFERENCE_AT = 20 };
#if SJ_LOOK_BITS > 12
#error "the difference of a mean has 12 bits"
#endif

SH_INLINE int sj_passed(uint32_t entry) { return entry >> 8 & 255; }
SH_INLINE uint32_t sj_most(uint32_t entry) { return entry >> 16; }
SH_INLINE uint32_t sj_joint_most(uint32_t entry) { return (1u << (entry >> 16 & 15)) - 1; }
SH_INLINE int sj_difference(uint32_t entry) { return (int32_t)entry >> SJ_DIFFERENCE_AT; }

/* A few coefficients, as many as the index decides, three at most, and the block's end where it decides that, too: by how many
 * places each lies further. The last one lies `passed` & 63 further, where nothing, or 0, stands if there is none. */
typedef struct {
    int16_t last;
    int8_t first, second;
    uint8_t n_bits; /* 0: not decided by the index */
    uint8_t to_first, to_second, passed;
} sj_few;

/* `to_first` and `to_second` of an entry without one; added to `passed` at a block's end; the most that is passed without one. */
enum { SJ_NOWHERE = 127, SJ_BLOCK_ENDS = 64, SJ_FARTHEST = 43 };

/* The mean's difference and up to two coefficients, in the same way. */
typedef struct {
    int16_t difference, last;
    int8_t first;
    uint8_t n_bits, to_first, passed;
} sj_head;

/* One coefficient, or the block's end. */
typedef struct {
    int16_t value;
    uint8_t n_bits, passed; /* 0: not decided by the index */
} sj_one;

/* One symbol at a time, of any length. */
typedef struct {
    uint16_t single[SJ_ENTRIES]; /* symbol << 8 | length of its code; 0: longer, or none */
    uint32_t limit[16];          /* beyond the codes of each length, as the first 16 bits */
    int32_t offset[16];          /* from a code to its symbol's place */
    uint8_t symbols[256];
} sj_symbols;

/* A table of AC symbols. levels: for every number m of bits up to SJ_LOOK, 2^m entries from place 2^m on, which take what m
 * bits decide. ones: what `few` is made of. */
typedef struct {
    sj_symbols symbols;
    uint32_t levels[2 * SJ_ENTRIES];
    uint32_t skip[SJ_ENTRIES];
    sj_one ones[SJ_ENTRIES];
    sj_few few[SJ_ENTRIES];
} sj_ac;

/* A table of DC symbols, joined with one of AC symbols. */
typedef struct {
    sj_symbols symbols;
    uint32_t joint[SJ_ENTRIES];
    sj_head head[SJ_ENTRIES];
} sj_dc;

/* The value of a coefficient by its size and extra bits. */
SH_INLINE int sj_extended(uint32_t extra, int size)
{
    return size == 0 ? 0 : (int)extra - (extra >> (size - 1) ? 0 : (int)((1u << size) - 1));
}

/* Codes fill up from the shortest; 0 where they do not fit, are too many, or one is all ones, which decoders refuse. */
static inline int sj_is_code(const sj_code *code)
{
    uint32_t next = 0, n = 0;
    for (int length = 1; length <= 16; length++) {
        next = 2 * next + code->counts[length - 1];
        n += code->counts[length - 1];
        if (next >= 1u << length || n > 256)
            return 0;
    }
    return 1;
}

/* Whether all symbols are sizes, which decoders ask of those of means. */
static inline int sj_is_code_of_means(const sj_code *code)
{
    int n = 0;
    for (int length = 0; length < 16; length++)
        n += code->counts[length];
    for (int i = 0; i < n; i++)
        if (code->symbols[i] > 15)
            return 0;
    return 1;
}

static inline void sj_fill_symbols(sj_symbols *to, const sj_code *code)
{
    uint32_t next = 0;
    int at = 0;
    memset(to->single, 0, sizeof to->single);
    memcpy(to->symbols, code->symbols, sizeof to->symbols);
    for (int length = 1; length <= 16; length++) {
        to->offset[length - 1] = at - (int32_t)next;
        for (int i = 0; i < code->counts[length - 1]; i++, at++, next++)
            if (length <= SJ_LOOK) {
                const int room = 1 << (SJ_LOOK - length);
                for (int j = 0; j < room; j++)
                    to->single[(next << (SJ_LOOK - length)) + j] = (uint16_t)(code->symbols[at] << 8 | length);
            }
        to->limit[length - 1] = next << (16 - length);
        next *= 2;
    }
}

/* The symbol that 16 bits start with, and the length of its code; -1 for none. */
static inline int sj_long_symbol(const sj_symbols *symbols, uint32_t bits, int *length)
{
    for (int n = 1; n <= 16; n++)
        if (bits < symbols->limit[n - 1]) {
            *length = n;
            return symbols->symbols[(symbols->offset[n - 1] + (int32_t)(bits >> (16 - n))) & 255];
        }
    return -1;
}

/* Sizes of coefficients in a picture of 8 bits. */
enum { SJ_MOST_AC = 10, SJ_MOST_DC = 11 };

/* Whether an AC symbol is one of sequential coding: a run and a coefficient, sixteen zeros, or the block's end. */
SH_INLINE int sj_is_sequential(int symbol)
{
    return symbol == 0 || symbol == 0xF0 || ((symbol & 15) > 0 && (symbol & 15) <= SJ_MOST_AC);
}

static inline void sj_fill_levels(sj_ac *to, const sj_code *code)
{
    uint32_t *levels = to->levels;
    memset(levels, 0, sizeof to->levels);
    for (int m = 1; m <= SJ_LOOK; m++) {
        uint32_t next = 0;
        int at = 0;
        for (int length = 1; length <= m; length++, next *= 2)
            for (int i = 0; i < code->counts[length - 1]; i++, next++) {
                const int symbol = code->symbols[at++];
                if (!sj_is_sequential(symbol))
                    continue;
                const int n_bits = length + (symbol & 15), passed = symbol ? (symbol >> 4) + 1 : 1;
                const uint32_t most = (1u << (symbol & 15)) - 1;
                const uint32_t entry = (uint32_t)(n_bits | passed << 8 | (symbol ? 0 : SJ_END)) | most << 16;
                uint32_t *entries = levels + ((size_t)1 << m) + ((size_t)next << (m - length));
                if (symbol == 0 || n_bits >= m) {
                    for (int j = 0; j < 1 << (m - length); j++)
                        entries[j] = entry;
                    continue;
                }
                const int rest = m - n_bits;
                const uint32_t *further = levels + ((size_t)1 << rest);
                for (int extra = 0; extra < 1 << (symbol & 15); extra++, entries += (size_t)1 << rest)
                    for (int j = 0; j < 1 << rest; j++)
                        entries[j] = entry + further[j];
            }
    }
    for (int i = 0; i < SJ_ENTRIES; i++)
        to->skip[i] = levels[SJ_ENTRIES + i] ? levels[SJ_ENTRIES + i] : SJ_LONG;
}

/* One symbol with its value. */
static inline void sj_fill_ones(sj_ac *to)
{
    for (uint32_t i = 0; i < SJ_ENTRIES; i++) {
        const uint32_t found = to->symbols.single[i];
        const int length = found & 255, symbol = (int)(found >> 8), size = symbol & 15, n_bits = length + size;
        sj_one *one = &to->ones[i];
        one->n_bits = one->passed = 0;
        one->value = 0;
        if (length == 0 || n_bits > SJ_LOOK || !sj_is_sequential(symbol))
            continue;
        one->n_bits = (uint8_t)n_bits;
        one->passed = (uint8_t)(symbol ? (symbol >> 4) + 1 : SJ_BLOCK_ENDS);
        one->value = (int16_t)sj_extended(i >> (SJ_LOOK - n_bits) & ((1u << size) - 1), size);
    }
}

/* What is decided of coefficients, as a joint entry has it. */
SH_INLINE uint32_t sj_as_joint(uint32_t entry)
{
    uint32_t places = 0;
    while ((1u << places) - 1 < sj_most(entry))
        places++;
    return (entry & 0xFFFF) | places << 16;
}

/* What the last m bits of an index decide, `most` coefficients of it. */
static inline sj_few sj_few_of(const sj_ac *ac, uint32_t index, int m, int most)
{
    sj_few few = {0, 0, 0, 0, SJ_NOWHERE, SJ_NOWHERE, 0};
    int n = 0, passed = 0, rest = m;
    while (rest > 0) {
        const sj_one one = ac->ones[index << (SJ_LOOK - rest) & (SJ_ENTRIES - 1)];
        if (one.n_bits == 0 || one.n_bits > rest)
            break;
        if (one.passed == SJ_BLOCK_ENDS) {
            few.passed = SJ_BLOCK_ENDS;
            rest -= one.n_bits;
            break;
        }
        if (n == most || passed + one.passed > SJ_FARTHEST || (int8_t)few.last != few.last)
            break;
        if (n == 2) {
            few.second = (int8_t)few.last;
            few.to_second = (uint8_t)passed;
        } else if (n == 1) {
            few.first = (int8_t)few.last;
            few.to_first = (uint8_t)passed;
        }
        n++;
        few.last = one.value;
        passed += one.passed;
        rest -= one.n_bits;
    }
    few.n_bits = (uint8_t)(m - rest);
    few.passed = (uint8_t)(few.passed + (n > 0 ? passed : 1));
    return few;
}

static inline void sj_fill_few(sj_ac *to)
{
    sj_fill_ones(to);
    for (uint32_t i = 0; i < SJ_ENTRIES; i++)
        to->few[i] = sj_few_of(to, i, SJ_LOOK, 3);
}

/* The mean's difference and what is decided of the coefficients behind it; nothing where `ac` is NULL. */
static inline void sj_fill_joint(sj_dc *to, const sj_code *code, const sj_ac *ac)
{
    uint32_t next = 0;
    int at = 0;
    for (int i = 0; i < SJ_ENTRIES; i++)
        to->joint[i] = SJ_LONG;
    for (int length = 1; length <= SJ_LOOK; length++, next *= 2)
        for (int i = 0; i < code->counts[length - 1]; i++, next++) {
            const int size = code->symbols[at++], n_bits = length + size, rest = SJ_LOOK - n_bits;
            if (size > SJ_MOST_DC || rest < 0)
                continue;
            const uint32_t *further = ac != NULL ? ac->levels + ((size_t)1 << rest) : NULL;
            uint32_t *entries = to->joint + ((size_t)next << (SJ_LOOK - length));
            for (int extra = 0; extra < 1 << size; extra++, entries += (size_t)1 << rest) {
                const uint32_t difference = (uint32_t)sj_extended((uint32_t)extra, size);
                const uint32_t entry = (uint32_t)n_bits | difference << SJ_DIFFERENCE_AT;
                for (int j = 0; j < 1 << rest; j++)
                    entries[j] = further != NULL ? entry + sj_as_joint(further[j]) : entry;
            }
        }
}

static inline void sj_fill_heads(sj_dc *to, const sj_ac *ac)
{
    for (uint32_t i = 0; i < SJ_ENTRIES; i++) {
        sj_head head = {0, 0, 0, 0, SJ_NOWHERE, 0};
        const uint32_t found = to->symbols.single[i];
        const int length = found & 255, size = (int)(found >> 8), rest = SJ_LOOK - length - size;
        if (length > 0 && size <= SJ_MOST_DC && rest >= 0) {
            const sj_few few = sj_few_of(ac, i & ((1u << rest) - 1), rest, 2);
            head.n_bits = (uint8_t)(length + size + few.n_bits);
            head.difference = (int16_t)sj_extended(i >> rest & ((1u << size) - 1), size);
            if (few.n_bits > 0) {
                head.first = few.first;
                head.last = few.last;
                head.to_first = few.to_first;
                head.passed = few.passed;
            }
        }
        to->head[i] = head;
    }
}

#endif
