/* The luma of red, green and blue, and its means over squares: as the imaging library makes them, to the bit. */
#ifndef SAFEHASH_GREY_H
#define SAFEHASH_GREY_H

#include "_grey_weights.h"

typedef struct {
    void (*means)(const uint8_t *, ptrdiff_t, int, int, uint16_t *, uint8_t *);
} sh_grey;

#define SH_BODY "_grey_body.h"
#include "_each_level.h"
#undef SH_BODY

static inline const sh_grey *sh_grey_at(int level)
{
    return SH_AT_LEVEL(level, grey);
}

#endif
