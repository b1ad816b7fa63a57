"""Lists that are made to cost: what would take minutes in a file of a few megabytes is bounded or refused."""

from __future__ import annotations

import gzip
import io
import random
import sqlite3
import struct
import tracemalloc
import unicodedata
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash import ListError, ListSource, read_list
from safehash.lists.formats import judging, packed, pages, records, rows, tally, vocabulary
from safehash.lists.formats.digests import digits_in
from safehash.lists.formats.folders import Names, is_former
from safehash.lists.formats.vocabulary import LIVE, OPINIONS

#: Marks that stand above and below, by turns: put in order, each is compared with all before it.
MARKS = "\u0301\u0316"


def balanced(n: int, seed: int = 0) -> list[str]:
    """Return digests that may be PDQ's."""
    chance = random.Random(seed)
    bits = [0] * 128 + [1] * 128
    return [f"{int(''.join(map(str, chance.sample(bits, 256))), 2):064x}" for _ in range(n)]


def read(path: Path) -> int:
    return len(list(read_list(path)))


def test_marks_are_put_in_order_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    longest = 0

    class Counting:
        def normalize(self, form: str, text: str) -> str:
            nonlocal longest
            longest = max(longest, sum(map(bool, map(unicodedata.combining, text))))
            return unicodedata.normalize(form, text)  # type: ignore[arg-type]

        def __getattr__(self, name: str) -> object:
            return getattr(unicodedata, name)

    monkeypatch.setattr(vocabulary, "unicodedata", Counting())
    path = tmp_path / "list.csv"
    one, other = balanced(2)
    path.write_text(
        f"pdq,state,label\n{one},\u00e9{MARKS * 500},a{MARKS * 500}\n{other},,b\n", encoding="utf-8"
    )
    assert read(path) == 2
    assert 0 < longest <= 128


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from(("NFC", "NFKC", "NFKD")))
def test_in_pieces_words_are_what_they_are_whole(text: str, form: str) -> None:
    spaced = " ".join(text[k : k + 100] for k in range(0, len(text), 100))
    assert vocabulary._normal(form, spaced) == unicodedata.normalize(form, spaced)  # type: ignore[arg-type]


def nearly_as_written(said: str) -> bool:
    """Tell what `_nearly` tells, by looking at every word."""
    if not 3 <= len(said) <= 30 or said in OPINIONS or said in LIVE:
        return False
    return any(map(str.isalpha, said)) and any(
        (each.startswith(said) and len(said) * 2 > len(each)) or judging.is_one_off(said, each)
        for each in judging._LONG_WORDS
    )


@given(st.data())
def test_damaged_words_are_found_as_by_looking_at_each(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(judging._LONG_WORDS))
    at = data.draw(st.integers(0, len(word)))
    letter = data.draw(st.sampled_from("aeiou nrst-é"))
    damaged = data.draw(
        st.sampled_from(
            (
                word[:at], word[:at] + word[at + 1 :], word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :], word[at:] + word[:at], word + letter,
            )
        )
    )  # fmt: skip
    assert judging._nearly(damaged) == nearly_as_written(damaged)


def test_a_value_is_compared_with_few_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """All words that it may be one letter off lack a letter as it does: a thousand values took two seconds."""
    n_compared = 0

    def counted(one: str, other: str) -> bool:
        nonlocal n_compared
        n_compared += 1
        return is_one_off(one, other)

    is_one_off = judging.is_one_off
    monkeypatch.setattr(judging, "is_one_off", counted)
    assert not any(judging._nearly(f"s{number:05}x") for number in range(100))
    assert not n_compared
    assert judging._nearly("revokked")
    assert n_compared


@pytest.mark.parametrize("text", ["zz{}", "-----", "{}, and more"])
def test_a_list_of_rejects_is_not_read_to_its_end(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MANY_REJECTS", 30)
    path = tmp_path / "list.csv"
    lines = [*balanced(20), *(text.format(f"line{number}") for number in range(100))]
    path.write_text("pdq\n" + "\n".join(lines) + "\n", encoding="ascii")
    with pytest.raises(
        ListError, match=r"31 of the first 51 records were rejected.* not read further; the first: "
    ):
        read(path)
    reader = read_list(ListSource(path, max_rejects=1.0))
    assert len(list(reader)) == 20
    assert reader.report.n_rejects == 100


def test_as_many_rejects_as_are_allowed_end_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MANY_REJECTS", 3)
    path = tmp_path / "list.csv"
    lines = [line for each in range(5) for line in (*balanced(20, seed=each), "no digest")]
    path.write_text("pdq\n" + "\n".join(lines) + "\n", encoding="ascii")
    reader = read_list(path)
    assert len(list(reader)) == 100
    assert reader.report.n_rejects == 5


def zipped(members: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


LIST = ("pdq\n" + "\n".join(balanced(3)) + "\n").encode()


def test_files_of_an_archive_expand_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself is small enough; what is packed again inside of it counts, too."""
    swollen = LIST + b"\n" * 1_400_000
    path = tmp_path / "list.zip"
    path.write_bytes(gzip.compress(swollen))  # to 500 times its size, which for so little is no bomb
    assert read(path) == 3
    monkeypatch.setattr(packed, "_RATIO_FREE_BYTES", 3_000_000)
    path.write_bytes(zipped([("a.csv", swollen), ("b.csv", LIST)]))
    assert read(path) == 6
    for members in (
        [("a.csv", swollen), ("b.csv", LIST), ("c.csv", LIST)],
        [("a.csv.gz", gzip.compress(swollen)), ("b.csv", LIST), ("c.csv", LIST)],
    ):
        path.write_bytes(zipped(members))
        with pytest.raises(ListError, match=r"unpacks to more than 200 times its size"):
            read(path)


def test_files_of_an_archive_share_no_bytes(tmp_path: Path) -> None:
    """A directory of ten thousand entries for one file of 64 MiB is 500 kB long."""
    whole = zipped([("a.csv", LIST)])
    start, end = whole.find(b"PK\x01\x02"), whole.rfind(b"PK\x05\x06")
    entry = whole[start:end]
    told = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 9 * len(entry), start, 0)
    path = tmp_path / "list.zip"
    path.write_bytes(whole[:start] + entry * 9 + told)
    with pytest.raises(ListError, match=r"a zip archive whose files overlap"):
        read(path)


def test_streams_laid_end_to_end_are_copied_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an unpacker leaves behind the end of a stream is a copy of all that it was given."""
    n_left = 0

    class Counting(packed._Zlib):
        @property
        def unused_data(self) -> bytes:
            nonlocal n_left
            left = super().unused_data
            n_left += len(left)
            return left

    unpackers = tuple(
        (magic, name, Counting if name == "gzip" else make) for magic, name, make in packed._UNPACKERS
    )
    monkeypatch.setattr(packed, "_UNPACKERS", unpackers)
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(LIST) + gzip.compress(b"") * 5000)
    assert read(path) == 3
    assert 5000 * 20 < n_left <= 5000 * 4096


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \n", "\r"])
def test_blank_lines_are_no_rows(blank: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Millions of them pack to nothing; what stands behind them has its number."""
    n_lines = 0
    lines_of = rows._Lines.take

    def taken(self: rows._Lines, n: int) -> None:
        nonlocal n_lines
        n_lines += n
        lines_of(self, n)

    monkeypatch.setattr(rows._Lines, "take", taken)
    path = tmp_path / "list.csv"
    n_blank = 3_000_000 // len(blank)
    path.write_bytes(LIST + (blank * n_blank).encode() + b"no digest\n" + LIST[4:])
    reader = read_list(ListSource(path, max_rejects=1.0))
    assert len(list(reader)) == 6
    assert reader.report.rejects[0].position == 5 + n_blank
    assert n_lines < n_blank / 2


@pytest.mark.parametrize("n_blank", [1, 50])
def test_blank_lines_within_a_cell_are_kept(
    n_blank: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whole blocks of them, too."""
    monkeypatch.setattr(pages, "_CHUNK_BYTES", 16)
    path = tmp_path / "list.csv"
    one, other = balanced(2)
    comment = "a" + "\n" * n_blank + "b"
    path.write_text(f'pdq,comment\n{one},"{comment}"\n{other},c\n', encoding="ascii")
    entries = list(read_list(path))
    assert [entry.extra["comment"] for entry in entries] == [comment, "c"]


@pytest.mark.parametrize(("n_streams", "is_read"), [(29, True), (30, False)])
def test_few_streams_of_nothing_are_laid_end_to_end(
    n_streams: int, is_read: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packed, "_STREAMS_FREE", 30)
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(LIST) + gzip.compress(b"") * n_streams)
    assert path.stat().st_size < packed._BYTES_A_STREAM
    if is_read:
        assert read(path) == 3
    else:
        with pytest.raises(ListError, match=r"more than 30 gzip streams laid end to end"):
            read(path)


def test_names_in_an_archive_are_no_longer_than_paths(tmp_path: Path) -> None:
    path = tmp_path / "list.zip"
    path.write_bytes(zipped([("a/" * 2046 + "a.csv", LIST)]))
    with pytest.raises(ListError, match=r"names of more than 4096 characters"):
        read(path)
    path.write_bytes(zipped([("a/" * 2045 + "ab.csv", LIST)]))
    assert read(path) == 3


def test_names_of_an_archive_are_listed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For each of its files, ten thousand took a hundred million looks."""
    n_named = 0

    def counted(name: str) -> str:
        nonlocal n_named
        n_named += 1
        return bare_name(name)

    bare_name = pages.bare_name
    monkeypatch.setattr(pages, "bare_name", counted)
    path = tmp_path / "list.zip"
    path.write_bytes(zipped([(f"part{number}.csv", LIST) for number in range(40)]))
    assert read(path) == 120
    assert n_named < 40 * 4


def test_cells_of_a_database_stand_in_it(tmp_path: Path) -> None:
    """A column that was added later has its default in every row, and once in the file."""
    path = tmp_path / "list.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE list (pdq TEXT)")
        database.executemany("INSERT INTO list VALUES (?)", [(each,) for each in balanced(300)])
        database.execute(f"ALTER TABLE list ADD COLUMN comment TEXT DEFAULT '{'x' * 10_000}'")
        database.commit()
    assert read(path) == 300  # of 3 MB
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"ALTER TABLE list ADD COLUMN more TEXT DEFAULT '{'x' * 10_000}'")
        database.commit()
    with pytest.raises(ListError, match=r"its cells are more than 10 times as long as all of it"):
        read(path)
    assert len(list(read_list(ListSource(path, allow_cut=True)))) > 200  # what came before


def test_cells_of_tables_beside_that_of_the_digests_stand_in_it(tmp_path: Path) -> None:
    """A column that was added later has its default, or nothing, in rows that do not have it: 1.8 MB took 30 s."""
    for name, columns in (
        ("wide", [f"c{n} TEXT" for n in range(900)]),
        ("long", [f"remark TEXT DEFAULT '{'x' * 10_000}'"]),
    ):
        path = tmp_path / f"{name}.db"
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE list (id INTEGER PRIMARY KEY, pdq TEXT)")
            database.executemany("INSERT INTO list (pdq) VALUES (?)", [(each,) for each in balanced(3)])
            database.execute("CREATE TABLE seen (list_id INTEGER)")
            database.executemany("INSERT INTO seen VALUES (?)", [(1,)] * 3000)
            database.execute("PRAGMA writable_schema=ON")
            database.execute(
                "UPDATE sqlite_master SET sql = ? WHERE name = 'seen'",
                (f"CREATE TABLE seen (list_id INTEGER, {', '.join(columns)})",),
            )
            database.commit()
        with pytest.raises(ListError, match=r"its cells are more than 10 times as long as all of it"):
            read(path)
        assert len(list(read_list(ListSource(path, ignore=["seen"])))) == 3


def test_of_a_name_in_an_archive_little_is_kept() -> None:
    """Of forty names of four thousand characters each, all their beginnings were 600 MB."""
    names = [f"{'a1' * 1000}{number}.csv" for number in range(100, 110)]
    tracemalloc.start()
    try:
        beside = Names(names)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert is_former(f"old_{names[0]}", beside) and not is_former("old_b.csv", beside)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_files_of_a_zip_are_unpacked_piece_by_piece_or_not_at_all(tmp_path: Path, method: int) -> None:
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.csv", LIST)
    with pytest.raises(ListError, match="packed by LZMA, bzip2 or the like"):
        read(path)


def test_the_directory_of_a_zip_is_measured_before_it_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 40 MB of directory, a gigabyte was held before its files were counted."""
    path = tmp_path / "list.zip"
    path.write_bytes(zipped([(f"{number}.csv", LIST) for number in range(100)]))
    assert read(path) == 300
    monkeypatch.setattr(packed, "_MAX_DIRECTORY", 4_000)
    monkeypatch.setattr(zipfile, "ZipInfo", None)
    with pytest.raises(ListError, match=r"too many files: a directory of \d{4} bytes: refused"):
        read(path)


@pytest.mark.parametrize("beside", [False, True])
def test_what_a_database_computes_is_not_computed(beside: bool, tmp_path: Path) -> None:
    """Functions of a column run where it is read, whatever an authorizer says, and as long as they like."""
    path = tmp_path / "list.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE list (id INTEGER PRIMARY KEY, pdq TEXT)")
        database.executemany("INSERT INTO list (pdq) VALUES (?)", [(each,) for each in balanced(3)])
        if beside:
            database.execute("CREATE TABLE seen (list_id INTEGER)")
        table = "seen" if beside else "list"
        database.execute(f"ALTER TABLE {table} ADD COLUMN gone TEXT AS (hex(zeroblob(9)))")
        database.commit()
    with pytest.raises(
        ListError, match=f"column 'gone' of table '{table}' is computed by the database itself"
    ):
        read(path)
    aside = "seen" if beside else "GONE"
    assert len(list(read_list(ListSource(path, ignore=[aside])))) == 3


@pytest.mark.parametrize("head", ["hash,file\n", ""])
@pytest.mark.parametrize("cell", ["", " "])
def test_cells_behind_all_columns_are_few_or_not_looked_at(
    head: str, cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of four million commas took ten seconds: each made a column, and was asked whether it was a header."""
    n_looked_at = 0

    def counted(value: str) -> int:
        nonlocal n_looked_at
        n_looked_at += 1
        return digits_in(value)

    monkeypatch.setattr(records, "digits_in", counted)
    path = tmp_path / "list.csv"
    good = [f"{each},photo.jpg" for each in balanced(100)]
    path.write_text(head + "\n".join([*good, f",{cell}" * 50_000, good[0] + "," * 50_000, *good]) + "\n")
    reader = read_list(ListSource(path, ignore=["#"]))
    assert len(list(reader)) == 201, "blank cells at the end of a row are no more than none"
    assert reader.report.n_rejects == 1
    assert n_looked_at < 1000


def test_cells_of_nothing_but_line_ends_are_rejects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 26 MB of them nothing came for 24 s; rejects have an end."""
    monkeypatch.setattr(tally, "MANY_REJECTS", 50)
    path = tmp_path / "list.csv"
    path.write_text("hash,category\n" + f"{balanced(1)[0]},positive\n" * 20 + '""\n' * 100, encoding="ascii")
    assert read(path) == 20, "a blank row, as some write it"
    with path.open("a", encoding="ascii") as file:
        file.write('"\n"\n' * 100)
    with pytest.raises(ListError, match="a quoted cell of nothing but line ends"):
        read(path)
