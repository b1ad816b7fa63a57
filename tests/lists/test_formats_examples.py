"""Each format's example file: exactly these entries, deletes and rejects."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from list_samples import DATA, EXPECTED, entries_of, qualities

#: name: (format, records, live entries by algorithm, deletes, rejects, refresh days)
ACCOUNTS: dict[str, tuple[str, int, dict[str, int], int, list[str], int | None]] = {
    "pdq.csv": ("text, CSV or TSV", 2, {"pdq": 2}, 0, [], None),
    "pdq.txt": ("text, CSV or TSV", 3, {"pdq": 3}, 0, [], None),
    "filepath_hash.csv": (
        "text, CSV or TSV",
        2,
        {"pdq": 1},
        0,
        ["filepath_hash.csv, line 3: expected 64, 40, 32 or 16 hexadecimal digits, found 'not-a-hash'"],
        None,
    ),
    "simple.HASH_PDQ.te": ("pytx simple.*.te", 1, {"pdq": 1}, 0, [], None),
    "threat_updates.json": ("ThreatExchange threat_updates", 4, {"pdq": 2}, 2, [], 85),
    "ncmec_page.xml": ("NCMEC hash sharing XML", 2, {"md5": 1, "pdq": 1, "sha1": 1}, 1, [], None),
    "stopncii_page.json": ("StopNCII page", 3, {"pdq": 1, "videomd5": 1}, 1, [], 30),
    "tat_page.json": ("Tech Against Terrorism page", 2, {"pdq": 1}, 1, [], None),
    "hma_bank.json": ("HMA bank export", 2, {"pdq": 1}, 1, [], None),
    "vics_2.json": (
        "Project VIC / CAID (VICS)",
        2,
        {"md5": 2, "pdq": 1, "photodna": 1, "sha1": 1},
        0,
        [],
        None,
    ),
}


def test_every_example_is_tested() -> None:
    assert EXPECTED.keys() == ACCOUNTS.keys()
    assert {path.name for path in DATA.iterdir()} == EXPECTED.keys() | {"README.md"}


@pytest.mark.parametrize("name", EXPECTED)
def test_entries(name: str) -> None:
    entries, _ = entries_of(DATA / name, name="L")
    assert entries == EXPECTED[name]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_report(name: str) -> None:
    _, report = entries_of(DATA / name)
    title, n_records, counts, n_deletes, rejects, refresh_days = ACCOUNTS[name]
    assert report.formats == (title,)
    assert report.n_records == n_records
    assert report.entries == counts
    assert report.n_deletes == n_deletes
    assert [str(reject) for reject in report.rejects] == rejects
    assert report.n_rejects == len(rejects)
    assert report.refresh_days == refresh_days
    assert report.n_suspicious == 0
    assert report.n_pages == 1
    assert report.n_bytes == (DATA / name).stat().st_size


def test_quality_is_read() -> None:
    assert qualities(entries_of(DATA / "pdq.csv")[0]) == [100, 87]


def test_snapshot_is_the_digest_of_the_file() -> None:
    import hashlib

    path = DATA / "threat_updates.json"
    assert entries_of(path)[1].snapshot == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("how", ["gzip", "bom", "crlf", "utf-16", "no last newline"])
def test_storage_changes_nothing(name: str, how: str, tmp_path: Path) -> None:
    data = (DATA / name).read_bytes().removeprefix(b"\xef\xbb\xbf")
    path = tmp_path / name
    if how == "gzip":
        path = tmp_path / f"{name}.gz"
        half = len(data) // 2  # two members, as concatenated logs have
        path.write_bytes(gzip.compress(data[:half]) + gzip.compress(data[half:]) + b"\0" * 100)
    elif how == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + data)
    elif how == "crlf":
        path.write_bytes(data.replace(b"\n", b"\r\n"))
    elif how == "utf-16":
        path.write_bytes(data.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"))
    else:
        path.write_bytes(data.rstrip(b"\n"))
    entries, report = entries_of(path, name="L")
    assert entries == EXPECTED[name]
    assert report.n_rejects == len(ACCOUNTS[name][4])


def test_directory_is_one_list_in_name_order(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.xml"):
        source = "ncmec_page.xml" if name == "c.xml" else "threat_updates.json"
        shutil.copy(DATA / source, tmp_path / name)
    (tmp_path / "a.json").write_bytes((DATA / "stopncii_page.json").read_bytes())
    (tmp_path / ".hidden").write_text("not a page")
    (tmp_path / "d.txt").write_text("nothing of use\n")
    entries, report = entries_of(tmp_path, name="L")
    assert entries == [
        *EXPECTED["stopncii_page.json"],
        *EXPECTED["threat_updates.json"],
        *EXPECTED["ncmec_page.xml"],
    ]
    assert report.n_pages == 4
    assert report.refresh_days == 30
    assert [str(reject) for reject in report.rejects] == ["d.txt, line 1: not recognised as any list format"]
