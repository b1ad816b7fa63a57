"""Where something was mounted when files below were seen: a store that is not mounted has lost none of them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable

from .places import is_in

__all__ = ["Mounts"]


class Mounts:
    """The mount points that a catalog knows, and those that the run under way meets.

    Numbers of devices change from boot to boot, so that it is not kept on which device a folder was, but that its
    own was another than that of the folder above.

    Parameters
    ----------
    db : sqlite3.Connection
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: set[bytes] = {bytes(path) for (path,) in db.execute("SELECT path FROM mounts")}
        self._of_device: dict[int, list[bytes]] = {}

    def meet(self, folder: bytes) -> None:
        """Keep on what a folder with files lies, by its resolved path; what cannot be looked at says nothing."""
        try:
            device = _device_of(folder)
            points = self._of_device.setdefault(device, [])
            if any(is_in(folder, point) for point in points):
                return
            point = _mount_point(folder, device)
        except OSError:
            return
        points.append(point)
        if point not in self._known and os.path.dirname(point) != point:  # noqa: PTH120  something is always at /
            self._known.add(point)
            self._db.execute("INSERT OR IGNORE INTO mounts (path) VALUES (?)", (point,))

    def lost(self, tops: Iterable[bytes]) -> frozenset[bytes]:
        """Return where nothing is mounted any more, of what lies in some folders or above them."""
        tops = list(tops)
        return frozenset(
            point
            for point in self._known
            if any(is_in(point, top) or is_in(top, point) for top in tops) and not _is_mounted(point)
        )

    def forget(self, points: Iterable[bytes]) -> None:
        """Take folders for ordinary ones from now on."""
        for point in points:
            self._known.discard(point)
            self._db.execute("DELETE FROM mounts WHERE path = ?", (point,))


def _mount_point(folder: bytes, device: int) -> bytes:
    """Return the folder nearest to the root that is on the device of `folder`, as all between them are."""
    while True:
        above = os.path.dirname(folder)  # noqa: PTH120  bytes
        if above == folder or _device_of(above) != device:
            return folder
        folder = above


def _is_mounted(point: bytes) -> bool:
    try:
        return _device_of(point) != _device_of(os.path.dirname(point))  # noqa: PTH120  bytes
    except OSError:
        return False


def _device_of(folder: bytes) -> int:
    return os.stat(folder).st_dev  # noqa: PTH116  bytes
