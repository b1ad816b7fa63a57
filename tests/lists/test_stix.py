"""STIX bundles: indicators and files are read, and what other objects say against them is never passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_siblings import live_of, written

from safehash import ListError, ListSource, load_list
from safehash.lists.formats import stix

ID = "8f0c1d5a-0000-4000-8000-00000000000"


def indicator(digest: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{ID}{digest[-1]}",
        "created": "2024-05-06T00:00:00.000Z",
        "pattern": f"[file:hashes.'MD5' = '{digest}']",
        "pattern_type": "stix",
        "valid_from": "2024-05-06T00:00:00Z",
        **more,
    }


def file(digest: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "file",
        "id": f"file--{ID}{digest[-1]}",
        "hashes": {"MD5": digest},
        "name": "a.jpg",
        **more,
    }


def other(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind}--{ID}f", "created_by_ref": f"identity--{ID}f", **more}


def stored(path: Path, *objects: dict[str, Any], lines: bool = False) -> tuple[set[str], set[str]]:
    bundle = {"type": "bundle", "id": f"bundle--{ID}f", "objects": objects}
    return written(
        path, "".join(f"{json.dumps(each)}\n" for each in objects) if lines else json.dumps(bundle)
    )


MADE_OF = (other("identity", name="NGO"), other("marking-definition", definition={"tlp": "red"}))


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("of", [indicator, file])
def test_an_honest_bundle(of: Any, lines: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = stored(path, MADE_OF[0], of("Ml0"), of("Ml1", confidence=90), MADE_OF[1], lines=lines)
    assert live_of(path) == listed and len(listed) == 2
    assert not load_list(path).report.n_rejects


@pytest.mark.parametrize(
    "said",
    [{"revoked": True}, {"valid_until": "2020-01-01T00:00:00Z"}, {"valid_from": "2999-01-01T00:00:00Z"},
     {"indicator_types": ["benign"]}, {"labels": ["false-positive"]}, {"x_opencti_detection": False}],
)  # fmt: skip
def test_what_an_indicator_says_of_itself(said: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = stored(path, *(indicator(f"Ml{k}") for k in range(3)), indicator("Mg3", **said))
    assert live_of(path) == listed


PATTERNS = {
    "[file:hashes.MD5 = 'Ml0']": {"Ml0"},
    "[file:hashes.'SHA-512' = 'aa' OR file:hashes.\"MD5\"='Ml0']": {"Ml0"},
    "[file:hashes.MD5 = 'Ml0'] OR [file:hashes.PDQ = 'Pl0']": {"Ml0", "Pl0"},
    "[file:hashes.MD5 != 'Mg0']": set(),
    "[file:hashes.MD5 = 'Mg0' AND file:size > 5]": set(),
    "[NOT file:hashes.MD5 = 'Mg0']": set(),
    "[file:hashes.MD5 = 'Mg0'] FOLLOWEDBY [url:value = 'x']": set(),
    "[file:hashes.MD5 = 'Mg0' OR file:hashes.MD5 = 'Mg1']": set(),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_digests_alone_is_read(pattern: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = stored(path, indicator("Ml7"), indicator("Ml8"), indicator("Ml9", pattern=pattern))
    live = live_of(path)
    assert live is not None and len(listed) == 2 + len(PATTERNS[pattern]) and live == listed
    assert load_list(ListSource(path, max_rejects=1)).report.n_rejects == (not PATTERNS[pattern])


AGAINST: tuple[dict[str, Any], ...] = (
    other("opinion", opinion="strongly-disagree", object_refs=[f"file--{ID}1"]),
    other("opinion", opinion="disagree", explanation="seen before", object_refs=[f"file--{ID}1"]),
    other("opinion", opinion="perhaps", object_refs=[f"file--{ID}1"]),
    other("note", content="This was a false positive", object_refs=[f"file--{ID}1"]),
    other("note", content="withdrawn by its owner", object_refs=[f"file--{ID}1"]),
    other("sighting", sighting_of_ref=f"file--{ID}1", x_opencti_negative=True),
    other("report", name="benign", object_refs=[f"file--{ID}1"]),
)


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("said", AGAINST, ids=lambda said: str(said["type"]))
def test_what_an_object_says_against_another(said: dict[str, Any], is_first: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    files = [file("Ml0"), file("Mg1")]
    stored(path, *([said, *files] if is_first else [*files, said]))
    with pytest.raises(
        ListError, match=r"says .* of others .*would be matched against.*ignore=\['" + said["type"]
    ):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=[said["type"]]))) == 2


@pytest.mark.parametrize(
    "said",
    [other("opinion", opinion="strongly-agree", object_refs=[f"file--{ID}1"]),
     other("opinion", opinion="neutral", object_refs=[f"file--{ID}1"]),
     other("opinion", opinion="disagree", revoked=True, object_refs=[f"file--{ID}1"]),
     other("note", content="seen on a forum", object_refs=[f"file--{ID}1"]),
     other("sighting", sighting_of_ref=f"file--{ID}1", count=3),
     other("relationship", relationship_type="based-on", source_ref=f"indicator--{ID}0", target_ref=f"file--{ID}1")],
    ids=lambda said: str(said["type"]),
)  # fmt: skip
def test_what_says_nothing_against_another(said: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = stored(path, file("Ml0"), file("Ml1"), said)
    assert live_of(path) == listed


@pytest.mark.parametrize("kind", ["malware", "campaign", "threat-actor"])
def test_what_was_taken_back_may_have_been_of_what_is_no_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    link = other(
        "relationship",
        relationship_type="indicates",
        source_ref=f"indicator--{ID}1",
        target_ref=f"{kind}--{ID}f",
    )
    gone = indicator("Mg1", revoked=True)
    _, listed = stored(path, indicator("Ml0"), gone, other(kind, name="x"), link)
    assert live_of(path) == listed and len(listed) == 1
    stored(path, indicator("Ml0"), gone, {**file("Ml2"), **other(kind, name="x")}, link)
    with pytest.raises(ListError, match="is linked to"):
        load_list(path)


@pytest.mark.parametrize(
    ("until", "is_gone"), [("2999-01-01T00:00:00Z", False), ("2024-06-01T00:00:00Z", True)]
)
def test_what_ends_is_gone_from_then_on(until: str, is_gone: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    link = other(
        "relationship",
        relationship_type="based-on",
        source_ref=f"indicator--{ID}1",
        target_ref=f"file--{ID}0",
    )
    _, listed = stored(path, file("Ml0"), indicator("Ml1", valid_until=until), link)
    if is_gone:
        with pytest.raises(ListError, match="is linked to"):
            load_list(path)
    else:
        assert live_of(path) == listed and len(listed) == 2


@pytest.mark.parametrize("name", ["revoked", "Revoked"])
def test_a_pattern_takes_no_field_from_its_indicator(name: str, tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    _, listed = stored(path, file("Ml0"), indicator("Mg1", revoked=True))
    pattern = json.loads(path.read_text())["objects"][1]["pattern"]
    said = f"{pattern[:-1]} OR file:hashes.'{name}' = 'false']"
    path.write_text(path.read_text().replace(pattern, said))
    assert said in path.read_text()
    assert live_of(path) == listed and len(listed) == 1


@pytest.mark.parametrize("said", [{"revoked": True}, {"indicator_types": ["benign"]}])
def test_what_was_taken_back_and_is_linked_to_a_file(said: dict[str, Any], tmp_path: Path) -> None:
    """The file's digest is the indicator's, and would be live."""
    path = tmp_path / "list.json"
    link = other(
        "relationship",
        relationship_type="based-on",
        source_ref=f"indicator--{ID}1",
        target_ref=f"file--{ID}1",
    )
    stored(path, *(file(f"Ml{k}") for k in (3, 4, 5)), file("Mg1"), indicator("Mg1", **said), link)
    with pytest.raises(ListError, match="is linked to"):
        load_list(ListSource(path, max_rejects=1))
    assert len(load_list(ListSource(path, max_rejects=1, ignore=["relationship"]))) == 4


@pytest.mark.parametrize("said", [{"revoked": True}, {}])
def test_links_that_are_too_many_to_be_remembered(
    said: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stix, "_MAX_LINKS", 3)
    link = other("relationship", source_ref=f"x--{ID}1", target_ref=f"y--{ID}2")
    path = tmp_path / "list.json"
    for n_links in (3, 4):
        stored(path, indicator("Ml0"), indicator("Ml1", **said), *[link] * n_links)
        if said and n_links > 3:
            with pytest.raises(
                ListError, match="more than 3 links between objects, and revoked True is said of"
            ):
                load_list(path)
            assert load_list(ListSource(path, ignore=["relationship"])).report.n_deletes == 1
        else:
            assert len(load_list(path)) == 2 - bool(said)
