"""What the scan's tests share: a folder of small pictures and a list that knows one of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import safehash

SOURCE = str(Path(safehash.__file__).parent.parent)


def write_picture(path: Path, seed: int, *, size: tuple[int, int] = (96, 80)) -> None:
    """Write a busy picture that no other seed resembles."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path, format="PNG")


def write_pictures(folder: Path, n: int, *, first_seed: int = 0) -> list[Path]:
    """Write n pictures into a folder, made if need be, and return their paths in name order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"picture{number:05}.png" for number in range(n)]
    for number, path in enumerate(paths):
        write_picture(path, first_seed + number)
    return paths


def write_list(path: Path, *pictures: Path, label: str = "graphic_self_harm") -> Path:
    """Write a list of the given pictures' hashes."""
    lines = ["pdq,id,labels"]
    lines += [f"{safehash.hash_file(picture).hex},entry-{picture.stem},{label}" for picture in pictures]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def environment(*, beside: bool = False) -> dict[str, str]:
    """Return an environment in which a fresh interpreter finds this very package, and what stands beside this file."""
    here = [str(Path(__file__).parent)] if beside else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join([SOURCE, *here, os.environ.get("PYTHONPATH", "")])}


def command(*arguments: str | Path) -> list[str]:
    """Return the command line as a user's shell would run it."""
    return [sys.executable, "-m", "safehash", *(os.fspath(each) for each in arguments)]


def run(*arguments: str | Path, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        env=environment(),
        check=False,
        timeout=120,
        **options,
    )


def in_own_mounts() -> list[str] | None:
    """Return how to run a command that may mount, seen by nobody else; None where that is impossible."""
    for options in (["--mount"], ["--mount", "--user", "--map-root-user"]):
        command = ["unshare", *options]
        try:
            trial = [*command, "sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt"]
            if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
                return command
        except OSError:
            return None
    return None


def records_in(output: bytes) -> list[dict[str, Any]]:
    """Parse JSON Lines."""
    return [json.loads(line) for line in output.splitlines()]


def facts(rows: Sequence[tuple[Any, ...]]) -> dict[Any, Any]:
    """Return rows as a mapping from the first column to the rest, refusing doubles."""
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == len(rows), "a file was recorded twice"
    return found
