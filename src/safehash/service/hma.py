"""The interface of the field's matching service (HMA), as its clients ask it; a list is a bank, and none is written.

What they rely on is kept: distances are text, a bank without matches is not named, errors are ``{"message": ...}``.
What differs is said in docs/how-to/serve.md: an upload that cannot be looked at is an error (422), never "no match".
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from ..hashing.algorithms import USUAL_DISTANCE
from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Decision, Match, Outcome
from .answers import Json
from .asking import Asked, flag, hash_of, names_of, query_of
from .bodies import is_form, json_of, parts_of, read_body
from .refusing import Refused
from .serving import Answer, Route, Service, algorithms_of

__all__ = ["PREFIXES", "ROUTES", "content_id"]

#: How its paths begin.
PREFIXES = ("/h/", "/m/", "/c/")

#: What an upload may be called in a form.
_CONTENT_TYPES = ("photo",)
#: What they say of a list that they may match against.
_ENABLED = 1.0


def content_id(match: Match) -> int:
    """Return an entry's number: its id where that is one, else 48 bits that stay the same as long as its key does."""
    given = match.entry.id or ""
    if given.isascii() and given.isdigit() and not given.startswith("0") and len(given) < 16:
        return int(given)
    digest = hashlib.sha256("\0".join(match.entry.key).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big")


def _of_match(match: Match) -> dict[str, Any]:
    return {"bank_content_id": content_id(match), "distance": str(match.distance)}


def _by_bank(matches: Iterable[Match]) -> dict[str, list[dict[str, Any]]]:
    banks: dict[str, list[dict[str, Any]]] = {}
    for match in matches:
        banks.setdefault(match.entry.source, []).append(_of_match(match))
    return banks


def _algorithm_of(match: Match) -> str:
    own = match.entry.hash
    return own.algorithm.value if isinstance(own, Hash) else Algorithm.PDQ.value


def _signal(service: Service, name: str | None, digits: str | None) -> Hash:
    """Return the hash that a client names by type and digits."""
    if not name or not digits:
        raise Refused(400, "either url or both signal and signal_type are required")
    known = [each.value for each in algorithms_of(service.engine)]
    if name not in known:
        raise Refused(400, f"no such signal type: there are {', '.join(known)}")
    return hash_of(f"{name}:{digits}")


def _banks(value: str | None) -> tuple[str, ...] | None:
    """Return the banks a client asks for; one that there is not is refused where it is looked up in."""
    return names_of(value or None)


# -- uploads ------------------------------------------------------------------------------------------------


async def _upload(service: Service, request: Request) -> bytes:
    """Return the one file of a form whose field is called as a content type."""
    body = await read_body(request, max_bytes=service.options.max_body, seconds=service.options.timeout)
    if not is_form(request):
        raise Refused(400, "expected a form (multipart/form-data) with one file called photo")
    files = [part for part in parts_of(request, body) if part.filename is not None]
    if len(files) != 1:
        raise Refused(400, f"one file a request, found {len(files)}")
    if files[0].name not in _CONTENT_TYPES:
        raise Refused(400, "no such content type: the file is called photo")
    return files[0].data


async def _fetched(service: Service, request: Request, url: str, due: float) -> bytes:
    if query_of(request).get("content_type", "photo") not in _CONTENT_TYPES:
        raise Refused(400, "no such content type: there is photo")
    return await service.fetcher.fetch(url, seconds=due - time.monotonic())


async def _decided(
    service: Service, request: Request, *, url: str | None, banks: Sequence[str] | None
) -> Decision:
    """Decide what was uploaded or is fetched.

    Raises
    ------
    Refused
        422: it cannot be looked at, which is no "no match".
    """
    due = time.monotonic() + service.options.timeout
    with service.engine.hold():
        if url is None:
            data = await _upload(service, request)
        else:
            data = await _fetched(service, request, url, due)
        asked = Asked(lists=None if banks is None else tuple(banks), due=due, n_bytes=len(data))
        decision = await service.decide(data, asked)
    if not decision.is_decided:
        raise Refused(
            422,
            f"{decision.outcome.value}: {decision.reason}",
            headers={"X-Safehash-Outcome": decision.outcome.value},
        )
    return decision


def _said(decision: Decision) -> dict[str, Any]:
    return {"outcomes": [decision.outcome.value]}


def _headers(decision: Decision) -> dict[str, str]:
    return {"X-Safehash-Outcome": decision.outcome.value}


# -- routes -------------------------------------------------------------------------------------------------


async def hash_upload(service: Service, request: Request) -> Answer:
    """Return the hash of an upload."""
    is_upload = request.method == "POST"
    url = None if is_upload else query_of(request).get("url")
    if not is_upload and not url:
        raise Refused(400, "url is required")
    known = algorithms_of(service.engine)
    wanted = names_of(query_of(request).get("types"))
    for name in wanted or ():
        if name not in [each.value for each in known if each.is_perceptual]:
            raise Refused(400, "no such signal type here")
    decision = await _decided(service, request, url=url, banks=None)
    own = decision.hash
    if own is None:
        raise Refused(422, "it has no hash", headers=_headers(decision))
    digits = "" if decision.outcome is Outcome.LOW_QUALITY else own.hex
    hashes = {own.algorithm.value: digits} if wanted is None or own.algorithm.value in wanted else {}
    return Answer(Json(hashes, headers=_headers(decision)), _said(decision))


async def lookup(service: Service, request: Request) -> Answer:
    """Return matches by bank, of an upload by signal type before that."""
    query = query_of(request)
    banks = _banks(query.get("banks"))
    is_upload = request.method == "POST"
    url = None if is_upload else query.get("url")
    if not is_upload and not url:
        value = _signal(service, query.get("signal_type"), query.get("signal"))
        (decision,) = await service.decide_hashes([value], banks)
        return Answer(Json(_by_bank(decision.standing), headers=_headers(decision)), _said(decision))
    wanted = _types(service, query.get("types"))
    known = _types(service, None)
    only = None if is_upload else query.get("signal_type")  # as theirs: of an upload, all are told
    if only is not None:
        _types(service, only)
    decision = await _decided(service, request, url=url, banks=banks)
    found: dict[str, list[Match]] = {name: [] for name in wanted}
    for match in decision.standing:
        name = _algorithm_of(match)
        if name in wanted or name not in known:
            found.setdefault(name, []).append(match)
    by_type: Mapping[str, Any] = {name: _by_bank(matches) for name, matches in found.items()}
    if only is not None:
        by_type = by_type.get(only, {})
    return Answer(Json(by_type, headers=_headers(decision)), _said(decision))


def _types(service: Service, value: str | None) -> tuple[str, ...]:
    """Return the signal types that a client names, or all there are; one that there is not would never match."""
    known = tuple(each.value for each in algorithms_of(service.engine))
    names = names_of(value or None) or known
    for name in names:
        if name not in known:
            raise Refused(400, f"no such signal type: there are {', '.join(known)}")
    return names


async def raw_lookup(service: Service, request: Request) -> Answer:
    """Return the numbers of all entries near a hash."""
    query = query_of(request)
    value = _signal(service, query.get("signal_type"), query.get("signal"))
    with_distance = flag("include_distance", query.get("include_distance", False))
    (decision,) = await service.decide_hashes([value], _banks(query.get("banks")))
    body = [_of_match(match) if with_distance else content_id(match) for match in decision.standing]
    return Answer(Json({"matches": body}, headers=_headers(decision)), _said(decision))


async def compare(service: Service, request: Request) -> Answer:
    """Return how far two hashes of a type are apart, and whether that is near."""
    body = await read_body(request, max_bytes=1 << 16, seconds=service.options.timeout)
    results: dict[str, Any] = {}
    thresholds = dict(service.engine.matcher.audit.thresholds)
    for name, pair in json_of(body).items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise Refused(400, "of each signal type exactly two hashes are compared")
        if name not in {each.value for each in USUAL_DISTANCE}:
            raise Refused(
                400, f"no such signal type: {', '.join(each.value for each in USUAL_DISTANCE)} have distances"
            )
        one, other = (hash_of({"algorithm": name, "hash": each}) for each in pair)
        distance = one.distance(other)
        near = thresholds.get(name, USUAL_DISTANCE[Algorithm(name)])
        results[name] = [distance <= near, {"distance": distance}]
    return Answer(Json(results))


async def index_status(service: Service, request: Request) -> Answer:
    """Say how many hashes of each type there are, and of when."""
    matcher = service.engine.matcher
    loaded = [datetime.fromisoformat(info.loaded).timestamp() for info in matcher.lists if not info.allow]
    counts = matcher.counts()
    status = {
        name: {"built_to": int(max(loaded, default=-1)), "present": True, "size": n}
        for name, n in counts.items()
    }
    only = query_of(request).get("signal_type")
    if only is not None:
        if only not in status:
            raise Refused(400, "no such signal type")
        status = {only: status[only]}
    return Answer(Json(status))


async def status(service: Service, request: Request) -> Answer:
    """Say whether uploads are decided."""
    if not service.engine.is_ready:
        return Answer(PlainTextResponse("INDEX-NOT-LOADED", 503))
    return Answer(PlainTextResponse("I-AM-ALIVE"))


async def live(service: Service, request: Request) -> Answer:
    """Say that the process answers."""
    return Answer(PlainTextResponse("I-AM-ALIVE"))


def _bank(name: str) -> dict[str, Any]:
    return {"name": name, "matching_enabled_ratio": _ENABLED}


async def banks(service: Service, request: Request) -> Answer:
    """Return the lists as banks."""
    names = [info.name for info in service.engine.matcher.lists if not info.allow]
    return Answer(Json([_bank(name) for name in names]))


async def bank(service: Service, request: Request) -> Answer:
    """Return one list as a bank."""
    name = request.path_params["bank_name"]
    if name not in {info.name for info in service.engine.matcher.lists if not info.allow}:
        raise Refused(404, "there is no such bank")
    return Answer(Json(_bank(name)))


async def exchanges(service: Service, request: Request) -> Answer:
    """Return that nothing is fetched from exchanges: lists are files."""
    return Answer(Json([]))


async def no_exchange(service: Service, request: Request) -> Answer:
    """Say so of one of them."""
    raise Refused(404, "there are no exchanges here: lists are files")


async def read_only(service: Service, request: Request) -> Answer:
    """Refuse to write."""
    raise Refused(
        403, "banks are lists in files, and cannot be written here: change the file, it is read anew"
    )


def _route(method: str, path: str, handler: Any, summary: str, **more: Any) -> Route:
    return Route(method=method, path=path, handler=handler, shape="message", summary=summary, **more)


_SIGNAL = {
    "signal": "hexadecimal digits of a hash",
    "signal_type": "pdq, phash ...",
    "banks": "names of lists",
}
_FILE = "a form with one file called photo"

#: What comes of a question about what is there, of one that says about what, of one by which a picture is looked at:
#: uploaded, or fetched.
_THERE = {200: "done", 503: "the lists are being read"}
_TOLD = {200: "done", 400: "not understood", 503: "the lists are being read, or damaged"}
_LOOKED = {
    **_TOLD, 503: "the lists are being read, or there was no time left",
    422: "it cannot be looked at, as X-Safehash-Outcome says", 429: "too many at once: Retry-After says when",
}  # fmt: skip
_UPLOADED = {**_LOOKED, 408: "the body did not arrive in time", 413: "too large", 415: "compressed"}
_FETCHED = {
    **_LOOKED, 403: "url leads nowhere that --fetch-from allows", 413: "too large", 502: "url leads to no picture",
    504: "what url leads to did not arrive in time",
}  # fmt: skip
_NONE = {404: "there is none"}
_NEVER = {403: "never"}

ROUTES = (
    _route(
        "GET",
        "/h/hash",
        hash_upload,
        "The hash of what a URL leads to.",
        query={"url": "of an allowed host"},
        statuses=_FETCHED,
    ),
    _route("POST", "/h/hash", hash_upload, "The hash of an upload.", body=_FILE, statuses=_UPLOADED),
    _route(
        "GET",
        "/m/lookup",
        lookup,
        "Matches of a hash, or of what a URL leads to, by bank.",
        query=_SIGNAL,
        statuses=_FETCHED,
    ),
    _route(
        "POST",
        "/m/lookup",
        lookup,
        "Matches of an upload, by signal type and bank.",
        body=_FILE,
        statuses=_UPLOADED,
    ),
    _route(
        "GET",
        "/m/raw_lookup",
        raw_lookup,
        "Numbers of the entries near a hash.",
        query=_SIGNAL,
        statuses=_TOLD,
    ),
    _route(
        "POST",
        "/m/compare",
        compare,
        "Distance of two hashes.",
        body='JSON {"pdq": [one, other]}',
        statuses={**_TOLD, 408: _UPLOADED[408], 413: "too large", 415: "compressed"},
    ),
    _route("GET", "/m/index/status", index_status, "How many hashes there are.", statuses=_TOLD),
    _route(
        "GET",
        "/status",
        status,
        "Whether uploads are decided.",
        role="anybody",
        statuses={200: "they are", 503: "the lists are being read"},
    ),
    _route("GET", "/status/live", live, "That the process answers.", role="anybody"),
    _route("GET", "/c/banks", banks, "The lists.", statuses=_THERE),
    _route(
        "GET",
        "/c/bank/{bank_name}",
        bank,
        "One list.",
        statuses={**_THERE, **_NONE},
    ),
    _route("GET", "/c/exchanges", exchanges, "Nothing: lists are files."),
    _route("GET", "/c/exchanges/apis", exchanges, "Nothing: lists are files."),
    _route("GET", "/c/exchanges/api/{api_name}", no_exchange, "Nothing: lists are files.", statuses=_NONE),
    _route(
        "GET", "/c/exchanges/api/{api_name}/schema", no_exchange, "Nothing: lists are files.", statuses=_NONE
    ),
    _route("GET", "/c/exchange/{exchange_name}", no_exchange, "Nothing: lists are files.", statuses=_NONE),
    _route(
        "GET", "/c/exchange/{exchange_name}/status", no_exchange, "Nothing: lists are files.", statuses=_NONE
    ),
    _route("POST", "/c/banks", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("POST", "/c/exchanges", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("POST", "/c/exchanges/api/{api_name}", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("PUT", "/c/bank/{bank_name}", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("DELETE", "/c/bank/{bank_name}", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("POST", "/c/bank/{bank_name}/content", read_only, "Refused: lists are files.", statuses=_NEVER),
    _route("POST", "/c/bank/{bank_name}/signal", read_only, "Refused: lists are files.", statuses=_NEVER),
)
