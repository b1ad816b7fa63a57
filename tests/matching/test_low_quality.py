"""An upload whose hash means too little is not matched, whoever is listed, at every effort: from its threshold on."""

from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image

from safehash.hashing import compute
from safehash.images.decoding import decode
from safehash.matching import views
from safehash.matching.settings import EFFORTS, Effort
from safehash.search.index import Index


def faint() -> np.ndarray:
    """Return a photograph as fog leaves it: its quality lies between nothing and the usual threshold."""
    photo = np.asarray(skimage.data.chelsea()).astype(float)[:240, :320]
    return np.asarray(np.clip(200 + (photo - photo.mean()) * 0.08, 0, 255).round().astype(np.uint8))


@pytest.mark.parametrize("effort", EFFORTS)
def test_quality_counts_from_its_threshold_on(effort: Effort) -> None:
    pixels = faint()
    own = compute.hash_array(pixels)
    assert own.quality is not None and 5 < own.quality < 50
    index = Index([own])
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    data = stream.getvalue()
    for min_quality, found in ((50, False), (own.quality + 1, False), (own.quality, True), (0, True)):
        upload = decode(data)
        hits = views.look_up([upload], index, max_distance=31, min_quality=min_quality, effort=effort).hits
        assert [hit.distance for hit in hits] == ([0] if found else []), min_quality
