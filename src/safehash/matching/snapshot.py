"""The snapshot file: entries and indexes as flat arrays, memory-mapped, each block checked before its use.

The layout, little-endian or big-endian as the machine that wrote it (another one refuses it)::

    0       preamble: "SAFEHASH", format version, byte order, length of the file, place and checksum of the header
    4096    sections, one array each, each starting at a multiple of 4096 and filled up with zeros
            block checksums: XXH64 (seed 0) of every 4096 bytes from 4096 to here
            seals, of a signed file: BLAKE2b, 16 bytes, of each of these blocks
            header: JSON; names, types, shapes and places of the sections, lists, settings, a checksum of the block
            checksums and a BLAKE2b digest of the seals; its own checksum stands in the preamble
            of a signed file, whose format version is 2: an Ed25519 public key and its signature over preamble and
            header

Opening reads the preamble, the header and the block checksums (2 bytes a thousand), and checks all of them. The
arrays are not read then: 10 million entries are 1.4 GB, and checking those takes a tenth of a second even from
memory. Instead every 4 KiB block is compared with its checksum before its first use, in the search kernel itself;
a byte remembers that it was. A block is small so that a first query, which touches a few thousand of them all over
the file, reads 30 MB and not all of it. So damage cannot lead to a wrong answer, whenever it is met, and what is
never met costs nothing. Positions read from the file are compared with the arrays they point into as well: not
even a forged file with fitting checksums can make a search read outside.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import errno
import functools
import hashlib
import io
import json
import math
import mmap
import os
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .._search import BLOCK_SIZE, SEAL_BYTES, Blocks, block_checksums, block_seals, checksum
from ..errors import IndexFileError
from ..files import open_regular, writing_whole
from ..hashing.hashes import Algorithm
from ..lists.table import EntryTable
from ..search.aligned import empty_aligned
from ..search.arrays import index_of_parts, parts_of, widths_of
from ..search.index import Index
from .decision import ListInfo
from .signing import KEY_BYTES, expect_signed, sign

__all__ = ["Section", "Snapshot", "file_state", "open_snapshot", "state_of", "write_snapshot"]

AnyArray = npt.NDArray[Any]
PathLike = str | os.PathLike[str]

#: Windows lets nobody replace a file that is mapped anywhere: there it is read instead, and each process has its own.
_MAPS = os.name == "posix"

_MAGIC = b"SAFEHASH"
_UNSIGNED, _SIGNED = 1, 2  # versions of the format
_ENDIAN = struct.pack("=I", 0x01020304)  # in the machine's own order, as the arrays are
# magic, version, endianness, length of the file, start, length and checksum of the header, reserved; then a
# checksum of all that.
_PREAMBLE = struct.Struct("<8sI4sQQQQQ")
_SIGNATURE_BYTES = KEY_BYTES + 64  # the key and what it signed with
_PREAMBLE_SIZE = _PREAMBLE.size + 8
_HEADER_LIMIT = 64 << 20  # a list is named in about 300 bytes
_DTYPES = ("uint8", "uint32", "int32", "int64", "uint64", "float32", "float64")
_CHUNK = 8 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One array of a snapshot.

    Attributes
    ----------
    name : str
    dtype : str
    shape : tuple of int
    offset, n_bytes : int
        Where it lies in the file.
    checksum : str
        XXH64 of the checksums of its 4 KiB blocks, hexadecimal.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    n_bytes: int
    checksum: str


class Snapshot:
    """An open snapshot: an entry table and the indexes over its digests.

    Attributes
    ----------
    path : str
    table : EntryTable
    indexes : dict of Algorithm to Index
    lists : tuple of ListInfo
    settings : dict
        What the writer put there: JSON values.
    created : str
        ISO 8601, UTC.
    sections : tuple of Section
    state : tuple of int
        What `file_state` gave for the file when it was opened.
    signed_by : bytes or None
        The Ed25519 public key that the file names. Whose it is, and that it signed the file, was checked only where
        trusted keys were given.

    Notes
    -----
    Safe to share between threads; processes that open one file share its pages, but on Windows, where each reads
    all of it. The file must not be changed in place while it is open (replace it, as `write_snapshot` does): a block
    is checked once.
    """

    def __init__(
        self,
        path: str,
        data: npt.NDArray[np.uint8],
        state: tuple[int, int, int],
        trusted: Collection[bytes] = (),
    ) -> None:
        self.path = path
        self.state = state
        self._data = data
        header, sums, seals = self._read_header(trusted)
        try:
            self.created = str(header["created"])
            self.lists = tuple(_list_of(each) for each in header["lists"])
            self.settings: dict[str, Any] = dict(header["settings"])
            self.sections = tuple(
                Section(**(each | {"shape": tuple(each["shape"])})) for each in header["sections"]
            )
            self._by_name = {section.name: section for section in self.sections}
            self._check_sections(sums)
            end = BLOCK_SIZE + sums.shape[0] * BLOCK_SIZE
            on_damage = functools.partial(_damage, path, self.sections)
            self._blocks = Blocks(data[BLOCK_SIZE:end], sums, on_damage, seals=seals)
            entries = {
                name.removeprefix("entries."): self._array(name)
                for name in self._by_name
                if name.startswith("entries.")
            }
            self.table = EntryTable.from_sections(entries, path=path, check=self._blocks.touch)
            self.indexes = {Algorithm(each["algorithm"]): self._index(each) for each in header["indexes"]}
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
            # Its checksum fits, so this was not written by us.
            raise self._error(
                f"holds what no safehash wrote ({type(exc).__name__}: {exc})", "header"
            ) from exc

    def array(self, name: str) -> AnyArray:
        """Return one of the arrays that were given to `write_snapshot` beside table and indexes, checked.

        Raises
        ------
        KeyError
            There is none of this name.
        IndexFileError
            The file is damaged there.
        """
        values = self._array(f"array.{name}")
        self._blocks.touch(values)
        return values

    def verify(self) -> None:
        """Check every block of every section.

        Raises
        ------
        IndexFileError
            Names the first damaged section.
        """
        for _ in self.verifying():
            pass

    def verifying(self) -> Iterator[None]:
        """Check every block of every section, a piece at each step: who has enough leaves.

        What was checked whole is looked up faster from then on: what is known of a block is not asked any more, and a
        file that is read now lies in large pages where the system has such.

        Raises
        ------
        IndexFileError
            Names the first damaged section.
        """
        _prefer_large_pages(self._data)
        for section in self.sections:
            start = section.offset
            while start < section.offset + section.n_bytes:
                end = min(start + _CHUNK, section.offset + section.n_bytes)
                self._blocks.touch(self._data[start:end])
                start = end
                yield
        self._blocks.settle()

    def _read_header(
        self, trusted: Collection[bytes]
    ) -> tuple[dict[str, Any], npt.NDArray[np.uint64], npt.NDArray[np.uint8] | None]:
        size = self._data.shape[0]
        if size < _PREAMBLE_SIZE:
            raise self._error(f"{size} bytes are too few for a safehash index file", "preamble")
        preamble = self._data[:_PREAMBLE_SIZE].tobytes()
        magic, version, endian, length, start, n_bytes, header_sum, _ = _PREAMBLE.unpack_from(preamble)
        if magic != _MAGIC:
            raise self._error("not a safehash index file", "preamble")
        if version > _SIGNED:
            raise self._error(
                f"format {version} was written by a newer safehash; this one reads up to {_SIGNED}",
                "preamble",
            )
        (preamble_sum,) = struct.unpack_from("<Q", preamble, _PREAMBLE.size)
        if checksum(preamble[: _PREAMBLE.size]) != preamble_sum or version < _UNSIGNED:
            raise self._error("damaged: its checksum does not fit", "preamble")
        if endian != _ENDIAN:
            raise self._error("was written on a machine of another byte order", "preamble")
        if self._data[_PREAMBLE_SIZE:BLOCK_SIZE].any():
            raise self._error("damaged: bytes where there are none", "preamble")
        if length != size:
            raise self._error(f"{size} bytes where {length} were written: truncated or extended", "preamble")
        end = size - (_SIGNATURE_BYTES if version == _SIGNED else 0)
        if not (BLOCK_SIZE <= start <= end and n_bytes <= _HEADER_LIMIT and start + n_bytes == end):
            raise self._error("the header lies outside the file", "preamble")
        data = self._data[start:end].tobytes()
        signature = self._data[end:].tobytes()
        self.signed_by = signature[:KEY_BYTES] or None
        if trusted:
            expect_signed(preamble + data, signature, trusted, path=self.path)
        if checksum(data) != header_sum:
            raise self._error("damaged: its checksum does not fit", "header")
        try:
            header = json.loads(data)
            sums_start, n_blocks = int(header["sums"]["offset"]), int(header["sums"]["n_blocks"])
            if not (n_blocks > 0 and sums_start == BLOCK_SIZE * (1 + n_blocks)):
                raise ValueError("the block checksums do not follow the sections")
            n_seals = n_blocks if version == _SIGNED else 0
            if sums_start + (8 * n_blocks + SEAL_BYTES * n_seals) != start:
                raise ValueError("the block checksums do not end where the header starts")
            sums = self._data[sums_start : sums_start + 8 * n_blocks].view(np.uint64)
            seals = self._data[sums_start + 8 * n_blocks : start].reshape(-1, SEAL_BYTES) if n_seals else None
            seals_digest = str(header["seals"]) if n_seals else ""
            sums_sum = int(header["sums"]["checksum"], 16)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as exc:
            raise self._error(f"holds what no safehash wrote ({exc})", "header") from exc
        if checksum(sums) != sums_sum:
            raise self._error("damaged: their checksum does not fit", "block checksums")
        if seals is not None and _digest(seals) != seals_digest:
            raise self._error("damaged: their digest does not fit", "seals")
        return header, sums, seals

    def _check_sections(self, sums: npt.NDArray[np.uint64]) -> None:
        """Check that sections follow each other, block by block, and are as long as their shapes say."""
        at = BLOCK_SIZE
        for section in self.sections:
            if section.offset != at or section.dtype not in _DTYPES or not isinstance(section.name, str):
                raise self._error("lies or looks otherwise than the format says", section.name)
            n_items = math.prod(section.shape)
            if (
                min(section.shape, default=0) < 0
                or n_items * np.dtype(section.dtype).itemsize != section.n_bytes
            ):
                raise self._error(f"{section.n_bytes} bytes do not hold shape {section.shape}", section.name)
            n_blocks = -(-section.n_bytes // BLOCK_SIZE)
            first = at // BLOCK_SIZE - 1
            if first + n_blocks > sums.shape[0]:
                raise self._error("lies outside the file", section.name)
            if f"{checksum(sums[first : first + n_blocks]):016x}" != section.checksum:
                raise self._error("its block checksums are not its own", section.name)
            at += n_blocks * BLOCK_SIZE
        if at != BLOCK_SIZE * (1 + sums.shape[0]) or len(self._by_name) != len(self.sections):
            raise self._error("sections are missing, or have one name", "header")

    def _array(self, name: str) -> AnyArray:
        section = self._by_name[name]
        data = self._data[section.offset : section.offset + section.n_bytes]
        return data.view(section.dtype).reshape(section.shape)

    def _index(self, facts: Mapping[str, Any]) -> Index:
        algorithm = Algorithm(facts["algorithm"])
        if facts["algorithm_version"] != algorithm.version:
            raise self._error(
                f"made of version {facts['algorithm_version']} of {algorithm.value}, whose bits are not "
                f"those of version {algorithm.version}: build it again",
                f"index.{algorithm.value}",
            )
        parts = {name: self._array(section) for name, section in facts["parts"].items()}
        disabled = parts.get("disabled")
        if disabled is not None:
            self._blocks.touch(disabled)  # small, and read in whole by `without`
        wanted = {"digests": 2, "starts": 1, "ids": 1} | ({"disabled": 1} if disabled is not None else {})
        for name, n_dims in wanted.items():
            dtype = np.uint32 if name in ("starts", "ids") else np.uint8
            if parts[name].ndim != n_dims or parts[name].dtype != dtype:
                raise self._error(f"{name} has another type", f"index.{algorithm.value}")
        if parts["digests"].shape[1] != algorithm.n_bytes:
            raise self._error("digests of another length", f"index.{algorithm.value}")
        return index_of_parts(
            algorithm=algorithm,
            digests=parts["digests"],
            widths=[int(width) for width in facts["widths"]],
            starts=parts["starts"],
            ids=parts["ids"],
            disabled=disabled,
            max_distance=int(facts["max_distance"]),
            blocks=self._blocks,
        )

    def _error(self, message: str, section: str) -> IndexFileError:
        return IndexFileError(message, path=self.path, section=section)


def _list_of(facts: dict[str, Any]) -> ListInfo:
    """Return what a header says of a list.

    Raises
    ------
    TypeError
        A fact is missing, not known, or of another kind: records, catalogs and messages are made of them.
    """
    found = ListInfo(**facts)
    kinds = {"name": str, "snapshot": str, "loaded": str, "n_entries": int, "allow": bool}
    for name, kind in kinds.items():
        if type(getattr(found, name)) is not kind:
            raise TypeError(f"{name} of a list is {type(getattr(found, name)).__name__}, not {kind.__name__}")
    return found


def _damage(path: str, sections: tuple[Section, ...], block: int) -> IndexFileError:
    """Return the error for one damaged block, counted from the first section; -1 for a position out of range.

    A function, not a method of Snapshot: a reference back would keep a replaced snapshot mapped until the
    garbage collector comes by.
    """
    if block < 0:
        return IndexFileError("a position points outside its array", path=path, section="index")
    # Of several sections at one place all but the last are empty.
    at = bisect.bisect_right([section.offset for section in sections], (block + 1) * BLOCK_SIZE) - 1
    return IndexFileError("damaged: a checksum does not fit", path=path, section=sections[at].name)


def _digest(seals: npt.NDArray[np.uint8]) -> str:
    """Return what the header says of the seals."""
    return hashlib.blake2b(seals.data, digest_size=32).hexdigest()


def open_snapshot(path: PathLike, *, verify: str = "lazy", trusted: Collection[bytes] = ()) -> Snapshot:
    """Open a snapshot file.

    Parameters
    ----------
    path : path-like
    trusted : collection of bytes
        Ed25519 public keys. Where there are any, the file must be signed by one of them.
    verify : "lazy" or "full"
        When to compare the arrays with their checksums. "lazy": each 4 KiB block before it is used for the
        first time, so that opening does not read the file. "full": everything now, at several GB a second.

    Raises
    ------
    IndexFileError
        The file cannot be read, is damaged, truncated, foreign, or written by a newer version. With "lazy",
        damage among the arrays is reported by the first search or look-up it could influence: no answer is
        made of it.

    Notes
    -----
    Checksums find damage. They do not stop somebody who can write the file and compute them anew; even then
    nothing outside the file's arrays is read. A signature does: it covers preamble, header and, through the seals,
    every block, which is compared with its seal before its first use. Keep the file as safe as the lists.
    """
    if verify not in ("lazy", "full"):
        raise ValueError(f"verify is 'lazy' or 'full', not {verify!r}")
    name = os.fspath(path)
    try:
        with open_regular(name) as (file, status):
            if status.st_size == 0:
                raise IndexFileError("the file is empty", path=name, section="preamble")
            data = _mapped(file) if _MAPS else _read_whole(file, status.st_size)
    except (OSError, ValueError) as exc:
        raise IndexFileError(f"cannot be opened: {exc}", path=name) from exc
    snapshot = Snapshot(name, data, state_of(status), trusted)
    if verify == "full":
        snapshot.verify()
    return snapshot


def _mapped(file: io.FileIO) -> npt.NDArray[np.uint8]:
    return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)


def _prefer_large_pages(data: npt.NDArray[np.uint8]) -> None:
    """Ask for large pages under a mapping: look-ups go all over it, and small ones cost a seventh of their time."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    mapped = data.base.obj if isinstance(data.base, memoryview) else None
    if advice is not None and isinstance(mapped, mmap.mmap):
        with suppress(OSError):  # a system without
            mapped.madvise(advice)


def _read_whole(file: io.FileIO, n_bytes: int) -> npt.NDArray[np.uint8]:
    data = empty_aligned((n_bytes,))
    rest = data.data
    while rest:
        n_read = file.readinto(rest)
        if not n_read:
            raise OSError(errno.EIO, f"it ended {len(rest)} bytes early")
        rest = rest[n_read:]
    data.flags.writeable = False
    return data


def file_state(path: PathLike) -> tuple[int, int, int]:
    """Return what tells one file at `path` from the next: inode, time of change in ns, size.

    Raises
    ------
    IndexFileError
        There is no such file, or it cannot be looked at.
    """
    try:
        return state_of(Path(path).stat())
    except OSError as exc:
        raise IndexFileError(f"cannot be looked at: {exc}", path=path) from exc


def state_of(status: os.stat_result) -> tuple[int, int, int]:
    """Return what `file_state` does, of a file's status."""
    return status.st_ino, status.st_mtime_ns, status.st_size


def write_snapshot(
    path: PathLike,
    *,
    table: EntryTable,
    indexes: Mapping[Algorithm, Index],
    lists: Sequence[ListInfo] = (),
    settings: Mapping[str, Any] | None = None,
    arrays: Mapping[str, AnyArray] | None = None,
    key: bytes | None = None,
    only_files: bool = False,
) -> None:
    """Write a snapshot beside its place, flush it, and rename it into place; readable by its owner only.

    Parameters
    ----------
    path : path-like
    table : EntryTable
    indexes : mapping of Algorithm to Index
        An index over ``table.digests(algorithm)[1]`` shares the table's digests in the file too.
    lists : sequence of ListInfo
    settings : mapping, optional
        JSON values, returned as `Snapshot.settings`.
    arrays : mapping of str to ndarray, optional
        Further arrays, returned by `Snapshot.array`.
    key : bytes, optional
        An Ed25519 private key, 32 bytes, to sign with.
    only_files : bool
        As of `files.writing_whole`.

    Raises
    ------
    IndexFileError
        The file could not be written. What stood at `path` before still does.
    ValueError
        An index has method "faiss": only slots have arrays worth writing.
    """
    sections: dict[str, AnyArray] = {f"entries.{name}": part for name, part in table.to_sections().items()}
    facts = []
    for algorithm, index in indexes.items():
        if index.method == "faiss":
            raise ValueError(
                f"an index of method {index.method!r} has no slot arrays; build it with method='multi'"
            )
        names = {}
        for name, part in parts_of(index).items():
            names[name] = f"index.{algorithm.value}.{name}"
            of_table = sections.get(f"entries.digests.{algorithm.value}")
            if name == "digests" and of_table is not None and _same_memory(part, of_table):
                names[name] = f"entries.digests.{algorithm.value}"
            sections[names[name]] = part
        facts.append(
            {
                "algorithm": algorithm.value,
                "algorithm_version": algorithm.version,
                "max_distance": index.max_distance,
                "widths": list(widths_of(index)),
                "parts": names,
            }
        )
    sections |= {f"array.{name}": values for name, values in (arrays or {}).items()}
    header = {
        "format": "safehash index",
        "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "lists": [dataclasses.asdict(each) for each in lists],
        "settings": dict(settings or {}),
        "indexes": facts,
    }
    try:
        with writing_whole(path, only_files=only_files) as file:
            _write(file, header, sections, key)
    except OSError as exc:
        raise IndexFileError(f"could not be written: {exc}", path=path) from exc


def _same_memory(one: AnyArray, two: AnyArray) -> bool:
    start_of_one, start_of_two = (each.__array_interface__["data"][0] for each in (one, two))
    return bool(start_of_one == start_of_two and one.shape == two.shape and one.dtype == two.dtype)


def _write(
    file: BinaryIO, header: dict[str, Any], sections: Mapping[str, AnyArray], key: bytes | None
) -> None:
    """Write preamble, sections, block checksums, seals, header, signature. The preamble is filled in last."""
    file.write(bytes(BLOCK_SIZE))
    at = BLOCK_SIZE
    table: list[dict[str, Any]] = []
    all_sums, all_seals = [], []
    for name, values in sections.items():
        if values.dtype.name not in _DTYPES:
            raise ValueError(f"section {name} is of type {values.dtype}, which the format does not have")
        data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        padding = -data.shape[0] % BLOCK_SIZE
        whole = data.shape[0] // BLOCK_SIZE * BLOCK_SIZE
        file.write(data.data)
        file.write(bytes(padding))
        sums = block_checksums(data[:whole])
        if key is not None:
            all_seals.append(block_seals(data[:whole]))
        if padding:  # the padding is part of its block: the file has no byte without a checksum
            last = np.concatenate([data[whole:], np.zeros(padding, np.uint8)])
            sums = np.concatenate([sums, block_checksums(last)])
            if key is not None:
                all_seals.append(block_seals(last))
        all_sums.append(sums)
        table.append(
            dataclasses.asdict(
                Section(name, values.dtype.name, values.shape, at, data.shape[0], f"{checksum(sums):016x}")
            )
        )
        at += data.shape[0] + padding
    sums = np.concatenate(all_sums)
    file.write(sums.data)
    header = header | {
        "sections": table,
        "sums": {"offset": at, "n_blocks": sums.shape[0], "checksum": f"{checksum(sums):016x}"},
    }
    start = at + 8 * sums.shape[0]
    if key is not None:
        seals = np.concatenate(all_seals)
        file.write(seals.data)
        header["seals"] = _digest(seals)
        start += seals.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > _HEADER_LIMIT:
        raise ValueError(f"settings and list names take {len(text)} bytes, more than {_HEADER_LIMIT}")
    file.write(text)
    version, n_after = (_UNSIGNED, 0) if key is None else (_SIGNED, _SIGNATURE_BYTES)
    preamble = _PREAMBLE.pack(
        _MAGIC, version, _ENDIAN, start + len(text) + n_after, start, len(text), checksum(text), 0
    )
    preamble += struct.pack("<Q", checksum(preamble))
    if key is not None:
        file.write(sign(preamble + text, key))
    file.seek(0)
    file.write(preamble)
