"""What an explanation tells: the same decision, every view, and why the near ones are no match."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import safehash
from drawn import Picture, card, lit_disc, picture
from safehash.hashing import compute
from safehash.matching.families import TURNED
from safehash.matching.settings import EFFORTS, Effort
from safehash.matching.view_words import TURN_NAMES

NAMES = ("astronaut", "chelsea", "coffee")


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> safehash.Matcher:
    path = tmp_path_factory.mktemp("lists") / "own.csv"
    listed = {name: picture(name) for name in NAMES}
    listed["card"] = ImageOps.mirror(card(8))
    listed["disc"] = lit_disc(0.9, 0.1, 120)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("hash", "hash_type", "id"))
        writer.writerows(
            (compute.hash_array(np.asarray(own)).hex, "pdq", name) for name, own in listed.items()
        )
    return safehash.Matcher.from_files(path)


UPLOADS: dict[str, Callable[[], Picture]] = {
    "itself": lambda: picture("coffee"),
    "mirrored": lambda: ImageOps.mirror(picture("chelsea")),
    "negative": lambda: ImageOps.invert(picture("astronaut")),
    "framed": lambda: ImageOps.expand(picture("coffee"), 50, "white"),
    "cropped": lambda: picture("coffee").crop((30, 20, 590, 390)),
    "another card": lambda: card(7),
    "another disc": lambda: ImageOps.expand(lit_disc(0.8, 0.2, 150), 24, fill=(30, 60, 30)),
    "unrelated": lambda: picture("rocket"),
    "flat": lambda: Image.new("RGB", (300, 200), "grey"),
}


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("upload", UPLOADS)
def test_it_tells_of_the_very_decision_that_check_makes(
    matcher: safehash.Matcher, upload: str, effort: Effort
) -> None:
    own = UPLOADS[upload]()
    decision, explanation = matcher.check(own, effort=effort), matcher.explain(own, effort=effort)
    told = explanation.decision
    assert (told.outcome, told.matches, told.hash) == (decision.outcome, decision.matches, decision.hash)
    assert (told.refused, told.audit) == (decision.refused, decision.audit)
    nearest = [near for look in explanation.looks for near in look.nearest]
    # Every match is told with its view and distance, and whatever is said to match does.
    for match in decision.matches:
        assert any(
            (near.entry, near.distance, near.view, near.matches)
            == (match.entry, match.distance, match.view, True)
            for near in nearest
        )
    assert {near.entry.id for near in nearest if near.matches} == {each.entry.id for each in decision.matches}
    for near in nearest:
        assert near.matches == (near.allowed is not None and near.distance <= near.allowed)
        # What the rest says is told where it lets more pass than all others, or where they refuse.
        others = [gate.bits for gate in near.gates if not gate.gate.startswith("rest")]
        rests = [gate.bits for gate in near.gates if gate.gate.startswith("rest") and gate.bits is not None]
        assert (near.allowed is None) == (None in others and not rests)
        if near.gates and near.allowed is not None:
            least = [] if None in others else [min(bits for bits in others if bits is not None)]
            assert near.allowed - near.threshold == max([*least, *rests])


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_view_is_told_of_in_order(matcher: safehash.Matcher, effort: Effort) -> None:
    looks = matcher.explain(picture("rocket"), effort=effort).looks
    views = [look.view for look in looks if look.picture == ""]
    thorough = [
        "near",
        "framed",
        "panel",
        "whole",
        "rotated",
        "steep",
        "bent",
        "faded",
        "nested",
        "nested, tilted",
        "covered",
        "nested, captioned",
        "overexposed",
    ]
    more = ["faded, again", "steeper", "bent, again", "covered, again", "nested, covered"]
    families = {
        "fast": [],
        "standard": thorough[:2],
        "thorough": thorough,
        "exhaustive": [*thorough, *more],
    }[effort]
    turns = [*TURN_NAMES, "negative", "negative, mirrored"]
    assert views == (turns[:1] if effort == "fast" else turns + families)
    assert all(look.n_queries == 1 for look in looks if look.seeds_within is None)
    of_windows = [look for look in looks if look.seeds_within is not None]
    # As it is and mirrored; of this picture all boxes have evidence; of each box; it has no such lights.
    few = {"near": (2,), "framed": (40,), "nested, captioned": (48,), "overexposed": (0,)}
    assert all(look.n_queries > 20 for look in of_windows if look.view not in few)
    assert all(look.n_queries in few[look.view] for look in of_windows if look.view in few)


def test_a_near_entry_that_gates_keep_from_matching_is_told_with_the_gate(matcher: safehash.Matcher) -> None:
    decision = matcher.check(card(7))
    assert [(each.entry.id, each.view, each.gate) for each in decision.refused] == [
        ("card", "mirrored", "greys")
    ]
    (refused,) = decision.refused
    assert refused.distance <= 31 and "bits beyond the usual threshold allowed" in refused.reason
    assert refused.evidence is not None and refused.facts()["evidence"] == round(refused.evidence, 1)
    (near,) = next(look for look in matcher.explain(card(7)).looks if look.view == "mirrored").nearest
    said = {gate.gate: gate for gate in near.gates}
    assert said["greys"].bits == -25 and said["contrast"].bits == 0
    assert near.measures["greys"] < 4 and near.allowed == 6 and near.agreement is None
    assert near.threshold == 31
    # And where a gate refuses whatever the distance.
    framed = matcher.check(UPLOADS["another disc"](), effort="thorough")
    assert [(each.entry.id, each.gate) for each in framed.refused] == [("disc", "faint coefficients")]
    assert "at most 0.15 wanted" in framed.refused[0].reason
    # What matches in one view is not told of as refused in another.
    assert matcher.check(ImageOps.mirror(card(8))).refused == ()
    assert matcher.check(picture("rocket"), effort="thorough").refused == ()


def test_what_lies_beyond_the_threshold_is_told_up_to_64_bits() -> None:
    own = np.asarray(picture("coffee"))
    rng, entries = np.random.default_rng(1), []
    for distance in (31, 32, 64, 65):
        digest = np.unpackbits(np.frombuffer(compute.hash_array(own).digest, np.uint8))
        digest[rng.choice(256, distance, replace=False)] ^= 1
        entries.append(safehash.Entry(hash=safehash.Hash("pdq", np.packbits(digest).tobytes()), source="own"))
    (look,) = safehash.Matcher.from_entries(entries).explain(own, effort="fast").looks
    assert [(near.distance, near.matches) for near in look.nearest] == [(31, True), (32, False), (64, False)]


def test_one_entry_is_told_of_alone_with_how_near_every_view_comes(matcher: safehash.Matcher) -> None:
    own = ImageOps.expand(picture("coffee"), 50, "white")
    (match,) = matcher.check(UPLOADS["mirrored"]()).matches
    assert isinstance(match.entry.hash, safehash.Hash)
    for name in ("chelsea", match.entry.hash.hex, f"pdq:{match.entry.hash.hex.upper()}"):
        explanation = matcher.explain(own, name)
        assert [each.id for each in explanation.entries] == ["chelsea"]
        assert explanation.decision.is_match, "the decision is about all entries"
        assert not any(look.nearest for look in explanation.looks)
        assert all(look.closest is not None and look.closest > 31 for look in explanation.looks)
    (entry,) = explanation.entries
    assert matcher.explain(own, entry).entries == (entry,)
    looks = matcher.explain(own, "coffee").looks
    framed = next(look for look in looks if look.view == "framed")
    assert framed.closest is not None and framed.seeds_within is not None
    assert framed.closest <= framed.seeds_within
    assert [near.entry.id for near in framed.nearest] == ["coffee"] and framed.nearest[0].matches


def test_an_entry_that_is_not_there_is_an_error(matcher: safehash.Matcher) -> None:
    for name in ("nobody", "ab" * 32, ""):
        with pytest.raises(LookupError, match="no entry"):
            matcher.explain(picture("coffee"), name)


def test_a_picture_that_cannot_be_looked_at_is_explained_by_its_decision(
    matcher: safehash.Matcher, tmp_path: Path
) -> None:
    explanation = matcher.explain(b"no picture")
    assert explanation.decision.outcome is safehash.Outcome.UNSUPPORTED and explanation.looks == ()
    flat = matcher.explain(Image.new("RGB", (300, 200), "grey"))
    assert flat.looks[0].why_not == ""
    assert {look.why_not for look in flat.looks[1:10]} == {"quality 0, at least 50 wanted"}


def test_what_is_explained_counts_toward_no_flood(matcher: safehash.Matcher, tmp_path: Path) -> None:
    limits = safehash.FloodLimits(max_share=0.5, min_matches=2, min_uploads=2)
    path = tmp_path / "own.csv"
    path.write_text(f"hash,hash_type,id\n{compute.hash_array(np.asarray(card(7))).hex},pdq,a\n")
    own = safehash.Matcher.from_files(path, settings=safehash.Settings(flood=limits))
    for _ in range(6):
        assert own.explain(card(7)).decision.is_match
    for _ in range(3):
        outcome = own.check(card(7)).outcome
    assert outcome is safehash.Outcome.SUPPRESSED


def test_the_record_is_plain_data_with_digests_short(matcher: safehash.Matcher) -> None:
    explanation = matcher.explain(card(7), effort="thorough")
    record = json.loads(json.dumps(explanation.to_record()))
    (near,) = record["looks"][TURN_NAMES.index("mirrored")]["nearest"]
    assert near["entry"]["id"] == "card" and len(near["entry"]["hash"]) == 8
    assert near["allowed"] == 6 and {"gate": "greys", "bits": -25, "reason": ""} in near["gates"]
    assert record["decision"]["refused"][0]["gate"] == "greys"
    measures = [each["measures"] for look in record["looks"] for each in look["nearest"]]
    told = [value for each in measures for value in each.values() if isinstance(value, float)]
    assert told == [round(value, 4) for value in told] != [round(value, 3) for value in told], (
        "to four digits"
    )
    whole = explanation.to_record(full_hashes=True)
    assert len(whole["looks"][TURN_NAMES.index("mirrored")]["nearest"][0]["entry"]["hash"]) == 64


def test_gates_of_turned_pictures_are_those_that_the_family_has(matcher: safehash.Matcher) -> None:
    looks = matcher.explain(card(7), effort="thorough").looks
    by_view = {look.view: look for look in looks}
    turned = {gate.gate for gate in by_view["mirrored"].nearest[0].gates}
    windows = {gate.gate for gate in by_view["whole"].nearest[0].gates}
    assert turned < windows and "agreement" in windows - turned
    assert TURNED.extra == 0
