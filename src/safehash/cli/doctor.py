"""``safehash doctor``: what is installed here, how old lists are, and a second opinion on look-ups."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Iterator
from typing import Any

from .. import __version__
from ..lists.switches import for_shell
from ..matching.printable import printable
from .arguments import ListText, whole
from .exits import CRASH, FATAL, OK
from .list_options import LIST, add_list_options, list_source
from .wording import so_many_entries

__all__ = ["add_commands"]

#: What is always there, and extras: the module of each, and what it is for.
_PACKAGES = ("numpy", "pillow", "faiss-cpu", "pebble", "rich", "msgspec", "defusedxml")
_EXTRAS = {
    "heic": ("pillow_heif", "HEIC and HEIF photographs"),
    "report": ("jinja2", "`safehash report`"),
    "parquet": ("pyarrow", "Parquet"),
    "remote": ("fsspec", "s3://, gs:// and other stores"),
    "watch": ("watchdog", "`scan --watch`"),
    "completion": ("shtab", "`safehash completion`"),
    "serve": ("uvicorn", "`safehash serve`"),
}


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "doctor",
        help="say what is installed, how old lists are, and whether look-ups are right",
        description="Print versions, decoders, instruction sets and extras, and the age of each list. With --verify, a "
        "sample of look-ups in your own list is answered by our index and by FAISS, which must agree.",
    )
    parser.add_argument(
        "--list",
        action="append",
        default=[],
        type=ListText,
        metavar=LIST,
        help="a list whose age to print; may be repeated",
    )
    parser.add_argument(
        "--verify",
        action="append",
        default=[],
        type=ListText,
        metavar=LIST,
        help="a list in which to compare look-ups; may be repeated",
    )
    parser.add_argument(
        "--sample",
        type=whole(1, 1_000_000),
        default=1000,
        metavar="N",
        help="number of look-ups to compare (default: 1000)",
    )
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="seed of the sample (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_list_options(parser)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    facts: dict[str, Any] = {"safehash": __version__, **_machine(), "packages": dict(_versions())}
    from ..images.support import decoders

    facts["decoders"] = decoders()
    facts["extras"] = {
        name: importlib.util.find_spec(module) is not None for name, (module, _) in _EXTRAS.items()
    }
    facts["lists"] = [_list_facts(text, arguments) for text in arguments.list]
    facts["verified"] = [each for text in arguments.verify for each in _verified(text, arguments)]
    if arguments.json:
        print(json.dumps(facts))
    else:
        for line in _lines(facts):
            print(printable(line))
    differ = [each for each in facts["verified"] if each["differ"]]
    for each in differ:
        said = f"{each['list']}: a defect, please report it: our index and FAISS differ: {each['first']}"
        print(f"safehash: {printable(said)}", file=sys.stderr)
    if differ:
        return CRASH
    return FATAL if any(each.get("error") for each in facts["lists"]) else OK


def _machine() -> dict[str, Any]:
    from .. import _core
    from ..hashing.threads import available_processors

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": available_processors(),
        "instruction_level": max(_core.LEVELS),
        "instruction_levels": list(_core.LEVELS),
    }


def _versions() -> Iterator[tuple[str, str | None]]:
    for name in _PACKAGES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, None


def _list_facts(text: ListText, arguments: argparse.Namespace) -> dict[str, Any]:
    from ..errors import ListError
    from ..lists.loading import load_list
    from ..lists.selecting import staleness

    source = list_source(text, arguments)
    try:
        loaded = load_list(source)
    except (ListError, OSError) as exc:
        return {"list": source.list_name, "error": for_shell(str(exc))}
    return {
        "list": loaded.name, "entries": len(loaded.table), "newest": loaded.report.newest,
        "stale": staleness(loaded.report),
    }  # fmt: skip


def _verified(text: ListText, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from ..errors import ListError
    from ..hashing.algorithms import USUAL_DISTANCE, Algorithm
    from ..lists.loading import load_list
    from ..search.second import compare

    source = list_source(text, arguments)
    table = load_list(source).table
    n_compared = 0
    for algorithm in Algorithm:
        digests = table.digests(algorithm)[1]
        if not algorithm.is_perceptual or not len(digests):
            continue
        n_compared += 1
        found = compare(
            digests,
            algorithm=algorithm,
            max_distance=USUAL_DISTANCE[algorithm],
            n_queries=arguments.sample,
            seed=arguments.seed,
        )
        yield {
            "list": source.list_name, "algorithm": algorithm.value, "entries": found.n_entries,
            "queries": found.n_queries, "max_distance": found.max_distance, "answers": found.n_answers,
            "differ": found.n_differ, "first": found.first, "seconds": round(found.ours, 4),
            "faiss_seconds": round(found.faiss, 4),
        }  # fmt: skip
    if not n_compared:
        raise ListError(
            "it has no perceptual digests, and others are equal or not: nothing to compare", path=text
        )


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield f"safehash {facts['safehash']}, Python {facts['python']}, {facts['system']}"
    levels = facts["instruction_levels"]
    yield f"processors {facts['processors']}, instruction set level {facts['instruction_level']} of {levels}"
    for name, version in facts["packages"].items():
        yield f"  {name:<20} {version or 'not installed'}"
    yield "decoders"
    for name, version in facts["decoders"].items():
        yield f"  {name:<20} {version or 'none: such files are unsupported'}"
    yield "extras"
    for name, there in facts["extras"].items():
        use = _EXTRAS[name][1]
        yield f"  {name:<20} {'installed' if there else f'not installed (pip install safehash[{name}])'}, for {use}"
    for each in facts["lists"]:
        if each.get("error"):
            yield f"list {each['list']}: refused: {each['error']}"
        else:
            age = each["stale"] or f"newest record {each['newest'] or 'undated'}"
            yield f"list {each['list']}: {so_many_entries(each['entries'])}, {age}"
    for each in facts["verified"]:
        said = "all the same" if not each["differ"] else f"{each['differ']} DIFFER"
        asked = f"{each['queries']} look-ups among {each['entries']} {each['algorithm']} entries"
        times = f"ours {1e3 * each['seconds']:.0f} ms, FAISS {1e3 * each['faiss_seconds']:.0f} ms"
        found = f"{each['answers']} answers: {said} ({times})"
        yield f"verified {each['list']}: {asked} within {each['max_distance']} bits, {found}"
