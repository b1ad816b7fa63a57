"""Numbers with units in README, docs, changelog and docstrings: which result, constant or test holds each.

Run: python benchmarks/claims.py [--list]

Every such number is accounted for in claims.tsv: a line names the page, the words that the number stands in, what kind
of number it is, and what holds it. Kinds:

- ``result``: a value of benchmarks/results, as ``FILE.json: key / key [* factor]``; it must be the number, as far as
  that is written out. Two values of one file: ``key / key over key / key``, or ``less`` in its place. Several numbers
  among the words: as many places, with ``;`` between them.
- ``code``: a constant or default, as ``module:name.name [* factor]``; it must be the number, in the same way.
- ``test``: a test of this name asserts it.
- ``rule``: what is chosen and not measured, and stands nowhere in code by itself: an example, a definition.
- ``once``: measured by somebody once, for a decision; says by what, and is not remade.

What `make_tables.py` and other generators write is held by them. Exit code 1: a number without an account, an account
without its words, or a number that is not what holds it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Account", "Claim", "check", "claims_in", "read_accounts", "wrong_now"]

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ACCOUNTS = ROOT / "benchmarks" / "claims.tsv"
KINDS = ("result", "code", "test", "rule", "once")

_UNIT = (
    r"(?:ms|µs|s|seconds?|minutes?|milliseconds|times|%|MB|GB|TB|MiB|GiB|kB|KiB|bits?|bytes|files/s|files a second|"
    r"images a second|megapixels?|of the time)"
)
_NUMBER = r"\d[\d,]*(?:\.\d+)?|\.\d+"
#: A number, or a range or row of them, before a unit.
_CLAIM = re.compile(
    rf"(?<![\w.#/`\"-])((?:{_NUMBER})(?:\s?(?:,|/|to|and|or|-)\s?(?:{_NUMBER}))*)\s?{_UNIT}(?![\w`])"
)
_MADE = re.compile(r"<!-- (?:results|table|tree|files|doors)\b[^>]*-->.*?<!-- (?:/|end)[^>]*-->", re.DOTALL)
_CODE = re.compile(r"^```.*?^```$|^(?: {4,}|>>>).*?$", re.DOTALL | re.MULTILINE)
_EXAMPLES = re.compile(r"^\s*(?:Examples|References)\n\s*-+\n.*\Z", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A number with a unit, where it stands."""

    page: str
    #: The page's words, one space between two, and where among them the number is.
    text: str
    start: int
    end: int

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers, as written."""
        return tuple(re.findall(_NUMBER, self.text[self.start : self.end]))

    def shown(self, around: int = 60) -> str:
        """Return the number among the words around it."""
        return self.text[max(0, self.start - around) : self.end + around]


@dataclass(frozen=True, slots=True)
class Account:
    """A line of claims.tsv."""

    page: str
    words: str
    kind: str
    holder: str


def texts() -> Iterator[tuple[str, str]]:
    """Yield every page's name and its words, made parts and code left out; of sources, the docstrings."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]
    for page in sorted(pages):
        text = _CODE.sub(" ", _MADE.sub(" ", page.read_text(encoding="utf-8")))
        yield page.relative_to(ROOT).as_posix(), " ".join(text.split())
    for source in sorted((ROOT / "src" / "safehash").rglob("*.py")):
        said = []
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                said.append(_EXAMPLES.sub("", ast.get_docstring(node) or ""))
        yield source.relative_to(ROOT).as_posix(), " ".join(" ".join(said).split())


def claims_in(page: str, text: str) -> list[Claim]:
    """Return the numbers with units among a page's words."""
    return [Claim(page, text, found.start(1), found.end(1)) for found in _CLAIM.finditer(text)]


def read_accounts(path: Path = ACCOUNTS) -> list[Account]:
    """Return the lines of claims.tsv."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Account(*line.split("\t")) for line in lines if line and not line.startswith("#")]


@cache
def _result(name: str) -> Any:
    text = (RESULTS / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if name.endswith(".jsonl") else json.loads(text)


def value_of_result(place: str) -> float:
    """Return the number at ``FILE.json: key / key [over key / key | less key / key] [* factor]``."""
    where, _, factor = place.partition(" * ")
    name, _, keys = where.partition(": ")

    def value_at(keys: str) -> float:
        value = _result(name)
        for key in keys.split(" / "):
            value = value[int(key)] if isinstance(value, list) else value[key]
        return float(value)

    first, word, second = keys.partition(" over ") if " over " in keys else keys.partition(" less ")
    value = value_at(first)
    if word == " over ":
        value /= value_at(second)
    elif word:
        value -= value_at(second)
    return value * float(factor or 1)


def value_of_code(place: str) -> float:
    """Return the number at ``module:name.name [* factor]``; ``name()`` is called."""
    where, _, factor = place.partition(" * ")
    module, _, names = where.partition(":")
    value: Any = importlib.import_module(module)
    for name in names.split("."):
        plain = name.removesuffix("()")
        if plain.isdecimal():
            value = value[int(plain)]
        else:
            value = value[plain] if isinstance(value, dict) else getattr(value, plain)
        value = value() if name.endswith("()") else value
    return float(value) * float(factor or 1)


def agrees(written: str, value: float) -> bool:
    """Return whether a number, as far as it is written out, is this value."""
    plain = written.replace(",", "")
    digits = len(plain.partition(".")[2])
    return abs(float(plain) - value) <= 0.5 * 10.0**-digits + 1e-9


def check(pages: list[tuple[str, str]], accounts: list[Account], tests: str) -> list[str]:
    """Return what is wrong: numbers without an account, accounts without their words, and numbers that do not agree.

    Parameters
    ----------
    pages : list of (str, str)
        Name and words.
    accounts : list of Account
    tests : str
        The text of all tests.
    """
    wrong: list[str] = []
    used: set[Account] = set()
    for page, text in pages:
        own = [each for each in accounts if each.page == page]
        for claim in claims_in(page, text):
            holding = [each for each in own if _stands_in(claim, each.words)]
            if not holding:
                wrong.append(f"{page}: nothing holds {'/'.join(claim.numbers)} in: ...{claim.shown()}...")
            used.update(holding)
    for each in accounts:
        if each.kind not in KINDS:
            wrong.append(f"{each.page}: no kind {each.kind!r}; there are {', '.join(KINDS)}")
        if each not in used:
            wrong.append(f"{each.page}: no number stands in these words any more: {each.words}")
            continue
        wrong += [f"{each.page}: {each.words}: {said}" for said in _disagreements(each, tests)]
    return wrong


def _stands_in(claim: Claim, words: str) -> bool:
    at = claim.text.find(words)
    while at >= 0:
        if at <= claim.start and claim.end <= at + len(words):
            return True
        at = claim.text.find(words, at + 1)
    return False


def _disagreements(account: Account, tests: str) -> Iterator[str]:
    if account.kind == "test":
        if f"def {account.holder}(" not in tests:
            yield f"no test {account.holder}"
    elif account.kind in ("result", "code"):
        places = account.holder.split("; ")
        written = [
            number for claim in claims_in(account.page, account.words) for number in claim.numbers
        ] or re.findall(_NUMBER, account.words)
        if len(places) != len(written):
            yield f"{len(written)} numbers, {len(places)} places"
            return
        for number, place in zip(written, places, strict=True):
            try:
                value = value_of_result(place) if account.kind == "result" else value_of_code(place)
            except (KeyError, IndexError, AttributeError, ImportError, OSError, TypeError, ValueError) as exc:
                yield f"{place}: {type(exc).__name__}: {exc}"
                continue
            if not agrees(number, value):
                yield f"{number} is written, {place} holds {value:g}"
    elif not account.holder:
        yield "says nothing of where it comes from"


def wrong_now() -> list[str]:
    """Return what is wrong with the pages as they are."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return check(list(texts()), read_accounts(), tests)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--list", action="store_true", help="print every number with what holds it")
    args = parser.parse_args()
    pages = list(texts())
    accounts = read_accounts()
    if args.list:
        for page, text in pages:
            for claim in claims_in(page, text):
                held = [f"{each.kind} {each.holder}" for each in accounts
                        if each.page == page and _stands_in(claim, each.words)]  # fmt: skip
                print(page, claim.shown(), " | ".join(held) or "NOTHING", sep="\t")
        return 0
    wrong = wrong_now()
    for each in wrong:
        print(each, file=sys.stderr)
    n_claims = sum(len(claims_in(page, text)) for page, text in pages)
    kinds = {kind: sum(each.kind == kind for each in accounts) for kind in KINDS}
    print(f"{n_claims} numbers with units, {len(wrong)} wrong; accounts: {kinds}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
