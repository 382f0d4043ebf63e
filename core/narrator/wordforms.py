"""The forms of English words: what "run" is in the past, and what "stories" is one of.

Regular forms follow from rules of spelling; the others are a list of those that plain stories use.
"""

import functools

_IRREGULAR = """
be am is are was were been being / have has had having / do does did done doing / go goes went
gone going / say says said / see sees saw seen / come comes came coming / take takes took taken
taking / get gets got gotten getting / give gives gave given giving / find finds found / think
thinks thought / tell tells told / leave leaves left leaving / feel feels felt / bring brings
brought / keep keeps kept / hold holds held / stand stands stood / hear hears heard / run runs ran
running / sit sits sat sitting / fall falls fell fallen / eat eats ate eaten / sing sings sang
sung / drink drinks drank drunk / swim swims swam swum swimming / begin begins began begun
beginning / know knows knew known / grow grows grew grown / throw throws threw thrown / blow blows
blew blown / fly flies flew flown flying / draw draws drew drawn / break breaks broke broken
breaking / speak speaks spoke spoken / steal steals stole stolen / freeze freezes froze frozen /
choose chooses chose chosen / wake wakes woke woken / write writes wrote written writing / ride
rides rode ridden riding / drive drives drove driven driving / rise rises rose risen / hide hides
hid hidden hiding / bite bites bit bitten biting / shake shakes shook shaken / make makes made
making / lose loses lost losing / build builds built / send sends sent / spend spends spent / lend
lends lent / bend bends bent / sleep sleeps slept / sell sells sold selling / become becomes
became becoming / show shows showed shown showing / light lights lit lighted lighting / slide
slides slid sliding / kneel kneels knelt kneeling / leap leaps leaped leapt leaping / strike
strikes struck striking / sting stings stung stinging / mean means meant meaning / deal deals
dealt dealing / beat beats beating beaten / spread spreads spreading / set sets setting / flee
flees fled fleeing / dream dreams dreamed dreamt dreaming / sweep sweeps swept / weep weeps wept /
creep creeps crept / meet meets met / lead leads led / read reads reading / feed feeds fed / bleed
bleeds bled / fight fights fought / buy buys bought / catch catches caught / teach teaches taught
/ seek seeks sought / dig digs dug digging / win wins won winning / spin spins spun / hang hangs
hung hanged / swing swings swung / stick sticks stuck / sink sinks sank sunk / shrink shrinks
shrank shrunk / ring rings rang rung / spring springs sprang / shine shines shone shining / shoot
shoots shot / lie lies lied lay lain lying / pay pays paid / lay lays laid / wear wears wore worn
/ tear tears tore torn / swear swears swore sworn / bear bears bore born / die dies died dying /
kill kills killed killing killer killers / stab stabs stabbed stabbing / shut shuts shutting / put
puts putting / cut cuts cutting / hit hits hitting / let lets letting / hurt hurts hurting /
understand understands understood / forget forgets forgot forgotten / forgive forgives forgave
forgiven / man men man's men's / woman women / child children / foot feet / tooth teeth / goose
geese / mouse mice / wolf wolves / knife knives / life lives / wife wives / leaf leaves / thief
thieves / half halves / shelf shelves / loaf loaves / ox oxen / dwarf dwarves dwarfs / elf elves /
witch witches / good better best / bad worse worst / far farther farthest further furthest
"""
_VERB = 3  # forms at least; an irregular noun has two
_FORMS: dict[str, frozenset[str]] = {}
_PAST = {"is": "was"}  # of the third person: "finds" and "found"
for _line in _IRREGULAR.split("/"):
    _listed = _line.split()
    _family = frozenset(_listed)
    for _word in _family:
        _FORMS[_word] = _FORMS.get(_word, frozenset()) | _family
    if len(_listed) >= _VERB:
        _PAST[_listed[1]] = _listed[0] if _listed[2].endswith("ing") else _listed[2]
_VOWELS = "aeiou"
_ENDS = (
    *(("ies", "y"), ("ied", "y"), ("ing", ""), ("ing", "e")),
    *(("ed", ""), ("ed", "e"), ("es", ""), ("s", "")),
)
_HISSING = ("s", "x", "z", "ch", "sh")
# Words that only look like forms of others: "evening" is none of "even".
_WHOLE = frozenset(
    "evening morning nothing something anything everything thing king ring wing string spring "
    "during ceiling wedding pudding darling news bed red shed hundred sacred wicked naked this his "
    "its was always lens christmas".split()
)
_SHORT = 6  # letters: "seed" is none of "see"
_LEAST = 3  # letters of a word that has forms


@functools.lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """The word with all its forms, whichever of them it is itself; phrases have only one."""
    word = word.lower()
    if len(word) < _LEAST or not word.isalpha() or not word.isascii():
        return frozenset({word, *_owned(word)} if word.isalpha() else {word})
    known = _FORMS.get(word, frozenset())
    family = set(known) or {made for root in _roots(word) for made in _regular(root)}
    family |= {word}
    return frozenset(family | {owned for form in family for owned in _owned(form)})


@functools.lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """What the regular forms of a word share, more or less: "hopped", "hopping" and "hops"."""
    for end in ("ies", "ied"):
        if word.endswith(end) and len(word) > len(end) + 1:
            return word[: -len(end)] + "i"
    for end in ("ing", "edly", "ed", "es", "ly", "er", "s"):
        if word.endswith(end) and len(word) > len(end) + 2:
            word = word[: -len(end)]
            break
    if len(word) > _LEAST and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word.rstrip("e") or word


def third_person(word: str, known: frozenset[str]) -> bool:
    """Whether it may be what he, she or it does: "finds". Of regular verbs more forms are `known`.

    Nouns may look the same: "paints" is both.
    """
    family = _FORMS.get(word, frozenset())
    if not word.endswith("s") or len(family) >= _VERB:
        return word.endswith("s")
    made = {form for root in _roots(word) if root != word for form in _regular(root)} & known
    return any(form.endswith("ing") for form in made) and any(form.endswith("ed") for form in made)


def past(word: str, known: frozenset[str]) -> str:
    """What he, she or it did who "finds": "found". The word itself, where that is not to be told.

    Of regular verbs more forms are `known`.
    """
    if not third_person(word, known):
        return word
    if word in _PAST:
        return _PAST[word]
    for root in _roots(word):
        made = [form for form in _regular(root) if form.endswith("ed") and form in known]
        if root != word and made:
            return made[-1]  # "hopped" rather than "hoped"
    return word


def _owned(word: str) -> tuple[str, ...]:
    return (f"{word}'s", f"{word}’s") if word.isalpha() else ()


def _roots(word: str) -> list[str]:
    """What the word may be a regular form of; itself, if it looks like none."""
    roots: list[str] = []
    if word in _WHOLE or (word.endswith("eed") and len(word) < _SHORT):
        return [word]
    for end, instead in _ENDS:
        bare = word.removesuffix(end)
        if (
            bare == word
            or len(bare) < _LEAST - (instead != "")
            or word.endswith(("ss", "us", "is"))
        ):
            continue
        if end in {"ing", "ed"} and set(bare).isdisjoint(_VOWELS + "y"):
            continue
        if end == "es" and not bare.endswith(_HISSING):
            continue
        if end in {"ing", "ed"} and bare[-1] == bare[-2] and not bare.endswith(("ll", "ss")):
            return [bare[:-1]]
        roots.append(bare + instead)
        if end == "ies":
            break
    return roots or [word]


def _regular(root: str) -> list[str]:
    if root.endswith("y") and root[-2] not in _VOWELS:
        return [root, root[:-1] + "ies", root[:-1] + "ied", root + "ing"]
    if root.endswith("e"):
        return [root, root + "s", root + "d", root[:-1] + "ing"]
    plural = root + ("es" if root.endswith(_HISSING) else "s")
    doubled = root + root[-1] if _doubles(root) else root
    return [root, plural, root + "ed", root + "ing", doubled + "ed", doubled + "ing"]


def _doubles(root: str) -> bool:
    """Whether the last letter is written twice, as in "stopped"."""
    return (
        len(root) >= _LEAST
        and root[-1] not in "aeiouwxy"
        and root[-2] in _VOWELS
        and root[-3] not in _VOWELS
    )
