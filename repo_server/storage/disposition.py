"""The Content-Disposition header, with names of any language (RFC 6266, RFC 8187)."""

import unicodedata
from typing import Final
from urllib.parse import quote

# What RFC 8187 lets stand as it is in an extended value, beside letters and digits.
_ATTR_CHARS: Final = "!#$&+-.^_`|~"


def content_disposition(filename: str, *, attachment: bool) -> str:
    """The header's value: ASCII only, safe to put into a header whatever the name holds.

    Old programs get a name without accents, all others the NFC name itself. A program that saves
    the file must still not trust the name, but never gets folders or control characters from here.
    """
    name = unicodedata.normalize("NFC", filename)
    name = "".join(character for character in name if _printable(character)).strip(" .") or "tep"
    kind = "attachment" if attachment else "inline"
    plain = _without_accents(name)
    encoded = quote(name, safe=_ATTR_CHARS, encoding="utf-8")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _printable(character: str) -> bool:
    # C covers control, format (also the ones that turn the direction of writing), lone surrogates.
    return character not in "/\\" and unicodedata.category(character)[0] not in "C"


def _without_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    base = (character for character in decomposed if not unicodedata.combining(character))
    # A percent sign is read as an escape by some browsers, quotes would end the name.
    return "".join(c if c.isascii() and c not in '"%;' else "_" for c in base)
