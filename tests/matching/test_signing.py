"""Signed snapshots and lists: what a trusted key signed is used, and nothing else, whoever made checksums anew."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from forging import forged, resealed
from safehash import Hash, IndexFileError, ListError, Matcher, SafehashError, Settings, scan, sign_list
from safehash._search import SEAL_BYTES, Blocks, block_checksums, block_seals
from safehash.cli import main
from safehash.matching.signing import KEY_BYTES, read_private_key, read_public_key, sign
from safehash.matching.snapshot import open_snapshot
from safehash.scanning.options import ScanOptions
from small_files import small_files

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * KEY_BYTES) for number in (1, 2))
PUBLIC, OTHERS = (key.public_key().public_bytes_raw() for key in (KEY, OTHER))
TRUSTED = Settings(trusted=[PUBLIC])
RNG = np.random.default_rng(6)
HASHES = [
    Hash("pdq", np.packbits(RNG.permutation(256) < 128).tobytes())
    for _ in range(2_000)  # half of the bits are ones
]


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    path = tmp_path_factory.mktemp("lists") / "own.csv"
    path.write_text("pdq\n" + "\n".join(each.hex for each in HASHES) + "\n", encoding="ascii")
    return Matcher.from_files(path)


@pytest.fixture
def signed(matcher: Matcher, tmp_path: Path) -> Path:
    path = tmp_path / "lists.safehash"
    matcher.save(path, key=KEY.private_bytes_raw())
    return path


def use(path: Path, settings: Settings = TRUSTED) -> int:
    """Open a file and look every hash up; return how many are found."""
    return sum(decision.is_match for decision in Matcher.open(path, settings=settings).check_hashes(HASHES))


def unsigned(whole: bytes) -> bytes:
    """Return a signed file without signature and seals, its checksums made anew: as if nobody had signed it."""
    (start,) = struct.unpack_from("<Q", whole, 24)
    n_seals = SEAL_BYTES * int(json.loads(whole[start:-96])["sums"]["n_blocks"])
    data = bytearray(whole[: start - n_seals] + whole[start:-96])
    struct.pack_into("<Q", data, 24, start - n_seals)
    return resealed(bytes(data), version=1)


# -- the seal -----------------------------------------------------------------------------------------------


@given(data=st.binary(min_size=1, max_size=20_000))
def test_a_seal_is_blake2b(data: bytes) -> None:
    seals = block_seals(np.frombuffer(data, np.uint8))
    wanted = [
        hashlib.blake2b(data[at : at + 4096], digest_size=SEAL_BYTES).digest()
        for at in range(0, len(data), 4096)
    ]
    assert [bytes(seal) for seal in seals] == wanted


@pytest.mark.parametrize("n_bytes", [1, 127, 128, 129, 255, 256, 4095, 4096])
def test_a_seal_is_blake2b_at_the_ends_of_blocks(n_bytes: int) -> None:
    data = bytes(range(256)) * 16
    (seal,) = block_seals(np.frombuffer(data[:n_bytes], np.uint8))
    assert bytes(seal) == hashlib.blake2b(data[:n_bytes], digest_size=SEAL_BYTES).digest()


# -- who signed ---------------------------------------------------------------------------------------------


def test_what_is_trusted_is_opened(signed: Path, matcher: Matcher, tmp_path: Path) -> None:
    assert use(signed) == len(HASHES)
    assert use(signed, Settings(trusted=[OTHERS, PUBLIC])) == len(HASHES)
    assert use(signed, Settings()) == len(HASHES)  # nobody asked
    assert open_snapshot(signed, verify="full", trusted=[PUBLIC]).signed_by == PUBLIC
    matcher.save(tmp_path / "plain")
    assert open_snapshot(tmp_path / "plain").signed_by is None


def test_others_signatures_and_none_are_refused(signed: Path, matcher: Matcher, tmp_path: Path) -> None:
    with pytest.raises(IndexFileError, match=f"signed by the key {PUBLIC.hex()[:8]}") as caught:
        use(signed, Settings(trusted=[OTHERS]))
    assert caught.value.section == "signature"
    matcher.save(tmp_path / "plain")
    with pytest.raises(IndexFileError, match="carries no signature"):
        use(tmp_path / "plain")
    # Another key's name with one's own signature.
    data = signed.read_bytes()
    signed.write_bytes(data[:-96] + OTHERS + data[-64:])
    with pytest.raises(IndexFileError, match="signature does not fit"):
        use(signed, Settings(trusted=[OTHERS]))


def test_a_signature_taken_off_is_missed(signed: Path) -> None:
    """The file made an unsigned one, with all checksums anew."""
    signed.write_bytes(unsigned(signed.read_bytes()))
    assert use(signed, Settings()) == len(HASHES)
    with pytest.raises(IndexFileError, match="carries no signature"):
        use(signed)


# -- what was changed ---------------------------------------------------------------------------------------


def test_a_change_anywhere_is_met(signed: Path) -> None:
    """Of any byte that anything reads, with or without the checksums that lie beside it."""
    whole = signed.read_bytes()
    places = [*RNG.integers(0, len(whole), 150).tolist(), 9, len(whole) - 1, len(whole) - 70]
    for at in places:
        data = bytearray(whole)
        data[at] ^= 1 << (at % 8)
        signed.write_bytes(data)
        with pytest.raises(IndexFileError):
            open_snapshot(signed, verify="full", trusted=[PUBLIC])


@pytest.mark.parametrize(
    "name", ["entries.digests.pdq", "index.pdq.ids", "index.pdq.starts", "entries.rows.pdq"]
)
def test_a_forger_with_all_checksums_is_met(signed: Path, name: str) -> None:
    """Checksums made anew, seals left as they were: nothing is answered out of it. Without a seal, it would be."""
    whole = signed.read_bytes()
    (start,) = struct.unpack_from("<Q", whole, 24)

    def change(values: np.ndarray) -> np.ndarray:
        values[: len(values) // 2] = values[len(values) // 2 : 2 * (len(values) // 2)]
        return values

    changed = forged(unsigned(whole), name, change)
    n_sections = json.loads(whole[start:-96])["sums"]["offset"]
    # Its arrays, in the file whose checksums, seals and header are signed; and with their checksums, too.
    for end in (n_sections, start - SEAL_BYTES * (n_sections // 4096 - 1)):
        signed.write_bytes(whole[:4096] + changed[4096:end] + whole[end:])
        with pytest.raises(IndexFileError):
            open_snapshot(signed, verify="full", trusted=[PUBLIC])
    # All checksums fit: only the seals are left to tell.
    signed.write_bytes(whole)
    snapshot = open_snapshot(signed, trusted=[PUBLIC])
    data = np.frombuffer(bytes(changed[4096:n_sections]), np.uint8)
    seals = block_seals(np.frombuffer(whole[4096:n_sections], np.uint8))
    blocks = Blocks(
        data,
        block_checksums(data),
        lambda block: IndexFileError(f"block {block}", path="changed"),
        seals=seals,
    )
    section = next(each for each in snapshot.sections if each.name == name)
    with pytest.raises(IndexFileError, match="block"):
        blocks.touch(data[section.offset - 4096 : section.offset - 4096 + section.n_bytes])


def with_equal_checksum(block: bytes) -> bytes:
    """Return another block with the same XXH64: what the first word does to a lane the fifth one takes back."""
    mask, one, two = 2**64 - 1, 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F

    def rounded(lane: int, word: int) -> int:
        mixed = (lane + word * two) & mask
        return ((mixed << 31 | mixed >> 33) & mask) * one & mask

    words = list(struct.unpack_from("<5Q", block))
    lane = (one + two) & mask
    shift = rounded(lane, words[0]) - rounded(lane, words[0] ^ 1)
    words[0] ^= 1
    words[4] = (words[4] + shift * pow(two, -1, 2**64)) & mask
    return struct.pack("<5Q", *words) + block[40:]


def test_checksums_can_be_forged_and_seals_cannot(signed: Path) -> None:
    section = {each.name: each for each in open_snapshot(signed).sections}["entries.digests.pdq"]
    place = slice(section.offset, section.offset + 4096)
    data = bytearray(signed.read_bytes())
    data[place] = with_equal_checksum(bytes(data[place]))
    # In a file without seals, everything fits.
    plain = signed.with_name("plain.safehash")
    plain.write_bytes(unsigned(bytes(data)))
    open_snapshot(plain, verify="full")
    signed.write_bytes(data)
    with pytest.raises(IndexFileError) as caught:
        open_snapshot(signed, verify="full", trusted=[PUBLIC])
    assert caught.value.section == section.name
    with pytest.raises(IndexFileError):
        use(signed)


# -- where trust goes ---------------------------------------------------------------------------------------


def test_trust_holds_through_reload_pickle_and_workers(
    signed: Path, matcher: Matcher, tmp_path: Path
) -> None:
    opened = Matcher.open(signed, settings=TRUSTED)
    copied = pickle.loads(pickle.dumps(opened))
    assert copied.settings.trusted == {PUBLIC}
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "one.png").write_bytes(small_files()["png"])
    with scan(folder, matcher=opened, options=ScanOptions(workers=1)) as running:
        assert [record.decision.is_decided for record in running] == [True]
    matcher.save(signed)  # in its place, unsigned
    for again in (opened, copied):
        with pytest.raises(IndexFileError, match="carries no signature"):
            again.reload()
    with pytest.raises(IndexFileError, match="carries no signature"):
        pickle.loads(pickle.dumps(opened))
    assert sum(decision.is_match for decision in opened.check_hashes(HASHES)) == len(HASHES)
    matcher.save(signed, key=OTHER.private_bytes_raw())
    with pytest.raises(IndexFileError, match="which is not trusted"):
        opened.reload()


# -- lists ----------------------------------------------------------------------------------------------------


def a_list(folder: Path, *, is_directory: bool) -> Path:
    """Return a list of two digests: a file, or a directory of two pages."""
    lines = [f"pdq\n{value.hex}\n" for value in HASHES[:2]]
    if not is_directory:
        path = folder / "own.csv"
        path.write_text(lines[0] + lines[1].partition("\n")[2], encoding="ascii")
        return path
    path = folder / "pages"
    path.mkdir()
    for number, line in enumerate(lines):
        (path / f"{number}.csv").write_text(line, encoding="ascii")
    return path


@pytest.mark.parametrize("is_directory", [False, True])
def test_a_list_that_is_signed_is_used_and_no_other(tmp_path: Path, is_directory: bool) -> None:
    path = a_list(tmp_path, is_directory=is_directory)
    with pytest.raises(ListError, match="only signed lists are trusted"):
        Matcher.from_files(path, settings=TRUSTED)
    signature = sign_list(path, KEY.private_bytes_raw())
    assert signature == path.with_name(path.name + ".sig")
    assert len(Matcher.from_files(path, settings=TRUSTED)) == 2
    assert len(Matcher.from_files(path)) == 2, "who trusts everybody needs none"
    with pytest.raises(ListError, match="which is not trusted"):
        Matcher.from_files(path, settings=Settings(trusted=[OTHERS]))
    page = path / "1.csv" if is_directory else path
    whole = page.read_bytes()
    for changed in (whole[:-2] + b"0\n", whole + b"\n", whole.replace(b"\n", b"\r\n")):
        page.write_bytes(changed)
        with pytest.raises(ListError, match="changed after it was signed"):
            Matcher.from_files(path, settings=TRUSTED)
    page.write_bytes(whole)
    text = signature.read_bytes()
    for spoilt, said in (
        (text[:-2], "is no signature of a list"), (b"", "is no signature of a list"), (b"x" * 5000, "cannot be read"),
        (text.replace(b"1\n", b"2\n", 1), "is no signature of a list"),
        (text[:-3] + (b"00" if text[-3:-1] != b"00" else b"11") + b"\n", "changed after it was signed"),
    ):  # fmt: skip
        signature.write_bytes(spoilt)
        with pytest.raises(ListError, match=said):
            Matcher.from_files(path, settings=TRUSTED)


@pytest.mark.parametrize("kept", [b"-----BEGIN PGP SIGNATURE-----\n", f"{HASHES[0].hex}\n".encode(), b"s"])
def test_what_is_no_signature_of_ours_is_not_replaced(kept: bytes, tmp_path: Path) -> None:
    """Publishers sign lists in their own way, under the same name; and a list may be called so."""
    path = a_list(tmp_path, is_directory=False)
    beside = path.with_name(path.name + ".sig")
    beside.write_bytes(kept)
    with pytest.raises(ListError, match="is not replaced"):
        sign_list(path, KEY.private_bytes_raw())
    assert beside.read_bytes() == kept
    beside.write_bytes(b"")
    sign_list(path, KEY.private_bytes_raw())
    sign_list(path, KEY.private_bytes_raw())
    assert len(Matcher.from_files(path, settings=TRUSTED)) == 2


def test_allow_lists_are_asked_for_theirs(tmp_path: Path) -> None:
    listed, allowed = (a_list(tmp_path, is_directory=each) for each in (False, True))
    sign_list(listed, KEY.private_bytes_raw())
    with pytest.raises(ListError, match="only signed lists are trusted"):
        Matcher.from_files(listed, allow=[allowed], settings=TRUSTED)


def test_a_snapshot_s_signature_is_none_of_a_list(tmp_path: Path) -> None:
    """What was signed for one purpose says nothing for another."""
    path = a_list(tmp_path, is_directory=False)
    signature = sign_list(path, KEY.private_bytes_raw())
    digest = hashlib.sha256(path.read_bytes()).digest()
    head = signature.read_text(encoding="ascii").split("\n")[0]
    signature.write_text(f"{head}\n{sign(digest, KEY.private_bytes_raw()).hex()}\n", encoding="ascii")
    with pytest.raises(ListError, match="changed after it was signed"):
        Matcher.from_files(path, settings=TRUSTED)


def test_trust_in_lists_holds_through_reloads_and_is_met_when_the_signature_comes_later(
    tmp_path: Path,
) -> None:
    path = a_list(tmp_path, is_directory=False)
    sign_list(path, KEY.private_bytes_raw())
    matcher = Matcher.from_files(path, settings=TRUSTED)
    path.write_text("pdq\n" + "".join(f"{value.hex}\n" for value in HASHES), encoding="ascii")
    assert not matcher.reload_if_changed()
    assert (len(matcher), matcher.n_refused) == (2, 1)
    with pytest.raises(ListError):
        matcher.reload()
    sign_list(path, KEY.private_bytes_raw())
    assert matcher.reload_if_changed()
    assert len(matcher) == len(HASHES)


def test_no_last_good_state_stands_in_for_a_signature(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="signed by nobody"):
        Matcher.from_files(tmp_path / "own.csv", settings=TRUSTED, last_good=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no list", "not recognised as any list format"),
        (
            "md5,id\n" + "".join(f"{k:031x}a,{k}\n" for k in range(40)) + "bad,1\n" * 9,
            "9 of 49 records were rejected",
        ),
    ],
)
def test_what_cannot_be_used_is_not_signed(text: str, why: str, tmp_path: Path) -> None:
    """What makes a list useless may stand at its end."""
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="ascii")
    with pytest.raises(ListError, match=why):
        sign_list(path, KEY.private_bytes_raw())
    assert list(tmp_path.iterdir()) == [path]


# -- the command line ---------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    pem, raw = serialization.Encoding.PEM, serialization.NoEncryption()
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private.write_bytes(KEY.private_bytes(pem, serialization.PrivateFormat.PKCS8, raw))
    public.write_bytes(KEY.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_commands(keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    private, public = map(str, keys)
    (tmp_path / "own.csv").write_text("pdq\n" + HASHES[0].hex + "\n", encoding="ascii")
    out, listed = str(tmp_path / "out.safehash"), str(tmp_path / "own.csv")
    assert main(["index", "build", listed, "-o", out, "--sign", private]) == 0
    assert main(["index", "info", out, "--trusted", public]) == 0
    assert f"key   {PUBLIC.hex()}: its signature fits, and it is trusted" in capsys.readouterr().out
    assert main(["match", HASHES[0].hex, "--index", out, "--trusted", public]) == 1
    (tmp_path / "one.png").write_bytes(small_files()["png"])
    scanned = ["scan", str(tmp_path / "one.png"), "--workers", "0", "-q"]
    assert main([*scanned, "--index", out, "--trusted", public]) == 0
    assert main(["index", "build", listed, "-o", out]) == 0
    for command in (
        ["index", "info", out],
        ["match", HASHES[0].hex, "--index", out],
        [*scanned, "--index", out],
    ):
        capsys.readouterr()
        assert main([*command, "--trusted", public]) == 2
        assert "carries no signature" in capsys.readouterr().err
    capsys.readouterr()
    assert main([*scanned, "--list", listed, "--trusted", public]) == 2
    assert "only signed lists are trusted" in capsys.readouterr().err
    assert main(["lists", "sign", listed, "--key", private]) == 0
    assert capsys.readouterr().out == f"{listed}.sig\n"
    assert main([*scanned, "--list", listed, "--trusted", public]) == 0
    assert not list(tmp_path.glob("*.last-good"))
    key = tmp_path / "own.csv.sig"
    key.write_bytes(keys[0].read_bytes())
    assert main(["lists", "sign", listed, "--key", str(key)]) == 2
    assert "would take its place" in capsys.readouterr().err
    assert key.read_bytes() == keys[0].read_bytes()


def test_keys_of_another_kind(keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    assert read_private_key(private) == KEY.private_bytes_raw()
    assert read_public_key(public) == PUBLIC
    wrong = tmp_path / "wrong"
    wrong.write_text("no key", encoding="ascii")
    for read, path in (
        (read_private_key, public), (read_public_key, private), (read_public_key, wrong), (read_private_key, tmp_path),
    ):  # fmt: skip
        with pytest.raises(SafehashError, match=path.name):
            read(path)


def test_without_its_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    with pytest.raises(SafehashError, match=r"pip install safehash\[signed\]"):
        sign(b"key" * 10 + b"..", b"data")
