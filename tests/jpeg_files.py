"""Small JPEG files as encoders write them, drawn by hypothesis: every option that the imaging library's writer has."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import strategies as st
from PIL import Image

__all__ = ["jpeg_files"]


@st.composite
def jpeg_files(draw: st.DrawFn, *, least_quality: int = 1) -> bytes:
    """Draw a small JPEG file as encoders write them."""
    rows, cols = draw(st.integers(8, 70)), draw(st.integers(8, 70))
    colour = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    coarse = rng.integers(0, 256, (1 + rows // 7, 1 + cols // 7, 3 if colour else 1), dtype=np.uint8)
    pixels = np.repeat(np.repeat(coarse, 7, axis=0), 7, axis=1)[:rows, :cols]
    image = Image.fromarray(pixels if colour else pixels[..., 0])
    exif = Image.Exif()
    orientation = draw(st.integers(0, 9))
    if orientation:
        exif[0x0112] = orientation
    keep_rgb = colour and draw(st.booleans())
    stream = io.BytesIO()
    image.save(
        stream,
        "JPEG",
        quality=draw(st.integers(least_quality, 100)),
        progressive=draw(st.booleans()),
        optimize=draw(st.booleans()),
        subsampling=0 if keep_rgb else draw(st.sampled_from([0, 1, 2])),
        restart_marker_blocks=draw(st.sampled_from([0, 1, 3])),
        keep_rgb=keep_rgb,
        icc_profile=draw(st.sampled_from([None, b"profile" * 9])),
        comment=draw(st.sampled_from([b"", b"made by hand"])),
        **({"exif": exif} if orientation else {}),
    )
    return stream.getvalue()
