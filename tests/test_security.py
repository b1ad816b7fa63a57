"""SECURITY.md, sentence by sentence: each names the tests that hold it, and what no other test holds is tested here."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import at_the_limit
import attack_siblings
import attacks
from safehash import Limits, ListError, ListSource, Matcher, Outcome, Settings
from stores import environment

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PAGE = ROOT / "SECURITY.md"
#: Columns of security.tsv.
FIRST_WORDS, KIND, HOLDER = range(3)


def rows() -> list[list[str]]:
    lines = (TESTS / "security.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def sentences(text: str) -> list[str]:
    paragraphs = re.split(r"\n\s*\n|\n(?=- )|\n(?=#)", text)
    whole = [" ".join(each.split()).removeprefix("- ") for each in paragraphs if not each.startswith("#")]
    return [each for words in whole for each in re.split(r"(?<=[.:;])\s+(?=[A-Z`*])", words) if each]


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_sentence_is_held_by_a_test_or_claims_nothing() -> None:
    told = sentences(PAGE.read_text(encoding="utf-8"))
    assert len(told) > 40
    for sentence in told:
        assert sum(sentence.startswith(row[FIRST_WORDS]) for row in rows()) == 1, sentence
    for row in rows():
        assert sum(sentence.startswith(row[FIRST_WORDS]) for sentence in told) == 1, row[FIRST_WORDS]


@pytest.mark.parametrize(
    "row", [row for row in rows() if row[KIND] != "said"], ids=lambda row: row[FIRST_WORDS][:40]
)
def test_what_holds_a_sentence_is_there(row: list[str]) -> None:
    assert row[KIND] == "test"
    for name in row[HOLDER].split():
        path, function = name.split("::")
        assert function.startswith("test_")
        assert function in functions(TESTS / path), name


#: Decides a file of each format that Pillow writes, and prints outcome by format and whose modules were loaded.
EVERY_FORMAT = """
import io, sys
from PIL import Image
made = {}
picture = Image.effect_noise((64, 64), 64)
Image.init()
for name in sorted(Image.SAVE):
    for mode in ("RGB", "L", "1", "CMYK", "RGBA"):
        out = io.BytesIO()
        try:
            picture.convert(mode).save(out, name)
        except Exception:  # of another mode, or of what is not installed
            continue
        made[name] = out.getvalue()
        break
sys.stdout.buffer.write(repr(made).encode())
"""
DECIDED = """
import ast, sys
import safehash
matcher = safehash.Matcher.from_files(sys.argv[1])
made = ast.literal_eval(sys.stdin.read())
found = {name: matcher.check(data).outcome.value for name, data in made.items()}
loaded = [name for name in sys.modules if name.startswith("PIL.") and name.endswith("Plugin")]
print(repr((found, loaded)))
"""
#: What Pillow calls what we decode: MPO are JPEG files with others behind, PPM stands for PNM.
OURS = {
    "JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG", "GIF": "GIF", "WEBP": "WEBP", "TIFF": "TIFF", "BMP": "BMP",
    "PPM": "PNM", "AVIF": "AVIF",
}  # fmt: skip
#: The modules that have their decoders.
PLUGINS = {"Jpeg", "Mpo", "Png", "Gif", "WebP", "Tiff", "Bmp", "Ppm", "Avif"}


def test_nine_formats_and_no_other_decoder(tmp_path: Path) -> None:
    assert len(Limits().formats) == 9
    assert set(OURS.values()) | {"HEIF"} == Limits().formats
    listed = tmp_path / "own.csv"
    listed.write_text("hash\n" + "f0" * 32 + "\n", encoding="ascii")
    made = subprocess.run(
        [sys.executable, "-c", EVERY_FORMAT], stdout=subprocess.PIPE, check=True, env=environment()
    ).stdout
    done = subprocess.run(
        [sys.executable, "-c", DECIDED, str(listed)], input=made, stdout=subprocess.PIPE, check=True, env=environment()
    )  # fmt: skip
    found, loaded = ast.literal_eval(done.stdout.decode())
    assert len(found) > 15
    assert {"ICO", "TGA", "PCX", "DDS"} < found.keys()
    for name, outcome in found.items():
        assert outcome == ("no_match" if name in OURS else "unsupported"), name
    assert {name.removeprefix("PIL.").removesuffix("ImagePlugin") for name in loaded} <= PLUGINS


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_limits_allow_fewer_formats(name: str, tmp_path: Path) -> None:
    listed = tmp_path / "own.csv"
    listed.write_text("hash\n" + "f0" * 32 + "\n", encoding="ascii")
    out = io.BytesIO()
    Image.effect_noise((64, 64), 64).save(out, name)
    with_it, without = (
        Matcher.from_files(listed, settings=Settings(limits=Limits(formats=formats)))
        .check(out.getvalue())
        .outcome
        for formats in (frozenset({name}), Limits().formats - {name})
    )
    assert (with_it, without) == (Outcome.NO_MATCH, Outcome.UNSUPPORTED)


def test_the_numbers_of_kinds() -> None:
    page = PAGE.read_text(encoding="utf-8")
    n_attacks = len(attacks.ATTACKS) + len(attack_siblings.SIBLINGS)
    assert f"`tests/attacks.py` and its siblings make {n_attacks} kinds" in page
    assert f"measures that for {len(at_the_limit.KINDS)} kinds" in page


def test_the_deadline_that_is_told() -> None:
    assert f"`Settings.deadline`, {Settings().deadline:g} s of the thread's processor time" in PAGE.read_text(
        encoding="utf-8"
    )


ENTITY = '<!ENTITY x "00112233445566778899aabbccddeeff">'


@pytest.mark.parametrize(
    "declared",
    [f"<!DOCTYPE queryResult [{ENTITY}]>", "<!DOCTYPE queryResult>", '<!DOCTYPE q SYSTEM "a.dtd">'],
)
def test_xml_without_entities_or_document_types(declared: str, tmp_path: Path) -> None:
    page = next((TESTS / "data" / "lists").rglob("ncmec_page.xml"))
    text = page.read_text(encoding="utf-8")
    fine, other = tmp_path / "fine.xml", tmp_path / "other.xml"
    fine.write_text(text, encoding="utf-8")
    other.write_text(text.replace("<queryResult", f"{declared}<queryResult", 1), encoding="utf-8")
    assert Matcher.from_files(ListSource(fine, allow_cut=True)).check(b"").outcome is Outcome.UNREADABLE
    with pytest.raises(ListError, match=r"document type|entit|DTD"):
        Matcher.from_files(ListSource(other, allow_cut=True))


#: What reads bytes into objects of any kind: functions of these modules, and of the language.
UNPICKLERS, UNPICKLING = (
    {"pickle", "marshal", "shelve", "dill", "joblib"},
    {"load", "loads", "open", "Unpickler"},
)


def _unpickles(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in UNPICKLING and isinstance(node.value, ast.Name) and node.value.id in UNPICKLERS
    if isinstance(node, ast.keyword):
        return node.arg == "allow_pickle"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
        return not (
            node.args and isinstance(node.args[0], ast.Constant)
        )  # what stands in the code comes of no file
    return False


def test_nothing_that_reads_a_file_unpickles() -> None:
    import safehash

    package = Path(safehash.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(_unpickles(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    # Messages between the parent and its workers, over sockets of their own.
    assert found == {"scanning/lanes.py", "scanning/wire.py"}


def test_the_jobs_that_are_told_are_there() -> None:
    nightly, pushed = (
        (ROOT / ".github/workflows" / name).read_text(encoding="utf-8") for name in ("nightly.yml", "ci.yml")
    )
    assert re.search(r"^  schedule:", nightly, re.MULTILINE)
    assert re.search(r"^ +what: \[.*\btest-sanitized\b.*\]$", nightly, re.MULTILINE)
    assert re.search(r"^  (push|pull_request):", pushed, re.MULTILINE)
    assert re.search(r"^ +- run: make fuzz\b", pushed, re.MULTILINE)
