/* Four corners: where a picture that was seen from the side lies in an upload, as a projection of the unit square. */
#ifndef SAFEHASH_VIEWS_QUADS_H
#define SAFEHASH_VIEWS_QUADS_H

/* Corners are (row, column) of the upper left, upper right, lower left and lower right one, in fractions of the upload's
 * side. */
#define SV_QUAD 8

#define SV_FARTHEST_CORNER 1.0 /* sides beyond the upload: what lies farther is invention */
#define SV_LEAST_TRIANGLE 0.1 /* of the upload: what any three corners span at least, or there is too little to see */

/* Where (down, across) of a picture lies in the upload: ((row[0] down + row[1] across + row[2]) / w, likewise col), with w =
 * beyond[0] down + beyond[1] across + 1. */
typedef struct {
    double row[3], col[3], beyond[2];
} sv_projection;

/* Twice what three corners span, positive where they run clockwise; rows grow downwards. */
static inline double sv_spanned(const double *a, const double *b, const double *c)
{
    return (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]);
}

/* Whether four corners are those of a picture seen from its front: each near, and none within what the others span. */
static inline int sv_is_quad(const double *quad)
{
    const double *corners[4] = {quad, quad + 2, quad + 6, quad + 4}; /* clockwise */
    for (int i = 0; i < SV_QUAD; i++)
        if (!(quad[i] >= -SV_FARTHEST_CORNER && quad[i] <= 1.0 + SV_FARTHEST_CORNER))
            return 0;
    for (int i = 0; i < 4; i++)
        if (sv_spanned(corners[i], corners[(i + 1) % 4], corners[(i + 2) % 4]) < 2.0 * SV_LEAST_TRIANGLE)
            return 0;
    return 1;
}

/* The projection that brings the unit square's corners to those of a quad (sv_is_quad). */
static inline void sv_project(sv_projection *p, const double *quad)
{
    const double *upper_left = quad, *upper_right = quad + 2, *lower_left = quad + 4, *lower_right = quad + 6;
    double along[2], down[2], slack[2];
    for (int axis = 0; axis < 2; axis++) {
        along[axis] = upper_right[axis] - lower_right[axis];
        down[axis] = lower_left[axis] - lower_right[axis];
        slack[axis] = upper_left[axis] - upper_right[axis] + lower_right[axis] - lower_left[axis];
    }
    const double both = along[1] * down[0] - down[1] * along[0];
    p->beyond[1] = (slack[1] * down[0] - down[1] * slack[0]) / both;
    p->beyond[0] = (along[1] * slack[0] - slack[1] * along[0]) / both;
    for (int axis = 0; axis < 2; axis++) {
        double *to = axis ? p->col : p->row;
        to[0] = lower_left[axis] - upper_left[axis] + p->beyond[0] * lower_left[axis];
        to[1] = upper_right[axis] - upper_left[axis] + p->beyond[1] * upper_right[axis];
        to[2] = upper_left[axis];
    }
}

#endif
