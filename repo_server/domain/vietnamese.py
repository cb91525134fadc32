"""The one normaliser of Vietnamese text, for search, sorting, addresses and what is stored.

Two readings of a text are compared everywhere: `fold` is what a hurried person types (no marks, no
capitals), `exact` keeps the marks but settles the spellings that mean the same word: decomposed
letters, where the tone mark stands (hòa, hoà), i or y at the end of an open syllable (lý, lí).
Nothing here fails on any text: lone surrogates, NUL and other controls are simply not words.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Longer runs of letters are no words of any language; cutting them bounds what an engine stores.
LONGEST_TOKEN: Final = 64

_SYLLABLES_CACHED: Final = 65_536
_SYLLABLES_RANKED: Final = 16_384  # those of titles: Vietnamese has some seven thousand

# Marks may stand alone after a letter that has no composed form; the underscore parts the words of
# file names ("KHBD_Toan_6"), so it is not a letter here.
_TOKEN: Final = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")

# Invisible inside words: soft hyphen, joiners, byte order mark. The letters that look like đ are đ.
_REPAIRS: Final = {
    **dict.fromkeys((0x00AD, 0x200C, 0x200D, 0x2060, 0xFEFF)),
    ord("ð"): "đ",
    ord("ɖ"): "đ",
    ord("Ð"): "đ",
    ord("Ɖ"): "đ",
}

_ODD: Final = re.compile("[\u00ad\u200c\u200d\u2060\ufeffðɖÐƉ]")

# One round settles all but a few oddities, such as the small raised ð that becomes a letter.
_ROUNDS: Final = 3

# The five tone marks in the order of Vietnamese dictionaries: huyền, hỏi, ngã, sắc, nặng.
_TONES: Final = "\u0300\u0309\u0303\u0301\u0323"
_TONE_RANK: Final = {tone: str(rank) for rank, tone in enumerate(_TONES, start=1)}

_SYLLABLE: Final = re.compile(
    r"(ngh?|gh|gi(?=[aăâeêioôơuưy])|g|kh?|qu|ch?|nh?|ph?|th?|tr|[bdđhlmrsvx])?"
    r"([aăâeêioôơuưy]{1,3})(ng|nh|ch|[cmnpt])?"
)
_QUALITY: Final = re.compile(r"[ăâêôơư]")
_SECOND_CARRIES: Final = ("oa", "oe", "uy")

_OPEN_Y: Final = re.compile(r"([hklmstv])y")
_QUI: Final = re.compile(r"qui(|t|n|nh|p|ch)")

_RUNS: Final = re.compile(r"\d+|\D+")
_SMALLEST_WORD: Final = 2

_ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
# Letters become printable ASCII above the digits, so that any byte-wise comparison sorts them.
_LETTER_RANK: Final = {letter: chr(ord("A") + rank) for rank, letter in enumerate(_ALPHABET)}
_LONGEST_NUMBER: Final = 9

# Controls that are no blanks and lone surrogates; and the marks that turn or hide text: a title
# must look as it is.
_INVISIBLE: Final = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_HIDDEN: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def normalize(text: str) -> str:
    """Lower case, compatibility forms unified (x² → x2, ligatures), composed; idempotent."""
    for _ in range(_ROUNDS):
        repaired = text.translate(_REPAIRS) if _ODD.search(text) else text
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", repaired).casefold())
        if text.casefold() == text and not _ODD.search(text):
            break
    return text


def tokens(text: str) -> list[str]:
    """The words and numbers of a text as written, normalized, at most `LONGEST_TOKEN` long."""
    return [token[:LONGEST_TOKEN] for token in _TOKEN.findall(normalize(text))]


def fold(text: str) -> str:
    """The words of a text without marks, parted by single spaces."""
    return " ".join(map(fold_token, tokens(text)))


def exact(text: str) -> str:
    """The words of a text with their marks in the one settled spelling, parted by single spaces."""
    return " ".join(map(exact_token, tokens(text)))


@lru_cache(maxsize=_SYLLABLES_CACHED)
def fold_token(token: str) -> str:
    """One word without marks: đ is d, open ly is li, qui is quy."""
    return _settle_i_and_y(unmarked(token))


@lru_cache(maxsize=_SYLLABLES_CACHED)
def exact_token(token: str) -> str:
    """One word with its marks: the tone on the letter of today's rule, i and y settled."""
    bare, tone = _without_tone(unicodedata.normalize("NFC", token))
    return _with_tone(_settle_i_and_y(bare), tone)


def unmarked(token: str) -> str:
    """One word without marks but spelled as it is: right for a word that is not yet finished."""
    decomposed = unicodedata.normalize("NFKD", normalize(token)).replace("đ", "d")
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFKC", bare)


def has_marks(text: str) -> bool:
    """Whether somebody took the trouble to type marks (đ is one)."""
    return any(token != unmarked(token) for token in tokens(text))


@lru_cache(maxsize=_SYLLABLES_CACHED)
def pieces(token: str) -> tuple[str, ...]:
    """The parts of a word and a number written together: khtn6 → khtn, 6; 15phut → 15, phut.

    Empty for anything else: formulas (h2o, x2) and plain words stay whole.
    """
    if token.isalpha():
        return ()
    runs = _RUNS.findall(token)
    words = [run for run in runs if not run[0].isdigit()]
    if len(runs) < _SMALLEST_WORD or any(len(word) < _SMALLEST_WORD for word in words):
        return ()
    return tuple(runs)


def slug(text: str) -> str:
    """ASCII letters and digits joined by hyphens, for addresses and anchors; may be empty."""
    words = (re.sub(r"[^a-z0-9]", "", unmarked(token)) for token in tokens(text))
    return "-".join(word for word in words if word)


def display(text: str) -> str:
    """What is stored of a title: composed, without control characters, blanks collapsed."""
    shown = _HIDDEN.sub("", unicodedata.normalize("NFC", text))
    visible = _INVISIBLE.sub("", " ".join(shown.split()))
    return " ".join(unicodedata.normalize("NFC", visible).split())


def sort_key(text: str) -> str:
    """Orders texts as a Vietnamese list does, by any byte-wise comparison.

    Letters first (a ă â b c d đ e ê …), tones only between equal letters (ngang, huyền, hỏi, ngã,
    sắc, nặng), numbers by value ("Bài 2" before "Bài 10"). The order of CLDR's `vi`.
    """
    letters: list[str] = []
    tones: list[str] = []
    for token in tokens(text):
        letter_ranks, tone_rank = _ranks(token)
        letters.append(letter_ranks)
        tones.append(tone_rank)
    return "!".join(letters) + " " + "".join(tones)


@lru_cache(maxsize=_SYLLABLES_RANKED)
def _ranks(token: str) -> tuple[str, str]:
    bare, tone = _without_tone(token)
    return "".join(_rank(run) for run in _RUNS.findall(bare)), _TONE_RANK.get(tone, "0")


def _rank(run: str) -> str:
    if run.isdecimal():
        digits = run.lstrip("0") or "0"
        return f"{min(len(digits), _LONGEST_NUMBER)}{digits}"
    bare = (_LETTER_RANK.get(letter, letter) for letter in run)
    return "".join(bare)


def _without_tone(token: str) -> tuple[str, str]:
    """The word without its tone, and the tone; a word with several tones is none of ours."""
    decomposed = unicodedata.normalize("NFD", token)
    found = [letter for letter in decomposed if letter in _TONES]
    if len(found) != 1:
        return token, ""
    return unicodedata.normalize("NFC", decomposed.replace(found[0], "")), found[0]


def _with_tone(bare: str, tone: str) -> str:
    if not tone:
        return bare
    place = _tone_place(bare)
    return unicodedata.normalize("NFC", bare[: place + 1] + tone + bare[place + 1 :])


def _tone_place(bare: str) -> int:
    """The index of the letter that carries the tone; the last vowel of a word that is not ours."""
    match = _SYLLABLE.fullmatch(bare)
    if match is None:
        return _last_vowel(bare)
    start, vowels, closed = match.start(2), match.group(2), match.group(3) is not None
    marked = [found.start() for found in _QUALITY.finditer(vowels)]
    if marked:
        return start + marked[-1]
    second = len(vowels) > 2 or (len(vowels) == 2 and (closed or vowels in _SECOND_CARRIES))
    return start + (1 if second else 0)


def _last_vowel(bare: str) -> int:
    places = [place for place, letter in enumerate(bare) if letter in "aăâeêioôơuưy"]
    return places[-1] if places else len(bare) - 1


def _settle_i_and_y(bare: str) -> str:
    if match := _OPEN_Y.fullmatch(bare):
        return match.group(1) + "i"
    if match := _QUI.fullmatch(bare):
        return "quy" + match.group(1)
    return bare
