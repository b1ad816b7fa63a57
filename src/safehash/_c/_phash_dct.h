/* The DCT of pHash with the rounding of its reference: in double, every sum and product in the reference's order.
 *
 * A real Fourier transform of radix 4 (and once 2) over samples put in pairs.
 *
 * Where a picture's coefficients tie (stripes, checks, mirrored and flat pictures), its bits are nothing but this
 * rounding. SH_LANES lines are transformed side by side.
 */
#ifndef SAFEHASH_PHASH_DCT_H
#define SAFEHASH_PHASH_DCT_H

#include "_cosines.h"
#include "_levels.h"

#define SH_MAX_SIDE 64 /* the larger of the pictures pHash shrinks to */
#define SH_LANES 8

typedef double sh_lanes[SH_LANES];

#define SH_EACH_LANE for (int lane = 0; lane < SH_LANES; lane++)

/* sum = a + b, difference = a - b */
static inline void sh_add_and_subtract(double *sum, double *difference, const double *a, const double *b)
{
    SH_EACH_LANE
    {
        const double x = a[lane], y = b[lane];
        sum[lane] = x + y;
        difference[lane] = x - y;
    }
}

/* A pair of samples, real and imaginary, times cosine + i sine. */
static inline void sh_turn_pair(double *real, double *imaginary, const double *twiddle, const double *re,
                                const double *im)
{
    SH_EACH_LANE
    {
        imaginary[lane] = twiddle[0] * im[lane] + twiddle[1] * re[lane];
        real[lane] = twiddle[0] * re[lane] - twiddle[1] * im[lane];
    }
}

/* One backward stage of radix 2: `out` is 2 x n_groups x length of `in`, n_groups x 2 x length; length is even. */
static inline void sh_radix2(sh_lanes *out, const sh_lanes *in, int length, int n_groups, const double *twiddles)
{
    for (int k = 0; k < n_groups; k++) {
        const sh_lanes *a = in + 2 * k * length, *b = a + length;
        sh_lanes *to = out + k * length, *other = to + n_groups * length;
        sh_add_and_subtract(to[0], other[0], a[0], b[length - 1]);
        for (int i = 2; i < length; i += 2) {
            const int back = length - i;
            double re[SH_LANES], im[SH_LANES];
            sh_add_and_subtract(to[i - 1], re, a[i - 1], b[back - 1]);
            sh_add_and_subtract(im, to[i], a[i], b[back]);
            sh_turn_pair(other[i - 1], other[i], twiddles + i - 2, re, im);
        }
        SH_EACH_LANE
        {
            to[length - 1][lane] = 2.0 * a[length - 1][lane];
            other[length - 1][lane] = -2.0 * b[0][lane];
        }
    }
}

/* One backward stage of radix 4: `out` is 4 x n_groups x length of `in`, n_groups x 4 x length; length is 1 or even. */
static inline void sh_radix4(sh_lanes *out, const sh_lanes *in, int length, int n_groups, const double *twiddles)
{
    const double root = 1.4142135623730951; /* of 2 */
    const int apart = n_groups * length;
    for (int k = 0; k < n_groups; k++) {
        const sh_lanes *a = in + 4 * k * length, *b = a + length, *c = b + length, *d = c + length;
        sh_lanes *to = out + k * length, *second = to + apart, *third = second + apart, *fourth = third + apart;
        double r1[SH_LANES], r2[SH_LANES], r3[SH_LANES], r4[SH_LANES];
        double i1[SH_LANES], i2[SH_LANES], i3[SH_LANES], i4[SH_LANES];
        sh_add_and_subtract(r2, r1, a[0], d[length - 1]);
        SH_EACH_LANE
        {
            r3[lane] = 2.0 * b[length - 1][lane];
            r4[lane] = 2.0 * c[0][lane];
        }
        sh_add_and_subtract(to[0], third[0], r2, r3);
        sh_add_and_subtract(fourth[0], second[0], r1, r4);
        if (length == 1)
            continue;
        for (int i = 2; i < length; i += 2) {
            const int back = length - i, pairs = 2 * ((length - 1) / 2);
            double re[SH_LANES], im[SH_LANES], re3[SH_LANES], im3[SH_LANES], re4[SH_LANES], im4[SH_LANES];
            sh_add_and_subtract(r2, r1, a[i - 1], d[back - 1]);
            sh_add_and_subtract(i1, i2, a[i], d[back]);
            sh_add_and_subtract(r4, i3, c[i], b[back]);
            sh_add_and_subtract(r3, i4, c[i - 1], b[back - 1]);
            sh_add_and_subtract(to[i - 1], re3, r2, r3);
            sh_add_and_subtract(to[i], im3, i2, i3);
            sh_add_and_subtract(re4, re, r1, r4);
            sh_add_and_subtract(im, im4, i1, i4);
            sh_turn_pair(second[i - 1], second[i], twiddles + i - 2, re, im);
            sh_turn_pair(third[i - 1], third[i], twiddles + pairs + i - 2, re3, im3);
            sh_turn_pair(fourth[i - 1], fourth[i], twiddles + 2 * pairs + i - 2, re4, im4);
        }
        sh_add_and_subtract(i1, i2, d[0], b[0]);
        sh_add_and_subtract(r2, r1, a[length - 1], c[length - 1]);
        SH_EACH_LANE
        {
            to[length - 1][lane] = r2[lane] + r2[lane];
            second[length - 1][lane] = root * (r1[lane] - i1[lane]);
            third[length - 1][lane] = i2[lane] + i2[lane];
            fourth[length - 1][lane] = -root * (r1[lane] + i1[lane]);
        }
    }
}

/* samples[n] becomes its unnormalised DCT-II, for n of 32 or 64. `other` is as long. */
static inline void sh_dct_as_reference(sh_lanes *samples, sh_lanes *other, int n)
{
    const double *last = n == 32 ? sh_last_twiddles_32 : sh_last_twiddles_64;
    SH_EACH_LANE
    {
        samples[0][lane] *= 2.0;
        samples[n - 1][lane] *= 2.0;
    }
    for (int k = 1; k < n - 1; k += 2)
        sh_add_and_subtract(samples[k], samples[k + 1], samples[k + 1], samples[k]);
    if (n == 32)
        sh_radix2(other, (const sh_lanes *)samples, 16, 1, sh_first_twiddles_32);
    else
        sh_radix4(other, (const sh_lanes *)samples, 16, 1, sh_first_twiddles_64);
    sh_radix4(samples, (const sh_lanes *)other, 4, n / 16, n == 32 ? sh_second_twiddles_32 : sh_second_twiddles_64);
    sh_radix4(other, (const sh_lanes *)samples, 1, n / 4, NULL);
    for (int k = 1; k < n / 2; k++)
        SH_EACH_LANE
        {
            const double one = other[k][lane], two = other[n - k][lane];
            const double t1 = last[k - 1] * two + last[n - k - 1] * one;
            const double t2 = last[k - 1] * one - last[n - k - 1] * two;
            samples[k][lane] = 0.5 * (t1 + t2);
            samples[n - k][lane] = 0.5 * (t1 - t2);
        }
    SH_EACH_LANE
    {
        samples[0][lane] = other[0][lane];
        samples[n / 2][lane] = other[n / 2][lane] * last[n / 2 - 1];
    }
}

/* The keep x keep lowest coefficients, constant term included, of a side x side picture, side = 4 * keep: along the
 * columns first. */
static inline void sh_phash_spectrum(double *spectrum, const uint8_t *small, int side, int keep)
{
    sh_lanes samples[SH_MAX_SIDE], other[SH_MAX_SIDE];
    double half[16][SH_MAX_SIDE];
    for (int col = 0; col < side; col += SH_LANES) {
        for (int row = 0; row < side; row++)
            SH_EACH_LANE samples[row][lane] = small[row * side + col + lane];
        sh_dct_as_reference(samples, other, side);
        for (int i = 0; i < keep; i++)
            SH_EACH_LANE half[i][col + lane] = samples[i][lane];
    }
    for (int row = 0; row < keep; row += SH_LANES) {
        for (int col = 0; col < side; col++)
            SH_EACH_LANE samples[col][lane] = half[row + lane][col];
        sh_dct_as_reference(samples, other, side);
        for (int j = 0; j < keep; j++)
            SH_EACH_LANE spectrum[(row + lane) * keep + j] = samples[j][lane];
    }
}

#endif
