/* Sine and cosine by the same sums and products everywhere.
 *
 * Those of systems differ in the last bit from one to the next, and bits are the product. Within one unit in the last
 * place of the true value (tests/hashing/test_tables.py).
 */
#ifndef SAFEHASH_TRIGONOMETRY_H
#define SAFEHASH_TRIGONOMETRY_H

#include "_levels.h"

#define SH_PI 3.14159265358979323846
#define SH_MOST_RADIANS 16.0 /* of an argument, either way */

/* x less the nearest multiple of a right angle, as a sum of two, and which multiple it is, modulo 4. The right angle
 * is a sum of three: its first two have 33 bits, so that few times either is exact. */
static inline int sh_quadrant_of(double x, double *high, double *low)
{
    const double first = 0x1.921fb544p+0, second = 0x1.0b4611a6p-34, third = 0x1.3198a2e037073p-69;
    const int n = (int)(x * (2.0 / SH_PI) + (x < 0.0 ? -0.5 : 0.5));
    const double rest = x - n * first, next = n * second;
    *high = rest - next;
    *low = ((rest - *high) - next) - n * third;
    return n & 3;
}

/* The sine of high + low, up to half a right angle either way: its series. */
static inline double sh_sine_of_rest(double high, double low)
{
    const double s = high * high;
    const double series =
        -0x1.5555555555555p-3 +
        s * (0x1.1111111111111p-7 +
             s * (-0x1.a01a01a01a01ap-13 +
                  s * (0x1.71de3a556c734p-19 +
                       s * (-0x1.ae64567f544e4p-26 +
                            s * (0x1.6124613a86d09p-33 +
                                 s * (-0x1.ae7f3e733b81fp-41 + s * 0x1.952c77030ad4ap-49))))));
    return high + (high * s * series + low * (1.0 - 0.5 * s));
}

static inline double sh_cosine_of_rest(double high, double low)
{
    const double s = high * high, half = 0.5 * s, most = 1.0 - half;
    const double series =
        0x1.5555555555555p-5 +
        s * (-0x1.6c16c16c16c17p-10 +
             s * (0x1.a01a01a01a01ap-16 +
                  s * (-0x1.27e4fb7789f5cp-22 +
                       s * (0x1.1eed8eff8d898p-29 +
                            s * (-0x1.93974a8c07c9dp-37 + s * 0x1.ae7f3e733b81fp-45)))));
    return most + (((1.0 - most) - half) + (s * s * series - high * low));
}

/* The sine and the cosine of x radians, x at most SH_MOST_RADIANS either way. */
static inline double sh_sine(double x)
{
    double high, low;
    const int quadrant = sh_quadrant_of(x, &high, &low);
    const double value = quadrant & 1 ? sh_cosine_of_rest(high, low) : sh_sine_of_rest(high, low);
    return quadrant & 2 ? -value : value;
}

static inline double sh_cosine(double x)
{
    double high, low;
    const int quadrant = sh_quadrant_of(x, &high, &low);
    const double value = quadrant & 1 ? sh_sine_of_rest(high, low) : sh_cosine_of_rest(high, low);
    return (quadrant + 1) & 2 ? -value : value;
}

#endif
