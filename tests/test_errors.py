"""What errors say: never a whole digest, however it is written; and what they carry as data, whole."""

from __future__ import annotations

import base64
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import safehash
from safehash import Algorithm, ListError, Matcher, Settings
from safehash.errors import _DIGEST, SHOWN_DIGITS, _cut, shorten, shortened, shortened_value
from safehash.lists.formats.fields import shown

DIGEST = "5af0" * 16
MATCHER = Matcher.from_entries([safehash.Entry(hash=safehash.Hash("pdq", bytes.fromhex("91a7" * 16)))])
IN_BASE64 = base64.b64encode(bytes.fromhex("91a7" * 16)).decode()


def digests_of(algorithm: Algorithm) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=algorithm.n_bytes, max_size=algorithm.n_bytes)


def grouped(n: int, mark: str) -> Callable[[bytes], str]:
    """Return how a digest is written in groups of so many digits; the last may be shorter."""
    return lambda digest: mark.join(re.findall(f".{{1,{n}}}", digest.hex()))


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
    "in folders of two": grouped(2, "/"),
    "in a folder of two": lambda digest: f"{digest.hex()[:2]}/{digest.hex()[2:]}",
    "in words of two": grouped(2, " "),
    "in words of four": grouped(4, " "),
    "in words of eight": grouped(8, " "),
    "in threes": grouped(3, "-"),
    "in fives": grouped(5, "."),
    "in sixes": grouped(6, "_"),
    "in twelves": grouped(12, "-"),
    "with dots": grouped(2, "."),
    "with underscores": grouped(4, "_"),
    "with commas": grouped(2, ", "),
    "with bars": grouped(8, "|"),
    "in backslashes": grouped(2, "\\"),
    "in escapes": lambda digest: "".join(f"\\x{byte:02x}" for byte in digest),
    "in percent": lambda digest: "".join(f"%{byte:02X}" for byte in digest),
    "bytes in C": lambda digest: ", ".join(f"0x{byte:02x}" for byte in digest),
    "bytes in Python": lambda digest: repr(bytes(byte | 128 for byte in digest)),
    "numbers in Python": lambda digest: str([byte | 128 for byte in digest]),
    "numbers in numpy": lambda digest: str(np.frombuffer(bytes(byte | 128 for byte in digest), np.uint8)),
    "bits in words": lambda digest: " ".join(f"{byte:08b}" for byte in digest),
    "octal": lambda digest: f"{int.from_bytes(digest, 'big') | 1 << (8 * len(digest) - 1):o}",
    "decimal in words": lambda digest: f"{int.from_bytes(digest, 'big') | 1 << (8 * len(digest) - 1):,}",
    "base32": lambda digest: base64.b32encode(digest).decode(),
    "in full width": lambda digest: "".join(chr(ord(each) + 0xFEE0) for each in digest.hex()),
}
#: These are told from words, numbers and dates by a letter and a figure, which nearly all digests have.
BY_LETTERS = {
    *(
        "in folders of two",
        "in words of two",
        "in words of four",
        "in words of eight",
        "in threes",
        "in fives",
    ),
    *(
        "in sixes",
        "in twelves",
        "with dots",
        "with underscores",
        "with commas",
        "with bars",
        "in backslashes",
    ),
    *("in escapes", "in percent", "bytes in C", "in eights"),
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


def is_told(digest: bytes, notation: str, text: str) -> bool:
    """Tell whether a digest is told from words, numbers and dates; those that are not are rarely drawn."""
    if notation in BY_LETTERS:
        digits = digest.hex()[:12]
        return re.search("[a-f]", digits) is not None and re.search("[0-9]", digits) is not None
    if notation == "decimal":
        return len(text) >= 16
    if notation == "base32":
        return len(text) > 16 and re.search("[2-7]", text[:25]) is not None
    bare = text.rstrip("=")[:20]
    return not notation.startswith("base64") or (
        re.search("[A-Z]", bare) is not None and re.search("[a-z]", bare) is not None
    )


def shows(told: str, text: str, n: int) -> bool:
    """Tell whether a message has so many characters of a text in a row."""
    return any(text[k : k + n] in told for k in range(max(1, len(text) - n + 1)))


@given(DIGESTS, st.sampled_from(sorted(NOTATIONS)), st.sampled_from(PLACES))
def test_no_message_shows_a_digest_whole_however_it_is_written(
    digest: bytes, notation: str, place: str
) -> None:
    text = NOTATIONS[notation](digest)
    if not is_told(digest, notation, text):
        return
    told = shortened(place.format(text))
    if notation in BY_LETTERS:  # more may look like a group of it
        assert not shows(told, text, 2 * SHOWN_DIGITS + 1)
    else:
        assert told == place.format(f"{text[:SHOWN_DIGITS]}...")
    assert shortened(told) == told


@given(
    DIGESTS,
    st.sampled_from(sorted(NOTATIONS)),
    st.sampled_from(["{}", "list-{}.csv", "/srv/{}/x", "?h={}&a=1"]),
)
def test_nor_in_a_name_a_path_or_an_address(digest: bytes, notation: str, place: str) -> None:
    text = NOTATIONS[notation](digest)
    if "base" in notation or not is_told(digest, notation, text):
        return  # in a path, base64 without padding may be names of folders; with it, it is not all of its name
    assert shows(place.format(text), text, 2 * SHOWN_DIGITS + 1)
    assert not shows(shortened(place.format(text)), text, 2 * SHOWN_DIGITS + 1)


@given(
    st.one_of(
        st.tuples(DIGESTS, st.sampled_from(sorted(NOTATIONS)), st.sampled_from(PLACES)).map(
            lambda drawn: drawn[2].format(NOTATIONS[drawn[1]](drawn[0]))
        ),
        st.lists(
            st.sampled_from([*"012347af,_'. [(b/=+-AZ", "123,", "456", " 7", "\\x0f", "b'", "\uff11"])
        ).map("".join),
        st.lists(
            st.sampled_from(["_123", "'456", " 789", "[1, 2,", "3 ", "4,", "A2", "===", "/", "f0"]),
            min_size=4,
        ).map("".join),
    )
)
@example(f"no entry {'5af0' * 4} here")
@example("12_345_678_901_234_567 hashes")
def test_what_is_passed_over_has_nothing_in_it(text: str) -> None:
    """Most messages are not looked through, by their look: what that passes over has no digest that looking finds."""
    assert shortened(text) == _cut(_DIGEST, text)


@pytest.mark.parametrize("n_bytes", [8, 16, 20, 32])
def test_a_digest_that_is_given_for_its_picture_is_not_shown(n_bytes: int) -> None:
    """Regression: the message said with which eight bytes the file starts, which is all of a pHash."""
    for digest in (bytes(range(170, 170 + n_bytes)), b"7" * n_bytes):
        with pytest.raises(safehash.UnsupportedImage) as caught:
            safehash.hash_bytes(digest)
        assert re.findall("[0-9a-f]{2}(?: [0-9a-f]{2})+", str(caught.value)) == [digest[:4].hex(" ")]
        outcome = MATCHER.check(digest)
        assert digest[:5].hex(" ") not in f"{outcome.reason} {outcome!r}"


def test_bytes_that_are_given_for_a_text_are_not_shown() -> None:
    digest = bytes(range(200, 232))
    for call in (lambda: MATCHER.check(b"", lists=digest), lambda: Settings(allow_ids=digest)):  # type: ignore[arg-type]
        with pytest.raises(TypeError) as caught:
            call()
        assert "\\x" not in str(caught.value)


@given(DIGESTS.filter(lambda digest: len(digest) >= 16))
def test_an_id_in_base64_without_padding_is_told_from_a_word(digest: bytes) -> None:
    for text in (base64.b64encode(digest), base64.urlsafe_b64encode(digest)):
        bare = text.decode().rstrip("=")
        if is_told(digest, "base64", bare) and re.search(r"\d", bare[:20]):
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
        "2026-11-27 10:15:30 added 12 34 56 78, runs 1, 2, 3, 4, 5, 6, 7, 8, 9; 10.0.0.1, 1.2.3.4.5.6.7.8.9",
        "a face, a cafe, dead beef, be ad fa ce de ed ba be, 1_000_000_000 bytes, 12,345,678,901 of 99,999",
        "levels [0, 1, 2, 3, 4, 5, 6], sizes (100, 200, 300), b'a text', b'\\x89PNG', width=00012 height=00034 px",
        "caf%C3%A9/%D0%B0.jpg C:\\\\ab\\\\cd\\\\ef, 11/27/2026, 2020 2021 2022 2023 2024, 10 11 12 13 14 15 16 17 18",
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
    if notation in BY_LETTERS and not is_told(digest, notation, text):
        return
    if is_damaged:
        text = f"{text[: at % len(text)]}g{text[at % len(text) + 1 :]}"
    letters = re.sub("[/_-]", "", text.rstrip("="))
    if (letters.isalpha() and (letters.islower() or letters.isupper() or letters.istitle())) or len(
        text
    ) < 11:
        return  # a word
    if re.match(r"\d{4}-\d\d(?![\dA-Fa-f])", text) or (
        is_damaged and re.search(r"[^\w+/=-]", text, re.ASCII)
    ):
        return  # a day; or pieces that are short by themselves
    said = shown(text)
    # Behind eight characters of it stand dots, as between its groups.
    assert not shows(said, text, SHOWN_DIGITS + 1 + 3 * (notation in BY_LETTERS))
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
    (there / "own.csv").write_text(f"pdq,id\n{DIGEST[::-1]},1\n")
    in_parts = base64.b64encode(bytes.fromhex("91a7ffbe" * 4)).decode().rstrip("=")  # might be a path
    for given_id in (DIGEST, IN_BASE64, IN_BASE64.rstrip("="), in_parts, in_parts.replace("/", "_")):
        matcher = Matcher.from_files("own.csv", settings=Settings(allow_ids=[given_id]))
        assert matcher.notes == (f"the allowed id '{given_id[:SHOWN_DIGITS]}...' is no listed entry's",)
