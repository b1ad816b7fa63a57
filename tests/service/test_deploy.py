"""What is deployed says what the command understands: image, composition and unit name options that there are."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from safehash.cli.parser import make_parser

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


def parsed(line: list[str]) -> dict[str, object]:
    assert Path(line[0]).name == "safehash"
    options: dict[str, object] = vars(make_parser(line[1:]).parse_args(line[1:]))
    return options


def test_the_image_runs_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    words = [json.loads(found) for found in re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", text, re.MULTILINE)]
    assert len(words) == 2
    options = parsed([*words[0], *words[1]])
    assert (options["host"], options["tokens"]) == ("0.0.0.0", "/run/secrets/tokens")
    assert f"EXPOSE {options['port']}" in text
    assert re.search(r"^USER (?!0|root)\d+", text, re.MULTILINE), "not root"


def test_the_unit_runs_what_there_is() -> None:
    text = (DEPLOY / "safehash.service").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert parsed(shlex.split(line))["unix"] == "/run/safehash/socket"
    settings = [each.partition("=")[0] for each in text.splitlines() if re.match(r"[A-Z]\w*=", each)]
    assert len(settings) - len(set(settings)) == 1, "SystemCallFilter twice, nothing else"


def test_the_composition_mounts_what_the_image_names() -> None:
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for place in ("/lists", "/state"):
        assert f":{place}" in text
        assert f'"{place}/' in image
    assert "read_only: true" in text
    assert "127.0.0.1:8117:8117" in text
