"""A matcher's snapshot forged with fitting checksums: refused as an index file, or used; nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forging import forged, resealed
from safehash import Algorithm, Hash, IndexFileError, Matcher
from safehash.cli import main
from safehash.matching.snapshot import open_snapshot
from small_files import small_files

PICTURE = small_files()["png"]
RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A snapshot with hashes of pixels and of files, listed and allowed."""
    folder = tmp_path_factory.mktemp("lists")
    rows = [f"pdq,{RNG.bytes(32).hex()}" for _ in range(300)]
    rows += [f"md5,{RNG.bytes(16).hex()}" for _ in range(300)]
    rows += [f"sha256,{RNG.bytes(32).hex()}" for _ in range(40)]
    rows += [f"md5,{hashlib.md5(PICTURE, usedforsecurity=False).hexdigest()}"]
    (folder / "own.csv").write_text("algorithm,hash\n" + "\n".join(rows) + "\n", encoding="ascii")
    (folder / "good.csv").write_text("algorithm,hash\n" + "\n".join(rows[::7]) + "\n", encoding="ascii")
    path = folder / "lists.safehash"
    Matcher.from_files(folder / "own.csv", allow=[folder / "good.csv"]).save(path)
    return path.read_bytes()


def use(path: Path) -> None:
    """Decide by it in every way there is."""
    matcher = Matcher.open(path)
    matcher.check(PICTURE)
    values = [
        Hash(algorithm, bytes(rows[at]))
        for algorithm in (Algorithm.PDQ, Algorithm.MD5, Algorithm.SHA256)
        for rows in [np.frombuffer(RNG.bytes(3 * algorithm.n_bytes), np.uint8).reshape(3, -1)]
        for at in range(3)
    ]
    values.append(Hash(Algorithm.MD5, hashlib.md5(PICTURE, usedforsecurity=False).digest()))
    matcher.check_hashes(values)
    for algorithm in (Algorithm.PDQ, Algorithm.MD5):
        matcher.near_any(np.zeros((2, algorithm.n_bytes), np.uint8), algorithm=algorithm)
    assert len(matcher) >= 0
    assert matcher.notes is not None
    assert matcher.lists is not None


def sections() -> list[str]:
    names = ["array.allowed", "array.order.md5", "array.heads.md5", "array.order.sha256", "entries.rows.md5"]
    return [*names, "entries.digests.md5", "entries.rows.pdq", "index.pdq.ids", "index.pdq.starts"]


@pytest.mark.parametrize("name", sections())
@pytest.mark.parametrize("value", ["most", "least", "just beyond", "minus one", "noise"])
def test_forged_arrays(whole: bytes, tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "lists.safehash"
    path.write_bytes(whole)
    use(path)
    n_items = {section.name: section.shape[0] for section in open_snapshot(path).sections}[name]
    path.unlink()

    def change(values: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        limits = np.iinfo(values.dtype)
        if value == "noise":
            return np.frombuffer(RNG.bytes(values.nbytes), values.dtype)
        # "minus one" is the largest of an unsigned type.
        wanted = {"most": limits.max, "least": limits.min, "just beyond": min(n_items, limits.max)}
        values[:] = wanted.get(value, -1 if limits.min < 0 else limits.max)
        return values

    path.write_bytes(forged(whole, name, change))
    if name.startswith("array.order") and value != "noise":  # read whole when the file is opened
        with pytest.raises(IndexFileError, match=r"array\.order"):
            use(path)
        return
    try:
        use(path)
    except IndexFileError as exc:  # raised where it would lead outside; what is never looked at costs nothing
        assert exc.section


@pytest.mark.parametrize("n_listed", [-1, 10**9, 10**40])
def test_a_forged_number_of_listed_rows(whole: bytes, tmp_path: Path, n_listed: int) -> None:
    def change(header: dict[str, dict[str, int]]) -> None:
        header["settings"]["n_listed"] = n_listed

    path = tmp_path / "lists.safehash"
    path.write_bytes(resealed(whole, change))
    with pytest.raises(IndexFileError):
        use(path)


@pytest.mark.parametrize("name", sections())
def test_a_section_s_own_checksum_is_compared(whole: bytes, tmp_path: Path, name: str) -> None:
    """All else fits: the checksums of its blocks, and theirs."""

    def change(header: dict[str, list[dict[str, str]]]) -> None:
        (section,) = (each for each in header["sections"] if each["name"] == name)
        section["checksum"] = f"{int(section['checksum'], 16) ^ 1:016x}"

    path = tmp_path / "lists.safehash"
    path.write_bytes(resealed(whole, change))
    with pytest.raises(IndexFileError, match="its block checksums are not its own") as caught:
        open_snapshot(path)
    assert caught.value.section == name


@pytest.mark.parametrize("n_bytes", [7, 1 << 60])
def test_a_header_that_is_not_where_it_is_said_to_be(whole: bytes, tmp_path: Path, n_bytes: int) -> None:
    path = tmp_path / "lists.safehash"
    path.write_bytes(resealed(whole, n_bytes=n_bytes))
    with pytest.raises(IndexFileError, match="the header lies outside the file"):
        open_snapshot(path)


def test_a_section_of_more_blocks_than_there_are(whole: bytes, tmp_path: Path) -> None:
    def change(header: dict[str, list[dict[str, Any]]]) -> None:
        section = header["sections"][-1]
        section |= {"shape": [1 << 40], "n_bytes": np.dtype(section["dtype"]).itemsize << 40}

    path = tmp_path / "lists.safehash"
    path.write_bytes(resealed(whole, change))
    with pytest.raises(IndexFileError, match="lies outside the file"):
        open_snapshot(path)


def test_block_checksums_that_end_elsewhere(whole: bytes, tmp_path: Path) -> None:
    """One checksum less than there is room for: what lies between them and the header is nobody's."""

    def change(header: dict[str, dict[str, int]]) -> None:
        header["sums"]["n_blocks"] -= 1
        header["sums"]["offset"] -= 4096

    path = tmp_path / "lists.safehash"
    path.write_bytes(resealed(whole, change))
    with pytest.raises(IndexFileError, match="do not end where the header starts"):
        open_snapshot(path)


@pytest.mark.parametrize("field", ["name", "snapshot", "loaded", "n_entries", "allow"])
def test_what_is_said_of_a_list_is_of_its_kind(whole: bytes, tmp_path: Path, field: str) -> None:
    """Records, catalogs and messages are made of it: a number for a name ended the first that cut it short."""
    path = tmp_path / "forged.safehash"
    values: list[object] = [None, 1.5, [], {"a": 1}, 7 if field != "n_entries" else "7"]
    for value in values:

        def change(header: Any, value: object = value) -> None:
            header["lists"][0][field] = value

        path.write_bytes(resealed(whole, change))
        with pytest.raises(IndexFileError, match=f"{field} of a list is"):
            use(path)


def test_what_a_snapshot_says_cannot_reach_a_terminal_as_it_stands(
    whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "forged.safehash"

    def change(header: Any) -> None:
        header["created"] = header["lists"][0]["name"] = header["lists"][0]["loaded"] = "\x1b]0;evil\x07\r"
        header["lists"][0]["snapshot"] = header["sections"][-1]["name"] = "\x1b]0;evil\x07\r"

    path.write_bytes(resealed(whole, change))
    assert main(["index", "info", str(path)]) == 0
    said = capsys.readouterr()
    assert "evil" in said.out
    assert not {"\x1b", "\x07", "\r"} & {*said.out, *said.err}


@pytest.mark.parametrize("name", ["n_listed", "min_quality"])
def test_a_number_without_an_end(whole: bytes, tmp_path: Path, name: str) -> None:
    """JSON as Python reads it has infinity, which is no whole number in an error of its own."""
    path = tmp_path / "forged.safehash"
    path.write_bytes(resealed(whole, lambda header: header["settings"].update({name: float("inf")})))
    with pytest.raises(IndexFileError, match=r"not written by Matcher\.save"):
        use(path)
