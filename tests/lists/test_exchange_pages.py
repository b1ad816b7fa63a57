"""What stands beside the records of an exchange's page, and what a record of one says in several places."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from list_samples import BRIDGE, FIRST, entries_of
from safehash import ListError, ListSource, load_list, read_list

OTHER = "e2b0c9d52c5f4a6b1d3e87f1c4a593c66a3b0f5d91c2e47895b6d13a2c7e48f0"
MD5S = [f"{k * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128):032x}" for k in range(1, 5)]
DESCRIPTOR = {
    "id": "9",
    "owner": {"id": "501"},
    "status": "MALICIOUS",
    "tags": ["a"],
    "added_on": "2026-10-02T09:30:00+0000",
}


def threatexchange(**fields: Any) -> dict[str, Any]:
    record = {
        "id": "7",
        "indicator": FIRST,
        "type": "HASH_PDQ",
        "last_updated": 1763800000,
        "should_delete": False,
    }
    return {"data": [{**record, "descriptors": {"data": [DESCRIPTOR]}, **fields}]}


def stopncii(**fields: Any) -> dict[str, Any]:
    record = {
        "lastModtimestamp": 1763800100,
        "hashValue": FIRST,
        "hashStatus": "Active",
        "signalType": "ImagePDQ",
        "caseNumbers": {"c-1": "Active"},
    }
    return {"hashRecords": [{**record, **fields}], "nextPageToken": "x"}


def tat(**fields: Any) -> dict[str, Any]:
    record = {
        "id": 1,
        "hash_digest": FIRST,
        "algorithm": "PDQ",
        "ideology": "x",
        "file_type": "jpg",
        "deleted": False,
        "created_on": "2026-09-01T00:00:00Z",
        "updated_on": "2026-09-01T00:00:00Z",
    }
    return {"results": [{**record, **fields}]}


def vics(**fields: Any) -> dict[str, Any]:
    context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/UK/$metadata#Media"
    return {"@odata.context": context, "value": [{"MediaID": 1, "MD5": MD5S[0], "Category": 1, **fields}]}


PAGES = [threatexchange, stopncii, tat, vics]


def refusal(path: Path, page: Any, **options: Any) -> str:
    """Return why a page is refused; "" where it is not."""
    path.write_text(page if isinstance(page, str) else json.dumps(page))
    try:
        load_list(ListSource(path, **options))
    except ListError as exc:
        return str(exc)
    return ""


#: Beside the records; the records are few, and one of them may be what is meant.
BESIDE: list[dict[str, Any]] = [
    {"removed": [{"id": "7"}]}, {"deletedIds": ["7", 1]}, {"withdrawn": [OTHER]},
    {"withdrawnRecords": [{"hashValue": FIRST}]},
    {"status": "withdrawn"}, {"deleted": True}, {"false_positives": {"7": {}}}, {"title": "Withdrawn hashes"},
    {"meta": {"description": "deleted on request"}}, {"more": [OTHER]}, {"hashes": {"a": [OTHER]}},
]  # fmt: skip
#: That says nothing of them.
HARMLESS: list[dict[str, Any]] = [
    {"removed": []}, {"deleted": False}, {"deletedCount": 3}, {"title": "Hashes of October"}, {"expires": "2020-01-01"},
    {"errors": [], "error": None}, {"status": "ok"}, {"count": 1, "total": 1}, {"truncated": "false"},
    {"meta": {"sha256": FIRST, "of": [1]}},
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_what_stands_beside_the_records(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    assert refusal(path, page()) == ""
    for beside in BESIDE:
        (name,) = beside
        for told in ({**beside, **page()}, {**page(), **beside}):
            assert f"{name!r} beside the records" in refusal(path, told), beside
            assert refusal(path, told, ignore=[name]) == "", beside
    for beside in HARMLESS:
        assert refusal(path, {**page(), **beside}) == "", beside


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_not_all_of_it(page: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    beside: dict[str, Any]
    for beside in ({"hasMoreRecords": "true"}, {"truncated": True}, {"is_last": "no"}, {"next": "https://a"}):
        assert "promises another page" in refusal(path, {**page(), **beside}), beside
    for beside in ({"total": 2}, {"@odata.count": 2}):
        assert "it says that it has 2 records, and 1 are there" in refusal(path, {**page(), **beside}), beside
    for beside in ({"error": "timeout"}, {"errors": [{"message": "x"}]}, {"shards": {"failed": 1}}):
        assert "cut off or changed (list.json: it says" in refusal(path, {**page(), **beside}), beside


@pytest.mark.parametrize("records", [[FIRST, BRIDGE], [{"pdq": FIRST}, {"pdq": BRIDGE}]])
@pytest.mark.parametrize("name", ["hashes", "signals", "images"])
def test_an_array_of_digests_deep_in_a_page(name: str, records: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    for beside in (
        {"success": True, "total": 2},
        {"ok": False},
        {"success": False},
        {"next": "a"},
        {"total": 3},
    ):
        is_whole = beside.get("success", False)
        for page in (
            {name: records, **beside},
            {"data": {name: records}, **beside},
            {**beside, "data": {name: records}},
            {"data": {"x": {name: records}, **beside}},
        ):
            told = refusal(path, page, algorithm="pdq")
            assert (told == "") == is_whole, (page, told)
            assert refusal(path, page, algorithm="pdq", allow_cut=True) == "" or "ok" in beside, page
    line = json.dumps({"file": {"hashes": records}, "total": 70})  # of how many opinions, say
    path.with_suffix(".jsonl").write_text(f"{line}\n{line}\n")
    assert len(load_list(ListSource(path.with_suffix(".jsonl"), algorithm="pdq")).table) == 2


def test_a_patch_that_removes(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{"op": "add", "path": f"/{k}", "value": FIRST} for k in range(30)]
    assert refusal(tmp_path / "list.json", changes) == ""
    told = refusal(tmp_path / "list.json", [*changes, {"op": "remove", "path": "/2"}])
    assert "op 'remove' is said of another record" in told


def test_the_last_of_several_pages_says_so(tmp_path: Path) -> None:
    first = {**threatexchange(), "paging": {"cursors": {"after": "Q"}, "next": "https://a"}}
    last = {**threatexchange(indicator=BRIDGE), "paging": {"cursors": {"before": "Q"}}}
    (tmp_path / "1.json").write_text(json.dumps(first))
    with pytest.raises(ListError, match="promises another page"):
        load_list(tmp_path)
    (tmp_path / "2.json").write_text(json.dumps(last))
    assert len(load_list(tmp_path).table) == 2


@pytest.mark.parametrize("page", PAGES[:3])
def test_what_cannot_be_read_beside_the_records(page: Any, tmp_path: Path) -> None:
    text = json.dumps(page())
    for beside in ('"a": 1, "a": 2', f'"a": "{"x" * (5 << 20)}"', '"a": {"b": NaN}'):
        assert "'a' beside the records cannot be read" in refusal(
            tmp_path / "list.json", f"{text[:-1]}, {beside}}}"
        )
    many = ", ".join(f'"f{k}": 0' for k in range(10_001))
    assert "'more than 10000 fields' beside" in refusal(tmp_path / "list.json", f"{text[:-1]}, {many}}}")


def test_a_field_of_a_line_stands_twice(tmp_path: Path) -> None:
    (record,) = threatexchange()["data"]
    line = json.dumps(record)
    path = tmp_path / "list.jsonl"
    path.write_text(f'{line}\n{line[:-1]}, "should_delete": true}}\n')
    found, report = entries_of(path)
    assert len(found) == 1
    assert "'should_delete' stands twice" in str(report.rejects[0])


def test_a_case_that_was_taken_back(tmp_path: Path) -> None:
    context = vics()["@odata.context"]
    case = {"CaseNumber": "1", "Media": vics()["value"], "@odata.count": 40}
    assert (
        refusal(tmp_path / "list.json", {"@odata.context": context, "@odata.count": 3, "value": [case]}) == ""
    )
    long = {**case, "Media": case["Media"] * 30_000}
    for each in (case, long):
        told = refusal(
            tmp_path / "list.json", {"@odata.context": context, "value": [{**each, "Status": "Withdrawn"}]}
        )
        assert "'Status' beside the records ('Withdrawn')" in told


@pytest.mark.parametrize("field", ["descriptors", "tags", "reactions"])
def test_opinions_on_another_page(field: str, tmp_path: Path) -> None:
    for paging in ({"cursors": {"after": "Q"}}, {"cursors": {"after": "Q"}, "next": "https://a"}):
        there: Any = {"data": [], "paging": paging}
        page = threatexchange(
            descriptors={"data": [DESCRIPTOR], "paging": paging}
            if field == "descriptors"
            else {"data": [{**DESCRIPTOR, field: there}]}
        )
        told = refusal(tmp_path / "list.json", page)
        assert ("next" in paging) == (f"there are more '{field}' on another page" in told), told


def _read_one(path: Path, **fields: Any) -> tuple[list[str], str, tuple[str, ...]]:
    """Return what is said of the record that stands, why one was rejected, and the notes."""
    path.write_text(
        json.dumps({"data": [*threatexchange(indicator=BRIDGE)["data"], *threatexchange(**fields)["data"]]})
    )
    found, report = entries_of(path, max_rejects=0.5)
    said = [entry.category for entry in found if entry.hash.hex == FIRST and not entry.deleted]  # type: ignore[union-attr]
    return said, " ".join(map(str, report.rejects)), report.notes


@pytest.mark.parametrize(
    ("reactions", "category"),
    [
        ({"ALREADY_KNOWN": "7", "IN_REVIEW": "7,8", "REVIEWED": "8", "INGESTED": "8"}, "positive"),
        ({"NON_MALICIOUS": "7"}, "disputed"),
        ({"DISAGREE_WITH_TAGS": "7", "HELPFUL": "7"}, "positive"),
        ({"NON_MALICIOUS": "7", "HELPFUL": "7"}, "disputed"),
        ({"HELPFUL": "7", "NON_MALICIOUS": "7"}, "disputed"),
        ({"NON_MALICIOUS": "501"}, "positive"),  # who has a descriptor of its own
    ],
)
def test_all_reactions_of_the_exchange(reactions: dict[str, str], category: str, tmp_path: Path) -> None:
    given = [{"key": key, "value": value} for key, value in reactions.items()]
    found = _read_one(tmp_path / "list.json", descriptors={"data": [{**DESCRIPTOR, "reactions": given}]})
    assert found == ([category], "", ())


def test_what_the_exchange_adds_up_of_descriptors(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    added_up = {"creation_time": 1581977111, "tags": ["a"], "applications_with_opinions": ["501"]}
    for status, category in [
        ("MALICIOUS", "positive"),
        ("NON_MALICIOUS", "negative"),
        ("SUSPICIOUS", "seed"),
    ]:
        descriptors = {"data": [{**DESCRIPTOR, "status": status}]}
        page = {**added_up, "status": status, "descriptors": descriptors}
        assert _read_one(path, **page) == ([category], "", ())
        assert _read_one(path, **page, should_delete=True) == ([], "", ())
    for status in ("NON_MALICIOUS", "SUSPICIOUS"):  # nobody there says so
        said, why, _ = _read_one(path, **added_up, status=status)
        assert not said
        assert "in 'status', which speaks" in why


def test_a_record_whose_descriptors_were_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    given: dict[str, Any]
    for given in ({"status": "MALICIOUS"}, {"tags": ["a"]}, {"applications_with_opinions": ["501"]}):
        said, why, _ = _read_one(path, **given, descriptors=None)
        assert not said
        assert "and no descriptors, which hold the opinions" in why
        assert _read_one(path, **given, descriptors=None, should_delete=True) == ([], "", ())
    for given in ({}, {"status": "UNKNOWN", "tags": [], "applications_with_opinions": []}):
        said, why, notes = _read_one(path, **given, descriptors=None)
        assert (said, why) == ([], "")
        assert notes[0].startswith("a record without descriptors is taken for a delete")


@pytest.mark.parametrize("n", [1, 600])
def test_all_cases_of_a_hash_were_withdrawn(n: int, tmp_path: Path) -> None:
    (record,) = stopncii()["hashRecords"]
    path = tmp_path / "list.json"
    for cases, status, is_live in [
        ({"a": "Withdrawn", "b": "deleted"}, "Active", False),
        ({"a": "Withdrawn"}, None, False),
        ({"a": "DELETED"}, "Received", False),
        ({"a": "Withdrawn", "b": "Active"}, "Active", True),
        ({"a": "Withdrawn", "b": "New"}, "Active", True),
        ({}, "Active", True),
    ]:
        odd = {**record, "hashValue": BRIDGE, "caseNumbers": cases, "hashStatus": status}
        path.write_text(json.dumps({"hashRecords": [*([record] * n), odd, record]}))
        found, report = entries_of(path)
        assert ({BRIDGE} <= {entry.hash.hex for entry in found}) == is_live, cases  # type: ignore[union-attr]
        assert is_live or "all cases were withdrawn" in str(report.rejects[0])


# -- NCMEC -------------------------------------------------------------------------------------------------


def ncmec(
    inside: str = "",
    *,
    beside: str = "",
    more: str = "",
    around: str = 'count="1"',
    root: str = "",
    n: int = 1,
) -> str:
    records = "".join(
        f'<image><member id="42">One</member><timestamp>2026-10-24T15:00:00Z</timestamp><id>i{k}</id>'
        f"<fingerprints><md5>{k + 1:032x}</md5></fingerprints>{inside if k == 0 else ''}</image>"
        for k in range(n)
    )
    return (
        f'<?xml version="1.0"?><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"{root}>'
        f"<images {around}>{more}{records}</images>{beside}</queryResult>"
    )


def vote(inside: str, attributes: str = ' type="Md5"') -> str:
    return (
        f"<feedback><negativeFeedback{attributes}><reasons>{inside}</reasons></negativeFeedback></feedback>"
    )


ANOTHER = f'<member id="42">x</member><id>i9</id><fingerprints><md5>{MD5S[1]}</md5></fingerprints>'
SAID = '<member id="43">Two</member>'


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (ncmec(around='count="5"'), "it says that it has 5 records, and 1 are there"),
        (ncmec(around='count="1" deleted="true"'), "'deleted' beside the records ('true')"),
        (ncmec(root=' status="withdrawn"'), "'status' beside the records"),
        (ncmec(beside="<removed><id>i0</id></removed>"), "'removed' beside the records"),
        (ncmec(beside="<deleted/>"), "'deleted' beside the records"),
        (ncmec(beside=f"<deletedImages><image>{ANOTHER}</image></deletedImages>"), "'deletedImages' beside"),
        (ncmec(beside="<note>Withdrawn hashes</note>"), "'note' beside the records"),
        (ncmec(beside="<error>timeout</error>"), "cut off or changed"),
        (ncmec(more=f"<removedImage>{ANOTHER}</removedImage>"), "an element 'removedI...' is no record"),
        (ncmec(more=f"<picture>{ANOTHER}</picture>"), "an element 'picture' is no record"),
        (ncmec(beside=f"<audios><audio>{ANOTHER}</audio></audios>"), "an element 'audio' is no record"),
        (ncmec(vote("<members><member>Two</member></members>")), "a vote of a member without an id"),
        (ncmec(vote(f"<members>{SAID}</members>", ' type="Image"')), "a vote on 'Image'"),
        (ncmec(vote(f"<members>{SAID}</members>", ' retracted="true"')), "'true' in 'retracted'"),
        (ncmec(vote('<members><member id="43" withdrawn="1"/></members>')), "'1' in 'withdrawn'"),
        (ncmec(vote(SAID) + vote(SAID)), "'feedback' stands twice"),
        (ncmec(f"<fingerprints><md5>{MD5S[1]}</md5></fingerprints>"), "'fingerprints' stands twice"),
        (ncmec("<classification>A1</classification><classification>B2</classification>"), "stands twice"),
    ],
)
def test_what_an_xml_page_says_elsewhere(page: str, told: str, tmp_path: Path) -> None:
    assert told in refusal(tmp_path / "list.xml", page)
    head, images = page.split("<images ", 1)
    many = re.sub(r"<id>i0</id>", "<id>j0</id>", ncmec(n=300)).split("<images ", 1)[1]
    both = f"{head}<images {many.partition('</images>')[0]}</images><images {images}"
    told_of_both = refusal(tmp_path / "list.xml", both, max_rejects=0.0)
    assert told in told_of_both or "it says that it has 5 records" in told


@pytest.mark.parametrize(
    "page",
    [
        ncmec(), ncmec(n=300, around='count="300" maxTimestamp="2026-10-24T15:10:00Z"'),
        ncmec(beside='<videos count="0"/>'),
        ncmec(beside="<paging><next/></paging>"), ncmec(beside="<title>Hashes of October</title>"),
        ncmec(vote(f"<members>{SAID}</members>", ' type="Pdq" lastUpdateTimestamp="2026-10-24T15:10:00Z"')),
        ncmec(vote("", ' type="PhotoDna"')),
    ],
)  # fmt: skip
def test_what_says_nothing_in_an_xml_page(page: str, tmp_path: Path) -> None:
    assert refusal(tmp_path / "list.xml", page, max_rejects=0.0) == ""


def test_a_vote_that_nobody_is_named_for_is_remarked_on(tmp_path: Path) -> None:
    path = tmp_path / "list.xml"
    path.write_text(ncmec(vote('<reason name="x"/>')))
    reader = read_list(path)
    assert [entry.category for entry in reader] == ["positive"]
    assert any("'negativeFeedback' holds no member's vote" in note for note in reader.report.notes)


# -- files of tools ----------------------------------------------------------------------------------------


def test_a_cell_too_many_in_a_cache_of_the_threatexchange_tool(tmp_path: Path) -> None:
    path = tmp_path / "simple.HASH_PDQ.te"
    added = "2026-07-24T22:47:26+0000"
    path.write_text(f"{FIRST},1,{added},a b\n{BRIDGE},2,{added},a,b\n{OTHER},3,4,{added},c\n{OTHER},5,,d\n")
    found, report = entries_of(path)
    assert [(entry.id, entry.labels, entry.created) for entry in found] == [
        ("1", ("a", "b"), "2026-07-24T22:47:26Z"),
        ("3", ("c",), "2026-07-24T22:47:26Z"),
        ("5", ("d",), None),
    ]
    assert [str(each) for each in report.rejects] == [
        "simple.HASH_PDQ.te, line 2: expected a time before the labels, found 'a'"
    ]


def test_a_comment_among_the_lines_of_hashdeep(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    told = "%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n## Invoked from: removed hashes\n## $ hashdeep -r removed\n##\n"
    path.write_text(f"{told}5,{MD5S[0]},/a.jpg\n# of October\n5,{MD5S[1]},/b.jpg\n")
    assert len(load_list(path).table) == 2
    path.write_text(f"{told}5,{MD5S[0]},/a.jpg\n## Withdrawn:\n5,{MD5S[1]},/b.jpg\n")
    with pytest.raises(ListError, match=r"line 7: '## Withdrawn:' may speak of the lines below it"):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["#"])).table) == 2
