/* What bits alone say: turns of a digest, whether it is degenerate, how near it is to a plain shape.
 *
 * A digest of 8 or 32 bytes is a number, most significant byte first, whose bit side * i + j stands for the coefficient
 * of row i and column j of a side x side grid. That is so for PDQ, which prints its first coefficient last; for pHash,
 * which prints it first, rows and columns count from the other end. In both, even rows and columns are then those of odd
 * frequencies.
 */
#ifndef SAFEHASH_DIGESTS_H
#define SAFEHASH_DIGESTS_H

#include "_bits.h"
#include "_plain_shapes.h"

#define SH_ORIENTATIONS 8

/* ---- turns ---- */

/* Orientation -> transpose, then flip rows (odd vertical frequencies change sign), then flip columns: original,
 * rotate 90, 180, 270, flip x, flip y, flip plus 1, flip minus 1. */
static const uint8_t sh_turns[SH_ORIENTATIONS][3] = {
    {0, 0, 0}, {1, 1, 0}, {0, 1, 1}, {1, 0, 1}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 1, 1},
};

/* The rows of the grid, the first one (the last bytes) first. */
SH_INLINE void sh_load_grid(uint16_t *grid, const uint8_t *digest, int side)
{
    for (int row = 0; row < side; row++)
        grid[row] = side == 16 ? (uint16_t)(digest[31 - 2 * row] | digest[30 - 2 * row] << 8) : digest[7 - row];
}

SH_INLINE void sh_store_grid(uint8_t *digest, const uint16_t *grid, int side)
{
    for (int row = 0; row < side; row++)
        if (side == 16) {
            digest[31 - 2 * row] = (uint8_t)grid[row];
            digest[30 - 2 * row] = (uint8_t)(grid[row] >> 8);
        } else {
            digest[7 - row] = (uint8_t)grid[row];
        }
}

/* Swap the grid's off-diagonal quarters, then those of its quarters, and so on. */
SH_INLINE void sh_transpose_grid(uint16_t *grid, int side)
{
    static const uint16_t low[4] = {0x5555, 0x3333, 0x0F0F, 0x00FF}; /* of every 2, 4, 8, 16 bits */
    for (int half = side / 2, which = side == 16 ? 3 : 2; half > 0; half /= 2, which--)
        for (int row = 0; row < side; row++)
            if (!(row & half)) {
                const uint16_t swap = (uint16_t)(((grid[row] >> half) ^ grid[row + half]) & low[which]);
                grid[row] = (uint16_t)(grid[row] ^ swap << half);
                grid[row + half] ^= swap;
            }
}

/* The digest of the picture turned, as its bits tell it. `n_bytes` is 8 or 32; turned may be the digest itself. */
static inline void sh_turn(uint8_t *turned, const uint8_t *digest, int n_bytes, int orientation)
{
    const uint8_t *turn = sh_turns[orientation];
    const int side = n_bytes == 32 ? 16 : 8;
    const uint16_t full = side == 16 ? 0xFFFF : 0xFF;
    uint16_t grid[16];
    sh_load_grid(grid, digest, side);
    if (turn[0])
        sh_transpose_grid(grid, side);
    for (int row = 0; row < side; row++)
        grid[row] = (uint16_t)((grid[row] ^ (turn[1] && !(row & 1) ? full : 0) ^ (turn[2] ? 0x5555 : 0)) & full);
    sh_store_grid(turned, grid, side);
}

/* ---- degenerate digests ---- */

/* Ones that a digest may have beside 128, and mean squared correlation of its rows in 240ths (each with all the others,
 * so that 15 of 16 x 15 rows alike come to 240), above which it is degenerate. Of 290 photographs one is;
 * docs/matching.md, "Gates". */
#define SH_UNEVEN 8
#define SH_ALIKE 60 /* a quarter */

/* Ones of each of four words of 16 bits, in those words. */
SH_INLINE uint64_t sh_ones_of_four(uint64_t bits)
{
    bits -= (bits >> 1) & 0x5555555555555555ULL;
    bits = (bits & 0x3333333333333333ULL) + ((bits >> 2) & 0x3333333333333333ULL);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0FULL;
    return (bits + (bits >> 8)) & 0x001F001F001F001FULL;
}

/* Whether a PDQ digest is so regular that unrelated pictures come near it by structure.
 *
 * Two rows that differ in d of 16 bits correlate by (16 - 2 d) / 16. Columns need no look: the squared correlations of
 * a matrix's columns add up to those of its rows (both are the trace of S S' S S'). */
static inline int sh_is_degenerate(const uint8_t *digest)
{
    uint64_t rows[4], others[4], ones = 0;
    int squares = 0; /* of 16 times the correlations of each row with each other one, both ways */
    for (int i = 0; i < 4; i++) {
        rows[i] = sh_load64(digest + 8 * i);
        ones += sh_ones_of_four(rows[i]);
    }
    const int n_ones = (int)((ones & 0xFFFF) + (ones >> 16 & 0xFFFF) + (ones >> 32 & 0xFFFF) + (ones >> 48));
    if (n_ones > 128 + SH_UNEVEN || n_ones < 128 - SH_UNEVEN)
        return 1;
    /* Row 4 i + k against row 4 j + (k + by) % 4: every pair, both ways, for all i, j and `by`; i = j, by = 0 is each
     * row with itself. */
    for (int by = 0; by < 4; by++) {
        for (int j = 0; j < 4; j++)
            others[j] = by ? rows[j] >> 16 * by | rows[j] << (64 - 16 * by) : rows[j];
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                if (by == 0 && i == j)
                    continue;
                uint64_t apart = sh_ones_of_four(rows[i] ^ others[j]);
                for (int k = 0; k < 4; k++, apart >>= 16) {
                    const int product = 16 - 2 * (int)(apart & 0xFFFF);
                    squares += product * product;
                }
            }
    }
    return squares > 256 * SH_ALIKE;
}

/* ---- plain shapes ---- */

/* How far a PDQ digest lies from the nearest plain shape, in any orientation, in bits; a shape and its negative count
 * alike. */
SH_INLINE int sh_distance_to_plain_body(const uint8_t *digest, int hardware)
{
    int least = 256, most = 0;
    for (int orientation = 0; orientation < SH_ORIENTATIONS; orientation++) {
        /* The shapes' other orientations are not stored: the digest is turned instead. */
        uint8_t turned[32];
        uint64_t own[4];
        sh_turn(turned, digest, 32, orientation);
        for (int word = 0; word < 4; word++) {
            own[word] = 0;
            for (int byte = 0; byte < 8; byte++)
                own[word] = own[word] << 8 | turned[8 * word + byte];
        }
        for (int shape = 0; shape < SH_PLAIN_SHAPES; shape++) {
            int distance = 0;
            for (int word = 0; word < 4; word++)
                distance += sh_popcount(own[word] ^ sh_plain_shapes[shape][word], hardware);
            least = distance < least ? distance : least;
            most = distance > most ? distance : most;
        }
    }
    return least < 256 - most ? least : 256 - most;
}

static int sh_distance_to_plain_scalar(const uint8_t *digest) { return sh_distance_to_plain_body(digest, 0); }
SH_TARGET_POPCNT static int sh_distance_to_plain_popcnt(const uint8_t *digest)
{
    return sh_distance_to_plain_body(digest, 1);
}

typedef int (*sh_measure)(const uint8_t *);

static inline sh_measure sh_distance_to_plain_at(int level)
{
    return level >= SH_POPCNT ? sh_distance_to_plain_popcnt : sh_distance_to_plain_scalar;
}

#endif
