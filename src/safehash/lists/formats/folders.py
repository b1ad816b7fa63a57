"""Which files of a folder are the pages of a list, and what in it nobody can take for one."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from ...errors import ListError
from ..source import LAST_GOOD
from ..switches import switch

__all__ = ["Names", "is_former", "not_read", "page_paths", "says_former"]


def page_paths(path: Path) -> list[Path]:
    """Return the files that make up the list at `path`: itself, or a directory's files in name order.

    Raises
    ------
    ListError
        Nothing there, or a directory with nothing in it.
    """
    try:
        if not path.is_dir():
            if not path.exists():
                raise ListError("no such file or directory", path=path)
            return [path]
        found = [entry for entry in _seen(path) if entry.is_file()]
        if not found and not any(map(_has_files, _seen(path))):
            raise ListError("a directory without files", path=path)
    except OSError as exc:
        raise ListError(f"cannot be read: {exc.strerror}", path=path) from exc
    return found


def not_read(path: Path, ignore: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what in a list's folder is no page of it: the first that nobody set aside, and what was.

    Parameters
    ----------
    path : Path
    ignore : collection of str
        Folders that are left out, as "archive/".

    Returns
    -------
    objections : list of str
        Why the list is refused, one for each thing that may hold digests of it: a folder with files in it, a name that
        leads nowhere, a pipe.
    left_out : list of str
        Folders that were set aside.
    """
    objections: list[str] = []
    left_out: list[str] = []
    if not path.is_dir():
        return objections, left_out
    for entry in _seen(path):
        if entry.is_file():
            continue
        if f"{entry.name}/" in ignore:
            left_out.append(f"{entry.name}/")
        elif not entry.is_dir():
            objections.append(
                f"{entry.name} is neither a file nor a folder, or a name that leads nowhere: take it away"
            )
        elif _has_files(entry):
            objections.append(
                f"the folder {entry.name} in it holds files, and only those beside it are read: give it as a list of "
                f"its own, move its files here if they are pages of this list, or leave it out with "
                f"{switch('ignore', [f'{entry.name}/'])}"
            )
    return objections, left_out


def _seen(folder: Path) -> list[Path]:
    """Return what is in a folder, in name order; what is hidden, and what is kept beside lists, is not."""
    return sorted(
        (
            entry
            for entry in folder.iterdir()
            if not entry.name.startswith(".") and not entry.name.endswith(LAST_GOOD)
        ),
        key=lambda entry: entry.name,
    )


def _has_files(path: Path) -> bool:
    """Tell whether anything but folders is in a folder, at any depth; one that cannot be listed may hold anything."""
    return any(True for _ in _files_in(path))


def _files_in(path: Path) -> Iterator[str]:
    if path.is_symlink() or not path.is_dir():
        yield path.name
        return
    unlisted: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=unlisted.append):
        yield from (name for name in names if not name.startswith("."))
        yield from (name for name in folders if Path(folder, name).is_symlink())
        folders[:] = [name for name in folders if not name.startswith(".")]
    yield from (str(exc) for exc in unlisted)


class Names:
    """The names of all pages of a list, folders in archives among them.

    Parameters
    ----------
    paths : iterable of str
        As "removed/list.csv".

    Attributes
    ----------
    n : int
    shared : frozenset of str
        Folders that all pages lie in: they set none apart.
    each : frozenset of str
        Of pages and folders, in lower case.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        split = [frozenset(path.split("/")) for path in paths]
        self.n = len(split)
        self.shared = frozenset.intersection(*split) if split else frozenset()
        self.each = frozenset(part.lower() for path in split for part in path)
        self._present = sorted(_joined(_parts(name)) for name in self.each if _without_former(name) is None)

    def has_beginning(self, parts: Sequence[str]) -> bool:
        """Tell whether a name without a word like "old" begins with these parts."""
        joined = _joined(parts)
        at = bisect_left(self._present, joined)
        return at < len(self._present) and self._present[at].startswith(joined)


def is_former(name: str, beside: Names | None = None) -> bool:
    """Tell whether the name of a page, or of a folder around it, may say that it is a former one, or not whole.

    Parameters
    ----------
    name : str
    beside : Names, optional
        A number behind a name, or a word like "old" in front or behind, counts where the name without it is there, too.

    Examples
    --------
    >>> names = ("a.csv", "a.csv.bak", "a_old.csv", "Copy of a.csv", "a (1).csv", "old_town.csv")
    >>> [name for name in names if is_former(name, Names(names))]
    ['a.csv.bak', 'a_old.csv', 'Copy of a.csv', 'a (1).csv']
    """
    lower = name.lower()
    if _ENDING.search(lower) is not None:
        return True
    if any(_COPY.search(stem.strip()) for stem in (lower.partition(".")[0], lower.rpartition(".")[0])):
        return True
    if beside is None:
        return False
    numbered = _NUMBERED.fullmatch(lower) if len(lower) <= _LONGEST_NAME else None
    if (
        numbered is not None
        and "".join(filter(None, numbered.group("name", "name2", "ending"))) in beside.each
    ):
        return True
    rest = _without_former(lower)
    return rest is not None and (not rest or beside.has_beginning(rest))


def says_former(name: str) -> bool:
    """Tell whether a word of a name may say that others took its place, whatever is beside it.

    Examples
    --------
    >>> says_former("internet-archive-2024.csv"), says_former("12 years old.csv"), says_former("golden.csv")
    (True, False, False)
    """
    words = re.findall(r"[^\W\d_]+", name.lower())
    return not _FORMER.isdisjoint(words) and not any(each.startswith("year") for each in words)


def _without_former(lower: str) -> list[str] | None:
    """Return the parts of a name without a word like "old" in front or behind (but for numbers); None without one."""
    if not says_former(lower):
        return None
    parts = _parts(lower)
    at = [k for k, part in enumerate(parts) if not part.isdecimal()]
    which = next((k for k in (at[:1] + at[-1:]) if parts[k] in _FORMER), None)
    return None if which is None else parts[:which] + parts[which + 1 :]


def _parts(name: str) -> list[str]:
    """Return words and numbers of a name, without its ending."""
    lower = name.lower()
    return re.findall(r"[^\W\d_]+|\d+", lower.rpartition(".")[0] or lower)


def _joined(parts: Sequence[str]) -> str:
    return "".join(f"{part} " for part in parts)


#: What editors, downloads and people put behind the name of a file that is not the present one, or not whole.
_ENDING = re.compile(
    r"~$|^~\$|^#.*#$|\.(?:bak|backup|old|orig|prev|previous|save?|sw[a-p]|te?mp|part|partial|filepart|crdownload"
    r"|download|opdownload|aria2|!ut|rej)\d*$"
)
_COPY = re.compile(
    r"^(?:copy|kopie|copie|copia|kopia|kopi) (?:of|von|van|de|di|av) "
    r"|[ _-](?:copy|kopie|copie|copia|kopia|kopi)(?:[ _-]*\(?\d+\)?)?$"
)
#: File systems have no longer names; in archives there are.
_LONGEST_NAME = 255
#: "list (1).csv", "list.csv.1", "list.csv~1": downloads, rotated files and versions of one name.
_NUMBERED = re.compile(r"(?P<name>.+?)(?:[ _-]*\(\d+\)(?P<ending>(?:\.[^.]*)*))|(?P<name2>.+?)\.?[.~]\d+~?")
#: In a name, bare or among others.
_FORMER = frozenset(
    (
        "old",
        "bak",
        "backup",
        "backups",
        "prev",
        "previous",
        "former",
        "outdated",
        "stale",
        "archive",
        "archives",
    )
)
