"""Where public names stand: the package, its namespaces, and the modules that pages tell users to import from."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import safehash
import safehash.integrations
import safehash.lists

__all__ = ["NAMESPACES", "homes_of", "public_values"]

NAMESPACES: dict[str, ModuleType] = {
    "safehash": safehash,
    "safehash.lists": safehash.lists,
    # What stands behind interfaces of others is imported from where it stands.
    **{
        each.name: import_module(each.name)
        for each in pkgutil.iter_modules(safehash.integrations.__path__, "safehash.integrations.")
    },
}


def homes_of(namespace: str) -> dict[str, str]:
    """Return by public name the module, below a package, that defines it; "" for the module itself."""
    module = NAMESPACES[namespace]
    homes: dict[str, str] = getattr(module, "_HOMES", None) or dict.fromkeys(module.__all__, "")
    return {name: home for name, home in homes.items() if home != name}  # a namespace below is a name, too


def public_values() -> Iterator[tuple[str, Any]]:
    """Yield every public name, from the namespace on, and what it is."""
    for namespace, module in NAMESPACES.items():
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.ismodule(value):
                yield f"{namespace}.{name}", value
