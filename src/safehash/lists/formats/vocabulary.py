"""The words of lists: what column names and cells mean; docs/formats.md prints these tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from ...hashing.hashes import Algorithm

__all__ = [
    "ALGORITHMS",
    "DELETED",
    "DITTO",
    "DOUBTFUL",
    "FALSE",
    "FOREIGN",
    "LIVE",
    "NAMES",
    "NEUTRAL",
    "NOTATIONS",
    "NO_TYPE",
    "NULL",
    "OF_NO_PICTURE",
    "OPINIONS",
    "OPINION_LABELS",
    "OTHER_INDICATORS",
    "SIGNS",
    "TELLING",
    "TRUE",
    "UNMISTAKABLE",
    "UNTYPED",
    "VIDEO",
    "folded",
    "plain",
    "word",
]


#: A text in pieces that are normalized by themselves: marks are put in order by comparing each with those before it,
#: which takes minutes for a hundred thousand of them. An ASCII character begins a letter; no letter has 128 marks.
_PIECES = re.compile(r"[\x00-\x7f]*[^\x00-\x7f]{1,128}|[\x00-\x7f]+")


def _normal(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    return "".join(unicodedata.normalize(form, each) for each in _PIECES.findall(text))


def plain(name: str) -> str:
    """Return a name in lower case, without anything but letters and digits of any script."""
    text = name if name.isascii() else _normal("NFKC", name)
    return re.sub(r"[\W_]+", "", text.lower())


def word(cell: str) -> str:
    """Return a cell as the tables below write it: in lower case, blanks for hyphens and underscores (%20, a+b)."""
    if "%20" in cell or "+" in cell:
        cell = _URL_BLANK.sub(" ", cell)
    text = cell if cell.isascii() else "".join(filter(_is_shown, _normal("NFKC", cell)))
    return re.sub(r"[\s_-]+", " ", text.strip().lower()).strip() or text.strip()


_URL_BLANK = re.compile(r"%20|(?<=[^\W\d_])\+(?=[^\W\d_])")


def _is_shown(character: str) -> bool:
    """Tell whether a character is no mark of direction, width or hyphenation that nobody sees."""
    return unicodedata.category(character) != "Cf"


def folded(text: str) -> str:
    """Return a text without accents, as it is written where there is no key for them."""
    if text.isascii():
        return text
    parts = _normal("NFKD", text.translate(_LETTERS))
    return _normal("NFC", "".join(each for each in parts if not unicodedata.combining(each)))


#: Letters that are no letter with an accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})


def _words(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split("|"))


def _on_any_keyboard(text: str) -> tuple[str, ...]:
    """Return words, and those of Latin script without their accents."""
    found = _words(text)
    return (*found, *(bare for each in found if (bare := folded(each)).isascii() and len(bare) > 3))


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
    "sha2": Algorithm.SHA256,
}

#: Digests that lists carry and safehash does not compute: kept, counted, matched against nothing.
FOREIGN = _words(
    r"""
    adler32 | ahash | authentihash | averagehash | blake2 | blake2bp | blake2sp |
    blake2b | blake2b160 | blake2b256 | blake2b384 |
    blake2b512 | blake2s | blake2s128 | blake2s160 | blake2s256 | blake224 | blake256 | blake384 |
    blake512 | blake3 | blockhash | blockmeanhash | bmh | cityhash | cityhash64 | cityhash128 |
    colormomenthash | colorhash | cosinehash | crc | crc16 | crc24 | crc32 | crc32b | crc32c | crc64 |
    crophash | cropresistanthash | ctph | dct2hash | dhash | dhash64 | ahash64 |
    whash64 | differencehash | dinohash | ed2k | edonr | edonr256 | edonr512 | farmhash | fletcher32 |
    fnv1 | fnv1a | fnv132 | fnv164 | fnv1a32 | fnv1a64 | fuzzyhash | gost | gost94 | gost341194 |
    gostcrypto | groestl | haval | haval128 | haval160 | haval192 | haval224 | haval256 | highwayhash |
    imphash | impfuzzy | ja3 | ja3s | ja4 | jarm | jenkins | jh | joaat | k12 | keccak | keccak224 |
    keccak256 | keccak384 | keccak512 | lm | lmhash | lsh | machoc | marrhildreth |
    marrhildrethhash | md2 | md4 | md6 | metrohash | minhash | mmh3 | murmur | murmur2 | murmur3 |
    murmurhash | murmurhash3 | netclean | neuralhash | nilsimsa | nthash | ntlm | ntlmv2 | oshash | panama |
    pdna | pdqf | pdqfvideo | photodna | quickxorhash | radialhash | radialvariancehash | rhahash |
    richhash | richheaderhash | richpehash | ripemd | ripemd128 | ripemd160 | ripemd256 | ripemd320 |
    rmd128 | rmd160 | saferhash | sdhash | sha0 | sha224 | sha2224 | sha2384 | sha2512 | sha3 | sha3224 |
    sha3256 | sha3384 | sha3512 | sha384 | sha512 | sha512224 | sha512256 | shake128 | shake256 |
    simhash | siphash | skein | skein256 | skein512 | skein1024 | sm3 | snefru | snefru128 |
    snefru256 | spamsum | spookyhash | ssdeep | ssvhpdna | ssvhsaferhash | streebog |
    streebog256 | streebog512 | t1ha | telfhash | tiger | tiger2 | tiger128 | tiger160 | tiger192 |
    tigertree | tlsh | tmk | tmkpdqf | tth | vhash | videntifier | vpdq | wavelethash | whash | whirlpool |
    wyhash | xxh3 | xxh32 | xxh64 | xxh128 | xxhash | xxhash32 | xxhash64 | xxhash128
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
    for | column | wert | valeur | valor | valore | waarde | bild | datei |
    hashwert | prüfsumme | pruefsumme | fingerabdruck | der | des | empreinte | numérique | numerique | somme |
    contrôle | controle | condensat | fichier | de | du | la | le | huella | suma | comprobación |
    comprobacion | verificación | verificacion | archivo | imagen | foto | el | impronta | digitale | somma |
    immagine | di | da | soma | verificação | resumo | arquivo | ficheiro | imagem | do | hashwaarde |
    controlegetal | bestand | afbeelding | van | kontrollsumma | kontrolsum | sjekksum | kontrollsum | fil |
    tarkiste | tarkistussumma | skrót | kontrolna | plik | pliku | otisk | kontrolní | součet | souboru | хэш |
    хеш | сумма | контрольная | файл | файла | изображения | ハッシュ | ハッシュ値 | チェックサム | 値 | 画像 |
    哈希 | 哈希值 | 校验和 | 值 | 文件 | 图片 | 雜湊 | 해시 | 해시값 | 값 | 파일
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
    mediahash | contenthash | photohash | picturehash | hashhex | hexhash | hashcode | hashwert |
    prüfsumme | pruefsumme | fingerabdruck | empreinte | empreintenumérique | huella | huelladigital |
    impronta | hashwaarde | kontrollsumma | kontrolsum | sjekksum | tarkiste | skrót | sumakontrolna |
    otisk | hachage | хэш | хеш | хэшсумма | контрольнаясумма | ハッシュ | ハッシュ値 | 哈希 | 哈希值 | 雜湊 |
    散列值 |
    해시 | 해시값
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

#: Cells that say what the one above them says.
DITTO = frozenset(
    _words(
        r"""
    " | "" | '' | ” | “ | „ | 〃 | -"- | -''- | -”- | - " - | ditto | dito | dto | dto. | do. | idem | id. | ibid |
    ibid. | ibidem | same | as above | same as above | see above | siehe oben | s.o. | wie oben | gleich | ↑ | ^ | ⬆ |
    同上 | 上同 | то же | jw. | ut supra
    """
    )
)

#: Yes and no, as programs and spreadsheets of several languages write them.
TRUE = frozenset(
    _words(
        r"""
    1 | 1.0 | 1,0 | true | t | yes | y | x | on | ✓ | ✔ | ☑ | wahr | ja | j | vrai | oui | o |
    verdadero | verdadeiro | sí | si | sim | vero | sì | waar | sand | sandt | sant | sann |
    tosi | kyllä | prawda | tak | pravda | ano | áno | igaz | igen | adevărat | doğru | evet | jah |
    jā | taip | já | истина | да | так | ναι | αληθές | כן | نعم | हाँ | ใช่ | có | ya | 是 | 真 | はい | 예 | 네
    """
    )
)

FALSE = frozenset(
    _words(
        r"""
    0 | 0.0 | 0,0 | false | f | no | n | off | falsch | nein | faux | non | falso | não | onwaar |
    nee | falsk | falskt | usann | nej | nei | epätosi | ei | fałsz | nie | nepravda | ne | hamis |
    nem | fals | nu | yanlış | hayır | nē | ложь | нет | не | ні | όχι | ψευδές | לא | لا | नहीं | ไม่ |
    không | tidak | ☐ | 否 | 假 | いいえ | 아니오 | 아니요
    """
    )
)

#: Cells that say a record was taken back.
DELETED = frozenset(
    _on_any_keyboard(
        r"""
    struck | struck out | struck off | crossed out | durchgestrichen | barré | rayé | tachado | barrato | doorgehaald |
    deleted | delete | withdrawn | withdraw | removed | remove | revoked | revoke | retracted |
    retract | rescinded | disabled | disable | inactive | deactivated | tombstone | tombstoned |
    expired | obsolete | invalid | invalidated | purged | expunged | delisted | unlisted |
    taken back | was taken back |
    should delete | soft deleted | hard deleted | inactivated | expunge | erased | trashed | voided |
    void | cancelled | canceled | discarded | recalled | retired | no longer valid | no longer active | not valid |
    not active | not enabled | gelöscht | geloescht | entfernt | zurückgezogen | widerrufen | deaktiviert |
    löschen | loeschen | löschung | loeschung | entfernen | zurueckgezogen | zurückziehen | storniert |
    stornieren | annulliert | ungueltig | supprimer | suppression | retirer | annulé | annule | eliminar |
    borrar | anulado | suprimido | excluir | apagado | apagar | eliminare | rimosso | rimuovere | annullato |
    verwijderen | geannuleerd | slettes | ta bort | usuń | usunąć | smazat | törlés | удалить | видалити |
    inaktiv | ungültig | supprimé | supprime | retiré | révoqué | inactif | eliminado | borrado |
    retirado | revocado | inactivo | removido | excluído | inativo | cancellato | eliminato |
    ritirato | verwijderd | ingetrokken | slettet | trukket tilbage | trukket tilbake | raderad |
    borttagen | återkallad | poistettu | peruttu | usunięty | usunięte | usunięta | wycofany | wycofane |
    smazáno | smazaný | zrušeno | vymazané | törölt | törölve | visszavont | șters | retras | silindi |
    silinmiş | iptal edildi | kaldırıldı | удалено | удален | удалён | отозвано | отозван | видалено |
    διαγράφηκε | διαγραμμένο | ανακλήθηκε | נמחק | محذوف | ملغى | dihapus | đã xóa | 削除 | 削除済み |
    取り下げ | 取下げ | 取り下げ済み |
    撤回 | 取り消し | 取消 | 無効 | 已删除 | 已刪除 | 已撤回 | 已撤销 | 已撤銷 | 作废 | 삭제 | 삭제됨 | 철회됨 |
    del | rm | null and void | nullified | annulled | nuked | taken offline | terminated | decommissioned |
    revocated | tombstones | deletions | deletion | deletes | removals | removal | withdrawals | withdrawal |
    revocations | revocation | retractions | retraction | takedowns | deleted ids | removed ids |
    storno | stornierung | entfernung | widerruf | rücknahme | aufhebung | streichung | austragung |
    löschvermerk | retrait | annulation | révocation | radiation | effacement | eliminación | supresión | anulación |
    revocación | borrado lógico | exclusão | remoção | anulação | revogação | rimozione | eliminazione |
    cancellazione | annullamento | revoca | ritiro | verwijdering | intrekking | annulering | sletning | sletting |
    fjernelse | fjerning | borttagning | radering | återkallelse | poisto | peruutus | usunięcie | wycofanie |
    skreślenie | unieważnienie | smazání | zrušení | vymazání | zmazanie | odstránenie | törlés | visszavonás |
    ștergere | retragere | silme | kaldırma | iptal etme | удаление | отзыв | аннулирование | видалення | скасування |
    διαγραφή | ανάκληση | מחיקה | ביטול | حذف | إلغاء | 撤回済み | 削除予定 | 삭제 예정 |
    aufgehoben | gestrichen | verworfen | ausgetragen | abgelaufen | getilgt | stillgelegt | nicht mehr gültig |
    annulée | annulés | supprimée | supprimés | effacé | effacée | enlevé | périmé | abrogé | révoquée | retirée |
    désactivé | invalidé | dado de baja | dada de baja | baja | caducado | cancelado | eliminada | borrada |
    suprimida |
    retirada | revocada | anulada | desactivado | invalidado | vencido | revogado | excluída | excluida | excluido |
    apagada | removida | desativado | expirado | eliminata | cancellata | annullata | rimossa | revocato | revocata |
    ritirata | scaduto | disattivato | decaduto | vervallen | geschrapt | gewist | ongeldig | opgeheven |
    teruggetrokken |
    verlopen | gedeactiveerd | fjernet | fjernede | slettede | ugyldig | annulleret | annullert | tilbakekalt |
    tilbagekaldt | udløbet | utgått | deaktiveret | deaktivert | raderat | raderade | borttaget | borttagna |
    ogiltig |
    annullerad | indragen | makulerad | avaktiverad | mitätöity | kumottu | vanhentunut | poistetut | skasowany |
    skasowane | skasowana | anulowany | anulowane | odwołany | unieważniony | unieważnione | wygasły | wycofana |
    odstraněno | odstraněný | odstraněné | odstránené | zrušený | zrušené | zrušená | vymazáno | vymazaný | neplatný |
    neplatné | stažený | stiahnuté | eltávolítva | eltávolított | érvénytelen | visszavonva | eliminat | anulat |
    revocat | dezactivat | iptal | kaldırılmış | geçersiz | geri çekildi | удалена | удалены | удалённый |
    отменено | отменен |
    отменён | отменена | аннулировано | аннулирован | исключено | исключен | снято | снят | недействителен |
    недействительно | неактивен | отозвана | видалений | видалена | скасовано | скасований | відкликано | недійсний |
    изтрит | изтрито | премахнат | премахнато | obrisano | obrisan | izbrisano | izbrisan | uklonjeno | uklonjen |
    poništeno | povučeno | preklicano | обрисано | избрисано | уклоњено | ακυρώθηκε | ακυρωμένο | αφαιρέθηκε |
    διαγραμμένη | διεγραμμένο | άκυρο | בוטל | הוסר | נמחקה | מחוק | ملغي | ملغاة | محذوفة | تم الحذف | تم الإلغاء |
    مسحوب | حذف شده | لغو شده | हटाया गया | हटा दिया गया | हटाया | रद्द | ลบ | ลบแล้ว | ถูกลบ | ยกเลิก | ยกเลิกแล้ว |
    đã xoá | đã hủy | đã huỷ | đã thu hồi | dibatalkan | dicabut | dipadam | terhapus | ditarik | ištrinta |
    pašalinta |
    dzēsts | kustutatud | eemaldatud | esborrat | 削除済 | 取り消し済み | 取消済み | 取消済 | 廃止 | 失効 | 抹消 |
    破棄 |     無効化 |
    删除 | 刪除 | 已取消 | 已作废 | 无效 | 無效 | 已失效 | 失效 | 已移除 | 移除 | 已注销 | 撤销 | 撤銷 | 已下架 |
    下架 |
    취소 | 취소됨 | 무효 | 만료 | 만료됨 | 제거됨 | 폐기 | 폐기됨 | 해지
    """
    )
)

#: Cells that say a record stands.
LIVE = frozenset(
    _on_any_keyboard(
        r"""
    active | live | enabled | enable | valid | current | present | added | add | new | create |
    created | insert | inserted | update | updated | upsert | modified | keep | kept | published |
    listed | received | restored | restore | reinstated | undeleted | not deleted |
    hinzufügen | hinzugefügt | hinzufuegen | hinzugefuegt | ajouter | ajouté | añadir | añadido | toevoegen |
    not withdrawn | not revoked | not removed | not disabled | not expired | aktiv | aktywna | aktywne |
    aktivní | aktív | aktiivinen | etkin | активен | активный | активний | ενεργό | 有効 | 有效 | 활성 |
    gültig | actif | activo | ativo | attivo | actief |
    aktywny | активно
    """
    )
)

_FALSE_ALARMS = _on_any_keyboard(
    r"""
    false alarm | false hit | false match | fehlalarm | fausse alerte | fausse alarme | falsa alarma | falso alarme |
    falso allarme | loos alarm | vals alarm | falskt larm | falsk alarm | väärä hälytys | fałszywy alarm |
    falešný poplach | téves riasztás | alarmă falsă | yanlış alarm | yanliş alarm | ложная тревога | хибна тривога |
    誤警報 | 误判 | 誤判 | 오경보
    """
)

#: What cells say of a picture, and which category that is.
OPINIONS: Mapping[str, str] = {
    **dict.fromkeys(
        _on_any_keyboard(
            r"""
        positive | true positive | tp | malicious | harmful | violating | violation | confirmed |
        bad | known bad | match | blocked | block | blocklisted | blocklist | blacklisted |
        blacklist | abusive | unsafe | positive class | confirmed positive | approved | true positives |
        truepositive | confirmed match | agree | strongly agree | positiv | positif | positivo | positief | pozytywny |
        положительный | bösartig | malveillant | malicioso | schädlich
        """
        ),
        "positive",
    ),
    **dict.fromkeys(
        _on_any_keyboard(
            r"""
        negative | false positive | fp | non malicious | not malicious | benign | safe | harmless |
        innocuous | clean | good | known good | non match | no match | not match | nonmatch |
        not blocked | notblocked | allowed | allow | allowlisted | allowlist | whitelisted |
        whitelist | legitimate | legit | trusted | non violating | not violating | non pertinent |
        not pertinent | negative class | rejected | innocent | falsepositive | nonmalicious |
        nonviolating | nonpertinent | unfounded | not harmful | non harmful | false positives |
        falsepositives | confirmed false positive | confirmed negative | true negative | known safe |
        known benign | known clean | goodware | not a match | no violation | not a violation | non violation |
        not violative | non violative | exonerated | disagree | disagree with tags | not csam | non csam |
        strongly disagree | not self harm | non self harm | not malware | not abusive | negativ | négatif |
        negatif | negativo |
        negatief | negatywny | отрицательный | harmlos | unbedenklich | gutartig | inoffensif | bénin | benigno |
        inofensivo | innocuo | onschuldig | ofarlig | harmløs | безвредный | falsch positiv | falschpositiv |
        faux positif | faux positifs | falso positivo | falsos positivos | falsi positivi | vals positief |
        falskt positiv | falsk positiv | fałszywie pozytywny | ложноположительный | ложное срабатывание |
        誤検知 | 偽陽性 | 误报 | 誤報 | 오탐 | f/p | acquitted | not guilty | kein treffer
        """
        ),
        "negative",
    ),
    **dict.fromkeys(_FALSE_ALARMS, "negative"),
    **dict.fromkeys(
        _on_any_keyboard(
            r"""
        seed | unreviewed | not reviewed | unverified | unconfirmed | unknown | pending |
        pending review | suspicious | suspected | candidate | potential | undetermined |
        inconclusive | investigation seed | needs review | to review | in review | open
        """
        ),
        "seed",
    ),
    **dict.fromkeys(
        _on_any_keyboard(
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
    to review | needs review | pending review | baja | снят | снято | 移除 | verlopen | eliminat
    """
    )
)

#: Signs that say no to something where nothing else is said.
SIGNS = "❌✗✘🗑⛔🚫👎"

#: Words that speak of deletion or opinion without saying what becomes of the record: never read as live.
DOUBTFUL = frozenset(
    _on_any_keyboard(
        r"""
    ignorable | not notable | non notable |
    no longer listed | reject | dismiss | overturn | unblock | unban | reinstate | exonerate | acquit |
    suppress | exclude | quarantine | suspend | undo | redact | supersede | deprecate | archived | suspended |
    hidden | dismissed | overturned | reversed | cleared | mistake | mistaken | by mistake | in error |
    deprecated | superseded | discontinued | quarantined | redacted | excluded | suppressed | unpublished |
    taken down | takedown | do not use | do not match | dont use | don't use | under appeal | appealed |
    appeal granted | appeal upheld | misclassified | mislabelled | mislabeled | wrong | incorrect | paused |
    dropped | gone | dead | allow list | white list | deny list | black list | exempt | unsubstantiated |
    irrelevant | not relevant | acceptable | permitted | neutral | sfw | safe for work | on hold | frozen |
    replaced | вилучено | zmazané | umaknjeno | odstranjeno | atšaukta | atsaukts | tühistatud | retirat |
    ezabatua | kendua | scriosta | tinanggal | binura | imefutwa | đã gỡ | मिटाया गया | cxl | offline |
    taken off | not approved | not confirmed | declined | denied | undone | duplicate | dup | nullity |
    no action | no action needed | no action taken | no action required | no further action | nfa | wontfix |
    refuted | disproved | disproven | debunked | rebutted | discredited | not substantiated |
    not verified | not proven |
    won't fix | wont fix | not actionable | sans suite | non lieu | sin efecto | destroyed | trash | deny |
    permit | permits | abgelehnt | gesperrt | rejeté | rejetée | refusé | rechazado | rechazada | rejeitado |
    recusado | respinto | rifiutato | afgewezen | afvist | avslått | avvisad | avslagen | hylätty |
    odrzucony | odrzucone | zamítnuto | zamítnutý | zamietnuté | elutasítva | elutasított | respins |
    reddedildi | отклонено | отклонен | отклонён | відхилено | απορρίφθηκε | נדחה | مرفوض | رد شده | ditolak |
    bị từ chối | 却下 | 拒否 | 已拒绝 | 拒绝 | 거부됨 | 거절됨
    """
    )
) | {sign + form for sign in SIGNS for form in ("", "\N{VARIATION SELECTOR-16}")}

#: Of these, and of what takes back, words that are labels of no picture.
OF_NO_PICTURE = frozenset(
    _words(
        r"""
    cleared | overturned | dismissed | reversed | recalled | superseded | deprecated | by mistake | in error |
    appeal granted | appeal upheld | appealed | under appeal | misclassified | mislabelled | mislabeled |
    unsubstantiated | not approved | not confirmed | do not use | do not match | ignorable | irrelevant |
    not relevant | no longer listed | taken back | delisted | unlisted | skip | skipped | ignore | ignored | neg |
    normal | neutral |
    refuted | disproved | disproven | debunked | rebutted | discredited | not substantiated |
    mismatch | misidentified | misid | erroneous | no longer | appeal won | f.p. | -ve
    """
    )
)

#: Cells by which a column of a name that means other things too speaks of deletion or opinion after all.
TELLING = (DELETED | frozenset(OPINIONS) | LIVE | DOUBTFUL) - _VAGUE

#: Opinions that are none but in lists of this kind: they count whatever their column is called.
_UNMISTAKABLE_OPINIONS = _words(
    r"""
    false positive | false positives | falsepositive | falsepositives | non malicious | nonmalicious |
    not malicious | benign | harmless | innocent | innocuous | known good | known safe | known benign |
    known clean | goodware | non violating | nonviolating | not violating | not violative | non violative |
    not a match | non match | nonmatch | not a violation | no violation | not harmful | non harmful |
    exonerated | allowlisted | whitelisted | true negative | confirmed negative | disagree with tags | harmlos |
    unbedenklich | inoffensif | falsch positiv | falschpositiv | faux positif | falso positivo | falskt positiv |
    vals positief | fałszywie pozytywny | ложное срабатывание | ложноположительный | 誤検知 | 偽陽性 | 误报 | 오탐
    """
)

#: Cells that speak of deletion or opinion whatever their column is called.
UNMISTAKABLE = frozenset(
    (
        *_UNMISTAKABLE_OPINIONS,
        *_FALSE_ALARMS,
        *_words(
            r"""
    deleted | soft deleted | hard deleted | withdrawn | revoked | retracted | rescinded | tombstone |
    tombstoned | expunged | should delete |
    replaced by | superseded by | obsoleted by | do not match | do not use | no longer valid | gelöscht |
    zurückgezogen | widerrufen | supprimé | révoqué | eliminado | revocado | cancellato | verwijderd |
    ingetrokken | slettet | raderad | poistettu | usunięty | usunięte | удалено | удален | отозвано |
    löschen | loeschen | geloescht | löschung | loeschung | storniert | supprimer | eliminar | verwijderen |
    скасовано | вилучено | حذف شده | تم الحذف | obrisano | izbrisano | обрисано | избрисано | zmazané | vymazané |
    ištrinta | dzēsts | kustutatud | esborrat | ezabatua | scriosta | tinanggal | imefutwa | dihapus | dicabut |
    ลบแล้ว | हटाया गया | נמחק | διαγράφηκε | изтрит | retras |
    удалить | 削除 | 削除済み | 已删除 | 已刪除 | 已撤回 | 삭제됨
    """
        ),
    )
)

#: Labels by which tools of the field remember an opinion, and words that mean the same.
OPINION_LABELS: Mapping[str, str] = {
    **{said: own for said, own in OPINIONS.items() if own == "negative" and said in TELLING},
    **dict.fromkeys(_UNMISTAKABLE_OPINIONS, "negative"),
    "disputed": "disputed",
    "positive": "positive",
    "true positive": "positive",
    "truepositive": "positive",
}

# -- columns, as `plain` writes them -----------------------------------------------------------------------

#: What columns mean by their names, `plain`; digests and what speaks of deletion or opinion are told by rules.
NAMES: Mapping[str, str] = {
    **dict.fromkeys(
        _words(
            r"""
        type | algorithm | algo | hashtype | hashname | hashalgorithm | hashalgo | signaltype |
        digesttype | indicatortype | hashkind | fingerprinttype | hashmethod | hashfunction |
        hashfunc | hashingalgorithm | hashingmethod | hashformat | hashalgoname | hashalgorithmname |
        hashtypename | algorithmname | alg | digestalgorithm | checksumtype | checksumalgorithm |
        algorithmus | algorithme | algoritmo | algoritme | algoritm | algorytm | алгоритм | アルゴリズム | 算法
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
