"""At little effort an upload is turned where a guess at its turns leads to an entry, and refined as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from drawn import decoded, picture
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.hashing.bits import distance_between
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images import decoding
from safehash.matching import efforts, turning, views
from safehash.matching.families import NEAR
from safehash.matching.refining import refined
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import as_it_is, few_boxes
from safehash.search.index import Index
from safehash.search.seeds import seed

NAMES = ("astronaut", "chelsea", "coffee", "rocket")


@pytest.fixture(scope="module")
def index() -> Index:
    own = b"".join(compute.hash_array(np.asarray(picture(name))).digest for name in NAMES)
    generated = np.random.default_rng(3).integers(0, 256, (5_000, 32), dtype=np.uint8)
    return Index.from_digests(np.concatenate([np.frombuffer(own, np.uint8).reshape(-1, 32), generated]))


@pytest.fixture
def turned(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every upload that was turned."""
    noted: list[Any] = []

    def noting(upload: Any, **options: Any) -> Any:
        noted.append(upload)
        return compute.turned_digests(upload, **options)

    monkeypatch.setattr(views, "turned_digests", noting)
    yield noted


def look(upload: Image.Image, index: Index, effort: Any = "standard") -> list[tuple[int, str]]:
    found = views.look_up([decoded(upload)], index, max_distance=31, min_quality=50, effort=effort)
    return [(hit.row, hit.view) for hit in found.hits]


@pytest.mark.parametrize(
    ("turn", "view"),
    [
        (ImageOps.mirror, "mirrored"),
        (ImageOps.invert, "negative"),
        (lambda upload: ImageOps.invert(ImageOps.mirror(upload)), "negative, mirrored"),
        (lambda upload: upload.rotate(180), "upside down"),
        (lambda upload: upload.rotate(90, expand=True), "turned a quarter left"),
    ],
)
def test_an_upload_is_turned_where_a_guess_leads_to_an_entry(
    turn: Any, view: str, index: Index, turned: list[Any]
) -> None:
    upload = turn(picture("rocket"))
    assert look(upload, index) == [(3, view)] and len(turned) == 1
    turned.clear()
    assert look(upload, index.without([3])) == [] and not turned
    assert look(upload, index.without([3]), "thorough") == [] and len(turned) == 1


def test_what_a_thumbnail_says_little_of_is_always_turned(index: Index, turned: list[Any]) -> None:
    """Lines as thin as a pixel: which of them a sample meets is chance."""
    lines = np.random.default_rng(5).integers(0, 2, (400, 400), dtype=np.uint8) * 255
    thumbs = Thumbnails(decoded(Image.fromarray(lines)))
    own = compute.hash_decoded(decoded(Image.fromarray(lines)), algorithm=Algorithm.PDQ)
    assert distance_between(thumbs.whole()[0].tobytes(), own.digest) > 16
    assert turning.may_be_turned(own, thumbs, index, 31)


def test_guesses_and_their_doubts_are_those_of_turned_thumbnails(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, asked = picture("rocket").resize((256, 256)), []

    def noted(index: Index, queries: Any, **options: Any) -> Any:
        asked.append((queries, options["doubts"]))
        return seed(index, queries, **options)

    monkeypatch.setattr(turning, "seed", noted)
    thumbs = Thumbnails(decoded(upload))
    turning.may_be_turned(Hash(Algorithm.PDQ, thumbs.whole()[0].tobytes()), thumbs, index, 31)
    ((guesses, doubts),) = asked
    turns = [Thumbnails(decoded(Image.fromarray(each))) for each in turned_arrays(np.asarray(upload))]
    expected = np.concatenate([each.whole()[0] for each in turns])
    sure = ~np.concatenate([each.whole()[1] for each in turns])
    assert (((guesses[:7] ^ expected) & sure) == 0).all(), "what differs is rounding"
    assert np.unpackbits(doubts[:7] ^ ~sure).mean() < 0.1
    np.testing.assert_array_equal(guesses[7], ~thumbs.whole()[0][0])
    np.testing.assert_array_equal(doubts[7], thumbs.whole()[1][0])


def turned_arrays(pixels: np.ndarray) -> list[np.ndarray]:
    """Return the seven other orientations, in the order of `Hash.orientations`."""
    own = compute.hash_array(pixels)
    turned = [np.rot90(side, times) for side in (pixels, pixels[:, ::-1]) for times in range(4)]
    hashes = [compute.hash_array(np.ascontiguousarray(each)) for each in turned]
    return [
        np.ascontiguousarray(turned[min(range(8), key=lambda at: hashes[at].distance(guess))])
        for guess in own.orientations()[1:]
    ]


def test_what_more_effort_alone_finds_turned_is_looked_for_by_all_families(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the effort that does not turn it: what that finds at a smaller threshold, more effort finds so, too."""
    upload, seen = ImageOps.mirror(picture("rocket")), []

    def noted(batch: Any, index: Index, settled: Any, told: Any = (), **options: Any) -> Any:
        seen.append(3 in settled)
        return refined(batch, index, settled, told, **options)

    monkeypatch.setattr(views, "refined", noted)
    for may_be in (True, False):
        monkeypatch.setattr(turning, "may_be_turned", lambda *given, may_be=may_be: may_be)
        seen.clear()
        assert [row for row, _ in look(upload, index, "thorough")] == [3]
        assert seen[0] == may_be


@pytest.mark.parametrize("why", ["another frame", "low quality"])
def test_what_little_effort_finds_otherwise_is_no_find_of_more_effort_alone(
    why: str, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More effort would look at it with the families of less, which leave it alone: others have its place there."""
    seen = []

    def noted(batch: Any, index: Index, settled: Any, told: Any = (), **options: Any) -> Any:
        seen.append(3 in settled)
        return refined(batch, index, settled, told, **options)

    monkeypatch.setattr(views, "refined", noted)
    monkeypatch.setattr(turning, "may_be_turned", lambda *given: False)
    upload = picture("rocket")
    frames = [ImageOps.mirror(upload), upload] if why == "another frame" else [upload]
    found = views.look_up(
        [decoded(each) for each in frames], index, max_distance=31,
        min_quality=50 if why == "another frame" else 101, low_quality_distance=16, effort="thorough",
    )  # fmt: skip
    assert [hit.row for hit in found.hits] == [3]
    assert seen and all(seen)


def test_a_guess_that_leads_nowhere_is_told(index: Index) -> None:
    class Told:
        beyond = 33

        def __init__(self) -> None:
            self.looks: list[tuple[int, str]] = []

        def looks_at(self, picture: str, own: Any, queries: Any, why_not: str) -> None:
            self.looks.append((len(queries), why_not))

        def proposes(self, *given: Any) -> None: ...

        def finds(self, *given: Any) -> None: ...

    whole = {0: [(10, "")], 3: [(1, ""), (9, "no entry is near a guess at the digests of its turns")]}
    for without, expected in whole.items():
        told = Told()
        views.look_up(
            [decoded(ImageOps.mirror(picture("rocket")))], index.without([without]), max_distance=31, min_quality=50,
            along=views.Along(witness=told),
        )  # fmt: skip
        assert told.looks[: len(expected)] == expected


@pytest.mark.parametrize("name", ["cropped 2 % on every side", "sticker", "large outlined text"])
def test_little_effort_finds_what_is_a_little_less_or_has_something_on_it(name: str, index: Index) -> None:
    """By the upload itself, refined: its plain hash is too far."""
    (altered,) = (each for each in MANIPULATIONS if each.name == name)
    upload = decoding.decode(apply(altered, picture("coffee"), Scene(np.random.default_rng(1))))
    for effort, expected in (("fast", []), ("standard", [2])):
        found = views.look_up([upload], index, max_distance=31, min_quality=50, effort=effort)  # type: ignore[arg-type]
        assert [hit.row for hit in found.hits] == expected


def test_the_upload_itself_is_looked_up_mirrored_too_and_with_its_doubts() -> None:
    thumbs = Thumbnails(decoded(picture("coffee")))
    batch = as_it_is(thumbs)
    assert [group.orientation for group in batch.groups] == [0, 5] and batch.family is NEAR
    np.testing.assert_array_equal(batch.digests[0], thumbs.whole()[0][0])
    assert batch.doubts is not None and batch.doubts.any(axis=1).all()
    assert efforts.PROPOSALS["standard"] == (as_it_is, few_boxes)
