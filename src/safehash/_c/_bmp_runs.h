/* Run-length coded rows of a BMP picture, unpacked.
 *
 * A code is two bytes: a count and what it repeats, or 0 and an order. Every place is compared with its end, so that no
 * file leads outside. What a run would write behind the end of its row is left out, as viewers do. Microsoft's "Bitmap
 * compression"; 24 bits a pixel as OS/2 had them.
 */
#ifndef SAFEHASH_BMP_RUNS_H
#define SAFEHASH_BMP_RUNS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "_levels.h"

typedef struct {
    const uint8_t *data;
    ptrdiff_t n_data;
    ptrdiff_t at;         /* of the next code */
    int bits;             /* of a pixel: 4, 8 or 24 */
    uint8_t *pixels;      /* rows x cols x (bits == 24 ? 3 : 1) */
    uint8_t *there;       /* rows x cols: 1 where the file has the pixel */
    ptrdiff_t rows, cols;
    ptrdiff_t row, col;   /* of the next pixel; the column may lie behind its row's end */
} sh_bmp_runs;

/* One pixel of a stored or repeated run. */
SH_INLINE void sh_bmp_pixel(sh_bmp_runs *runs, const uint8_t *from, ptrdiff_t number, ptrdiff_t place)
{
    if (runs->bits == 24) memcpy(runs->pixels + 3 * place, from, 3);
    else if (runs->bits == 8) runs->pixels[place] = *from;
    else runs->pixels[place] = number & 1 ? *from & 15 : *from >> 4;
    runs->there[place] = 1;
}

/* Unpacks at most n_codes codes. 1: there may be more; 0: the picture or the file has ended. */
static int sh_bmp_unpack(sh_bmp_runs *runs, ptrdiff_t n_codes)
{
    const ptrdiff_t code = runs->bits == 24 ? 4 : 2;
    while (n_codes-- > 0) {
        const uint8_t *here = runs->data + runs->at;
        const ptrdiff_t left = runs->n_data - runs->at;
        ptrdiff_t i, count, shown;
        if (runs->row >= runs->rows || left < 2) return 0;
        count = here[0];
        if (count) {
            if (left < code) return 0;
            shown = count < runs->cols - runs->col ? count : runs->cols - runs->col;
            for (i = 0; i < shown; i++) sh_bmp_pixel(runs, here + 1, i, runs->row * runs->cols + runs->col + i);
            runs->at += code;
        } else if (here[1] == 0) {
            runs->row++;
            runs->col = 0;
            runs->at += 2;
        } else if (here[1] == 1) {
            runs->row = runs->rows;
            return 0;
        } else if (here[1] == 2) {
            if (left < 4) return 0;
            runs->col += here[2];
            runs->row += here[3];
            runs->at += 4;
        } else {
            ptrdiff_t stored;
            count = here[1];
            stored = (count * runs->bits + 7) / 8;
            if (left - 2 < stored) return 0;
            shown = count < runs->cols - runs->col ? count : runs->cols - runs->col;
            for (i = 0; i < shown; i++)
                sh_bmp_pixel(runs, here + 2 + i * runs->bits / 8, i, runs->row * runs->cols + runs->col + i);
            runs->at += 2 + stored + stored % 2;
            if (runs->at > runs->n_data) runs->at = runs->n_data;
        }
        runs->col += here[0] || here[1] > 2 ? count : 0;
    }
    return 1;
}

#endif
