"""Honest lists that look like ones that take back: they are taken, and what they resemble is refused still."""

from __future__ import annotations

import itertools
import re
import zipfile
from pathlib import Path

import pytest
from test_siblings import digest, live_of, written

from safehash import ListError, load_list
from safehash.lists.formats.judging import without_signs
from safehash.lists.formats.sentences import in_a_sentence, is_section


@pytest.mark.parametrize("letters", ["a_!", "é# ", "1\n.", "\u0301\N{REPLACEMENT CHARACTER}Ⅷ²"])
def test_what_stands_around_a_label(letters: str) -> None:
    """As the expression says that took seconds of a long one."""
    around = re.compile(r"^[^\w]+|[^\w]+$")
    for n in range(6):
        for each in map("".join, itertools.product(letters, repeat=n)):
            assert without_signs(each) == around.sub("", each), ascii(each)
    assert without_signs("e" + "!" * 1_000_000 + "e!") == "e" + "!" * 1_000_000 + "e"


OF_TYPES = {
    "sha256.txt": "SHA256 (a.jpg) = Sl0\nSHA256 (b.jpg) = Sl1\nSHA256 (c.jpg) = Sl2\n",
    "sha256.csv": "value,type\nSl0,sha256\nSl1,sha256\nSl2,sha256\n",
}


@pytest.mark.parametrize("name", OF_TYPES)
def test_rows_that_state_their_types(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    text = re.sub(r"Sl\d", lambda found: digest("P", "l", found[0][2]), OF_TYPES[name])
    path.write_text(text)
    assert load_list(path).report.entries == {"sha256": 3}
    path.write_text(text.replace("SHA256 (", "").replace(") =", "").replace(",sha256", ","))
    with pytest.raises(ListError, match="another type"):
        load_list(path)


HONEST = (
    "# Archive 2024|# Errors: 0|# Pending: 12|# Previous export: 2024-01-01|# Previous version: 2|# Deleted: 0"
    "|# Confidential. Do not use for training|# Do not use in production|# do not report to third parties"
    "|# 120 entries, errors: 0|# Errors: 0, pending: 3"
    "|# Hash list of user uploads|# MD5 of email attachments|# hashes of URL-reported pictures|# Hashes of text images"
)
TAKING_BACK = (
    "# Archive|# Archived 2024|# Removed|# Removed 2024|# Removed: 12|# False positives: 3|# Errors:|# Do not use"
    "|# Do not use these|# Do not use for matching|# do not report the following|# Never match|# Do not use. Withdrawn"
    "|# Do not use in production. Removed:|# Pending|# withdrawn: 2024-05-06|# ❌|# Old ones ⛔"
)
OF_OTHERS = (
    "# MD5 of the URLs|# hashes of emails|# MD5 of the URLs that were sent|# digests of passwords from 2024"
)


@pytest.mark.parametrize("title", HONEST.split("|"))
def test_an_honest_title(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    for text in (f"{title}\nMl0\nMl1\n", f"Ml0\nMl1\n{title}\n", f"{title}\nmd5,note\nMl0,dark\nMl1,light\n"):
        _, listed = written(path, text)
        assert live_of(path) == listed, text


@pytest.mark.parametrize("title", [*TAKING_BACK.split("|"), *OF_OTHERS.split("|")])
def test_a_title_that_takes_back_still(title: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    written(path, f"{title}\nMl0\nMl1\n")
    with pytest.raises(ListError, match="refused"):
        load_list(path)
    assert is_section(title) == (title in TAKING_BACK.split("|"))


def test_fields_of_records_on_lines_are_no_counts() -> None:
    assert is_section("ignored: 1") and is_section("pending: 1")


SIGNED = ("md5,note\nMl0,⛔ shocking\nMl1,a 🚫 sign\n", "md5,file\nMl0,🚫sign.jpg\nMl1,b.jpg\n")


@pytest.mark.parametrize("text", [*SIGNED, "Ml0  🚫sign.jpg\nMl1  b.jpg\n", "Ml0 ⛔ shocking\nMl1 dark\n"])
def test_signs_beside_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, text)
    assert live_of(path) == listed


@pytest.mark.parametrize("text", ["❌", " 🗑️ ", "⛔⛔", "a\n🚫\nb"])
def test_signs_alone(text: str) -> None:
    assert in_a_sentence(text)
    assert not in_a_sentence(text.replace("\n", " ") + " a")


@pytest.mark.parametrize("name", ["Bemerkung", "Fundort", "Stadt", "commentaire"])
def test_a_cell_that_is_not_utf_8(name: str, tmp_path: Path) -> None:
    """What is left of it is no word of deletion."""
    path = tmp_path / "list.csv"
    _, listed = written(
        path, f"md5;{name}\nMl0;Müller Straße\nMl1;für später\n", lambda whole: whole.encode("cp1252")
    )
    assert live_of(path) == listed
    written(path, f"md5;{name}\nMl0;Müller Straße\nMl1;gelöscht\n", lambda whole: whole.encode("cp1252"))
    with pytest.raises(ListError, match="characters that are not UTF-8, and may be a word of deletion"):
        load_list(path)


def _zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for k, name in enumerate(names):
            archive.writestr(name, f"md5\n{digest('M', 'l', str(k))}\n")
    return path


@pytest.mark.parametrize(
    "names", ["archive.csv", "old.csv", "backup.csv", "archive/list.csv", "archive/1.csv archive/2.csv"]
)
def test_an_archive_of_no_others(names: str, tmp_path: Path) -> None:
    listed = {digest("M", "l", str(k)) for k in range(len(names.split()))}
    assert live_of(_zipped(tmp_path / "archive.zip", *names.split())) == listed


@pytest.mark.parametrize(
    "names",
    [
        "old.csv 1.csv",
        "1.csv 1_old.csv",
        "archive/1.csv 1.csv",
        "removed.csv",
        "1.csv old/2.csv",
        "1.csv.bak 1.csv",
    ],
)
def test_an_archive_of_others(names: str, tmp_path: Path) -> None:
    with pytest.raises(ListError, match="may say that"):
        load_list(_zipped(tmp_path / "list.zip", *names.split()))


FORMER = "list (1).csv|list(2).csv|list.csv.1|list.csv~1|list.csv.~2~|list.2024 copy.csv|list_old.csv"
FORMER += "|old list.csv|LIST (1).csv"
PRESENT = "other (1).csv|other.csv.1|old_town.csv|internet-archive-2024.csv|backup-site.csv|archive_2023.csv"
PRESENT += "|archive_2024.csv"


@pytest.mark.parametrize("name", FORMER.split("|"))
def test_a_former_copy_beside_the_present_one(name: str, tmp_path: Path) -> None:
    for k, each in enumerate(("list.csv", name)):
        (tmp_path / each).write_text(f"md5\n{digest('M', 'l', str(k))}\n")
    with pytest.raises(ListError, match="others took its place"):
        load_list(tmp_path)


def test_names_of_no_others(tmp_path: Path) -> None:
    for k, each in enumerate(["list.csv", *PRESENT.split("|")]):
        (tmp_path / each).write_text(f"md5\n{digest('M', 'l', str(k))}\n")
    loaded = load_list(tmp_path)
    assert len(loaded) == 8
    assert sum("others took its place" in note for note in loaded.report.notes) == 5


def test_blank_cells_behind_a_row(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    _, listed = written(path, "md5,note\nMl0,dark\nMl1,light" + "," * 10_001 + "\n")
    assert live_of(path) == listed
    written(path, "md5,note\n" + "Ml0,dark\n" * 3 + "Ml1,light" + "," * 10_001 + "deleted\n")
    with pytest.raises(ListError, match="cells where there are 2 columns"):
        load_list(path)


def test_columns_of_blank_cells(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    more = "," * 16_383
    text = f"md5{more}\nMl0{more}\nMl1{more}\n"
    _, listed = written(path, text)
    assert live_of(path) == listed


def test_a_column_that_was_blank_on_pages_before(tmp_path: Path) -> None:
    """What was not kept of it counts all the same: a yes among blanks may be a deletion."""
    digests = [digest("M", "l", str(k)) for k in range(40)]
    (tmp_path / "1.csv").write_text("md5,zq\n" + "".join(f"{each},\n" for each in digests[:30]))
    (tmp_path / "2.csv").write_text("md5,zq\n" + "".join(f"{each},1\n" for each in digests[30:]))
    with pytest.raises(ListError, match="zq"):
        load_list(tmp_path)
