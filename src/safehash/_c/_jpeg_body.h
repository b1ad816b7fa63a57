/* The kernels of the JPEG reader, compiled once per level: what makes samples, then rows of blocks. Included by _jpeg.h. */
#include "_jpeg_samples_body.h"
#include "_grey_squares_body.h"
#include "_jpeg_shown_body.h"
#include "_jpeg_sequential_body.h"
#include "_jpeg_progressive_body.h"

static const sj_kernels SH_NAME(jpeg_kernels) = {
    SH_NAME(sequential_row),     SH_NAME(means_row),      SH_NAME(first_row),         SH_NAME(refined_row), SH_NAME(squares_row),
    SH_NAME(refined_squares_row), SH_NAME(samples_of_row), SH_NAME(chroma_to_samples),
    SH_NAME(shown_rows),
};
