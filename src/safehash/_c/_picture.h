/* A picture as it is stored. */
#ifndef SAFEHASH_PICTURE_H
#define SAFEHASH_PICTURE_H

#include "_levels.h"

/* `channels` adjacent samples a pixel, 1 (grey) or 3 (red, green, blue), and pixels `apart` bytes from each other: as many,
 * or 4, the last of which is not looked at. */
typedef struct {
    const uint8_t *data;
    ptrdiff_t row_stride, n_rows, n_cols;
    int channels, apart;
} sh_picture;

/* Up to the last sample of the last pixel. */
static inline ptrdiff_t sh_samples_of_row(const sh_picture *picture)
{
    return picture->n_cols * picture->apart - (picture->apart - picture->channels);
}

#endif
