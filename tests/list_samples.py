"""The example file of each list format, and exactly what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safehash import ListSource
from safehash.hashing.hashes import ForeignHash, Hash
from safehash.lists.entry import Entry, Opinion
from safehash.lists.formats import read_list
from safehash.lists.report import ListReport

DATA = Path(__file__).parent / "data" / "lists"

BRIDGE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
FIRST = "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b"


def entries_of(path: Path, **options: Any) -> tuple[list[Entry], ListReport]:
    """Read what there is, whatever is wrong with the list as a whole (test_guards.py tests that)."""
    reader = read_list(ListSource(path, **{"max_rejects": 1.0, "allow_cut": True, **options}))
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
