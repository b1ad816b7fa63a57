/* A JPEG file's luma, reduced: what a hash needs is read, the rest passed over. Anything irregular is refused, not judged.
 *
 * ITU-T T.81; sequential and progressive, Huffman-coded, 8 bits, one or three components. Everything is integers.
 */
#ifndef SAFEHASH_JPEG_H
#define SAFEHASH_JPEG_H

#include "_bits.h"
#include "_grey_weights.h"
#include "_jpeg_steps.h"

#define SH_BODY "_jpeg_body.h"
#include "_each_level.h"
#undef SH_BODY

#include "_jpeg_scans.h"

#endif
