"""What errors say: never a whole digest, however it is written; and what they carry as data, whole."""

from __future__ import annotations

import base64
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import safehash
from safehash import Algorithm, ListError, Matcher, Settings
from safehash.errors import SHOWN_DIGITS, shorten, shortened, shortened_value
from safehash.lists.formats.fields import shown

DIGEST = "5af0" * 16
IN_BASE64 = base64.b64encode(bytes.fromhex("91a7" * 16)).decode()


def digests_of(algorithm: Algorithm) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=algorithm.n_bytes, max_size=algorithm.n_bytes)


def grouped(n: int, mark: str) -> Callable[[bytes], str]:
    """Return how a digest is written in groups of so many digits."""
    return lambda digest: mark.join(re.findall("." * n, digest.hex()))


DIGESTS = st.sampled_from(Algorithm).flatmap(digests_of)

#: How a digest is written; of base64 without padding more below.
NOTATIONS: dict[str, Callable[[bytes], str]] = {
    "small": bytes.hex,
    "capital": lambda digest: digest.hex().upper(),
    "bits": lambda digest: f"{int.from_bytes(digest, 'big'):0{8 * len(digest)}b}",
    "decimal": lambda digest: str(int.from_bytes(digest, "big")),
    "in twos": grouped(2, ":"),
    "in twos with hyphens": grouped(2, "-"),
    "in fours": grouped(4, "-"),
    "in eights": grouped(8, "-"),
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "base64 in file names": lambda digest: base64.urlsafe_b64encode(digest).decode(),
}
#: Where it stands in a message.
PLACES = (
    "no entry {}",
    "{}: no such file",
    "'{}' is no id",
    "own #{} (3 bits)",
    "id={}, list own",
    "[{}, 7]",
)


def is_told(text: str) -> bool:
    """Tell whether random digits in base64 are told from words: capitals, small letters; others are rarely drawn."""
    bare = text.rstrip("=")
    return re.search("[A-Z]", bare[:20]) is not None and re.search("[a-z]", bare[:20]) is not None


@given(DIGESTS, st.sampled_from(sorted(NOTATIONS)), st.sampled_from(PLACES))
def test_no_message_shows_a_digest_whole_however_it_is_written(
    digest: bytes, notation: str, place: str
) -> None:
    text = NOTATIONS[notation](digest)
    if notation == "decimal" and len(text) < 16:
        return  # a number
    if notation == "in eights" and text[:17].replace("-", "").isdecimal():
        return  # two dates
    if notation.startswith("base64") and not is_told(text):
        return
    told = shortened(place.format(text))
    assert told == place.format(f"{text[:SHOWN_DIGITS]}...")
    assert shortened(told) == told


@given(DIGESTS.filter(lambda digest: len(digest) >= 16))
def test_an_id_in_base64_without_padding_is_told_from_a_word(digest: bytes) -> None:
    for text in (base64.b64encode(digest), base64.urlsafe_b64encode(digest)):
        bare = text.decode().rstrip("=")
        if is_told(bare) and re.search(r"\d", bare[:20]):
            assert shortened_value(bare) == f"{bare[:SHOWN_DIGITS]}..."


@pytest.mark.parametrize(
    "text",
    [
        "/srv/Uploads2026/own-list_v2.csv.gz: no such file",
        "Partner-Exports=./a=b.csv",
        "partner-exports-of-2026=/lists/Own.csv",
        "columns={'hash': 'File MD5'} says it, max_rejects=0.1 allows it, pass format=",
        "safehash.errors.ImageTooLarge: 12000 x 12000 pixels, the limit is 178956970 in all",
        "2026-10-24T15:00:00.123456Z: b3f1d2c4-0f3e-4c1a-9a71-2f6f3c9a7e11 of 1761318000000",
        "tests/lists/test_formats_examples.py::test_Every_Format_2",
        "photos-20261126-20261127.tar: 00:1a:2b:3c:4d:5e at 12:30:45, 10-11-12-13, 2001-0db8-85a3",
    ],
)
def test_what_is_no_digest_stays(text: str) -> None:
    assert shortened(text) == text


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "aB" * 100_000, "a1" * 100_000, "/a" * 100_000, "Z" * 200_000 + "="]
)
def test_long_messages_cost_little(text: str) -> None:
    """Nothing is looked at more than some dozens of times: of what does not match, every place would be."""
    assert len(shortened(text)) <= len(text)
    assert len(shortened_value(text)) <= len(text)


@given(DIGESTS, st.sampled_from(sorted(NOTATIONS)), st.booleans(), st.integers(0, 200))
def test_a_cell_of_a_list_is_never_shown_as_a_whole_digest(
    digest: bytes, notation: str, is_damaged: bool, at: int
) -> None:
    """Where a list's own words are repeated, what may be a digest is cut whether or not it is one."""
    text = NOTATIONS[notation](digest).rstrip("=" if at % 2 else "")
    if is_damaged:
        text = f"{text[: at % len(text)]}g{text[at % len(text) + 1 :]}"
    letters = re.sub("[/_-]", "", text.rstrip("="))
    if (letters.isalpha() and (letters.islower() or letters.isupper() or letters.istitle())) or len(
        text
    ) < 11:
        return  # a word
    if re.match(r"\d{4}-\d\d(?![\dA-Fa-f])", text) or (":" in text and is_damaged):
        return  # a day; or pieces that are short by themselves
    said = shown(text)
    n = SHOWN_DIGITS + 1
    assert not any(text[k : k + n] in said for k in range(len(text) - n + 1))
    assert shown(text, 100) == said or "characters" in said


@pytest.mark.parametrize("digits", [6376500953462298864, -6376500953462298864, 6376500953462298864.0])
def test_a_number_that_is_a_digest_is_cut(digits: float) -> None:
    assert sum(map(str.isdigit, shown(digits))) <= SHOWN_DIGITS


def test_no_enumeration_repeats_a_digest() -> None:
    for digest in ("587e5d0c597e58f0", "9co490ih1uo=", DIGEST):
        for kind in (Algorithm, safehash.Outcome):
            with pytest.raises(ValueError) as caught:
                kind(digest)
            assert digest[: SHOWN_DIGITS + 1] not in str(caught.value)


# -- errors of the system ---------------------------------------------------------------------------------------


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def raised(value: object) -> None:
    assert isinstance(value, OSError)
    raise value


CALLS: dict[str, Callable[[], object]] = {
    "hash_file": lambda: safehash.hash_file(f"{DIGEST}.jpg"),
    "fingerprint_file": lambda: safehash.fingerprint_file(Path(f"{DIGEST}.jpg")),
    "hash_many": lambda: raised(*safehash.hash_many([f"{DIGEST}.jpg"], threads=1)),
    "hash_many, by threads": lambda: raised(*safehash.hash_many([f"{DIGEST}.jpg"], threads=2)),
    "read_pairs": lambda: safehash.read_pairs(f"{DIGEST}.jsonl"),
    "read_verdicts": lambda: safehash.read_verdicts(f"{DIGEST}.json"),
    "write_pairs": lambda: safehash.write_pairs(f"{DIGEST}/pairs.jsonl", []),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_files_name_is_cut_in_the_message_and_whole_in_the_error(name: str, there: Path) -> None:
    with pytest.raises(OSError) as caught:
        CALLS[name]()
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert DIGEST[: SHOWN_DIGITS + 1] not in told
    assert "5af05af0..." in str(caught.value)
    assert DIGEST in caught.value.filename
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.filename) == (str(caught.value), caught.value.filename)


def test_what_an_error_came_of_is_cut_too(there: Path) -> None:
    try:
        try:
            try:
                raise KeyError(DIGEST)
            except KeyError:
                open(f"{DIGEST}.jpg")  # noqa: PTH123, SIM115
        except OSError as exc:
            raise ListError("cannot be read", path=f"{DIGEST}.csv") from exc
    except ListError as exc:
        shorten(exc)
        told = "".join(traceback.format_exception(exc)) + repr(exc)
        assert exc.path == f"{DIGEST}.csv"
    assert DIGEST[: SHOWN_DIGITS + 1] not in told
    assert told.count("5af05af0...") >= 4


class TheirError(Exception):
    """Of an application."""


def test_errors_of_others_are_theirs(there: Path) -> None:
    """What a function that was given raises comes back as it was."""
    (there / "own.csv").write_text(f"pdq,id\n{DIGEST},1\nfff,2\n")

    def refuse(reject: safehash.Reject) -> None:
        raise TheirError(DIGEST)

    with pytest.raises(TheirError, match=DIGEST) as caught:
        safehash.load_list(safehash.ListSource("own.csv", max_rejects=1, algorithm="pdq"), on_reject=refuse)
    assert caught.value.args == (DIGEST,)


def test_notes_show_no_id_that_is_a_digest(there: Path) -> None:
    """Regression: of an id in base64 the note was whole."""
    (there / "own.csv").write_text(f"pdq,id\n{DIGEST},1\n")
    in_parts = base64.b64encode(bytes.fromhex("91a7ffbe" * 4)).decode().rstrip("=")  # might be a path
    for given_id in (DIGEST, IN_BASE64, IN_BASE64.rstrip("="), in_parts, in_parts.replace("/", "_")):
        matcher = Matcher.from_files("own.csv", settings=Settings(allow_ids=[given_id]))
        assert matcher.notes == (f"the allowed id '{given_id[:SHOWN_DIGITS]}...' is no listed entry's",)
