"""Parts of a picture that its holder lists beside it."""

from __future__ import annotations

import numpy as np
from PIL import Image

from drawn import picture
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing.hashes import Hash
from safehash.images import decoding
from safehash.matching import views
from safehash.matching.parts import windows_to_list
from safehash.search.index import Index

BY_NAME = {manipulation.name: manipulation for manipulation in MANIPULATIONS}


def test_listed_windows_catch_a_large_crop() -> None:
    listed = windows_to_list(picture("astronaut"))
    assert len(listed) == 14
    assert all(isinstance(value, Hash) and (value.quality or 0) >= 50 for value, _ in listed)
    upload = decoding.decode(
        apply(BY_NAME["cropped 10 % on every side"], picture("astronaut"), Scene(np.random.default_rng(0)))
    )
    index = Index([value for value, _ in listed])
    hits = views.look_up([upload], index, max_distance=31, min_quality=50, effort="fast").hits
    assert listed[hits[0].row][1] == "without 10 % on every side"


def test_listed_windows_leave_flat_parts_out() -> None:
    assert windows_to_list(Image.new("RGB", (200, 200), "grey")) == ()
