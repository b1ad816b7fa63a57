"""The ASGI application: routes, who may ask them, the access log, and what is open to anybody."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import logger_of
from . import hma, own, validate
from .access import AccessLog
from .answers import Json
from .description import openapi, page
from .engine import Engine
from .fetching import Fetcher
from .heads import header_of
from .numbers import CONTENT_TYPE, Numbers
from .options import ServiceOptions
from .refusing import Refused, Shape
from .serving import Answer, Route, Service
from .tokens import Tokens

__all__ = ["ROUTES", "make_app", "service_of"]

_LOG = logger_of(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


async def health(service: Service, request: Request) -> Answer:
    """Say that the process answers."""
    return Answer(Json({"status": "alive"}))


async def ready(service: Service, request: Request) -> Answer:
    """Say whether uploads are decided, and on what."""
    engine = service.engine
    if not engine.is_ready:
        return Answer(Json({"status": "starting"}, 503, {"Retry-After": "1"}))
    kept = engine.kept
    is_degraded = kept or engine.refusal or engine.damage or engine.forgetting
    body: dict[str, Any] = {"status": "degraded" if is_degraded else "ready", "last_good": list(kept)}
    # Whether, not why: anybody may ask. /v1/lists says why, of what is remembered the log.
    body |= {"update_refused": bool(engine.refusal), "damaged": bool(engine.damage)}
    return Answer(Json({**body, "forgetting": bool(engine.forgetting)}))


async def metrics(service: Service, request: Request) -> Answer:
    """Return what is counted."""
    return Answer(Response(service.numbers.page(), headers={"Content-Type": CONTENT_TYPE}))


async def described(service: Service, request: Request) -> Answer:
    """Return the description for programs."""
    return Answer(Json(openapi(ROUTES)))


async def docs(service: Service, request: Request) -> Answer:
    """Return the description for people."""
    return Answer(HTMLResponse(page(ROUTES)))


async def site_map(service: Service, request: Request) -> Answer:
    """Return all paths."""
    return Answer(Json(sorted({route.path for route in ROUTES})))


ROUTES: tuple[Route, ...] = (
    *own.ROUTES,
    *hma.ROUTES,
    *validate.ROUTES,
    Route(method="GET", path="/healthz", handler=health, role="anybody", summary="That the process answers."),
    Route(
        method="GET", path="/readyz", handler=ready, role="anybody",
        summary="Whether uploads are decided, and whether a list is not as it should be.",
        statuses={200: "they are", 503: "the lists are being read"},
    ),
    Route(method="GET", path="/metrics", handler=metrics, summary="Counters for Prometheus."),
    Route(method="GET", path="/openapi.json", handler=described, role="anybody", summary="This, for programs."),
    Route(method="GET", path="/docs", handler=docs, role="anybody", summary="This, for people."),
    Route(method="GET", path="/site-map", handler=site_map, role="anybody", summary="All paths."),
)  # fmt: skip


def make_app(service: Service, *, failed: Callable[[BaseException], None]) -> ASGIApp:
    """Return the application of a service, which answers 503 until its lists are read.

    Parameters
    ----------
    service : Service
    failed : callable
        Told if the lists cannot be used: nothing will ever be decided then.
    """
    endpoints = {
        path: _endpoint(service, [route for route in ROUTES if route.path == path])
        for path in dict.fromkeys(route.path for route in ROUTES)
    }
    paths = [Path(path, endpoint, methods=None) for path, endpoint in endpoints.items()]
    for path in paths:
        path.methods = None  # ours answers them all, and 405 in words

    def told(starting: asyncio.Task[None]) -> None:
        error = starting.exception()
        if error is not None:
            failed(error)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        starting = asyncio.create_task(service.engine.start())
        starting.add_done_callback(told)
        try:
            yield
        finally:
            await asyncio.wait([starting])
            await service.engine.stop()

    async def unknown(request: Request, exc: Exception) -> Response:
        status = exc.status_code if isinstance(exc, HTTPException) else 500
        service.numbers.answered("unknown", status, 0.0)
        if service.access is not None:
            service.access.answered(request.method, "unknown", status, 0.0, {})
        shape: Shape = "message" if request.url.path.startswith(hma.PREFIXES) else "problem"
        return Refused(status, "there is no such path: /docs tells all").response(shape)

    app = Starlette(routes=paths, lifespan=lifespan, exception_handlers={404: unknown})
    app.router.redirect_slashes = False  # to whatever host the request names, and past the log
    return _at_once(app, {path: endpoint for path, endpoint in endpoints.items() if "{" not in path})


def _at_once(app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> ASGIApp:
    """Find a path without parameters by its name, and not by trying all in turn; take several slashes for one.

    A client whose base URL ends in a slash writes //h/hash.
    """

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if "//" in scope["path"]:
                scope = {**scope, "path": re.sub("/{2,}", "/", scope["path"])}
            endpoint = endpoints.get(scope["path"])
            if endpoint is not None:
                response = await endpoint(Request(scope, receive))
                await response(scope, receive, send)
                return
        await app(scope, receive, send)

    return wrapped


def _endpoint(service: Service, routes: list[Route]) -> Endpoint:
    by_method = {route.method: route for route in routes}
    for route in routes:
        if route.method == "GET":
            by_method.setdefault("HEAD", route)
    shape = routes[0].shape

    async def endpoint(request: Request) -> Response:
        started = time.perf_counter()
        route = by_method.get(request.method)
        said: dict[str, Any] = {}
        try:
            if route is None:
                allowed = ", ".join(sorted(by_method))
                raise Refused(405, f"this path takes {allowed} alone", headers={"Allow": allowed})
            if route.role != "anybody":
                bearer = service.tokens.bearer(header_of(request, b"authorization"), role=route.role)
                if bearer is None and route.role == "admin" and service.options.open_to_all:
                    # Whoever uploads could say that every entry's matches are harmless.
                    raise Refused(403, "this is an administrator's: start the service with --tokens")
                if bearer is not None:
                    request.scope["safehash bearer"] = said["bearer"] = bearer
                elif _is_of_a_page(request):
                    # Any page that a browser on this machine shows could ask, and change what reviewers said.
                    raise Refused(403, "a page in a browser asks: start the service with --tokens")
            answer = await route.handler(service, request)
            response = answer.response
            said.update(answer.said)
        except Refused as exc:
            response = exc.response(shape)
            said["refused"] = exc.detail
        except Exception:  # it costs its own request, which is answered, counted and logged as any other
            _LOG.exception("a defect of safehash, please report it")
            refused = Refused(500, "a defect of safehash, please report it: the log has the traceback")
            response = refused.response(shape)
        seconds = time.perf_counter() - started
        service.numbers.answered(routes[0].path, response.status_code, seconds)
        if service.access is not None:
            service.access.answered(request.method, routes[0].path, response.status_code, seconds, said)
        return response

    return endpoint


def _is_of_a_page(request: Request) -> bool:
    """Tell whether a page in a browser asks: by a script, or by a link, a form or a picture that it shows.

    A browser says so, of what its page asks of another; what somebody asks by the address bar is nobody's page.
    """
    if header_of(request, b"origin") is not None:
        return True
    return (header_of(request, b"sec-fetch-site") or "none") != "none"


def service_of(engine: Engine, options: ServiceOptions, access: AccessLog | None = None) -> Service:
    """Return what handlers have at hand.

    Raises
    ------
    SafehashError
        The file of tokens cannot be used.
    """
    return Service(
        engine=engine,
        options=options,
        tokens=Tokens(options.tokens),
        numbers=Numbers(engine),
        fetcher=Fetcher(options.fetch_from, max_bytes=options.max_body),
        access=access,
    )
