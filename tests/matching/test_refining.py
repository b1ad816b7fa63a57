"""What a window that agrees nearly enough gains by more samples, and what gains nothing."""

from __future__ import annotations

import numpy as np
import pytest

from drawn import decoded, picture
from safehash.hashing import compute
from safehash.matching import refining
from safehash.matching.evidence import Candidate
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import wholes
from safehash.search.index import Index


def nearest(name: str, share: float) -> Candidate:
    """Return what refining says of a photograph whose right and lower edges were cropped away."""
    own = picture(name)
    kept = own.crop((0, 0, round(own.width * (1 - share)), round(own.height * (1 - share))))
    index = Index([compute.hash_array(np.asarray(own))])
    ((candidate, _, _),) = refining.refined(wholes(Thumbnails(decoded(kept))), index, frozenset())
    return candidate


@pytest.mark.parametrize(("name", "share", "gained"), [("coffee", 0.14, 4), ("moon", 0.1, 0)])
def test_what_agrees_nearly_enough_is_nearer_among_more_samples(
    name: str, share: float, gained: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second agrees 0.657 at once: what is so near needs none, and no graphic is to come nearer so."""
    closer = nearest(name, share)
    monkeypatch.setattr(refining, "_SURELY", 0.0)
    before = nearest(name, share)
    assert before.distance - closer.distance == gained
    assert closer.window == before.window, "gates measure it where it was"
    assert before.agreement is not None and closer.agreement is not None
    assert (closer.agreement > before.agreement) == (gained > 0)
