"""Options out of a file, what a shell completes, and what the doctor says."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import shtab

from safehash.cli import main
from safehash.cli.config import with_config
from safehash.cli.parser import make_parser
from safehash.errors import SafehashError
from safehash.hashing.algorithms import Algorithm
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from safehash.search import second
from safehash.search.index import Index
from stores import records_in, run, write_list, write_pictures


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    pictures = write_pictures(folder / "pictures", 3)
    write_list(folder / "own.csv", pictures[0])
    write_list(folder / "other.csv", pictures[1])
    return folder


def parsed(folder: Path, text: str, line: str) -> argparse.Namespace:
    (folder / "c.toml").write_text(text)
    given = line.replace("CONFIG", f"--config {folder / 'c.toml'}").split()
    parser = make_parser(given)
    return parser.parse_args(with_config(parser, given))


WHOLE = """
list = ["own.csv", "partner=lists/b.csv"]
effort = "fast"
[scan]
catalog = "kept/c.db"
workers = 3
quiet = true
skipped = false
effort = "thorough"
[catalog.export]
format = "csv"
"""


def test_options_come_from_the_file(tmp_path: Path) -> None:
    scan = parsed(tmp_path, WHOLE, "scan photos CONFIG")
    assert scan.list == [str(tmp_path / "own.csv"), f"partner={tmp_path / 'lists' / 'b.csv'}"]
    assert scan.catalog == str(tmp_path / "kept" / "c.db")
    assert (scan.workers, scan.quiet, scan.skipped, scan.effort) == (3, True, False, "thorough")
    rematch = parsed(tmp_path, WHOLE, "rematch c.db CONFIG")
    assert rematch.effort == "fast"
    assert parsed(tmp_path, WHOLE, "catalog export CONFIG c.db").format == "csv"
    assert parsed(tmp_path, WHOLE, "catalog stats CONFIG c.db").json is False


def test_an_editor_s_mark_in_front_is_none(tmp_path: Path) -> None:
    assert parsed(tmp_path, "\ufeff" + WHOLE, "scan photos CONFIG").effort == "thorough"


def test_the_command_line_goes_first(tmp_path: Path) -> None:
    scan = parsed(tmp_path, WHOLE, "scan photos --list mine.csv CONFIG --workers 1")
    assert (scan.list, scan.workers, scan.effort) == (["mine.csv"], 1, "thorough")
    snapshot = parsed(tmp_path, WHOLE, "scan photos CONFIG --index=x.safehash -q")
    assert (snapshot.list, snapshot.index) == ([], "x.safehash"), "what excludes it, too"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lists = ['a']", "no command has an option 'lists'"),
        ("[scan]\nworker = 1", "no option 'worker'; it has"),
        ("[scam]\nworkers = 1", "is no command; there are bench,"),
        ("workers = 'many'", "workers: 'many' is not a whole number"),
        ("workers = [1]", "one value, not a list"),
        ("quiet = 'yes'", "true or false"),
        ("effort = 'maximal'", "one of fast, standard, thorough"),
        ("allow = [1979-05-27]", "text or a number"),
        ("workers = ", "no TOML"),
        ("catalog = ''", "an empty name"),
        ("[scan.more]\nlist = 'a'", r"\[scan\] has no option 'more'"),
        ("list = 3", "the name of a file, not 3"),
    ],
)
def test_what_a_file_cannot_mean_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SafehashError, match=message) as caught:
        parsed(tmp_path, text, "scan photos CONFIG")
    assert "c.toml" in str(caught.value)


def test_a_short_cron_line(here: Path, tmp_path: Path) -> None:
    (here / "nightly.toml").write_text(
        'list = ["own.csv"]\n[scan]\ncatalog = "c.db"\nworkers = 1\nquiet = true\n'
    )
    done = run("scan", here / "pictures", "--config", here / "nightly.toml", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert records_in(done.stdout)[-1]["outcomes"] == {"no_match": 2, "match": 1}
    assert (here / "c.db").exists()
    # It is an input like any other.
    for out in ("nightly.toml", "own.csv"):
        spoilt = run(
            "scan", here / "pictures", "--config", here / "nightly.toml", "-o", here / out, cwd=tmp_path
        )
        assert spoilt.returncode == 2
        assert b"name another file" in spoilt.stderr
    assert run("scan", here / "pictures", "--config", here / "none.toml").returncode == 2


def test_options_are_not_abbreviated(here: Path) -> None:
    """A part of a name would mean another option after the next release, and a --conf would not be read."""
    assert (
        main(
            ["scan", str(here / "pictures"), "--conf", str(here / "c.toml"), "--list", str(here / "own.csv")]
        )
        == 2
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_learns_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = shell in shtab.SUPPORTED_SHELLS
    assert main(["completion", shell]) == (0 if known else 2)
    done = capsys.readouterr()
    if known:
        options = ("effort", "watch") if shell == "fish" else ("--effort", "--watch")
        assert all(word in done.out for word in ("rematch", "relocate", "apply", *options))
    else:
        assert "pip install --upgrade shtab" in done.err


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(run("completion", "bash").stdout)
    ask = (
        "source s; COMP_WORDS=(safehash scan --eff); COMP_CWORD=2; COMP_LINE='safehash scan --eff'; COMP_POINT=19;"
        ' $(complete -p safehash | sed -E "s/.*-F ([^ ]+).*/\\1/") safehash --eff scan; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.split() == [b"--effort"], done


# -- the doctor -------------------------------------------------------------------------------------------------


def test_the_doctor_says_what_is_there(here: Path) -> None:
    done = run(
        "doctor", "--list", here / "own.csv", "--verify", here / "own.csv", "--sample", "200", "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["decoders"]["JPEG"]
    assert facts["packages"]["numpy"] == np.__version__
    assert facts["instruction_level"] in facts["instruction_levels"]
    assert facts["lists"] == [{"list": "own", "entries": 1, "newest": None, "stale": None}]
    (verified,) = facts["verified"]
    assert (verified["queries"], verified["differ"]) == (200, 0)
    assert verified["answers"] > 100
    text = run("doctor", "--verify", here / "own.csv", "--sample", "50").stdout
    assert b"verified own: 50 look-ups among 1 pdq entries within 31 bits" in text
    assert b"all the same" in text


def test_the_doctor_on_a_list_that_is_refused(here: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("no list\n")
    assert run("doctor", "--list", tmp_path / "bad.csv").returncode == 2
    assert run("doctor", "--verify", tmp_path / "bad.csv").returncode == 2


def test_an_index_that_misses_an_entry_is_found_out(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second opinion is one: an index of ours that left something out is not agreed with."""
    from_digests = Index.from_digests

    def forgetful(digests: object, *, method: str, **more: object) -> Index:
        index = from_digests(digests, method=method, **more)  # type: ignore[arg-type]
        return index.without([0]) if method == "multi" else index

    monkeypatch.setattr(Index, "from_digests", forgetful)
    assert main(["doctor", "--verify", str(here / "own.csv"), "--sample", "40"]) == 70
    assert "our index and FAISS differ" in capsys.readouterr().err


def test_both_sides_of_the_distance_are_asked() -> None:
    digests = np.random.default_rng(1).integers(0, 256, (200, 32), dtype=np.uint8)
    found = second.compare(digests, algorithm=Algorithm.PDQ, max_distance=31, n_queries=400)
    n_near = 350 * 32 // 36  # 7 of 8 queries are listed ones, 0 to 35 bits off
    assert found.n_differ == 0
    assert abs(found.n_answers - n_near) < 40


def test_faiss_can_be_chosen_in_a_matcher(here: Path, tmp_path: Path) -> None:
    chosen = Matcher.from_files(here / "own.csv", here / "other.csv", settings=Settings(search="faiss"))
    usual = Matcher.from_files(here / "own.csv", here / "other.csv")
    usual.save(tmp_path / "l.safehash")
    opened = Matcher.open(tmp_path / "l.safehash", settings=Settings(search="faiss"))
    for matcher in (chosen, opened):
        assert {index.method for index in matcher._state.indexes.values()} == {"faiss"}
        for picture in sorted((here / "pictures").iterdir()):
            wanted = [(match.entry.id, match.distance) for match in usual.check(picture).matches]
            assert [(match.entry.id, match.distance) for match in matcher.check(picture).matches] == wanted
    chosen.save(tmp_path / "again.safehash")
    with pytest.raises(ValueError, match="search is one of"):
        Settings(search="flat")  # type: ignore[arg-type]
    assert Index([], method="faiss").method == Index([], method="flat").method == "faiss"
