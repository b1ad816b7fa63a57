"""What an option says arrives where the command asks the library, in its own place, and changes nothing else there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from test_command_lines import kept

from safehash import EvaluationOptions, ScanOptions, Settings
from safehash.cli import main
from safehash.errors import SafehashError
from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.adding import AddOptions
from safehash.lists.policy import Policy
from safehash.lists.source import ListSource
from safehash.matching.pairs import Pair, write_pairs
from safehash.matching.settings import FloodLimits
from safehash.reports.matches import ReportPart
from safehash.service.options import ServiceOptions

__all__ = ["kept"]


class Asked(NamedTuple):
    """How a function of the library was called."""

    args: tuple[Any, ...]
    named: dict[str, Any]


Ask = Callable[..., Asked]


@pytest.fixture
def ask(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return what runs a line in the folder `kept` and says how it called a function, which then does nothing more."""
    monkeypatch.chdir(kept)

    def asked(target: str, line: Sequence[str]) -> Asked:
        found: list[Asked] = []

        def stand_in(*args: Any, **named: Any) -> None:
            found.append(Asked(args, named))
            raise SafehashError("enough")

        with monkeypatch.context() as patch:
            patch.setattr(target, stand_in)
            assert main(list(line)) == 2
        (one,) = found
        return one

    return asked


# -- scan ---------------------------------------------------------------------------------------------------

SCANS: dict[str, dict[str, Any]] = {
    "--workers 3": {"workers": 3},
    "--timeout 7.5": {"timeout": 7.5},
    "--max-memory 512M": {"max_memory": 512 << 20},
    "--nice 2": {"nice": 2},
    "--rate 11": {"rate": 11.0},
    "--ordered": {"ordered": True},
    "--retry-failed": {"retry_failed": True},
    "--only-new": {"unchanged": False},
    "--digest sha1 --digest md5": {"file_digests": (Algorithm.MD5, Algorithm.SHA1)},
    "--digest none": {"file_digests": ()},
    "--follow-links": {"follow_links": True},
    "--skip-hidden": {"skip_hidden": True},
    "--no-archives": {"archives": False},
    "--allow-empty": {"allow_empty": True},
    "--watch": {"watch": True},
}


@pytest.mark.parametrize("words", ["", *SCANS])
def test_options_of_a_scan(ask: Ask, words: str) -> None:
    named = ask("safehash.scanning.run.scan", ["scan", "pictures", "--list", "own.csv", *words.split()]).named
    assert named["options"] == replace(ScanOptions(unchanged=True), **SCANS.get(words, {}))


def test_every_option_of_a_scan_is_asked_for() -> None:
    assert {name for row in SCANS.values() for name in row} == {each.name for each in fields(ScanOptions)}


# -- lists and settings -------------------------------------------------------------------------------------

#: Of two pairs, each in a file of its own.
PAIRS = [
    Pair(
        source="own", id=name, hash=Hash.from_hex("pdq", digit * 64), sha256=bytes(32), view="as it is",
        distance=9, wrong=True,
    )
    for name, digit in (("one", "5"), ("two", "6"))
]  # fmt: skip
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()

MATCHERS: dict[str, dict[str, Any]] = {
    "--effort thorough": {"effort": "thorough"},
    "--max-distance 21": {"policy": Policy(max_distance={"pdq": 21})},
    "--min-quality 37": {"policy": Policy(min_quality=37)},
    "--low-quality-distance 5": {"policy": Policy(low_quality_distance=5)},
    "--min-evidence -2.5": {"policy": Policy(min_evidence=-2.5)},
    "--require-fresh": {"policy": Policy(require_fresh=True)},
    "--max-distance 22 --min-quality 38": {"policy": Policy(max_distance={"pdq": 22}, min_quality=38)},
    "--allow-id a --allow-id b": {"allow_ids": ["a", "b"]},
    "--allow-pairs one.jsonl --allow-pairs two.jsonl": {"allow_pairs": PAIRS},
    "--flood-share 0.25": {"flood": FloodLimits(max_share=0.25)},
    "--trusted key.pem": {"trusted": [PUBLIC]},
}
LISTS: dict[str, dict[str, Any]] = {
    "--list-format text": {"format": "text"},
    "--algorithm sha256": {"algorithm": "sha256"},
    "--notation base64": {"notation": "base64"},
    "--columns hash=Digest,deleted=gone --columns hash=Other": {
        "columns": {"hash": ("Digest", "Other"), "deleted": ("gone",)}
    },
    "--ignore one,two --ignore three": {"ignore": ("one", "two", "three")},
    "--max-rejects 0.125": {"max_rejects": 0.125},
    "--allow-cut": {"allow_cut": True},
    "--max-shrink 0.375": {"max_shrink": 0.375},
}


@pytest.fixture
def keys(kept: Path) -> None:
    for pair in PAIRS:
        write_pairs(kept / f"{pair.id}.jsonl", [pair])
    public = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    (kept / "key.pem").write_bytes(KEY.public_key().public_bytes(*public))


FROM_FILES = "safehash.matching.matcher.Matcher.from_files"


@pytest.mark.parametrize("words", ["", *MATCHERS])
@pytest.mark.usefixtures("keys")
def test_settings_of_a_matcher(ask: Ask, words: str) -> None:
    for before in (["scan", "pictures"], ["explain", "pictures/picture00000.png"], ["rematch", "c.db"]):
        args, named = ask(FROM_FILES, [*before, "--list", "own.csv", *words.split()])
        assert args == (ListSource("own.csv"),) and named["allow"] == []
        assert named["settings"] == Settings(**MATCHERS.get(words, {}))
        assert named["last_good"] == ("--trusted" not in words)


def test_lists_that_are_named_and_the_last_good_of_them(ask: Ask) -> None:
    line = ["scan", "pictures", "--list", "one=own.csv", "--list", "own.csv", "--allow", "ok=own.csv"]
    args, named = ask(FROM_FILES, [*line, "--no-last-good"])
    assert [each.list_name for each in args] == ["one", "own"]
    assert ([each.list_name for each in named["allow"]], named["last_good"]) == (["ok"], False)


@pytest.mark.parametrize("words", LISTS)
def test_options_of_lists(ask: Ask, words: str) -> None:
    source = ListSource("own.csv", **LISTS[words])
    assert source != ListSource("own.csv")
    args, named = ask(
        FROM_FILES, ["scan", "pictures", "--list", "own.csv", "--allow", "own.csv", *words.split()]
    )
    assert (args, named["allow"]) == ((source,), [source])
    args, named = ask(
        FROM_FILES, ["index", "build", "own.csv", "--allow", "own.csv", "-o", "out", *words.split()]
    )
    assert (args, named["allow"], named["replacing"]) == ((source,), [source], "out")
    args, named = ask(
        "safehash.evaluation.evaluate.evaluate", ["evaluate", "pictures", "--list", "own.csv", *words.split()]
    )
    assert named["own_lists"] == [source]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "line", ["match ab --index lists.safehash -a md5", "scan pictures --index lists.safehash"]
)
def test_a_snapshot_is_opened_if_trusted(ask: Ask, line: str) -> None:
    digits = line.replace(" ab ", f" {'ab' * 16} ").split()
    args, named = ask("safehash.matching.matcher.Matcher.open", [*digits, "--trusted", "key.pem"])
    assert (*args, named["settings"].trusted) == ("lists.safehash", frozenset({PUBLIC}))


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("words", ["", "--verify", "--trusted key.pem"])
def test_what_index_info_looks_at(ask: Ask, words: str) -> None:
    args, named = ask(
        "safehash.matching.snapshot.open_snapshot", ["index", "info", "lists.safehash", *words.split()]
    )
    expected = {
        "verify": "full" if words == "--verify" else "lazy",
        "trusted": [PUBLIC] if "key" in words else [],
    }
    assert (*args, named) == ("lists.safehash", expected)


# -- serve --------------------------------------------------------------------------------------------------

SERVES: dict[str, dict[str, Any]] = {
    "--host ::1": {"host": "::1"},
    "--port 8123": {"port": 8123},
    "--unix socket": {"unix": "socket"},
    "--workers 3": {"workers": 3},
    "--max-memory 512M": {"max_memory": 512 << 20},
    "--max-body 3M": {"max_body": 3 << 20},
    "--max-requests 17": {"max_requests": 17},
    "--timeout 7.5": {"timeout": 7.5},
    "--reload-every 2.5": {"reload_seconds": 2.5},
    "--no-reload": {"reload_seconds": None},
    "--tokens own.csv": {"tokens": "own.csv"},
    "--open-to-all": {"open_to_all": True},
    "--on-undecided reject": {"on_undecided": "reject"},
    "--fetch-from a.example,b.example": {"fetch_from": ("a.example", "b.example")},
    "--state state.db": {"state": "state.db"},
}


@pytest.fixture
def serves(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Asked]:
    monkeypatch.setattr("safehash.service.running.log_to", lambda: "the log")  # and no handler stays
    return lambda words: ask("safehash.service.running.serve", ["serve", "--list", "own.csv", *words.split()])


@pytest.mark.parametrize("words", ["", *SERVES])
def test_options_of_a_service(serves: Callable[[str], Asked], words: str) -> None:
    args, named = serves(words)
    assert args[1] == replace(ServiceOptions(), **SERVES.get(words, {}))
    assert (named["flood"], named["access"]) == (None, "the log")


def test_every_option_of_a_service_is_asked_for() -> None:
    known = {each.name for each in fields(ServiceOptions)} - {"grace"}  # which nobody is asked for
    assert {name for row in SERVES.values() for name in row} == known


def test_a_service_counts_for_itself_and_logs_unless_told(
    serves: Callable[[str], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    (read, _), named = serves("--flood-share 0.25 --no-access-log --effort fast")
    assert (named["flood"], named["access"]) == (FloodLimits(max_share=0.25), None)
    monkeypatch.setattr(FROM_FILES, lambda *_, **named: SimpleNamespace(lists=(), settings=named["settings"]))
    assert read().settings == Settings(effort="fast"), "no worker counts beside it"


# -- others -------------------------------------------------------------------------------------------------

EVALUATES: dict[str, dict[str, Any]] = {
    "--effort thorough,fast": {"efforts": ("fast", "thorough")},
    "--family crop --family frame": {"families": ("crop", "frame")},
    "--threshold 20,25": {"thresholds": (20, 25)},
    "--min-quality 37": {"min_quality": 37},
    "--list-size 41": {"list_size": 41},
    "--max-images 43": {"max_images": 43},
    "--min-images 5": {"min_images": 5},
    "--peers": {"peers": True},
    "--seed 47": {"seed": 47},
}


@pytest.mark.parametrize("words", ["", *EVALUATES, "--threads 3"])
def test_options_of_an_evaluation(ask: Ask, words: str) -> None:
    args, named = ask("safehash.evaluation.evaluate.evaluate", ["evaluate", "pictures", *words.split()])
    assert named["options"] == replace(EvaluationOptions(min_images=20), **EVALUATES.get(words, {}))
    assert (*args, named["own_lists"], named["threads"]) == (
        "pictures",
        [],
        3 if "threads" in words else None,
    )


def test_every_option_of_an_evaluation_is_asked_for() -> None:
    assert {name for row in EVALUATES.values() for name in row} == {e.name for e in fields(EvaluationOptions)}


PARTS: dict[str, dict[str, Any]] = {
    "--run 1": {"run": 1},
    "--since 1": {"since": 1},
    "--new": {"since": 0},  # the folder's catalog has one run
    "--matched-list own": {"source": "own"},
    "--label viral": {"label": "viral"},
    "--folder pictures": {"folder": "pictures"},
}


@pytest.mark.parametrize("words", ["", *PARTS, "--thumbnails", "--title Ours"])
def test_options_of_a_report(ask: Ask, words: str) -> None:
    args, named = ask("safehash.reports.report.report", ["report", "c.db", "-o", "out", *words.split()])
    assert args[1:] == ("out",)
    title = {"title": "Ours"} if "title" in words else {}
    assert named == {"thumbnails": "thumb" in words, "part": ReportPart(**PARTS.get(words, {})), **title}
    if not PARTS.get(words) and "thumb" not in words:
        line = ["report", "c.db", "-o", "out", "--compliance", "--evaluation", "own.csv", *words.split()]
        assert ask("safehash.reports.compliance.compliance_record", line).named == {
            "evaluation": "own.csv",
            **title,
        }


ADDS: dict[str, dict[str, Any]] = {
    "--algorithm phash": {"algorithm": "phash"},
    "--min-quality 37": {"min_quality": 37},
    "--also-stored": {"also_stored": True},
    "--file-names": {"file_names": True},
}


@pytest.mark.parametrize("words", ["", *ADDS])
def test_options_of_what_is_added(ask: Ask, words: str) -> None:
    line = [
        "lists",
        "add",
        "pictures/picture00001.png",
        "-o",
        "out",
        "--label",
        "b",
        "--label",
        " a",
        "--name",
        "mine",
    ]
    args, named = ask("safehash.lists.adding.add", [*line, "--category", "seed", *words.split()])
    assert args == (ListSource("out", name="mine"), ["pictures/picture00001.png"])
    assert (named["labels"], named["category"]) == ({"a", "b"}, "seed")
    assert named["options"] == AddOptions(**ADDS.get(words, {}))


@pytest.mark.parametrize(
    ("words", "mirrored", "holes"), [("windows", 0, 0), ("mirrored-windows", 1, 0), ("holes", 0, 1)]
)
def test_parts_of_what_is_added(ask: Ask, words: str, mirrored: bool, holes: bool) -> None:
    line = ["lists", "add", "pictures/picture00001.png", "-o", "out", "--min-quality", "37", f"--{words}"]
    parts = ask("safehash.lists.adding.add", line).named["options"].parts
    assert isinstance(parts, functools.partial)
    assert parts.keywords == {"min_quality": 37, "mirrored": mirrored, "holes": holes}


#: A line, what it asks, and with which of these by name.
LINES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("catalog export c.db", "scanning.holdings.records", {"full_hashes": False, "only_matches": False}),
    (
        "catalog export c.db --full-hashes",
        "scanning.holdings.records",
        {"full_hashes": True, "only_matches": False},
    ),
    (
        "catalog export c.db --matches-only",
        "scanning.holdings.records",
        {"full_hashes": False, "only_matches": True},
    ),
    (f"catalog similar c.db {'5a' * 32}", "scanning.lookback.similar", {"max_distance": 31}),
    (f"catalog similar c.db {'5a' * 32} --max-distance 7", "scanning.lookback.similar", {"max_distance": 7}),
    (f"catalog similar c.db {'5a' * 8} -a phash", "scanning.lookback.similar", {"max_distance": 8}),
    (f"catalog similar c.db {'5a' * 16} -a md5", "scanning.lookback.similar", {"max_distance": 0}),
    ("catalog diff c.db 0 1", "scanning.changes.changes", {"after": 0, "to": 1}),
    ("catalog diff c.db 3 8", "scanning.changes.changes", {"after": 3, "to": 8}),
    ("catalog stats c.db --check", "scanning.store.Store.check_integrity", {}),
    ("review apply v.jsonl c.db --reviewer anna", "scanning.verdicts.read_verdicts", {"reviewer": "anna"}),
    ("review export c.db --to list -o out --owner 42", "scanning.agreement.confirmed", {"owner": "42"}),
    ("lists stats own.csv --max-clustered 7", "cli.lists.list_stats", {"max_clustered": 7}),
    ("serve --list own.csv --check --state s.db", "service.memory.Memory", {}),
)


@pytest.mark.parametrize(("line", "target", "expected"), LINES, ids=[line for line, *_ in LINES])
def test_what_a_line_asks(ask: Ask, kept: Path, line: str, target: str, expected: dict[str, Any]) -> None:
    (kept / "v.jsonl").write_text('{"kind": "safehash verdicts", "version": 1, "verdicts": 0}')
    assert ask(f"safehash.{target}", line.split()).named == expected


@pytest.mark.parametrize("words", ["", "--full", "--orientations", "-a md5 -a pdq"])
def test_options_of_hash(ask: Ask, words: str) -> None:
    args, named = ask(
        "safehash.hashing.compute.fingerprint_file", ["hash", "pictures/picture00001.png", *words.split()]
    )
    assert (*args, named) == ("pictures/picture00001.png", {
        "algorithms": ("md5", "pdq") if "md5" in words else ("pdq",), "orientations": words == "--orientations",
        "decode": "full" if words == "--full" else "fast",
    })  # fmt: skip


@pytest.mark.parametrize("words", ["", "--sample 37 --seed 5"])
def test_options_of_the_doctor(ask: Ask, words: str) -> None:
    named = ask("safehash.search.second.compare", ["doctor", "--verify", "own.csv", *words.split()]).named
    assert (named["n_queries"], named["seed"]) == ((37, 5) if words else (1000, 0))
