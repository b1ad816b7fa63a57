"""The commands as a user runs them: index build, index info, match."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


def safehash(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "safehash", *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def balanced_digests(n: int) -> list[str]:
    """Digests with 128 ones each, as PDQ's are."""
    rng = np.random.default_rng(21)
    bits = np.array([rng.permutation(np.repeat([0, 1], 128)) for _ in range(n)], np.uint8)
    return [row.tobytes().hex() for row in np.packbits(bits, axis=1)]


DIGESTS = balanced_digests(40)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    lines = ["pdq,id", *(f"{digest},e{number}" for number, digest in enumerate(DIGESTS))]
    (folder / "own.csv").write_text("\n".join(lines) + "\n")
    path = folder / "lists.safehash"
    done = safehash("index", "build", folder / "own.csv", "-o", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "own: 40 entries" in done.stderr
    return path


def test_info_says_what_is_there(built: Path) -> None:
    done = safehash("index", "info", built, "--verify", "--json")
    assert done.returncode == 0
    record = json.loads(done.stdout)
    assert record["type"] == "index"
    assert record["verified"] is True
    assert record["entries"] == {"pdq": 40}
    assert [(each["name"], each["n_entries"]) for each in record["lists"]] == [("own", 40)]
    assert record["indexes"][0]["n_digests"] == 40
    assert record["n_bytes"] == built.stat().st_size
    plain = safehash("index", "info", built)
    assert "rows  pdq: 40" in plain.stdout
    assert "not verified" in plain.stdout


def test_info_refuses_a_damaged_file(built: Path, tmp_path: Path) -> None:
    data = bytearray(built.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = tmp_path / "x"
    damaged.write_bytes(data)
    done = safehash("index", "info", damaged, "--verify")
    assert (done.returncode, done.stdout) == (2, "")
    assert "section" in done.stderr
    assert "Traceback" not in done.stderr


def test_match_prints_a_line_a_match(built: Path) -> None:
    off_by_one = f"{int(DIGESTS[7], 16) ^ 1:064x}"
    done = safehash("match", off_by_one, "--index", built)
    assert done.returncode == 1
    assert done.stdout.rstrip("\n").split("\t") == [
        off_by_one[:8],
        "1",
        "own",
        "e7",
        "positive",
        "",
        "as it is",
    ]
    assert DIGESTS[7] not in done.stdout
    whole = safehash("match", off_by_one, "--index", built, "--full-hashes")
    assert whole.stdout.startswith(off_by_one + "\t")


def test_match_reads_standard_input_and_finds_negatives(built: Path) -> None:
    negative = f"{int(DIGESTS[3], 16) ^ (2**256 - 1):064x}"
    text = f"pdq:{negative}\n\n{'0123456789abcdef' * 4}\n"
    done = safehash("match", "-", "--index", built, "--json", text=text)
    assert done.returncode == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["outcome"], first["matches"][0]["id"], first["matches"][0]["view"]) == (
        "match",
        "e3",
        "negative",
    )
    assert (second["outcome"], second["matches"]) == ("no_match", [])


def test_no_match_is_exit_code_zero(built: Path) -> None:
    done = safehash("match", "0123456789abcdef" * 4, "--index", built)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("text", "named"),
    [(each, each) for each in ("zz", "x" * 64, "crc:00", "pdq:00")]
    + [("0" * 63, "safehash: 00000000...: 63 digits")],
)
def test_a_bad_hash_is_a_usage_error(built: Path, text: str, named: str) -> None:
    done = safehash("match", DIGESTS[0], text, "--index", built)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr


def test_a_missing_file_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    done = safehash("match", DIGESTS[0], "--index", tmp_path / "x")
    assert done.returncode == 2
    assert "cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr
