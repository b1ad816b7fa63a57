"""Which pictures of one upload are cut into windows: those that are shown longest and differ most."""

from __future__ import annotations

from dataclasses import dataclass

from ..hashing.hashes import Hash
from .thumbnails import Thumbnails

__all__ = ["Sample", "Sampled"]

#: Bits between two pictures of one upload that need not both be cut into windows.
_SAME_PICTURE = 12
#: Pictures of one upload that are cut into windows, at most.
MAX_SAMPLED = 8
#: What a browser makes of a frame that asks to be shown for `_HASTY` milliseconds or less.
_HASTY, _HASTY_SHOWN_FOR = 10.0, 100.0


@dataclass(slots=True)
class Sampled:
    """A picture worth cutting into windows.

    Attributes
    ----------
    hash : Hash
        Of the picture as it is.
    thumbs : Thumbnails
    name : str
        What to call it.
    shown_for : float
        Milliseconds, pictures like it included.
    since : int
        Place in `EFFORTS` of the least that looks at it.
    """

    hash: Hash
    thumbs: Thumbnails
    name: str
    shown_for: float
    since: int = 0


class Sample:
    """The pictures kept so far, in the order in which they were offered."""

    def __init__(self) -> None:
        self.kept: list[Sampled] = []

    def offer(self, own: Hash, thumbs: Thumbnails, name: str, shown_for: float, since: int = 0) -> None:
        """Keep a picture, or let that one go which was shown shortly and is most like another.

        Parameters
        ----------
        own : Hash
            Of the picture as it is.
        thumbs : Thumbnails
        name : str
        shown_for : float
            Milliseconds, as the file says.
        since : int
            Place in `EFFORTS` of the least that looks at it.
        """
        if shown_for <= _HASTY:
            shown_for = _HASTY_SHOWN_FOR
        for each in self.kept:
            if own.distance(each.hash) <= _SAME_PICTURE:
                each.shown_for += shown_for
                return
        self.kept.append(Sampled(own, thumbs, name, shown_for, since))
        if len(self.kept) > MAX_SAMPLED:
            self.kept.remove(min(self.kept, key=self._worth))
        if self.kept[-1].thumbs is thumbs and len(self.kept) > 1:
            thumbs.let_picture_go()

    def _worth(self, each: Sampled) -> float:
        nearest = min(each.hash.distance(other.hash) for other in self.kept if other is not each)
        return nearest * each.shown_for
