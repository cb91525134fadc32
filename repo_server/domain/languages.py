"""In which language a text is, by simple signs: scripts, accents and little words.

Only what shows plainly is claimed. Languages of minorities that are written with the letters of
another one are left to people.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

_SAMPLE: Final = 20_000
_FEWEST_LETTERS: Final = 20

_LETTERS: Final = re.compile(r"[^\W\d_]")
_VIETNAMESE: Final = frozenset(
    "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
)
_ONLY_VIETNAMESE: Final = frozenset("ăđơưảạằẳẵắặầẩẫấậẻẽẹềểễếệỉĩịỏọồổỗốộờởỡớợủũụừửữứựỳỷỹỵ")
_SIGNATURE: Final = frozenset("ăâđêôơưằắấầểếệộốồớờợứừựữ")
_ENGLISH_WORDS: Final = re.compile(r"\b(?:the|and|of|to|is|in|that|with|for|are|this)\b")
_FRENCH_WORDS: Final = re.compile(
    r"\b(?:le|la|les|des|une|est|et|dans|que|qui|pour|sont|avec|du)\b"
)
_BARE_WORDS: Final = re.compile(
    r"\b(?:cua|va|la|cho|trong|mot|khong|duoc|cac|nhung|hoc|bai|voi|co|so|cau|dung|tren)\b"
)

# Scripts that tell a language: (code, letters). Chinese has no letters of Japanese or Korean.
_SCRIPTS: Final = (
    ("km", re.compile("[\u1780-\u17ff]")),
    ("ko", re.compile("[\uac00-\ud7af\u1100-\u11ff]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
)


def language_of(text: str) -> str | None:
    """A key of `domain.materials.LANGUAGES`, or None when the first 20,000 characters do not show.

    Vietnamese shows in a share of letters that hardly any other language has; typed without
    accents it shows in its little words.
    """
    sample = text[:_SAMPLE].lower()
    # Counted once: a text has few different letters, whatever its length.
    counts = {sign: n for sign, n in Counter(sample).items() if _LETTERS.match(sign)}
    letters = sum(counts.values())
    if letters < _FEWEST_LETTERS:
        return None
    for code, script in _SCRIPTS:
        if sum(n for letter, n in counts.items() if script.match(letter)) * 5 > letters:
            return code
    if _share(counts, _ONLY_VIETNAMESE) > 0.06 and _share(counts, _VIETNAMESE) > 0.12:
        # Yoruba has accents and dots below too, but none of these.
        return "vi" if _share(counts, _SIGNATURE) > 0.02 else None
    accented = sum(n for letter, n in counts.items() if not letter.isascii())
    return _by_words(sample, letters, accented)


def _share(counts: Mapping[str, int], some: frozenset[str]) -> float:
    return sum(counts.get(letter, 0) for letter in some) / sum(counts.values())


def has_vietnamese_letters(text: str) -> bool:
    """Whether a letter stands in it that hardly any other language has; enough for a short name."""
    return not _ONLY_VIETNAMESE.isdisjoint(text.lower())


def _by_words(sample: str, letters: int, accented: int) -> str | None:
    """In such languages one letter in about twenty starts one of the little words."""
    if len(_ENGLISH_WORDS.findall(sample)) * 60 > letters and accented * 50 < letters:
        return "en"
    if len(_FRENCH_WORDS.findall(sample)) * 40 > letters and accented * 10 < letters:
        return "fr"
    bare = len(_BARE_WORDS.findall(sample))
    return "vi" if accented == 0 and bare * 40 > letters else None
