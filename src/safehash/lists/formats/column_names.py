"""What a column's name says: which digest, what of a deletion or an opinion, or nothing we know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ...hashing.hashes import Algorithm
from .remembering import remembered
from .vocabulary import (
    ALGORITHMS,
    DELETED,
    FOREIGN,
    NAMES,
    NEUTRAL,
    NO_TYPE,
    NOTATIONS,
    OPINIONS,
    OTHER_INDICATORS,
    TELLING,
    UNTYPED,
    VIDEO,
    folded,
    plain,
)

__all__ = [
    "JUDGED",
    "MEANINGS",
    "NAMES_JUDGED",
    "NAMES_OF_DIGESTS",
    "STEMS",
    "WORDS_AROUND",
    "Named",
    "Type",
    "is_of_nearness",
    "is_of_opinions",
    "is_of_place",
    "is_of_trust",
    "named_column",
    "names_a_digest",
    "type_named",
]

#: What a column may mean; the keys of ``columns=``, beside the names of algorithms.
MEANINGS = (
    "hash",
    "type",
    "quality",
    "labels",
    "id",
    "severity",
    "created",
    "updated",
    "deleted",
    "active",
    "expires",
    "category",
    "negative",
    "malicious",
    "reviewed",
    "disputed",
    "state",
    "operation",
    "disable_until",
)

#: Those that speak of deletion or opinion: their values are understood, or their record is rejected.
JUDGED = frozenset(
    (
        *("deleted", "active", "expires", "disable_until"),
        *("category", "negative", "malicious", "reviewed", "unreviewed", "disputed", "state"),
        *("operation", "unclear", "unsure", "stands", "lasts", "begins"),
    )
)


@dataclass(frozen=True, slots=True)
class Type:
    """What a name of a type of digest means.

    Attributes
    ----------
    algorithm : Algorithm, str or None
        A text for a digest that is not computed here; None where the name says nothing of the algorithm.
    notation : str or None
        In what the digests are written, where the name says it.
    """

    algorithm: Algorithm | str | None
    notation: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What a column's name says of it.

    Attributes
    ----------
    meaning : str
        One of `MEANINGS`; "unreviewed", the opposite of "reviewed"; "unclear", which speaks of deletion or
        opinion in words that are not known, "unsure", of which not even "no" is understood, "stands", of which
        "no" alone speaks of one, "lasts", for how long a record does, and "begins", since when; "odd_hash",
        which names a digest with words that are not known; or "extra", which says nothing we know.
    type : Type or None
        Of a column of digests.
    weak : bool
        Its name means other things too: what it says counts only where a cell tells so.
    """

    meaning: str
    type: Type | None = None
    weak: bool = False


def _names_of(words: Iterable[str]) -> frozenset[str]:
    """Return cells that mean something sure as names of columns, as `plain` writes them, with and without accents."""
    named = {plain(each) for each in words} | {plain(folded(each)) for each in words}
    return frozenset(each for each in named if len(each) > 1 or not each.isascii()) - {""}


#: Names of columns that are words of cells at the same time: a column "withdrawn" says it of its records.
_GONE_NAMES = _names_of(DELETED & TELLING)
_HARMLESS_NAMES = _names_of({said for said, own in OPINIONS.items() if own == "negative"} & TELLING)


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_ALGORITHM = rf"(?P<algorithm>{_any(ALGORITHMS)})"
_TYPED = re.compile(
    rf"(?:{_any(NEUTRAL)})*(?:(?P<video>{_any(VIDEO)})(?:{_any(NEUTRAL)})*)?"
    rf"(?:{_ALGORITHM}|(?P<foreign>{_any((*FOREIGN, *OTHER_INDICATORS))}))"
    rf"(?:{_any(NEUTRAL)})*(?P<notation>{_any(NOTATIONS)})?"
)
_UNTYPED = re.compile(
    rf"(?:{_any(NEUTRAL)}|{_any(UNTYPED)})*(?:hash|hashes|digest|digests|checksum|fingerprint)"
    rf"(?:{_any(NEUTRAL)})*(?P<notation>{_any(NOTATIONS)})?"
)
# A digest's name among words that are not known: of which thing the digest is, or which it is, the name does not say.
_MENTIONED = re.compile(
    r"(?:^|[^a-z])(?:pdq|phash|md5|sha-?_?1|sha-?_?256|md-5|sha|crc|gost|haval|blake|keccak)(?:$|[^a-z0-9])"
    r"|hash$|md5|sha1|sha256|pdq|[a-z](?:64|128|160|192|224|256|320|384|512)$"
)


@remembered(4096)
def type_named(name: str) -> Type | None:
    """Return what digest the name of a type means: "HASH_PDQ", "SHA-256", "pdq_base64"; None if not known.

    Digests of videos are foreign, under the name as it came.
    """
    bare = plain(name)
    if bare in NO_TYPE:
        return Type(None)
    match = _TYPED.fullmatch(bare)
    if match is None:
        return None
    notation = NOTATIONS[match["notation"]] if match["notation"] else None
    if _is_apart(match["foreign"], name):
        return None
    if match["foreign"] or match["video"]:
        return Type(name.strip().lower(), notation)
    return Type(ALGORITHMS[match["algorithm"]], notation)


def _is_apart(foreign: str | None, name: str) -> bool:
    """Tell whether a short name of a type is only made of what a name has in parts: "k_12" is no K12."""
    return foreign is not None and len(foreign) <= _SHORT and _LONE_LETTER.search(name) is not None


_SHORT = 3
_LONE_LETTER = re.compile(r"(?<![^\W_])[^\W\d_](?![^\W_])")


def names_a_digest(text: str) -> Algorithm | str | None:
    """Return the type of digest that a cell is the bare name of, known or not, and can hardly be anything else.

    Examples
    --------
    >>> names_a_digest("OSHASH"), names_a_digest("xHash-12"), names_a_digest("rehash")
    ('oshash', 'xhash-12', None)
    """
    known = NAMES_OF_DIGESTS.get(text)
    if known is not None or _LIKE_A_HASH.fullmatch(text) is None or _OF_HASHING.fullmatch(text) is not None:
        return known
    kind = type_named(text)
    return text.lower() if kind is None else kind.algorithm


#: A word that is made like the name of a type: "blockhash64", "pHash-MH"; a hash alone is of any.
_LIKE_A_HASH = re.compile(r"[a-z]{1,12}hash[-_]?[a-z0-9]{0,5}", re.IGNORECASE)
#: What is done with hashes, or whose they are ("rehash", "unhashed", "myhashes"), and words that have it in them.
_OF_HASHING = re.compile(
    r"(?:re|un|pre|de|non|no|is|has|by|my|our|the|new|old|each|per|all|any|with|from|to|in|of|on)[-_]?"
    r"hash(?:ed|er|ers|es|ing|able|tags?)?|shashliks?|bhasha",
    re.IGNORECASE,
)


def _spelled(name: str) -> Iterator[str]:
    """Yield a type's name as lists write it: "sha256", "SHA-256", "Sha_256", "dHash"."""
    letters = re.match(r"[a-z]+", name)
    stem = name if letters is None else letters[0]
    for sign in ("", "-", "_", " "):
        written = name if stem == name else f"{stem}{sign}{name[len(stem) :]}"
        yield from (written, written.upper(), written.capitalize())
    if stem.endswith("hash"):
        yield f"{name[: len(stem) - 4]}Hash{name[len(stem) :]}"


#: Names of types of digests, as cells have them, that are hardly the name of anything else.
NAMES_OF_DIGESTS: Mapping[str, Algorithm | str] = {
    written: ALGORITHMS.get(name, name)
    for name in (*ALGORITHMS, *FOREIGN)
    if re.search(r"hash|sha|md\d|pdq|dna|crc|ripemd|blake", name)
    for written in _spelled(name)
}


def is_of_opinions(name: str) -> bool:
    """Tell whether a column whose name means other things too is named for what is thought of a picture.

    Examples
    --------
    >>> is_of_opinions("threat_level"), is_of_opinions("status")
    (True, False)
    """
    return _OF_OPINIONS.search(plain(name)) is not None


@remembered(4096)
def is_of_trust(name: str) -> bool:
    """Tell whether a column is named for how sure somebody is of its records.

    Examples
    --------
    >>> is_of_trust("x_opencti_score"), is_of_trust("confidence level"), is_of_trust("nsfw_score")
    (True, True, False)
    """
    return _OF_TRUST.fullmatch(plain(name.rpartition(".")[2])) is not None


_OF_TRUST = re.compile(
    "(?:x?opencti|misp|entry|hash|record|match|item|overall|total|final|risk|threat|harm|danger)*(?:confidence|conf|certainty|trust|score"
    "|reliability|credibility|likelihood|probability|karma|rating|grade|stars|(?:up)?votes?|votesup|votesfor|weight|points|(?<=risk)level|(?<=threat)level|(?<=harm)level|tier)(?:score|level|value|count)?"
)


@remembered(4096)
def is_of_place(name: str) -> bool:
    """Tell whether a column is named for where a picture is sorted in: what that is called may judge the picture.

    Examples
    --------
    >>> is_of_place("source_folder"), is_of_place("Split"), is_of_place("file.folder"), is_of_place("width")
    (True, True, True, False)
    """
    return _OF_PLACE.fullmatch(plain(name.rpartition(".")[2])) is not None


@remembered(4096)
def is_of_nearness(name: str) -> bool:
    """Tell whether a column is named for how near a picture must be to its record, which lists cannot say here.

    Examples
    --------
    >>> is_of_nearness("match_threshold"), is_of_nearness("max distance"), is_of_nearness("distance")
    (True, True, False)
    """
    return _OF_NEARNESS.fullmatch(plain(name.rpartition(".")[2])) is not None


_OF_NEARNESS = re.compile(
    "(?:pdq|hash|match|matching|max|maximum|min|minimum|hamming|bit|allowed|own|custom|similarity|distance|radius)*"
    "(?:thresholds?|radius|tolerance|maxdistance|maximumdistance|maxhamming|distancemax|maxbits)(?:bits)?"
)

_OF_PLACE = re.compile(
    "(?:source|src|parent|root|base|file|image|img|media|data|sub|target|dest|in|the|origin|original|path|drive)*"
    "(?:folder|directory|dir|dirname|foldername|set|subset|split|dataset|bucket|group|collection|partition|pile|ordner"
    "|unterordner|verzeichnis|dossier|répertoire|repertoire|carpeta|directorio|cartella|pasta|map|mapp|mappe|katalog"
    "|kansio|папка|フォルダ|文件夹|폴더)(?:name|path)?"
)

# -- deletion and opinion ----------------------------------------------------------------------------------

_BEFORE = (
    "is|was|has|had|have|been|be|should|to|soft|hard|marked|marked ?as|as|for|entry|record|hash|signal|indicator"
    "|item|row|listed?|date|time|timestamp|ts|datetime|flag|the|logically|permanently|currently|still"
)
_AFTER = "at|on|date|time|timestamp|datetime|ts|utc|gmt|flag|dt|day|when|epoch|ms|unix|bool|boolean|yn|since"
_DELETION = (
    "deleted|delete|deletion|removed|remove|removal|revoked|revoke|revocation|withdrawn|withdraw|withdrawal"
    "|retracted|retract|retraction|rescinded|disabled|disable|deactivated|deactivation|inactive|tombstone"
    "|tombstoned|obsolete|invalid|invalidated|expired|delisted|unlisted|purged|del|expunged|inactivated|voided"
    "|void|decayed|cancelled|canceled|erased|trashed|intrash|discarded|retired|softdelete|softdeleted"
    "|gelöscht|geloescht|gelscht|entfernt|zurückgezogen|widerrufen|deaktiviert|ungültig|löschdatum|gelöschtam"
    "|supprimé|supprime|retiré|révoqué|eliminado|eliminada|borrado|retirado|revocado|removido|excluído|excluido"
    "|cancellato|eliminato|revocato|ritirato|verwijderd|ingetrokken|slettet|trukkettilbage|raderad|borttagen"
    "|återkallad|poistettu|usunięto|usunięty|usunięte|usunięta|wycofano|wycofany|smazáno|smazaný|zrušeno"
    "|vymazané|törölt|törölve|visszavont|șters|retras|silindi|silinmiş|iptaledildi|удалено|удалён|удален"
    "|отозвано|видалено|διαγράφηκε|διαγραμμένο|נמחק|محذوف|dihapus|đãxóa|削除|削除済み|削除日|撤回|已删除|已刪除|已撤回"
    "|已撤销|삭제|삭제됨|철회됨"
)
_ACTIVE = (
    "active|enabled|matchingenabledratio|bankmatchingenabledratio|live|valid|inuse|toids|aktiv|gültig|actif|activo|ativo|attivo|actief|aktywny|aktywne|aktivní"
    "|etkin|активен|активно|有効|有效|활성"
)
_EXPIRES = (
    "expires|expire|expiry|expiration|expiresat|expireson|expirydate|expirationdate|validuntil|validto|validthru"
    "|activeuntil|notafter|until|till|bestbefore|useby|goodthrough|gültigbis"
)
_NEGATIVE = (
    "falsepositive|fp|benign|harmless|innocent|innocuous|safe|knowngood|whitelisted|whitelist|allowlisted"
    "|allowlist|nonmalicious|nonmatch|notmatch|clean|legitimate|legit|nonviolating|notviolating|nonpertinent"
    "|faussepositif|fauxpositif|falsopositivo|falschpositiv|harmlos|unbedenklich|inoffensif|negative|isnegative"
    "|goodware|exonerated|notharmful|notamatch"
)
_MALICIOUS = (
    "malicious|truepositive|harmful|knownbad|violating|violation|violative|positive|blocklisted|blacklisted|unsafe"
    "|truematch|confirmedmatch|bösartig|schädlich|malveillant"
)
_REVIEWED = "confirmed|verified|reviewed|humanreviewed|humanverified|approved"
_UNREVIEWED = "unconfirmed|unverified|unreviewed|notreviewed|pendingreview|needsreview"
#: Since when a record counts; before it is none.
_BEGINS = "validfrom|validsince|effectivefrom|activefrom|notbefore|validbegin|validstart|startsat|gültigab|gueltigab"
#: For how long a record lasts, in seconds or days from a time that is not said.
_LASTS = (
    "ttl|timetolive|lifetime|lifespan|maxage|expiresin|expirein|validfor|keepfor|retention|retentionperiod"
)
_STANDS = (
    "current|present|listed|accepted|tp|selfharm|containsselfharm|isselfharm|truth|onoff|target|istarget|gt|ytrue"
    "|truelabel|humanlabel|goldlabel|goldenlabel|gold|manuallabel|expertlabel|finallabel|annotatorlabel|reviewerlabel"
    "|moderatorlabel|consensuslabel|majoritylabel|pred|prediction|predicted|predictedlabel|predlabel|csam|csem|csae|selfinjury|suicide|suicidal|sh|ishit|flagged|illegal|illicit|relevant|pertinent|actionable"
    "|agree|agrees|agreed|switch|onlist|inlist|onfeed|infeed|published|visible|kept|keep|use|usable|used|available|exists"
    "|included|enforce|enforced|matched|match|block|blocked|blocking|abusive|bad|inforce|stillvalid|stilllisted|upheld"
    "|vigente|vigent|envigueur|envigor|geldend|gelistet|vorhanden|sichtbar|visible|publié|présent|publicado|presente"
    "|pubblicato|zichtbaar|aanwezig|действует|действителен"
)
_OPINION = "opinion|verdict|disposition|judgement|judgment|opinioncategory"
_STATE = (
    "status|state|category|decision|resolution|outcome|classification|result|lifecycle"
    "|flag|flags|maliciousness|reputation|class|reaction|feedback|assessment|determination|listtype|polarity"
    "|groundtruth|threat|threatlevel|detection|vote|recommendation|zustand|statut|état|etat|estado|stato|stan|stav|tila|durum|állapot|статус|состояние"
    "|状態|状态|狀態|상태|kategorie|catégorie|categorie|categoría|categoria|kategori|kategoria|категория|カテゴリ|类别|분류"
    "|klassifizierung|einstufung|bewertung|ステータス|situação|situacao|situación|situacion|処理状況|処理状態|处理状态|voting"
    "|typename|objecttype|objectclass|classname|discriminator|variant|recordtype|entrytype|rowtype|messagetype"
    "|risk|risklevel|riskrating|risikostufe|sensitivity|harmlevel|dangerlevel|toxicity|verification|factcheck"
)
#: Of these, names of what is thought of a picture: "none" is an answer there.
_OF_OPINIONS = re.compile(
    "class|klass|risk|sensitiv|harmlevel|toxic|result|outcome|resolution|decision|assessment|determination|threat|detection|malicious|reputation"
    "|reaction|feedback|vote|recommend|truth|polarity|bewertung|einstufung|categ|kateg|catég|категор|カテゴリ|类别|분류"
)
_OPERATION = (
    "action|operation|op|ops|event|changetype|typeofchange|change|crud|command|cmd|mutation|delta|updatetype|aktion"
    "|vorgang|änderung|aenderung|acción|accion|azione|operazione|ação|acao|actie|bewerking|handling|åtgärd|akcja|akce"
    "|művelet|действие|операция|дія|ενέργεια|işlem|操作|動作|작업"
)
_OF_ENTRY = "hash|entry|record|item|signal|indicator|list|current|review|final|is|last|the"

_EXACT: tuple[tuple[str, bool, str], ...] = (
    ("deleted", False, rf"(?:{_BEFORE})*(?:{_DELETION})(?:{_AFTER})*"),
    ("expires", False, rf"(?:{_BEFORE})*(?:{_EXPIRES})(?:{_AFTER})*"),
    ("begins", False, rf"(?:{_BEFORE})*(?:{_BEGINS})(?:{_AFTER})*"),
    ("lasts", False, rf"(?:{_BEFORE})*(?:{_LASTS})(?:s|secs?|seconds|ms|min|minutes|hours|days)?"),
    ("active", False, rf"(?:{_BEFORE})*(?:{_ACTIVE})(?:flag|bool|boolean|yn)*"),
    ("disable_until", False, r"disableuntilts"),
    (
        "negative",
        False,
        rf"(?:is|was|xopencti|marked|markedas|flag|flagged|flaggedas)*(?:{_NEGATIVE})(?:flag|bool|yn)*",
    ),
    ("malicious", False, rf"(?:is|was)*(?:{_MALICIOUS})(?:flag|bool|yn)*"),
    ("unreviewed", False, rf"(?:is|was)*(?:{_UNREVIEWED})(?:flag|bool|yn)*"),
    ("reviewed", False, rf"(?:is|was)*(?:{_REVIEWED})(?:flag|bool|yn)*"),
    ("disputed", False, r"(?:is|was)*(?:disputed|contested)(?:flag|bool|yn)*"),
    ("category", False, rf"(?:{_OF_ENTRY})*(?:{_OPINION})(?:value|type|category)?"),
    ("malicious", False, r"(?:is|was)match"),
    ("stands", False, rf"(?:{_BEFORE}|still)*(?:{_STANDS})(?:flag|bool|boolean|yn)*"),
    ("state", True, rf"(?:{_OF_ENTRY})*(?:{_STATE})(?:code|name|text|value|stage|phase)?"),
    ("operation", True, rf"(?:{_OF_ENTRY})*(?:{_OPERATION})(?:type|code|name)?"),
)
_RULES = tuple((meaning, weak, re.compile(pattern)) for meaning, weak, pattern in _EXACT)

#: Names of columns that speak of deletion or opinion, by what they mean, as `plain` writes them.
NAMES_JUDGED: Mapping[str, tuple[str, ...]] = {
    "deleted": (*_DELETION.split("|"), *sorted(_GONE_NAMES)),
    "active": tuple(_ACTIVE.split("|")),
    "expires": tuple(_EXPIRES.split("|")),
    "begins": tuple(_BEGINS.split("|")),
    "lasts": tuple(_LASTS.split("|")),
    "category": tuple(_OPINION.split("|")),
    "negative": (*_NEGATIVE.split("|"), *sorted(_HARMLESS_NAMES)),
    "malicious": (*_MALICIOUS.split("|"), "ismatch", "wasmatch"),
    "reviewed": tuple(_REVIEWED.split("|")),
    "unreviewed": tuple(_UNREVIEWED.split("|")),
    "disputed": ("disputed", "contested"),
    "state": tuple(_STATE.split("|")),
    "operation": tuple(_OPERATION.split("|")),
    "stands": tuple(dict.fromkeys(_STANDS.split("|"))),
    "disable_until": ("disableuntilts",),
}
#: Words that such names may have before them and behind them.
WORDS_AROUND = (tuple(_BEFORE.replace(" ?", "").split("|")), tuple(_AFTER.split("|")))

_STEMS = (
    "delet|remov|revok|revoc|withdr|retract|rescind|tombston|disabl|deactiv|inactiv|invalidat|expung|purg"
    "|delist|obsolet|expir|validuntil|validto|archived|suspend|deprecat|supersed|takedown|takendown|quarantin"
    "|suppress|exclud|exclusion|ignore|dismiss|redact|discontinu|discard|cancell|canceled|overturn|exonerat"
    "|unpublish|trashed|erased|^voided|^hidden$|^ishidden$|^dropped$|^gone$|^isgone$|donot|dontuse|dontmatch"
    "|nolonger|enddate|dateend$|löscht|loescht|lösch|loesch|zurückgez|zurueckgez|stornier|annullier|ungueltig"
    "|widerruf|entfernt|supprim|révoqu|eliminad"
    "|eliminat|borrad|cancellat|verwijder|ingetrokk|slettet|raderad|återkall|poistet|peruttu|usuni|wycofa|smaz"
    "|zruš|vymaz|töröl|visszavon|șters|retras|silin|iptal|kaldırıl|удал|отозва|видален|διαγρ|ανακλ|נמחק|מחק"
    "|محذوف|حذف|ملغ|hapus|xóa|削除|撤回|撤销|撤銷|取消|删除|刪除|作废|무효|삭제|철회|falsepos|truepos|nonmalic|malicious|benign"
    "|harmless|innocen|verdict|opinion|whitelist|allowlist|disput|knowngood|knownbad|nonmatch|nomatch"
    "|notamatch|falschpos|fauxpos|falsopos|誤検知|误报|오탐"
    "|appeal|overrul|reinstat|^restored|reversed|reversal|^undo$|^undone$|recalled|nullif|annull|annulé|annule$|annulation|^annul$|anulad|anulat|terminated"
    "|termination|decommission|unban|unblock|unlist|^sunset(?:date|at|on)?$|endoflife|^eol$|effectiveto|effectiveuntil|retired$|^retire"
    "|falsealarm|fehlalarm|^tpfp|^fptp|tporfp|irrelevant|^dodel|^del(?:flag|ind|date|ts|at|on|by|reason|user|time|mark|yn)?$|delind|delflag|lgldel|^cancel$|^rmflag|entfern|streich|gestrich"
    "|ausgetragen|abgelaufen|verfall|enddatum|sperr|fechabaja|debaja|^baja|eliminac|elimina[cz]|suprim|caduc|vencim|vencid"
    "|exclus[aã]o|excluíd|excluid|apagad|cancelad|cancelat|revogad|scaden|scadut|rimoss|retrait|retiré|effac|périm"
    "|finvalid|finedevalid|findevalid|válidohasta|validohasta|validofino|válidoaté|validoate|geldigtot|gültigbis|gueltigbis"
    "|vervall|geschrapt|gewist|ongeldig|fjern|sletning|ugyldig|annuller|raderat|borttag|^tabort|ogiltig|poisto|poistam"
    "|skasow|anulow|uniewa|wygas|odstran|odstraň|zrus|neplatn|eltávol|eltavol|torol|^sters|kaldir|kaldır|geçersiz|gecersiz"
    "|изтри|снят|аннулир|исключ|отмен|действителендо|премахн|скасов|відклик|obrisa|izbrisa|uklonj|poništ|ponist|διεγρ"
    "|ακυρ|αφαιρ|מחוק|בוטל|הוסר|الغ|إلغاء|हटा|रद्द|ลบแล้ว|ยกเลิก|đãxoá|dipadam|terhapus|dibatal|廃止|失効|抹消|破棄"
    "|有効期限|有效期|已移除|移除|下架|注销|失效|无效|無效|취소|만료|제거|폐기|해지|유효기간|falsaalarm|falsoalarm|falsoallarm|falskalarm"
    "|warninglist|fpcount|^numfp|^nfp$|downvote|disagree|thumbsdown|^fps$|falserep|falsehit|falsematch|^nfalse$|^falsecount$|replacedby|replacedwith|^replacement|^successor|^canonical$|^aliasof|^sameas|duplicateof|dupof|mergedinto|movedto|takenback"
    "|^seeinstead$|^usethis$|^useinstead$|^insteaduse$|^instead$|^aliasfor$|^correctedhash$|^correction$"
    "|^supplanted|^ersatz|^ersetzt|^remplac|^reemplaz|^sostitui|^vervangen|^substitu"
    "|votesdown|votedown|votesagainst|voteagainst|negativevote|votesneg|votenegative|unhelpful|nothelpful|fprate"
    "|falsktlarm|faussealert|faussealarm|loosalarm|väärähäl|fałszywyal|ложнаятрев|誤警報|误判|誤判"
)
#: Stems by which a name speaks of deletion or opinion, whatever else is in it; "^" and "$" are its ends.
STEMS = tuple(_STEMS.split("|"))
_SPEAKS = re.compile(_STEMS)
_FOLDED = tuple(
    each for stem in STEMS if (each := folded(stem)) != stem and each.isascii() and len(each) >= 5
)
_SPEAKS_BARE = re.compile("|".join(_FOLDED))
_AGAINST = re.compile("malicious|truepos|knownbad")
_FOR = re.compile("nonmalic|notmalic|falsepos|unmalic")
_SPEAKS_WEAKLY = re.compile(
    rf"(?:{_STATE}|{_OPERATION})$|^(?:status|state|action|category|verdict|statut|estado|estatus|stato|stav|tila|durum|статус|状態|状态|상태"
    ")|^(?:moderation|enforcement)$|^(?:qa|qc|audit|validation|qualitycheck|check)(?:ed|status|state|result|outcome)?$"
    # What somebody objects to a picture's being listed, or to the picture.
    "|^(?:user|customer|owner|my|the)*(?:complaints?|objections?|counternotices?|contestations?|beschwerden?|einspruch"
    "|widerspruch|réclamations?|reclamations?|reclamaciones|reclamación|reclamo|recurso|klacht|bezwaar|skarga|жалоба|申诉|異議|이의)"
    "(?:result|outcome|decision|ruling|status|state)?$"
)


@remembered(4096)
def named_column(name: str) -> Named:
    """Return what the name of a column says.

    Examples
    --------
    >>> named_column("File SHA-256").type.algorithm.value
    'sha256'
    >>> named_column("is_deleted").meaning, named_column("deleted_by").meaning
    ('deleted', 'unclear')
    >>> named_column("status")
    Named(meaning='state', type=None, weak=True)
    """
    bare = plain(name)
    known = NAMES.get(bare)
    if known is not None:
        return Named(known)
    if bare.endswith("disableuntilts"):
        return Named("disable_until")
    if bare in UNTYPED:
        return Named("hash", Type(None))
    typed = _TYPED.fullmatch(bare)
    if (
        typed is not None
        and typed["foreign"] not in OTHER_INDICATORS
        and not _is_apart(typed["foreign"], name)
    ):
        return Named("hash", type_named(name))
    untyped = _UNTYPED.fullmatch(bare)
    if untyped is not None:
        notation = NOTATIONS[untyped["notation"]] if untyped["notation"] else None
        return Named("hash", Type(None, notation))
    if bare in _GONE_NAMES:
        return Named("deleted")
    if bare in _HARMLESS_NAMES:
        return Named("negative")
    for meaning, weak, pattern in _RULES:
        if pattern.fullmatch(bare):
            return Named(meaning, weak=weak)
    if _SPEAKS.search(bare) or _SPEAKS_BARE.search(bare):
        # Of what a name says against a picture not even "no" is sure to say nothing.
        return Named("unsure" if _AGAINST.search(bare) and not _FOR.search(bare) else "unclear")
    if _MENTIONED.search(name.lower()) or _MENTIONED.search(bare):
        return Named("odd_hash")
    if _SPEAKS_WEAKLY.search(bare):
        return Named("unclear", weak=True)
    _, dot, last = name.rpartition(".")
    inner = named_column(last) if dot else None
    return inner if inner is not None and inner.meaning in JUDGED else Named("extra")
