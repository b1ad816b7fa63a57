"""A digest as lists write it: hexadecimal digits, base64, decimals, bits, with and without its type."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

import numpy as np

from ...hashing.hashes import Algorithm, ForeignHash, Hash
from ..switches import switch
from .column_names import Type, type_named
from .fields import BadField, algorithm_name, shown
from .options import ReadOptions
from .tally import Tally

__all__ = [
    "BY_DIGITS",
    "DIGIT_COUNTS",
    "DigestReader",
    "are_parts",
    "bare",
    "decoded",
    "digits_in",
    "digits_told",
    "is_decimal",
    "is_hex",
    "is_untyped",
]

#: What a digest of so many hexadecimal digits is where nothing says it.
BY_DIGITS = {64: Algorithm.PDQ, 40: Algorithm.SHA1, 32: Algorithm.MD5, 16: Algorithm.PHASH}
DIGIT_COUNTS = "64, 40, 32 or 16"

_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+=*")
# 0x12ab, \x12ab (PostgreSQL), X'12ab' (SQL), ="12ab" and '12ab (spreadsheets).
_WRAPPED = re.compile(r"""(?:0x|\\x)([0-9A-Fa-f]+)|x'([0-9A-Fa-f]+)'|="([^"]*)"|'([^']*)""", re.IGNORECASE)
_PREFIXED = re.compile(r"([A-Za-z][\w-]{0,30}):(\S+)")
_NO_TYPE = Type(None)


def bare(text: str) -> str:
    """Return a cell without what spreadsheets and databases put around digits."""
    text = text.strip()
    if text[:1] not in ("0", "\\", "x", "X", "=", "'"):
        return text
    match = _WRAPPED.fullmatch(text)
    return text if match is None else next(found for found in match.groups() if found is not None).strip()


def is_decimal(text: str) -> bool:
    """Tell whether hexadecimal digits may be a decimal number: no letter among them, and not all zeros."""
    return text.isdecimal() and text.strip("0") != ""


def is_hex(text: str) -> bool:
    """Tell whether a text is hexadecimal digits and nothing else."""
    return _HEX.fullmatch(text) is not None


def digits_in(text: str) -> int:
    """Return how many hexadecimal digits a cell has that can be nothing but a digest, else 0.

    Sixteen decimal digits are an exchange's id far more often than a pHash.
    """
    text = bare(text)
    if ":" in text:
        match = _PREFIXED.fullmatch(text)
        if match is None or (type_named(match[1]) or _NO_TYPE).algorithm is None:
            return 0
        text = match[2]
    if len(text) not in BY_DIGITS or not _HEX.fullmatch(text):
        return 0
    return len(text) if len(text) > 16 or not text.isdecimal() else 0


def is_untyped(value: object) -> bool:
    """Tell whether a cell holds something, and nothing in it says of which type it is."""
    return isinstance(value, str) and value.strip() != "" and ":" not in value


def digits_told(text: str, algorithm: Algorithm | None, notation: str | None) -> int:
    """Return how many hexadecimal digits the digest in a cell is worth, in the notation that was told; 0 for none."""
    if notation in (None, "hex"):
        return digits_in(text)
    kinds = (
        [algorithm]
        if algorithm is not None
        else [Algorithm.PDQ, Algorithm.SHA1, Algorithm.MD5, Algorithm.PHASH]
    )
    for kind in kinds:
        try:
            return 2 * len(decoded(bare(text), kind, notation or ""))
        except BadField:
            continue
    return 0


class DigestReader:
    """Cells to digests, by what column, list and caller say of their type.

    What can be read in two ways (64 digits, 16 decimal ones) is counted in the tally, which refuses the list
    where the digests themselves speak against the reading.
    """

    def __init__(self, options: ReadOptions, tally: Tally) -> None:
        self.algorithm = options.algorithm
        self.notation = options.notation
        self._tally = tally

    def read(self, value: object, kind: Type = _NO_TYPE, *, quality: int | None = None) -> Hash | ForeignHash:
        """Return the digest that a cell holds.

        Raises
        ------
        BadField
            It holds none, or one of another type than its column.
        """
        if isinstance(value, bytes):
            value = value.hex()
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and "decimal" in (kind.notation, self.notation)
        ):
            value = str(value)
        algorithm = kind.algorithm
        if not isinstance(value, str) or not value.strip():
            raise BadField(
                f"expected a {algorithm_name(algorithm or 'readable')} digest, found {shown(value)}"
            )
        text = bare(value)
        if ":" in text and (match := _PREFIXED.fullmatch(text)) is not None:
            algorithm, text = self._prefixed(match[1], match[2], algorithm)
        if algorithm is not None and not isinstance(algorithm, Algorithm):
            return ForeignHash(algorithm, value)
        notation = kind.notation or self.notation or "hex"
        if notation == "hex":
            return self._from_hex(text, algorithm, quality, told=self.notation is not None)
        algorithm = algorithm or self.algorithm
        if algorithm is None:
            raise BadField(
                f"a digest in {notation} whose type nothing says: pass {switch('algorithm')}, found {shown(text)}"
            )
        return Hash(algorithm, decoded(text, algorithm, notation), quality=quality)

    @staticmethod
    def _prefixed(
        name: str, rest: str, algorithm: Algorithm | str | None
    ) -> tuple[Algorithm | str | None, str]:
        """Return what ``sha256:12ab...`` is, which must be what its column says."""
        named = type_named(name)
        if named is None or named.algorithm is None:
            if algorithm is not None and not isinstance(algorithm, Algorithm):
                return algorithm, rest
            raise BadField(f"{shown(name)} is no type of digest known here")
        if algorithm is not None and named.algorithm != algorithm:
            raise BadField(
                f"expected a {algorithm_name(algorithm)} digest, found one of {algorithm_name(named.algorithm)}"
            )
        return named.algorithm, rest

    def _from_hex(self, text: str, algorithm: Algorithm | None, quality: int | None, *, told: bool) -> Hash:
        typed = algorithm is not None
        algorithm = algorithm or self.algorithm
        if algorithm is None:
            algorithm = BY_DIGITS.get(len(text)) if _HEX.fullmatch(text) else None
            if algorithm is None:
                raise BadField(f"expected {DIGIT_COUNTS} hexadecimal digits, found {shown(text)}")
        n_digits = 2 * algorithm.n_bytes
        if len(text) != n_digits or not _HEX.fullmatch(text):
            raise BadField(f"expected {n_digits} hexadecimal digits ({algorithm.value}), found {shown(text)}")
        digest = bytes.fromhex(text)
        if n_digits == 16 and not told:
            self._tally.meet_short(1, int(is_decimal(text)))
        if not typed and self.algorithm is None:
            if n_digits == 64:
                self._tally.meet_untyped_one(digest)
            elif n_digits == 32:
                self._tally.meet_md5(np.frombuffer(digest, np.uint8).reshape(1, 16))
        return Hash(algorithm, digest, quality=quality)


def decoded(text: str, algorithm: Algorithm, notation: str) -> bytes:
    """Return the bytes of a digest that is not written in hexadecimal digits.

    Raises
    ------
    BadField
        It is not of this notation, or of another length.
    """
    n_bytes = algorithm.n_bytes
    if notation == "bits":
        if len(text) == 8 * n_bytes and not text.strip("01"):
            return int(text, 2).to_bytes(n_bytes, "big")
        raise BadField(f"expected {8 * n_bytes} zeros and ones ({algorithm.value}), found {shown(text)}")
    if notation == "decimal":
        if n_bytes == 8 and re.fullmatch(r"-?\d{1,20}", text, re.ASCII):
            number = int(text)
            if -(1 << 63) <= number < 1 << 64:
                return (number % (1 << 64)).to_bytes(8, "big")
        raise BadField(f"expected a whole number of 64 bits (phash), found {shown(text)}")
    if _BASE64.fullmatch(text):
        padded = text.rstrip("=").replace("-", "+").replace("_", "/")
        padded += "=" * (-len(padded) % 4)
        try:
            digest = base64.b64decode(padded, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        # The last character must not carry bits that are thrown away: it would be another digest's.
        if len(digest) == n_bytes and base64.b64encode(digest).decode() == padded:
            return digest
    raise BadField(f"expected {n_bytes} bytes in base64 ({algorithm.value}), found {shown(text)}")


def are_parts(cells: Sequence[object]) -> bool:
    """Tell whether some cells that look like digests, all of one length, may be one digest in parts.

    Examples
    --------
    >>> are_parts(["0123456789abcdef"] * 4), are_parts(["0123456789abcdef"] * 3)
    (True, False)
    """
    lengths = {digits_in(cell) if isinstance(cell, str) else 0 for cell in cells}
    (n, *others) = lengths or {0}
    return not others and len(cells) > 1 and n * len(cells) in BY_DIGITS
