"""A command line is taken in any order, and what is wrong with one is said in a line that names it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from safehash.cli import main
from safehash.cli.parser import make_parser, parsers_below
from safehash.cli.scan import open_matcher
from safehash.errors import SafehashError


@pytest.mark.parametrize(
    "chunks",
    [
        [["a"], ["--list", "own.csv"], ["b"], ["-qo", "out"], ["--effort=fast"], ["c"]],
        [["-"], ["--list=x=own.csv"], ["--nice", "-5"], ["-q"], ["a"]],
    ],
)
def test_options_stand_anywhere(chunks: list[list[str]]) -> None:
    found, parser = [], make_parser(["scan"])
    for order in itertools.permutations(chunks):
        words = [word for chunk in order for word in chunk]
        taken = vars(parser.parse_args(["scan", *words]))
        arguments = [chunk[0] for chunk in order if chunk[0] == "-" or not chunk[0].startswith("-")]
        assert taken.pop("paths") == arguments, words
        found.append({name: value for name, value in taken.items() if name not in ("parser", "run")})
    assert found[1:] == found[:1] * (len(found) - 1)
    assert found[0]["quiet"] is True


def test_an_argument_after_the_options_is_taken() -> None:
    words = ["explain", "photo.jpg", "--list", "own.csv", "b-1"]
    taken = make_parser(words).parse_args(words)
    assert (taken.file, taken.list, taken.entry) == ("photo.jpg", ["own.csv"], "b-1")


def test_two_dashes_end_the_options() -> None:
    words = ["scan", "a", "--list", "own.csv", "--", "--list", "-q"]
    taken = make_parser(words).parse_args(words)
    assert (taken.paths, taken.list, taken.quiet) == (["a", "--list", "-q"], ["own.csv"], False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scan a --lists own.csv", "there is no option --lists: did you mean --list?"),
        ("scan --lists=own.csv", "there is no option --lists: did you mean --list?"),
        ("scan a --list own.csv --max-distanc 3", "did you mean --max-distance?"),
        ("scan a -qz", "there is no option -z"),
        ("scan a --list", "--list wants a value"),
        ("scan a -q -o", "-o wants a value"),
        ("scna a", "'scna' is no COMMAND: did you mean scan?"),
        ("catalog stat c.db", "'stat' is no COMMAND: did you mean stats?"),
        ("scan a --list own.csv --effort fats", "'fats' is none of them: did you mean fast?"),
        ("--nothing", "there is no option --nothing"),
    ],
)
def test_what_is_wrong_is_named(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 2, "a line, and where help is: no screen of usage"
    assert "--help" in error


def test_a_threshold_is_of_all_lists_or_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a=b.csv"
    path.write_text(f"pdq,id\n{'f807' * 16},a\n")

    def told(*given: str) -> dict[str, int]:
        words = ["scan", "x", "--list", str(path), "--list", f"other={path}", "--no-last-good"]
        audit = open_matcher(make_parser().parse_args([*words, *given])).audit
        return {"": dict(audit.thresholds)["pdq"]} | {name: n for name, _, n in audit.list_thresholds}

    assert told() == {"": 31}
    assert told("--max-distance", "20", "--max-distance", "a=b=7") == {"": 20, "a=b": 7}
    with pytest.raises(SafehashError, match="no list is called so; there are a=b, other"):
        told("--max-distance", "nobody=7")
    for wrong in (["=7"], ["other="], ["other=300"], ["other=x"], ["7", "7"], ["other=7", "other=9"]):
        with pytest.raises(SystemExit):
            told(*[word for each in wrong for word in ("--max-distance", each)])
        assert "--max-distance" in capsys.readouterr().err


def test_every_misspelt_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    parser, n = make_parser(), 0
    for each in parsers_below(parser):
        options = [option for action in each._actions for option in action.option_strings]
        for option in options:
            wrong = option[:-1] + option[-2:]
            if option.startswith("--") and wrong not in options:
                n += 1
                with pytest.raises(SystemExit):
                    parser.parse_args([*each.prog.split()[1:], wrong])
                assert f"there is no option {wrong}: did you mean --" in capsys.readouterr().err
    assert n > 200


@pytest.mark.parametrize(
    "line",
    [
        *(f"{command} LIST" for command in ("lists check", "lists stats", "lists sign", "doctor --list")),
        *(
            "doctor --verify LIST",
            "lists diff LIST a.csv",
            "lists diff a.csv LIST",
            "lists merge LIST -o b.jsonl",
        ),
        *("lists convert LIST -o b.jsonl", "index build LIST -o b.safehash", "evaluate photos --list LIST"),
        *("scan photos --list LIST", "scan photos --list a.csv --allow LIST", "explain a.jpg --list LIST"),
        *("rematch a.db --list LIST", "serve --list LIST", "serve --list a.csv --allow LIST"),
    ],
)
def test_a_list_is_called_something_that_can_be_shown(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It was a defect to report, and exit code 70."""
    assert main([word.replace("LIST", "red\x1b[31m=a.csv") for word in line.split()]) == 2
    said = capsys.readouterr().err
    assert "characters that can be shown" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("option", ["--host", "--fetch-from"])
@pytest.mark.parametrize(
    "name", ["a..b", "\udcff", "a" * 70 + ".example", "http://a.example", "a b", "joe@a.example"]
)
def test_a_host_has_a_name_that_a_host_can_have(
    option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--list", "a.csv", "--open-to-all", option, name]) == 2
    assert f"argument {option}: " in capsys.readouterr().err


def test_a_number_that_is_too_large_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """It was "not a whole number, at least 0"."""
    line = ["lists", "stats", "own.csv", "--max-clustered"]
    with pytest.raises(SystemExit):
        make_parser(line).parse_args([*line, "1" + "0" * 18])
    assert "has more digits than any number that can be meant" in capsys.readouterr().err
    assert make_parser(line).parse_args([*line, "+" + "9" * 18]).max_clustered == 10**18 - 1


def test_a_file_whose_name_reads_as_a_list_of_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`b.csv` was said not to be there, which nobody had asked for."""
    monkeypatch.chdir(tmp_path)
    Path("a=b.csv").write_text("hash\n")
    line = ["scan", "a", "--list", "a=b.csv"]
    with pytest.raises(SystemExit):
        make_parser(line).parse_args(line)
    assert "that is not there: write './a=b.csv' for the file that is" in capsys.readouterr().err
    assert make_parser(line).parse_args(["scan", "a", "--list", "./a=b.csv"]).list == ["./a=b.csv"]
    Path("b.csv").write_text("hash\n")
    assert make_parser(line).parse_args(line).list == ["a=b.csv"]
    Path("b.csv").unlink()
    Path("a=b.csv").unlink()
    assert make_parser(line).parse_args(line).list == ["a=b.csv"]  # one that may come
