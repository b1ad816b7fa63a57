"""One definition of a record: whatever writes it, the same fields come out, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash.cli.output import Records
from safehash.matching.decision import Outcome
from safehash.matching.matcher import Matcher
from safehash.matching.printable import printable
from safehash.matching.record import (
    CSV_COLUMNS,
    FIELDS,
    IN_CATALOG,
    MATCH_FIELDS,
    Kind,
    arrow_rows,
    arrow_schema,
    csv_rows,
    decision_record,
    match_record,
    suggestion_of,
)
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import records
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_picture, write_pictures

#: Of lists and files: any text, and odd bytes as lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff"), max_size=20)
VALUES = {
    Kind.TEXT: texts, Kind.DIGEST: st.binary(min_size=8, max_size=32).map(bytes.hex),
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1), Kind.NUMBER: st.floats(allow_nan=False), Kind.FLAG: st.booleans(),
    Kind.TEXTS: st.lists(texts, max_size=3), Kind.INTEGERS: st.lists(st.integers(0, 9), max_size=3),
    Kind.FACTS: st.dictionaries(texts, st.integers(), max_size=2),
}  # fmt: skip


def facts_of(fields: Any, **fixed: Any) -> Any:
    required = {field.name: VALUES[field.kind] for field in fields if not field.when and field.kind in VALUES}
    optional = {
        field.name: VALUES[field.kind]
        for field in fields
        if field.when and field.kind in VALUES and field.name not in fixed
    }
    return st.fixed_dictionaries({**required, **fixed}, optional=optional)


matches = facts_of(MATCH_FIELDS)
#: A path is what the system gave: any bytes, decoded as Python does.
paths = st.binary(min_size=1, max_size=20).map(os.fsdecode)
decisions = facts_of(
    FIELDS,
    path=paths,
    outcome=st.sampled_from([outcome.value for outcome in Outcome]),
    matches=st.lists(matches, max_size=3),
)


@given(decisions, st.booleans())
def test_fields_in_their_order_and_no_others(facts: dict[str, Any], full: bool) -> None:
    record = decision_record(facts, full_hashes=full)
    names = [field.name for field in FIELDS]
    assert list(record) == ["type", *(name for name in names if name in record)]
    assert set(record) >= {field.name for field in FIELDS if not field.when}
    assert json.loads(json.dumps(record)) == record
    assert record["suggestion"] == suggestion_of(facts["outcome"])
    for field in FIELDS:
        if field.kind is Kind.DIGEST and field.name in facts:
            assert record[field.name] == (facts[field.name] if full else facts[field.name][:8])
        elif field.name not in ("matches", "suggestion") and field.name in facts:
            assert record[field.name] == facts[field.name]
    assert record["matches"] == [match_record(each, full_hashes=full) for each in facts["matches"]]


@given(decisions)
def test_csv_has_a_line_a_match(facts: dict[str, Any]) -> None:
    record = decision_record(facts)
    rows = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in csv_rows(record)]
    assert len(rows) == max(1, len(record["matches"]))
    for row, match in zip(rows, record["matches"] or [{}], strict=True):
        for fields, values in ((FIELDS, record), (MATCH_FIELDS, match)):
            for field in fields:
                if field.column and field.kind not in (Kind.TEXTS, Kind.INTEGERS, Kind.FACTS):
                    assert row[field.column] == values.get(field.name)


def test_no_column_stands_twice() -> None:
    assert len(set(CSV_COLUMNS)) == len(CSV_COLUMNS)
    for fields in (FIELDS, MATCH_FIELDS):
        assert len({field.name for field in fields}) == len(fields)


@given(st.lists(decisions, max_size=3))
def test_arrow_takes_every_record(found: list[dict[str, Any]]) -> None:
    pa = pytest.importorskip("pyarrow")
    made = [decision_record(facts) for facts in found]
    schema = arrow_schema()
    assert [name for name in schema.names if name != "path_bytes"] == [field.name for field in FIELDS]
    table = pa.Table.from_pylist(arrow_rows(made), schema=schema)
    for row, record in zip(table.to_pylist(), made, strict=True):
        assert row["path_bytes"] == os.fsencode(record["path"])
        assert row["outcome"] == record["outcome"]
        assert [each["distance"] for each in row["matches"]] == [m["distance"] for m in record["matches"]]


def test_a_name_that_is_no_fields_is_refused() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        decision_record({"outcome": "match", "nonsense": 1})


@given(st.text(st.characters(), max_size=30))
def test_printable_text_is_harmless(text: str) -> None:
    shown = printable(text)
    assert all(character.isprintable() for character in shown)
    shown.encode()
    if text.isprintable() and text.isascii():
        assert shown == text


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_scan_and_its_catalog_say_the_same(tmp_path: Path, form: str) -> None:
    """Members, odd names, failures, left-out qualities: what the export writes is what the scan wrote."""
    pictures = write_pictures(tmp_path / "pictures", 4)
    write_picture(tmp_path / "pictures" / os.fsdecode(b"caf\xe9.png"), 9)
    (tmp_path / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    (tmp_path / "pictures" / "fake.png").write_text("no picture")
    import zipfile

    with zipfile.ZipFile(tmp_path / "pictures" / "a.zip", "w") as archive:
        archive.write(pictures[0], "inside.png")
    matcher = Matcher.from_files(
        write_list(tmp_path / "own.csv", *pictures[:2]), allow=[write_list(tmp_path / "ok.csv", pictures[1])]
    )
    written: list[list[Any]] = []
    with Catalog(tmp_path / "c.db") as catalog:
        options = ScanOptions(workers=0, file_digests=["sha256", "md5"])
        running = scan(tmp_path / "pictures", matcher=matcher, options=options, catalog=catalog)
        for found in ((record.to_record() for record in running), records(catalog)):
            path = tmp_path / "out"
            with Records(str(path), form=form) as writer:
                for record in sorted(found, key=lambda each: (each["path"], each.get("position", 0))):
                    writer.write(as_a_scan_says(record))
            written.append(_rows_in(path, form))
    assert len(written[0]) == 8
    assert written[0] == written[1]


def as_a_scan_says(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what only a catalog can know."""
    of_file, of_match = (
        {field.name for field in fields if field.when.startswith(IN_CATALOG)}
        for fields in (FIELDS, MATCH_FIELDS)
    )
    kept = {name: value for name, value in record.items() if name not in of_file}
    kept["matches"] = [
        {name: value for name, value in match.items() if name not in of_match} for match in record["matches"]
    ]
    return kept


def _rows_in(path: Path, form: str) -> list[Any]:
    if form == "parquet":
        return list(pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist())
    data = path.read_bytes()
    if form == "jsonl":
        return [json.loads(line) for line in data.splitlines()]
    return list(csv.DictReader(io.StringIO(data.decode("utf-8", "surrogateescape"))))
