"""Hold a tag to the version and the changelog, which has a dated section for it and says whether hash bits changed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def complaints(tag: str, source: str, changelog: str) -> list[str]:
    """Return what is wrong, in sentences; nothing if nothing is."""
    found = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    version = found[1] if found else ""
    said = []
    if tag and tag != f"v{version}":
        said.append(f"the tag is {tag}, the version {version}")
    section = re.search(
        rf"^## \[{re.escape(version)}\] - (\d{{4}}-\d\d-\d\d)$(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if section is None:
        said.append(f"CHANGELOG.md has no section '## [{version}] - YYYY-MM-DD'")
    elif not re.search(r"^Hash bits changed: (no|yes: .+)\.$", section[2], re.MULTILINE):
        said.append(
            f"its section of {version} does not say 'Hash bits changed: no.' (or 'yes: which, and why.')"
        )
    return said


def main() -> int:
    ref = os.environ.get("GITHUB_REF", "")
    said = complaints(
        ref.removeprefix("refs/tags/") if ref.startswith("refs/tags/") else "",
        (ROOT / "src" / "safehash" / "__init__.py").read_text(encoding="utf-8"),
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    )
    for line in said:
        print(line, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
