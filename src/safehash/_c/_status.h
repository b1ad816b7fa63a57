/* What a kernel of the search may answer. */
#ifndef SAFEHASH_STATUS_H
#define SAFEHASH_STATUS_H

enum {
    SH_OK = 0,
    SH_NO_MEMORY = -1,
    SH_BAD_BLOCK = -2,    /* a block of a mapped file is not what its checksum says */
    SH_BAD_POSITION = -3, /* a position in an array points outside another */
    SH_TOO_MANY = 1,      /* so many candidates that looking at every digest is cheaper */
};

#endif
