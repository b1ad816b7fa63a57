/* The kernels that read strangers' bytes, under libFuzzer with both sanitizers: buffers of exactly the size they are told. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_blocks.h"
#include "_bmp_runs.h"
#include "_png.h"

/* Rows of a PNG picture: the first bytes say how wide it is and how large a pixel. */
static void rows(const uint8_t *data, size_t n)
{
    if (n < 3) return;
    const ptrdiff_t pixel = 1 + data[0] % 4, n_bytes = pixel * (1 + data[1] % 40);
    const ptrdiff_t n_rows = (ptrdiff_t)(n - 2) / (n_bytes + 1);
    const size_t size = (size_t)(n_rows * (n_bytes + 1));
    uint8_t *strip = malloc(size + SH_PNG_ROOM), *above = calloc(1, (size_t)n_bytes + SH_PNG_ROOM);
    if (strip && above) {
        memcpy(strip, data + 2, size);
        memset(strip + size, 0, SH_PNG_ROOM);
        const ptrdiff_t known = sh_png_unfilter(strip, n_rows, n_bytes, pixel, above);
        if (known < 0 || known > n_rows) abort();
    }
    free(strip);
    free(above);
}

/* Run lengths of a BMP picture of up to 64 x 64 pixels. */
static void runs(const uint8_t *data, size_t n)
{
    static const int depths[3] = {4, 8, 24};
    if (n < 4) return;
    const int bits = depths[data[0] % 3];
    const ptrdiff_t cols = 1 + data[1] % 64, lines = 1 + data[2] % 64;
    uint8_t *own = malloc(n - 3), *pixels = calloc((size_t)(cols * lines), bits == 24 ? 3 : 1);
    uint8_t *there = calloc((size_t)(cols * lines), 1);
    if (own && pixels && there) {
        memcpy(own, data + 3, n - 3);
        sh_bmp_runs state = {0};
        state.data = own;
        state.n_data = (ptrdiff_t)n - 3;
        state.bits = bits;
        state.pixels = pixels;
        state.there = there;
        state.rows = lines;
        state.cols = cols;
        while (sh_bmp_unpack(&state, 1 + data[0])) {}
    }
    free(own);
    free(pixels);
    free(there);
}

/* A mapped file of sealed blocks, touched anywhere within it. */
static void blocks(const uint8_t *data, size_t n)
{
    if (n < 8) return;
    uint8_t *own = malloc(n);
    const size_t n_blocks = (n >> SH_BLOCK_BITS) + 1;
    uint64_t *sums = calloc(n_blocks, sizeof *sums);
    uint8_t *seals = calloc(n_blocks, SH_SEAL_BYTES), *verified = calloc(n_blocks, 1);
    int64_t bad = -1;
    if (own && sums && seals && verified) {
        memcpy(own, data, n);
        sh_file file = {0};
        file.base = own;
        file.n_bytes = n;
        file.sums = sums;
        file.seals = seals;
        file.verified = verified;
        file.bad_block = &bad;
        for (size_t block = 0; block << SH_BLOCK_BITS < n; block++) {
            const size_t start = block << SH_BLOCK_BITS;
            const size_t size = n - start < (1 << SH_BLOCK_BITS) ? n - start : (size_t)1 << SH_BLOCK_BITS;
            sums[block] = sh_checksum(own + start, size);
            sh_seal(seals + block * SH_SEAL_BYTES, own + start, size);
        }
        const size_t from = data[0] * 257u % n, size = 1 + data[1] * 263u % (n - from);
        if (sh_touch(&file, own + from, size) != SH_OK) abort();
        own[from] ^= 1;
        memset(verified, 0, n_blocks);
        if (sh_touch(&file, own + from, size) == SH_OK || bad != (int64_t)(from >> SH_BLOCK_BITS)) abort();
    }
    free(own);
    free(sums);
    free(seals);
    free(verified);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1) return 0;
    switch (data[0] % 3) {
        case 0: rows(data + 1, n - 1); break;
        case 1: runs(data + 1, n - 1); break;
        default: blocks(data + 1, n - 1); break;
    }
    return 0;
}
