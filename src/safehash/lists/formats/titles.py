"""Tell what a text around a list says of all that is in it: another type than is guessed, or that it was taken back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...errors import ListError
from ...hashing.hashes import Algorithm
from ..switches import switch
from .column_names import type_named
from .fields import shown
from .options import ReadOptions
from .pages import Page
from .records import section_refused
from .sentences import is_section
from .tally import Tally

__all__ = ["Titles", "check_words", "words_of"]


class Titles:
    """The texts around the records of a JSON page.

    Parameters
    ----------
    page : Page
    tally : Tally
    options : ReadOptions
    """

    def __init__(self, page: Page, tally: Tally, options: ReadOptions) -> None:
        self._page = page.name
        self._tally = tally
        self._ignore = {name.casefold() for name in options.ignore}
        self._is_told = options.algorithm is not None
        self._texts: dict[str, str] = {}

    def meet(self, fields: Mapping[str, Any]) -> None:
        """Look at the fields of an object around records, or of a record of several digests.

        Raises
        ------
        ListError
            One may say that what is in it was taken back.
        """
        for name, text in _texts_in(fields):
            if name.casefold() in self._ignore or "#" in self._ignore:
                continue
            if is_section(text):
                raise section_refused(self._tally, 1, text, name)
            if not self._is_told and len(self._texts) < _MOST:
                self._texts.setdefault(text, name)

    def check_types(self, guessed: Collection[Algorithm]) -> None:
        """Refuse a page of digests of no type around which, or in whose name, another type is named than is guessed.

        Raises
        ------
        ListError
        """
        if not guessed:
            return
        check_words(self._tally, self._page, guessed, f"the name of page {self._page}", self._page)
        for text, name in self._texts.items():
            check_words(self._tally, self._page, guessed, f"{shown(text)} in {name!r}", text)


#: Longer texts are no titles, in characters; so many of a page are looked at.
_LONGEST, _MOST = 200, 1000
_MAX_DEPTH = 3


def _texts_in(fields: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the texts of an object, and of objects in it, that are no addresses."""
    for name, value in fields.items():
        if isinstance(value, str) and len(value) <= _LONGEST and "://" not in value:
            yield name, value
        elif isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _texts_in(value, depth + 1)


def check_words(
    tally: Tally, page: str, guessed: Collection[Algorithm], where: str, text: str, *, column: str = "NAME"
) -> None:
    """Refuse a list of which a text around it says that its digests are of other types than are guessed.

    Parameters
    ----------
    column : str
        What a column of digests is called.

    Raises
    ------
    ListError
    """
    types = {
        kind.algorithm
        for each in words_of(text)
        if _TYPE.search(each) and (kind := type_named(_SUMS.sub("", each))) is not None
    } - {None}
    guess = min((each.value for each in guessed), default="")
    if guess and _OF_OTHERS.search(text) is not None:
        raise ListError(
            f"refused: {where} may say that the digests are of something else than pictures: "
            f"{switch('algorithm', guess)} takes them for what their length says",
            path=tally.path,
        )
    if types and guess and not types & {*guessed}:
        named = [each.value for each in types if isinstance(each, Algorithm)]
        taken = switch("algorithm", named[0]) if named else switch("columns", {"dhash": column})
        raise ListError(
            f"refused: {where} names another type than the digests in it would be taken for: {taken} takes them for "
            f"the type that it names, {switch('algorithm', guess)} for what their length says (page {page})",
            path=tally.path,
        )


def words_of(text: str) -> list[str]:
    """Return the words of a text, names of types of more than one word among them as one: "sha 256"."""
    return re.findall(r"[^\W_]+(?:[-_]\d+)?", _TWO_WORDS.sub(r"\1\2\3\4", text))


_TYPE = re.compile(r"hash|sha|md\d|pdq|dna|crc|ripemd|blake|ntlm", re.IGNORECASE)
_TWO_WORDS = re.compile(
    r"\b(sha|md)[ _](\d)|\b(average|difference|wavelet|block|radial)[ _-](hash)",
    re.IGNORECASE,
)
#: MD5SUMS, as files of checksums are called.
_SUMS = re.compile(r"sums?$", re.IGNORECASE)
#: "MD5 of the URLs", "hashes of emails from 2024"; of "user uploads" and "URL-reported pictures" the last word counts.
_OF_OTHERS = re.compile(
    r"\b(?:md5|sha-?\d+|hash(?:es)?|digests?|checksums?)\b[^\n]{0,20}\b(?:of|over) (?:the |all |their )?"
    r"(?:urls?|links?|e-?mails?|addresses|names?|file ?names?|passwords?|users?|user ?names?|domains?|ips?|texts?"
    r"|paths?|captions?|phone numbers?|titles?)\b(?!-)"
    r"(?!\s+(?!(?:and|are|as|at|below|by|for|from|in|is|not|of|on|only|or|seen|sent|that|to|we|were|which|with)\b)[^\W\d])",
    re.IGNORECASE,
)
