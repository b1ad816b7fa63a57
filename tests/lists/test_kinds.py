"""Lists as people have them, kind by kind: what each is read as, or why it is refused."""

from __future__ import annotations

import base64
import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from safehash import Hash, ListError, ListSource, read_list


def balanced(k: int, n_bits: int = 256) -> str:
    bits = [1] * (n_bits // 2) + [0] * (n_bits // 2)
    random.Random(k).shuffle(bits)
    return f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"


P = [balanced(k) for k in range(12)]
H = ["2d3fe2973ae46155", "be5c39319d892098"]
M = [hashlib.md5(bytes([k])).hexdigest() for k in range(4)]
S1 = [hashlib.sha1(bytes([k])).hexdigest() for k in range(4)]
S2 = [hashlib.sha256(bytes([k])).hexdigest() for k in range(40)]
NAMES = {
    text: f"{letter}{k}"
    for letter, texts in (("P", P), ("H", H), ("M", M), ("S", S1), ("T", S2))
    for k, text in enumerate(texts)
}
GROUPS = " ".join(P[0][k : k + 16] for k in (0, 16, 32, 48))


def brief(tmp_path: Path, text: str, name: str, **options: Any) -> str:
    path = tmp_path / name
    path.write_text(text, newline="")
    found = []
    for entry in read_list(ListSource(path, **options)):
        value = entry.hash
        kind = "" if isinstance(value, Hash) else "foreign "
        digest = value.hex if isinstance(value, Hash) else getattr(value, "value", "")
        mark = "-" if entry.deleted else {"negative": "~"}.get(entry.category, "+")
        algorithm = value.algorithm.value if isinstance(value, Hash) else getattr(value, "algorithm", "")
        found.append(f"{kind}{algorithm} {mark}{NAMES.get(digest, digest)}")
    return " ".join(sorted(found))


#: A title, the list, and what is read; or, behind "!", what is said where it is refused.
CASES: tuple[tuple[str, str, str], ...] = (
    # A header that was not known took types, deletes, opinions, ids and quality with it.
    (
        "md5sum",
        f"md5sum,category,deleted\n{M[0]},positive,false\n{M[1]},negative,false\n{M[2]},positive,true\n",
        "md5 +M0 md5 -M2 md5 ~M1",
    ),
    ("pdq_hash_hex", f"pdq_hash_hex,severity\n{P[0]},1\n{P[1]},3\n", "pdq +P0 pdq +P1"),
    ("File SHA256", f"File SHA256,File Name\n{S2[0]},a\n{S2[1]},b\n", "sha256 +T0 sha256 +T1"),
    (
        "OpenCTI",
        f"id,name,hashes_MD5,hashes_SHA-1,hashes_SHA-256,revoked\n"
        f"f-0,a,{M[0]},{S1[0]},{S2[0]},false\n"
        f"f-1,b,{M[1]},{S1[1]},{S2[1]},true\n",
        "md5 +M0 md5 -M1 sha1 +S0 sha1 -S1 sha256 +T0 sha256 -T1",
    ),
    (
        "hashdeep",
        f"%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## $ hashdeep\n12,{M[0]},{S2[0]},/a,b.jpg\n",
        "md5 +M0 sha256 +T0",
    ),
    (
        "a title",
        f"Exported by Tool 1.2\n\nhash,deleted,label\n{P[0]},false,x\n{P[1]},true,x\n",
        "pdq +P0 pdq -P1",
    ),
    (
        "a title in cells",
        f"List of hashes,,\n,,\nhash,deleted,label\n{P[0]},false,x\n{P[1]},true,x\n",
        "pdq +P0 pdq -P1",
    ),
    ("sep=;", f"sep=;\nhash;deleted\n{P[0]};false\n{P[1]};true\n", "pdq +P0 pdq -P1"),
    ("a header in a comment", f"# made by x\n# hash,deleted\n{P[0]},false\n{P[1]},true\n", "pdq +P0 pdq -P1"),
    ("severity without a header", f"{P[0]},1\n{P[1]},2\n", "pdq +P0 pdq +P1"),
    # What was not understood about deletion or opinion meant live and positive.
    (
        "values of deletion",
        f"hash,id,deleted\n{P[0]},0,true\n{P[1]},1,deleted\n{P[2]},2,2024-05-06\n"
        f"{P[3]},3,1.0\n{P[4]},4,x\n{P[5]},5,1714990000\n",
        "pdq -P0 pdq -P1 pdq -P2 pdq -P3 pdq -P4 pdq -P5",
    ),
    (
        "values that stand",
        f"hash,deleted_at\n{P[0]},\n{P[1]},NULL\n{P[2]},never\n{P[3]},0000-00-00\n{P[4]},9999-12-31\n",
        "pdq +P0 pdq +P1 pdq +P2 pdq +P3 pdq +P4",
    ),
    ("active", f"hash,active\n{P[0]},true\n{P[1]},false\n", "pdq +P0 pdq -P1"),
    ("hashStatus", f"hash,hashStatus\n{P[0]},Active\n{P[1]},Withdrawn\n", "pdq +P0 pdq -P1"),
    ("an action", f"hash,action\n{P[0]},upsert\n{P[1]},delete\n", "pdq +P0 pdq -P1"),
    ("a state of something else", f"hash,status\n{P[0]},uploaded\n{P[1]},new\n", "pdq +P0 pdq +P1"),
    (
        "false positives",
        f"hash,category\n{P[0]},false_positive\n{P[1]},NON_MALICIOUS\n"
        f"{P[2]},benign\n{P[3]},safe\n{P[4]},non-match\n{P[5]},positive\n",
        "pdq +P5 pdq ~P0 pdq ~P1 pdq ~P2 pdq ~P3 pdq ~P4",
    ),
    ("pairs", f"hash={P[0]},deleted=true\nhash={P[1]},deleted=false\n", "pdq +P1 pdq -P0"),
    (
        "a blank before a quote",
        f'"hash", "deleted"\n"{P[0]}", "true"\n"{P[1]}", "false"\n',
        "pdq +P1 pdq -P0",
    ),
    ("a line end in a cell", f'hash,note,deleted\n{P[0]},"a\nb",true\n{P[1]},"c",false\n', "pdq +P1 pdq -P0"),
    (
        "a comma too many",
        f"hash,label,deleted\n{P[0]},a,b,true\n{P[1]},c,false\n",
        "!line 2: 4 cells where there are 3 columns",
    ),
    (
        "perhaps",
        f"hash,deleted\n{P[0]},perhaps\n{P[1]},no\n",
        "!'perhaps' in column 'deleted', which speaks of deletion",
    ),
    # A named type was overruled by its number of digits.
    (
        "Stash",
        f"algorithm,hash,duration\nPHASH,{H[0]},1\nOSHASH,{H[1]},1\nMD5,{M[0]},1\n",
        "foreign oshash +H1 md5 +M0 phash +H0",
    ),
    (
        "types of 32",
        f"type,hash\nimphash,{M[0]}\nNTLM,{M[1]}\nmd5,{M[2]}\n",
        "foreign imphash +M0 foreign ntlm +M1 md5 +M2",
    ),
    (
        "types of 64",
        f"type,hash\nBLAKE3,{S2[0]}\nSHA3-256,{S2[1]}\npdq,{P[0]}\n",
        "foreign blake3 +T0 foreign sha3-256 +T1 pdq +P0",
    ),
    (
        "a type that nobody knows",
        f"type,hash\nmd5,{M[0]}\nfrobnicate,{M[1]}\n",
        "!'frobnicate' in column 'type' is no type",
    ),
    ("sha256sum", f"{S2[0]}  a.jpg\n{S2[1]}  b.jpg\n", "!look like the output of sha256sum"),
    ("bare SHA-256", "".join(f"{each}\n" for each in S2), "!do not have 128 ones, as PDQ digests do"),
    ("BSD", f"SHA256 (a.jpg) = {S2[0]}\nMD5 (b.jpg) = {M[0]}\n", "md5 +M0 sha256 +T0"),
    ("md5sum's output", f"{M[0]}  a.jpg\n{M[1]} *b.jpg\n", "md5 +M0 md5 +M1"),
    ("with their types", f"sha256:{S2[0]}\nmd5:{M[0]}\n", "md5 +M0 sha256 +T0"),
    ("types behind digests", f"{H[0]} dhash\n{H[1]} phash a.jpg\n", "foreign dhash +H0 phash +H1"),
    ("types in cells without a header", f"{H[0]},dhash\n{H[1]},phash\n", "foreign dhash +H0 phash +H1"),
    ("labels that are classes", f"hash,label\n{P[0]},negative\n{P[1]},positive\n", "pdq +P1 pdq ~P0"),
    # The rest of a line was swallowed.
    ("several on a line", f"{P[0]} {P[1]}\n{P[2]} {P[3]}\n", "!2 digests on one line, and nothing says"),
    (
        "several in cells",
        f"{P[0]},{P[1]}\n{P[2]},{P[3]}\n",
        "!2 columns hold digests and no header tells them apart",
    ),
    (
        "of three types",
        f"{M[0]},{S1[0]},{P[0]}\n{M[1]},{S1[1]},{P[1]}\n",
        "md5 +M0 md5 +M1 pdq +P0 pdq +P1 sha1 +S0 sha1 +S1",
    ),
    ("line ends of all kinds", f"{P[0]}\r\n{P[1]}\r{P[2]}\n{P[3]}", "pdq +P0 pdq +P1 pdq +P2 pdq +P3"),
    ("groups of 16", f"{GROUPS}\n{GROUPS}\n", "!4 digests on one line"),
    ("decimals", "1234567890123456\n9876543210987654\n", "!may be decimal numbers; pass notation='decimal'"),
    (
        "decimals in a column",
        f"phash_int\n{int(H[0], 16)}\n{int(H[1], 16) - (1 << 64)}\n",
        "phash +H0 phash +H1",
    ),
    ("base64", f"pdq_base64\n{base64.b64encode(bytes.fromhex(P[0])).decode()}\n", "pdq +P0"),
    ("bits", f"phash_bits\n{int(H[0], 16):064b}\n", "phash +H0"),
    ("0x", f"0x{P[0]}\n0x{P[1]}\n", "pdq +P0 pdq +P1"),
    ("PostgreSQL", f"hash,deleted\n\\x{P[0]},t\n\\x{P[1]},f\n", "pdq +P1 pdq -P0"),
    ("a spreadsheet", f'hash,deleted\n"=""{P[0]}""",WAHR\n"=""{P[1]}""",FALSCH\n', "pdq +P1 pdq -P0"),
    ("a list of JSON", f'["{P[0]}", "{M[0]}"]', "md5 +M0 pdq +P0"),
    ("Matrix", f'{{"{P[0]}": {{"quality": 90}}, "{P[1]}": {{"quality": 80}}}}', "pdq +P0 pdq +P1"),
    ("half a list of JSON", f'["{P[0]}", "{M[0]}', "!cut off or changed"),
    ("a bash script", f"echo {P[0]} deleted\n", "!"),
)


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_lists_as_people_have_them(text: str, expected: str, tmp_path: Path) -> None:
    if not expected.startswith("!"):
        assert brief(tmp_path, text, "list.csv") == expected
        return
    with pytest.raises(ListError) as caught:
        brief(tmp_path, text, "list.csv")
    assert expected[1:] in str(caught.value)


def test_told_what_they_are(tmp_path: Path) -> None:
    """The switches of what is refused above."""
    assert brief(tmp_path, f"{S2[0]}  a.jpg\n", "x.txt", algorithm="sha256") == "sha256 +T0"
    text = f"File MD5,parent,gone\n{M[0]},{M[1]},yes\n{M[2]},{M[3]},no\n"
    told = {"columns": {"hash": "File MD5", "deleted": "gone"}}
    assert brief(tmp_path, text, "x.csv", **told) == "md5 +M2 md5 -M0"
    assert brief(tmp_path, text, "x.csv", ignore=["gone"]) == "md5 +M0 md5 +M2"
    assert (
        brief(tmp_path, f"{P[0]},{P[1]}\n", "x.csv", columns={"pdq": ["column1", "column2"]})
        == "pdq +P0 pdq +P1"
    )
    assert (
        brief(tmp_path, f"{int(H[0], 16)}\n", "x.txt", notation="decimal", algorithm="phash") == "phash +H0"
    )
