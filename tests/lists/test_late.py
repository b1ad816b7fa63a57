"""What a column means is judged by all of its cells: one that says something only after the first rows is heard."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safehash import Hash, ListError, ListSource, Matcher, load_list
from safehash.cli import main
from safehash.lists.formats import bulk, judging
from safehash.lists.formats.together import Together, says_no
from safehash.lists.formats.vocabulary import LIVE

#: More rows than are looked at before the first is read.
MANY = 320


def balanced(k: int, n_bits: int = 256) -> str:
    bits = [1] * (n_bits // 2) + [0] * (n_bits // 2)
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"


DIGESTS = [balanced(k) for k in range(MANY + 40)]

Rows = Sequence[tuple[str, str]]  # each a digest and what stands beside it
Names = tuple[str, str]


def _table(path: Path, names: Names | None, rows: Rows, delimiter: str = ",", quote: str = "") -> Path:
    between = f"{quote}{delimiter}{quote}"
    lines = [names, *rows] if names is not None else rows
    path.write_text("".join(f"{quote}{between.join(row)}{quote}\n" for row in lines))
    return path


def _records(names: Names, rows: Rows) -> Iterator[dict[str, object]]:
    for digest, cell in rows:
        yield {names[0]: digest, names[1]: int(cell) if cell.lstrip("-").isdigit() else cell or None}


def _json(path: Path, names: Names, rows: Rows) -> Path:
    path.write_text(json.dumps({"hashes": [*_records(names, rows)]}))
    return path


def _json_lines(path: Path, names: Names, rows: Rows) -> Path:
    """What is blank in a table is left out."""
    found = [
        {key: value for key, value in record.items() if value is not None} for record in _records(names, rows)
    ]
    path.write_text("".join(f"{json.dumps(record)}\n" for record in found))
    return path


def _pairs(path: Path, names: Names, rows: Rows) -> Path:
    path.write_text(
        "".join(f"hash={digest}{f',{names[1]}={cell}' if cell else ''}\n" for digest, cell in rows)
    )
    return path


def _database(path: Path, names: Names, rows: Rows) -> Path:
    database = sqlite3.connect(path)
    database.execute(f'CREATE TABLE h ("{names[0]}" TEXT, "{names[1]}" TEXT)')
    database.executemany("INSERT INTO h VALUES (?, ?)", [(digest, cell or None) for digest, cell in rows])
    database.commit()
    database.close()
    return path


def _pages(path: Path, names: Names, rows: Rows) -> Path:
    """A directory of pages, the last of which has what comes late."""
    folder = path.with_name("pages")
    folder.mkdir()
    for number, start in enumerate(range(0, len(rows), MANY)):
        _table(folder / f"{number}.csv", names, rows[start : start + MANY])
    return folder


Write = Callable[[Path, Names, Rows], Path]
TYPED: dict[str, tuple[str, Write]] = {
    "CSV": ("list.csv", _table),
    "quoted": ("list.csv", lambda path, names, rows: _table(path, names, rows, quote='"')),
    "semicolons": ("list.csv", lambda path, names, rows: _table(path, names, rows, ";")),
    "tabs": ("list.tsv", lambda path, names, rows: _table(path, names, rows, "\t")),
    "JSON": ("list.json", _json),
    "JSON Lines": ("list.jsonl", _json_lines),
    "SQLite": ("list.db", _database),
    "pages": ("list.csv", _pages),
}
NAMED = {**TYPED, "pairs": ("list.txt", _pairs)}
WRITERS = {**NAMED, "no header": ("list.csv", lambda path, names, rows: _table(path, None, rows))}

#: A name of a column, what its cells hold in the first rows, and later: in every format, and in tables alone.
LATE = [("foo", "1", "0"), ("foo", "1", ""), ("foo", "", "1"), ("foo", "0", "-1"), ("xyz", "A", "D")]
LATE_IN_TABLES = [
    ("foo", "1.0", "0.0"), ("foo", "0", "1"), ("foo", "", "yes"), ("foo", "1", "-1"), ("foo", "", "2024-05-06"),
    ("xyz", "U", "D"), ("xyz", "", "D"), ("xyz", "+", "-"), ("fjm", "1", "nein"), ("status", "1", "0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "early", "late", "how"),
    [
        *((*each, how) for each in LATE for how in WRITERS),
        *((*each, how) for each in LATE_IN_TABLES for how in ("CSV", "no header")),
    ],
)
def test_what_is_said_hundreds_of_rows_later(
    name: str, early: str, late: str, how: str, tmp_path: Path
) -> None:
    file, write = WRITERS[how]
    cells = [early] * MANY + [late, early, late, late]
    path = write(tmp_path / file, ("pdq", name), [*zip(DIGESTS, cells, strict=False)])
    gone = {DIGESTS[k] for k, cell in enumerate(cells) if cell == late}
    try:
        loaded = load_list(path)
    except ListError as exc:
        assert "may speak of deletion or opinion" in str(exc) and "ignore=['" in str(exc)
        with pytest.raises(ListError):
            Matcher.from_files(path)
        return
    live = {entry.hash.hex for entry in loaded.table if isinstance(entry.hash, Hash)}
    if how == "pages":  # the last one, looked at by itself, says nothing sure in any row
        gone = {DIGESTS[k] for k in range(MANY, len(cells)) if cells[k]}
    assert live == {*DIGESTS[: len(cells)]} - gone
    assert loaded.report.n_rejects == len(gone)
    assert len(Matcher.from_files(path)) == len(live)


@pytest.mark.parametrize("how", NAMED)
@pytest.mark.parametrize(
    ("name", "early", "late"),
    [("foo", "1", "2"), ("foo", "a", "1"), ("foo", "1", "1"), ("note", "1", "0"), ("comment", "", "1"),
     ("file_size", "1", ""), ("foo", "picture", "E")],
)  # fmt: skip
def test_what_says_nothing_is_kept_as_it_came(
    name: str, early: str, late: str, how: str, tmp_path: Path
) -> None:
    file, write = NAMED[how]
    cells = [early] * MANY + [late] * 3
    path = write(tmp_path / file, ("pdq", name), [*zip(DIGESTS, cells, strict=False)])
    assert len(load_list(path)) == len(cells)


def test_a_column_is_told_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _table(
        tmp_path / "list.csv", ("pdq", "foo"), [*zip(DIGESTS, ["1"] * MANY + ["0"] * 3, strict=False)]
    )
    assert main(["lists", "check", str(path)]) == 1
    assert "holds '1' (list.csv, line 2), and '0' (list.csv, line 322) behind it" in capsys.readouterr().out
    assert main(["lists", "check", str(path), "--ignore", "foo"]) == 0
    assert len(load_list(ListSource(path, ignore=["foo"]))) == MANY + 3
    assert len(load_list(ListSource(path, columns={"active": "foo"}))) == MANY
    assert len(load_list(ListSource(path, columns={"deleted": "foo"}))) == 3


@pytest.mark.parametrize(
    ("name", "early", "late", "advice"),
    [
        ("current", "1", "0", ["active=current", "category=current"]),
        ("on_list", "1", "0", ["active=on_list", "category=on_list"]),
        ("foo", "1", "0", ["deleted=foo", "active=foo", "category=foo"]),
        ("status", "0", "1", ["deleted=status", "category=status"]),
    ],
)
def test_what_is_advised_for_a_column_that_comes_to_speak(
    name: str, early: str, late: str, advice: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever passes what the message says of a column that stands gets what it says: no is deleted."""
    path = _table(
        tmp_path / "list.csv", ("pdq", name), [*zip(DIGESTS, [early] * MANY + [late] * 3, strict=False)]
    )
    assert main(["lists", "check", str(path)]) == 1
    said = capsys.readouterr().out
    found = re.search(r"--columns (\S+(?: or \S+)*) takes it for that", said)
    assert found is not None and found[1].split(" or ") == advice
    if advice[0].startswith("active"):
        told = load_list(ListSource(path, columns={"active": name}))
        assert (len(told), told.report.n_deletes) == (MANY, 3)
        assert {each.hash.hex for each in told.table if isinstance(each.hash, Hash)} == {*DIGESTS[:MANY]}


# -- where a cell stands -----------------------------------------------------------------------------------

CELLS = [
    *(
        "",
        "0",
        "1",
        "-1",
        "1.0",
        "x",
        "yes",
        "no",
        "true",
        "ja",
        "nein",
        "A",
        "D",
        "U",
        "+",
        "-",
        "live",
        "dead",
    ),
    *("deleted", "benign", "2024-05-06", "0000-00-00", "2", "hello", "sha1", "oshash", "NULL"),
]


def live_cells(path: Path, rows: Rows) -> Counter[str]:
    """Return what stands beside the digests that are live and positive; nothing where the list is refused."""
    try:
        table = load_list(ListSource(path, max_rejects=1, algorithm="pdq")).table
    except ListError:
        return Counter()
    cell_of = dict(rows)
    return Counter(
        cell_of[entry.hash.hex]
        for entry in table
        if isinstance(entry.hash, Hash) and entry.category == "positive"
    )


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["foo", "note", "status", "kind", ""]),
    early=st.lists(st.sampled_from(CELLS), min_size=1, max_size=2),
    late=st.lists(st.sampled_from(CELLS), min_size=1, max_size=3),
)
@example(name="foo", early=["1"], late=["0"])
@example(name="", early=["2024-05-06"], late=[""])
@example(name="kind", early=[""], late=["sha1"])
@example(name="status", early=["0", "live"], late=["-1"])
def test_what_a_cell_says_does_not_hang_on_where_it_stands(
    tmp_path_factory: Any, name: str, early: list[str], late: list[str]
) -> None:
    """A short list, all of which is looked at before it is read, is the oracle; both ways of reading are equal.

    What is not understood refuses the short list, and is a reject far down in the long one: what says in a known word
    that it is live is so there.
    """
    folder = tmp_path_factory.mktemp("lists")
    short = [*zip(DIGESTS, [*early, *late] * 12, strict=False)]
    names = ("pdq", name) if name else None
    said = live_cells(_table(folder / "short.csv", names, short), short)
    cells = [early[k % len(early)] for k in range(MANY)] + late * 3
    rows = [*zip(DIGESTS, cells, strict=False)]
    long = _table(folder / "long.csv", names, rows)
    found = live_cells(long, rows)
    assert {cell for cell in found if not says_no(cell) and cell not in LIVE} <= said.keys()
    with mock.patch.object(bulk, "_FEW", 1 << 30):
        assert live_cells(long, rows) == found


# -- types -------------------------------------------------------------------------------------------------

SHORT = [balanced(k, 64) for k in range(MANY, 2 * MANY + 40)]
SHORT = [each for each in SHORT if not each.isdecimal()][:MANY]


@pytest.mark.parametrize("how", TYPED)
@pytest.mark.parametrize(
    ("name", "early", "late"),
    [("foo", "", "oshash"), ("method", "", "dHash"), ("method", "a picture", "OSHASH"), ("type", "phash", ""),
     ("how", "made by hand", "SHA-512"), ("foo", "image", "aHash")],
)  # fmt: skip
def test_a_type_that_is_named_late(name: str, early: str, late: str, how: str, tmp_path: Path) -> None:
    """No digest is taken for what its length says where its record names another type, or others name theirs."""
    file, write = TYPED[how]
    rows = [*zip(SHORT, [early] * (MANY - 10) + [late] * 10, strict=True)]
    try:
        loaded = load_list(write(tmp_path / file, ("hash", name), rows))
    except ListError as exc:
        assert "type" in str(exc)
        return
    live = {entry.hash.hex for entry in loaded.table if isinstance(entry.hash, Hash)}
    assert live == {*SHORT[: MANY - 10]} and loaded.report.n_rejects == 10


@pytest.mark.parametrize("first", [True, False])
def test_a_record_without_a_type_among_others_with_one(first: bool, tmp_path: Path) -> None:
    rows = [("hash", "type"), *((each, "phash") for each in SHORT[1:40])]
    rows.insert(1 if first else 40, (SHORT[0], ""))
    path = tmp_path / "list.csv"
    path.write_text("".join(f"{','.join(row)}\n" for row in rows))
    if first:
        with pytest.raises(ListError, match=r"nothing of the one in list\.csv, line 2"):
            load_list(path)
    else:
        loaded = load_list(path)
        assert len(loaded) == 39
        assert "no type in column 'type', where other records have one" in str(loaded.report.rejects[0])
    assert (
        len(load_list(ListSource(path, ignore=["type"])))
        == len(load_list(ListSource(path, algorithm="phash")))
        == 40
    )


# -- what it costs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ordinary", "named", "unnamed"])
def test_a_long_cell_is_looked_at_and_not_remembered(kind: Any) -> None:
    """It says something of its own, as any text that is no word does; a list of such cells takes no memory."""
    met, known = Together(kind), Together(kind)
    known.add(["some text of its own", "0", "yes"])
    tracemalloc.start()
    try:
        for k in range(2000):
            met.add([f"{k} {'long ' * 200}"])
        met.add(["0", "yes"])
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (met.meant, met.says_nothing) == (known.meant, known.says_nothing) == ("extra", False)
    assert grown < 10_000, "bytes, of two million characters"


def test_blanks_around_a_word_make_no_long_cell() -> None:
    met = Together("named")
    met.add(["", f"{'yes':>300}"])
    assert met.meant == "unsure"


def test_a_cell_without_letters_is_near_no_word() -> None:
    """Numbers differ from row to row: none of a million is compared with every word."""
    with mock.patch.object(judging, "is_one_off", side_effect=AssertionError("compared")) as compared:
        for cell in ("1234567", "2024-05-06", "12.5", "+49 170 1234567", "2001:11::1", "(7)"):
            assert not judging.tells(cell)
        assert not compared.called
    assert judging.tells("delted") and judging.tells("withdrwan") and judging.tells("удалено")
