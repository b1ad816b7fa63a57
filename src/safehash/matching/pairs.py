"""What reviewers said of entries for pictures: a wrong match is suppressed for that entry and pictures like it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._face import checked, public_value
from ..errors import ListError
from ..files import read_regular, writing_whole
from ..hashing.hashes import Hash

if TYPE_CHECKING:
    from .decision import Decision, Match

__all__ = ["REVIEW", "Pair", "Pairs", "digest_of", "read_pairs", "write_pairs"]

#: What a match says that reviewers cancelled.
REVIEW = "review"
#: How near (bits) a picture must be to the one that was reviewed; as near as to a picture on an allow-list.
ALIKE_BITS = 16

#: First line of a file of pairs, and its longest.
_KIND, _VERSION = "safehash review pairs", 1
_MAX_BYTES = 1 << 28


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What reviewers said of one entry for one picture.

    Made by `read_pairs` and `pairs_of`.

    Attributes
    ----------
    source : str
        The list's name.
    id : str or None
        The entry's identifier there.
    hash : Hash
        The entry's digest.
    picture : Hash or None
        The picture's own hash as it is; None where it is too flat for it to mean anything.
    sha256 : bytes or None
        Of the picture's bytes.
    view : str
        How the picture had to be looked at to be near the entry.
    distance : int
        How near it was, in bits.
    wrong : bool
        It is another picture. Otherwise reviewers said that it is the listed one, or contradict each other:
        then nothing like it is cancelled, whatever is said of others.

    Raises
    ------
    ValueError
        Neither `picture` nor `sha256` says which picture.

    Examples
    --------
    >>> entry, own = safehash.hash_file("photo.jpg"), safehash.hash_file("other.jpg")
    >>> pair = Pair(source="list", id="b-1", hash=entry, picture=own, view="as it is", distance=30, wrong=True)
    >>> pair.wrong
    True
    """

    source: str
    id: str | None
    hash: Hash
    picture: Hash | None = None
    sha256: bytes | None = None
    view: str
    distance: int
    wrong: bool

    def __post_init__(self) -> None:
        if self.picture is None and self.sha256 is None:
            raise ValueError("a pair says which picture it is about: its hash, or SHA-256 of its bytes")

    @checked
    def apart(self, own: Hash | None) -> int | None:
        """Return how far a picture is from this one, in bits; None where they cannot be compared.

        Examples
        --------
        >>> picture = safehash.hash_file("photo.jpg")
        >>> pair = Pair(
        ...     source="list", id="b-1", hash=picture, picture=picture, view="as it is", distance=0, wrong=True
        ... )
        >>> pair.apart(picture), pair.apart(None)
        (0, None)
        """
        if own is None or self.picture is None or own.algorithm is not self.picture.algorithm:
            return None
        return own.distance(self.picture) if own.algorithm.is_perceptual else None


class Pairs:
    """Pairs, ready to be asked.

    Parameters
    ----------
    pairs : iterable of Pair
    """

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._by_entry: dict[tuple[str, str | None, str, bytes], list[Pair]] = {}
        self._n = 0
        for pair in pairs:
            key = (pair.source, pair.id, pair.hash.algorithm.value, pair.hash.digest)
            self._by_entry.setdefault(key, []).append(pair)
            self._n += 1

    def __len__(self) -> int:
        return self._n

    def cancels(
        self,
        key: tuple[str, str | None, str, bytes],
        *,
        distance: int,
        view: str,
        hashes: Sequence[Hash],
        sha256: bytes | None,
    ) -> bool:
        """Return whether reviewers cancelled a match.

        Of the very bytes that were reviewed, by whatever view, which SHA-256 tells: of one MD5 there are two files.
        Of a picture within `ALIKE_BITS`, the match must have come about as the reviewed one did, the picture be no
        farther from the reviewed one than from the entry, and the match be no nearer than that picture's can be: what
        shows a reviewed picture with the listed one inside is nearer. Where any reviewer said of a picture like this
        one that it is the listed one, nothing is cancelled.

        Parameters
        ----------
        key : (list, id, algorithm, digest)
            Of the entry.
        distance, view
            Of the match.
        hashes : sequence of Hash
            The picture's as it is, by each algorithm that it is known by.
        sha256 : bytes or None
            Of its bytes, where they are known.
        """
        found = False
        for pair in self._by_entry.get(key, ()):
            apart = next((bits for bits in map(pair.apart, hashes) if bits is not None), None)
            alike = apart is not None and apart <= ALIKE_BITS
            same = sha256 is not None and pair.sha256 == sha256
            if not pair.wrong:
                if same or alike:
                    return False
            elif same:
                found = True
            elif apart is not None and alike and (view == pair.view or apart == 0):
                found = found or (apart <= distance and distance + apart >= pair.distance)
        return found

    def settle(
        self, decision: Decision, *, known: Sequence[Hash] = (), sha256: bytes | None = None
    ) -> Decision:
        """Return a decision with the matches cancelled that reviewers found wrong for pictures like this one.

        Parameters
        ----------
        decision : Decision
        known : sequence of Hash
            The picture's hashes as it is that are known beside the decision's.
        sha256 : bytes, optional
            Of the picture's bytes.
        """
        if not self._n or not decision.standing:
            return decision
        from .decision import in_order, outcome_of

        hashes = known if decision.hash is None else (decision.hash, *known)
        matches = [self._settled(match, hashes, sha256) for match in decision.matches]
        if all(one is other for one, other in zip(matches, decision.matches, strict=True)):
            return decision
        return replace(decision, outcome=outcome_of(matches, decision.outcome), matches=in_order(matches))

    def _settled(self, match: Match, hashes: Sequence[Hash], sha256: bytes | None) -> Match:
        value = match.entry.hash
        if match.suppressed_by is not None or not isinstance(value, Hash):
            return match
        key = (match.entry.source, match.entry.id, value.algorithm.value, value.digest)
        if not self.cancels(key, distance=match.distance, view=match.view, hashes=hashes, sha256=sha256):
            return match
        return replace(match, suppressed_by=REVIEW)


# -- a file of them ---------------------------------------------------------------------------------------


@checked
def write_pairs(path: str | os.PathLike[str], pairs: Collection[Pair]) -> None:
    """Write pairs as JSON Lines, whole, readable by their owner only: they hold digests of lists and pictures.

    Raises
    ------
    OSError
        It cannot be written.

    Examples
    --------
    >>> write_pairs("pairs.jsonl", [])
    >>> read_pairs("pairs.jsonl")
    ()
    """
    with writing_whole(path, text=True) as file:
        file.write(json.dumps({"kind": _KIND, "version": _VERSION, "pairs": len(pairs)}) + "\n")
        for pair in pairs:
            file.write(json.dumps(_record(pair)) + "\n")


def digest_of(pairs: Iterable[Pair]) -> str | None:
    """Return what tells pairs from others, None for none."""
    texts = sorted(json.dumps(_record(pair)) for pair in pairs)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest() if texts else None


def _record(pair: Pair) -> dict[str, Any]:
    return {
        "list": pair.source,
        "id": pair.id,
        "algorithm": pair.hash.algorithm.value,
        "hash": pair.hash.hex,
        "picture": None
        if pair.picture is None
        else {
            "algorithm": pair.picture.algorithm.value,
            "hash": pair.picture.hex,
            "quality": pair.picture.quality,
        },
        "sha256": None if pair.sha256 is None else pair.sha256.hex(),
        "view": pair.view,
        "distance": pair.distance,
        "wrong": pair.wrong,
    }


@checked
def read_pairs(path: str | os.PathLike[str]) -> tuple[Pair, ...]:
    """Return the pairs of a file that `write_pairs` wrote.

    Raises
    ------
    ListError
        It is none, of a newer version, cut off, or holds a line that means nothing: then none of it is used.
    OSError
        It cannot be read.

    Examples
    --------
    >>> write_pairs("pairs.jsonl", [])
    >>> safehash.Settings(allow_pairs=read_pairs("pairs.jsonl")).allow_pairs
    frozenset()
    """
    name = os.fspath(path)
    lines = read_regular(path, _MAX_BYTES).splitlines()
    try:
        header = json.loads(lines[0]) if lines else {}
        if not isinstance(header, dict) or header.get("kind") != _KIND:
            raise ListError(f"{name}: no file of review pairs (its first line says kind: {_KIND!r})")
        if header.get("version") != _VERSION:
            raise ListError(f"{name}: written by a newer version ({header.get('version')}, known {_VERSION})")
    except (ValueError, RecursionError) as exc:
        raise ListError(f"{name}: no file of review pairs: {exc}") from exc
    pairs = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            pairs.append(_pair(json.loads(line)))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as exc:
            raise ListError(f"{name}: line {number}: no pair: {exc}") from exc
    if len(pairs) != header.get("pairs"):
        raise ListError(f"{name}: {len(pairs)} pairs, its first line says {header.get('pairs')}: cut off")
    return tuple(pairs)


def _pair(record: dict[str, Any]) -> Pair:
    picture = record["picture"]
    for field, kind in (("list", str), ("view", str), ("distance", int), ("wrong", bool)):
        if type(record[field]) is not kind:
            raise TypeError(f"{field} is {type(record[field]).__name__}, not {kind.__name__}")
    if record["id"] is not None and not isinstance(record["id"], str):
        raise TypeError("id is neither text nor null")
    sha256 = None if record["sha256"] is None else bytes.fromhex(record["sha256"])
    if sha256 is not None and len(sha256) != 32:
        raise ValueError("sha256 has 64 digits")
    return Pair(
        source=record["list"],
        id=record["id"],
        hash=Hash.from_hex(record["algorithm"], record["hash"]),
        picture=None
        if picture is None
        else Hash.from_hex(picture["algorithm"], picture["hash"], quality=picture["quality"]),
        sha256=sha256,
        view=record["view"],
        distance=record["distance"],
        wrong=record["wrong"],
    )
