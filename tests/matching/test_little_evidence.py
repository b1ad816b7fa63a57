"""Matches with less evidence than is asked for: suppressed, told and kept; of the others none changes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import safehash
from safehash.matching.deciding import weighed
from safehash.matching.evidence import Evidence
from safehash.matching.families import AS_IT_IS, WHOLE
from safehash.matching.views import Hit, _Finds
from safehash.matching.weighing import bits_of, in_a_word

PHOTO = Image.fromarray(np.asarray(skimage.data.chelsea()))


def cropped(share: float) -> bytes:
    """Return the photograph without so much of either side, as a JPEG file: the more, the less speaks for it."""
    width, height = PHOTO.size
    cut = int(width * share / 2), int(height * share / 2)
    stream = io.BytesIO()
    PHOTO.crop((*cut, width - cut[0], height - cut[1])).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def write_list(folder: Path, name: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(f"hash,id\n{safehash.hash_array(np.asarray(PHOTO)).hex},{name}\n")
    return path


def settings_of(**policy: object) -> safehash.Settings:
    return safehash.Settings(effort="thorough", policy=safehash.Policy(**policy))  # type: ignore[arg-type]


def bits_shown(match: safehash.Match) -> float:
    bits = match.facts()["evidence"]
    assert isinstance(bits, float)
    return bits


@pytest.fixture(scope="module")
def known() -> dict[float, float]:
    """How much evidence copies have, by the share that is cropped away."""
    own = safehash.Entry(hash=safehash.hash_array(np.asarray(PHOTO)), source="own")
    matcher = safehash.Matcher.from_entries([own], settings=settings_of())
    found = {}
    for share in (0.0, 0.1, 0.3):
        (match,) = matcher.check(cropped(share)).standing
        found[share] = bits_shown(match)
    assert 0 < found[0.3] < 6 < min(found[0.1], found[0.0]), found
    return found


def test_less_than_is_asked_for_is_suppressed_and_told(tmp_path: Path, known: dict[float, float]) -> None:
    listed, upload = write_list(tmp_path, "own"), cropped(0.3)
    for bits, stands in ((known[0.3], True), (known[0.3] + 0.05, False), (-20.0, True), (6, False)):
        matcher = safehash.Matcher.from_files(listed, settings=settings_of(min_evidence=bits))
        decision = matcher.check(upload)
        (match,) = decision.matches
        assert (match.suppressed_by, bits_shown(match)) == (None if stands else "evidence", known[0.3]), bits
        assert decision.outcome.value == ("match" if stands else "suppressed")
        assert decision.suggestion == ("review" if stands else "none")
        record = decision.to_record()["matches"][0]
        assert (record.get("suppressed_by"), record["evidence"]) == (match.suppressed_by, known[0.3])
        assert matcher.audit.min_evidence == bits
        # What has more is as it was.
        assert matcher.check(cropped(0.1)).is_match


def test_a_list_may_ask_for_more_or_less_than_the_others(tmp_path: Path, known: dict[float, float]) -> None:
    more, less = known[0.3] + 1, known[0.3] - 1
    lists = [write_list(tmp_path, name) for name in ("strict", "lax", "usual")]
    own = {"strict": safehash.ListPolicy(min_evidence=more), "lax": safehash.ListPolicy(min_evidence=less)}
    for general, standing in ((None, {"lax", "usual"}), (more, {"lax"}), (less, {"lax", "usual"})):
        matcher = safehash.Matcher.from_files(
            *lists, settings=settings_of(min_evidence=general, per_list=own)
        )
        matcher.save(tmp_path / "saved.shx")
        opened = safehash.Matcher.open(tmp_path / "saved.shx", settings=safehash.Settings(effort="thorough"))
        for each in (matcher, opened):
            assert each.audit.list_evidence == (("lax", less), ("strict", more))
            assert each.audit.min_evidence == general
            decision = each.check(cropped(0.3))
            assert {match.entry.source for match in decision.standing} == standing
            assert {match.suppressed_by for match in decision.matches} - {None} == {"evidence"}
        # And what a policy says that is given with a snapshot holds, without a remark.
        given = safehash.Matcher.open(
            tmp_path / "saved.shx", settings=settings_of(per_list={"usual": own["strict"]})
        )
        assert {match.entry.source for match in given.check(cropped(0.3)).standing} == {"strict", "lax"}
        assert not [note for note in given.notes if "evidence" in note]


def test_where_digests_are_all_that_is_known_a_match_stands(tmp_path: Path) -> None:
    data = cropped(0.0)
    path = tmp_path / "own.csv"
    path.write_text(
        "hash,hash_type\n"
        f"{safehash.hash_array(np.asarray(PHOTO)).hex},pdq\n{hashlib.sha256(data).hexdigest()},sha256\n"
    )
    matcher = safehash.Matcher.from_files(path, settings=settings_of(min_evidence=20))
    by = {match.view: (match.suppressed_by, match.evidence) for match in matcher.check(data).matches}
    assert by["same file"] == (None, None)
    assert by["as it is"][0] == "evidence"
    (stored,) = matcher.check_hash(safehash.hash_array(np.asarray(PHOTO))).matches
    assert (stored.suppressed_by, stored.evidence) == (None, None)
    # That nothing can have so much is said.
    assert [note for note in matcher.notes if "min_evidence, 20 bits, suppresses every match" in note]


def test_what_no_turned_copy_has_is_said(tmp_path: Path) -> None:
    listed = write_list(tmp_path, "own")
    for bits, kinds in ((7.9, ""), (8.5, "turned (at most 7.9)"), (None, "")):
        for policy in ({"min_evidence": bits}, {"per_list": {"own": safehash.ListPolicy(min_evidence=bits)}}):
            matcher = safehash.Matcher.from_files(listed, settings=settings_of(**policy))
            assert [note.rpartition(": ")[2] for note in matcher.notes if "evidence" in note] == [kinds][
                : bool(kinds)
            ]


@pytest.mark.parametrize("value", [-20.5, 21, float("nan"), float("inf")])
def test_bits_that_no_match_has_are_refused(value: float) -> None:
    for kind in (safehash.Policy, safehash.ListPolicy):
        with pytest.raises(ValueError, match="min_evidence"):
            kind(min_evidence=value)


def test_more_views_of_an_entry_take_no_evidence_away() -> None:
    """A larger effort finds a view that needs less of a threshold, and has less evidence: it is no less sure."""
    sure = Evidence.of(AS_IT_IS, {"distance": 4, "faint": 0, "greys": 5.6, "common": 0.15, "contrast": 60, "flat": 0.1,
                                  "pixels": 800, "agreement": None})  # fmt: skip
    unsure = Evidence.of(WHOLE, {"distance": 40, "agreement": 0.5, "turned": 0, "missing": 0.2, "greys": 5.0,
                                 "common": 0.3, "contrast": 40, "flat": 0.3, "laid_out": 0, "coverage": 1,
                                 "pixels": 400, "plain_distance": 70})  # fmt: skip
    assert bits_of(sure) > bits_of(unsure) + 4
    for first, then in ((sure, unsure), (unsure, sure)):
        found = _Finds(31, None)
        for needs, evidence in ((20, first), (10, then)):
            found._keep(Hit(row=1, distance=needs, view=f"needs {needs}"), evidence)
        assert found.best[1].view == "needs 10"
        assert found.best[1].evidence == bits_of(sure)


def test_how_sure_that_is_in_a_word() -> None:
    said = {bits: in_a_word(bits) for bits in (9.0, 8.0, 7.9, 4.0, 3.9, 0.0, -0.1, -8.0, None)}
    assert list(said.values()) == [
        "strong", "strong", "fair", "fair", "weak", "weak", "against", "against", "unknown",
    ]  # fmt: skip


def test_of_a_stored_hash_each_match_has_the_evidence_of_its_own_entry() -> None:
    """What cancels it already is what cancels it; what it has of its own outweighs what was measured once."""
    plain = safehash.hash_array(np.asarray(PHOTO))
    entries = [safehash.Entry(hash=plain, source=name, id=name) for name in "abcdefg"]
    decision = safehash.Matcher.from_entries(entries).check_hash(plain)
    by = {"d": "review"}
    given = [
        replace(
            each, evidence=2.0 if each.entry.id == "e" else None, suppressed_by=by.get(str(each.entry.id))
        )
        for each in decision.matches
    ]
    measured = {"a": 2.94, "b": 2.95, "c": None, "d": 1.0, "e": 9.0, "f": 4.5, "g": 4.5}
    policy = safehash.Policy(min_evidence=3.0, per_list={"f": safehash.ListPolicy(min_evidence=4.6)})
    told = weighed(
        replace(decision, matches=tuple(given)), lambda match: measured[str(match.entry.id)], policy
    )
    assert {each.entry.id: (each.evidence, each.suppressed_by) for each in told.matches} == {
        "a": (2.94, "evidence"), "b": (2.95, None), "c": (None, None), "d": (1.0, "review"), "e": (2.0, "evidence"),
        "f": (4.5, "evidence"), "g": (4.5, None),
    }  # fmt: skip
    assert told.outcome is safehash.Outcome.MATCH
    thin = replace(decision, matches=tuple(each for each in given if each.entry.id in ("a", "d")))
    assert weighed(thin, lambda _: 1.0, policy).outcome is safehash.Outcome.SUPPRESSED
