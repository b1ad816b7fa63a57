"""Any list cut at any byte, packed or not: refused, or all that is read stood in it just so."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from list_samples import DATA, EXPECTED
from safehash import Entry, Hash, ListError, ListSource, read_list
from safehash.lists.formats.jsonl import write_list

MD5 = [f"{k:02x}9e107d9d372bb6826bd81d3542a419"[:32] for k in range(12)]
PDQ = [f"{k:x}" * 4 + "9c" * 6 + "5a" * 24 for k in range(12)]


def _zstd(data: bytes) -> bytes:
    try:
        module = import_module("compression.zstd")
    except ModuleNotFoundError:
        module = import_module("backports.zstd")
    packed: bytes = module.compress(data)
    return packed


def _zip(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("list.txt", data)
    return file.getvalue()


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _zstd,
    "zip": _zip,
}

#: Lists that have an end, and lists of lines, which have none.
ENDED = (
    *("threat_updates.json", "stopncii_page.json", "hma_bank.json", "tat_page.json", "vics_2.json"),
    *(
        "ncmec_page.xml",
        "own.jsonl",
        "array.json",
        "objects.json",
        "nested.json",
        "by digest.json",
        "list.db",
    ),
)
LINES = (
    "plain.txt",
    "typed.txt",
    "table.csv",
    "quoted.csv",
    "sums.txt",
    "bsd.txt",
    "pairs.txt",
    "hashdeep.txt",
    "simple.pdq.te",
)


@cache
def whole(name: str) -> bytes:
    records = [{"id": k, "pdq": digest, "deleted": k % 3 == 0} for k, digest in enumerate(PDQ)]
    texts: dict[str, str] = {
        "array.json": json.dumps(PDQ),
        "objects.json": json.dumps(records, indent=1),
        "nested.json": json.dumps({"count": 12, "data": {"items": records}, "next": None}),
        "by digest.json": json.dumps({digest: {"status": "active"} for digest in PDQ}),
        "plain.txt": "\n".join(PDQ) + "\n",
        "typed.txt": "".join(f"pdq {one}\nmd5 {other}\n" for one, other in zip(PDQ, MD5, strict=True)),
        "table.csv": "id,pdq,deleted\n" + "".join(f"{k},{digest},{k % 3 == 0}\n" for k, digest in enumerate(PDQ)),
        "quoted.csv": '"deleted","md5"\r\n'
        + "".join(f'"{"yes" * (k % 3 == 0)}","{digest}"\r\n' for k, digest in enumerate(MD5)),
        "sums.txt": "".join(f"{digest}  img {k}.jpg\n" for k, digest in enumerate(MD5)),
        "bsd.txt": "".join(f"MD5 (img {k}.jpg) = {digest}\n" for k, digest in enumerate(MD5)),
        "pairs.txt": "".join(f"hash={digest},quality=90,deleted={k % 3 == 0}\n" for k, digest in enumerate(PDQ)),
        "hashdeep.txt": "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n"
        + "".join(f"{1000 + k},{digest},/img/{k}.jpg\n" for k, digest in enumerate(MD5)),
        "simple.pdq.te": "".join(f"{digest},{k},2026-07-24T22:47:26+0000,a b\n" for k, digest in enumerate(PDQ)),
    }  # fmt: skip
    if name in texts:
        return texts[name].encode()
    if name in ("own.jsonl", "list.db"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            if name == "own.jsonl":
                write_list(path, [entry for each in EXPECTED.values() for entry in each][:6], name="L")
            else:
                database = sqlite3.connect(path)
                database.execute("CREATE TABLE hashes (id INTEGER, md5 TEXT)")
                database.executemany(
                    "INSERT INTO hashes VALUES (?, ?)", [(k, f"{k:032x}") for k in range(1, 300)]
                )
                database.commit()
                database.close()
            return path.read_bytes()
    data = (DATA / name).read_bytes()
    # None of them promises another page.
    return data.replace(b', "next": "..."', b"").replace(b"<next>", b"<self>").replace(b"</next>", b"</self>")


def brief(entry: Entry) -> tuple[str, bool, str]:
    value = entry.hash
    return (
        f"{value.algorithm.value}:{value.hex}" if isinstance(value, Hash) else repr(value),
        entry.deleted,
        entry.category,
    )


def read(path: Path, data: bytes, *, allow_cut: bool = False) -> list[tuple[str, bool, str]] | None:
    """Return what a list holds, None where it is refused."""
    path.write_bytes(data)
    try:
        return [
            brief(entry)
            for entry in read_list(ListSource(path, name="L", max_rejects=1, allow_cut=allow_cut))
        ]
    except ListError:
        return None


@settings(max_examples=120, deadline=None)
@given(
    name=st.sampled_from((*ENDED, *LINES)),
    pack=st.sampled_from(sorted(PACKS)),
    share=st.floats(0, 1, exclude_max=True),
)
@example("objects.json", "", 0.999)
@example("own.jsonl", "zst", 0.999)
@example("plain.txt", "xz", 0.999)
@example("plain.txt", "zip", 0.5)
def test_a_list_cut_at_any_byte(
    tmp_path_factory: pytest.TempPathFactory, name: str, pack: str, share: float
) -> None:
    assume(not (name == "list.db" and pack))  # a database inside an archive is not read
    path = tmp_path_factory.getbasetemp() / name
    stands = read(path, PACKS[pack](whole(name)))
    data = PACKS[pack](whole(name) if pack or name == "list.db" else whole(name).rstrip())
    assert stands
    cut = data[: int(share * len(data))]
    found = read(path, cut)
    if pack or name in ENDED:
        assert found is None
        found = read(path, cut, allow_cut=True)
    assert set(found or ()) <= set(stands)


@pytest.mark.parametrize("name", [*ENDED, *LINES])
def test_the_last_bytes_of_each(name: str, tmp_path: Path) -> None:
    """Where a fault is likeliest to pass: within the last record and behind it."""
    data = whole(name)
    stands = read(tmp_path / name, data)
    assert stands
    end = len(data) if name == "list.db" else len(data.rstrip())
    for n_lost in range(1, 60):
        found = read(tmp_path / name, data[: end - n_lost])
        assert found is None or (name in LINES and set(found) <= set(stands)), n_lost
