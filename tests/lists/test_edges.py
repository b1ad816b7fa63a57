"""What a list's readers do at the edge of each number they go by: on it, one beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehash import Entry, Hash, read_list
from safehash.lists.formats.judging import may_be_cut
from safehash.lists.formats.sentences import _is_of_titles
from safehash.lists.formats.tally import UNBALANCED_BITS, Tally


@pytest.mark.parametrize(
    ("label", "may"),
    [("di", False), ("dis", True), ("de", False), ("del", True), ("exo", False), ("exon", True), ("", False)],
)
def test_a_third_of_a_word_may_be_its_beginning(label: str, may: bool) -> None:
    """ "disagree", "deleted", "exonerated": of less anything may come."""
    assert may_be_cut(label) is may


@pytest.mark.parametrize(
    ("title", "takes"),
    [
        ("deleted", True),
        ("deleted removed", True),
        ("deleted removed withdrawn", True),
        ("false positive deleted", True),
        ("deleted false positive", True),
        ("deleted pictures", False),
        ("pictures deleted", False),
        ("deleted pictures removed", False),
    ],
)
def test_a_title_takes_back_by_every_word_of_it(title: str, takes: bool) -> None:
    assert _is_of_titles(title) is takes


@pytest.mark.parametrize(
    ("n_ones", "n_unbalanced"),
    [(128, 0), (136, 0), (137, 1), (120, 0), (119, 1), (0, 0), (1, 1), (255, 1), (256, 0)],
)
def test_digests_without_a_type_that_no_pdq_makes_are_counted(n_ones: int, n_unbalanced: int) -> None:
    digest = ((1 << n_ones) - 1).to_bytes(32, "big")
    tally = Tally("own.txt", "own")
    tally.meet_untyped_one(digest)
    assert (tally.n_untyped, tally.n_unbalanced) == (1, n_unbalanced)
    assert UNBALANCED_BITS == 8


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_four_cells_of_a_column_that_nothing_is_known_of_are_shown(tmp_path: Path, n: int) -> None:
    cells = ["eins", "zwei", "drei", "vier", "fuenf", "sechs"][:n]
    rows = [f"{index:064x},{cell}" for index, cell in enumerate(cells, 1 << 200)]
    (tmp_path / "own.csv").write_text("\n".join(["pdq,status", *rows]) + "\n")
    reader = read_list(tmp_path / "own.csv")
    assert len(list(reader)) == n
    (note,) = [note for note in reader.report.notes if "'status' is kept as it came" in note]
    shown = ", ".join(f"'{cell}'" for cell in cells[:4]) + (", ..." if n > 4 else "")
    assert f"none of its cells ({shown}) is known" in note


def test_the_newest_version_of_an_entry_counts_and_a_deletion_without_a_day_is_the_last() -> None:
    hashed = Hash.from_hex("pdq", "0f" * 32)
    in_order = [
        Entry(hash=hashed),
        Entry(hash=hashed, created="2026-01-01T00:00:00Z"),
        Entry(hash=hashed, created="2026-01-01T00:00:00Z", deleted=True),
        Entry(hash=hashed, created="2026-01-01T00:00:00.5Z"),
        Entry(hash=hashed, created="2025-01-01T00:00:00Z", updated="2026-03-01T00:00:00Z"),
        Entry(hash=hashed, deleted=True),
    ]
    mixed = [*in_order[3:], *in_order[:3]]
    assert sorted(mixed, key=lambda entry: entry.version) == in_order
    assert len({entry.version for entry in in_order}) == len(in_order)
