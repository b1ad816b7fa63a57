"""What a type checker says of a user's code: the types they expect, and an error for what there is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import safehash

PACKAGE = Path(safehash.__file__).parent

#: A user's code. A line that ends with ``# E: words`` is an error whose message holds the words; no other line is.
USERS = """
# mypy: enable-error-code="truthy-bool"
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from typing_extensions import assert_type

import safehash
from safehash import Decision, Matcher, Nonsense  # E: has no attribute "Nonsense"
from safehash.integrations.batch import Check, Chek  # E: has no attribute "Chek"

safehash.Nonsense  # E: Module has no attribute "Nonsense"
safehash.hash_fil("a.jpg")  # E: Module has no attribute "hash_fil"
safehash.lists.nonsense  # E: Module has no attribute "nonsense"

settings = safehash.Settings(
    effort="thorough",
    policy=safehash.Policy(include_labels=["x"], per_list={"own": safehash.ListPolicy(min_quality=20)}),
    allow_ids={"b-1"},
    flood=safehash.FloodLimits(max_share=0.02),
)
safehash.Settings(effort="maximal")  # E: incompatible type "Literal['maximal']"
safehash.Settings("fast")  # E: Too many positional arguments
safehash.Settings(efort="fast")  # E: Unexpected keyword argument "efort"
settings.effort = "fast"  # E: Property "effort" defined in "Settings" is read-only

source = safehash.ListSource("a.csv", name="a")
matcher = Matcher.from_files("own.csv", source, allow=[Path("b.csv")], settings=settings)
assert_type(matcher, Matcher)
Matcher.from_files("own.csv", effort="fast")  # E: Unexpected keyword argument "effort"


async def received(upload: safehash.UploadedFile) -> Decision:
    return matcher.check(upload)


def decided(upload: safehash.Upload) -> str:
    decision = matcher.check(upload)
    assert_type(decision.standing, tuple[safehash.Match, ...])
    assert_type(decision.is_match, bool)
    assert_type(decision.hash, safehash.Hash | None)
    assert_type(decision.outcome, safehash.Outcome)
    return decision.hash.hex  # E: Item "None" of "Hash | None" has no attribute "hex"


def misread(upload: safehash.Upload) -> str:
    # What follows the `if` is checked as well: it is not taken for out of reach.
    decision = matcher.check(upload)
    if decision:  # E: could always be true in boolean context
        return 1  # E: Incompatible return value type
    if decision.is_match and not decision.outcome:
        return 2  # E: Incompatible return value type
    decision.nonsense  # E: "Decision" has no attribute "nonsense"
    return decision.suggestion


with open("a.jpg", "rb") as binary, open("a.txt") as text:
    for upload in (b"", bytearray(), memoryview(b""), "a.jpg", Path("a.jpg"), io.BytesIO(), binary):
        matcher.check(upload)
    matcher.check(Image.new("RGB", (9, 9)))
    matcher.check(np.zeros((9, 9), np.uint8))
    matcher.check(text)  # E: incompatible type "TextIOWrapper
    matcher.check(3)  # E: incompatible type "int"
    floats: npt.NDArray[np.float32] = np.zeros((9, 9), np.float32)
    matcher.check(floats)  # E: incompatible type
assert_type(matcher.check_many([b"", "a.jpg"]), list[Decision])
assert_type(safehash.hash_many([b""]), Iterator[safehash.Hash | safehash.ImageError | OSError])

running = safehash.scan("photos", matcher=matcher, options=safehash.ScanOptions(workers=0))
assert_type(running, safehash.Scan)
for record in running:
    assert_type(record, safehash.ScanRecord)
for event in running.events():
    assert_type(event, safehash.ScanRecord | safehash.Known | safehash.Skipped | safehash.Problem)
safehash.scan("photos", matcher=matcher, workers=8)  # E: Unexpected keyword argument "workers"

with safehash.Catalog("scan.db") as catalog:
    for found in safehash.rematch(catalog, matcher):
        assert_type(found, safehash.ScanRecord)
    safehash.report(catalog, "report.html")
assert_type(safehash.lists.add("own.jsonl", ["a.jpg"], labels=["x"]), safehash.lists.Added)
assert_type(safehash.evaluate("photos"), safehash.Evaluation)
assert_type(safehash.load_list("own.csv").table[0], safehash.Entry)
assert_type(safehash.Index([]).search(safehash.hash_file("a.jpg"), max_distance=31), list[tuple[int, int]])
safehash.Index([]).parts()  # E: "Index" has no attribute "parts"

entry = safehash.Entry(hash=None, id="1", deleted=True, extra={"a": 1})
entry.extra["b"] = 2  # E: Unsupported target for indexed assignment
assert_type(entry.extra["a"], Any)
safehash.Scan("photos")  # E: Too many arguments
safehash.ListReader("own.csv")  # E: Too many arguments


def parts(picture: safehash.Decoded) -> list[tuple[safehash.Hash, str]]:
    return [(safehash.hash_array(picture.pixels), "all of it")]


safehash.lists.add("own.jsonl", ["a.jpg"], options=safehash.lists.AddOptions(parts=parts))
with safehash.Catalog("scan.db") as catalog:
    assert_type(next(catalog.changes(after=0, to=1)), safehash.Change)
    assert_type(catalog.agreement()["lists"]["own"], safehash.Agreement)
"""


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for mypy's cache, kept from run to run where pytest keeps anything."""
    kept = getattr(request.config, "cache", None)
    return Path(kept.mkdir("mypy-of-users")) if kept is not None else tmp_path / "cache"


def test_mypy_strict_on_a_users_code(tmp_path: Path, cache: Path) -> None:
    code = tmp_path / "users.py"
    code.write_text(USERS)
    expected = {
        number: line.partition("# E: ")[2]
        for number, line in enumerate(USERS.split("\n"), 1)
        if "# E: " in line
    }
    environment = dict(os.environ)
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\n")
    if PACKAGE.parent.name != "site-packages":
        environment["MYPYPATH"] = str(PACKAGE.parent)
        # As of what is installed: what is wrong in the package itself is for `make types` to say.
        settings.write_text("[mypy]\n[mypy-safehash,safehash.*]\nfollow_imports = silent\n")
    command = [
        sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "--no-color-output",
        "--config-file", str(settings), "--cache-dir", str(cache), str(code),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    said = re.findall(r"^(?:.*/)?users\.py:(\d+): error: (.*)$", done.stdout, re.MULTILINE)
    assert len(said) == done.stdout.count(": error: "), (
        done.stdout + done.stderr
    )  # none in the package itself
    assert {int(line) for line, _ in said} == set(expected), done.stdout + done.stderr
    for line, message in said:
        assert expected[int(line)] in message
