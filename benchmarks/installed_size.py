"""How many megabytes each package of a plain installation takes, counted from the files that it says it installed.

Run: python benchmarks/installed_size.py -o benchmarks/results/installed.json, with the interpreter of an environment
that holds a wheel of safehash with its dependencies and nothing else (pip and setuptools aside).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
from datetime import datetime, timezone
from pathlib import Path

LEFT_OUT = {"pip", "setuptools", "wheel"}


def sizes() -> dict[str, float]:
    """Return megabytes by package; compiled Python files, which pip makes at installing, included."""
    result = {}
    for each in importlib.metadata.distributions():
        name = each.metadata["Name"]
        if name.lower() not in LEFT_OUT:
            paths = [Path(str(each.locate_file(file))) for file in each.files or ()]
            result[name] = round(sum(path.stat().st_size for path in paths if path.is_file()) / 1e6, 2)
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    today = datetime.now(timezone.utc).date().isoformat()
    where = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {today}"
    record = {
        "command": "python benchmarks/installed_size.py",
        "measured": where,
        "versions": {
            each.metadata["Name"]: each.version
            for each in importlib.metadata.distributions()
            if each.metadata["Name"].lower() not in LEFT_OUT
        },
        "megabytes": sizes(),
    }
    arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
