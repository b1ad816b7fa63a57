"""The named pictures: none twice, none of a package that was seen, and lists made of them only where all are there."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NAMED = ("photographs", "photographs-2", "unrelated-2")

#: Packages that view_mixes.py makes its mixes from.
OF_MIXES = {
    "endless-sky-data", "stellarium-data", "tuxpaint-stamps-default", "kgeography-data", "debian-handbook",
    "openclipart-png",
}  # fmt: skip


@pytest.fixture(scope="module")
def making() -> ModuleType:
    spec = importlib.util.spec_from_file_location("view_mixes", ROOT / "benchmarks" / "view_mixes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_picture_is_named_twice_and_no_seen_package_anew(making: ModuleType) -> None:
    named = {name: making.read_photographs(ROOT / "benchmarks" / f"{name}.tsv") for name in NAMED}
    assert [len(named[name]) for name in NAMED] == [469, 105, 3618]
    digests = [each.sha256 for name in NAMED for each in named[name]]
    assert len(set(digests)) == len(digests)
    seen = OF_MIXES | {each.package for each in named["photographs"]}
    for name in ("photographs-2", "unrelated-2"):
        assert not seen & {each.package for each in named[name]}, name
    assert {each.part for each in named["photographs-2"]} == {"unseen"}


def test_lists_are_made_only_of_the_very_files(
    making: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted, out = tmp_path / "new", tmp_path / "made"
    lines = {}
    for name, kind in (("photo.jpg", "unseen"), ("icon.png", "icons")):
        path = extracted / "things-data" / "usr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        lines[name] = f"# a comment\nthings-data\t1.0-1\tusr/{name}\t{digest}\t{kind}\n"
    for constant, name in (("NEW_PHOTOGRAPHS", "photo.jpg"), ("NEW_UNRELATED", "icon.png")):
        names = tmp_path / f"{constant}.tsv"
        names.write_text(lines[name])
        monkeypatch.setattr(making, constant, names)
    out.mkdir()
    (out / "mixes.txt").write_text("maps\tlisted\t/a.png\nmaps\ttest\t/b.png\nmaps\ttuning\t/c.png\n")

    making.write_unseen(extracted, out)
    folder = extracted / "things-data" / "usr"
    assert (out / "unseen_photos.txt").read_text() == f"{folder / 'photo.jpg'}\n"
    assert (
        out / "unseen_mixes.txt"
    ).read_text() == f"maps\tlisted\t/a.png\nicons\ttest\t{folder / 'icon.png'}\n"

    (folder / "icon.png").write_bytes(b"another")
    with pytest.raises(SystemExit, match=r"icon\.png is not that of things-data=1\.0-1"):
        making.write_unseen(extracted, out)
    with pytest.raises(SystemExit, match=r"packages missing: things-data=1\.0-1"):
        making.write_unseen(tmp_path / "elsewhere", out)
