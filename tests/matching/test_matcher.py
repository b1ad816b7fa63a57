"""One upload in, one Decision out."""

from __future__ import annotations

import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

import safehash
from safehash import Entry, FloodGuard, FloodLimits, Hash, Limits, Matcher, Outcome, Policy, Settings
from safehash.errors import shortened_value
from safehash.matching import deciding, saving
from safehash.matching import matcher as matching
from safehash.matching.snapshot import open_snapshot, write_snapshot
from safehash.matching.views import Hit

FILES = Path(__file__).parents[1] / "data" / "golden" / "files"


def jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "JPEG", quality=88)
    return stream.getvalue()


@pytest.fixture(scope="module")
def photo(bridge: Path) -> Image.Image:
    with Image.open(bridge) as image:
        return image.convert("RGB").reduce(2)


@pytest.fixture
def listed(bridge: Path, tmp_path: Path) -> Path:
    path = tmp_path / "listed.csv"
    path.write_text(
        f"hash,id,labels\n{safehash.hash_file(bridge).hex},b-1,graphic_self_harm viral_challenge\n"
    )
    return path


@pytest.fixture
def matcher(listed: Path) -> Matcher:
    return Matcher.from_files(listed)


def test_a_copy_matches(matcher: Matcher, photo: Image.Image) -> None:
    decision = matcher.check(jpeg(photo))
    assert decision.outcome is Outcome.MATCH
    assert decision.suggestion == "review"
    (match,) = decision.matches
    assert match.distance <= 10
    assert match.view == "as it is"
    assert match.entry.id == "b-1"
    assert match.entry.source == "listed"
    assert set(match.entry.labels) == {"graphic_self_harm", "viral_challenge"}
    assert decision.audit.version == safehash.__version__
    assert dict(decision.audit.thresholds)["pdq"] == 31
    assert len(decision.audit.lists[0].snapshot) == 64
    assert decision.provenance is not None
    assert decision.provenance.format == "JPEG"


def test_paths_images_and_buffers(matcher: Matcher, bridge: Path, photo: Image.Image) -> None:
    for item in (bridge, str(bridge), photo, bytearray(jpeg(photo)), memoryview(jpeg(photo))):
        assert matcher.check(item).outcome is Outcome.MATCH


@pytest.mark.parametrize("effort", ["fast", "standard", "thorough"])
def test_a_defect_costs_its_own_upload(
    matcher: Matcher,
    photo: Image.Image,
    effort: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def defective(*args: object, **options: object) -> None:
        raise ZeroDivisionError("nobody expected this")

    monkeypatch.setattr(deciding, "look_up", defective)
    decision = matcher.check(jpeg(photo), effort=effort)
    assert (decision.outcome, decision.failure) == (Outcome.UNREADABLE, "internal")
    assert decision.to_record()["failure"] == "internal"
    assert decision.reason is not None
    assert "ZeroDivisionError" in decision.reason
    (said,) = caplog.records
    assert said.name.startswith("safehash.")
    assert "nobody expected this" in caplog.text


def test_what_was_found_before_the_deadline_stands(listed: Path, photo: Image.Image) -> None:
    framed = ImageOps.expand(photo, border=120, fill="white")
    asked = Settings(
        deadline=1e-9, effort="thorough", own_jpeg=False
    )  # whose decode is one call, and not ended
    hurried, patient = (
        Matcher.from_files(listed, settings=each) for each in (asked, Settings(deadline=None))
    )
    assert patient.check(jpeg(framed)).outcome is Outcome.MATCH
    decision = hurried.check(jpeg(framed))
    assert (decision.outcome, decision.failure) == (Outcome.TOO_LARGE, "deadline")
    assert decision.reason is not None
    assert "processor time" in decision.reason
    decision = hurried.check(jpeg(photo))
    assert (decision.outcome, decision.failure) == (Outcome.MATCH, None)
    assert decision.reason is not None and "processor time" in decision.reason, "the rest was not looked at"


def test_too_little_memory_is_said(
    matcher: Matcher, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(deciding, "look_up", greedy)
    decision = matcher.check(jpeg(photo))
    assert (decision.outcome, decision.failure) == (Outcome.TOO_LARGE, "memory")


@pytest.mark.parametrize(
    ("turn", "view"),
    [
        (lambda p: ImageOps.mirror(p), "mirrored"),
        (lambda p: ImageOps.flip(p), "flipped top to bottom"),
        (lambda p: p.rotate(90, expand=True), "turned a quarter left"),
        (lambda p: p.rotate(180, expand=True), "upside down"),
        (lambda p: p.rotate(270, expand=True), "turned a quarter right"),
        (lambda p: p.transpose(Image.Transpose.TRANSPOSE), "mirrored and turned a quarter left"),
        (lambda p: p.transpose(Image.Transpose.TRANSVERSE), "mirrored and turned a quarter right"),
        (lambda p: ImageOps.invert(p), "negative"),
    ],
)
def test_turned_and_negative_copies(matcher: Matcher, photo: Image.Image, turn: object, view: str) -> None:
    turned = turn(photo)  # type: ignore[operator]
    decision = matcher.check(jpeg(turned))
    assert decision.outcome is Outcome.MATCH
    assert decision.matches[0].view == view
    assert matcher.check(jpeg(turned), effort="fast").outcome is Outcome.NO_MATCH


def test_something_else(matcher: Matcher) -> None:
    decision = matcher.check(FILES / "reg-test-input__labelme-subset__q2821.jpg")
    assert decision.outcome is Outcome.NO_MATCH
    assert decision.matches == ()
    assert decision.suggestion == "none"
    assert decision.hash is not None
    assert decision.hash.quality is not None


def test_low_quality_is_said(matcher: Matcher) -> None:
    decision = matcher.check(jpeg(Image.new("RGB", (300, 300), "grey")))
    assert decision.outcome is Outcome.LOW_QUALITY
    assert decision.hash is not None
    assert decision.hash.quality == 0


@pytest.mark.parametrize(
    ("item", "outcome", "words"),
    [
        (b"", Outcome.UNREADABLE, "empty"),
        (b"hello, this is no image", Outcome.UNSUPPORTED, "known format"),
        (b"\xff\xd8\xff\xe0 broken", Outcome.UNREADABLE, "damaged JPEG"),
        ("/no/such/file.jpg", Outcome.UNREADABLE, "No such file"),
        (".", Outcome.UNSUPPORTED, "not a regular file"),
    ],
)
def test_bad_images_are_outcomes(matcher: Matcher, item: bytes | str, outcome: Outcome, words: str) -> None:
    decision = matcher.check(item)
    assert decision.outcome is outcome
    assert decision.reason is not None
    assert words in decision.reason
    assert decision.hash is None


def test_too_large_and_too_small(listed: Path, photo: Image.Image) -> None:
    matcher = Matcher.from_files(listed, settings=Settings(limits=Limits(max_pixels=1000)))
    assert matcher.check(jpeg(photo)).outcome is Outcome.TOO_LARGE
    assert Matcher.from_files(listed).check(jpeg(Image.new("RGB", (3, 3)))).outcome is Outcome.UNSUPPORTED


def test_a_wrong_type_is_the_callers_error(matcher: Matcher) -> None:
    with pytest.raises((TypeError, AttributeError)):
        matcher.check(42)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="effort"):
        matcher.check(b"", effort="lots")  # type: ignore[arg-type]


def test_an_animation_with_a_blank_first_frame(matcher: Matcher, photo: Image.Image) -> None:
    small = photo.resize((400, 251))
    blank = Image.new("RGB", small.size, "white")
    stream = io.BytesIO()
    blank.save(stream, "WEBP", save_all=True, append_images=[blank.point(lambda v: v - 9), small], quality=90)
    decision = matcher.check(stream.getvalue())
    assert decision.outcome is Outcome.MATCH
    assert matcher.check(stream.getvalue(), effort="fast").outcome is Outcome.MATCH


def test_allow_list_suppresses_and_says_so(listed: Path, photo: Image.Image, tmp_path: Path) -> None:
    allow = tmp_path / "harmless.csv"
    allow.write_text(f"hash\n{safehash.hash_bytes(jpeg(photo)).hex}\n")
    matcher = Matcher.from_files(listed, allow=[allow])
    decision = matcher.check(jpeg(photo))
    assert decision.outcome is Outcome.SUPPRESSED
    assert [match.suppressed_by for match in decision.matches] == ["harmless"]
    assert decision.suggestion == "none"
    # The allow-list itself is no list to match against.
    assert len(matcher) == 1
    assert {info.name for info in matcher.lists} == {"listed", "harmless"}


def test_an_allow_list_does_not_reach_far(
    listed: Path, bridge: Path, photo: Image.Image, tmp_path: Path
) -> None:
    """A harmless picture 20 bits away from a listed one keeps the listed one matching."""
    digest = bytearray(safehash.hash_file(bridge).digest)
    for k in range(20):
        digest[k] ^= 1
    allow = tmp_path / "harmless.csv"
    allow.write_text(f"hash\n{digest.hex()}\n")
    assert Matcher.from_files(listed, allow=[allow]).check(jpeg(photo)).outcome is Outcome.MATCH


def test_listed_digest_on_the_allow_list(
    listed: Path, bridge: Path, photo: Image.Image, tmp_path: Path
) -> None:
    allow = tmp_path / "withdrawn.csv"
    allow.write_text(f"hash\n{safehash.hash_file(bridge).hex}\n")
    matcher = Matcher.from_files(listed, allow=[allow])
    assert matcher.check(jpeg(photo.rotate(90, expand=True))).outcome is Outcome.SUPPRESSED


def test_allowed_ids(listed: Path, photo: Image.Image) -> None:
    assert (
        Matcher.from_files(listed, settings=Settings(allow_ids=["b-1"])).check(jpeg(photo)).outcome
        is Outcome.SUPPRESSED
    )
    assert (
        Matcher.from_files(listed, settings=Settings(allow_ids=["other"])).check(jpeg(photo)).outcome
        is Outcome.MATCH
    )


@pytest.mark.parametrize("written", ["pdq:{}", "{}", " PDQ:{} "])
def test_an_entry_without_an_id_is_allowed_by_its_digest(
    written: str, bridge: Path, photo: Image.Image, tmp_path: Path
) -> None:
    """Those of `lists add` have none: nothing could cancel one."""
    value = safehash.hash_file(bridge)
    own = [Entry(hash=value, source="own"), Entry(hash=Hash("phash", bytes(7) + b"\1"), source="own")]
    name = written.format(value.hex.upper() if "PDQ" in written else value.hex)
    matcher = Matcher.from_entries(own, settings=Settings(allow_ids=[name]))
    assert matcher.notes == ()
    decision = matcher.check(jpeg(photo))
    assert [match.suppressed_by for match in decision.matches] == ["allowed id"]
    for other in (value.hex[:-1], f"sha256:{value.hex}", f"{int(value.hex, 16) ^ 1:064x}"):
        matcher = Matcher.from_entries(own, settings=Settings(allow_ids=[other]))
        assert matcher.notes == (f"the allowed id {shortened_value(other)!r} is no listed entry's",)
        assert matcher.check(jpeg(photo)).is_match


def test_a_name_that_is_one_entrys_id_and_anothers_digest_is_told(bridge: Path) -> None:
    value = safehash.hash_file(bridge)
    other = Entry(hash=Hash("pdq", value.digest[::-1]), source="theirs", id=value.hex)
    settings = Settings(allow_ids=[value.hex])
    (note,) = Matcher.from_entries([Entry(hash=value, source="own"), other], settings=settings).notes
    assert note.endswith("is one entry's id and another's digest: both are suppressed")
    same = Entry(hash=value, source="own", id=value.hex)
    assert Matcher.from_entries([same], settings=settings).notes == ()


def test_thresholds_are_inclusive(bridge: Path, tmp_path: Path) -> None:
    value = safehash.hash_file(bridge)
    digest = bytearray(value.digest)
    for k in range(31):
        digest[k] ^= 1 << (k % 8)
    far = Hash("pdq", bytes(digest))
    assert far.distance(value) == 31
    listed = tmp_path / "far.csv"
    listed.write_text(f"hash\n{far.hex}\n")
    assert Matcher.from_files(listed).check(bridge).matches[0].distance == 31
    strict = Matcher.from_files(listed, settings=Settings(policy=Policy(max_distance={"pdq": 30})))
    assert strict.check(bridge, effort="fast").outcome is Outcome.NO_MATCH
    # Refined, the upload as a window of its own may lie farther.
    (match,) = strict.check(bridge).matches
    assert match.view != "as it is"


def test_the_audit_says_all_a_decision_depends_on(listed: Path, photo: Image.Image) -> None:
    policy = Policy(per_list={"listed": safehash.ListPolicy(max_distance={"pdq": 3})})
    matcher = Matcher.from_files(listed, settings=Settings(policy=policy, allow_distance=9, allow_ids=["x"]))
    audit = matcher.check(jpeg(photo)).audit
    assert audit == matcher.audit
    assert audit.list_thresholds == (("listed", "pdq", 3),)
    assert (audit.allow_distance, audit.allow_ids) == (9, ("x",))


def test_a_vanished_list_is_the_lists_error(listed: Path) -> None:
    matcher = Matcher.from_files(listed)
    listed.unlink()
    with pytest.raises((safehash.ListError, OSError)):
        matcher.reload_if_changed()


def test_phash_lists(bridge: Path, photo: Image.Image, tmp_path: Path) -> None:
    for algorithm in ("phash", "phash256"):
        listed = tmp_path / f"{algorithm}.csv"
        listed.write_text(f"{algorithm}\n{safehash.hash_file(bridge, algorithm=algorithm).hex}\n")
        matcher = Matcher.from_files(listed)
        decision = matcher.check(jpeg(photo))
        assert decision.outcome is Outcome.MATCH
        assert decision.hash is not None
        assert decision.hash.algorithm.value == algorithm
        assert matcher.check(jpeg(ImageOps.mirror(photo))).matches[0].view == "mirrored"
        assert matcher.check(jpeg(Image.new("RGB", (99, 99)))).outcome is Outcome.LOW_QUALITY


def test_file_digests_match_exactly_even_when_undecodable(tmp_path: Path, photo: Image.Image) -> None:
    junk = b"not an image at all"
    listed = tmp_path / "files.csv"
    rows = [safehash.hash_bytes(junk, algorithm=a).hex for a in ("md5", "sha1")]
    listed.write_text(
        "\n".join(["hash", *rows, safehash.hash_bytes(jpeg(photo), algorithm="md5").hex]) + "\n"
    )
    matcher = Matcher.from_files(listed)
    decision = matcher.check(junk)
    assert decision.outcome is Outcome.MATCH
    assert {match.view for match in decision.matches} == {"same file"}
    assert len(decision.matches) == 2
    assert matcher.check(jpeg(photo)).outcome is Outcome.MATCH
    assert matcher.check(jpeg(photo) + b"x").outcome is Outcome.NO_MATCH


def test_stored_hashes(matcher: Matcher, bridge: Path, photo: Image.Image) -> None:
    same = matcher.check_hash(safehash.hash_file(bridge))
    assert same.outcome is Outcome.MATCH
    other = Hash("pdq", bytes(range(32)))
    low = Hash("pdq", bytes(range(32)), quality=3)
    low_and_listed = Hash("pdq", safehash.hash_file(bridge).digest, quality=3)
    turned = safehash.hash_image(ImageOps.mirror(photo))
    decisions = matcher.check_hashes(
        [other, low, turned, safehash.hash_file(bridge, algorithm="phash"), low_and_listed]
    )
    assert [d.outcome.value for d in decisions] == ["no_match", "low_quality", "match", "no_match", "match"]
    assert decisions[2].matches[0].view == "mirrored"


def test_many_in_order_on_threads(matcher: Matcher, photo: Image.Image) -> None:
    items = [jpeg(photo), b"", jpeg(Image.new("RGB", (99, 99)))] * 6
    expected = ["match", "unreadable", "low_quality"] * 6
    assert [d.outcome.value for d in matcher.check_many(items, threads=4)] == expected
    assert [d.outcome.value for d in matcher.check_many(items)] == expected


def test_flood_guard(listed: Path, photo: Image.Image) -> None:
    guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=3, min_uploads=4))
    matcher = Matcher.from_files(listed, flood_guard=guard)
    outcomes = [matcher.check(photo).outcome for _ in range(6)]
    assert outcomes == [Outcome.MATCH] * 3 + [Outcome.SUPPRESSED] * 3
    assert matcher.check(photo).matches[0].suppressed_by == "quarantine"
    guard.release(guard.quarantined()[0].entry)
    assert matcher.check(photo).outcome is Outcome.MATCH


def test_records_show_little_of_a_hash(matcher: Matcher, photo: Image.Image) -> None:
    decision = matcher.check(jpeg(photo))
    assert decision.hash is not None
    text = json.dumps(decision.to_record())
    assert decision.hash.hex not in text
    assert decision.hash.hex[:8] in text
    assert decision.hash.hex not in str(decision)
    assert decision.hash.hex in json.dumps(decision.to_record(full_hashes=True))


def test_unusable_lists(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("nothing here\n")
    with pytest.raises(safehash.ListError, match="empty"):
        Matcher.from_files(empty)
    blank = tmp_path / "blank.csv"
    blank.write_text("hash\n" + "0" * 64 + "\n")  # only a suspicious digest
    with pytest.raises(safehash.ListError, match="no entry"):
        Matcher.from_files(blank)


def test_negative_entries_never_match(photo: Image.Image, bridge: Path, tmp_path: Path) -> None:
    listed = tmp_path / "own.jsonl"
    other = Hash.from_hex("pdq", "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b")
    negative = safehash.Entry(hash=safehash.hash_file(bridge), source="own", category="negative")
    safehash.lists.write_list(listed, [negative, safehash.Entry(hash=other, source="own")])
    assert Matcher.from_files(listed).check(jpeg(photo)).outcome is Outcome.NO_MATCH


def test_shared_between_threads(matcher: Matcher, photo: Image.Image) -> None:
    data = jpeg(photo)
    found: list[str] = []

    def work() -> None:
        for _ in range(20):
            found.append(matcher.check(data).outcome.value)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["match"] * 120


def test_hidden_under_transparency(listed: Path, photo: Image.Image) -> None:
    """A picture drawn in white on transparent: on white it is blank, on black it is there."""
    grey = photo.convert("L")
    rgba = np.dstack([np.full((*grey.size[::-1], 3), 255, np.uint8), np.asarray(grey)])
    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG")
    decision = Matcher.from_files(listed).check(stream.getvalue())
    assert decision.outcome is Outcome.MATCH


# -- snapshots and reloading ------------------------------------------------------------------------------------


def test_a_snapshot_decides_alike(listed: Path, bridge: Path, photo: Image.Image, tmp_path: Path) -> None:
    digests = tmp_path / "digests.csv"
    digests.write_text("hash\n" + safehash.hash_file(bridge, algorithm="md5").hex + "\n")
    allow = tmp_path / "harmless.csv"
    other = FILES / "reg-test-input__labelme-subset__q2821.jpg"
    allow.write_text(f"hash\n{safehash.hash_file(other).hex}\n")
    policy = Policy(
        max_distance={"pdq": 29}, per_list={"digests": safehash.ListPolicy(max_distance={"pdq": 5})}
    )
    made = Matcher.from_files(listed, digests, allow=[allow], settings=Settings(policy=policy))
    path = tmp_path / "lists.safehash"
    made.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    opened = Matcher.open(path)
    assert len(opened) == len(made) == 2
    assert opened.lists == made.lists
    assert opened.notes == made.notes
    assert opened.audit == made.audit
    for item in (bridge, photo, ImageOps.mirror(photo), other, jpeg(photo)):
        one, two = made.check(item), opened.check(item)
        assert one.outcome is two.outcome
        assert one.matches == two.matches
    assert {m.view for m in opened.check(bridge).matches} == {"same file", "as it is"}


def test_a_snapshot_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "lists.safehash"
    path.write_bytes(b"no snapshot")
    with pytest.raises(safehash.IndexFileError):
        Matcher.open(path)
    with pytest.raises(safehash.IndexFileError):
        Matcher.open(tmp_path / "missing")


@pytest.mark.parametrize("change", ["index", "heads", "order", "settings"])
def test_a_snapshot_whose_parts_do_not_fit(change: str, bridge: Path, tmp_path: Path) -> None:
    """Written with right checksums, but not by `save`."""
    listed, path = tmp_path / "listed.csv", tmp_path / "lists.safehash"
    digests = (safehash.hash_file(bridge, algorithm=name).hex for name in ("pdq", "md5"))
    listed.write_text("hash\n" + "\n".join(digests) + "\n")
    Matcher.from_files(listed).save(path)
    snapshot = open_snapshot(path)
    indexes, settings = dict(snapshot.indexes), dict(snapshot.settings)
    arrays = {name: snapshot.array(name) for name in ("allowed", "heads.md5", "order.md5")}

    def write() -> None:
        write_snapshot(
            path,
            table=snapshot.table,
            indexes=indexes,
            lists=snapshot.lists,
            settings=settings,
            arrays=arrays,
        )

    write()
    assert Matcher.open(path).check(bridge).outcome is Outcome.MATCH
    if change == "index":
        indexes[safehash.Algorithm.PDQ] = safehash.Index.from_digests(np.zeros((2, 32), np.uint8))
    elif change == "heads":
        arrays["heads.md5"] = np.zeros(2, np.uint64)
    elif change == "order":
        arrays["order.md5"] = np.zeros(1, np.int32)
    else:
        settings["n_listed"] = "all"
    write()
    with pytest.raises(safehash.IndexFileError, match="not written by"):
        Matcher.open(path)


@pytest.mark.parametrize("kind", ["lists", "snapshot"])
def test_reloading(kind: str, listed: Path, photo: Image.Image, tmp_path: Path) -> None:
    empty = "hash\n1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b\n"
    full = listed.read_text()
    snapshot = tmp_path / "lists.safehash"

    def write(text: str) -> None:
        replacement = tmp_path / "new"
        replacement.write_text(text)
        replacement.replace(listed)
        if kind == "snapshot":
            Matcher.from_files(listed).save(snapshot)

    write(full)
    replaceable = safehash.ListSource(listed, max_shrink=1.0)  # by a list that has none of its entries
    matcher = Matcher.open(snapshot) if kind == "snapshot" else Matcher.from_files(replaceable)
    assert matcher.check(photo).outcome is Outcome.MATCH
    assert not matcher.reload_if_changed()
    write(empty)
    assert matcher.check(photo).outcome is Outcome.MATCH  # until told to look
    assert matcher.reload_if_changed()
    assert matcher.check(photo).outcome is Outcome.NO_MATCH
    damaged = tmp_path / "damaged"  # replaced, not written over: an open snapshot is mapped
    damaged.write_bytes(b"")
    damaged.replace(listed if kind == "lists" else snapshot)
    with pytest.raises((safehash.ListError, safehash.IndexFileError)):
        matcher.reload()
    assert matcher.check(photo).outcome is Outcome.NO_MATCH  # the old state stays


def test_a_reloaded_snapshot_brings_its_own_thresholds(listed: Path, tmp_path: Path) -> None:
    path = tmp_path / "lists.safehash"
    Matcher.from_files(listed).save(path)
    as_saved = Matcher.open(path)
    as_asked = Matcher.open(path, settings=Settings(policy=Policy(min_quality=20)))
    Matcher.from_files(listed, settings=Settings(policy=Policy(min_quality=77))).save(path)
    for matcher, floor in ((as_saved, 77), (as_asked, 20)):
        assert matcher.reload_if_changed()
        assert matcher.settings.policy is not None
        assert (matcher.audit.min_quality, matcher.settings.policy.min_quality) == (floor, floor)


def test_reloading_under_load(listed: Path, photo: Image.Image, tmp_path: Path) -> None:
    """Eight threads ask while the lists are swapped 200 times: each answer is one list's or the other's."""
    two = tmp_path / "two.csv"
    two.write_text(listed.read_text().replace("b-1", "b-2"))
    snapshots = []
    for number, source in enumerate((listed, two)):
        snapshots.append(tmp_path / f"{number}.safehash")
        Matcher.from_files(source).save(snapshots[-1])
    current = tmp_path / "current.safehash"
    Matcher.from_files(listed).save(current)
    matcher = Matcher.open(current)
    value = safehash.hash_image(photo)
    stop = threading.Event()
    seen: set[tuple[str, str | None]] = set()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                decision = matcher.check_hash(value)
                (info,) = decision.audit.lists
                seen.add((info.name, decision.matches[0].entry.id))
        except Exception as exc:
            failures.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(200):
        copy = tmp_path / "copy"
        copy.write_bytes(snapshots[number % 2].read_bytes())
        copy.replace(current)
        matcher.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen == {("listed", "b-1"), ("two", "b-2")}


@pytest.mark.parametrize("kind", ["lists", "snapshot"])
def test_of_two_reloads_at_once_the_newest_stays(
    kind: str, listed: Path, bridge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reload has read the older list and is held up until the second one is done, or for a while."""
    snapshot = tmp_path / "lists.safehash"
    text = listed.read_text()

    def write(identity: str) -> None:
        beside = tmp_path / "beside"
        beside.write_text(text.replace("b-1", identity))
        beside.replace(listed)
        if kind == "snapshot":
            Matcher.from_files(listed).save(snapshot)

    write("b-1")
    matcher = Matcher.open(snapshot) if kind == "snapshot" else Matcher.from_files(listed)
    name = "adopt_state" if kind == "snapshot" else "read_state"
    original = getattr(matching, name)
    has_read, second_is_done = threading.Event(), threading.Event()

    def slow(*arguments: Any, **keywords: Any) -> object:
        state = original(*arguments, **keywords)
        if not has_read.is_set():
            has_read.set()
            second_is_done.wait(0.5)
        return state

    write("b-2")
    monkeypatch.setattr(matching, name, slow)
    first = threading.Thread(target=matcher.reload)
    first.start()
    assert has_read.wait(30)
    monkeypatch.setattr(matching, name, original)
    write("b-3")
    matcher.reload()
    second_is_done.set()
    first.join()
    (entry,) = {match.entry.id for match in matcher.check_hash(safehash.hash_file(bridge)).matches}
    assert entry == "b-3"


def test_one_thread_of_many_reloads_what_changed(
    listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "lists.safehash"
    Matcher.from_files(listed).save(snapshot)
    matcher = Matcher.open(snapshot)
    Matcher.from_files(listed).save(snapshot)
    original = saving.adopt_state
    n_reads = []

    def slow(*arguments: Any) -> Any:
        n_reads.append(1)
        time.sleep(0.2)
        return original(*arguments)

    monkeypatch.setattr(matching, "adopt_state", slow)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: matcher.reload_if_changed(), range(8)))
    assert (sum(done), len(n_reads)) == (1, 1)


def test_an_allow_distance_counts_up_to_the_threshold(listed: Path, bridge: Path, tmp_path: Path) -> None:
    """The allowed picture is looked up like a listed one: not beyond the widest threshold."""
    value = safehash.hash_file(bridge)

    def at(n_bits: int, *, beyond: int = 0) -> safehash.Hash:
        """Return a hash as many bits away, and another way beyond it."""
        flipped = ((1 << n_bits) - 1) | (((1 << beyond) - 1) << 128)
        return safehash.Hash(value.algorithm, (int(value.hex, 16) ^ flipped).to_bytes(32, "big"))

    allow = tmp_path / "harmless.csv"
    allow.write_text(f"hash\n{value.hex}\n")
    other = tmp_path / "other.csv"
    for distance, outcome in ((30, Outcome.SUPPRESSED), (32, Outcome.MATCH)):
        other.write_text(f"hash\n{at(distance, beyond=31).hex}\n")
        matcher = Matcher.from_files(other, allow=[allow], settings=Settings(allow_distance=60))
        assert matcher.check_hash(at(distance)).outcome is outcome


@pytest.mark.parametrize(
    ("to_listed", "outcome"),
    [(0, Outcome.MATCH), (7, Outcome.MATCH), (8, Outcome.SUPPRESSED), (14, Outcome.SUPPRESSED)],
)
def test_an_allowed_picture_lets_the_listed_one_beside_it_match(
    bridge: Path, tmp_path: Path, to_listed: int, outcome: Outcome
) -> None:
    """It hid whatever lay within 16 bits of it: mirrored and smaller copies of the listed picture itself."""
    value = safehash.hash_file(bridge)

    def at(n_bits: int) -> safehash.Hash:
        return safehash.Hash(value.algorithm, (int(value.hex, 16) ^ ((1 << n_bits) - 1)).to_bytes(32, "big"))

    listed, allowed = tmp_path / "listed.csv", tmp_path / "allowed.csv"
    listed.write_text(f"hash\n{value.hex}\n")
    allowed.write_text(f"hash\n{at(15).hex}\n")
    assert Matcher.from_files(listed, allow=[allowed]).check_hash(at(to_listed)).outcome is outcome


def test_an_upload_in_any_form_is_decided_alike(matcher: Matcher, photo: Image.Image, tmp_path: Path) -> None:
    stream = io.BytesIO()
    photo.convert("RGB").save(stream, "PNG")
    data = stream.getvalue()
    (tmp_path / "upload.png").write_bytes(data)
    forms: list[safehash.Upload] = [
        data,
        bytearray(data),
        memoryview(data),
        tmp_path / "upload.png",
        str(tmp_path / "upload.png"),
        io.BytesIO(data),
        photo.convert("RGB"),
        np.asarray(photo.convert("RGB")),
    ]
    with (tmp_path / "upload.png").open("rb") as file:
        decisions = matcher.check_many([*forms, file], threads=2)
    assert {decision.outcome for decision in decisions} == {Outcome.MATCH}
    assert len({decision.hash for decision in decisions}) == 1
    assert len({decision.matches for decision in decisions}) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_no_upload_is_no_outcome(matcher: Matcher, threads: int) -> None:
    with pytest.raises(TypeError, match=r"an upload is an image file's bytes, a path, .*, not dict"):
        matcher.check({})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not Hash: `Matcher\.check_hash` takes it"):
        matcher.check_many([b"", Hash("pdq", bytes(32))], threads=threads)  # type: ignore[list-item]


def test_a_file_object_that_fails_is_unreadable(matcher: Matcher) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError(104, "Connection reset by peer")

    decision = matcher.check(Broken())
    assert decision.outcome is Outcome.UNREADABLE
    assert decision.reason == "cannot be read: Connection reset by peer"


# -- what got past it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["phash", "phash256"])
def test_phash_looks_at_every_frame_and_on_black(
    algorithm: str, bridge: Path, photo: Image.Image, tmp_path: Path
) -> None:
    """Only the first frame was hashed, on white, and of an animation at a reduced scale."""
    listed = tmp_path / "listed.csv"
    listed.write_text(f"{algorithm}\n{safehash.hash_file(bridge, algorithm=algorithm).hex}\n")
    matcher = Matcher.from_files(listed)
    blank = Image.new("RGB", photo.size, "white")
    stream = io.BytesIO()
    blank.save(stream, "WEBP", save_all=True, append_images=[photo], quality=90)
    assert matcher.check(stream.getvalue()).outcome is Outcome.MATCH
    grey = photo.convert("L")
    white = np.full((*grey.size[::-1], 3), 255, np.uint8)
    stream = io.BytesIO()
    Image.fromarray(np.dstack([white, np.asarray(grey)])).save(stream, "PNG")
    assert matcher.check(stream.getvalue()).outcome is Outcome.MATCH


def test_an_allowed_picture_beside_a_listed_one_hides_nothing(bridge: Path, tmp_path: Path) -> None:
    """Two windows of one upload may bear the same name; the harmless one suppressed the other."""
    harmless = FILES / "reg-test-input__labelme-subset__q2821.jpg"
    listed, allow = tmp_path / "listed.csv", tmp_path / "harmless.csv"
    listed.write_text(f"hash\n{safehash.hash_file(bridge).hex}\n")
    allow.write_text(f"hash\n{safehash.hash_file(harmless).hex}\n")
    matcher = Matcher.from_files(listed, allow=[allow])
    state = matcher._state
    hits = [Hit(row=row, distance=4, view="inside a larger picture, 25 % of it") for row in (0, 1)]
    (match,) = deciding._judged(state, safehash.Algorithm.PDQ, hits, matcher.settings)
    assert match.suppressed_by is None


def test_an_entry_whose_very_digest_is_allowed_is_suppressed_however_far_the_upload(
    bridge: Path, tmp_path: Path
) -> None:
    digest = safehash.hash_file(bridge).digest
    upload = Hash(
        "pdq", bytes([*(each ^ 0x0F for each in digest[:5]), *digest[5:]])
    )  # 20 bits: allowed are 16
    for name in ("listed.csv", "harmless.csv"):
        (tmp_path / name).write_text(f"hash\n{digest.hex()}\n")
    plain = Matcher.from_files(tmp_path / "listed.csv").check_hash(upload)
    assert (plain.outcome, plain.matches[0].distance) == (Outcome.MATCH, 20)
    matcher = Matcher.from_files(tmp_path / "listed.csv", allow=[tmp_path / "harmless.csv"])
    decision = matcher.check_hash(upload)
    assert decision.outcome is Outcome.SUPPRESSED
    assert decision.matches[0].suppressed_by == "allow-list"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_a_name_no_file_can_have_is_an_outcome(matcher: Matcher, name: str) -> None:
    decision = matcher.check(name)
    assert decision.outcome is Outcome.UNREADABLE
    assert decision.reason is not None
