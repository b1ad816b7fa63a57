"""What a release is made of fits together: versions, oldest dependencies, workflows, the bits of every platform."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

import digests
import safehash

ROOT = Path(__file__).parent.parent
CI = ROOT / ".ci"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_bits_and_verdicts_are_those_of_every_platform() -> None:
    """A change of tests/data/digests.json is a change of bits, but for new files: the changelog must say so."""
    kept = json.loads((ROOT / "tests" / "data" / "digests.json").read_text(encoding="utf-8"))
    assert digests.hashes() == kept["hashes"]
    assert digests.looked_up() == kept["looked_up"]
    assert digests.verdicts() == kept["verdicts"]


needs_checkout = pytest.mark.skipif(not CI.exists(), reason="the release's files are out of reach")


@needs_checkout
def test_oldest_dependencies_are_those_declared() -> None:
    declared = dict(
        re.findall(
            r'^    "([A-Za-z0-9.-]+)>=([0-9.]+)',
            (ROOT / "pyproject.toml")
            .read_text(encoding="utf-8")
            .partition("\ndependencies = [")[2]
            .partition("\n]")[0],
            re.MULTILINE,
        )
    )
    pinned = dict(re.findall(r"^([A-Za-z0-9.-]+)==([0-9.]+)$", (CI / "oldest.txt").read_text(), re.MULTILINE))
    assert pinned.keys() == declared.keys()
    for name, version in declared.items():
        assert (pinned[name] + ".").startswith(version + "."), name


@needs_checkout
def test_where_faiss_has_no_wheel_all_else_that_is_declared_goes_in() -> None:
    """A job that installs without dependencies names them; backports.zstd is part of Python from 3.14 on."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\ndependencies = [")[2]
    declared = set(re.findall(r'^    "([A-Za-z0-9.-]+)>=', project.partition("\n]")[0], re.MULTILINE))
    assert {"numpy", "faiss-cpu", "tomli"} < declared
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    steps = workflow.partition("\n  free-threaded:")[2].partition("outside.py")[0]
    assert workflow.count("pip install --no-deps") == steps.count("pip install --no-deps dist/*.whl") == 1
    assert declared - {"faiss-cpu", "tomli", "backports.zstd"} <= set(steps.split())


@needs_checkout
@pytest.mark.parametrize(
    ("tag", "heading", "line", "said"),
    [
        ("v1.2.3", "## [1.2.3] - 2026-11-26", "Hash bits changed: no.", []),
        (
            "",
            "## [1.2.3] - 2026-11-26",
            "Hash bits changed: yes: pHash of flat pictures, as imagehash has them.",
            [],
        ),
        ("v1.2.4", "## [1.2.3] - 2026-11-26", "Hash bits changed: no.", ["the tag is v1.2.4"]),
        ("v1.2.3", "## [1.2.3]", "Hash bits changed: no.", ["no section"]),
        ("v1.2.3", "## [1.2.3] - 2026-11-26", "Hash bits changed.", ["does not say"]),
        ("v1.2.3", "## [1.2.2] - 2026-11-26", "Hash bits changed: no.", ["no section"]),
    ],
)
def test_a_release_says_whether_bits_changed(tag: str, heading: str, line: str, said: list[str]) -> None:
    complaints = runpy.run_path(str(CI / "check_version.py"))["complaints"]
    changelog = f"# Changelog\n\n{heading}\n\n{line}\n\n### Added\n\n## [0.1.0]\n\nHash bits changed: no.\n"
    found = complaints(tag, '__version__ = "1.2.3"\n', changelog)
    assert len(found) == len(said)
    for sentence, part in zip(found, said, strict=True):
        assert part in sentence


@needs_checkout
def test_the_changelog_has_a_section_for_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = text.partition(f"## [{safehash.__version__.partition('.dev')[0]}]")[2].partition("\n## [")[0]
    assert re.search(r"^Hash bits changed: (no|yes: .+)\.$", section, re.MULTILINE)


@needs_checkout
def test_the_version_stands_in_one_place_more() -> None:
    """CITATION.cff cannot be made of it, so it is held to it."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (\S+)$", text, re.MULTILINE) == [safehash.__version__.partition(".dev")[0]]


@needs_checkout
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_what_is_there(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for words in re.findall(r"run: make ([a-z -]+)", text):
        assert set(words.split()) <= targets, words
    for words in re.findall(r"what: \[([a-z, -]+)\]", text):
        assert {word.strip() for word in words.split(",")} <= targets, words
    for path in re.findall(r"(?:bash|python) (?:checkout/)?((?:\.ci|tests)/\S+)", text):
        assert (ROOT / path).exists(), path
    assert "permissions:\n  contents: read\n" in text, "what a job may write is said in the job"
    assert text.count("uses: actions/checkout") == text.count("persist-credentials: false")


@needs_checkout
def test_classifiers_claim_what_a_job_runs() -> None:
    claimed = set(
        re.findall(
            r'"Programming Language :: Python :: (3\.\d+)"',
            (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        )
    )
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    test = text.partition("\n  test:")[2].partition("\n  oldest:")[0]
    (versions,) = re.findall(r"python: \[([^\]]+)\]", test)
    readme = text.partition("\n  readme:")[2].partition("\n  test:")[0]
    assert claimed == set(re.findall(r"3\.\d+", versions)) | set(re.findall(r'"(3\.\d+)"', readme))
