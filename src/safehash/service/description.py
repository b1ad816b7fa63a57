"""The service described for programs (OpenAPI) and for people: both are made of the routes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .. import __version__
from ..matching.record import FIELDS, MATCH_FIELDS, Field, Kind
from .serving import Route

__all__ = ["markdown", "openapi", "page"]

_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.DIGEST: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.FLAG: {"type": "boolean"},
    Kind.TEXTS: {"type": "array", "items": {"type": "string"}},
    Kind.INTEGERS: {"type": "array", "items": {"type": "integer"}},
    Kind.FACTS: {"type": "object"},
    Kind.MATCHES: {"type": "array", "items": {"$ref": "#/components/schemas/Match"}},
}

#: What whoever may not ask is told, beside what a route's handler says.
_REFUSED: dict[str, dict[int, str]] = {
    "anybody": {},
    "check": {401: "no token", 403: "a page in a browser asks, and there are no tokens"},
    "admin": {401: "no token", 403: "not an administrator's token; or a page in a browser asks"},
}

_DECISION = {"$ref": "#/components/schemas/Decision"}


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the description of some routes: OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", route.path)
        ]
        parameters += [
            {"name": name, "in": "query", "description": said, "schema": {"type": "string"}}
            for name, said in route.query.items()
        ]
        operation: dict[str, Any] = {
            "summary": route.summary,
            "parameters": parameters,
            "responses": {str(status): {"description": said} for status, said in _statuses(route).items()},
            "security": [] if route.role == "anybody" else [{"token": []}],
        }
        if route.answer:
            schema = {"$ref": f"#/components/schemas/{route.answer}"}
            operation["responses"]["200"]["content"] = {"application/json": {"schema": schema}}
        if route.body:
            operation["requestBody"] = {"description": route.body, "content": {"*/*": {}}}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "safehash",
            "version": __version__,
            "summary": "Known self-harm imagery, by perceptual hash.",
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Decision": _schema(FIELDS),
                "Decisions": {
                    "type": "object",
                    "properties": {"results": {"type": "array", "items": _DECISION}},
                },
                "Match": _schema(MATCH_FIELDS),
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _statuses(route: Route) -> dict[int, str]:
    """Return what comes of asking, and what each status means: one may mean two things."""
    found = dict(route.statuses or {200: "done"})
    for status, said in _REFUSED[route.role].items():
        found[status] = f"{found[status]}; or {said}" if status in found else said
    return found


def _schema(fields: Iterable[Field]) -> dict[str, Any]:
    properties = {field.name: {**_TYPES[field.kind], "description": field.meaning} for field in fields}
    return {"type": "object", "properties": properties}


def page(routes: Sequence[Route]) -> str:
    """Return the same as a page that loads nothing."""
    rows = "".join(
        f"<tr><td><code>{route.method} {html.escape(route.path)}</code><td>{html.escape(route.summary)}"
        f"<td>{html.escape(route.body)}<td>{html.escape(route.role)}"
        for route in routes
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>safehash</title>"
        "<style>body{font:1rem/1.5 sans-serif;margin:2rem}td,th{padding:.2rem .8rem;text-align:left}</style>"
        f"<h1>safehash {__version__}</h1><p>For programs: <a href=openapi.json>openapi.json</a>."
        f"<table><tr><th>asked<th>what it is<th>body<th>who may{rows}</table></html>"
    )


def markdown(routes: Iterable[Route]) -> str:
    """Return the table of docs/how-to/serve.md."""
    lines = ["| asked | what it is | body | who may |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{route.method} {route.path}` | {route.summary} | {route.body.replace('|', '/')} | {_WHO[route.role]} |"
        for route in routes
    ]
    return "\n".join(lines) + "\n"


_WHO = {"anybody": "anybody", "check": "a token", "admin": "an administrator's token"}
