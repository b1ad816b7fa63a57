"""Pages from templates: everything in them escaped, nothing loaded from anywhere, one look."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.resources import files
from typing import Any

from .. import __version__
from ..errors import SafehashError
from ..matching.shown import printable

__all__ = ["render"]


def render(template: str, facts: Mapping[str, Any]) -> str:
    """Return a page: a template of this room, filled.

    Parameters
    ----------
    template : str
        Its file name below ``templates``. It gets `facts`, the style, its digest for the page's security policy,
        when it is made and by which version.

    Raises
    ------
    SafehashError
        The ``report`` extra is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined, select_autoescape
        from markupsafe import Markup
    except ImportError as exc:
        raise SafehashError("reports need an extra: pip install 'safehash[report]'") from exc

    folder = files(__package__).joinpath("templates")
    style = folder.joinpath("report.css").read_text(encoding="utf-8")
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
        version=__version__,
        made=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        style=Markup(style),  # our own file, nothing of anybody else's
        style_sum=base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii"),
    )
