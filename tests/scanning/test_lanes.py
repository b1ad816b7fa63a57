"""Workers of a service: whatever an upload does to one, it is said of that upload, and the next is decided."""

from __future__ import annotations

import contextlib
import enum
import errno
import io
import os
import pickle
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageOps

import safehash
from crashers import as_told
from drawn import card
from safehash import Algorithm, Entry, ForeignHash, Hash, Outcome
from safehash._frozen import FrozenMap
from safehash.images.lent import as_bytes
from safehash.lists.entry import Opinion
from safehash.matching.decision import Decision, Match, NearMiss
from safehash.scanning.channel import Channel
from safehash.scanning.confining import Means
from safehash.scanning.lanes import Lane, Task, WorkerDied
from safehash.scanning.logs import Logged
from safehash.scanning.passing import OpenFile, UploadMemory, length, whole
from safehash.scanning.sharing import SharedLists
from safehash.scanning.starting import worker_context
from safehash.scanning.wire import KINDS, Reader, Writer
from safehash.scanning.worker import Verdict
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lanes")


@pytest.fixture(scope="module")
def pictures(here: Path) -> list[bytes]:
    return [path.read_bytes() for path in write_pictures(here / "pictures", 3)]


@pytest.fixture(scope="module")
def matcher(here: Path, pictures: list[bytes]) -> safehash.Matcher:
    return safehash.Matcher.from_files(write_list(here / "own.csv", here / "pictures" / "picture00001.png"))


@pytest.fixture(scope="module")
def lane(here: Path, matcher: safehash.Matcher) -> Iterator[Lane]:
    options = {"limits": matcher.limits, "before": partial(as_told, here)}
    with SharedLists(matcher, matcher.settings) as shared:
        running = Lane(worker_context(), (shared.opener, options, Means(max_memory=1 << 30)))
        yield running
        running.close()


def outcome(lane: Lane, data: bytes, *, timeout: float = 60.0) -> str:
    decision = lane.decide(data, Task(n_bytes=len(data)), timeout=timeout).decision
    assert decision is not None
    return decision.outcome.value


@pytest.mark.parametrize(
    ("does", "kind", "says_nothing"),
    [
        ("segfault", "crash", False),
        ("exit", "crash", False),
        ("kill", "crash", True),
        ("hang", "timeout", False),
    ],
)
def test_what_takes_a_worker_down_is_said_of_its_upload(
    lane: Lane, here: Path, pictures: list[bytes], does: str, kind: str, says_nothing: bool
) -> None:
    (here / "next").write_text(does)
    with pytest.raises(WorkerDied) as caught:
        outcome(lane, pictures[1], timeout=1.0 if does == "hang" else 60.0)
    assert (caught.value.failed.kind, caught.value.says_nothing) == (kind, says_nothing)
    assert [outcome(lane, each) for each in pictures] == ["no_match", "match", "no_match"]


def test_what_it_survives_is_an_outcome(lane: Lane, here: Path, pictures: list[bytes]) -> None:
    for does, failure in (("swell", "memory"), ("defect", "internal")):
        (here / "next").write_text(does)
        verdict = lane.decide(pictures[1], Task(n_bytes=len(pictures[1])), timeout=60)
        assert (verdict.decision is not None and verdict.decision.outcome.value, verdict.failure) == (
            "unreadable", failure,
        )  # fmt: skip
        assert verdict.logged, "the log of a worker comes along"


def test_uploads_of_any_length_one_after_the_other(lane: Lane, pictures: list[bytes]) -> None:
    """A short one behind a long one shares its memory, and sees nothing of it."""
    padded = pictures[1] + bytes(20 << 20)
    for data, wanted in (
        (padded, "match"),
        (pictures[1] + bytes(100 << 10), "match"),
        (pictures[0] + bytes(100 << 10), "no_match"),
        (b"", "unreadable"),
        (pictures[0], "no_match"),
        (padded, "match"),
    ):
        assert outcome(lane, data) == wanted
    assert outcome(lane, pictures[1][:60]) == "unreadable"


@pytest.mark.parametrize("n_bytes", [0, 300, 9 << 20], ids=["none", "mapped", "behind"])
def test_an_upload_in_pieces_is_what_they_are_together(n_bytes: int) -> None:
    pieces = (b"first", bytes(n_bytes), b"last")
    memory = UploadMemory()
    if memory.put(pieces):
        shared, (end, other) = memory.shared(), Channel.pair()
        shared.map()
        read = as_bytes(shared.read(end, length(pieces)))
        assert read == whole(pieces) == b"first" + bytes(n_bytes) + b"last"
        end.close()
        other.close()
    memory.close()


@pytest.mark.parametrize(
    ("says", "outcome", "reason"),
    [
        ("longer", "match", None),
        ("shorter", "match", None),
        ("grown", "too_large", r"more than \d+ bytes, the limit"),
        ("closed to reading", "unreadable", "cannot be read: "),
    ],
)
def test_a_file_that_is_handed_over_is_what_it_is_when_it_is_read(
    lane: Lane,
    matcher: safehash.Matcher,
    here: Path,
    pictures: list[bytes],
    says: str,
    outcome: str,
    reason: str | None,
) -> None:
    """It may be cut or grow meanwhile: this process does not look at it."""
    path = here / "handed.png"
    path.write_bytes(pictures[1])
    if says == "grown":
        os.truncate(path, matcher.limits.max_bytes + 1)  # a hole
    descriptor = os.open(path, os.O_WRONLY if says == "closed to reading" else os.O_RDONLY)
    try:
        os.lseek(descriptor, 7, os.SEEK_SET)  # whoever had it before
        n_bytes = {"longer": 1 << 20, "shorter": 10}.get(says, len(pictures[1]))
        task = Task(n_bytes=n_bytes, is_file=True)
        decision = lane.decide(OpenFile(descriptor, n_bytes), task, timeout=60).decision
    finally:
        os.close(descriptor)
        path.unlink()
    assert decision is not None
    assert decision.outcome.value == outcome
    assert re.match(reason or "None", str(decision.reason))
    assert decision.failure is None


def test_a_file_of_a_message_that_nobody_read_is_not_the_next_one_s(tmp_path: Path) -> None:
    ours, theirs = Channel.pair()
    held = [os.open(tmp_path, os.O_RDONLY) for _ in range(2)]
    try:
        ours.send(b"one", descriptor=held[0])
        assert theirs.receive_with() == b"one"  # and nobody takes its file
        ours.send(b"two")
        assert theirs.receive_with() == b"two"
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            theirs.passed()
        ours.send(b"three", descriptor=held[1])
        assert theirs.receive_with() == b"three"
        came = theirs.passed()
        assert os.path.samestat(os.fstat(came), os.fstat(held[1]))
        os.close(came)
    finally:
        for each in held:
            os.close(each)
        ours.close()
        theirs.close()


def test_what_a_worker_sends_opens_nothing_here(tmp_path: Path) -> None:
    ours, theirs = Channel.pair()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    lowest = os.dup(descriptor)
    os.close(lowest)
    theirs.send(b"answer", descriptor=descriptor)
    assert ours.receive(timeout=60.0) == b"answer"
    again = os.dup(descriptor)
    assert again == lowest, "nothing came to be open in between"
    for each in (again, descriptor):
        os.close(each)
    ours.close()
    theirs.close()


def test_a_message_in_drops_does_not_outlast_its_time() -> None:
    """Each byte comes in time, and all of them do not."""
    ours, theirs = Channel.pair()
    clock = [0.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: clock[0])
        ours._end, end = _Dropping(ours._end, clock), ours._end  # type: ignore[assignment]
        with pytest.raises(TimeoutError):
            ours.receive(timeout=10.0)
    end.close()
    theirs.close()


class _Dropping:
    """A socket of which a byte comes every second."""

    def __init__(self, end: Any, clock: list[float]) -> None:
        self._end = end
        self._clock = clock

    def gettimeout(self) -> float | None:
        timeout: float | None = self._end.gettimeout()
        return timeout

    def settimeout(self, seconds: float | None) -> None:
        self._end.settimeout(seconds)

    def recv(self, n_bytes: int) -> bytes:
        del n_bytes
        self._clock[0] += 1.0
        return b"\0\0\0\xff"[:1] if self._clock[0] != 4.0 else b"\xff"


def test_memory_of_uploads_cannot_be_cut_and_is_given_back() -> None:
    """A worker that cut it would end the process that writes into it (SIGBUS)."""
    memory = UploadMemory()
    if memory._descriptor is None:  # no such memory here: uploads go by the pipe
        assert not memory.put(b"x") and not hasattr(os, "memfd_create")
        return
    for n_bytes in (20 << 20, 30 << 20, 10 << 20, 1000):
        assert memory.put(bytes(range(256)) * (n_bytes // 256 + 1))
        memory.forget()
        assert os.fstat(memory._descriptor).st_blocks * 512 <= 9 << 20
    with pytest.raises(PermissionError):
        os.ftruncate(memory._descriptor, 100)
    memory.close()


def test_a_worker_that_was_killed_while_idle_is_replaced(lane: Lane, pictures: list[bytes]) -> None:
    outcome(lane, pictures[0])
    assert lane._process is not None and lane._process.pid is not None
    os.kill(lane._process.pid, signal.SIGKILL)
    lane._process.join()
    with pytest.raises(WorkerDied) as caught:
        outcome(lane, pictures[1])
    assert caught.value.says_nothing
    assert outcome(lane, pictures[1]) == "match"


def test_lists_that_cannot_be_opened_are_an_error_at_once(tmp_path: Path, matcher: safehash.Matcher) -> None:
    path = tmp_path / "lists.safehash"
    path.write_bytes(b"nothing of the kind")
    opener = partial(safehash.Matcher.open, str(path))
    with pytest.raises(safehash.SafehashError, match="cannot begin: IndexFileError"):
        Lane(worker_context(), (opener, {"limits": matcher.limits}, Means()))


def test_nothing_comes_of_a_message_but_verdicts(lane: Lane, pictures: list[bytes]) -> None:
    """A decoder that was taken over may send what it likes: no code of its choice runs here."""
    verdict = lane.decide(pictures[1], Task(n_bytes=len(pictures[1])), timeout=60)
    assert verdict.decision is not None
    for audit in (None, verdict.decision.audit):
        reader, writer = Reader(audit), Writer(audit)
        assert reader.read(writer.write(verdict)) == verdict
    for message in (b"", b"words", writer.write(verdict)[:-9], b"\x80\x05]\x94(K\x01h\x07."):
        with pytest.raises(pickle.UnpicklingError):
            reader.read(message)
    with pytest.raises(pickle.UnpicklingError, match="not asked"):
        lane._loaded((lane._number - 1).to_bytes(8, "big") + writer.write(verdict))
    for sent in (os.system, print, Path("/"), Task(n_bytes=1)):
        with pytest.raises(pickle.UnpicklingError, match="no part of a verdict"):
            reader.read(pickle.dumps(sent))


class Calling:
    """What a pickle of it says: call this with these, and take what it returns."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._told = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._told


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_called_that_a_message_names(tmp_path: Path, protocol: int) -> None:
    """What the call returns may be plain, as None and numbers are: nobody looks at that who did not look before."""
    reader, made = Reader(None), tmp_path / "made"
    assert pickle.loads(pickle.dumps(Calling(len, "four"), protocol)) == 4, "this is how it is done"
    for sent in (Calling(os.mkdir, os.fspath(made)), Calling(len, "four"), (Calling(divmod, 9, 4), 1)):
        with pytest.raises(pickle.UnpicklingError, match="no part of a verdict"):
            reader.read(pickle.dumps(sent, protocol))
    assert not made.exists()


def kinds_in(kind: Any, found: set[type]) -> set[type]:
    """Return the classes of ours that a value of a type may hold."""
    if isinstance(kind, type) and kind.__module__.startswith("safehash.") and kind not in found:
        found.add(kind)
        if is_dataclass(kind) and not issubclass(kind, enum.Enum):
            for each in get_type_hints(kind).values():
                kinds_in(each, found)
    for part in get_args(kind):
        kinds_in(part, found)
    return found


def test_whatever_a_verdict_may_hold_is_taken() -> None:
    held = kinds_in(Verdict, set())
    assert NearMiss in held, "found through the fields of a decision"
    # Told by their fields, or, where they check themselves when they are made, as what makes them.
    assert held <= {*KINDS, Outcome, Algorithm, Hash, ForeignHash, FrozenMap}


def test_values_come_back_as_they_were() -> None:
    """Of every kind, one in the other, and the audit by reference."""
    hashes = (Hash.from_hex("pdq", "f0" * 32), Hash("md5", bytes(16)), ForeignHash("photodna", "AAEC"), None)
    entries = tuple(
        Entry(
            hash=value, id="x", source="own", labels=("a", "b"), owners=(Opinion(owner="o", category="positive"),),
            extra={"nested": [{"deep": [1, 2.5, None, True, {}]}], "none": []},
        )
        for value in hashes
    )  # fmt: skip
    audit = safehash.Matcher.from_entries([entries[0]]).audit
    matches = tuple(Match(entry=each, distance=3, suppressed_by="x", evidence=1.5) for each in entries)
    decision = Decision(outcome=Outcome.MATCH, matches=matches, audit=audit, decided="now", hash=hashes[0])
    near = NearMiss(entry=entries[1], distance=1, view="v", gate="g", reason="\udcff")
    verdict = Verdict(
        decision=replace(decision, refused=(near,)), digests=(hashes[1],), logged=(Logged("a", 10, "text"),)
    )
    for known in (None, audit):
        message = Writer(known).write(verdict)
        back = Reader(known).read(message)
        assert back == verdict
        assert back.decision.matches[0].entry.extra == entries[0].extra
        assert isinstance(back.decision.outcome, Outcome)
        assert (back.decision.audit is audit) == (known is audit)
    with pytest.raises(pickle.PicklingError, match="Path is no part"):
        Writer(None).write((1, Path("/").absolute().parent / "x"))


@given(told=st.recursive(
    st.none() | st.integers(-12, 12) | st.text(max_size=3) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=5).map(tuple) | st.lists(inner, max_size=3), max_leaves=30,
))  # fmt: skip
def test_any_message_is_a_verdict_s_part_or_refused(told: Any) -> None:
    with contextlib.suppress(pickle.UnpicklingError):
        Reader(None).read(pickle.dumps(told))


def test_a_message_is_no_longer_than_it_is() -> None:
    """Each level stands twice in the next: 2 ** 15 values in a few hundred bytes, and each level more doubles them."""
    told: Any = (-8, 1)
    for _ in range(15):
        told = (-8, told, told)
    message = pickle.dumps(told)
    assert len(message) < 500
    with pytest.raises(pickle.UnpicklingError, match="more than its message holds"):
        Reader(None).read(message)


def test_an_upload_that_a_gate_kept_from_matching_comes_back_as_the_matcher_says(tmp_path: Path) -> None:
    """What it was near to comes along."""
    path = tmp_path / "near.csv"
    path.write_text(f"pdq,id\n{safehash.hash_image(ImageOps.mirror(card(8))).hex},card\n")
    matcher, stream = safehash.Matcher.from_files(path), io.BytesIO()
    card(7).save(stream, format="PNG")
    wanted = matcher.check(stream.getvalue())
    assert [each.gate for each in wanted.refused] == ["greys"]
    with safehash.isolated(matcher, workers=1) as pool:
        decision = pool.check(stream.getvalue())
    assert (decision.outcome, decision.failure, decision.refused) == (wanted.outcome, None, wanted.refused)
