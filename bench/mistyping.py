"""Titles as hurried hands type them: slips, keystrokes that became no marks, words run together."""

import random
import unicodedata
from collections.abc import Callable
from typing import Final

from repo_server.domain.vietnamese import tokens, unmarked

_LETTERS: Final = "abcdeghiklmnopqrstuvxy"
_TELEX_SHAPES: Final = {"â": "aa", "ê": "ee", "ô": "oo", "ă": "aw", "ơ": "ow", "ư": "uw", "đ": "dd"}
_VNI_SHAPES: Final = {"â": "a6", "ê": "e6", "ô": "o6", "ă": "a8", "ơ": "o7", "ư": "u7", "đ": "d9"}
_TELEX_TONES: Final = dict(zip("\u0300\u0309\u0303\u0301\u0323", "frxsj", strict=True))
_VNI_TONES: Final = dict(zip("\u0300\u0309\u0303\u0301\u0323", "23415", strict=True))


def slip(word: str, chance: random.Random) -> str:
    """One letter swapped with the next, left out, doubled or replaced."""
    if len(word) < 2:
        return word
    at = chance.randrange(len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + chance.choice(_LETTERS) + word[at + 1 :],
        )
    )


def with_a_slip(title: str, chance: random.Random) -> str:
    """One slip in one of the longer words."""
    words = tokens(title)
    longer = [at for at, word in enumerate(words) if len(word) > 2 and word.isalpha()]
    if longer:
        at = chance.choice(longer)
        words[at] = slip(words[at], chance)
    return " ".join(words)


def unmarked_with_a_slip(title: str, chance: random.Random) -> str:
    """The same without marks."""
    return with_a_slip(unmarked(title), chance)


def run_together(title: str, chance: random.Random) -> str:
    """Two words without the blank between them, without marks."""
    words = tokens(unmarked(title))
    at = chance.randrange(len(words) - 1)
    return " ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]])


def telex(title: str, _: random.Random) -> str:
    """The keystrokes of Telex."""
    return " ".join(_keyed(word, _TELEX_SHAPES, _TELEX_TONES) for word in tokens(title))


def vni(title: str, _: random.Random) -> str:
    """The keystrokes of VNI."""
    return " ".join(_keyed(word, _VNI_SHAPES, _VNI_TONES) for word in tokens(title))


def _keyed(word: str, shapes: dict[str, str], tones: dict[str, str]) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    tone = "".join(tones.get(letter, "") for letter in decomposed)
    bare = "".join(letter for letter in decomposed if letter not in tones)
    composed = unicodedata.normalize("NFC", bare)
    return "".join(shapes.get(letter, letter) for letter in composed) + tone


KINDS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "typo1": unmarked_with_a_slip,
    "typo_acc": with_a_slip,
    "telex": telex,
    "vni": vni,
    "joined": run_together,
}
"""Ways to mistype a title, by the names of the kinds of judged questions."""
