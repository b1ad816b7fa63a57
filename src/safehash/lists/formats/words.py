"""Lines that are no rows of a table: a digest among words, ``hash=...`` pairs, what checksum tools print."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...hashing.hashes import Algorithm
from ..entry import Entry
from ..switches import switch
from .column_names import JUDGED, Type, named_column, names_a_digest, type_named
from .columns import ONE_IN, Column, is_quality, quality_in, with_length
from .digests import digits_in
from .fields import BadField, shown
from .judging import takes_back
from .options import ReadOptions
from .ordinary import is_ordinary
from .record_fields import Fields
from .records import RowReader
from .tally import Tally
from .together import Kind

__all__ = ["LineReader", "lengths_of", "words_have_quality"]

# SHA256 (name) = 12ab..., as BSD's tools and OpenSSL print it.
_BSD = re.compile(r"([A-Za-z][\w/-]{1,20}) ?\((.*)\) ?= ?([0-9A-Fa-f]+)")
# 12ab...  name, 12ab... *name: md5sum, sha256sum and their like; a backslash in front says that names are escaped.
_SUM = re.compile(r"\\?([0-9A-Fa-f]{32,128})(?: \*|  )(\S.*)")
_MAX_WORDS = 64
#: What may be the name of a type in front of a sign: no number, no file's name, no sentence.
_LIKE_A_TYPE = re.compile(r"(?=[\d/_-]*[^\W\d_])[\w/-]{1,16}")
_MAX_PAIRS = 200
_NO_TYPE = Type(None)
#: As what the words beside a digest are kept, and those behind its quality.
_BESIDE = ("name", "metadata", "filename")


def words_have_quality(lines: Sequence[Sequence[str]]) -> bool:
    """Tell whether the second of three and more words is a PDQ quality."""
    return is_quality([words[1] for words in lines if len(words) > 2])


def lengths_of(lines: Sequence[Sequence[str]]) -> Counter[int]:
    """Return how many lines have a digest of no type, and no other, of so many digits."""
    found: Counter[int] = Counter()
    for words in lines:
        lengths = [n for word in words if ":" not in word and (n := digits_in(_without_name(word)))]
        if len(lengths) == 1 and not any(
            kind is not None and kind.algorithm is not None for kind in map(type_named, words)
        ):
            found.update(lengths)
    return found


def _without_name(word: str) -> str:
    return word[len(_PAIR_OF_HASH) :] if word[: len(_PAIR_OF_HASH)].lower() == _PAIR_OF_HASH else word


_PAIR_OF_HASH = "hash="


def lengths_together(lines: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Return of how many digits the digests of nearly all lines are, where these have several of no type; () else."""
    found: Counter[tuple[int, ...]] = Counter()
    for words in lines:
        if not any(kind is not None and kind.algorithm is not None for kind in map(type_named, words)):
            found[tuple(filter(None, map(digits_in, words)))] += 1
    del found[()]
    if not found:
        return ()
    usual, n_alike = found.most_common(1)[0]
    n_others = found.total() - n_alike
    return usual if len(usual) > 1 and n_others <= max(1, found.total() // ONE_IN) else ()


class LineReader(RowReader):
    """Reads rows of text, and what stands among them that is no row.

    Parameters are those of `RowReader`, and

    sample : sequence of rows
        Some of the page's rows.
    has_quality : bool
        In lines of words the second word is a quality.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        options: ReadOptions,
        tally: Tally,
        *,
        headed: bool,
        sample: Sequence[Sequence[str]] = (),
        has_quality: bool = False,
    ) -> None:
        super().__init__(columns, options, tally, headed=headed)
        #: Of digests that stand in no column, and of several in lines of words.
        alone = with_length(Column("hash", "hash"), lengths_of(sample))
        longest = max((digits_in(_without_name(word)) for row in sample for word in row), default=0)
        self._alone = replace(alone, n_longest=longest)
        self._together = lengths_together(sample) if len(columns) == 1 else ()
        self._has_quality = has_quality
        self._unfinished = False
        self._fields = Fields(tally)  # of lines of pairs
        self._position = 0
        self._n_worded = 0  # lines with words beside their digests
        self._n_before = tally.n_records
        self._telling: set[str] = set()  # names in pairs that speak of type, deletion or opinion
        self._kind = columns[0].type if len(columns) == 1 else _NO_TYPE

    def close(self) -> None:
        """Look at what some lines have and others lack, once all are read."""
        self._fields.close()
        if 0 < self._n_worded < self.tally.n_records - self._n_before:
            for name in _BESIDE:
                self.tally.met_together(name, "unnamed").add(("",))

    def _check_width(self, values: Sequence[object], unfinished: bool) -> None:
        if not self._is_line(values):
            super()._check_width(values, unfinished)

    def _entries(
        self,
        values: Sequence[object],
        position: int,
        complain: Callable[[str], None],
        *,
        unfinished: bool = False,
    ) -> list[Entry]:
        self._unfinished = unfinished
        if not self._is_line(values):
            return super()._entries(values, position, complain, unfinished=unfinished)
        for column in self.columns:
            self.cells.beside_others(column, "", position)
        self._position = position
        texts = [str(value).strip() for value in values]
        if texts[0][:5].lower() == "hash=":
            text = ",".join(texts)
            return self._from_pairs(text.split(",") if "," in text else text.split(), position)
        return self._from_words(next(text for text in texts if text))

    def _is_line(self, values: Sequence[object]) -> bool:
        """Tell whether some cells are no row of this table."""
        first = str(values[0]).strip()
        if first[:5].lower() == "hash=":
            return True
        if len(self.columns) == 1:
            return len(values) == 1 and (len(first.split(None, 1)) > 1 or bool(self._together and first))
        if self.headed:
            return False
        filled = [str(value).strip() for value in values if str(value).strip()]
        return len(filled) == 1 and (not digits_in(filled[0]) or filled[0] == first)

    # -- pairs ---------------------------------------------------------------------------------------------

    def _from_pairs(self, items: Sequence[str], position: int) -> list[Entry]:
        """Read ``hash=<hex>`` with or without metadata, as pairs or as free text."""
        names: list[str] = []
        values: list[object] = []
        free: list[str] = []
        if self._unfinished and len(items) > 1:
            name, equals, _ = items[-1].partition("=")
            is_name = re.fullmatch(r"\s*\w+", name) is not None  # or what is left of one
            if (is_name and not equals) or named_column(name.strip()).meaning in (*JUDGED, "type", "labels"):
                raise BadField(
                    "the list may be cut off: its last line has no line end; add one if it is whole"
                )
        for item in items[:_MAX_PAIRS]:
            name, equals, value = item.partition("=")
            name = name.strip()
            if not equals or not name or name in names:
                free.append(item)
            else:
                names.append(name)
                values.append(value)
        free += items[_MAX_PAIRS:]
        if any(free):
            names.append("metadata")
            values.append(" ".join(filter(None, free)))
        columns = []
        for name in names:
            named = named_column(name)
            meaning = "extra" if named.meaning == "odd_hash" else named.meaning
            kind = named.type or _NO_TYPE
            if name.lower() == "hash":
                kind = self._kind
                if kind.algorithm is None:
                    self.check_length(self._alone, values[names.index(name)], unfinished=self._unfinished)
            if named.meaning == "extra":
                watched: Kind = "ordinary" if is_ordinary(name) else "named"
                columns.append(Column(name, "extra", watched=watched))
            else:
                columns.append(Column(name, meaning, kind, named.weak, "named"))
        telling = {column.name for column in columns if column.meaning in (*JUDGED, "type", "labels")}
        if self._unfinished and self._telling - telling:
            raise BadField(
                f"the list may be cut off: its last line has no line end, and no {min(self._telling - telling)!r}, as "
                "others have"
            )
        if len(self._telling) < _MAX_PAIRS:
            self._telling |= telling
        reader = RowReader(columns, self.options, self.tally)
        self._fields.meet(reader)
        return reader._entries(values, position, lambda problem: self.tally.reject(position, problem))

    # -- words ---------------------------------------------------------------------------------------------

    def _from_words(self, text: str) -> list[Entry]:
        """Read a digest alone, after a type, after a name and a type, or in front of words."""
        match = _BSD.fullmatch(text)
        if match is not None:
            return [self._typed(type_named(match[1]), match[1], match[3], {"name": match[2]})]
        match = _SUM.fullmatch(text)
        if match is not None:
            if len(match[1]) == 64 and self._kind.algorithm is None and self.digests.algorithm is None:
                self.tally.n_sums += 1
            return [self._entry(match[1], self._kind, {"metadata": match[2].strip()})]
        words = text.split(None, _MAX_WORDS)
        found = self._after_types(words)
        if found:
            return found
        at = [k for k, word in enumerate(words) if digits_in(word)]
        self._check_together(tuple(digits_in(words[k]) for k in at))
        if len(at) > 1:
            return self._several(words, at)
        if len(words) == 2 and at == [1] and self._kind.algorithm is None and self.digests.algorithm is None:
            self._check_name(words[0])
        if len(words) > 1 and at == [len(words) - 1]:
            return [self._entry(words[-1], self._kind, {"name": " ".join(words[:-1])})]
        typed = type_named(words[1]) if len(words) > 1 and self._kind.algorithm is None else None
        if typed is not None and typed.algorithm is not None:  # a digest with its type behind it
            return [self._entry(words[0], typed, {"metadata": " ".join(words[2:])})]
        quality = quality_in(words[1]) if len(words) > 2 and self._has_quality else None
        rest = " ".join(words[1:] if quality is None else words[2:])
        kind = "metadata" if quality is None else "filename"
        return [self._entry(words[0], self._kind, {kind: rest}, quality=quality)]

    def _check_alone(self, digest: str) -> None:
        """Refuse a digest alone on a line, beside rows that have several, if none of these is as long.

        Raises
        ------
        BadField
        """
        known = {self.columns[k].n_digits for k in self.hash_columns}
        if len(self.hash_columns) > 1 and 0 not in known and digits_in(digest) not in known:
            raise BadField(f"{shown(digest)} alone is none of the digests that the others' rows have")

    def _look_beside(self, texts: Mapping[str, str]) -> None:
        """Look at the words beside a digest together with those of other lines: yes and no may take back."""
        self._n_worded += 1
        for name in _BESIDE:
            self.cells.beside_others(
                Column(name, "extra", watched="unnamed"), texts.get(name, ""), self._position
            )

    def _check_name(self, name: str) -> None:
        """Refuse a line in front of whose digest stands what may be the name of a type that is not known.

        Raises
        ------
        BadField
        """
        bare = name.rstrip(":=")
        is_told = bare != name and _LIKE_A_TYPE.fullmatch(bare) is not None
        if (is_told and named_column(bare).meaning not in ("hash", "id")) or names_a_digest(bare) is not None:
            raise BadField(
                f"{shown(name)} in front of the digest may name its type, and is none that is known here: "
                f"{switch('algorithm')} says what the digests are"
            )

    def _check_together(self, lengths: tuple[int, ...]) -> None:
        """Refuse a line with other digests than nearly all have, where these have several: one may be damaged.

        Raises
        ------
        BadField
        """
        if self.options.algorithm is None and self._together and lengths != self._together:
            found, expected = (", ".join(map(str, each)) for each in (lengths, self._together))
            raise BadField(
                f"expected digests of {expected} hexadecimal digits, as others have, found {found or 'none'}"
            )

    def _several(self, words: Sequence[str], at: Sequence[int]) -> list[Entry]:
        lengths = [digits_in(words[k]) for k in at]
        if len(at) < len(words) or len(set(lengths)) < len(lengths):
            raise BadField(f"{len(at)} digests on one line, and nothing says what each of them is")
        return [self._entry(word, self._kind, {}) for word in words]

    def _after_types(self, words: Sequence[str]) -> list[Entry]:
        """Read digests that stand behind the names of their types: ``pdq <hash>``, ``NAME md5 <hash>``."""
        found: list[Entry] = []
        pairs: list[tuple[int, Type]] = []
        for k in range(len(words) - 1):
            kind = type_named(words[k]) if not digits_in(words[k]) else None
            if kind is None or kind.algorithm is None or (pairs and pairs[-1][0] == k - 1):
                continue
            if k and digits_in(words[k - 1]) and not digits_in(words[k + 1]):
                continue  # of the digest in front of it
            if isinstance(kind.algorithm, Algorithm) or k == 0 or digits_in(words[k + 1]):
                pairs.append((k, kind))
        if not pairs:
            return found
        if len(pairs) > 1 and not all(digits_in(words[k + 1]) for k, _ in pairs):
            pairs = pairs[-1:]  # a name that has a type's name in it
        taken = {k for at, _ in pairs for k in (at, at + 1)}
        more = [k for k, word in enumerate(words) if k not in taken and digits_in(word)]
        if more:
            raise BadField(
                f"{len(pairs) + len(more)} digests on one line, and nothing says what each of them is"
            )
        first, last = pairs[0][0], pairs[-1][0] + 2
        name = " ".join(words[:first])
        metadata = " ".join(words[last:])
        for at, kind in pairs:
            found.append(self._entry(words[at + 1], kind, {"name": name, "metadata": metadata}))
        return found

    def _typed(self, kind: Type | None, named: str, digest: str, texts: Mapping[str, str]) -> Entry:
        if kind is None or kind.algorithm is None:
            raise BadField(f"{shown(named)} is no type of digest known here")
        return self._entry(digest, kind, texts, is_name=True)  # of a file, in brackets: "(d)"

    def _entry(
        self,
        digest: str,
        kind: Type,
        texts: Mapping[str, str],
        *,
        quality: int | None = None,
        is_name: bool = False,
    ) -> Entry:
        if kind.algorithm is None:
            column = self.columns[0] if len(self.columns) == 1 else self._alone
            column = replace(column, n_longest=self._alone.n_longest) if self._unfinished else column
            self.check_length(column, digest, unfinished=self._unfinished)
            self._check_alone(digest)
        extra: dict[str, Any] = {name: text for name, text in texts.items() if text}
        for name, text in extra.items():
            self.cells.unknown(Column(name, "extra"), text)
            if not is_name and takes_back(text, is_in_front=name == "name"):
                raise BadField(
                    f"{shown(text)} beside the digest may say that it was taken back: make a table of the list, with "
                    "columns that have names"
                )
        value = self.digests.read(digest, kind, quality=quality)
        if not is_name:
            self._look_beside(extra)
        return Entry(hash=value, source=self.source, extra=extra)
