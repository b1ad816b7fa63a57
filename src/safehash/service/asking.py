"""What a request asks: its parameters and uploads, told apart by what they say they are."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from ..hashing.algorithms import Algorithm
from ..hashing.hashes import Hash
from ..matching.settings import EFFORTS, Effort
from ..scanning.passing import Upload, length, whole
from .bodies import is_form, is_json, json_of, parts_of, read_pieces
from .heads import kind_of
from .options import ServiceOptions
from .refusing import Refused

__all__ = [
    "MOST_HASHES",
    "MOST_JSON",
    "Asked",
    "ask",
    "expect_no_query",
    "flag",
    "hash_of",
    "names_of",
    "query_of",
]

#: Hashes in one request, and bytes of JSON, which has room for them, each with all that can be said of it.
MOST_HASHES = 10_000
MOST_JSON = 4 << 20

#: What a hash of so many hexadecimal digits is where it does not say so.
_BY_DIGITS = {16: "phash", 32: "md5", 40: "sha1", 64: "pdq"}
#: How the digits of each algorithm look.
_DIGITS = {each: re.compile(rf"[0-9a-fA-F]{{{2 * each.n_bytes}}}") for each in Algorithm}
#: How a body begins that asks for hashes and does not say that it is JSON: curl says of whatever it is given, of a
#: picture too, that it is a form, others that it is text, or nothing. Any other file, one of JSON too, is an upload.
_NO_PICTURE = re.compile(rb"\s*(?:\{\s*\"(?:hash|hashes|algorithm|quality)\"|hash(?:es)?=)")
#: A query in which nothing stands for something else.
_LITERAL = re.compile(rb"[A-Za-z0-9_.,:=&-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, read.

    Attributes
    ----------
    uploads : tuple of bytes, or of the pieces of each
    names : tuple of str or None
        What a form called each upload's file.
    hashes : tuple of Hash
    effort : Effort or None
    lists : tuple of str or None
    full_hashes : bool
    due : float
        When its time is over, of `time.monotonic`.
    n_bytes : int
        Of the body.
    also : mapping of str to str
        What else was said that this request may say.
    """

    uploads: tuple[Upload, ...] = ()
    names: tuple[str | None, ...] = ()
    hashes: tuple[Hash, ...] = ()
    effort: Effort | None = None
    lists: tuple[str, ...] | None = None
    full_hashes: bool = False
    due: float
    n_bytes: int = 0
    also: Mapping[str, str] = field(default_factory=dict)


async def ask(
    request: Request, options: ServiceOptions, *, also: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> Asked:
    """Read a request: an upload as its raw body or in a form, or hashes in JSON.

    Parameters
    ----------
    request : Request
    options : ServiceOptions
    also : tuple of str
        What else may be said beside an upload.
    without : tuple of str
        What may not, though it may elsewhere: nothing would come of it.

    Raises
    ------
    Refused
        It is too large, too slow, or says what nobody understands.
    """
    due = time.monotonic() + options.timeout
    in_json = is_json(request)
    most = min(options.max_body, MOST_JSON) if in_json else options.max_body
    pieces = await read_pieces(request, max_bytes=most, seconds=options.timeout)
    may_be_said = {*_SAID, *also} - {*without}
    query = query_of(request)
    said: dict[str, Any] = dict(query)
    uploads: list[Upload] = []
    names: list[str | None] = []
    hashes: list[Hash] = []
    if is_form(request):
        parts = parts_of(request, whole(pieces))
        has_files = any(part.filename is not None for part in parts)
        for part in parts:
            if part.filename is None and part.name in may_be_said:
                _say(said, part.name, part.data.decode("utf-8", "replace"))
            elif part.filename is None and has_files:
                # Of answers in the order of files, one would be of no file.
                raise Refused(400, "in a form of files, not understood", asked=part.name)
            else:
                uploads.append(part.data)
                names.append(part.filename)
    elif in_json:
        given = json_of(whole(pieces))
        one = [given["hash"]] if "hash" in given else []
        several = given.get("hashes", [])
        if not isinstance(several, list):
            raise Refused(400, "hashes is a list of hashes")
        if len(several) > MOST_HASHES:
            raise Refused(413, f"at most {MOST_HASHES} hashes in one request, found {len(several)}")
        shared: dict[str, Any] = {name: given[name] for name in ("algorithm", "quality") if name in given}
        hashes = [hash_of(each, shared) for each in [*one, *several]]
        for name in given:
            if name in may_be_said:
                _say(said, name, given[name])
        unknown = set(given) - {"hash", "hashes", "algorithm", "quality", *may_be_said}
        if unknown:
            raise Refused(400, "not understood", asked=", ".join(sorted(unknown)))
    elif pieces and not _says_file(request) and _NO_PICTURE.match(pieces[0]) is not None:
        raise Refused(415, "that is no picture: JSON is sent with Content-Type: application/json")
    elif pieces:
        uploads.append(pieces)
        names.append(None)
    unknown = set(query) - may_be_said
    if unknown:
        raise Refused(400, "not understood", asked=", ".join(sorted(unknown)))
    return Asked(
        uploads=tuple(uploads),
        names=tuple(names),
        hashes=tuple(hashes),
        effort=_effort(said.get("effort")),
        lists=names_of(said.get("lists")),
        full_hashes=flag("full_hashes", said.get("full_hashes", False)),
        due=due,
        n_bytes=length(pieces),
        also={name: str(said[name]) for name in also if name in said},
    )


def _says_file(request: Request) -> bool:
    """Tell whether a request says of its body that it is a file, and not words."""
    kind = kind_of(request)
    return bool(kind) and kind != "application/x-www-form-urlencoded" and not kind.startswith("text/")


def _say(said: dict[str, Any], name: str, value: object) -> None:
    """Note what a body says, unless the query or the body said it before: nobody knows which counts."""
    if name in said:
        raise Refused(400, f"{name} is said twice")
    said[name] = value


def query_of(request: Request) -> Mapping[str, str]:
    """Return what a request's query says, by name.

    Nearly every query is literal, and costs a fifth of the patient way then.

    Raises
    ------
    Refused
        A name is there twice: of two lists, one would be left out.
    """
    query: bytes = request.scope["query_string"]
    if _LITERAL.fullmatch(query) is None:
        pairs = request.query_params.multi_items()
    else:
        parts = [part.partition("=") for part in query.decode("ascii").split("&") if part]
        pairs = [(name, value) for name, _, value in parts]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(
            400, "something is said twice in the query; several lists are names with commas between"
        )
    return found


def expect_no_query(request: Request) -> None:
    """Refuse a query where nothing can be asked by one: nobody would heed it.

    Raises
    ------
    Refused
    """
    query = query_of(request)
    if query:
        raise Refused(400, "not understood", asked=", ".join(sorted(query)))


#: What may be said beside an upload: in the query, in the form, or in JSON.
_SAID = {"effort", "lists", "full_hashes"}


def _effort(value: object) -> Effort | None:
    if value is None or value == "":
        return None
    if value not in EFFORTS:
        raise Refused(400, f"effort is one of {', '.join(EFFORTS)}")
    return value


def names_of(value: object) -> tuple[str, ...] | None:
    """Return names with commas between, or of a list; None for none said.

    Raises
    ------
    Refused
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or not value:
        raise Refused(400, "lists are names with commas between")
    return tuple(value)


def flag(name: str, value: object) -> bool:
    """Return what a switch says.

    Raises
    ------
    Refused
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "1", "false", "0"):
        return value.lower() in ("true", "1")
    raise Refused(400, f"{name} is true or false")


def hash_of(value: object, shared: Mapping[str, Any] | None = None) -> Hash:
    """Return a hash: ``"pdq:f8f8..."``, ``"f8f8..."`` (by its length), or an object with algorithm, hash and quality.

    Raises
    ------
    Refused
        It is none; the message shows none of it.
    """
    said = dict(shared or {})
    if isinstance(value, dict):
        said |= value
        value = said.pop("hash", None)
        if set(said) - {"algorithm", "quality"}:
            raise Refused(400, "of a hash there are algorithm, hash and quality")
    if not isinstance(value, str):
        raise Refused(400, "a hash is text: hexadecimal digits")
    name, colon, digits = value.strip().rpartition(":")
    named = said.get("algorithm")
    if named in (None, ""):
        named = name if colon else _BY_DIGITS.get(len(digits), "")
    elif colon and named != name:
        raise Refused(400, "the algorithm of a hash is said twice, and is not the same")
    quality = said.get("quality")
    try:
        known = Algorithm(named)
    except ValueError as exc:
        raise Refused(400, f"an algorithm is one of {', '.join(each.value for each in Algorithm)}") from exc
    if _DIGITS[known].fullmatch(digits) is None:
        raise Refused(400, f"a hash of {known.value} has {2 * known.n_bytes} hexadecimal digits")
    if quality is not None and (isinstance(quality, bool) or not isinstance(quality, int)):
        raise Refused(400, "a quality is a whole number from 0 to 100")
    try:
        return Hash(known, bytes.fromhex(digits), quality=quality)
    except ValueError as exc:
        raise Refused(400, str(exc)) from exc
