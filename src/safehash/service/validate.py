"""A validator of uploads, as the media server pict-rs asks one: 200 keeps a picture, 406 rejects it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request

from ..matching.decision import Outcome
from .answers import Json
from .asking import ask
from .refusing import Refused
from .serving import Answer, Route, Service

__all__ = ["ROUTES"]

_KEEP, _REJECT = 200, 406


async def validate(service: Service, request: Request) -> Answer:
    """Say whether a picture may be kept. What could not be looked at is kept or rejected as the operator chose."""
    on_undecided = service.options.on_undecided
    if on_undecided is None:
        raise Refused(
            404, "there is no validator: start it with --on-undecided accept|reject, which says what becomes of a "
            "picture that cannot be looked at"
        )  # fmt: skip
    with service.engine.hold():
        try:
            asked = await ask(request, service.options)
        except Refused as exc:
            if exc.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            return _answer(Outcome.TOO_LARGE, on_undecided == "accept", headers=exc.headers)
        if len(asked.uploads) != 1:
            raise Refused(400, f"the body is one picture, found {len(asked.uploads)}")
        decision = await service.decide(asked.uploads[0], asked)
    keeps = not decision.is_match if decision.is_decided else on_undecided == "accept"
    return _answer(decision.outcome, keeps, n_bytes=asked.n_bytes)


def _answer(
    outcome: Outcome, keeps: bool, *, headers: Mapping[str, str] | None = None, **also: object
) -> Answer:
    body = {"outcome": outcome.value, "keep": keeps}
    response = Json(body, _KEEP if keeps else _REJECT, headers)
    return Answer(response, {"outcomes": [outcome.value], "keep": keeps, **also})


ROUTES = (
    Route(
        method="POST", path="/validate", handler=validate, summary="Whether a picture may be kept.",
        body="the picture's bytes",
        statuses={
            _KEEP: "keep it", _REJECT: "reject it", 400: "not understood", 404: "no --on-undecided was given",
            408: "the body did not arrive in time", 415: "compressed", 429: "too many at once",
            503: "the lists are being read, or there was no time left",
        },
    ),
)  # fmt: skip
