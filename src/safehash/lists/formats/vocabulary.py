"""The words of lists: what column names and cells mean; docs/formats.md prints these tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...hashing.hashes import Algorithm

__all__ = [
    "ALGORITHMS",
    "DELETED",
    "FALSE",
    "FOREIGN",
    "LIVE",
    "NAMES",
    "NEUTRAL",
    "NOTATIONS",
    "NO_TYPE",
    "NULL",
    "OPINIONS",
    "OTHER_INDICATORS",
    "TELLING",
    "TRUE",
    "UNMISTAKABLE",
    "UNTYPED",
    "VIDEO",
    "plain",
    "word",
]


def plain(name: str) -> str:
    """Return a name in lower case, without anything but letters and digits of any script."""
    return re.sub(r"[\W_]+", "", name.lower())


def word(cell: str) -> str:
    """Return a cell as the tables below write it: in lower case, blanks for hyphens and underscores."""
    return re.sub(r"[\s_-]+", " ", cell.strip().lower()).strip() or cell.strip()


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split("|"))


# -- types, as `plain` writes them -------------------------------------------------------------------------

#: How algorithms that are computed here are called, in lower case without anything but letters and digits.
ALGORITHMS: Mapping[str, Algorithm] = {
    "pdq": Algorithm.PDQ,
    "phash": Algorithm.PHASH,
    "phash64": Algorithm.PHASH,
    "phash256": Algorithm.PHASH256,
    "md5": Algorithm.MD5,
    "sha1": Algorithm.SHA1,
    "sha256": Algorithm.SHA256,
    "sha2256": Algorithm.SHA256,
}

#: Digests that lists carry and safehash does not compute: kept, counted, matched against nothing.
FOREIGN = _words(
    r"""
    adler32 | ahash | averagehash | blake2b | blake2b256 | blake2s | blake3 | blockhash |
    blockmeanhash | colormomenthash | colorhash | cosinehash | crc32 | ctph | dhash |
    differencehash | ed2k | imphash | impfuzzy | ja3 | keccak256 | marrhildreth |
    marrhildrethhash | md2 | md4 | md6 | murmur3 | netclean | neuralhash | ntlm | oshash | pdna |
    pdqf | pdqfvideo | photodna | radialvariancehash | ripemd128 | ripemd160 | rmd160 |
    saferhash | sdhash | sha0 | sha224 | sha2224 | sha2384 | sha2512 | sha3224 | sha3256 |
    sha3384 | sha3512 | sha384 | sha512 | sha512224 | sha512256 | shake128 | shake256 | simhash |
    ssdeep | ssvhpdna | ssvhsaferhash | telfhash | tiger | tlsh | tmk | tmkpdqf | tth | vhash |
    videntifier | vpdq | wavelethash | whash | whirlpool | xxh3 | xxh64 | xxhash
    """
)

#: Types of indicators that are no digests of images at all, as ThreatExchange and StopNCII name them.
OTHER_INDICATORS = _words(
    r"""
    apikey | asnumber | cmdline | cookiename | debugstring | domain | emailaddress | filename |
    getparam | htmlid | httprequest | ipaddress | ipsubnet | malwarename | mutex | nameserver |
    password | rawtext | referer | registrar | registrykey | signature | telephone | text |
    texttlsh | textstring | trendquery | uri | url | urlmd5 | useragent
    """
)

#: Words beside an algorithm's name that say nothing of which digest it is.
NEUTRAL = _words(
    r"""
    hash | hashes | hashed | value | values | digest | digests | sum | checksum | fingerprint |
    fingerprints | signature | signal | file | files | image | images | img | media | picture |
    photo | photos | content | perceptual | string | str | hex | hexadecimal | hexdigest |
    base16 | lower | lowercase | upper | uppercase | original | orig | full | of | the | in | as |
    for | column
    """
)

#: Words in front of an algorithm's name by which it is a video's digest, which is no image's.
VIDEO = _words(
    r"""
    video | vid | movie
    """
)

#: How a column's name says in what its digests are written.
NOTATIONS: Mapping[str, str] = {
    "base64": "base64",
    "b64": "base64",
    "int": "decimal",
    "integer": "decimal",
    "int64": "decimal",
    "uint64": "decimal",
    "bigint": "decimal",
    "decimal": "decimal",
    "dec": "decimal",
    "signed": "decimal",
    "unsigned": "decimal",
    "bin": "bits",
    "binary": "bits",
    "bits": "bits",
    "bitstring": "bits",
}

#: Names of columns of digests that do not say which.
UNTYPED = _words(
    r"""
    hash | hashes | hashvalue | hashdigest | digest | indicator | signal | signalvalue |
    fingerprint | perceptualhash | value | hex | checksum | signature | imagehash | filehash |
    mediahash | contenthash | photohash | picturehash | hashhex | hexhash | hashcode
    """
)

#: What stands in a column called "type" without saying which digest it is.
NO_TYPE = (
    "",
    *_words(
        r"""
    hash | file | image | images | img | photo | picture | media | perceptual | perceptualhash |
    indicator | jpg | jpeg | png | gif | webp | bmp | tif | tiff | heic | heif | avif
    """
    ),
)

# -- cells, as `word` writes them --------------------------------------------------------------------------

#: Cells that say nothing: blank, in the words of databases and spreadsheets.
NULL = frozenset(
    (
        "",
        *_words(
            r"""
    null | (null) | <null> | [null] | none | nil | n/a | #n/a | na | nan | nat | \n | - | -- |
    never | undefined | unset | not set
    """
        ),
    )
)

#: Yes and no, as programs and spreadsheets of several languages write them.
TRUE = frozenset(
    _words(
        r"""
    1 | 1.0 | 1,0 | true | t | yes | y | x | on | ✓ | ✔ | ☑ | wahr | ja | j | vrai | oui | o |
    verdadero | verdadeiro | sí | si | sim | vero | sì | waar | sand | sandt | sant | sann |
    tosi | prawda | tak | pravda | ano | igaz | igen | adevărat | doğru | evet | истина | да | 是 |
    真 | はい
    """
    )
)

FALSE = frozenset(
    _words(
        r"""
    0 | 0.0 | 0,0 | false | f | no | n | off | falsch | nein | faux | non | falso | não | onwaar |
    nee | falsk | falskt | usann | nej | nei | epätosi | fałsz | nie | nepravda | ne | hamis |
    nem | fals | nu | yanlış | hayır | ложь | нет | 否 | 假 | いいえ
    """
    )
)

#: Cells that say a record was taken back.
DELETED = frozenset(
    _words(
        r"""
    deleted | delete | withdrawn | withdraw | removed | remove | revoked | revoke | retracted |
    retract | rescinded | disabled | disable | inactive | deactivated | tombstone | tombstoned |
    expired | obsolete | invalid | invalidated | purged | expunged | delisted | unlisted |
    should delete | gelöscht | geloescht | entfernt | zurückgezogen | widerrufen | deaktiviert |
    inaktiv | ungültig | supprimé | supprime | retiré | révoqué | inactif | eliminado | borrado |
    retirado | revocado | inactivo | removido | excluído | inativo | cancellato | eliminato |
    ritirato | verwijderd | ingetrokken | slettet | raderad | borttagen | poistettu | usunięty |
    usunięte | удалено | удален | 削除 | 削除済み | 已删除
    """
    )
)

#: Cells that say a record stands.
LIVE = frozenset(
    _words(
        r"""
    active | live | enabled | enable | valid | current | present | added | add | new | create |
    created | insert | inserted | update | updated | upsert | modified | keep | kept | published |
    listed | received | restored | restore | reinstated | undeleted | not deleted |
    not withdrawn | not revoked | aktiv | gültig | actif | activo | ativo | attivo | actief |
    aktywny | активно
    """
    )
)

#: What cells say of a picture, and which category that is.
OPINIONS: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            r"""
        positive | true positive | tp | malicious | harmful | violating | violation | confirmed |
        bad | known bad | match | blocked | block | blocklisted | blocklist | blacklisted |
        blacklist | abusive | positive class | confirmed positive | approved
        """
        ),
        "positive",
    ),
    **dict.fromkeys(
        _words(
            r"""
        negative | false positive | fp | non malicious | not malicious | benign | safe | harmless |
        innocuous | clean | good | known good | non match | no match | not match | nonmatch |
        not blocked | notblocked | allowed | allow | allowlisted | allowlist | whitelisted |
        whitelist | legitimate | legit | trusted | non violating | not violating | non pertinent |
        not pertinent | negative class | rejected | innocent | falsepositive | nonmalicious |
        nonviolating | nonpertinent | unfounded | not harmful | non harmful
        """
        ),
        "negative",
    ),
    **dict.fromkeys(
        _words(
            r"""
        seed | unreviewed | not reviewed | unverified | unconfirmed | unknown | pending |
        pending review | suspicious | suspected | candidate | potential | undetermined |
        inconclusive | investigation seed | needs review | to review | in review | open
        """
        ),
        "seed",
    ),
    **dict.fromkeys(
        _words(
            r"""
        disputed | contested | conflicting | mixed
        """
        ),
        "disputed",
    ),
}

#: Words that other columns have for other things: they count only where something surer is said beside them.
_VAGUE = frozenset(
    _words(
        r"""
    unknown | pending | new | open | match | no match | good | bad | block | blocked | allow |
    allowed | approved | rejected | confirmed | candidate | potential | mixed | current |
    present | add | added | create | created | insert | inserted | update | updated | modified |
    published | listed | received | valid | invalid | clean | trusted | keep | kept | in review |
    to review | needs review | pending review
    """
    )
)

#: Cells by which a column of a name that means other things too speaks of deletion or opinion after all.
TELLING = (DELETED | frozenset(OPINIONS) | LIVE) - _VAGUE

#: Cells that speak of deletion or opinion whatever their column is called.
UNMISTAKABLE = frozenset(
    _words(
        r"""
    deleted | withdrawn | revoked | retracted | rescinded | tombstone | tombstoned |
    should delete | false positive | falsepositive | non malicious | nonmalicious |
    not malicious | gelöscht | zurückgezogen | supprimé | eliminado | verwijderd | удалено
    """
    )
)

# -- columns, as `plain` writes them -----------------------------------------------------------------------

#: What columns mean by their names, `plain`; digests and what speaks of deletion or opinion are told by rules.
NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            r"""
        type | algorithm | algo | hashtype | hashname | hashalgorithm | hashalgo | signaltype |
        digesttype | indicatortype | hashkind | fingerprinttype | hashmethod
        """
        ),
        "type",
    ),
    **dict.fromkeys(
        _words(
            r"""
        quality | pdqquality | hashquality | pdqhashquality | pdqqualityscore
        """
        ),
        "quality",
    ),
    **dict.fromkeys(
        _words(
            r"""
        label | labels | tag | tags | keywords
        """
        ),
        "labels",
    ),
    **dict.fromkeys(
        _words(
            r"""
        id | hashid | entryid | guid | uuid | recordid | mediaid | imageid | itemid | signalid
        """
        ),
        "id",
    ),
    **dict.fromkeys(
        _words(
            r"""
        severity | severitylevel
        """
        ),
        "severity",
    ),
    **dict.fromkeys(
        _words(
            r"""
        created | createdat | createdon | added | addedat | addedon | dateadded | datecreated |
        firstseen | createdtime | creationdate | firstseenutc | timecreated
        """
        ),
        "created",
    ),
    **dict.fromkeys(
        _words(
            r"""
        updated | updatedat | updatedon | lastupdated | modified | modifiedat | modifiedon |
        lastmodified | dateupdated | datemodified | lastmodtimestamp | lastupdate | lastchanged |
        timeupdated
        """
        ),
        "updated",
    ),
}
