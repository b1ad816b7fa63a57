"""Many byte strings taken at once are what each of them taken by itself is."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehash import load_list
from safehash.lists.formats.plain_columns import as_bytes
from safehash.lists.pools import PoolBuilder, pool_of_bytes

ITEMS = st.lists(st.sampled_from([b"", b"a", b"bc", b"\xff" * 9]), max_size=40)


@given(ITEMS, st.data())
@settings(max_examples=60, deadline=None)
def test_chosen_items_are_those_chosen_one_by_one(items: list[bytes], data: st.DataObject) -> None:
    pool = pool_of_bytes(items)
    rows = data.draw(st.lists(st.integers(0, len(items) - 1), max_size=40) if items else st.just([]))
    rows = data.draw(st.sampled_from([rows, sorted({*rows}), sorted({*range(len(items))} - {*rows[:3]})]))
    expected = [items[row] for row in rows]
    assert pool.items(rows) == expected
    assert [pool.chosen(rows).item(k) for k in range(len(rows))] == expected
    appended, taken = PoolBuilder(), PoolBuilder()
    appended.append(b"first")
    appended.take_each(pool, np.array(rows, np.int64))
    numbers = taken.take(pool, np.array(rows, np.uint32))
    for builder, at in ((appended, range(1, len(rows) + 1)), (taken, numbers.tolist())):
        sections: dict[str, np.ndarray] = {}
        builder.to_sections("x", sections)
        blob, offsets = sections["x_bytes"].tobytes(), sections["x_offsets"].tolist()
        assert [blob[offsets[k] : offsets[k + 1]] for k in at] == expected


@pytest.mark.parametrize("left_out", [(), (0,), (99,), (4, 5, 60), (7, 50, 98)])
def test_what_stands_together_is_copied_as_one(left_out: tuple[int, ...]) -> None:
    items = [b"%d" % k for k in range(100)]
    builder = PoolBuilder()
    builder.take_each(pool_of_bytes(items), np.array([k for k in range(100) if k not in left_out]))
    sections: dict[str, np.ndarray] = {}
    builder.to_sections("x", sections)
    assert sections["x_bytes"].tobytes() == b"".join(
        item for k, item in enumerate(items) if k not in left_out
    )
    assert np.diff(sections["x_offsets"]).tolist() == [
        len(item) for k, item in enumerate(items) if k not in left_out
    ]


def test_pieces_of_json_are_told_apart_whatever_is_in_them() -> None:
    for pieces in ([], [b""], [b"1", b"", b'"a"'], [b'"\0"', b"2"], [b"\0"]):
        assert as_bytes([msgspec.Raw(piece) for piece in pieces]) == pieces


@pytest.mark.parametrize(
    "ids, expected", [(["a", "", "b"], {"a", "", "b"}), (["a", None], {"a"}), ([None], set()), ([""], {""})]
)
def test_ids_of_deletes_are_all_there(tmp_path: Path, ids: list[str | None], expected: set[str]) -> None:
    given = [{} if one is None else {"id": one} for one in ids]
    lines = [
        {"safehash": 1},
        *(
            {"algorithm": "md5", "hash": f"{k:032x}", "deleted": True, **one}
            for k, one in enumerate(given, 1)
        ),
    ]
    path = tmp_path / "list.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert load_list(path).withdrawn.ids == expected
