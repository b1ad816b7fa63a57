/* The JPEG reader under libFuzzer with both sanitizers: buffers of exactly the size they are told.
 *
 * With -DWITH_LIBJPEG also against that decoder: what ours reads, it reads, and means and whole samples are the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "_jpeg.h"

/* Of a picture: 512 blocks of one row, or 8 by 8 blocks. With four times as many 3 more of 1 765 edges are reached. */
enum { MOST_PIXELS = 1 << 12 };

/* Pixels a side that are kept of what a screen shows: fewer than a picture has, and more. */
enum { MOST_KEPT = 21 };

/* Rows and columns that a file says it has; 0 where it has no frame header. */
static int size_of(const uint8_t *data, size_t n, int *rows, int *cols)
{
    for (size_t i = 0; i + 9 < n; i++)
        if (data[i] == 0xFF && data[i + 1] >= 0xC0 && data[i + 1] <= 0xC2) {
            *rows = data[i + 5] << 8 | data[i + 6];
            *cols = data[i + 7] << 8 | data[i + 8];
            return *rows > 0 && *cols > 0 && *rows * (int64_t)*cols <= MOST_PIXELS;
        }
    return 0;
}

#ifdef WITH_LIBJPEG
#include <jpeglib.h>
#include <setjmp.h>

static jmp_buf failed;
static void fail(j_common_ptr c) { (void)c; longjmp(failed, 1); }
static void be_silent(j_common_ptr c, int level) { (void)c; (void)level; }

static void compare(const uint8_t *data, size_t n, const uint8_t *luma, int rows, int cols, int step)
{
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr errors;
    uint8_t *row = NULL;
    c.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    errors.emit_message = be_silent;
    int is_same = 0;
    jpeg_create_decompress(&c);
    if (!setjmp(failed)) {
        jpeg_mem_src(&c, (unsigned char *)data, n);
        jpeg_read_header(&c, TRUE);
        c.out_color_space = JCS_GRAYSCALE;
        c.scale_num = 1;
        c.scale_denom = step;
        jpeg_start_decompress(&c);
        is_same = (int)c.output_height == rows && (int)c.output_width == cols;
        row = malloc(c.output_width);
        for (int i = 0; is_same && i < rows; i++) {
            jpeg_read_scanlines(&c, &row, 1);
            is_same = (step > 1 && step < 8) || memcmp(row, luma + (size_t)i * cols, cols) == 0;
        }
        if (is_same)
            jpeg_finish_decompress(&c);
    } else {
        is_same = 0;
    }
    free(row);
    jpeg_destroy_decompress(&c);
    if (!is_same)
        abort();
}
#endif

static int read(const uint8_t *data, size_t n, int step, uint8_t *luma, int full_rows, int full_cols, int level)
{
    const int rows = (full_rows + step - 1) / step, cols = (full_cols + step - 1) / step;
    sj_reader *reader = sj_new(data, (ptrdiff_t)n, step, n & 4 ? SJ_FINE : 0, luma, rows, cols);
    uint8_t *chroma[2] = {NULL, NULL};
    for (int i = 0; i < 2 && n & 1; i++) { /* of 4:4:4 or of 4:2:0 */
        const int each = 8 << (n >> 1 & 1), down = (full_rows + each - 1) / each, across = (full_cols + each - 1) / each;
        chroma[i] = malloc(2 * (size_t)down * across);
        sj_want_chroma(reader, i, chroma[i], chroma[i] + (size_t)down * across, down, across);
    }
    uint8_t *grey = NULL, *kept = NULL;
    if (n & 1 && n & 8) { /* and what a screen shows */
        grey = malloc((size_t)rows * cols);
        kept = malloc(3 * MOST_KEPT * MOST_KEPT);
        if (!sj_want_shown(reader, grey, kept, MOST_KEPT))
            abort();
    }
    int status = sj_open(reader);
    while (status == SJ_MORE)
        status = sj_advance(reader, sj_kernels_at(level), 1 + (ptrdiff_t)(n % 64));
    sj_free(reader);
    free(chroma[0]);
    free(chroma[1]);
    free(grey);
    free(kept);
    if (status != SJ_DONE && status != SJ_IRREGULAR)
        abort();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int is_ready;
    if (!is_ready) {
        sj_fill_standard();
        is_ready = 1;
    }
    int rows, cols;
    if (n < 4 || !size_of(data, n, &rows, &cols))
        return 0;
    uint8_t *own = malloc(n);
    memcpy(own, data, n);
    const int step = 1 << n % 4, down = (rows + step - 1) / step, across = (cols + step - 1) / step;
    const size_t n_samples = (size_t)down * across;
    int status = -1;
    uint8_t *first = NULL;
    for (int level = sh_widest_level(); level >= SH_BASELINE; level -= SH_AVX2) {
        uint8_t *luma = malloc(n_samples);
        const int other = read(own, n, step, luma, rows, cols, level);
        if (first == NULL) {
            first = luma;
            status = other;
            continue;
        }
        if (other != status || (status == SJ_DONE && memcmp(first, luma, n_samples)))
            abort(); /* levels differ */
        free(luma);
    }
#ifdef WITH_LIBJPEG
    if (status == SJ_DONE)
        compare(own, n, first, down, across, step);
#endif
    free(first);
    free(own);
    return 0;
}
