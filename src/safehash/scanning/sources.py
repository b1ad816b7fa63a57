"""Where a scan's files come from: folders, patterns, lists of names, archives, remote stores."""

from __future__ import annotations

import glob
import os
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ..errors import SafehashError
from .archives import has_archive_name, members
from .items import Found, Item, time_told
from .records import Problem, Skipped
from .watching import Renamed, arrivals, check_installed, is_unfinished

__all__ = ["Inputs", "count_files", "find", "is_url"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://.*", re.DOTALL)


def is_url(path: str) -> bool:
    """Return whether a path names a place in a remote store."""
    return _URL.fullmatch(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What to look at, and how.

    Attributes
    ----------
    paths : tuple of str
        Files, folders, patterns (``*``, ``?``, ``[..]``, ``**``) where no such file exists, URLs.
    names : binary stream or None
        Further paths, separated by NUL if the stream holds any within its first 64 KiB, else by newline.
    stream : binary stream or None
        One more file, by its bytes; its path is "-".
    follow_links : bool
        Follow symbolic links met in folders. A folder reached twice is looked at once.
    skip_hidden : bool
        Leave aside names that begin with a dot.
    archives : bool
        Look into zip and tar archives, known by name and content.
    max_member_bytes : int
        Larger members of archives are not read.
    ordered : bool
        Walk every folder in name order instead of the file system's own.
    watch : bool
        `paths` are folders; after what is there, files as they arrive, until `stop` is set.
    stop : Event
    renamed : Renamed
        With `watch`: which files have another name now.
    """

    paths: tuple[str, ...] = ()
    names: IO[bytes] | None = None
    stream: IO[bytes] | None = None
    follow_links: bool = False
    skip_hidden: bool = False
    archives: bool = True
    max_member_bytes: int = 100 * 1024 * 1024
    ordered: bool = False
    watch: bool = False
    stop: threading.Event = field(default_factory=threading.Event, compare=False)
    renamed: Renamed = field(default_factory=Renamed, compare=False)

    @classmethod
    def of(cls, paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], **options: Any) -> Inputs:
        """Return inputs for one path or several."""
        several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
        return cls(paths=tuple(os.fspath(path) for path in several), **options)

    def check(self) -> None:
        """Refuse paths that name nothing, before any work starts.

        Raises
        ------
        FileNotFoundError
            A path neither exists nor is a pattern that matches something.
        SafehashError
            A URL names a store that nothing installed knows.
        """
        if self.watch:
            check_installed()
        for path in self.paths:
            if self.watch and not Path(path).is_dir():
                raise NotADirectoryError(f"{path}: no folder to watch")
            if is_url(path):
                _check_store(path)
                continue
            if os.path.lexists(path):
                continue
            if glob.has_magic(path) and _matching(path, first=True):
                continue
            raise FileNotFoundError(f"{path}: no such file or folder")


def find(inputs: Inputs) -> Iterator[Found]:
    """Yield everything `inputs` name: what to decide, what is left aside, what could not be looked into."""
    if inputs.watch:
        yield from _arriving(inputs)
        return
    for path in inputs.paths:
        yield from _named(path, inputs)
    if inputs.stream is not None:
        data = inputs.stream.read(inputs.max_member_bytes + 1)
        yield Item(path="-", data=data, n_bytes=len(data), named=True)
    if inputs.names is not None:
        for name in _split_names(inputs.names):
            yield from _named(os.fsdecode(name), inputs)


def count_files(inputs: Inputs) -> Iterator[int]:
    """Yield a growing count of the plain files ahead, opening none; archives count as one."""
    n_files = 0
    for found in find(replace(inputs, names=None, stream=None, archives=False, ordered=False)):
        if not isinstance(found, Problem):
            n_files += 1
            yield n_files


def _arriving(inputs: Inputs) -> Iterator[Found]:
    """Yield files as they arrive. A folder that cannot be listed is told once."""
    troubles: list[Problem] = []
    told: set[Problem] = set()

    def walk() -> Iterator[str]:
        for top in inputs.paths:
            for found in _walk(top, replace(inputs, archives=False)):
                if isinstance(found, Problem):
                    troubles.append(found)
                elif isinstance(found, Item) and not is_unfinished(found.path):
                    yield found.path

    for path, status in arrivals(list(inputs.paths), walk=walk, stop=inputs.stop, renamed=inputs.renamed):
        for trouble in troubles:
            if trouble not in told:
                told.add(trouble)
                yield trouble
        troubles.clear()
        if status is None:
            yield Item(path=path)  # it gets its outcome: gone before it was looked at
        elif inputs.skip_hidden and any(part.startswith(".") for part in _below(path, inputs.paths)):
            yield Skipped(path=path, reason="hidden")
        elif stat.S_ISREG(status.st_mode):
            yield from _file(path, status, inputs)
        elif stat.S_ISLNK(status.st_mode):
            yield from _linked(path, inputs)
        else:
            yield Skipped(path=path, reason="special file")


def _below(path: str, tops: Iterable[str]) -> tuple[str, ...]:
    """Return the names that lead to a file from the folder that is watched."""
    for top in tops:
        if path.startswith(os.path.join(top, "")):  # noqa: PTH118
            return Path(path[len(top) :].lstrip(os.sep)).parts
    return ()


def _linked(path: str, inputs: Inputs) -> Iterator[Found]:
    """Yield what a symbolic link that arrived stands for."""
    try:
        status = Path(path).stat()
    except OSError:
        yield Skipped(path=path, reason="broken link")
        return
    if not inputs.follow_links:
        yield Skipped(path=path, reason="symbolic link")
    elif stat.S_ISREG(status.st_mode):
        yield from _file(path, status, inputs)


# -- files and folders ----------------------------------------------------------------------------------


def _named(path: str, inputs: Inputs) -> Iterator[Found]:
    """Yield what one path of the caller's stands for. A link that is named itself is followed."""
    if is_url(path):
        yield from _remote(path)
        return
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        if glob.has_magic(path) and not os.path.lexists(path):
            for match in _matching(path):
                # "**" gives every folder beside what is in it.
                if not ("**" in path and Path(match).is_dir()):
                    yield from _named(match, inputs)
        else:
            yield Item(path=path, named=True)  # it gets its outcome: "no such file"
        return
    except (OSError, ValueError) as exc:
        yield Problem(path=path, reason=f"cannot be looked at: {exc}")
        return
    if stat.S_ISDIR(status.st_mode):
        yield from _walk(path, inputs)
    elif not stat.S_ISREG(status.st_mode):
        yield Skipped(path=path, reason="special file")
    else:
        yield from _file(path, status, inputs, named=True)


def _matching(pattern: str, *, first: bool = False) -> list[str]:
    """Return what a pattern matches, sorted; a wildcard does not match a leading dot, as in a shell."""
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207  Path.glob() has other rules for dots and **
    return [name for name in [next(found, None)] if name is not None] if first else sorted(found)


def _file(path: str, status: os.stat_result, inputs: Inputs, *, named: bool = False) -> Iterator[Found]:
    item = Item(path=path, size=status.st_size, mtime_ns=time_told(status.st_mtime_ns), named=named)
    if inputs.archives and has_archive_name(path):
        yield from members(item, max_member_bytes=inputs.max_member_bytes)
    else:
        yield item


def _walk(top: str, inputs: Inputs) -> Iterator[Found]:
    """Yield the files below a folder, without recursion in Python, whatever its depth."""
    seen: set[tuple[int, int]] = set()
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            if inputs.follow_links:
                status = Path(folder).stat()
                place = (status.st_dev, status.st_ino)
                if place in seen:
                    yield Skipped(path=folder, reason="folder seen before")
                    continue
                seen.add(place)
            scan = os.scandir(folder)
        except OSError as exc:
            yield Problem(path=folder, reason=f"unreadable folder: {exc.strerror or exc}")
            continue
        below: list[str] = []
        with scan:
            entries: Iterator[os.DirEntry[str]] = scan
            if inputs.ordered:
                entries = iter(sorted(scan, key=lambda entry: os.fsencode(entry.name)))
            while True:
                try:
                    entry = next(entries, None)
                except OSError as exc:
                    yield Problem(path=folder, reason=f"unreadable folder: {exc.strerror or exc}")
                    break
                if entry is None:
                    break
                yield from _entry(entry, inputs, below)
        # The last folder is taken next: push in reverse to keep the order of the names.
        folders.extend(reversed(below))


def _entry(entry: os.DirEntry[str], inputs: Inputs, below: list[str]) -> Iterator[Found]:
    if inputs.skip_hidden and entry.name.startswith("."):
        yield Skipped(path=entry.path, reason="hidden")
        return
    try:
        if entry.is_symlink() and not inputs.follow_links:
            yield Skipped(path=entry.path, reason="symbolic link")
        elif entry.is_dir():
            below.append(entry.path)
        elif entry.is_file():
            yield from _file(entry.path, entry.stat(), inputs)
        elif entry.is_symlink():
            yield Skipped(path=entry.path, reason="broken link")
        else:
            yield Skipped(path=entry.path, reason="special file")
    except FileNotFoundError:
        yield Item(path=entry.path)  # vanished between the folder's listing and now: it gets that outcome
    except OSError as exc:
        yield Problem(path=entry.path, reason=f"cannot be looked at: {exc.strerror or exc}")


# -- lists of names -------------------------------------------------------------------------------------


#: Of a longer name, or what has no end, so much is kept: no system has such names, and says so.
_MAX_NAME_BYTES = 1 << 17


def _split_names(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the names in a stream as they arrive; the separator is NUL if the first chunk holds one."""
    read = getattr(stream, "read1", stream.read)
    rest = b""
    separator: bytes | None = None
    while chunk := read(65536):
        if separator is None:
            # A first name may come without its end; wait for either separator.
            separator = b"\0" if b"\0" in chunk else b"\n" if b"\n" in chunk else None
        parts = [chunk] if separator is None else chunk.split(separator)
        if len(rest) < _MAX_NAME_BYTES:
            rest += parts[0]
        if separator is not None and len(parts) > 1:
            names = [rest, *parts[1:-1]]
            yield from (_trimmed(name, separator) for name in names if name.strip(b"\r"))
            rest = parts[-1]
    if rest.strip(b"\r"):
        yield _trimmed(rest, separator or b"\n")


def _trimmed(name: bytes, separator: bytes) -> bytes:
    return name.removesuffix(b"\r") if separator == b"\n" else name


# -- remote stores --------------------------------------------------------------------------------------


def _check_store(url: str) -> None:
    """Refuse a URL that nothing installed can open, or that nothing may keep."""
    refusal = _refusal(url)
    if refusal is not None:
        raise SafehashError(f"{refusal.path}: {refusal.reason}")
    try:
        from fsspec import get_filesystem_class
    except ImportError as exc:
        raise SafehashError(f"{url}: {_NEEDS_EXTRA}") from exc
    try:
        get_filesystem_class(url.partition("://")[0])
    except (ImportError, ValueError) as exc:
        raise SafehashError(f"{url}: this store cannot be opened: {exc}") from exc


#: Stores in whose URLs something else than a name and its password stands before an "@": `github://org:repo@branch/`.
_WITHOUT_PASSWORDS = frozenset({"git", "github"})

#: Stores that take no password but in the address.
_WITHOUT_SETTING = frozenset({"http", "https"})


def _refusal(url: str) -> Problem | None:
    """Return why a URL is refused whatever its store is; nothing of it is told, nor is it opened."""
    for address in url.split("::"):
        kind, _, rest = address.partition("://")
        before, at, _ = rest.partition("/")[0].rpartition("@")
        if at and before.partition(":")[2] and kind not in _WITHOUT_PASSWORDS:
            way_on = (
                "download the files, and scan these"
                if kind in _WITHOUT_SETTING
                else f"give it by the environment instead (FSSPEC_{kind.upper()}_PASSWORD)"
            )
            reason = f"a password in an address would stand in records and catalogs: {way_on}"
            return Problem(path=f"{kind}://", reason=reason)
    if "::" in url:
        return Problem(path=url, reason="a store in a store (::) is not read")
    return None


_NEEDS_EXTRA = "remote stores need an extra: pip install 'safehash[remote]'"


def _remote(url: str) -> Iterator[Found]:
    """Yield the files below a URL of any store that fsspec knows."""
    refusal = _refusal(url)
    if refusal is not None:
        yield refusal
        return
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        yield Problem(path=url, reason=_NEEDS_EXTRA)
        return
    try:
        store, root = url_to_fs(url)
        address_of = _addresses(store, url, root)
        facts = store.info(root)
        if facts["type"] != "directory":
            yield _remote_item(facts, address_of, named=True)
            return
        yield from _remote_walk(store, root, address_of)
    except Exception as exc:  # every store raises errors of its own
        yield _remote_problem(url, exc)


def _addresses(store: Any, url: str, root: str) -> Callable[[str], str]:
    """Return what tells how a file of a store is called, by the store's name for it.

    Where a URL names a host or an account, the store's own names are without it, and nothing opens them again: a
    file's is the URL that was given, and the way down from there.
    """
    if not store._get_kwargs_from_urls(url):
        return lambda name: str(store.unstrip_protocol(name))
    top, above = url.rstrip("/"), root.rstrip("/")

    def address_of(name: str) -> str:
        below = name.removeprefix(above).strip("/")
        return f"{top}/{below}" if below else top

    return address_of


def _remote_walk(store: Any, root: str, address_of: Callable[[str], str]) -> Iterator[Found]:
    """Yield the files below a folder of a store; fsspec's own walk passes in silence over what cannot be listed."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            listing = sorted(store.ls(folder, detail=True), key=lambda facts: str(facts["name"]))
        except Exception as exc:  # every store raises errors of its own
            yield _remote_problem(address_of(folder), exc)
            continue
        below = []
        for facts in listing:
            if facts["type"] != "directory":
                yield _remote_item(facts, address_of, named=False)
            elif facts["name"].rstrip("/") != folder.rstrip("/"):
                below.append(facts["name"])
        folders.extend(reversed(below))


def _remote_problem(url: str, exc: Exception) -> Problem:
    return Problem(path=url, reason=f"remote store: {type(exc).__name__}: {exc}")


def _remote_item(facts: dict[str, Any], address_of: Callable[[str], str], *, named: bool) -> Item:
    changed = next(
        (facts[key] for key in ("mtime", "LastModified", "last_modified", "updated") if key in facts), None
    )
    mtime_ns: int | None = None
    if changed is not None and hasattr(changed, "timestamp"):
        mtime_ns = time_told(int(changed.timestamp() * 1e9))
    elif isinstance(changed, (int, float)):
        mtime_ns = time_told(int(changed * 1e9))
    return Item(
        path=address_of(facts["name"]),
        size=facts.get("size"),
        mtime_ns=mtime_ns,
        named=named,
        remote=True,
    )
