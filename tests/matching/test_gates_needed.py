"""Each gate keeps a pair of different pictures out that no other gate does: without it, it would be a match."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageOps

from drawn import decoded
from gated import Picture, board, field, form, ruled, slope
from safehash.hashing import compute
from safehash.matching import views
from safehash.matching.evidence import Evidence
from safehash.matching.gates import Refusal, Rest
from safehash.matching.judgement import TURNS, WINDOWS, Gates
from safehash.matching.settings import Effort
from safehash.search.index import Index


class Pair(NamedTuple):
    """An upload, another picture that is listed, and how hard has to be looked."""

    upload: Picture
    listed: Picture
    effort: Effort


def mirrored(upload: Picture, listed: Picture) -> Pair:
    return Pair(ImageOps.mirror(upload), listed, "standard")


def in_fog() -> Picture:
    """Return a photograph of a quality between nothing and the usual threshold."""
    photo = np.asarray(skimage.data.chelsea()).astype(float)[:240, :320]
    return Image.fromarray(np.clip(200 + (photo - photo.mean()) * 0.08, 0, 255).round().astype(np.uint8))


#: By gate, what only it keeps apart; of the window's quality an upload that means too little, from itself.
#: The pictures of the mixes that need a gate stand in benchmarks/results/gates.json.
NEEDED: dict[str, Callable[[], Pair]] = {
    "window quality": lambda: Pair(in_fog(), in_fog(), "standard"),
    "greys": lambda: mirrored(board(13, 1, part=0.25), board(13, 2, part=0.25)),
    "common greys": lambda: mirrored(form(1, part=0.25, template=1), form(2, part=0.25, template=1)),
    "flat share": lambda: mirrored(slope(1, part=0.1), slope(2, part=0.1)),
    "contrast": lambda: mirrored(
        board(26, 1, part=0.25, low=100, high=150), board(26, 2, part=0.25, low=100, high=150)
    ),
    "lines": lambda: mirrored(ruled(1, part=0.25, template=3), ruled(2, part=0.25, template=3)),
    "plain ground": lambda: mirrored(
        board(21, 1, part=0.25, corners=120), board(21, 2, part=0.25, corners=120)
    ),
    "detail": lambda: Pair(
        board(28, 1, part=0.6, template=16), board(28, 2, part=0.6, template=16), "thorough"
    ),
    "what is seen": lambda: Pair(field(51011), field(51011, 60), "thorough"),
    "pixels": lambda: Pair(board(200, 1, part=0.45, side=64), board(200, 2, part=0.45, side=64), "thorough"),
}
RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "gates.json"


class Noting(Gates):
    """The same gates, noting what they judge."""

    def __init__(self, gates: Gates, noted: list[tuple[Gates, Evidence]]) -> None:
        super().__init__(gates.gates)
        self._noted = noted

    def judge(self, evidence: Evidence) -> int | Refusal:
        self._noted.append((self, evidence))
        return super().judge(evidence)


def looked(pair: Pair) -> tuple[int, list[tuple[Gates, Evidence]]]:
    """Return how many entries are found, and every candidate with the gates that judged it."""
    noted: list[tuple[Gates, Evidence]] = []
    index = Index([compute.hash_array(np.asarray(pair.listed))])
    windows, turns = Noting(WINDOWS, noted), Noting(TURNS, noted)
    with mock.patch.object(views, "WINDOWS", windows), mock.patch.object(views, "TURNS", turns):
        upload = decoded(pair.upload, "PNG")
        result = views.look_up([upload], index, max_distance=31, min_quality=50, effort=pair.effort)
    return len(result.hits), noted


def matches(noted: list[tuple[Gates, Evidence]], without: str) -> bool:
    """Tell whether some candidate is a match at the usual threshold when one gate is taken away."""
    said = [
        Gates(each for each in gates.gates if each.name != without).judge(found) for gates, found in noted
    ]
    return any(not isinstance(each, Refusal) and each <= 31 for each in said)


@pytest.mark.parametrize("name", NEEDED)
def test_a_gate_keeps_out_what_no_other_does(name: str) -> None:
    n_hits, noted = looked(NEEDED[name]())
    assert n_hits == 0 and noted
    assert {gate.name for gate in WINDOWS.gates if matches(noted, without=gate.name)} == {name}


def test_every_gate_has_pictures_that_need_it() -> None:
    """Drawn ones here, or ones of the tuning mixes; a gate that nothing needs is to be deleted."""
    measured = json.loads(RESULT.read_text(encoding="utf-8"))["result"]["gates"]
    # What lets pass whatever others refuse keeps nothing out.
    assert list(measured) == [gate.name for gate in WINDOWS.gates if not isinstance(gate, Rest)]
    needed = {name for name, row in measured.items() if row["wrong_pairs_kept_out"]}
    assert needed | NEEDED.keys() == measured.keys()
