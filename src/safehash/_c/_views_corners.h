/* Moving a picture's four corners to where it agrees best with one digest. */
#ifndef SAFEHASH_VIEWS_CORNERS_H
#define SAFEHASH_VIEWS_CORNERS_H

#include "_views.h"

typedef struct {
    const sv_kernels *kernels;
    const sh_kernels *pixel_kernels;
    const float *thumb; /* n x n */
    int n;
    const float *wanted; /* 256: +1 where the digest's bit is set, else -1; NULL where none is wanted */
    const uint8_t *digest;
    sv_tents tents; /* of the whole side */
    float bent[SV_MAX_SIDE * SV_MAX_SIDE], rows[SV_MAX_SIDE * 16];
    int n_evaluations;
    int best_distance;
    double best_quad[SV_QUAD];
} sv_corners;

/* coefficients[16][16] of the picture that lies in these corners. */
static inline void sv_bent_coefficients(sv_corners *s, float *coefficients, const double *quad)
{
    sv_projection projection;
    sv_project(&projection, quad);
    s->kernels->bend(s->bent, s->thumb, s->n, &projection);
    s->kernels->rows_pass(s->rows, s->bent, s->n, &s->tents, 0, s->n);
    s->kernels->cols_pass(coefficients, s->rows, &s->tents);
}

static inline double sv_corners_agreement(sv_corners *s, const double *quad)
{
    float coefficients[256];
    uint8_t own[32];
    s->n_evaluations++;
    sv_bent_coefficients(s, coefficients, quad);
    s->pixel_kernels->bits(own, coefficients);
    const int distance = sh_distance(own, s->digest, 32, 256, 0);
    if (distance < s->best_distance) {
        s->best_distance = distance;
        memcpy(s->best_quad, quad, sizeof s->best_quad);
    }
    return sv_weighed(coefficients, s->wanted);
}

/* Move corners in steps that halve from `step` down to `least`, none of them farther than `room` from its start; `quad` is
 * then where the picture agrees best. */
static inline double sv_refine_corners(sv_corners *s, double *quad, double step, double least, double room,
                                       int max_evaluations)
{
    /* Sides first, then what seeing from the side and shearing do to two corners at once, then corners by themselves. */
    static const signed char moves[18][SV_QUAD] = {
        {1, 0, 1, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 1, 0}, {0, 1, 0, 0, 0, 1, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 1},
        {0, 1, 0, -1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 0, -1}, {1, 0, 0, 0, -1, 0, 0, 0}, {0, 0, 1, 0, 0, 0, -1, 0},
        {0, 1, 0, 1, 0, 0, 0, 0}, {1, 0, 0, 0, 1, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 0, 0, 0},
        {0, 0, 1, 0, 0, 0, 0, 0}, {0, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 0, 0},
        {0, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 0, 0, 0, 1},
    };
    double start[SV_QUAD];
    memcpy(start, quad, sizeof start);
    double best = sv_corners_agreement(s, quad);
    while (step >= least && s->n_evaluations < max_evaluations) {
        int moved = 0;
        for (int m = 0; m < 36 && s->n_evaluations < max_evaluations; m++) {
            for (;;) {
                double trial[SV_QUAD];
                int inside = 1;
                for (int i = 0; i < SV_QUAD; i++) {
                    trial[i] = quad[i] + (m % 2 ? step : -step) * moves[m / 2][i];
                    if (trial[i] < start[i] - room || trial[i] > start[i] + room)
                        inside = 0;
                }
                if (!inside || !sv_is_quad(trial))
                    break;
                const double found = sv_corners_agreement(s, trial);
                if (found <= best || s->n_evaluations >= max_evaluations)
                    break;
                best = found;
                memcpy(quad, trial, sizeof trial);
                moved = 1;
            }
        }
        if (!moved)
            step *= 0.5;
    }
    return best;
}

#endif
