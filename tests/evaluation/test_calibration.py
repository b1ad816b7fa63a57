"""What evidence was worth: candidates are counted where their bits lie, right and wrong, and the page says so."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import safehash
from safehash import EvaluationOptions
from safehash.evaluation.calibration import Judged, by_evidence, class_of, in_words


def test_candidates_are_counted_by_their_bits() -> None:
    judged = [
        Judged(bits=-9.0, is_right=False, is_match=False),
        Judged(bits=-8.0, is_right=False, is_match=False),
        Judged(bits=3.99, is_right=True, is_match=True),
        Judged(bits=0.0, is_right=False, is_match=True),
        Judged(bits=12.0, is_right=True, is_match=True),
        Judged(bits=13.0, is_right=True, is_match=False),
    ]
    rows = by_evidence(judged)
    assert [class_of(row) for row in rows] == ["under -8", "-8 to -4", "0 to 4", "12 and more"]
    assert [(row["candidates"], row["right"], row["matches"], row["wrong_matches"]) for row in rows] == [
        (1, 0, 0, 0), (1, 0, 0, 0), (2, 1, 2, 1), (2, 2, 1, 0),
    ]  # fmt: skip
    assert [row["share_right"] for row in rows] == [0, 0, 0.5, 1]
    assert all(row["interval"][0] <= row["share_right"] <= row["interval"][1] for row in rows)
    assert by_evidence([]) == []
    assert len(in_words(rows)) == len(rows)


def test_an_evaluation_says_what_evidence_was_worth(tmp_path: Path) -> None:
    import skimage.data

    for name in ("astronaut", "chelsea", "coffee", "rocket", "camera"):
        Image.fromarray(getattr(skimage.data, name)()).convert("RGB").save(tmp_path / f"{name}.png")
    measured = safehash.evaluate(
        tmp_path,
        threads=1,
        options=EvaluationOptions(efforts=["standard"], families=["frame"], list_size=2_000),
    )
    matches = sum(row["matches"] for row in measured.evidence)
    assert matches >= sum(row.found["standard"] for row in measured.rows) > 0
    assert measured.evidence[-1]["share_right"] == 1.0
    assert measured.to_record()["evidence"] == measured.evidence
    assert in_words(measured.evidence)[0] in measured.as_table()
    assert "What evidence was worth" in measured.as_page()
