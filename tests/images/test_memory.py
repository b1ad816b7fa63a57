"""What a check holds is what its limits say: pictures of every format and pixel mode, as large as is let through.

One kind of each way that pixels take, here; all of them with SAFEHASH_MEMORY=all (``make test-memory``, every night).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from at_the_limit import KINDS
from safehash import Limits, Matcher, Outcome, Settings
from stores import environment

#: A kind of each reader and conversion, the hungriest first.
SHORT = (
    "PNG RGBA 16 bits", "PNG RGBA, narrow",
    "PNG RGB 16 bits, key", "PNG palette, alphas", "PNG grey", "JPEG CMYK progressive", "JPEG RGB",
    "JPEG RGB, gain map",
    "GIF P", "WebP RGBA", "AVIF RGBA", "PNG RGBA, cut", "BMP RGBA", "PPM", "PPM digits",
    "TIFF I deflate", "TIFF 32-bit float", "TIFF RGB JPEG",
)  # fmt: skip
NAMES = tuple(KINDS) if os.environ.get("SAFEHASH_MEMORY") == "all" else SHORT
#: What the pictures are measured against. Under it the constant part, buffers of a strip, would be most of it.
MAX_DECODED_BYTES = 24 << 20
#: "At most max_decoded_bytes and a third more", and the strips, rows and code that every check holds, in bytes.
A_THIRD_MORE, CONSTANT = 4 / 3, 10 << 20
#: Sides to try, from one that is too large.
SIDES = (4_950, 3_500, 2_800, 2_450, 2_050, 1_750, 1_550, 1_400, 1_200, 980, 800)


def _status(name: str) -> int:
    """Return a line of this process's status, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return 1024 * int(line.split()[1])
    raise ValueError(name)


def _growth(matcher: Matcher, data: bytes) -> tuple[Outcome, int]:
    """Return what became of a file, and by how much the resident memory grew at most."""
    ctypes.CDLL(None).malloc_trim(0)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from now on
    outcome = matcher.check(data).outcome
    return outcome, _status("VmHWM") - before


def measure(listed: str) -> None:
    """Print, for every kind, the largest side that passes and the growth."""
    limits = Limits(max_decoded_bytes=MAX_DECODED_BYTES)
    matcher = Matcher.from_files(listed, settings=Settings(limits=limits, effort="thorough", deadline=None))
    for name in NAMES:
        mode, save, _ = KINDS[name]
        matcher.check(save(mode, 64))  # what its reader loads once
    for name in NAMES:
        mode, save, _ = KINDS[name]
        for side in SIDES:
            outcome, grown = _growth(matcher, save(mode, side))
            if outcome is not Outcome.TOO_LARGE:
                break
        print(name, side, outcome.value, grown, sep="|")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks as Linux measures them")
@pytest.mark.skipif(os.environ.get("LD_PRELOAD", "") != "", reason="sanitizers hold memory of their own")
def test_no_kind_of_picture_holds_more_than_its_limit(tmp_path: Path) -> None:
    listed = tmp_path / "own.csv"
    listed.write_text("hash\n" + "f0" * 32 + "\n", encoding="ascii")
    done = subprocess.run(
        [sys.executable, __file__, str(listed)],
        stdout=subprocess.PIPE, text=True, check=True, env=environment(beside=True),
    )  # fmt: skip
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(NAMES)
    beyond = [row for row in rows if int(row[3]) > A_THIRD_MORE * MAX_DECODED_BYTES + CONSTANT]
    assert not beyond
    # The limit is used: a kind that needs less is let through larger.
    assert not [row for row in rows if row[2] == "too_large"]


if __name__ == "__main__":
    measure(sys.argv[1])
