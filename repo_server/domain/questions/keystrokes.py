"""Telex and VNI keystrokes that no keyboard turned into marks: "phuowng trinhf", "d9inh5 lua65t".

The rules are those of the two input methods with free marking: a key that changes a letter may come
at once or at the end of the word. Whether what comes out is a word, and whether the typed one was
meant as it stands ("this", "test"), is for the caller to know.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from repo_server.domain.questions.syllables import is_syllable
from repo_server.domain.vietnamese import exact_token

_GRAVE, _HOOK, _TILDE, _ACUTE, _DOT = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
_TELEX_TONES: Final = {"f": _GRAVE, "r": _HOOK, "x": _TILDE, "s": _ACUTE, "j": _DOT, "z": ""}
_VNI_TONES: Final = {"2": _GRAVE, "3": _HOOK, "4": _TILDE, "1": _ACUTE, "5": _DOT, "0": ""}

_CIRCUMFLEX: Final = {"a": "â", "e": "ê", "o": "ô"}
_HORN: Final = {"u": "ư", "o": "ơ"}
_BREVE: Final = {"a": "ă"}
_BAR: Final = {"d": "đ"}
_VNI_SHAPES: Final[Mapping[str, Mapping[str, str]]] = {
    "6": _CIRCUMFLEX,
    "7": _HORN,
    "8": _BREVE,
    "9": _BAR,
}

_VOWELS: Final = frozenset("aăâeêioôơuưy")
_LONGEST: Final = 12
"""Keystrokes of the longest syllable (`nghieengs` has nine), with some that were taken back."""


@lru_cache(maxsize=8_192)
def from_telex(typed: str) -> str:
    """The word that these Telex keystrokes write, exact; "" when no key among them is a mark."""
    if len(typed) > _LONGEST or not typed.isalpha():
        return ""
    letters: list[str] = []
    tone = ""
    for key in typed:
        if key in _TELEX_TONES and _vowels_in(letters):
            tone = _TELEX_TONES[key]
        elif key == "w":
            if not _change_last(letters, _HORN | _BREVE):
                letters.append("ư")
        elif not _double(letters, key):
            letters.append(key)
    return _word(letters, tone, typed)


@lru_cache(maxsize=8_192)
def from_vni(typed: str) -> str:
    """The word that these VNI keystrokes write, exact; "" when they write none."""
    if len(typed) > _LONGEST or typed.isalpha() or typed[:1].isdigit():
        return ""
    letters: list[str] = []
    tone = ""
    for key in typed:
        if key in _VNI_TONES and _vowels_in(letters):
            tone = _VNI_TONES[key]
        elif key not in _VNI_SHAPES:
            letters.append(key)
        elif not _change_last(letters, _VNI_SHAPES[key]):
            return ""
    return _word(letters, tone, typed)


def is_plainly_vni(typed: str) -> bool:
    """Whether the digits can be nothing but keystrokes of a syllable.

    "toan1" may be a word and a number; "lua65t", "d9a2" and "tu75" are not.
    """
    shaped = not typed[:-1].isalpha() or typed[-1:] in "789"
    return shaped and is_syllable(from_vni(typed))


def _vowels_in(letters: Sequence[str]) -> list[int]:
    return [at for at, letter in enumerate(letters) if letter in _VOWELS]


def _double(letters: list[str], key: str) -> bool:
    """A letter typed twice, at once or after what stands between: aa, tienge, dd, duwowngd."""
    if key == "d" and letters[:1] == ["d"]:
        letters[0] = "đ"
        return True
    return key in _CIRCUMFLEX and _change_last(letters, {key: _CIRCUMFLEX[key]})


def _change_last(letters: list[str], shapes: Mapping[str, str]) -> bool:
    """Shape the last letter that can take it; "uo" takes the horn on both, "ua" on the u."""
    for at in range(len(letters) - 1, -1, -1):
        letter = letters[at]
        if letter not in shapes:
            continue
        after_u = at > 0 and letters[at - 1] in "uư" and letters[at - 2 : at - 1] != ["q"]
        if "u" in shapes and after_u and letter in "oa":
            letters[at - 1] = "ư"
            if letter == "a":
                return True
        letters[at] = shapes[letter]
        return True
    return False


def _word(letters: list[str], tone: str, typed: str) -> str:
    """The letters with their tone in settled spelling; "thuở" has a horn on the o alone."""
    word = "".join(letters).replace("ưo", "ươ")
    if word.endswith("ươ"):
        word = word[:-2] + "uơ"
    if tone:
        # The normalizer moves the tone to where it belongs, wherever the key was pressed.
        at = _vowels_in(word)[-1] + 1
        word = unicodedata.normalize("NFC", word[:at] + tone + word[at:])
    found = exact_token(word)
    return found if found != exact_token(typed) else ""
