/* A picture as it is stored. */
#ifndef SAFEHASH_PICTURE_H
#define SAFEHASH_PICTURE_H

#include "_levels.h"

/* `channels` interleaved samples a pixel, 1 (grey) or 3 (red, green, blue), those of a row adjacent. */
typedef struct {
    const uint8_t *data;
    ptrdiff_t row_stride, n_rows, n_cols;
    int channels;
} sh_picture;

#endif
