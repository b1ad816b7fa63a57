"""A list that is refused takes nothing away: what was matched against stays, or the last good state is taken up."""

from __future__ import annotations

import json
import logging
import os
import random
import stat
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from safehash import Hash, ListError, ListSource, Matcher
from safehash.cli import main
from safehash.lists.source import LAST_GOOD
from safehash.matching import matcher as matcher_room
from safehash.matching.keeping import last_good_of


def balanced(k: int) -> str:
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


DIGESTS = [balanced(k) for k in range(100)]


def table(digests: list[str], *, gone: list[str] = (), ids: bool = True) -> str:  # type: ignore[assignment]
    rows = [f"{digest},{DIGESTS.index(digest) if ids else ''},no" for digest in digests]
    rows += [f"{digest},{DIGESTS.index(digest) if ids else ''},yes" for digest in gone]
    return "pdq,id,deleted\n" + "".join(f"{row}\n" for row in rows)


def write(path: Path, text: str) -> None:
    """Write a file so that its change is seen, however coarse the clock of the file system is."""
    path.write_text(text)
    when = write.when = getattr(write, "when", 1_700_000_000) + 10  # type: ignore[attr-defined]
    os.utime(path, (when, when))


def finds(matcher: Matcher, digest: str) -> bool:
    return matcher.check_hash(Hash.from_hex("pdq", digest, quality=100)).is_match


def page(n: int) -> str:
    descriptor = {"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS", "tags": []}
    records = [
        {
            "id": str(k),
            "indicator": DIGESTS[k],
            "type": "HASH_PDQ",
            "last_updated": 1_763_800_000,
            "should_delete": False,
            "descriptors": {"data": [descriptor]},
        }
        for k in range(n)
    ]
    return json.dumps({"data": records})


# -- reloading ---------------------------------------------------------------------------------------------

#: What may come in the place of a whole list, and what is said of it.
TORN = {
    "half a page": (page(20), page(20)[: len(page(20)) // 2], "cut off or changed"),
    "rejects": (
        table(DIGESTS[:40]),
        "pdq,id,deleted\n" + "bad,1,no\n" * 50 + f"{DIGESTS[0]},0,no\n",
        "rejected",
    ),
    "fewer": (
        table(DIGESTS[:40]),
        table(DIGESTS[:20]),
        "20 of its 40 entries are gone, and nothing says that they were withdrawn",
    ),
    "nothing": (table(DIGESTS[:40]), "", "empty"),
    "something else": (table(DIGESTS[:40]), "%PDF-1.4\n", "a PDF document"),
    "not understood": (
        table(DIGESTS[:40]),
        table(DIGESTS[:40]).replace("no", "perhaps"),
        "'perhaps' in column",
    ),
}


@pytest.mark.parametrize("kind", TORN)
def test_what_is_refused_changes_nothing(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, torn, message = TORN[kind]
    path = tmp_path / "list.csv"
    write(path, good)
    matcher = Matcher.from_files(path)
    write(path, torn)
    with pytest.raises(ListError, match=message):
        matcher.reload()
    n_entries = len(matcher)
    with caplog.at_level(logging.WARNING, logger="safehash"):
        assert not matcher.reload_if_changed()
    assert any(message in record.message and record.levelno == logging.WARNING for record in caplog.records)
    assert any("the state before stays" in note and message in note for note in matcher.notes)
    assert (matcher.n_refused, len(matcher), finds(matcher, DIGESTS[10])) == (1, n_entries, True)
    # It is not read again until it changes.
    with monkeypatch.context() as patched:
        patched.setattr(matcher_room, "read_state", lambda *args, **options: pytest.fail("read again"))
        assert not matcher.reload_if_changed()
    write(path, good)
    assert matcher.reload_if_changed()
    assert (matcher.n_refused, len(matcher)) == (0, n_entries)
    assert not any("the state before stays" in note for note in matcher.notes)


def test_a_switch_takes_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40]))
    matcher = Matcher.from_files(ListSource(path, max_shrink=0.5))
    write(path, table(DIGESTS[:20]))
    matcher.reload()
    assert len(matcher) == 20


@pytest.mark.parametrize("ids", [True, False])
def test_explicit_deletes_are_no_loss(ids: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40], ids=ids))
    matcher = Matcher.from_files(path)
    write(path, table(DIGESTS[:15], gone=DIGESTS[15:40], ids=ids))
    assert matcher.reload_if_changed()
    assert (len(matcher), finds(matcher, DIGESTS[20])) == (15, False)


@settings(max_examples=15, deadline=None)
@given(
    n_before=st.integers(1, 40),
    kept=st.sets(st.integers(0, 39)),
    gone=st.sets(st.integers(0, 39)),
    new=st.integers(0, 20),
    share=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
def test_a_loss_is_what_was_there_and_is_neither_there_nor_withdrawn(
    tmp_path_factory: Any, n_before: int, kept: set[int], gone: set[int], new: int, share: float
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    before = set(range(n_before))
    write(path, table([DIGESTS[k] for k in sorted(before)]))
    matcher = Matcher.from_files(ListSource(path, max_shrink=share))
    now = (kept & before) - gone | set(range(40, 40 + new))
    if not now:
        return  # nothing to match against is another refusal
    write(path, table([DIGESTS[k] for k in sorted(now)], gone=[DIGESTS[k] for k in sorted(gone & before)]))
    is_refused = len(before - now - gone) > share * len(before)
    assert matcher.reload_if_changed() is not is_refused
    assert len(matcher) == (len(before) if is_refused else len(now))


def test_another_list_in_its_place_is_a_loss(tmp_path: Path) -> None:
    """As many entries as before, and none of them."""
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40], ids=False))
    matcher = Matcher.from_files(path)
    write(path, table(DIGESTS[40:80], ids=False))
    with pytest.raises(ListError, match="40 of its 40 entries are gone"):
        matcher.reload()
    # One that was hashed anew is still there, by its ids.
    write(path, table(DIGESTS[:40]))
    matcher = Matcher.from_files(path)
    write(path, "pdq,id\n" + "".join(f"{digest},{k}\n" for k, digest in enumerate(DIGESTS[40:80])))
    matcher.reload()
    assert finds(matcher, DIGESTS[50])


def test_an_index_built_over_an_older_one_is_compared_with_it(tmp_path: Path) -> None:
    path, index = tmp_path / "list.csv", tmp_path / "lists.safehash"
    write(path, table(DIGESTS[:40]))
    Matcher.from_files(path, replacing=index).save(index)
    write(path, table(DIGESTS[:20]))
    with pytest.raises(ListError, match=r"more than max_shrink=0\.2 allows"):
        Matcher.from_files(path, replacing=index)
    assert len(Matcher.from_files(ListSource(path, max_shrink=0.5), replacing=index)) == 20


# -- starting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(TORN) - {"fewer"}))
def test_a_start_with_a_refused_list_goes_on_from_its_last_good_state(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, torn, message = TORN[kind]
    path = tmp_path / "list.csv"
    write(path, good)
    n_entries = len(Matcher.from_files(path, last_good=True))
    kept = path.with_name(path.name + LAST_GOOD)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    write(path, torn)
    with pytest.raises(ListError, match=message):
        Matcher.from_files(path)  # whoever does not ask for it
    with caplog.at_level(logging.WARNING, logger="safehash"):
        matcher = Matcher.from_files(path, last_good=True)
    assert (len(matcher), finds(matcher, DIGESTS[10])) == (n_entries, True)
    for told in (matcher.notes, [record.message for record in caplog.records]):
        assert any(message in note and "going on with its last good state, of 20" in note for note in told)
        assert any("(0 hours old)" in note for note in told)
    # What was refused does not become the last good state.
    assert len(Matcher.from_files(path, last_good=True)) == n_entries


@pytest.mark.parametrize("there_is", ["nothing", "an empty folder"])
def test_a_list_that_is_gone_is_matched_in_its_last_good_state_and_loudly(
    there_is: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands in log, notes, the record of the scan and under -q, with its age; without one it is an error."""
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40]))
    Matcher.from_files(path, last_good=True)
    kept = last_good_of(ListSource(path))
    path.unlink()
    if there_is != "nothing":
        path.mkdir()
    with pytest.raises(ListError, match=r"no such file|without files"):
        Matcher.from_files(path)
    with caplog.at_level(logging.WARNING, logger="safehash"):
        matcher = Matcher.from_files(path, last_good=True)
    assert matcher.lists_kept == ("list",)
    # The audit of every decision says of when the list is, not when its last good state was read.
    assert kept is not None and (len(matcher), matcher.lists[0].loaded) == (40, kept.when)
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos" / "a.png"
    Image.new("L", (64, 64)).save(photo)
    command = ["scan", str(photo), "--list", str(path), "--format", "jsonl", "--workers", "0"]
    assert main([*command, "-q"]) == 0
    printed = capsys.readouterr()
    summary = json.loads(printed.out.splitlines()[-1])
    for told in (matcher.notes, [each.message for each in caplog.records], summary["notes"], [printed.err]):
        assert any(
            "going on with its last good state, of 20" in note and "(0 hours old)" in note for note in told
        )
    assert "--no-last-good stops instead" in printed.err and "last_good=" not in printed.err
    assert main([*command, "-q", "--no-last-good"]) == 2


def test_a_file_that_is_gone_is_said_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, moved = tmp_path / "list.csv", tmp_path / "moved.csv"
    write(path, table(DIGESTS[:40]))
    matcher = Matcher.from_files(path)
    path.rename(moved)
    with caplog.at_level(logging.WARNING, logger="safehash"):
        for _ in range(3):
            with pytest.raises(ListError, match="no such file"):
                matcher.reload_if_changed()
    assert (matcher.n_refused, len(matcher), len(caplog.records)) == (1, 40, 1)
    assert "no such file" in matcher.notes[0]
    moved.rename(path)  # the same file as before: nothing is to be read, and nothing to be said any more
    assert not matcher.reload_if_changed()
    assert (matcher.n_refused, matcher.notes) == (0, Matcher.from_files(path).notes)


def test_a_start_without_a_last_good_state_ends(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write(path, TORN["half a page"][1])
    with pytest.raises(ListError, match="cut off or changed"):
        Matcher.from_files(path, last_good=True)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "of another"])
def test_a_last_good_state_that_is_none_is_not_used(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40]))
    Matcher.from_files(path, last_good=True)
    kept = path.with_name(path.name + LAST_GOOD)
    data = kept.read_bytes()
    at = len(data) // 2
    kept.chmod(0o600)
    kept.write_bytes(
        {
            "cut": data[:at],
            "changed": data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
            "empty": b"",
            "of another": data,
        }[damage]
    )
    write(path, TORN["half a page"][1])
    source = ListSource(path, name="other") if damage == "of another" else ListSource(path)
    with pytest.raises(ListError, match="cut off or changed"):
        Matcher.from_files(source, last_good=True)


def test_a_start_sees_that_a_list_shrank(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write(path, table(DIGESTS[:40]))
    Matcher.from_files(path, last_good=True)
    write(path, table(DIGESTS[:20]))
    matcher = Matcher.from_files(path, last_good=True)
    assert len(matcher) == 40
    assert any("20 of its 40 entries are gone" in note for note in matcher.notes)


def test_a_directory_of_pages_does_not_read_its_last_good_state(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    write(pages / "1.csv", table(DIGESTS[:5]))
    Matcher.from_files(pages, last_good=True)
    assert (tmp_path / f"pages{LAST_GOOD}").is_file()
    (pages / f"x{LAST_GOOD}").write_bytes(b"no list")
    assert len(Matcher.from_files(pages, last_good=True)) == 5


@pytest.mark.parametrize(
    ("hours", "said"),
    [(-5, "0 hours"), (0.1, "0 hours"), (3, "3 hours"), (47.9, "48 hours"), (72.5, "3 days")],
)
def test_an_age_is_told_in_hours_and_then_in_days(hours: float, said: str, tmp_path: Path) -> None:
    """Also of a clock that was put back: what is of later is not of before."""
    path = tmp_path / "own.csv"
    write(path, table(DIGESTS))
    Matcher.from_files(path, last_good=True)
    kept = last_good_of(ListSource(path))
    assert kept is not None
    when = datetime.now(timezone.utc) - timedelta(hours=hours)
    assert replace(kept, when=when.isoformat()).age == said


def test_that_a_new_list_has_no_last_good_state_is_not_worth_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first line that a service printed named a file that cannot be opened; damage is still told."""
    caplog.set_level(logging.INFO, logger="safehash")
    path = tmp_path / "own.csv"
    path.write_text(table(DIGESTS[:10]))
    assert last_good_of(ListSource(path)) is None
    assert caplog.messages == []
    Path(f"{path}{LAST_GOOD}").write_bytes(b"damaged")
    assert last_good_of(ListSource(path)) is None
    assert "no last good state" in caplog.text
