"""Put the tables that the code holds into these pages: what a field, a column, an exit code means stands once.

Between ``<!-- table: NAME -->`` and ``<!-- /table -->`` of a page stands what `TABLES` gives for the name. Run it after
a change of the code's tables; with ``--check`` nothing is written, and pages that differ make the exit code 1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from command_line import markdown as commands
from evidence import against_gates, measures
from requirements_of import dependencies, platforms
from unseen import cost, lost, unseen

from safehash.cli import exits
from safehash.lists.formats import describing
from safehash.matching import families, judgement, weighing
from safehash.matching.record import FIELDS, MATCH_FIELDS, markdown
from safehash.service import app, description

TABLES: dict[str, Callable[[], str]] = {
    "fields of a decision": lambda: markdown(FIELDS),
    "fields of a match": lambda: markdown(MATCH_FIELDS),
    "families": families.markdown,
    "gates": judgement.markdown,
    "measures": measures,
    "evidence": weighing.markdown,
    "evidence and gates": against_gates,
    "exit codes": exits.markdown,
    "list formats": describing.formats_markdown,
    "names of columns": describing.names_markdown,
    "words of cells": describing.words_markdown,
    "routes": lambda: description.markdown(app.ROUTES),
    "commands": commands,
    "dependencies": dependencies,
    "platforms": platforms,
    "unseen": unseen,
    "lost": lost,
    "cost": cost,
}

_TABLE = re.compile(r"(<!-- table: ([^>]*?) -->\n).*?(<!-- /table -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page's text with every table as the code has it now."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", page)


def main() -> int:
    """Write the pages that differ, or say which do."""
    differing = []
    for path in sorted(Path(__file__).parent.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            differing.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(filled(text), encoding="utf-8")
    if differing:
        print(f"differ from the code's tables: {', '.join(differing)}", file=sys.stderr)
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
