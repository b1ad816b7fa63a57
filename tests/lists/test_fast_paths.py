"""What is read many at once is what the patient reader makes of each record by itself, however odd they are."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safehash import Entry, ListError, ListSource, read_list
from safehash.lists.formats import bulk, json_records, ncmec_rows
from safehash.lists.formats.fields import utc_time
from safehash.lists.formats.rows import Rows, row_blocks
from safehash.lists.formats.times import utc_times
from safehash.lists.formats.xml_shapes import Shapes, shape_of
from safehash.lists.formats.xml_stream import Node

#: A field that no record has: with one set aside each record is read by itself.
PATIENTLY = {"ignore": ("no such field",)}


def digest(rng: random.Random, n_digits: int = 64) -> str:
    bits = [1] * (2 * n_digits) + [0] * (2 * n_digits)
    rng.shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):0{n_digits}x}"


def odd(rng: random.Random, *usual: Any) -> Any:
    """Return one of some usual values, and now and then what nobody expects."""
    if rng.random() < 0.9:
        return rng.choice(usual)
    return rng.choice(
        [
            None,
            "",
            0,
            1,
            True,
            False,
            -1,
            2.5,
            10**30,
            "x",
            'ü\\" \n',
            [],
            {},
            ["false_positive"],
            {"deleted": True},
        ]
    )


def threatexchange(rng: random.Random) -> dict[str, Any]:
    descriptor = {
        "id": odd(rng, "9", 9),
        "owner": odd(rng, {"id": "5"}, {"id": "6", "name": "Ü"}),
        "status": odd(rng, "MALICIOUS", "NON_MALICIOUS", "UNKNOWN"),
        "tags": odd(rng, [], ["a"], ["a", "false_positive"]),
        "added_on": odd(rng, "2026-10-02T09:30:00+0000", "2026-02-30T09:30:00+0000", "2026-10-02"),
    }
    if rng.random() < 0.2:
        descriptor["reactions"] = odd(rng, [{"key": "DISAGREE_WITH_TAGS", "value": "7"}])
    return {
        "id": odd(rng, str(rng.randrange(10**6))),
        "indicator": odd(rng, digest(rng), digest(rng).upper()),
        "type": odd(rng, "HASH_PDQ", "HASH_MD5"),
        "last_updated": odd(rng, 1_763_800_000 + rng.randrange(1000)),
        "should_delete": odd(rng, False, False, False, True),
        "descriptors": odd(rng, {"data": [descriptor]}, {"data": [descriptor] * 2}, {"data": []}),
    }


def stopncii(rng: random.Random) -> dict[str, Any]:
    return {
        "lastModtimestamp": odd(rng, 1_763_800_000 + rng.randrange(1000)),
        "hashValue": odd(rng, digest(rng)),
        "hashStatus": odd(rng, "Active", "Active", "Withdrawn", "Received"),
        "signalType": odd(rng, "ImagePDQ"),
        "caseNumbers": odd(rng, {f"c-{rng.randrange(99)}": "Active"}, {}),
        "CSPFeedbacks": odd(rng, [], [{"source": "A", "feedbackValue": "Blocked", "tags": ["x"]}]),
    }


def hma(rng: random.Random) -> dict[str, Any]:
    return {
        "id": odd(rng, rng.randrange(10**6)),
        "bank": odd(rng, "A", "B", "false positives"),
        "disable_until_ts": odd(rng, 1, 1, 1, 0, 4_000_000_000),
        "original_media_uri": odd(rng, None, "https://example.org/1"),
        "note": odd(rng, None, f"ticket {rng.randrange(99)}", 'a "quoted" one', "status=withdrawn"),
        "signals": odd(rng, {"pdq": digest(rng)}, {"pdq": digest(rng), "md5": digest(rng, 32)}),
        "metadata": odd(
            rng, {}, {"json": {"ticket": rng.randrange(99)}}, {"deleted": False}, {"deleted": True}
        ),
    }


def tat(rng: random.Random) -> dict[str, Any]:
    return {
        "id": odd(rng, rng.randrange(10**6)),
        "hash_digest": odd(rng, digest(rng)),
        "algorithm": odd(rng, "PDQ"),
        "ideology": odd(rng, "a", "b", None),
        "file_type": odd(rng, "jpg", "mp4", None),
        "deleted": odd(rng, False, False, True),
        "created_on": odd(rng, "2026-09-01T00:00:00Z", "2024-02-29T23:59:59Z", "2026-02-29T00:00:00Z"),
        "updated_on": odd(rng, "2026-09-01T00:00:00Z", 1_763_800_000.5, "2026-09-01T00:00:61Z"),
    }


def own(rng: random.Random) -> dict[str, Any]:
    return {
        "algorithm": odd(rng, "pdq"),
        "hash": odd(rng, digest(rng)),
        "quality": odd(rng, 50, 100, 101),
        "id": odd(rng, "7", str(rng.randrange(10**6))),
        "category": odd(rng, "positive", "negative"),
        "labels": odd(rng, [], ["a"]),
        "created": odd(rng, "2026-09-01T00:00:00Z"),
        "deleted": odd(rng, False, True),
    }


PAGES: dict[str, tuple[str, Callable[[random.Random], dict[str, Any]], str, str]] = {
    "ThreatExchange": ("list.json", threatexchange, '{"data": [', "]}"),
    "StopNCII": ("list.json", stopncii, '{"hashRecords": [', '], "hasMoreRecords": false}'),
    "HMA": ("list.json", hma, "[", "]"),
    "TAT": ("list.json", tat, '{"results": [', '], "next": null}'),
    "safehash": ("list.jsonl", own, "", ""),
}


def written(rng: random.Random, record: dict[str, Any]) -> str:
    """Return a record as some program writes it: in any order, less a field, with blanks or a field twice."""
    names = list(record)
    if rng.random() < 0.05:
        rng.shuffle(names)
    if rng.random() < 0.05:
        names.remove(rng.choice(names))
    blank = rng.choice(["", "", "", " "])
    pairs = [
        f"{json.dumps(name)}:{blank}{json.dumps(record[name], ensure_ascii=rng.random() < 0.5)}"
        for name in names
    ]
    if rng.random() < 0.04:
        name = rng.choice(names)
        pairs.insert(
            rng.randrange(len(pairs)), f"{json.dumps(name)}: {json.dumps(odd(rng, record[name], 'x', True))}"
        )
    if rng.random() < 0.03:
        pairs.append(rng.choice(['"revoked": true', '"revoked": false', '"new": 1']))
    return "{" + ", ".join(pairs) + "}"


def all_of(
    path: Path, *, is_fast: bool, **options: Any
) -> tuple[Counter[Entry], Counter[tuple[int, str]], int] | str:
    """Return what a list holds, or the beginning of why it is refused."""
    rejects: Counter[tuple[int, str]] = Counter()

    def on_reject(reject: Any) -> None:
        rejects[reject.position, reject.reason] += 1

    told = options if is_fast else {**options, **PATIENTLY}
    with mock.patch.object(json_records, "_FEW", 2), mock.patch.object(ncmec_rows, "_FEW", 2):
        reader = read_list(ListSource(path, max_rejects=1, **told), on_reject=on_reject)
        try:
            found = Counter(map(_comparable, reader))
        except ListError as exc:
            return str(exc)[:60]
    return found, rejects, reader.report.n_records


def _comparable(entry: Entry) -> Any:
    return (
        repr(entry.hash), entry.id, entry.source, entry.category, entry.labels, entry.owners, entry.severity,
        entry.created, entry.updated, entry.deleted, entry.keyed_by, json.dumps(entry.extra, sort_keys=True),
    )  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_json(tmp_path_factory: Any, name: str, seed: int) -> None:
    rng = random.Random(seed)
    file, make, start, end = PAGES[name]
    records = [written(rng, make(rng)) for _ in range(rng.choice([3, 60]))]
    path = tmp_path_factory.mktemp("lists") / file
    if start:
        path.write_text(start + rng.choice([",", ", ", ",\n"]).join(records) + end)
    else:
        path.write_text('{"safehash": 1}\n' + "".join(f"{each}\n" for each in records))
    assert all_of(path, is_fast=True) == all_of(path, is_fast=False)


TWICE = {
    "ThreatExchange": ("indicator", "type", "should_delete", "descriptors", "id"),
    "StopNCII": ("hashValue", "hashStatus", "signalType", "CSPFeedbacks"),
    "HMA": ("signals", "disable_until_ts", "bank", "id"),
    "TAT": ("hash_digest", "algorithm", "deleted", "id"),
    "safehash": ("hash", "deleted", "algorithm", "category"),
}
OTHERS = {"indicator": "0" * 64, "hashValue": "0" * 64, "hash_digest": "0" * 64, "hash": "0" * 64}


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, fields in TWICE.items() for field in fields]
)
def test_a_field_that_stands_twice_is_never_the_last_one_in_silence(
    name: str, field: str, tmp_path: Path
) -> None:
    """A parser takes the last; what stood there first may be a digest, or that it was taken back."""
    file, _, start, end = PAGES[name]
    rng = random.Random(5)
    plain: dict[str, dict[str, Any]] = {
        "ThreatExchange": {
            "id": "7", "indicator": "", "type": "HASH_PDQ", "last_updated": 1_763_800_000, "should_delete": False,
            "descriptors": {"data": [{"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS", "added_on": None}]},
        },
        "StopNCII": {
            "lastModtimestamp": 1_763_800_000, "hashValue": "", "hashStatus": "Active", "signalType": "ImagePDQ",
            "CSPFeedbacks": [],
            "caseNumbers": {},
        },
        "HMA": {"id": 1, "bank": "A", "disable_until_ts": 1, "signals": {"pdq": ""}},
        "TAT": {
            "id": 1, "hash_digest": "", "algorithm": "PDQ", "deleted": False,
            "created_on": "2026-09-01T00:00:00Z", "updated_on": "2026-09-01T00:00:00Z",
        },
        "safehash": {"algorithm": "pdq", "hash": "", "id": "7", "category": "positive", "deleted": False},
    }  # fmt: skip
    records = []
    for number in range(300):
        record = json.loads(json.dumps(plain[name]).replace('""', json.dumps(digest(rng))))
        record["id"] = number if isinstance(record.get("id"), int) else str(number)
        if name == "StopNCII":
            del record["id"]
        text = json.dumps(record)
        if number == 250:
            other = OTHERS.get(field, {"boolean": True}.get(type(record.get(field)).__name__, "other"))
            text = f'{{"{field}": {json.dumps(other)}, {text[1:]}'
            if name == "safehash":
                text = f'{{"algorithm": "pdq", {text[1:]}'
        records.append(text)
    path = tmp_path / file
    path.write_text(
        start + ",\n".join(records) + end if start else '{"safehash": 1}\n' + "\n".join(records) + "\n"
    )
    reader = read_list(path)
    assert len(list(reader)) == 299
    (reject,) = reader.report.rejects
    assert reject.position == (251 if start else 252) and "stands twice" in reject.reason


@pytest.mark.parametrize(
    ("name", "usual", "less", "twice"),
    [
        ("safehash", '"quality": null, "category": "positive"', "", '"category": "seed", "category": "positive"'),
        ("safehash", '"id": "7", "category": "positive"', '"id": null', '"category": "seed", "category": "positive"'),
        ("safehash", '"source": null, "category": "positive"', "", '"category": "seed", "category": "positive"'),
        ("safehash", '"created": null, "deleted": false', "", '"deleted": true, "deleted": false'),
        ("safehash", '"deleted": false, "deleted": false', "", '"deleted": true, "deleted": false'),
        ("HMA", '"id": 1, "bank": "A", "bank": "A"', '"id": 1', '"bank": "false_positive", "bank": "A"'),
        ("HMA", '"id": 1, "bank": "\\"A\\""', '"id": 1', '"bank": "x", "bank": "\\u0022A\\u0022"'),
        ("StopNCII", '"caseNumbers": {}, "caseNumbers": {}', "", '"caseNumbers": true, "caseNumbers": {}'),
        ("TAT", '"id": 1, "deleted": false, "deleted": false', '"id": 1', '"deleted": true, "deleted": false'),
        ("ThreatExchange", '"should_delete": false, "should_delete": false', "",
         '"should_delete": true, "should_delete": false'),
    ],
)  # fmt: skip
def test_what_others_have_more_hides_no_field_that_stands_twice(
    name: str, usual: str, less: str, twice: str, tmp_path: Path
) -> None:
    """Others have a field more, or one twice that says the same: they have as many quotes as one with a field twice."""
    file, _, start, end = PAGES[name]
    rng = random.Random(5)
    rest = {
        "safehash": '"algorithm": "pdq", "hash": "%s"',
        "HMA": '"disable_until_ts": 1, "signals": {"pdq": "%s"}',
        "StopNCII": '"hashValue": "%s", "hashStatus": "Active", "signalType": "ImagePDQ", "lastModtimestamp": 9',
        "TAT": '"hash_digest": "%s", "algorithm": "PDQ", "created_on": "2026-09-01T00:00:00Z", '
        '"updated_on": "2026-09-01T00:00:00Z"',
        "ThreatExchange": '"id": "7", "indicator": "%s", "type": "HASH_PDQ", "last_updated": 9, "descriptors": '
        '{"data": [{"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS", "added_on": null}]}',
    }[name]
    records = [
        "{"
        + ", ".join(filter(None, [rest % digest(rng), *([less, twice] if number == 250 else [usual])]))
        + "}"
        for number in range(300)
    ]
    path = tmp_path / file
    path.write_text(
        start + ",\n".join(records) + end if start else '{"safehash": 1}\n' + "\n".join(records) + "\n"
    )
    reader = read_list(path)
    assert len(list(reader)) == 299
    (reject,) = reader.report.rejects
    assert reject.position == (251 if start else 252) and "stands twice" in reject.reason


# -- XML ---------------------------------------------------------------------------------------------------


def image(rng: random.Random) -> str:
    tag = rng.choice(["image"] * 12 + ["video", "deletedImage"])
    texts: dict[str, str | None] = {
        "member": rng.choice(["One", "Two &amp; Three", "", "<![CDATA[four]]>", " five "]),
        "timestamp": rng.choice(["2026-10-24T15:00:00Z"] * 9 + ["", "yesterday", "2026-02-30T15:00:00Z"]),
        "id": rng.choice([f"i{rng.randrange(10**6)}"] * 19 + ["", " spaced ", "&#65;", "a\r\nb"]),
        "classification": rng.choice(["A1", "B2", None, None]),
    }
    prints = [f"<pdq>{digest(rng)}</pdq>", f"<md5>{digest(rng, 32)}</md5>", f"<pdna>{digest(rng, 16)}</pdna>"]
    if rng.random() < 0.1:
        prints = rng.choice(
            [[], prints * 2, ["<pdq/>"], ['<pdq href="x"/>'], ["<md5>xyz</md5>"], ["<new>1</new>"]]
        )
    elif rng.random() < 0.2:
        prints = rng.sample(prints, rng.randint(1, 3))
    votes = ""
    if rng.random() < 0.2:
        kind = rng.choice(["negativeFeedback", "affirmativeFeedback"])
        when = f"2026-10-{rng.randint(10, 28)}T15:00:00Z"
        votes = (
            f'<feedback lastUpdateTimestamp="{when}"><{kind} type="{rng.choice(["Pdq", "MD5", "Md6"])}" '
            f'lastUpdateTimestamp="{when}"><members timestamp="{when}"><member id="4{rng.randrange(3)}">Two</member>'
            f"</members></{kind}></feedback>"
        )
    more = rng.choice(
        [""] * 20 + ["<!-- deleted -->", "<deleted>true</deleted>", "<revoked/>", "<note>x</note>"]
    )
    attribute = rng.choice([""] * 20 + [' deleted="true"', ' a="1"', " b='1'"])
    body = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items() if text is not None)
    body = body.replace("<member>", f'<member id="{rng.randrange(3)}">')
    space = rng.choice(["", "", "\n  "])
    return (
        f"<{tag}{attribute}>{body}{space}<fingerprints>{''.join(prints)}</fingerprints>{votes}{more}</{tag}>"
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=1440)
def test_xml(tmp_path_factory: Any, seed: int) -> None:
    rng = random.Random(seed)
    root = '<?xml version="1.0"?>\n<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">'
    images = [image(rng) for _ in range(rng.choice([3, 90]))]
    text = f"{root}<images>\n{rng.choice(['', chr(10)]).join(images)}\n</images></queryResult>"
    if rng.random() < 0.1:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["<", ">", "&", "\0", '"', "</image>", "\x07", "\ufffe"]) + text[at:]
    path = tmp_path_factory.mktemp("lists") / "page.xml"
    path.write_text(text, newline="")
    fast, patient = (all_of(path, is_fast=is_fast, allow_cut=True) for is_fast in (True, False))
    assert fast == patient


@pytest.mark.parametrize(
    "other",
    [
        "<image><id>8</id><member id='4'/>",
        '<image><id>8</id><member id="4" />',
        '<image><member id="4"/><id>8</id>',
        '<image><id>8</id><member id="4"/>x',
        '<image><id>8</id><member id="4"></member>',
        '<image><id>&#56;</id><member id="4"/>',
        '<image><id>8<!-- --></id><member id="4"/>',
        '<image><id>8\r</id><member id="4"/>',
        '<image><id>8</id><member id="4&lt;"/>',
        '<image><id>8</id><member id="4\n"/>',
        '<image><id>8</id><member id="4"/><image><id>8</id><member id="4"/>',
        "",
    ],
)
def test_what_is_of_another_shape_is_told(other: str) -> None:
    shape = shape_of('<image><id>7</id><member id="3"/>', "</image>")
    assert shape is not None
    plain = '\n <image><id>8</id><member id="4"/>'
    assert shape.texts([plain, other, plain]) == [("8", "4"), None, ("8", "4")]


@pytest.mark.parametrize(
    "piece",
    [
        "<image><id>7</id>",  # one text alone
        '<image><id>7</id><member id="3">',  # not well-formed
        '<image><id>7</id><member id="3" id="4"/>',
        '<image><id>7</id><!-- --><member id="3"/>',
        '<image><id>7</id><member id="3"/> text',
        '<image><id>&amp;</id><member id="3"/>',
        '<image xmlns="x"><id>7</id><member id="3"/>',
        '<image><id xml:lang="en">7</id><member id="3"/>',
        "<image><id>7</id><member id='3'/>",
        '<image><id><![CDATA[7]]></id><member id="3"/>',
        "<image>" + "<id>7</id>" * 99,
    ],
)
def test_what_has_no_shape(piece: str) -> None:
    assert shape_of(piece, "</image>") is None


def test_records_are_sorted_out_by_their_shapes() -> None:
    """What is of no shape is left to the patient reader; nothing else is."""
    one = '<image><id>{}</id><member id="4"/>'.format
    other = "<image><id>{}</id><a>b</a>".format
    shapes = Shapes("</image>")
    for _ in range(2):  # and once more, when the usual one is tried first
        found = shapes.sort_out([one(0), other(1), "<image><id>&amp;</id><a>b</a>", other(3), other(4)])
        assert sorted((rows, texts) for _, rows, texts in found) == [
            ([0], [("0", "4")]),
            ([1, 3, 4], [("1", "b"), ("3", "b"), ("4", "b")]),
        ]


def test_text_goes_on_behind_an_element_within() -> None:
    """As it does where the reader makes its nodes itself."""
    node = Node.of(ElementTree.fromstring("<a> 7<b>8<c/></b>9 <b/></a>"))
    assert (node.text, node.child_text("b"), node.children[0].children) == ("79", "8", [Node("c", {}, [""])])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("hash,type,category", "{},dhash,positive", "{},dhash,negative", "{},phash,positive"), "+-+"),
        (("hash,type,category", "{},dhash,negative", "{},dhash,negative"), "--"),
        (("dhash,phash,labels,category", "{},{},u;v,positive", "{},{},w,negative"), "++--"),
    ],
)
def test_digests_of_other_types_are_what_their_row_says(
    texts: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    """They are no part of a batch, but of the same rows."""
    rng = random.Random(3)
    path = tmp_path / "list.csv"
    path.write_text("".join(text.replace("{}", digest(rng, 16)) + "\n" for text in texts))
    signs = {"positive": "+", "negative": "-"}
    with mock.patch.object(bulk, "_FEW", 1):
        fast, patient = (all_of(path, is_fast=is_fast) for is_fast in (True, False))
        assert sorted(signs[entry.category] for entry in read_list(path)) == sorted(expected)
    assert fast == patient


# -- columns and times -------------------------------------------------------------------------------------


class _Page:
    """A page of one block."""

    n_replaced = 0

    def __init__(self, text: str) -> None:
        self._data = text.encode()

    def blocks(self) -> Any:
        yield 1, self._data, False


def cells_of(found: Rows) -> list[list[str]]:
    rows = found.rows if found.columns is None else [list(row) for row in zip(*found.columns, strict=True)]
    return [[cell.strip() for cell in row] for row in rows]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.sampled_from(["a", "b c", "", "\n", '"', "d,e", " f ", "ü", "\x0b", "1\r"]), max_size=4)
    ),
    quoted=st.sampled_from([True, True, False]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    n_columns=st.integers(1, 4),
)
# As many cells as there should be, and not as many in each row.
@example(rows=[["a", "b", "c"], ["d"]], quoted=False, end="\n", n_columns=2)
@example(rows=[["a", "b", "c"], ["d"]], quoted=True, end="\r\n", n_columns=2)
@example(rows=[["a"], ["b", "c", "d"]], quoted=True, end="\n", n_columns=2)
@example(rows=[["a", "b", "c", "d"], ["e"], ["f"]], quoted=False, end="\n", n_columns=2)
@example(rows=[["a", "b"], ["c", "d"]], quoted=False, end="\n", n_columns=2)
def test_columns_are_the_cells_of_rows(rows: list[list[str]], quoted: bool, end: str, n_columns: int) -> None:
    """Cut into columns at once, lines have the cells that they have cut one by one."""
    mark = '"' if quoted else ""
    text = end.join(",".join(f"{mark}{cell}{mark}" for cell in row) for row in rows) + end
    at_once = list(row_blocks(_Page(text), ",", n_columns))  # type: ignore[arg-type]
    with mock.patch("safehash.lists.formats.rows._columns", return_value=None):
        one_by_one = list(row_blocks(_Page(text), ",", n_columns))  # type: ignore[arg-type]
    assert [cell for found in at_once for cell in cells_of(found)] == [
        cell for found in one_by_one for cell in cells_of(found)
    ]
    assert [number for found in at_once for number in found.numbers] == [
        number for found in one_by_one for number in found.numbers
    ]
    assert [found.bad for found in at_once if found.bad] == [found.bad for found in one_by_one if found.bad]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            "{:04d}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}".format,
            st.sampled_from([0, 1, 1900, 2000, 2023, 2024, 9999]),
            st.integers(0, 13),
            st.integers(0, 32),
            st.sampled_from(["T", "T", "T", " "]),
            st.integers(0, 24),
            st.integers(0, 60),
            st.integers(0, 60),
            st.sampled_from(["Z", "Z", "+0000", "+00:00", ""]),
        ),
        min_size=1,
        max_size=3,
    )
)
@example(["2023-02-28T00:00:00Z", "2023-02-29T00:00:00Z"])
@example(["2024-02-29T00:00:00Z", "2000-02-29T00:00:00Z"])
@example(["2024-02-30T00:00:00Z"])
@example(["1900-02-29T00:00:00Z"])
@example(["1901-02-29T00:00:00Z"])
@example(["2023-04-31T00:00:00+0000"])
@example(["0000-01-01T00:00:00Z"])
def test_many_times_are_each_what_one_is(values: list[str]) -> None:
    assert list(utc_times(values)) == list(map(utc_time, values))
    same = [value for value in values if value[10:] == values[0][10:]]
    assert list(utc_times(same)) == list(map(utc_time, same))
