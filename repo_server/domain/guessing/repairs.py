"""Names and texts in the encodings of another time, made readable where that is safe.

TCVN3 and VNI put Vietnamese letters where Latin-1 has others; text that was read as such says
nothing. UTF-8 that was read as Windows-1252 and TCVN3 are turned back when the outcome is plainly
Vietnamese; of anything else that is garbled nothing must be guessed.
"""

import re
import unicodedata
from typing import Final

_DOUBLE: Final = re.compile(
    "Ã[\u0080-\u00bf¡-¿]|áº[\u0080-\u00bf¡-¿]|á»[\u0080-\u00bf¡-¿]|Ä[‘\u0090\u0091]|Æ[°¡]"
)
_TCVN3: Final = re.compile("[¸µ¶·¹©ª®«¬¨»¾¼½]")
_TCVN3_INSIDE: Final = re.compile("(?:[A-Za-z][¸µ¶·¹©ª«¬¨»¾¼½])|(?:®[A-Za-z¸µ¶·¹©ª«¬¨])")
_VNI: Final = re.compile(
    "[aeouyAEOUY][øùûïØÙÛÏåäëüÅÄËÜ]|[aeoAEO][âÂ][^\\W\\d_]|[ñÑöÖ](?=[aeiouyâêô])"
)
_OURS: Final = re.compile("[ăđơưảạằẳẵắặầẩẫấậẻẽẹềểễếệỉĩịỏọồổỗốộờởỡớợủũụừửữứựỳỷỹỵ]", re.IGNORECASE)
_FEW: Final = 2

_TCVN3_LETTERS: Final = str.maketrans(
    "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉËÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ®¡¢£¤¥¦§",
    "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđĂÂÊÔƠƯĐ",
)  # fmt: skip


def repaired(text: str) -> str | None:
    """The text as it was meant; None when it is garbled and cannot be mended safely."""
    composed = unicodedata.normalize("NFC", text)
    if _DOUBLE.search(composed):
        return _reread(composed)
    if _OURS.search(composed):
        return composed
    if len(_TCVN3_INSIDE.findall(composed)) >= _FEW:
        turned = composed.translate(_TCVN3_LETTERS)
        return None if _TCVN3.search(turned) else turned
    return None if len(_VNI.findall(composed)) >= _FEW else composed


def _reread(text: str) -> str | None:
    for encoding in ("cp1252", "latin-1"):
        try:
            return unicodedata.normalize("NFC", text.encode(encoding).decode("utf-8"))
        except UnicodeError:
            continue
    return None
