/* Exponential and logarithm by the same sums and products everywhere: those of systems differ in the last bit. */
#ifndef SAFEHASH_EXPONENTIAL_H
#define SAFEHASH_EXPONENTIAL_H

#include <math.h> /* floor, frexp, ldexp and sqrt alone: exact everywhere */

#define SH_LN2_HIGH 0x1.62e42fee00000p-1 /* the logarithm of two in 33 bits, and the rest of it */
#define SH_LN2_LOW 0x1.a39ef35793c76p-33
#define SH_NOTHING (-700.0) /* of what is less the exponential counts as that of this */

/* e to the power of x, x at most 700. */
static inline double sh_exponential(double x)
{
    const double of = x < SH_NOTHING ? SH_NOTHING : x;
    const double power = floor(of / (SH_LN2_HIGH + SH_LN2_LOW) + 0.5);
    const double rest = (of - power * SH_LN2_HIGH) - power * SH_LN2_LOW; /* up to half a logarithm of two either way */
    double sum = 1.0;
    for (int n = 13; n > 0; n--) /* its series: what is left out is under a millionth of a millionth of a thousandth */
        sum = 1.0 + rest * sum / n;
    return ldexp(sum, (int)power);
}

/* The natural logarithm of x, x more than 0. */
static inline double sh_logarithm(double x)
{
    int power;
    double rest = frexp(x, &power); /* from a half up to one */
    if (rest < 0.70710678118654752440) {
        rest *= 2.0;
        power--;
    }
    const double ratio = (rest - 1.0) / (rest + 1.0), square = ratio * ratio; /* at most 0.172 */
    double sum = 0.0;
    for (int n = 21; n > 0; n -= 2)
        sum = 1.0 / n + square * sum;
    return power * SH_LN2_LOW + 2.0 * ratio * sum + power * SH_LN2_HIGH;
}

#endif
