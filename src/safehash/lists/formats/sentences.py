"""Tell whether a title takes back, or judges, what stands below it, or a sentence the picture that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..switches import switch
from .vocabulary import DELETED, DOUBTFUL, OPINIONS, SIGNS

__all__ = ["ends_in_a_sign", "in_a_sentence", "is_section", "is_section_name", "is_struck", "remark_on_name"]


def in_a_sentence(text: str) -> bool:
    """Tell whether a text, of any number of lines, says in its midst that a picture was listed wrongly or taken back.

    Examples
    --------
    >>> in_a_sentence("this was a false positive"), in_a_sentence("removed on request")
    (True, True)
    >>> in_a_sentence("removed from the list"), in_a_sentence("a post removed from the site")
    (True, False)
    >>> in_a_sentence("a removed scene")
    False
    """
    lower = text.lower()
    return any(stem in lower for stem in _SENTENCE_STEMS) and _SENTENCE.search(lower) is not None


def is_struck(text: str) -> bool:
    """Tell whether a text is struck through, in HTML, Markdown or Unicode.

    Examples
    --------
    >>> is_struck("~~a picture~~"), is_struck("~3 of them")
    (True, False)
    """
    return re.search(_STRUCK, text) is not None


_STRUCK = r"^[ \t]*(?:<(?:del|s|strike)>|~~)[^\n]*(?:</(?:del|s|strike)>|~~)[ \t]*$|[\u0335-\u0338]"
_TAKEN = "(?:deleted|removed|withdrawn|dropped|purged|pulled|taken|unlisted|disabled|deactivated|unblocked)"
_SENTENCE = re.compile(
    r"(?<![^\W_])(?:false[ _-]?(?:positive|alarm)s?|(?:non|not)[ _-]malicious|exonerated|taken[ _-]back"
    r"|(?:by|in|a)[ _-]mistake|in[ _-]error|mistakenly|erroneously|misidentified"
    r"|(?:deleted|removed|withdrawn|taken[ _-]down|delisted|revoked|retracted|cleared)"
    r"[ _-](?:on|upon|at|by|after|per|following)"
    r"[ _-][^\n]{0,40}(?:request|demand|appeal|review|order)"
    # Of the list, not of what a picture shows or where it was.
    rf"|(?<!not[ _-]){_TAKEN}[ _-](?:from|off)[ _-](?:(?:the|this|that|our|your|all|shared|hash|block|deny)[ _-])"
    r"{0,3}(?:(?:hash|block|deny|ban|black)[ _-]?)?(?:lists?|sets?|databases?|banks?|datasets?|index)"
    r"|(?:hash(?:es)?|entry|entries|digests?|records?|indicators?|signatures?|signals?)[ _-]"
    rf"(?:(?:is|are|was|were|has|have|had|been|to|be|being|now)[ _-]){{0,3}}{_TAKEN}"
    r"|(?:is|was|were|are|be|as|out|found|judged|deemed|rated)[ _-](?:to[ _-]be[ _-])?"
    r"(?:benign|harmless|innocent|innocuous|safe|not[ _-]harmful|legitimate)"
    r"|(?:not|no)[ _-](?:self[ _-]?harm|csam|suicidal)|do[ _-]not[ _-](?:use|match))(?![^\W_])"
    # Folders in which pictures are sorted by what they are.
    r"|(?:^|[/\\])[ \t]*\.?(?:false[ _-]?positives?|true[ _-]?negatives?|negatives?|benign|harmless|innocent"
    r"|known[ _-]good|white[ _-]?list(?:ed)?|allow[ _-]?list(?:ed)?"
    r"|(?:non|not|no)[ _-](?:self[ _-]?harm|csam|matching|match)"
    r"|fps?)[/\\]"
    # False positives, and what is not to be used any more, in several languages.
    r"|^[ \t]*fps?(?:[ \t]+[-\u2013\u2014(]|[ \t]*[:;,]|[ \t]+(?:confirmed|reported|verified)\b)"
    r"|(?<![^\W_])(?:please (?:disregard|ignore)|not actually|no longer (?:appl\w*|valid|relevant|listed|in use|to be)"
    r"|nicht mehr (?:gültig|verwenden|benutzen|relevant|aktuell|zutreffend|sperren|blockieren)"
    r"|nicht (?:verwenden|benutzen|sperren|blockieren)|bitte (?:ignorieren|löschen|entfernen)"
    r"|(?:ist|wird|sind|werden|zu) (?:zu )?(?:löschen|entfernen)|ne (?:plus|pas) (?:utiliser|bloquer|signaler)"
    r"|à (?:supprimer|retirer|enlever)|par erreur|ya no (?:aplica|vale|usar|es)|no (?:usar|utilizar|bloquear)|por error"
    r"|(?:para|a) (?:eliminar|borrar)|não (?:usar|utilizar|bloquear)|por engano|non (?:usare|utilizzare|bloccare)"
    r"|per errore|da (?:eliminare|rimuovere|cancellare)|niet (?:meer )?(?:gebruiken|blokkeren|geldig)"
    r"|per (?:ongeluk|vergissing)|te verwijderen|av misstag|använd inte|ved en feil|ikke bruk|nie używać"
    r"|przez pomyłkę|не использовать|по ошибке)(?![^\W_])"
    r"|^[ \t]*entfällt\b"
    # Until when, and which other digest takes its place.
    r"|^[ \t]*(?:valid[ _-])?(?:expire[sd]?|expiry|until|till|bis|gültig[ _-]bis|hasta|jusqu['’]au)\b\W{0,3}"
    r"(?:on|am|le)?[ \t]*\d[\d./-]{5,}[^\n]{0,20}$"
    r"|(?<!\w)(?:see|use|now|moved[ _-]to|renamed[ _-]to|merged[ _-]into|instead)\W{1,3}[0-9a-f]{16,64}(?!\w)"
    # Struck through.
    rf"|{_STRUCK}"
    # Alone: beside words they may be of what a picture shows.
    rf"|^[ \t]*[{SIGNS}][{SIGNS} \t\ufe0f]*$",
    re.MULTILINE,
)
#: One of these is in all of what is looked for.
_SENTENCE_STEMS = (
    *(
        "false",
        "malicious",
        "exonerated",
        "taken",
        *(
            "remove",
            "delete",
            "withdrawn",
            "dropped",
            "purged",
            "pulled",
            "unlist",
            "disable",
            "deactiv",
            "unblock",
        ),
        "mistake",
        "error",
        "erroneous",
        "misident",
        "request",
        "demand",
    ),
    *(
        "appeal",
        "review",
        "order",
        "benign",
        "harmless",
        "innoc",
        "safe",
        "legitimate",
        "harm",
        "csam",
        "suicid",
        "not use",
        "not match",
        *(
            "negative",
            "known good",
            "known_good",
            "known-good",
            "allow",
            "white",
            "fp/",
            "fps/",
            "fp\\",
            "fps\\",
        ),
        *(
            "expir",
            "until",
            "till",
            "bis",
            "hasta",
            "jusqu",
            "see ",
            "use ",
            "now ",
            "moved",
            "renamed",
            "merged",
        ),
        *("<del>", "<s>", "<strike>", "~~", *"\u0335\u0336\u0337\u0338"),
        *("see:", "use:", "now:", "instead"),
        *(
            "fp",
            "please ",
            "not actually",
            "no longer",
            "nicht mehr",
            "nicht ver",
            "nicht ben",
            "nicht sp",
            "nicht bl",
        ),
        *(
            "bitte ",
            "löschen",
            "entfernen",
            "plus utiliser",
            "pas utiliser",
            "bloquer",
            "signaler",
            "supprimer",
        ),
        *(
            "retirer",
            "enlever",
            "par erreur",
            "ya no",
            "no usar",
            "utilizar",
            "bloquear",
            "por error",
            "eliminar",
        ),
        *("borrar", "não usar", "engano", "non usare", "utilizzare", "bloccare", "per errore", "rimuovere"),
        *(
            "cancellare",
            "gebruiken",
            "blokkeren",
            "geldig",
            "ongeluk",
            "vergissing",
            "verwijderen",
            "misstag",
        ),
        *("använd inte", "en feil", "ikke bruk", "używać", "pomyłkę", "не использ", "по ошибке", "entfällt"),
        *SIGNS,
    ),
)


def ends_in_a_sign(text: str) -> bool:
    """Tell whether a line or a title has a sign that says no behind all words, as a cross behind what is crossed out.

    Examples
    --------
    >>> ends_in_a_sign("a.jpg ❌"), ends_in_a_sign("🚫 signs"), ends_in_a_sign("")
    (True, False, False)
    """
    return text.rstrip(" \t\r\n\ufe0f")[-1:] in [*SIGNS]


def is_section(line: str) -> bool:
    """Tell whether a line of a list is a title that may take back, or judge, what stands below it: "# removed"."""
    if len(line) > _MAX_TITLE or _DIGEST.search(line) is not None:
        return False
    if line.strip() in _OPENS:
        return True
    if ends_in_a_sign(line):
        return True
    if _OF_CHANGES.search(line) is not None:
        return False
    words = re.sub(r"[\W_]+", " ", _FOR_A_PURPOSE.sub(" ", _without_counts(line.lower()))).split()
    if len(words) > 1 and any(_OF_A_YEAR.fullmatch(" ".join(each)) for each in (words, words[1:])):
        return False
    telling = [each for each in words if each not in _BESIDE_A_TITLE and not each.isdecimal()]
    said = " ".join(telling)
    if not said:
        return False
    return _is_of_titles(said) or _is_of_titles(" ".join(words)) or _has_a_stem(telling)


#: How many were added and how many taken back; how those that were are told from others.
_OF_CHANGES = re.compile(
    r"\b(?:added|new|updated)\b\W{0,3}\d+\b.*\b(?:removed|deleted|withdrawn|revoked)\b\W{0,3}\d+\b"
    r"|\b\d+ (?:added|new|updated)\b.*\b\d+ (?:removed|deleted|withdrawn|revoked)\b"
    r"|\b(?:is|are) (?:marked|flagged|told) (?:with|as|by)\b",
    re.IGNORECASE,
)
#: What a list is not to be used for, in a title: all but looking up pictures.
_FOR_A_PURPOSE = re.compile(
    r"\b(?:do[\s_]+not|don['\u2019]?t|never)[\s_]+(?:use|report|share|list)[\s_]+(?:for|in|to|as|with|without|outside|beyond)\b"
    r"(?![^.;:!?\n]*(?:match|block|scan|filter|detect|moderat|compar|look|appeal|review|mistake|error))[^.;:!?\n]*"
)
#: "Archive 2024", as a list is called.
_OF_A_YEAR = re.compile(r"(?:archives?|archiv|архив) (?:19|20)\d\d(?: \d\d?){0,2}")


def _without_counts(line: str) -> str:
    """Return a comment without what only says how many of something there are, or since when: "# Errors: 0"."""
    if _COMMENT.match(line) is None:
        return line
    parts = re.split(r"[,;|]\s", _COMMENT.sub("", line, count=1))
    return ", ".join(part for part in parts if not _is_a_count(part.strip()))


def _is_a_count(part: str) -> bool:
    found = _COUNT.fullmatch(part)
    if found is None or found["n"] == "0":
        return found is not None
    words = re.sub(r"[\W_]+", " ", found["of"]).split()
    # "Removed: 12" may be the title of those twelve.
    return not _has_a_stem(words) and not any(
        each in DELETED or each in DOUBTFUL or OPINIONS.get(each) == "negative" for each in words
    )


_COMMENT = re.compile(r"\s*(?:#|//|--|;)+")
_COUNT = re.compile(
    r"(?P<of>[^:=]*[^\W\d_])\s*[:=]\s*"
    r"(?P<n>\d{1,9}(?:[.,]\d+)*|\d{4}-\d\d-\d\d(?:[t ][\d:.]+z?)?|\d\d?[./-]\d\d?[./-]\d{2,4})"
)


def is_section_name(name: str) -> bool:
    """Tell whether the name of a file may say the same of all that is in it: "removed.csv", "hashes.csv.deleted"."""
    return is_section(name.rpartition(".")[0]) or is_section(name)


def remark_on_name(name: str) -> str | None:
    """Return what is to be said of a list whose own name may say so: it is matched against all the same.

    Examples
    --------
    >>> remark_on_name("partner.csv")
    >>> remark_on_name("partner.removed.csv")
    "the name partner.removed.csv may say that what is in it was taken back, or judged harmless: as a list it is ..."
    """
    if not is_section_name(name):
        return None
    return (
        f"the name {name} may say that what is in it was taken back, or judged harmless: as a list it is matched "
        f"against ({switch('ignore', ['#'])} where that is meant)"
    )


def _has_a_stem(words: Sequence[str]) -> bool:
    """Tell whether a title says in other forms of such words, and hardly in more, that something was taken back."""
    n_others = sum(_STEM.search(each) is None for each in words)
    if n_others < len(words):
        return n_others <= _MAX_OTHERS and not _OF_COPIES.search(" ".join(words))
    phrase = _PHRASE.search(" ".join(words))
    return phrase is not None and n_others - len(phrase[0].split()) <= _MAX_OTHERS


#: A title may have so many words beside those that take back: "hashes of false positives reported by partners".
_MAX_OTHERS = 2
_STEM = re.compile(
    "delet|^remov|revok|revoc|withdr|retract|rescind|tombston|expung|purge|delist|takedown|whitelist|allowlist|exonerat"
    "|fehlalarm|gelösch|geloesch|^lösch|^loesch|zurückgez|zurueckgez|widerruf|entfernt|supprim|^retir[eé]|révoqu|annul[eé]"
    "|eliminad|eliminat|borrad|anulad|suprimid|cancellat|rimoss|verwijder|ingetrok|slettet|raderad|borttag|poistet|usuni"
    "|wycofa|smaz|zruš|vymaz|töröl|visszavon|șters|silin|удал|отозв|аннулир|видал|διαγρ|削除|撤回|删除|刪除|삭제|철회"
)
_PHRASE = re.compile(
    r"false (?:positive|alarm|hit|match)\w*|falsch positiv\w*|faux positif\w*|falsos? positivos?|falsi positivi"
    r"|(?:known )?(?:good|safe|benign|harmless|innocent|clean) (?:hash|image|picture|file|digest|list)\w*"
    r"|(?:allow|white) lists?|taken (?:back|down)|non malicious|not malicious|ausse alarmes?"
    r"|(?:do not|don t|not|must not|never|no longer) (?:to )?(?:be )?(?:block|match|use|report|list|flag|scan)\w*"
    r"|(?:cleared|снятые с)"
    r"|(?:appeals?|complaints?|objections?|counter ?notices?|contestations?) (?:(?:was|were|is|are) )?"
    r"(?:granted|upheld|won|sustained|accepted|successful|justified)"
    r"|(?:granted|upheld|sustained|accepted|successful|justified)"
    r" (?:appeals?|complaints?|objections?|counter ?notices?)"
)
#: What is said of doubles takes nothing back.
_OF_COPIES = re.compile("duplicat|doppelt|doubl|double|duplik")


def _is_of_titles(said: str) -> bool:
    """Tell whether a text is made of words or phrases that take back, and no others."""
    words = said.split()
    while words:
        n = next((n for n in range(min(4, len(words)), 0, -1) if _takes(" ".join(words[:n]))), 0)
        if not n:
            return False
        words = words[n:]
    return True


def _takes(said: str) -> bool:
    return said in DELETED or said in DOUBTFUL or said in _TITLES or OPINIONS.get(said) == "negative"


#: Words that as titles may take back what stands below them, and in cells say nothing for sure.
_TITLES = frozenset(
    re.split(
        r"\s*\|\s*",
        """disputed | contested | under review | legacy | graveyard | distractors | unrelated | non matching |
        nonmatching | not matching | do not import | not ours | control | class 0 | label 0 | ignorable |
        old | former | formerly | previous | previously | archive | archives | exception | exceptions | except |
        excluding | exclusion | exclusions | ignore | ignored | skip | skipped | error | errors | errata |
        erratum | correction | corrections | mistakes | negatives | ham | minus | trash | reinstated | unblocked |
        unbanned | unconfirmed | pending | for review | in review | to review | to check | appeals | granted |
        control group | controls | not listed | unlisted | lifted | ausnahmen | ausnahme | außer | ausser |
        ignorieren | ignoriert | freigegeben | freigabe | entlastet | irrtum | irrtümer | irrtümlich |
        versehentlich | papierkorb | archiv | alte | ehemalige | berichtigung | korrekturen | sauf | excepté |
        à ignorer | ignorer | ignorés | levée | levées | rectificatif | rectifications | corbeille | anciens |
        anciennes | erreur | erreurs | innocentés | bajas | baja | descartados | descartadas | erróneos |
        erróneas | errores | excepto | excepciones | salvo | ignorar | papelera | antiguos | annullati |
        annullate | errata corrige | ignorare | da ignorare | eccezioni | tranne | cestino | errori | negeren |
        te negeren | uitzonderingen | behalve | prullenbak | exceções | lixeira | undantag | utom | unntak |
        poikkeukset | wyjątki | kosz | błędy | výjimky | koš | kivételek | снятые | ложные | исключения | кроме |
        ошибки | корзина | архив | старые | винятки | помилки | αφαιρέθηκαν | εξαιρέσεις | 除外 | 例外 |
        回收站 | ゴミ箱 | 訂正 | 更正 | 错误 | 旧 | 예외 | 휴지통 | 오류 | استثناءات | خطأ | חריגים""",
    )
)


_MAX_TITLE = 100
#: What begins lines that are set aside where lists are parts of programs or pages.
_OPENS = frozenset(
    ("<!--", "/*", "/**", '"""', "'''", "=begin", "#if 0", "{-", "(*", "--[[", "<del>", "<s>", "<strike>")
)
_DIGEST = re.compile(r"[0-9A-Fa-f]{16}")
#: Words of a title that say nothing themselves: "The following hashes were removed on 2024-05-06:".
_BESIDE_A_TITLE = frozenset(
    (
        *(
            "hash",
            "hashes",
            "entry",
            "entries",
            "list",
            "lists",
            "item",
            "items",
            "record",
            "records",
            "signals",
        ),
        *(
            "digest",
            "digests",
            "image",
            "images",
            "pdq",
            "md5",
            "sha1",
            "sha256",
            "phash",
            "id",
            "ids",
            "of",
            "the",
        ),
        *(
            "these",
            "following",
            "are",
            "is",
            "was",
            "were",
            "have",
            "has",
            "been",
            "be",
            "to",
            "from",
            "below",
            "all",
        ),
        *(
            "here",
            "section",
            "start",
            "begin",
            "on",
            "at",
            "since",
            "by",
            "after",
            "appeal",
            "review",
            *(
                "this",
                "last",
                "month",
                "week",
                "year",
                "export",
                "edition",
                "version",
                "release",
                "issue",
                "update",
            ),
            *(
                "reviewers",
                "moderators",
                "request",
                "seit",
                "letzter",
                "letzten",
                "letztem",
                "ausgabe",
                "export",
            ),
            *("depuis", "dernière", "desde", "del", "mes", "sinds", "dal", "с", "учёта"),
            *("liste", "lista", "folgende", "folgenden", "wurde", "wurden", "sind", "ist", "am", "vom", "im"),
            *(
                "einträge",
                "bilder",
                "le",
                "la",
                "des",
                "du",
                "ont",
                "été",
                "sont",
                "suivants",
                "el",
                "fueron",
                "han",
            ),
            *("sido", "siguientes", "lijst", "zijn", "sono", "stati", "e", "y", "et", "in", "for", "we", "i"),
            *("set", "sets", "our", "ours", "show", "sorry", "control"),
            "und",
            "die",
            "der",
            "les",
            "los",
            "las",
        ),
    )
)
