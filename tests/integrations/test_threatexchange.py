"""Behind python-threatexchange's interfaces: their digests, their matches, exact and without pickle."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from threatexchange.exchanges import fetch_state
from threatexchange.exchanges.impl.ncmec_api import NCMECSignalMetadata
from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest
from threatexchange.signal_type.index import SignalTypeIndex
from threatexchange.signal_type.pdq.signal import PdqSignal as Theirs

import safehash
from safehash.integrations.payloads import pack, unpack
from safehash.integrations.threatexchange import (
    TX_MANIFEST,
    PdqIndex,
    PdqSignal,
    PhashIndex,
    PhashSignal,
    SafehashPdqSignal,
)

FILES = sorted((Path(__file__).parent.parent / "data" / "golden" / "files").glob("bridge-mods*.jpg"))
#: Golden: what their tool printed for the picture, and ours for its pHash.
BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


def digits(*rows: tuple[int, Any]) -> list[tuple[str, Any]]:
    return [(f"{number:064x}", payload) for number, payload in rows]


def test_pictures_have_the_digests_that_their_tool_makes() -> None:
    """A decoder and a tie aside, to the bit; and what theirs made is matched by ours."""
    assert len(FILES) == 12
    assert PdqSignal.hash_from_bytes(FILES[0].read_bytes()) == BRIDGE
    index = PdqIndex.build((Theirs.hash_from_bytes(path.read_bytes()), path.name) for path in FILES)
    for path in FILES:
        own = PdqSignal.hash_from_file(path)
        distance: Any = PdqSignal.compare_hash(own, Theirs.hash_from_bytes(path.read_bytes())).distance
        assert distance.distance <= 2
        assert path.name in [match.metadata for match in index.query(own)]


def test_what_has_no_hash_is_empty_and_what_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (99, 99), (1, 2, 3)).save(tmp_path / "flat.png")
    for signal in (PdqSignal, PhashSignal):
        assert signal.hash_from_bytes((tmp_path / "flat.png").read_bytes()) == ""
        with pytest.raises(safehash.ImageError, match="not an image") as caught:
            signal.hash_from_bytes(b"words")
        assert isinstance(caught.value.__cause__, safehash.UnsupportedImage)
        assert isinstance(caught.value, OSError) and isinstance(caught.value, ValueError), (
            "what callers catch"
        )
    assert (
        PhashSignal.hash_from_bytes(FILES[0].read_bytes())
        == safehash.hash_bytes(FILES[0].read_bytes(), algorithm="phash", decode="full").hex
    )


def test_an_index_answers_as_theirs() -> None:
    """The same matches at the same distances; nearest first, where theirs has the order of its buckets."""
    examples = [(each, number) for number, each in enumerate(Theirs.get_examples())]
    ours, theirs = PdqIndex.build(examples), Theirs.get_index_cls().build(examples)
    assert len(examples) > 3
    for query, _ in examples:
        answers = [(match.similarity_info.distance, match.metadata) for match in ours.query(query)]
        assert answers == sorted((m.similarity_info.distance, m.metadata) for m in theirs.query(query))
        assert ours.query(query)[0].similarity_info.pretty_str() == "0"


def test_entries_are_added_one_by_one_and_twice() -> None:
    index: PdqIndex[int] = PdqIndex()
    assert index.query("0" * 64) == []
    for digest, payload in digits((0, 1), (0, 2), (0b111, 3), ((1 << 60) - 1, 4)):
        index.add(digest, payload)
        assert payload in [match.metadata for match in index.query(digest)]
    assert [(m.metadata, m.similarity_info.distance) for m in index.query("0" * 64)] == [
        (1, 0),
        (2, 0),
        (3, 3),
    ]
    assert len(index) == 4
    assert [m.metadata for m in PdqIndex(digits((0, 1), (0b111, 3)), threshold=2).query("0" * 64)] == [1]


@dataclass
class Known(fetch_state.FetchedSignalMetadata):
    """As an exchange of somebody's own defines it."""

    tags: set[str] = field(default_factory=set)
    pair: tuple[int, str] = (1, "x")


PAYLOADS: list[Any] = [
    7, "text", None, 1.5, True, [1, [2]], (1, (2, "x")), {"a": 1, 2: ("b",)}, {1, 2}, frozenset({"y"}), [],
    fetch_state.FetchedSignalMetadata(), Known(tags={"a", "b"}), ("collab", Known()),
    fetch_state.SignalOpinion(True, fetch_state.SignalOpinionCategory.POSITIVE_CLASS, {"tag"}),
    NCMECSignalMetadata({}),
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_payloads_survive_a_stream(payload: Any) -> None:
    for index in (PdqIndex.build([("0" * 64, payload)]), PhashIndex.build([("0" * 16, payload)])):
        stream = io.BytesIO()
        index.serialize(stream)
        assert b"pickle" not in stream.getvalue()
        stream.seek(0)
        for again in (type(index).deserialize(stream), pickle.loads(pickle.dumps(index))):
            (match,) = again.query("0" * (64 if isinstance(index, PdqIndex) else 16))
            assert (match.metadata, type(match.metadata)) == (payload, type(payload))


def test_hma_opens_a_stream_by_unpickling_it() -> None:
    """It asks the base class to read what was stored, and that unpickles, whatever the index's own class would do."""
    index: PdqIndex[int] = PdqIndex.build(digits((0, 1), (0b111, 3)))
    stream = io.BytesIO()
    index.serialize(stream)
    assert b"pickle" not in stream.getvalue()
    stream.seek(0)
    again: Any = SignalTypeIndex.deserialize(stream)
    assert type(again) is PdqIndex
    assert [match.metadata for match in again.query("0" * 64)] == [1, 3]
    # Ours reads the same, and no other pickle, of which nothing is run.
    data = stream.getvalue()
    assert [match.metadata for match in PdqIndex.deserialize(io.BytesIO(data)).query("0" * 64)] == [1, 3]
    fake = data.replace(b"threatexchange\n_read\n", b"threatexchange\nPdqIndex\n", 1)
    for wrong in (
        fake,
        pickle.dumps(index),
        pickle.dumps(print),
        data[:30],
        data[:-1],
        data[:-40],
        b"",
        b"\x80\x04",
    ):
        with pytest.raises(safehash.IndexFileError):
            PdqIndex.deserialize(io.BytesIO(wrong))


def test_a_stream_makes_nothing_but_what_exchanges_define() -> None:
    for sent in (["data", "os.system", [["command", "true"]]], ["data", "pathlib.Path", []], ["enum", "x.y", "z"],
                 ["call", "print"], ["list"], "words that are plain"):  # fmt: skip
        if isinstance(sent, str):
            assert unpack(sent) == sent
            continue
        with pytest.raises((TypeError, ValueError, KeyError)):
            unpack(sent)
    with pytest.raises(TypeError, match="not kept"):
        pack(object())
    with pytest.raises(safehash.IndexFileError):
        PdqIndex.deserialize(io.BytesIO(pickle.dumps({"a": 1})))
    stream = io.BytesIO()
    PhashIndex.build([("0" * 16, 1)]).serialize(stream)
    stream.seek(0)
    with pytest.raises(ValueError, match="an index of phash"):
        PdqIndex.deserialize(stream)


@pytest.mark.parametrize(
    "wrong", ["", "0" * 63, "0" * 64 + "\n", "F" * 64, " " + "0" * 63, "pdq:" + "0" * 64]
)
def test_what_is_no_digest_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        PdqSignal.validate_signal_str(wrong)
    assert PdqSignal.validate_signal_str(BRIDGE) == BRIDGE


def test_the_extension_loads_beside_their_own() -> None:
    from threatexchange.cli.main import _DEFAULT_SIGNAL_TYPES
    from threatexchange.content_type.photo import PhotoContent
    from threatexchange.content_type.text import TextContent
    from threatexchange.content_type.url import URLContent
    from threatexchange.content_type.video import VideoContent
    from threatexchange.interface_validation import SignalTypeMapping

    name = "safehash.integrations.threatexchange"
    assert ThreatExchangeExtensionManifest.load_from_module_name(name) is TX_MANIFEST
    mapping = SignalTypeMapping(
        [PhotoContent, VideoContent, URLContent, TextContent],
        [*_DEFAULT_SIGNAL_TYPES, *TX_MANIFEST.signal_types],
    )
    assert mapping.signal_type_by_name["safehash_pdq"] is SafehashPdqSignal
    assert PdqSignal.get_name() == Theirs.get_name() == "pdq"
    for signal in TX_MANIFEST.signal_types:
        for example in (*signal.get_examples(), signal.get_random_signal()):  # type: ignore[attr-defined]
            assert signal.validate_signal_str(example) == example


def test_what_an_index_was_made_with_is_what_it_has_when_it_is_read() -> None:
    """Else one that was made for nearer matches matches farther ones once it was stored, and tells so of itself."""
    stream = io.BytesIO()
    PdqIndex(digits((0b11, 1), (0b111, 2)), threshold=2).serialize(stream)
    stream.seek(0)
    for again in (
        PdqIndex.deserialize(stream),
        pickle.loads(pickle.dumps(PdqIndex(digits((0b11, 1)), threshold=2))),
    ):
        assert (again.threshold, [m.metadata for m in again.query("0" * 64)]) == (2, [1])
    assert (PdqIndex().threshold, PhashIndex().threshold) == (31, 8)


def test_two_hashes_are_compared_at_the_threshold_that_is_asked_for() -> None:
    for signal, n_digits, usual in ((PdqSignal, 64, 31), (PhashSignal, 16, 8)):
        none = "0" * n_digits
        for n_bits, threshold, near in (
            (usual, None, True),
            (usual + 1, None, False),
            (5, 5, True),
            (6, 5, False),
            (0, 0, True),
        ):
            found: Any = signal.compare_hash(none, f"{(1 << n_bits) - 1:0{n_digits}x}", threshold)
            assert (found.match, found.distance.distance) == (near, n_bits), (signal, n_bits, threshold)


def test_a_picture_has_a_hash_from_the_quality_on_that_lists_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every pixel, both kinds: as their tool hashes, and whoever compares has the same digits."""
    asked = []

    def hashed(data: bytes, *, algorithm: Any = "pdq", decode: str = "usual") -> safehash.Hash:
        asked.append((str(algorithm), decode))
        return safehash.Hash(algorithm, bytes([7]) * (32 if algorithm == "pdq" else 8), quality=int(data))

    monkeypatch.setattr("safehash.integrations.threatexchange.hash_bytes", hashed)
    for quality, has_one in ((b"49", False), (b"50", True), (b"51", True)):
        assert PdqSignal.hash_from_bytes(quality) == ("07" * 32 if has_one else "")
        assert PhashSignal.hash_from_bytes(quality) == ("07" * 8 if has_one else "")
    assert {decode for _, decode in asked} == {"full"} and len(asked) == 8


def test_the_extension_has_both_kinds() -> None:
    assert TX_MANIFEST.signal_types == (SafehashPdqSignal, PhashSignal)


def test_of_what_is_no_index_a_head_is_read_and_no_more() -> None:
    class Endless(io.RawIOBase):
        n_read = 0

        def read(self, size: int = -1) -> bytes:
            self.n_read += size
            assert self.n_read <= 1024, "it is as long as whoever sent it likes"
            return b"x" * size

    with pytest.raises(safehash.SafehashError, match="not an index that safehash wrote"):
        PdqIndex.deserialize(Endless())  # type: ignore[arg-type]
