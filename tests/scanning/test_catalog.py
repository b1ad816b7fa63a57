"""The catalog: what it remembers, resume, one writer, re-match, look-back, hostile files."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import safehash
from crashers import misbehave
from safehash.cli import main
from safehash.errors import CatalogError
from safehash.hashing.hashes import Algorithm, Hash
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts, records
from safehash.scanning.ledger import Ledger
from safehash.scanning.lookback import rematch, similar, stored_digests
from safehash.scanning.options import ScanOptions
from safehash.scanning.records import Summary
from safehash.scanning.run import scan
from safehash.scanning.store import Store
from stores import write_list, write_picture, write_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "pictures", 8)
    (tmp_path / "pictures" / "notes.txt").write_text("words")
    return tmp_path / "pictures"


@pytest.fixture
def matcher(folder: Path, tmp_path: Path) -> Matcher:
    return Matcher.from_files(write_list(tmp_path / "own.csv", folder / "picture00003.png"))


def scan_into(
    path: Path,
    folder: Path,
    matcher: Matcher,
    *,
    before: Callable[[str], None] | None = None,
    **options: Any,
) -> Summary:
    how = ScanOptions(workers=0, **options)
    with (
        Catalog(path) as catalog,
        scan(folder, matcher=matcher, options=how, catalog=catalog, _before=before) as running,
    ):
        for _ in running:
            pass
        return running.summary


def test_a_second_scan_decides_only_what_changed(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    first = scan_into(path, folder, matcher)
    assert (first.n_files, first.n_unchanged) == (8, 0)
    again = scan_into(path, folder, matcher)
    assert (again.n_files, again.n_unchanged) == (8, 8)
    assert again.outcomes == first.outcomes
    assert again.skipped == first.skipped == {"not an image": 1}
    assert again.lists == {"own": 1}
    assert again.labels == {"graphic_self_harm": 1}
    write_picture(folder / "picture00003.png", 99)
    (folder / "picture00004.png").unlink()
    write_picture(folder / "new.png", 100)
    third = scan_into(path, folder, matcher)
    assert (third.n_files, third.n_unchanged) == (8, 6)
    assert third.outcomes == {"no_match": 8}
    with Catalog(path) as catalog:
        catalog.check_integrity()
        assert catalog._store.number("SELECT count(*) FROM matches") == 0
        assert catalog._store.number("SELECT count(*) FROM files WHERE outcome <> 'skipped'") == 9


def test_other_lists_decide_again(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher)
    other = Matcher.from_files(write_list(tmp_path / "other.csv", folder / "picture00005.png"))
    summary = scan_into(path, folder, other)
    assert (summary.n_unchanged, summary.lists) == (0, {"other": 1})
    for effort, n_unchanged in (("thorough", 0), ("thorough", 8), ("standard", 8), ("fast", 8)):
        again = Matcher.from_files(tmp_path / "other.csv", settings=Settings(effort=effort))  # type: ignore[arg-type]
        assert scan_into(path, folder, again).n_unchanged == n_unchanged, (
            "what is decided with more effort stays"
        )


def test_failures_are_kept_or_tried_again(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    write_picture(folder / "exit.png", 1)
    with Catalog(path) as catalog:
        list(
            scan(folder, matcher=matcher, options=ScanOptions(workers=1), catalog=catalog, _before=misbehave)
        )
    assert scan_into(path, folder, matcher).outcomes["unreadable"] == 1
    summary = scan_into(path, folder, matcher, retry_failed=True)
    assert summary.outcomes["unreadable"] == 0
    assert summary.n_unchanged == 8


def test_files_that_could_not_be_read_are_tried_again(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    def vanish(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    path = tmp_path / "c.db"
    assert scan_into(path, folder, matcher, before=vanish).outcomes == {"unreadable": 9}
    summary = scan_into(path, folder, matcher)
    assert (summary.n_files, summary.n_unchanged) == (8, 0)
    assert summary.outcomes == {"no_match": 7, "match": 1}


def test_what_is_stored(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    name = os.fsdecode(b"caf\xe9.png") if os.name == "posix" else "cafe.png"
    (folder / "picture00003.png").rename(folder / name)
    scan_into(path, folder, matcher, file_digests=["sha256"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Catalog(path, create=False) as catalog:
        found = {Path(record["path"]).name: record for record in records(catalog, full_hashes=True)}
        assert len(found) == 8
        assert counts(catalog)["outcomes"] == {"no_match": 7, "match": 1}
    record = found[name]
    data = (folder / name).read_bytes()
    assert record["hash"] == safehash.hash_bytes(data).hex
    assert record["sha256"] == safehash.hash_bytes(data, algorithm="sha256").hex
    assert record["size"] == len(data)
    assert record["outcome"] == "match"
    assert record["suggestion"] == "review"
    (match,) = record["matches"]
    assert match["list"] == "own"
    assert match["id"] == "entry-picture00003"
    assert match["labels"] == ["graphic_self_harm"]
    assert match["distance"] == 0
    assert json.loads(json.dumps(record)) == record


def test_two_writers_are_refused(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    with (
        Catalog(path) as one,
        scan(folder, matcher=matcher, options=ScanOptions(workers=0), catalog=one) as running,
    ):
        next(running)
        with Catalog(path) as two:
            with pytest.raises(CatalogError, match=rf"another scan is writing.*process {os.getpid()}"):
                list(scan(folder, matcher=matcher, options=ScanOptions(workers=0), catalog=two))
            with pytest.raises(CatalogError, match="another scan is writing"):
                list(rematch(two, matcher))
            assert counts(two)["runs"][0]["state"] == "running"  # reading is free
        list(running)
    assert scan_into(path, folder, matcher).n_unchanged == 8


def test_an_unfinished_run_is_seen_as_killed(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    catalog = Catalog(path)
    Ledger(catalog._store, matcher.audit, settings=matcher.settings)
    catalog.close()  # as a killed process leaves it
    assert scan_into(path, folder, matcher).n_files == 8
    with Catalog(path) as again:
        assert [run["state"] for run in counts(again)["runs"]] == ["killed", "finished"]


# -- looking back -----------------------------------------------------------------------------------------------


def test_rematch_finds_what_a_new_list_knows(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher)
    new = tmp_path / "new.csv"
    turned = safehash.hash_file(folder / "picture00006.png").orientations()[4]
    negative = safehash.hash_file(folder / "picture00007.png").negative()
    lines = ["pdq,id", f"{safehash.hash_file(folder / 'picture00005.png').hex},plain"]
    new.write_text("\n".join([*lines, f"{turned.hex},turned", f"{negative.hex},negative"]) + "\n")
    later = Matcher.from_files(new)
    for _ in range(2):  # a second time changes nothing
        with Catalog(path, create=False) as catalog:
            found = {Path(record.path).name: record.decision for record in rematch(catalog, later)}
            assert set(found) == {f"picture0000{number}.png" for number in (5, 6, 7)}
            assert found["picture00005.png"].matches[0].entry.id == "plain"
            assert found["picture00006.png"].matches[0].view != "as it is"
            assert found["picture00007.png"].matches[0].view == "negative"
            assert catalog._store.number("SELECT count(*) FROM matches") == 4
            matched = {Path(record["path"]).name for record in records(catalog, only_matches=True)}
            assert matched == {f"picture0000{number}.png" for number in (3, 5, 6, 7)}
    # The list took an entry back.
    new.write_text("\n".join(lines) + "\n")
    with Catalog(path, create=False) as catalog:
        list(rematch(catalog, Matcher.from_files(new)))
        assert counts(catalog)["outcomes"] == {"no_match": 6, "match": 2}
        assert counts(catalog)["matched_lists"] == {"new": 1, "own": 1}
    # What a scan has found, a re-match does not find again.
    with Catalog(path, create=False) as catalog:
        assert len(list(rematch(catalog, matcher))) == 1
        assert catalog._store.number("SELECT count(*) FROM matches") == 2


def test_rematch_without_the_allow_list_counts_what_it_suppressed(tmp_path: Path, folder: Path) -> None:
    listed = write_list(tmp_path / "own.csv", folder / "picture00003.png")
    path = tmp_path / "c.db"
    allowing = Matcher.from_files(listed, allow=[safehash.ListSource(listed, name="harmless")])
    assert scan_into(path, folder, allowing).outcomes["suppressed"] == 1
    for matcher, wanted in ((allowing, "suppressed"), (Matcher.from_files(listed), "match")):
        with Catalog(path) as catalog:
            assert [record.decision.outcome.value for record in rematch(catalog, matcher)] == [wanted]
            assert counts(catalog)["outcomes"][wanted] == 1
            n_open = catalog._store.number("SELECT count(*) FROM matches WHERE suppressed_by IS NULL")
            assert n_open == (wanted == "match")
            assert catalog._store.number("SELECT count(*) FROM matches") == 1
            assert catalog._store.number("SELECT count(*) FROM sightings") == 2


@pytest.mark.parametrize("algorithm", ["phash", "phash256"])
def test_rematch_of_other_hashes(tmp_path: Path, folder: Path, algorithm: str) -> None:
    path = tmp_path / "c.db"
    known = safehash.hash_file(folder / "picture00001.png", algorithm=algorithm)
    (tmp_path / "one.csv").write_text(f"{algorithm},id\n{known.hex},one\n")
    one = Matcher.from_files(tmp_path / "one.csv")
    scan_into(path, folder, one)
    (tmp_path / "two.csv").write_text(f"{algorithm},id\n{known.orientations()[5].hex},two\n")
    with Catalog(path) as catalog:
        (record,) = rematch(catalog, Matcher.from_files(tmp_path / "two.csv"))
    assert record.path.endswith("picture00001.png")
    assert (record.member, record.position) == (None, 0)
    assert record.size == (folder / "picture00001.png").stat().st_size
    assert record.decision.matches[0].entry.id == "two"


def test_rematch_by_file_digest(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher, file_digests=["md5"])
    digest = safehash.hash_file(folder / "picture00001.png", algorithm="md5").hex
    (tmp_path / "md5.csv").write_text(f"md5,id\n{digest},exact\n")
    with Catalog(path) as catalog:
        (record,) = rematch(catalog, Matcher.from_files(tmp_path / "md5.csv"))
    assert record.path.endswith("picture00001.png")
    assert (record.member, record.position) == (None, 0)
    assert record.size == (folder / "picture00001.png").stat().st_size
    assert record.decision.matches[0].view == "same file"


def test_what_matched_is_known_by_its_bytes(tmp_path: Path, folder: Path) -> None:
    """Suppressed matches, too, which a reviewer may see, and what has no other hash; of others, what is asked for."""
    pictures = sorted(folder.glob("*.png"))
    allow = [safehash.ListSource(write_list(tmp_path / "harmless.csv", pictures[0]), name="harmless")]
    matcher = Matcher.from_files(write_list(tmp_path / "own.csv", *pictures[:2]), allow=allow)
    damaged = folder / "picture99999.png"
    damaged.write_bytes(pictures[0].read_bytes()[:60])
    for name, digests, n_known in (
        ("some", [], 2),
        ("usual", None, 2),
        ("all", ["sha256"], 8),
        ("other", ["md5"], 2),
    ):
        scan_into(tmp_path / f"{name}.db", folder, matcher, file_digests=digests)
        with Catalog(tmp_path / f"{name}.db") as catalog:
            found = {Path(record["path"]).name: record for record in records(catalog, full_hashes=True)}
        known = {name: record["sha256"] for name, record in found.items() if "sha256" in record}
        assert known == {
            path.name: safehash.hash_file(path, algorithm="sha256").hex
            for path in (*pictures[:n_known], damaged)
        }, name
    assert found[damaged.name]["outcome"] == "unreadable"
    assert {found[path.name]["outcome"] for path in pictures[:2]} == {"suppressed", "match"}


@pytest.mark.parametrize("first", ["scan", "scan of an archive", "rematch"])
@pytest.mark.parametrize("asked", [None, ()])
def test_what_was_found_stays_where_the_time_of_change_alone_is_new(
    tmp_path: Path, folder: Path, matcher: Matcher, first: str, asked: tuple[str, ...] | None
) -> None:
    """A store that was copied or restored: what list A found of a file is not lost as list B finds nothing of it."""
    path, pictures = tmp_path / "c.db", sorted(folder.glob("*.png"))
    other = Matcher.from_files(write_list(tmp_path / "other.csv", pictures[0]))
    if first == "scan of an archive":
        with zipfile.ZipFile(folder / "all.zip", "w") as archive:
            for picture in pictures:
                archive.write(picture, picture.name)
                picture.unlink()
    if first == "rematch":
        scan_into(path, folder, other, file_digests=asked)
        with Catalog(path) as catalog:
            assert len(list(rematch(catalog, matcher))) == 1
    else:
        scan_into(path, folder, matcher, file_digests=asked)
    for each in folder.iterdir():
        os.utime(each, ns=(1, 1))
    assert scan_into(path, folder, other, file_digests=asked).n_unchanged == 0
    with Catalog(path) as catalog:
        assert counts(catalog)["matched_lists"] == {"own": 1, "other": 1}
        lost = catalog._store.number("SELECT count(*) FROM changes WHERE kind = 'lost'")
        assert (lost, catalog._store.number("SELECT count(*) FROM sightings")) == (0, 2)
    # Another picture by that name is another picture.
    for each in folder.iterdir():
        each.unlink()
    write_pictures(folder, 8, first_seed=100)
    scan_into(path, folder, other, file_digests=asked, allow_empty=True)
    with Catalog(path) as catalog:
        assert counts(catalog)["matched_lists"] == {}


@pytest.mark.parametrize(
    ("asked", "more"),
    [(None, {"md5": 8, "sha256": 1}), ((), {"sha256": 1}), (("sha256",), {"sha256": 8})],
)
def test_digests_that_lists_hold_are_taken_of_every_file(
    tmp_path: Path, folder: Path, asked: tuple[str, ...] | None, more: dict[str, int]
) -> None:
    """So that the next version of such a list can be looked up without a scan."""
    path, own = tmp_path / "c.db", sorted(folder.glob("*.png"))[0]
    digest = safehash.hash_file(own, algorithm="md5").hex
    (tmp_path / "md5.csv").write_text(f"md5,id\n{digest},exact\n")
    matcher = Matcher.from_files(tmp_path / "md5.csv", write_list(tmp_path / "own.csv", own))
    scan_into(path, folder, matcher, file_digests=asked)
    with Catalog(path) as catalog:
        held = catalog._store.db.execute("SELECT algorithm, count(*) FROM hashes GROUP BY 1").fetchall()
    assert dict(held) == {"pdq": 8, **more}
    # What nobody asked for is no reason to decide anything again.
    assert scan_into(path, folder, matcher).n_unchanged == 8


def test_what_a_rematch_passes_over_is_said(
    tmp_path: Path, folder: Path, matcher: Matcher, capfd: pytest.CaptureFixture[str]
) -> None:
    """A list of digests that the catalog does not have of each file: no match is no answer."""
    path, listed = tmp_path / "c.db", tmp_path / "files.csv"
    digest = safehash.hash_file(folder / "picture00001.png", algorithm="sha256").hex
    listed.write_text(f"sha256,id\n{digest},e\n")
    scan_into(path, folder, matcher)
    said = "sha256: looked up in 1 of 8 files alone; the others have none stored (scan with --digest sha256 to have it)"
    assert main(["rematch", str(path), "--list", str(listed)]) == 0
    assert said in capfd.readouterr().err
    assert main(["catalog", "similar", str(path), digest, "-a", "sha256"]) == 0
    assert said in capfd.readouterr().err
    # As it says.
    assert scan_into(path, folder, matcher, file_digests=["sha256"]).n_unchanged == 1  # that has it
    assert main(["rematch", str(path), "--list", str(listed)]) == 1
    assert "alone" not in capfd.readouterr().err
    assert scan_into(path, folder, matcher, file_digests=["sha256"]).n_unchanged == 8
    assert scan_into(path, folder, matcher).n_unchanged == 8


def test_a_rematch_left_early_changes_nothing(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher)
    later = Matcher.from_files(write_list(tmp_path / "new.csv", *sorted(folder.glob("*.png"))))
    with Catalog(path) as catalog:
        running = rematch(catalog, later)
        next(running)
        running.close()  # type: ignore[attr-defined]
        assert catalog._store.number("SELECT count(*) FROM matches") == 1
        assert counts(catalog)["runs"][-1]["state"] == "interrupted"
        assert len(list(rematch(catalog, later))) == 8


def test_low_quality_is_not_rematched(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    from PIL import Image

    Image.new("L", (64, 64), 128).save(folder / "flat.png")
    scan_into(path, folder, matcher)
    with Catalog(path) as catalog:
        ((algorithm, files, digests, qualities),) = stored_digests(catalog, Algorithm.PDQ)
        assert algorithm is Algorithm.PDQ
        assert digests.shape == (9, 32)
        assert len(files) == 9
        assert qualities.min() < 50
    new = tmp_path / "new.csv"
    new.write_text(f"pdq,id\n{safehash.hash_file(folder / 'flat.png').hex},flat\n{'0f' * 32},other\n")
    with Catalog(path) as catalog:
        assert list(rematch(catalog, Matcher.from_files(new))) == []


def test_similar(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher, file_digests=["sha256"])
    own = safehash.hash_file(folder / "picture00002.png")
    near = Hash("pdq", bytes([own.digest[0] ^ 7, *own.digest[1:]]))
    with Catalog(path) as catalog:
        (found,) = similar(catalog, near, max_distance=31)
        assert (Path(found.path).name, found.distance, found.view) == ("picture00002.png", 3, "as it is")
        assert found.hash == own
        assert similar(catalog, near, max_distance=2) == []
        (found,) = similar(catalog, own.negative(), max_distance=0)
        assert found.view == "negative"
        (found,) = similar(catalog, own.orientations()[5], max_distance=31)
        assert found.view != "as it is"
        exact = safehash.hash_file(folder / "picture00002.png", algorithm="sha256")
        assert [each.distance for each in similar(catalog, exact, max_distance=31)] == [0]


# -- files that are no catalogs ---------------------------------------------------------------------------------


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no such catalog"):
        Catalog(tmp_path / "none.db", create=False)
    with pytest.raises(CatalogError, match="cannot be created"):
        Catalog(tmp_path / "no folder" / "none.db")


def test_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(b"anything at all, but no database" * 100)
    with pytest.raises(CatalogError, match="not a catalog, or damaged"):
        Catalog(path)
    assert path.read_bytes().startswith(b"anything")
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE files (id)")
    other.close()
    with pytest.raises(CatalogError, match="an SQLite file of something else, no catalog"):
        Catalog(path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("PRAGMA user_version = 99", "newer version"),
        ("CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM matches; END", "not those of a catalog"),
        ("CREATE VIEW v AS SELECT 1", "not those of a catalog"),
        ("DROP TABLE problems", "not those of a catalog"),
    ],
    ids=["newer", "trigger", "view", "missing table"],
)
def test_altered_catalogs(tmp_path: Path, spoil: str, message: str) -> None:
    path = tmp_path / "c.db"
    Catalog(path).close()
    with sqlite3.connect(path) as other:
        other.execute(spoil)
    other.close()
    with pytest.raises(CatalogError, match=message):
        Catalog(path)


def test_damage_is_found(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher)
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    data = bytearray(path.read_bytes())
    page = int.from_bytes(data[16:18], "big")
    for at in range(page * 2, len(data) - page, page):
        data[at : at + 64] = b"\xff" * 64
    path.write_bytes(data)
    with pytest.raises(CatalogError, match="damaged"), Catalog(path) as catalog:
        catalog.check_integrity()


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_one_catalog_has_one_writer_by_whatever_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the lock went by the path as given, and through a symbolic link two scans wrote at once."""
    (tmp_path / "here").mkdir()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "here")
    path, other = tmp_path / "here" / "c.db", tmp_path / "elsewhere" / "c.db"
    with Catalog(path):
        pass
    first, second = Store(path, create=False), Store(other, create=False)
    try:
        first.take_lock()
        with pytest.raises(CatalogError, match="another scan"):
            second.take_lock()
    finally:
        first.close()
        second.close()
    os.link(path, tmp_path / "hard.db")
    for name in (path, tmp_path / "hard.db"):
        with pytest.raises(CatalogError, match=r"2 names \(hard links\).*name a copy of it"):
            Catalog(name)
    (tmp_path / "hard.db").unlink()
    (tmp_path / "link.db").symlink_to(path)
    with pytest.raises(CatalogError, match="it is a symbolic link: name the file itself"):
        Catalog(tmp_path / "link.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with closing(Store("c.db", create=False)) as plain:
        plain.take_lock()
        with pytest.raises(CatalogError, match="another scan"), Catalog(path) as catalog:
            catalog._store.take_lock()


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_why_a_catalog_with_two_names_is_not_even_read(
    tmp_path: Path, folder: Path, matcher: Matcher
) -> None:
    """What is in the log beside one name is not seen by the other: a reader would be told less than there is."""
    path, other = tmp_path / "c.db", tmp_path / "other.db"
    scan_into(path, folder, matcher)
    with Catalog(path) as catalog:
        catalog._store.db.execute("PRAGMA wal_autocheckpoint = 0")
        os.link(path, other)
        with catalog._store.transaction() as db:
            db.execute("DELETE FROM matches")
        with sqlite3.connect(f"{other.as_uri()}?mode=ro&immutable=1", uri=True) as read:
            assert read.execute("SELECT count(*) FROM matches").fetchone() == (1,)
        read.close()
        assert catalog._store.number("SELECT count(*) FROM matches") == 0


def test_rows_that_lead_nowhere_are_damage(tmp_path: Path, folder: Path, matcher: Matcher) -> None:
    """SQLite's own check finds nothing wrong with them."""
    path = tmp_path / "c.db"
    scan_into(path, folder, matcher)
    with Catalog(path) as catalog:
        catalog.check_integrity()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA foreign_keys = OFF")
        other.execute("UPDATE hashes SET file = 987654 WHERE file = (SELECT min(file) FROM hashes)")
    other.close()
    with pytest.raises(CatalogError, match=r"damaged.*hashes"), Catalog(path) as catalog:
        catalog.check_integrity()


def test_a_file_of_the_same_size_and_another_time_is_decided_again(
    tmp_path: Path, folder: Path, matcher: Matcher
) -> None:
    path = tmp_path / "c.db"
    n_files = scan_into(path, folder, matcher).n_files
    assert scan_into(path, folder, matcher).n_unchanged == n_files
    picture = sorted(folder.glob("*.png"))[0]
    status = picture.stat()
    os.utime(picture, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert scan_into(path, folder, matcher).n_unchanged == n_files - 1
