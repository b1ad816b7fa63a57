/* The pixel kernels, written once; _each_level.h includes this file once per level.
 *
 * Every function is named through SH_NAME so that each inclusion gives its own copy. Integer sums are exact; float sums run
 * in one fixed order written out here (eight lanes, then a fixed tree), so every copy gives the same bits.
 */
#include "_sums_body.h"
#include "_transform_body.h"
#include "_resample_body.h"

static const sh_kernels SH_NAME(kernels) = {
    SH_NAME(small_picture), SH_NAME(turned_pictures), SH_NAME(transpose),    SH_NAME(dct),
    SH_NAME(bits),          SH_NAME(bits_in_doubt),   SH_NAME(quality),         SH_NAME(grey_of_row),  SH_NAME(widen),
    SH_NAME(resample_row),  SH_NAME(resample_cols),
};
