"""Shared fixtures: real photographs, made small enough to be quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "browser")]

settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "long", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("SAFEHASH_HYPOTHESIS", "suite"))

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def bridge() -> Path:
    """One photograph, 1600 x 1004."""
    return DATA / "golden" / "files" / "bridge-mods__aaa-orig.jpg"


@pytest.fixture(
    scope="module"
)  # not of the session: tests of arguments call everything there is on what is in it
def examples_folder(bridge: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the examples of docstrings and docs find it: pictures, a list, a snapshot, a catalog."""
    import safehash

    made = tmp_path_factory.mktemp("examples")
    (made / "photos").mkdir()
    with Image.open(bridge) as image:
        small = image.convert("RGB").reduce(2)
    other = small.transpose(Image.Transpose.TRANSPOSE).crop((0, 200, 500, 700))
    for path in (made, made / "photos"):
        small.save(path / "photo.jpg", quality=90)
        other.save(path / "other.jpg", quality=90)
    digest = safehash.hash_file(made / "photo.jpg").hex
    (made / "list.csv").write_text(f"pdq,id,labels\n{digest},b-1,viral_challenge\n")
    matcher = safehash.Matcher.from_files(made / "list.csv")
    matcher.save(made / "lists.safehash")
    with safehash.Catalog(made / "scan.db") as catalog:
        list(
            safehash.scan(
                made / "photos", matcher=matcher, options=safehash.ScanOptions(workers=0), catalog=catalog
            )
        )
    return made


#: Files of the quick tests, below this folder: what `make check` runs.
QUICK = frozenset(
    line
    for line in (Path(__file__).parent / "quick.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what stands in no file of quick.txt: a new file is slow until somebody says otherwise."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix() not in QUICK:
            item.add_marker("slow")
