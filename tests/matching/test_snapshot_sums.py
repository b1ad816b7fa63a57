"""Names and sums in a snapshot file that nothing is computed from: a changed one is damage all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehash.errors import IndexFileError
from safehash.matching.matcher import Matcher
from safehash.matching.snapshot import open_snapshot


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "partner.csv").write_text("pdq,id\n" + "0123456789abcdef" * 4 + ",e-1\n")
    Matcher.from_files(tmp_path / "partner.csv").save(tmp_path / "lists.safehash")
    return tmp_path / "lists.safehash"


def test_the_name_of_a_list_is_under_the_header_s_checksum(written: Path) -> None:
    """A match would name another list, and another policy hold for it."""
    data = written.read_bytes()
    at = data.rindex(b'"partner"')
    assert open_snapshot(written).lists[0].name == "partner"
    written.write_bytes(data[:at] + b'"pardner"' + data[at + 9 :])
    with pytest.raises(IndexFileError, match="checksum does not fit") as caught:
        open_snapshot(written)
    assert caught.value.section == "header"


def test_where_things_lie_is_under_the_preamble_s_checksum(written: Path) -> None:
    data = bytearray(written.read_bytes())
    n_compared = 0
    for at in range(96):
        changed = bytearray(data)
        changed[at] ^= 1
        written.write_bytes(changed)
        with pytest.raises(IndexFileError) as caught:
            open_snapshot(written)
        n_compared += "its checksum does not fit" in str(caught.value) and caught.value.section == "preamble"
    assert n_compared > 30  # all but those of the magic and the version, which are looked at before


def test_block_checksums_are_under_a_checksum_of_their_own(written: Path) -> None:
    data = bytearray(written.read_bytes())
    end_of_sums = data.rindex(b'{"format"') if b'{"format"' in data else data.rindex(b'{"')
    data[end_of_sums - 1] ^= 1
    written.write_bytes(data)
    with pytest.raises(IndexFileError, match="their checksum does not fit") as caught:
        open_snapshot(written)
    assert caught.value.section == "block checksums"
