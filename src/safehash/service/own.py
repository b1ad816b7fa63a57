"""Our own interface, ``/v1``: one upload, many, hashes; the lists; what reviewers say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request

from ..errors import SafehashError
from ..hashing.hashes import Algorithm, Hash
from ..lists.switches import for_shell
from ..matching.decision import Decision
from ..matching.naming import keys_named
from ..matching.record import decision_record
from .answers import Json
from .asking import Asked, ask, expect_no_query, hash_of
from .bodies import json_of, read_body
from .memory import named_by
from .refusing import Refused
from .serving import Answer, Route, Service, algorithms_of

__all__ = ["ROUTES"]

#: Characters of a reviewer's note.
_MOST_NOTE = 1000


def _record(decision: Decision, asked: Asked) -> dict[str, Any]:
    return decision_record(decision.facts(), full_hashes=asked.full_hashes)


def _said(decisions: list[Decision], asked: Asked) -> dict[str, Any]:
    """Return what the access log says of decisions: outcomes and a shortened hash, never a whole one."""
    said: dict[str, Any] = {
        "outcomes": [each.outcome.value for each in decisions[:8]],
        "n_bytes": asked.n_bytes,
    }
    if len(decisions) == 1 and decisions[0].hash is not None:
        said["hash"] = decisions[0].hash.hex[:8]
    return said


async def check(service: Service, request: Request) -> Answer:
    """Decide one upload, or one hash."""
    with service.engine.hold():
        asked = await ask(request, service.options)
        if len(asked.uploads) + len(asked.hashes) != 1:
            found = len(asked.uploads) + len(asked.hashes)
            raise Refused(400, f"one upload or one hash, found {found}; several: /v1/check/batch")
        if asked.hashes:
            (decision,) = await service.decide_hashes(asked.hashes, asked.lists, effort=asked.effort)
        else:
            decision = await service.decide(asked.uploads[0], asked)
    return Answer(Json(_record(decision, asked)), _said([decision], asked))


async def check_batch(service: Service, request: Request) -> Answer:
    """Decide several uploads of one form, or many hashes, in their order."""
    with service.engine.hold():
        asked = await ask(request, service.options)
        if not asked.uploads and not asked.hashes:
            raise Refused(400, 'nothing to decide: files in a form, or {"hashes": [...]}')
        if asked.hashes:
            decisions = await service.decide_hashes(asked.hashes, asked.lists, effort=asked.effort)
            loop = asyncio.get_running_loop()
            # Thousands of records take a while to write down: others are answered meanwhile.
            response = await loop.run_in_executor(None, lambda: _results(decisions, asked))
        else:
            decisions = await asyncio.gather(*(service.decide(upload, asked) for upload in asked.uploads))
            response = _results(decisions, asked)
    return Answer(response, _said(decisions, asked))


def _results(decisions: list[Decision], asked: Asked) -> Json:
    names = asked.names or (None,) * len(decisions)
    results = [
        {**_record(decision, asked), **({} if name is None else {"name": name})}
        for decision, name in zip(decisions, names, strict=True)
    ]
    return Json({"results": results})


async def explain(service: Service, request: Request) -> Answer:
    """Say why an upload matches what it matches: a guide to evasion, and so an administrator's alone."""
    if not service.tokens.are_needed:
        raise Refused(403, "explanations are an administrator's: start the service with --tokens")
    with service.engine.hold():
        # Of all lists, and digests shortened: who asks for less would be told what they did not ask.
        asked = await ask(request, service.options, also=("entry",), without=("lists", "full_hashes"))
        if len(asked.uploads) != 1:
            raise Refused(400, f"one upload is explained, found {len(asked.uploads)}")
        record = await service.engine.explain(
            asked.uploads[0], effort=asked.effort, entry=asked.also.get("entry"), due=asked.due
        )
    return Answer(Json(record), {"n_bytes": asked.n_bytes})


async def lists(service: Service, request: Request) -> Answer:
    """Say what is matched against, and what there is to say of it."""
    expect_no_query(request)
    matcher = service.engine.matcher
    audit = matcher.audit
    body = {
        "lists": [
            {
                "name": info.name,
                "entries": info.n_entries,
                "snapshot": info.snapshot,
                "loaded": info.loaded,
                "allow": info.allow,
                "last_good": info.name in service.engine.kept,
                "thresholds": {
                    **dict(audit.thresholds),
                    **{name: bits for of, name, bits in audit.list_thresholds if of == info.name},
                },
                "min_evidence": dict(audit.list_evidence).get(info.name, audit.min_evidence),
            }
            for info in matcher.lists
        ],
        "algorithms": audit.algorithm.split(","),
        "effort": audit.effort,
        "min_quality": audit.min_quality,
        "low_quality_distance": audit.low_quality_distance,
        "notes": list(map(for_shell, matcher.notes)),
        "refused": for_shell(service.engine.refusal) or None,
        "damaged": service.engine.damage or None,
        "version": audit.version,
    }
    return Answer(Json(body))


async def reload(service: Service, request: Request) -> Answer:
    """Read lists and tokens again."""
    expect_no_query(request)
    try:
        await service.reload()
    except (SafehashError, OSError) as exc:
        raise Refused(409, f"not reloaded, the state before stays: {exc}") from exc
    return await lists(service, request)


# -- reviewers ----------------------------------------------------------------------------------------------


async def verdicts(service: Service, request: Request) -> Answer:
    """Say which entries reviewers found harmless, and which are quarantined."""
    expect_no_query(request)
    body = {
        "harmless": [each.to_record() for each in service.engine.memory.verdicts],
        "quarantined": [
            {
                "list": key[0],
                **named_by(key),
                key[1]: named_by(key).get("id", key[2][:8]),  # as it was named before
                "matches": each.n_matches,
                "share": each.share,
            }
            for key, each in service.engine.quarantined.items()
        ],
    }
    return Answer(Json(body))


async def say(service: Service, request: Request) -> Answer:
    """Keep what a reviewer says of an entry: its matches are harmless, for one upload or all; or harmful after all."""
    expect_no_query(request)
    body = await read_body(request, max_bytes=1 << 16, seconds=service.options.timeout)
    given = json_of(body)
    unknown = set(given) - {"list", "id", "entry", "verdict", "upload", "note"}
    if unknown:
        raise Refused(400, "not understood", asked=", ".join(sorted(unknown)))
    source, note = given.get("list"), given.get("note", "")
    if not isinstance(source, str) or source not in {info.name for info in service.engine.matcher.lists}:
        raise Refused(400, "list is the name of a list here")
    if not isinstance(note, str) or len(note) > _MOST_NOTE:
        raise Refused(400, f"a note is text of at most {_MOST_NOTE} characters")
    named: str | Hash
    key: tuple[str, ...]
    if "id" in given and "entry" in given:
        raise Refused(400, "an entry is named by its id or its hash, not by both")
    if isinstance(given.get("id"), str):
        named, key = given["id"], (source, "id", given["id"])
    elif "entry" in given:
        entry = hash_of(given["entry"])
        named, key = entry, (source, entry.algorithm.value, entry.hex)
    else:
        raise Refused(400, "id is an entry's id there, or entry its whole hash")
    upload: Hash | None = None if given.get("upload") is None else hash_of(given["upload"])
    if upload is not None and upload.algorithm not in (shown := _shown_by(service)):
        names = ", ".join(each.value for each in shown)
        raise Refused(400, f"an upload is known by its {names} here: of another hash nothing would come")
    verdict = given.get("verdict")
    memory = service.engine.memory
    loop = asyncio.get_running_loop()
    if verdict != "harmless" and (verdict != "harmful" or upload is not None):
        raise Refused(400, "verdict is harmless, for an upload or for all, or harmful")
    state = service.engine.matcher._state
    try:
        keys = await loop.run_in_executor(None, keys_named, state, source, named)
        if verdict == "harmful":
            known = {each.entry for each in memory.verdicts}
            known |= service.engine.quarantined.keys()
            keys = tuple(dict.fromkeys((*keys, *({key} & known))))  # of one that is gone from its list, too
        if not keys:
            raise Refused(404, "no entry of that list is called so: nothing would come of it")
        if verdict == "harmful":
            await loop.run_in_executor(None, memory.say_harmful, keys)
            return Answer(Json(_kept(key, keys, {"verdict": "harmful"})))
        said_by = str(request.scope.get("safehash bearer") or "anybody")
        say_so = partial(memory.say_harmless, keys, upload, said_by=said_by, note=note)
        said = (await loop.run_in_executor(None, say_so))[0].to_record()
        what = {name: said[name] for name in ("upload", "said_by", "said", "note")}
        return Answer(Json(_kept(key, keys, {"verdict": "harmless", **what}), 201))
    except SafehashError as exc:
        raise Refused(503, str(exc)) from exc


def _shown_by(service: Service) -> tuple[Algorithm, ...]:
    """Return the algorithms that tell of an upload which picture it shows: of the lists', or PDQ."""
    return tuple(each for each in algorithms_of(service.engine) if each.is_perceptual) or (Algorithm.PDQ,)


def _kept(key: tuple[str, ...], keys: Sequence[tuple[str, ...]], said: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of an entry as it was called, and of which: several may have one id."""
    return {"list": key[0], **named_by(key), **said, "entries": [named_by(each) for each in keys]}


_CHECKED = {
    400: "not understood", 408: "the body did not arrive in time", 413: "too large",
    415: "compressed, or JSON that does not say so",
    429: "too many at once: Retry-After says when", 503: "the lists are being read, or there was no time left",
}  # fmt: skip
_EFFORT = {
    "effort": "fast, standard, thorough or exhaustive, instead of the service's own",
    "lists": "names of the lists that count, with commas between; all otherwise",
    "full_hashes": "true for whole digests in the record",
}

ROUTES = (
    Route(
        method="POST", path="/v1/check", handler=check, summary="Decide one upload, or one hash.", query=_EFFORT,
        body="the picture's bytes, a form with one file, or JSON {\"hash\": \"pdq:...\"}",
        statuses={200: "a decision record, whatever the outcome", **_CHECKED}, answer="Decision",
    ),
    Route(
        method="POST", path="/v1/check/batch", handler=check_batch, query=_EFFORT,
        summary="Decide the files of one form, or many hashes, in their order.",
        body="a form of files, or JSON {\"hashes\": [...]}",
        statuses={200: "decision records as `results`", **_CHECKED}, answer="Decisions",
    ),
    Route(
        method="POST", path="/v1/explain", handler=explain, role="admin",
        summary="Every view of an upload, the nearest entries, and what each gate said.",
        query={"effort": _EFFORT["effort"], "entry": "of this entry alone: its id or digest"},
        body="the picture's bytes, or a form with one file",
        statuses={200: "an explanation", 404: "there is no such entry", 422: "it cost its worker's life", **_CHECKED},
    ),
    Route(
        method="GET", path="/v1/lists", handler=lists, summary="What is matched against, and how.",
        statuses={200: "lists and notes", 400: "not understood", 503: "they are being read"},
    ),
    Route(
        method="POST", path="/v1/reload", handler=reload, role="admin", summary="Read lists and tokens again.",
        statuses={
            200: "as of /v1/lists", 400: "not understood", 503: "they are being read",
            409: "what is there now cannot be used; the state before stays",
        },
    ),
    Route(
        method="GET", path="/v1/verdicts", handler=verdicts, summary="What reviewers found harmless, and what floods.",
        statuses={200: "verdicts and quarantined entries", 400: "not understood"},
    ),
    Route(
        method="POST", path="/v1/verdicts", handler=say, role="admin",
        summary="Say that an entry's matches are harmless, for one upload or all, or harmful after all.",
        body='JSON {"list": ..., "id": ..., "verdict": "harmless", "upload": "pdq:...", "note": ...}',
        statuses={
            200: "taken back", 201: "kept", 400: "not understood", 404: "that list has no such entry",
            408: _CHECKED[408], 413: _CHECKED[413], 415: "compressed",
            503: "the lists are being read, or it cannot be kept",
        },
    ),
)  # fmt: skip
