"""Pages from templates: everything in them escaped, nothing loaded from anywhere, one look."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from .. import __version__
from ..errors import SafehashError
from ..matching.printable import printable

__all__ = ["HOW_TO_INSTALL", "render"]

#: What to type where pages cannot be made.
HOW_TO_INSTALL = "pip install 'safehash[report]', in a checkout pip install '.[report]'"


def render(
    template: str,
    facts: Mapping[str, Any],
    *,
    script: str | None = None,
    as_they_are: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return a page: a template of this room, filled.

    Parameters
    ----------
    template : str
        Its file name below ``templates``. It gets `facts`, the style, its digest for the page's security policy,
        when it is made and by which version.
    facts : mapping
        Escaped where they are put in.
    script : str or None
        The name of the file there that the page runs; the template gets it and its digest, too.
    as_they_are : mapping of str to str
        Texts in which no markup begins, put in unescaped.

    Raises
    ------
    SafehashError
        The ``report`` extra is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined, select_autoescape
        from markupsafe import Markup
    except ImportError as exc:
        raise SafehashError(f"reports need an extra: {HOW_TO_INSTALL}") from exc

    folder = files(__package__).joinpath("templates")
    ours = {"style": "report.css"} | ({} if script is None else {"script": script})
    texts = {name: folder.joinpath(file).read_text(encoding="utf-8") for name, file in ours.items()}
    environment = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = lambda text: printable(str(text))
    page = environment.from_string(folder.joinpath(template).read_text(encoding="utf-8"))
    return page.render(
        **facts,
        **{name: Markup(text) for name, text in as_they_are.items()},
        **{name: Markup(text) for name, text in texts.items()},  # our own files, nothing of anybody else's
        **{f"{name}_sum": _sum(text) for name, text in texts.items()},
        version=__version__,
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _sum(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
