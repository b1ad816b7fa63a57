"""Each format's example file: exactly these entries, deletes and rejects."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import pytest

from safehash.formats import read_list
from safehash.hashes import ForeignHash, Hash
from safehash.lists import Entry, ListReport, Opinion

DATA = Path(__file__).parent / "data" / "lists"

BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
FIRST = "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b"


def entries_of(path: Path, **options: Any) -> tuple[list[Entry], ListReport]:
    reader = read_list(path, **options)
    return list(reader), reader.report


def pdq(digest: str, quality: int | None = None) -> Hash:
    return Hash.from_hex("pdq", digest, quality=quality)


def qualities(entries: list[Entry]) -> list[int | None]:
    return [entry.hash.quality for entry in entries if isinstance(entry.hash, Hash)]


PLATFORM_A = Opinion(
    owner="501", category="positive", labels=("graphic_self_harm", "viral_challenge"), name="Platform A"
)
MEMBER_ONE = Opinion(owner="42", category="positive", name="Member One")
CASE_HOLDER = Opinion(owner="case holder", category="seed")

EXPECTED: dict[str, list[Entry]] = {
    "pdq.csv": [
        Entry(hash=pdq(FIRST), source="L", extra={"filename": "a.jpg"}),
        Entry(hash=pdq(BRIDGE), source="L", extra={"filename": "b.jpg"}),
    ],
    "pdq.txt": [
        Entry(hash=pdq(FIRST), source="L"),
        Entry(hash=pdq(BRIDGE), source="L", extra={"name": "rotate90"}),
        Entry(
            hash=pdq("d8f8f0cce0f4a84f0e370a22028f67f0b36e2ed596621e1d33e6339c4e9c9b22"),
            source="L",
        ),
    ],
    "filepath_hash.csv": [Entry(hash=pdq(FIRST), source="L", extra={"FilePath": "x/1.png"})],
    "simple.HASH_PDQ.te": [
        Entry(
            hash=pdq(BRIDGE),
            id="4169895076385542",
            source="L",
            labels=("graphic_self_harm", "media_type_photo"),
            created="2026-07-24T22:47:26Z",
            keyed_by="digest",
        )
    ],
    "threat_updates.json": [
        Entry(
            hash=pdq(FIRST),
            id="7001",
            source="L",
            category="positive",
            labels=("graphic_self_harm", "viral_challenge"),
            owners=(PLATFORM_A,),
            created="2026-10-02T09:30:00Z",
            updated="2025-11-22T08:26:40Z",
            keyed_by="digest",
            extra={"descriptors": [{"id": "9001"}]},
        ),
        Entry(
            hash=pdq("e2b0c9d52c5f4a6b1d3e87f1c4a593c66a3b0f5d91c2e47895b6d13a2c7e48f0"),
            id="7002",
            source="L",
            category="disputed",
            labels=("graphic_suicide",),
            owners=(
                Opinion(owner="501", category="positive", labels=("graphic_suicide",)),
                Opinion(owner="502", category="negative"),
                Opinion(owner="503", category="negative"),
            ),
            created="2026-10-03T09:30:00Z",
            updated="2025-11-22T08:28:20Z",
            keyed_by="digest",
            extra={"descriptors": [{"id": "9002"}]},
        ),
        Entry(
            hash=Hash.from_hex("md5", "a1b2c3d4e5f60718293a4b5c6d7e8f90"),
            id="7003",
            source="L",
            updated="2025-11-22T08:30:00Z",
            deleted=True,
            keyed_by="digest",
        ),
        Entry(
            hash=pdq("0f" * 32),
            id="7004",
            source="L",
            updated="2025-11-22T08:31:40Z",
            deleted=True,
            keyed_by="digest",
        ),
    ],
    "ncmec_page.xml": [
        Entry(
            hash=Hash.from_hex("md5", "0c1d2e3f405162738495a6b7c8d9eafb"),
            id="42-img-1",
            source="L",
            owners=(MEMBER_ONE,),
            severity="B2",
            updated="2026-10-24T15:00:00Z",
        ),
        Entry(
            hash=Hash.from_hex("sha1", "0c1d2e3f405162738495a6b7c8d9eafb0c1d2e3f"),
            id="42-img-1",
            source="L",
            owners=(MEMBER_ONE,),
            severity="B2",
            updated="2026-10-24T15:00:00Z",
        ),
        Entry(
            # In upper case in the page: the widely used reader drops it.
            hash=pdq("6bc18f2e94d7503a8e1c6b59f2034ad7b5609e3cf8124d7a6390be51c7d82f4a"),
            id="42-img-1",
            source="L",
            category="disputed",
            owners=(
                MEMBER_ONE,
                Opinion(owner="43", category="negative", name="Member Two", reasons=("Not relevant",)),
            ),
            severity="B2",
            updated="2026-10-24T15:00:00Z",
        ),
        Entry(
            hash=None,
            id="43-img-7",
            source="L",
            owners=(Opinion(owner="43", category="positive", name="Member Two"),),
            updated="2026-10-24T15:10:00Z",
            deleted=True,
        ),
    ],
    "stopncii_page.json": [
        Entry(
            hash=pdq("5b3a1f90c47e8d2216e94b7ac5d38f061c9a72e4b8530d6f9e21c7a4583bd60f"),
            source="L",
            category="positive",
            labels=("Objectionable",),
            owners=(
                Opinion(owner="Platform A", category="positive", labels=("Objectionable",)),
                CASE_HOLDER,
            ),
            updated="2025-11-22T08:28:20Z",
            extra={"caseNumbers": {"c-1": "Active"}},
        ),
        Entry(
            # Withdrawn: stays live in the widely used reader, which looks at the hash instead of the status.
            hash=pdq("a47c1e9350d8b62f7e1093c5b4f82d6a19e7c03b52d84fa6710e9b3cd5284fa7"),
            source="L",
            updated="2025-11-22T08:30:00Z",
            deleted=True,
            extra={"caseNumbers": {"c-2": "Withdrawn"}},
        ),
        Entry(
            hash=ForeignHash("videomd5", "d41d8cd98f00b204e9800998ecf8427e"),
            source="L",
            category="seed",
            owners=(CASE_HOLDER,),
            updated="2025-11-22T08:31:40Z",
            extra={"caseNumbers": {"c-3": "Active"}},
        ),
    ],
    "tat_page.json": [
        Entry(
            hash=pdq("3e5a91c7d02b64f88a17c3e950d6b24f71c8e093a5d24b6f0e9137c85ad2b64f"),
            id="1",
            source="L",
            labels=("far-right",),
            created="2026-09-01T00:00:00Z",
            updated="2026-09-01T00:00:00Z",
            extra={"ideology": "far-right", "file_type": "jpg"},
        ),
        Entry(
            hash=Hash.from_hex("md5", "9e107d9d372bb6826bd81d3542a419d6"),
            id="2",
            source="L",
            labels=("islamist",),
            created="2026-09-01T00:00:00Z",
            updated="2026-09-02T00:00:00Z",
            deleted=True,
            extra={"ideology": "islamist", "file_type": "png"},
        ),
    ],
    "hma_bank.json": [
        Entry(
            hash=pdq("b4d2961c7e08f35ac9615e3b07d8a24f5c93e1b6702d4fa891c5e37ab60d29f4"),
            id="11",
            source="L",
            labels=("SELF_HARM_REVIEWED",),
            extra={
                "bank": "SELF_HARM_REVIEWED",
                "disable_until_ts": 1,
                "note": "viral challenge, March",
                "metadata": {"content_id": "x-1", "json": {"ticket": 88}},
            },
        ),
        Entry(
            hash=pdq("c8e5072b9f46d13a70e29c5b84d61f3ae0972c5b8f46d13a70e29c5b84d61f3a"),
            id="12",
            source="L",
            labels=("SELF_HARM_REVIEWED",),
            deleted=True,
            extra={"bank": "SELF_HARM_REVIEWED", "disable_until_ts": 0, "note": "disabled after appeal"},
        ),
    ],
    "vics_2.json": [
        Entry(
            hash=value,
            id="1",
            source="L",
            category="positive",
            severity="2",
            extra={"MimeType": "image/jpeg", "MediaSize": 51231, "category_region": "UK"},
        )
        for value in (
            Hash.from_hex("md5", "9e107d9d372bb6826bd81d3542a419d6"),
            Hash.from_hex("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
            pdq("2d6f8a13c5e7904bb1d34e6f82a9c05714e3b86d9fa2c05b37e1846d9fb2c0a5"),
        )
    ]
    + [
        Entry(
            hash=value,
            id="2",
            source="L",
            category="seed",
            severity="0",
            extra={"category_region": "UK"},
        )
        for value in (
            Hash.from_hex("md5", "e4d909c290d0fb1ca068ffaddf22cbd0"),
            ForeignHash("photodna", "AAECAwQFBgcICQ=="),
        )
    ],
}

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
    entries, _ = entries_of(DATA / name, source="L")
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
    entries, report = entries_of(path, source="L")
    assert entries == EXPECTED[name]
    assert report.n_rejects == len(ACCOUNTS[name][4])


def test_directory_is_one_list_in_name_order(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.xml"):
        source = "ncmec_page.xml" if name == "c.xml" else "threat_updates.json"
        shutil.copy(DATA / source, tmp_path / name)
    (tmp_path / "a.json").write_bytes((DATA / "stopncii_page.json").read_bytes())
    (tmp_path / ".hidden").write_text("not a page")
    (tmp_path / "d.txt").write_text("nothing of use\n")
    entries, report = entries_of(tmp_path, source="L")
    assert entries == [
        *EXPECTED["stopncii_page.json"],
        *EXPECTED["threat_updates.json"],
        *EXPECTED["ncmec_page.xml"],
    ]
    assert report.n_pages == 4
    assert report.refresh_days == 30
    assert [str(reject) for reject in report.rejects] == ["d.txt, line 1: not recognised as any list format"]
