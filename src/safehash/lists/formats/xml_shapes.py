"""Expressions made from one record of a page, which take others of its shape apart, many at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

__all__ = ["Shape", "Shapes", "is_odd", "shape_of"]

#: Shapes looked for in a page, and among records with as many tags: a page of ever other records costs no more.
_SHAPES, _ALIKE = 16, 3
#: Longer records, and such of more texts, have no shape: the expression would be larger than what it saves.
_MAX_CHARACTERS, _MAX_GROUPS = 1 << 14, 80

_SPACE = r"[ \t\r\n]"
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>{_NAME})(?P<attributes>(?:{_SPACE}+{_NAME}=\"[^\"<>&]*\")*){_SPACE}*(?P<empty>/?)>"
)
_ATTRIBUTE = re.compile(rf"(?P<name>{_NAME})=\"[^\"]*\"")
#: What a text may hold without meaning anything else in XML, or being refused there.
_TEXT = r"([^<>&\x00-\x1f]*)"
_VALUE = r'([^"<>&\x00-\x1f]*)'


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How some records are written: the same tags, attributes and blanks, with other texts in them.

    Attributes
    ----------
    paths : tuple of str
        Where each text stands: ``id``, ``member@id``, ``fingerprints/md5``, without the record's own name.
    """

    paths: tuple[str, ...]
    _expression: re.Pattern[str]

    def texts(self, pieces: Sequence[str]) -> Sequence[tuple[str, ...] | None]:
        """Return the texts of each record, None of those that are not of this shape.

        A record that is of this shape is well-formed, as the one is that the shape was made from.

        Parameters
        ----------
        pieces : sequence of str
            Without their last tag; no NUL is in them, nor what `is_odd` tells.
        """
        found: list[tuple[str, ...]] = self._expression.findall("\0".join(["", *pieces, ""]))
        del found[-1]  # of what stands behind the last mark
        return found if all(map(any, found)) else [texts if any(texts) else None for texts in found]


def is_odd(text: str) -> bool:
    """Tell whether a text has characters that XML has not, or that mark where records begin here."""
    return "\0" in text or (not text.isascii() and ("\ufffe" in text or "\uffff" in text))


class Shapes:
    """The shapes of one page's records, made as they come.

    Parameters
    ----------
    end : str
        The last tag of a record.
    """

    def __init__(self, end: str) -> None:
        self._end = end
        self._by_tags: dict[int, list[Shape]] = {}
        self._n_made = 0
        self._usual: Shape | None = None  # tried first: most records of a page are of one

    def sort_out(self, pieces: Sequence[str]) -> list[tuple[Shape, list[int], list[tuple[str, ...]]]]:
        """Return for each shape which records are of it, and their texts; records of no shape are left out.

        Parameters
        ----------
        pieces : sequence of str
            Records without their last tag, none of them odd.
        """
        sorted_out: list[tuple[Shape, list[int], list[tuple[str, ...]]]] = []
        left = list(range(len(pieces)))
        if self._usual is not None:
            left = _sort(self._usual, pieces, left, sorted_out)
        by_tags: dict[int, list[int]] = {}
        for k in left:
            by_tags.setdefault(pieces[k].count("<"), []).append(k)
        for n_tags, left in by_tags.items():
            known = self._by_tags.setdefault(n_tags, [])
            for attempt in range(_ALIKE):
                if attempt == len(known):
                    made = self._made(pieces[left[0]])
                    if made is None:
                        break
                    known.append(made)
                if known[attempt] is not self._usual:
                    left = _sort(known[attempt], pieces, left, sorted_out)
                if not left:
                    break
        if sorted_out:
            self._usual = max(sorted_out, key=lambda found: len(found[1]))[0]
        return sorted_out

    def _made(self, piece: str) -> Shape | None:
        if self._n_made >= _SHAPES:
            return None
        self._n_made += 1
        return shape_of(piece, self._end)


def _sort(
    shape: Shape,
    pieces: Sequence[str],
    at: list[int],
    into: list[tuple[Shape, list[int], list[tuple[str, ...]]]],
) -> list[int]:
    """Add those of some records that are of a shape, and return the others."""
    rows = shape.texts(pieces if len(at) == len(pieces) else [pieces[k] for k in at])
    found = [texts for texts in rows if texts is not None]
    if len(found) == len(at):
        into.append((shape, at, found))
        return []
    if found:
        into.append((shape, [k for k, texts in zip(at, rows, strict=True) if texts is not None], found))
    return [k for k, texts in zip(at, rows, strict=True) if texts is None]


def shape_of(piece: str, end: str) -> Shape | None:
    """Return the shape of a record; None where it is not written plainly: comments, entities, texts beside elements.

    Parameters
    ----------
    piece : str
        The record without its last tag.
    end : str
        That tag.

    Examples
    --------
    >>> shape = shape_of('<image><id>7</id><member id="3"/>', "</image>")
    >>> shape.paths
    ('id', 'member@id')
    >>> shape.texts(['<image><id>8</id><member id="4"/>', "<image><id>8</id>"])
    [('8', '4'), None]
    """
    if len(piece) > _MAX_CHARACTERS:
        return None
    try:
        ElementTree.XML(piece.lstrip() + end)
    except ElementTree.ParseError:
        return None
    wanted: list[str] = []  # the expression, part by part
    paths: list[str] = []
    inside: list[str] = []
    at = 0
    is_opened = False  # the last tag opened an element
    for tag in _TAG.finditer(piece):
        between = piece[at : tag.start()]
        if is_opened and tag["end"]:
            if not _is_plain(between):
                return None
            wanted.append(_TEXT)
            paths.append("/".join(inside[1:]))
        elif between.strip(" \t\r\n"):
            return None
        else:
            wanted.append(re.escape(between) if inside else f"{_SPACE}*")
        at = tag.end()
        is_opened = False
        if tag["end"]:
            inside.pop()
            wanted.append(re.escape(tag[0]))
            continue
        inside.append(tag["name"])
        opening = tag.start()
        for attribute in _ATTRIBUTE.finditer(piece, tag.start("attributes"), tag.end("attributes")):
            if attribute["name"].lower().startswith("xml"):
                return None
            wanted += [re.escape(piece[opening : attribute.end("name")]), '="', _VALUE, '"']
            paths.append(f"{'/'.join(inside[1:])}@{attribute['name']}")
            opening = attribute.end()
        wanted.append(re.escape(piece[opening : tag.end()]))
        if tag["empty"]:
            inside.pop()
        else:
            is_opened = True
    if is_opened or piece[at:].strip(" \t\r\n") or len(inside) != 1 or not 2 <= len(paths) <= _MAX_GROUPS:
        return None
    wanted.append(re.escape(piece[at:]))
    return Shape(tuple(paths), re.compile(rf"\0(?:{''.join(wanted)}(?=\0)|[^\0]*)"))


def _is_plain(text: str) -> bool:
    return re.fullmatch(_TEXT, text) is not None
