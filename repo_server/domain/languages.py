"""In which language a text is, by simple signs: scripts, accents and little words.

Only what shows plainly is claimed. Languages of minorities that are written with the letters of
another one are left to people.
"""

import re
from typing import Final

_SAMPLE: Final = 20_000
_FEWEST_LETTERS: Final = 20

_LETTERS: Final = re.compile(r"[^\W\d_]")
_VIETNAMESE: Final = re.compile(
    "[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]"
)
_ONLY_VIETNAMESE: Final = re.compile("[ăđơưảạằẳẵắặầẩẫấậẻẽẹềểễếệỉĩịỏọồổỗốộờởỡớợủũụừửữứựỳỷỹỵ]")
_SIGNATURE: Final = re.compile("[ăâđêôơưằắấầểếệộốồớờợứừựữ]")
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
    letters = len(_LETTERS.findall(sample))
    if letters < _FEWEST_LETTERS:
        return None
    for code, script in _SCRIPTS:
        if len(script.findall(sample)) * 5 > letters:
            return code
    only = len(_ONLY_VIETNAMESE.findall(sample))
    if only / letters > 0.06 and len(_VIETNAMESE.findall(sample)) / letters > 0.12:
        # Yoruba has accents and dots below too, but none of these.
        return "vi" if len(_SIGNATURE.findall(sample)) / letters > 0.02 else None
    return _by_words(sample, letters)


def has_vietnamese_letters(text: str) -> bool:
    """Whether a letter stands in it that hardly any other language has; enough for a short name."""
    return _ONLY_VIETNAMESE.search(text.lower()) is not None


def _by_words(sample: str, letters: int) -> str | None:
    """In such languages one letter in about twenty starts one of the little words."""
    accented = sum(not letter.isascii() for letter in _LETTERS.findall(sample))
    if len(_ENGLISH_WORDS.findall(sample)) * 60 > letters and accented * 50 < letters:
        return "en"
    if len(_FRENCH_WORDS.findall(sample)) * 40 > letters and accented * 10 < letters:
        return "fr"
    bare = len(_BARE_WORDS.findall(sample))
    return "vi" if accented == 0 and bare * 40 > letters else None
