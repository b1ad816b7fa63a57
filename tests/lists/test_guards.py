"""A list that must not be used is refused, whoever reads it, and the message says which switch allows it."""

from __future__ import annotations

import argparse
import bz2
import gzip
import json
import logging
import lzma
import random
import re
import shlex
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import safehash
from list_samples import BRIDGE, DATA, EXPECTED, FIRST
from safehash import ListError, ListSource, load_list, read_list
from safehash.cli import main
from safehash.cli.list_options import add_list_options, list_source
from safehash.evaluation.own_list import OwnList
from safehash.lists.formats.jsonl import write_list
from safehash.lists.switches import SWITCHES, for_shell, switch

MD5 = "9e107d9d372bb6826bd81d3542a419d6"


def balanced(k: int) -> str:
    """Return a digest with as many ones as a PDQ digest of a picture has."""
    bits = [1] * 128 + [0] * 128
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):064x}"


def pages(*records: dict[str, Any], **root: Any) -> str:
    return json.dumps({"data": list(records), **root})


def te(k: int) -> dict[str, Any]:
    descriptor = {"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS", "tags": []}
    return {
        "id": str(k),
        "indicator": balanced(k),
        "type": "HASH_PDQ",
        "last_updated": 1_763_800_000,
        "should_delete": False,
        "descriptors": {"data": [descriptor]},
    }


LINES = "".join(f"{balanced(k)}\n" for k in range(40))

#: A list, the start of what is said, and what is passed to use it all the same.
REFUSED: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "too many rejects": (
        "list.txt",
        LINES + "bad\n" * 3,
        "refused: 3 of 43 records were rejected, more than max_rejects=0.05 allows; the first: "
        "list.txt, line 41: ",
        {"max_rejects": 0.1},
    ),
    "more rejects than records": (
        "list.txt",
        LINES + "bad\n" * 41,
        "refused: 41 of 81 records were rejected, more than max_rejects=",
        {"max_rejects": 1},
    ),
    "cut JSON": (
        "list.json",
        pages(te(1), te(2))[:-30],
        "refused: cut off or changed (list.json, record 2: the page ends inside a record); allow_cut=True "
        "uses what is left",
        {"allow_cut": True, "max_rejects": 1},
    ),
    "a page that promises another": (
        "list.json",
        pages(te(1), paging={"next": "https://example.org/2"}),
        "refused: its page promises another page after it, which is not there: ",
        {"allow_cut": True},
    ),
    "SHA-256 without a name": (
        "list.txt",
        "".join(f"{random.Random(k).randbytes(32).hex()}\n" for k in range(40)),
        "refused: 8 of 40 digests of 64 digits do not have 128 ones, as PDQ digests do: they look like SHA-256, and "
        "nothing in the list says what they are: pass algorithm='sha256' or 'pdq'",
        {"algorithm": "sha256"},
    ),
    "what sha256sum prints": (
        "list.txt",
        "".join(f"{balanced(k)}  {k}.jpg\n" for k in range(3)),
        "refused: 3 lines look like the output of sha256sum, ",
        {"algorithm": "pdq"},
    ),
    "decimals": (
        "list.txt",
        "1234567890123456\n9876543210987654\n",
        "refused: 2 of 2 digests of 16 digits have no letter: they may be decimal numbers; pass notation='decimal' or "
        "'hex'",
        {"notation": "hex"},
    ),
    "no column of digests": (
        "list.csv",
        f"id,name\n{MD5},a\n{MD5[::-1]},b\n",
        "refused: no column is known to hold digests; the header has 'id', 'name'. Say which does: "
        "columns={'hash': 'NAME'}",
        {"columns": {"md5": "id"}},
    ),
    "two columns that may hold them": (
        "list.csv",
        f"parent_hash,own_hash\n{MD5},{MD5[::-1]}\n",
        "refused: 'parent_hash' and 'own_hash' may hold the digests, and the name does not say it for sure.",
        {"columns": {"hash": "own_hash"}},
    ),
    "two columns without a header": (
        "list.csv",
        f"{MD5},{MD5[::-1]}\n",
        "refused: 2 columns hold digests and no header tells them apart: ",
        {"columns": {"md5": "column2"}},
    ),
    "a deletion that is not understood": (
        "list.csv",
        f"hash,deleted\n{FIRST},perhaps\n{BRIDGE},no\n",
        "refused: 1 of 2 records were rejected, more than max_rejects=0.05 allows; the first: "
        "list.csv, line 2: 'perhaps' in column 'deleted', which speaks of deletion or opinion, is not understood: "
        "columns={'deleted': 'NAME'} says which column to take, ignore=['deleted'] sets this one aside",
        {"ignore": ["deleted"]},
    ),
    "a state that turns out to be one": (
        "list.csv",
        f"hash,status\n{FIRST},uploaded\n{BRIDGE},withdrawn\n",
        "refused: column 'status' speaks of deletion or opinion ('withdrawn' in list.csv, line 3), and 'uploaded' "
        "(list.csv, line 2) is not understood: ",
        {"ignore": ["status"]},
    ),
    "types of which one is none": (
        "list.csv",
        f"hash,type\n{FIRST},image\n{BRIDGE},pdq\n",
        "refused: column 'type' speaks of the type of digests ('pdq' in list.csv, line 3), and 'image' (list.csv, ",
        {"ignore": ["type"], "algorithm": "pdq"},
    ),
    "an end line that disagrees": (
        "own.jsonl",
        '{"safehash": 1, "kind": "list"}\n' + json.dumps({"algorithm": "pdq", "hash": FIRST}) + "\n"
        '{"end": 2, "sha256": "00"}\n',
        "refused: cut off or changed (own.jsonl, line 3: the end line counts 2 entries with a checksum, found 1 "
        "entries)",
        {"allow_cut": True},
    ),
    "no end line": (
        "own.jsonl",
        '{"safehash": 1, "kind": "list"}\n' + json.dumps({"algorithm": "pdq", "hash": FIRST}) + "\n",
        "refused: cut off or changed (own.jsonl: no end line, with which such lists end); allow_cut=True",
        {"allow_cut": True},
    ),
}


@pytest.fixture(params=REFUSED)
def refused(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, dict[str, Any]]:
    name, text, message, told = REFUSED[request.param]
    path = tmp_path / name
    path.write_text(text)
    return path, message, told


READERS: dict[str, Callable[[ListSource], object]] = {
    "read_list": lambda source: list(read_list(source)),
    "load_list": load_list,
    "from_files": safehash.Matcher.from_files,
    "allow": lambda source: safehash.Matcher.from_files(DATA / "pdq.csv", allow=[source]),
}


@pytest.mark.parametrize("reader", READERS)
def test_refused_by_whoever_reads_it_until_told(
    reader: str, refused: tuple[Path, str, dict[str, Any]]
) -> None:
    path, message, told = refused
    with pytest.raises(ListError) as caught:
        READERS[reader](ListSource(path))
    assert str(caught.value).startswith(f"{path}: {message}")
    assert caught.value.path == str(path)
    READERS[reader](ListSource(path, **told))


def test_refused_where_an_evaluation_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(LINES + "bad\n" * 3)
    with pytest.raises(ListError, match=r"max_rejects=0\.05 allows"):
        OwnList.read(path)
    assert len(OwnList.read(ListSource(path, max_rejects=0.1)).digests) == 40


def test_every_switch_is_an_option_of_the_same_meaning(refused: tuple[Path, str, dict[str, Any]]) -> None:
    path, _, told = refused
    parser = argparse.ArgumentParser()
    add_list_options(parser)
    arguments = []
    for name, value in told.items():
        option = "--" + name.replace("_", "-")
        if value is True and name == "allow_cut":
            arguments.append(option)
        elif isinstance(value, dict):
            arguments += [option, ",".join(f"{meaning}={column}" for meaning, column in value.items())]
        elif isinstance(value, list):
            arguments += [option, ",".join(value)]
        else:
            arguments += [option, str(value)]
    source = list_source(str(path), parser.parse_args(arguments))
    assert source == ListSource(path, **told)
    load_list(source)


def test_a_message_names_the_options_of_the_surface_it_is_shown_on(
    refused: tuple[Path, str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """To Python settings, to a shell options; what it says to pass is what may be passed."""
    path, _, _ = refused
    with pytest.raises(ListError) as caught:
        load_list(path)
    message = str(caught.value)
    assert "--" not in message
    named = [name for name in SWITCHES if f"{name}=" in message]
    assert named or "two columns" in message
    for command in (["lists", "check", str(path)], ["lists", "check", "--json", str(path)]):
        assert main(command) == 1
        printed = capsys.readouterr().out
        assert not re.search(rf"\b(?:{'|'.join(SWITCHES)})=", printed)
        assert all(SWITCHES[name] in printed for name in named)
    assert main(["index", "build", str(path), "-o", str(path.with_suffix(".safehash"))]) == 2
    printed = capsys.readouterr().err
    assert all(SWITCHES[name] in printed for name in named) and "=True" not in printed


@pytest.mark.parametrize(
    "name", ["revoked", "removed by", "a,b", 'the "mark"', "o'clock", "ünlisted=x", "$HOME"]
)
def test_what_a_message_tells_a_shell_is_what_python_was_told(name: str, tmp_path: Path) -> None:
    """The words behind an option, split as a shell does, are read back as the value that Python was told."""
    for told in ({"ignore": [name]}, {"columns": {"deleted": name}}):
        ((setting, value),) = told.items()
        words = shlex.split(for_shell(switch(setting, value)))
        parser = argparse.ArgumentParser()
        add_list_options(parser)
        assert list_source("x", parser.parse_args(words)) == ListSource("x", **told)


def test_an_id_that_tells_no_records_apart_hides_no_digest(tmp_path: Path) -> None:
    """Of cases with many pictures each, in a column called "id", all but the newest would not be matched."""
    path = tmp_path / "list.csv"
    rows = [(balanced(k), str(k % 4), f"2026-01-{1 + k:02d}") for k in range(20)]
    path.write_text("pdq,id,created\n" + "".join(f"{','.join(row)}\n" for row in rows))
    with pytest.raises(
        ListError, match=r"16 digests of 20 records would not be matched.*ignore=\['id'\] sets it"
    ):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["id"]))) == 20
    loaded = load_list(ListSource(path, max_rejects=1.0))
    assert (len(loaded), loaded.merged) == (4, {"repeated": 0, "replaced": 16})
    assert any(
        "16 digests are not matched: newer records with their ids" in note for note in loaded.report.notes
    )
    # A few are an update.
    rows = [(balanced(k), str(k % 39), f"2026-01-{1 + k % 28:02d}") for k in range(40)]
    path.write_text("pdq,id,created\n" + "".join(f"{','.join(row)}\n" for row in rows))
    assert load_list(path).merged["replaced"] == 1


def test_a_share_of_rejects_is_of_the_records(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(LINES + "bad\n" * 2)  # 2 of 42: under 5 %
    assert load_list(path).report.n_rejects == 2
    with pytest.raises(ListError, match=r"2 of 42 records were rejected, more than max_rejects=0\.04 "):
        load_list(ListSource(path, max_rejects=0.04))


def test_of_several_pages_only_one_has_to_be_the_last(tmp_path: Path) -> None:
    """In whatever order their names come: page 10 stands before page 2."""
    for number, more in ((1, True), (10, False), (2, True)):
        paging = {"next": "https://example.org"} if more else {}
        (tmp_path / f"page-{number}.json").write_text(pages(te(number), paging=paging))
    assert len(load_list(tmp_path).table) == 3
    (tmp_path / "page-10.json").write_text(pages(te(10), paging={"next": "https://example.org"}))
    with pytest.raises(ListError, match=r"all of its 3 pages promise another page"):
        load_list(tmp_path)


@pytest.mark.parametrize(
    ("name", "more", "last"),
    [
        ("stopncii_page.json", '"hasMoreRecords": true', '"hasMoreRecords": false'),
        ("tat_page.json", '"next": "https://example.org/2"', '"next": null'),
        ("ncmec_page.xml", "<paging><next>/v2/entries?start=2</next></paging>", "<paging/>"),
        ("vics_2.json", '"@odata.nextLink": "https://example.org/2", "value"', '"value"'),
    ],
)
def test_every_exchange_says_that_a_page_is_not_the_last(
    name: str, more: str, last: str, tmp_path: Path
) -> None:
    text = (DATA / name).read_text()
    if name == "ncmec_page.xml":
        text = text[: text.index("<paging>")] + last + text[text.index("</paging>") + len("</paging>") :]
    assert last in text
    path = tmp_path / name
    path.write_text(text.replace(last, more, 1))
    with pytest.raises(ListError, match=r"its page promises another page after it.*allow_cut=True"):
        list(read_list(ListSource(path, max_rejects=1)))
    path.write_text(text)
    assert list(read_list(ListSource(path, name="L", max_rejects=1))) == EXPECTED[name]


def test_an_empty_page_among_pages_is_a_cut(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text(pages(te(1)))
    for torn in ("", " \n", '{"da'):
        (tmp_path / "2.json").write_text(torn)
        with pytest.raises(ListError, match=r"cut off or changed \(2\.json: .*allow_cut=True"):
            load_list(ListSource(tmp_path, max_rejects=1))
    assert len(load_list(ListSource(tmp_path, max_rejects=1, allow_cut=True)).table) == 1


# -- cut anywhere ------------------------------------------------------------------------------------------


def whole_of(tmp_path: Path, name: str) -> bytes:
    if name == "own.jsonl":
        write_list(tmp_path / name, [e for each in EXPECTED.values() for e in each][:6], name="L")
        return (tmp_path / name).read_bytes()
    data: bytes = (DATA / name).read_bytes()
    # None of them promises another page.
    return data.replace(b', "next": "..."', b"").replace(b"<next>", b"<self>").replace(b"</next>", b"</self>")


CUT = (
    *("threat_updates.json", "stopncii_page.json", "hma_bank.json", "tat_page.json", "vics_2.json"),
    *("ncmec_page.xml", "own.jsonl"),
)


@pytest.mark.parametrize("name", CUT)
def test_a_list_with_an_end_is_refused_wherever_it_is_cut(name: str, tmp_path: Path) -> None:
    data = whole_of(tmp_path, name)
    path = tmp_path / name
    path.write_bytes(data)
    whole = list(map(repr, read_list(ListSource(path, name="L", max_rejects=1))))
    assert whole
    for n_bytes in range(len(data.rstrip()) - 1, 0, -3):
        path.write_bytes(data[:n_bytes])
        with pytest.raises(ListError):
            list(read_list(ListSource(path, name="L", max_rejects=1)))
        found: list[str] = []
        try:
            found += map(repr, read_list(ListSource(path, name="L", max_rejects=1, allow_cut=True)))
        except ListError:
            continue  # not even one record, or no list any more
        assert found == whole[: len(found)]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_packed_list_is_refused_wherever_it_is_cut(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    data = pack(LINES.encode())
    path = tmp_path / "list.txt.gz"
    path.write_bytes(data)
    whole = list(map(repr, read_list(path)))
    for n_bytes in range(1, len(data), 29):
        path.write_bytes(data[:n_bytes])
        with pytest.raises(ListError):
            list(read_list(ListSource(path, max_rejects=1)))
        found: list[str] = []
        try:
            found += map(repr, read_list(ListSource(path, max_rejects=1, allow_cut=True)))
        except ListError:
            continue
        assert found == whole[: len(found)]


def test_a_database_is_refused_where_it_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE hashes (md5 TEXT)")
    database.executemany("INSERT INTO hashes VALUES (?)", [(f"{k:032x}a"[-32:],) for k in range(1, 2000)])
    database.commit()
    database.close()
    data = path.read_bytes()
    assert len(load_list(path).table) == 1999
    for length in (len(data) // 5, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        said = (
            f"row 1: .* expected {len(data) // 4096} pages of 4096 bytes, found {length} bytes: it is cut off"
        )
        with pytest.raises(ListError, match=said):
            load_list(ListSource(path, max_rejects=1))
    path.write_bytes(data[:50])
    with pytest.raises(ListError, match=r"row 1: .* its header is cut off"):
        load_list(ListSource(path, max_rejects=1))


def test_a_database_part_of_which_stands_in_its_log_is_refused(tmp_path: Path) -> None:
    """What was written last may be a deletion: without the log it would not be read."""
    path = tmp_path / "list.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE hashes (md5 TEXT)")
    database.executemany("INSERT INTO hashes VALUES (?)", [(MD5,), (MD5[::-1],)])
    with pytest.raises(ListError, match="write-ahead log"):
        load_list(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(load_list(path).table) == 2
    database.close()


def test_a_digest_s_own_word_for_its_type_is_held_against_its_column(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"md5,id\nmd5:{MD5},1\nphash:{MD5[:16]},2\n")
    with pytest.raises(ListError, match="line 3: expected a md5 digest, found one of phash"):
        load_list(path)
    table = load_list(ListSource(path, max_rejects=1.0)).table
    assert {entry.hash.hex for entry in table} == {MD5}  # type: ignore[union-attr]


def test_an_archive_among_pages_is_not_left_out(tmp_path: Path) -> None:
    """What cannot be unpacked may be half of the list; a page of words about it is none."""
    (tmp_path / "1.txt").write_text(LINES)
    (tmp_path / "README.md").write_text("# What this is\n")
    assert load_list(tmp_path).report.n_rejects == 1
    for head in (
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\0" * 257 + b"ustar",
        gzip.compress(b"\0" * 257 + b"ustar"),
    ):
        (tmp_path / "2").write_bytes(head + b"\0" * 100)
        with pytest.raises(ListError, match=r"cut off or changed \(2: a .* archive: unpack it"):
            load_list(tmp_path)
    assert len(load_list(ListSource(tmp_path, allow_cut=True))) == 40


@pytest.mark.parametrize("n_left", range(5, len("false_positive")))
def test_a_last_label_that_was_cut_may_have_been_an_opinion(n_left: int, tmp_path: Path) -> None:
    label = "false_positive"[:n_left]
    for name, text in (("list.csv", "pdq,label\n{},x\n{},"), ("simple.pdq.te", "{},1,mine,x\n{},2,mine,")):
        path = tmp_path / name
        path.write_text(text.format(FIRST, BRIDGE) + label)
        reader = read_list(ListSource(path, max_rejects=1))
        assert [entry.labels for entry in reader] == [("x",)]
        assert "the list may be cut off" in str(reader.report.rejects[0])
        path.write_text(text.format(FIRST, BRIDGE) + "other")
        assert len(load_list(path)) == 2


def test_what_has_no_effect_is_said(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(pages(te(1)))
    with pytest.raises(ListError, match="columns= says nothing of ThreatExchange"):
        load_list(ListSource(path, columns={"deleted": "x"}))


def test_the_log_of_a_service_names_the_options_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    running = pytest.importorskip("safehash.service.running")
    logger = logging.getLogger("safehash")
    handlers, level = [*logger.handlers], logger.level
    try:
        running.log_to("stderr")
        logger.warning("%s: refused: cut off; %s uses what is left", "x", switch("allow_cut", True))
    finally:
        logger.handlers = handlers
        logger.setLevel(level)
    assert (
        "safehash: WARNING: x: refused: cut off; --allow-cut uses what is left\n" in capsys.readouterr().err
    )
