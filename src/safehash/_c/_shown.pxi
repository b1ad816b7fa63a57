# Samples in colours of their own as a screen shows them, in grey. Included by _core.

cdef extern from "_shown.h" nogil:
    ctypedef struct sh_shown:
        void (*luma)(const uint8_t*, uint8_t*, Py_ssize_t, bint, const float*, const uint8_t*) noexcept nogil

    const sh_shown* sh_shown_at(int level)
    int SH_SHOWN_LEVELS

#: Steps of light from none to a screen's most.
LIGHT_LEVELS = SH_SHOWN_LEVELS


def shown_luma(
    const uint8_t[::1] pixels not None,
    uint8_t[::1] luma not None,
    *,
    const float[:, :, ::1] light not None,
    const uint8_t[::1] levels not None,
    bint is_ycc=False,
    int level=-1,
):
    """Write the luma of what a screen shows of pixels by curves and a matrix.

    Parameters
    ----------
    pixels : buffer of uint8, length 4 n
        Red, green, blue and a byte without meaning, of each pixel.
    luma : ndarray of uint8, shape (n,)
        Filled.
    light : ndarray of float32, shape (3, 256, 4)
        What each sample of red, green and blue adds to a screen's red, green and blue light (and a fourth that is not
        looked at), of which `LIGHT_LEVELS` less one are its most. Finite.
    levels : ndarray of uint8, shape (LIGHT_LEVELS,)
        Samples by their light.
    is_ycc : bool
        The pixels are luma, blue chroma and red chroma.
    level : int
        Instruction level to force (one of `LEVELS`); -1 takes the widest. All give the same.

    Raises
    ------
    ValueError
        Shapes that contradict each other, or memory that is read and written.
    """
    cdef Py_ssize_t n = luma.shape[0]
    if n < 1 or pixels.shape[0] // 4 != n or pixels.shape[0] % 4:
        raise ValueError(f"{pixels.shape[0]} bytes are not {n} pixels of four")
    if light.shape[0] != 3 or light.shape[1] != 256 or light.shape[2] != 4 or levels.shape[0] != SH_SHOWN_LEVELS:
        raise ValueError(f"tables of light have shapes (3, 256, 4) and ({SH_SHOWN_LEVELS},)")
    check_aligned(&light[0, 0, 0], sizeof(float), "the tables")
    check_apart(&luma[0], n, &pixels[0], 4 * n, "the pixels")
    check_apart(&luma[0], n, &levels[0], SH_SHOWN_LEVELS, "the levels")
    check_apart(&luma[0], n, &light[0, 0, 0], 3 * 256 * 4 * sizeof(float), "the light")
    if not np.isfinite(light).all():
        raise ValueError("light that is not finite")
    cdef const sh_shown* kernel = sh_shown_at(checked_level(level))
    with nogil:
        kernel.luma(&pixels[0], &luma[0], n, is_ycc, &light[0, 0, 0], &levels[0])
