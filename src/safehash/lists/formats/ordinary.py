"""Names of columns that are known to say nothing of deletion or opinion: yes and no under any other name may."""

from __future__ import annotations

import re

from .remembering import remembered

__all__ = ["ORDINARY", "is_ordinary"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words of which such names are made; a name all of whose words are among these is ordinary.
ORDINARY = _words(
    """
     about account across additional address adult age ai album alpha amount an and animated animation any app
    application archive area article artist as asset at attachment attempt attempts audio author auto avatar
    average avg b bank banks base batch bbox bin bit bits black blood blur blurred blurry body book bot box brand
    brightness bucket business by bytes camera caption captions captured case cases channel channels character chat
    child children cid city class client cluster clusters cm code codec collage collection color colors colour colours
    column columns comic comment comments compressed confidence contains contact contains content contents context
    contrast copies copy count country counter counts cover created creator crop cropped csv currency custom
    customer cut daily data database dataset date day days depth desc description desktop device
    dhash digest digital dimension dimensions direct directory dirs display distance district doc document domain
    downloaded dpi drawing drawn drug drugs dt duration email embedded emoji encoded encoding engine english entity
    entries entry episode event exact example exchange exif explicit export exported extension external extra
    extracted face faces family favorite feature features feed fetched field file filename files filesize filter first
    flash fold folds folder font for format forum forwarded fps frame frames frequency friend from full gallery game
    gender
    general generated geo gif gore gps grade graphic gray grayscale grey group groups h handle has hash hashed hashes
    have
    header height help hex high hits home horizontal host hour html human id identity ids illustration
    image
    images img imported in incident index indexed info ingested initial injury input instagram int
    intensity internal intimate is iso issue item items job jpeg jpg json keyword kfold kids kind label labeled labels
    lang language large last lat latitude layer length level library likes line lines link linked links list
    lists local locale location log logo lon long longitude low magic main make male manual map marker
    mature max md media medium meme member members message metadata method mib mime min minor minors minute mobile
    model
    modified modifier month monthly motion movie mp multi multiple name names nature ncmec near network news
    next no nominated note notes notice notified nsfw nudity num number numbers object occurrences ocr of official
    offset
    on online opened order org organisation organization orientation origin original other output own owner page
    pages
    palette parent part partner parts path paths pdf pdq people percent person phash phone photo photos pic picture
    pictures pixel pixels place platform png point police popularity port portrait pos position post posted posts
    prefix preview primary priority private probability processed product profile program progressive project
    promoted provider public quality quantity query queue r race random range rank ranking rate rating ratio
    raw read reader reading ready real received record recorded records ref reference referrer region rel
    report
    reported reporter reporting reports requested res resized resolution retina rgb risk role root rotated rotation
    round
    row rows rule run sample saturation saved scale scanned score scores screen screenshot screenshots search
    second secondary
    section seen self sensitive sensitivity sent sequence serial series service session severity sex sha sha1 sha256
    md5
    share shared shares sharpness sheet shock short shown side similarity single site size sizes slot small social
    sorted source sources space spam special species speed stage start static station sticker stickers storage store
    stored stream string style sub subject submission submitted submitter supplier svg synced synchronised
    system
    tagged tags taken task team technical template tenant term terror test tests text thread threshold thumb
    thumbnail thumbnails ticket tier tiktok time times title to token tool top topic total training transferred
    translated transparency transparent type types underage unicode unique unit units upload uploaded uploader uploads
    upper urgency urgent uri url urls usage user username users utc uuid value values vector vendor verbose version
    vertical via video videos view viewed views violence violent viral visits volume vulnerable w watermark
    watermarked web website weekly weight what when where white who width window with word words work worker x year
    years yearly y z zip zoom
    """
)


@remembered(4096)
def is_ordinary(name: str) -> bool:
    """Tell whether a column's name is made of words that say nothing of deletion or opinion.

    Examples
    --------
    >>> is_ordinary("hasExif"), is_ordinary("num_faces2"), is_ordinary("fjernet"), is_ordinary("on_list")
    (True, True, False, False)
    >>> is_ordinary("is_test"), is_ordinary("test_image")
    (False, True)
    """
    parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+", name)]
    is_on_list = parts[-1:] in (["list"], ["lists"], ["feed"], ["index"]) and parts[-2:-1] in (["on"], ["in"])
    is_of_no_picture = bool(parts) and {*parts} <= _OF_NO_PICTURE and not {*parts} <= _FILLING
    return bool(parts) and not is_on_list and not is_of_no_picture and all(part in ORDINARY for part in parts)


#: A record that is there to try something out; with other words beside them they mean other things ("test_split").
_FILLING = _words("is a an for only entry record hash item data row was")
_OF_NO_PICTURE = _FILLING | _words("test tests testing example sample")
