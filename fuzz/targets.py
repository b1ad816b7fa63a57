"""The doors that strangers' bytes come in by, one function each: what is raised and not promised is a defect."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safehash import ListSource

__all__ = ["TARGETS", "target"]

#: What an outcome may cost here: small pictures find what large ones would.
_MAX_BYTES, _MAX_PIXELS, _SECONDS = 1 << 20, 250_000, 5.0
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PNM")
_LIST = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder in memory where the system has one."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def _image(file_format: str) -> Callable[[bytes], None]:
    """Check a picture at one effort, which its length chooses: whatever it is, it gets an outcome, and none of ours."""
    import safehash

    limits = safehash.Limits(max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS, formats=frozenset({file_format}))
    entry = safehash.Entry(hash=safehash.Hash.from_hex("pdq", _LIST), source="fuzz")
    matchers = [
        safehash.Matcher.from_entries(
            [entry], settings=safehash.Settings(effort=effort, limits=limits, deadline=_SECONDS)
        )
        for effort in ("fast", "standard", "thorough")
    ]

    def act(data: bytes) -> None:
        decision = matchers[len(data) % len(matchers)].check(data)
        if decision.failure == "internal":
            raise AssertionError(decision.reason)

    return act


def _list() -> Callable[[bytes], None]:
    """Read a list of whatever format it seems to be, or that its first byte names."""
    from safehash.errors import ListError
    from safehash.lists.formats import FORMATS, read_list

    names = [None, None, None, *(row.name for row in FORMATS)]

    def act(data: bytes) -> None:
        told = names[data[0] % len(names)] if data else None
        with _folder() as folder:
            path = folder / "list"
            path.write_bytes(data[1:])
            with contextlib.suppress(ListError):
                for _ in read_list(ListSource(path, format=told)):
                    pass

    return act


def _snapshot() -> Callable[[bytes], None]:
    """Open a snapshot and look something up in it."""
    from safehash import Hash, IndexFileError, Matcher

    values = [Hash.from_hex("pdq", _LIST), Hash("md5", bytes(16)), Hash("sha256", bytes(32))]

    def act(data: bytes) -> None:
        with _folder() as folder:
            path = folder / "lists.safehash"
            path.write_bytes(_resealed(data))
            with contextlib.suppress(IndexFileError):
                Matcher.open(path).check_hashes(values)

    return act


def _resealed(data: bytes) -> bytes:
    """Return a snapshot with the checksums of its preamble and header made anew: a fuzzer would never guess them."""
    import struct

    from safehash._search import checksum

    if len(data) < 64:
        return data
    changed = bytearray(data)
    (start,) = struct.unpack_from("<Q", changed, 24)
    if start < len(changed):
        struct.pack_into("<Q", changed, 40, checksum(bytes(changed[start:])))
    struct.pack_into("<Q", changed, 56, checksum(bytes(changed[:56])))
    return bytes(changed)


def _catalog() -> Callable[[bytes], None]:
    """Open a catalog and read all that it holds."""
    from safehash import Catalog, CatalogError
    from safehash.scanning.holdings import counts, records

    def act(data: bytes) -> None:
        with _folder() as folder:
            path = folder / "scan.db"
            path.write_bytes(data)
            with contextlib.suppress(CatalogError), Catalog(path, create=False) as catalog:
                counts(catalog)
                for _ in records(catalog):
                    pass

    return act


def _archive() -> Callable[[bytes], None]:
    """Walk through an archive; its members are read and not decided."""
    from safehash.scanning.archives import members
    from safehash.scanning.items import Item

    def act(data: bytes) -> None:
        with _folder() as folder:
            path = folder / "archive.zip"
            path.write_bytes(data)
            for _ in members(Item(path=str(path), size=len(data)), max_member_bytes=_MAX_BYTES):
                pass

    return act


def _command_line() -> Callable[[bytes], None]:
    """Parse a command line, its words parted by zeros; nothing is run."""
    from safehash.cli.parser import make_parser

    def act(data: bytes) -> None:
        words = data.decode("utf-8", "surrogateescape").split("\0")
        said = io.StringIO()
        with (
            contextlib.suppress(SystemExit),
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(said),
        ):
            make_parser().parse_args(words)

    return act


#: What makes each target ready; it returns what is then called with every input.
TARGETS: dict[str, Callable[[], Callable[[bytes], Any]]] = {
    **{f"image-{name.lower()}": lambda name=name: _image(name) for name in _FORMATS},  # type: ignore[misc]
    "list": _list,
    "snapshot": _snapshot,
    "catalog": _catalog,
    "archive": _archive,
    "command-line": _command_line,
}


def target(name: str) -> Callable[[bytes], Any]:
    """Return one target, ready."""
    return TARGETS[name]()
