/* What is known of a JPEG file while it is read: frame, tables, coefficients kept. */
#ifndef SAFEHASH_JPEG_STATE_H
#define SAFEHASH_JPEG_STATE_H

#include <math.h> /* sqrt alone: exact everywhere */

#include "_jpeg_bits.h"
#include "_jpeg_tables.h"

enum { SJ_DONE = 0, SJ_MORE = 1, SJ_IRREGULAR = 2, SJ_NO_MEMORY = 3 };

/* Coefficients kept, in zigzag order, of blocks that are reduced by two, and of whole ones. */
enum { SJ_KEPT_OF_HALF = 21, SJ_WHOLE = 64 };
/* Greatest coefficients, quantized, in a picture of 8 bits: a mean, any other. */
enum { SJ_GREATEST_DC = 2047, SJ_GREATEST_AC = 1023 };

/* What is taken for the bits of a coefficient that are passed over, of what they can be: small ones are more frequent. */
enum { SJ_REST = 3, SJ_REST_BITS = 3 };

/* Binary places: of the weights of a sum of four coefficients, and what it is shifted by in all; of the weights of a column's
 * sums and what these are shifted by, to eighths; of the weights of a row's, and what they are shifted by. An eighth of a
 * coefficient of the mean is one grey level. */
enum {
    SJ_FOUR_BITS = 10,
    SJ_FOUR_SHIFT = SJ_FOUR_BITS + 3,
    SJ_COLUMN_BITS = 9,
    SJ_COLUMN_SHIFT = SJ_COLUMN_BITS - 3,
    SJ_ROW_BITS = 13,
    SJ_ROW_SHIFT = SJ_ROW_BITS + 3 + 3,
};

/* Of whole blocks: binary places of the factors, those left between columns and rows; beyond the last, coefficients and what
 * columns make of them are none of a picture of 8 bits, and decoders' sums of 16 bits wrap around. */
enum { SJ_WHOLE_BITS = 13, SJ_BETWEEN_BITS = 2, SJ_GREATEST_WHOLE = 16384 };
/* Beyond the last, samples about the middle are none that decoders agree on. */
enum { SJ_GREATEST_SAMPLE = 512 };
/* The places in zigzag order of frequencies down, and across in each. */
static const uint8_t sj_place_of[64] = {
    0, 1, 5, 6, 14, 15, 27, 28,
    2, 4, 7, 13, 16, 26, 29, 42,
    3, 8, 12, 17, 25, 30, 41, 43,
    9, 11, 18, 24, 31, 40, 44, 53,
    10, 19, 23, 32, 39, 45, 52, 54,
    20, 22, 33, 38, 46, 51, 55, 60,
    21, 34, 37, 47, 50, 56, 59, 61,
    35, 36, 48, 49, 57, 58, 62, 63,
};

/* What frequency u of 0, 1, 2, 3 and 5 adds to the means of the first and the second pair of a block's eight samples, beside
 * what frequency 0 adds: sqrt 2 cos(u pi / 16) cos((2 j + 1) u pi / 8), in 2^SJ_ROW_BITS; the fourth and the third pair get the
 * same, negated for odd u. (Of frequency 4 they get nothing; of 2 the second gets the first's, negated.) */
static const int32_t sj_halves[5][2] = {{8192, 8192}, {10498, 4348}, {7568, -7568}, {3686, -8900}, {-2463, 5946}};
/* What frequency 1 adds to the mean of the first four samples, likewise. */
enum { SJ_FIRST_OF_FOUR = 7423 };

typedef struct {
    int number, across_each, down_each, table; /* table: of quantization */
    ptrdiff_t across, down;                    /* blocks that hold samples */
    ptrdiff_t padded_across, padded_down;      /* blocks of whole MCUs */
    int16_t *means;                            /* chroma's, padded; NULL for luma */
    uint16_t *squares;                         /* likewise: the mean square of samples about it at most; 65535: or more */
    uint64_t *history;                         /* progressive: which coefficients of a block are not 0; NULL if nobody asks */
    int has_quantizer;
    uint16_t quantizer[64];
    uint16_t greatest[64];                     /* the greatest quantizer of places 1 to k in zigzag order */
} sj_component;

/* One scan, as its header says. */
typedef struct {
    int n, component[3], dc[3], ac[3];
    int from, to, high, low; /* spectral selection; successive approximation */
} sj_scan;

/* Tables as segments define them; any of them may be defined anew before another scan. */
typedef struct {
    uint16_t quantizers[4][64];
    int has_quantizer[4];
    sj_code codes[2][4]; /* DC, AC */
    int has_code[2][4];
    uint32_t restart_interval;
} sj_tables;

/* Pixels a side that are kept of what a screen shows, at most. */
enum { SJ_MOST_KEPT = 1024 };

/* What chroma, blue's and red's, adds to each colour beside whole multiples of it, in 1/65536: of 1.402, -.34414, -.71414 and 1.772
 * (JFIF), as libjpeg rounds them. Once red's is added to red, and taken from green; twice blue's is added to blue. */
enum { SJ_RED_OF_RED = 26345, SJ_GREEN_OF_BLUE = -22554, SJ_GREEN_OF_RED = 18734, SJ_BLUE_OF_BLUE = -14942 };

/* What a screen shows of a picture that is read whole, beside its reduced luma: see _jpeg_shown_body.h. */
typedef struct {
    uint8_t *grey; /* out: the means of squares of `step` pixels, as many as there are samples of luma */
    uint8_t *kept; /* out: side x side pixels of red, green and blue */
    ptrdiff_t side;
    int32_t at[SJ_MOST_KEPT]; /* the columns of these */
    int16_t *planes[2];     /* coefficients of a row of MCUs of each component of chroma */
    ptrdiff_t offset[256];  /* of coefficient k in these */
    uint8_t *rows[3];       /* samples of two rows of MCUs of each component, the older ones overwritten */
    ptrdiff_t pitch[3];     /* of such a row */
    uint8_t *lines;         /* chroma of one row as fine as luma, then red, green and blue */
    int16_t *columns;       /* between columns and rows of chroma's inverse transform; sums of two rows of its samples */
    uint16_t *sums;         /* of the greys of some rows */
    ptrdiff_t n_shown, n_kept; /* rows written */
} sj_shown;

typedef struct {
    const uint8_t *data, *end;
    const uint8_t *at; /* where the next segment is, or a scan's first byte */
    int is_progressive, is_not_ycc;
    ptrdiff_t rows, cols;
    int n_components, most_across, most_down;
    sj_component component[3];
    sj_tables tables;

    /* what is wanted */
    int fine; /* see SJ_FINE */
    int step, n_kept; /* 8: means; 4: the first 5 in zigzag order; 2: the first 21; 1: all */
    int n_used;       /* as many reach samples of luma; where what is shown is wanted, too, all are kept */
    uint8_t *luma;    /* out: rows x cols of the reduced picture */
    ptrdiff_t luma_rows, luma_cols;
    uint8_t *chroma[2]; /* out: the mean of each block of chroma; both NULL where nobody wants it */
    uint8_t *spreads[2]; /* out: the root of their mean square about it, at most; of the same shape */
    ptrdiff_t chroma_rows[2], chroma_cols[2];

    /* coefficients of luma in planes: those of one row of MCUs, or of the whole picture. Place of coefficient k: offset[k]. */
    int16_t *kept;
    ptrdiff_t kept_across, kept_down; /* blocks of a plane */
    ptrdiff_t offset[256];
    int32_t fours[4], weights[5][5][2]; /* of coefficients in samples, their quantizers multiplied in */

    /* the scan being read */
    sj_scan scan;
    sj_stream stream;
    int is_in_scan, is_read, has_one_scan;
    int has_history[3]; /* of each component: scans of further bits are read */
    ptrdiff_t unit_row, unit_rows, units_across; /* of MCUs */
    uint32_t restarts_in;                        /* units until the next restart marker; 0: none come */
    int next_restart;
    uint32_t end_run; /* progressive: blocks that nothing more is said of */
    int mean[3];      /* predictors */
    const sj_dc *dc[3];
    const sj_ac *ac[3];

    uint64_t wanted; /* of the scans still to come, the next one lowest: which have what is wanted */
    sj_dc *own_dc[3]; /* tables of the file's own */
    sj_ac *own_ac[3];
    int16_t *samples; /* working rows of the inverse transform */
    sj_shown *shown;  /* NULL where nobody wants it */
} sj_reader;

/* The squares of a block's 64 samples about their mean add up to those of its coefficients (Parseval): their mean, rounded up. */
SH_INLINE uint16_t sj_square(uint32_t before, uint64_t sum)
{
    const uint64_t square = before + ((sum + 63) >> 6);
    return (uint16_t)(square < 65535 ? square : 65535);
}

/* What so many of a coefficient's quantizers come to, squared. */
SH_INLINE uint64_t sj_squared(uint32_t most, uint32_t quantizer) { return (uint64_t)(most * quantizer) * (most * quantizer); }

typedef struct {
    int (*sequential_row)(sj_reader *);
    int (*means_row)(sj_reader *);
    int (*first_row)(sj_reader *);
    int (*refined_row)(sj_reader *);
    int (*squares_row)(sj_reader *);
    int (*refined_squares_row)(sj_reader *);
    int (*samples_of_row)(sj_reader *, const int16_t *, ptrdiff_t);
    int (*chroma_to_samples)(sj_reader *);
    int (*shown_rows)(sj_reader *);
} sj_kernels;

#endif
