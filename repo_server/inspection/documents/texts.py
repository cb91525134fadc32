"""Plain text: which bytes are text at all, in which encoding, and what kind of text.

Vietnamese teachers still hand in files from before Unicode; windows-1258 is read, other old
encodings (TCVN3, VNI) are kept with a warning that their text could not be made sure.
"""

import codecs
import re
import unicodedata
from typing import Final

from charset_normalizer import from_bytes

from repo_server.inspection.base import TEXT_LIMIT, Refused
from repo_server.inspection.findings import Findings, Source, sensible_title

READ_LIMIT: Final = 4 * TEXT_LIMIT
"""Bytes of a text that are read: what is beyond could not be kept in any encoding."""

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META_CHARSET: Final = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I
)
_XML_ENCODING: Final = re.compile(
    rb"""^\s*<\?xml[^>]{0,80}?encoding\s*=\s*["']([\w.-]{2,40})""", re.I
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HTML_START: Final = re.compile(
    r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body|title|script|meta|p|"
    r"h[1-6]|div|span|table|iframe|a|b|i|img|form|link|style|center|font)[\s>/]",
    re.I | re.S,
)
_SVG_START: Final = re.compile(r"\s*<(?:\?xml|!doctype|!--|(?:svg:)?svg\b)", re.I)
_SVG_ELEMENT: Final = re.compile(r"<(?:svg:)?svg[\s>]", re.I)
_XML_ROOT: Final = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*-->\s*|<!doctype[^>]*>\s*|<\?[^>]*>\s*)*<(?:[\w.-]+:)?([\w.-]+)",
    re.I | re.S,
)
_XML_STRUCTURES: Final = {
    "questestinterop": "qti",
    "assessmentitem": "qti",
    "assessmenttest": "qti",
    "qti-assessment-item": "qti",
    "qti-assessment-test": "qti",
    "coursestructure": "cmi5",
}
_FORMULA: Final = re.compile(r"(?:^|[,;\t])\"?[=@]|(?:^|[,;\t])\"?[+-](?![\d.,\s])", re.M)
_HEADING: Final = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.M)
_TONES_1258: Final = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
# Codecs that unpack or rewrite instead of decoding letters, and ones that hide markup in text.
_NOT_FOR_TEXT: Final = frozenset(
    ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7", "utf_7"]
)


def looks_like_text(head: bytes, *, whole: bool) -> bool:
    """Whether these first bytes of a file are text in some encoding."""
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return True
    if _utf16_without_mark(head):
        return True
    return bool(head) and not _CONTROL.search(head if whole else head[:-4])


def _utf16_without_mark(data: bytes) -> str:
    """ "utf-16-le" or "-be" when every other byte is mostly zero, else ""."""
    sample = data[:4000]
    if len(sample) < 16 or len(sample) % 2:
        sample = sample[: len(sample) // 2 * 2]
    pairs = len(sample) // 2
    if pairs < 8:
        return ""
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if high > pairs * 0.6 and low == 0:
        return "utf-16-le"
    return "utf-16-be" if low > pairs * 0.6 and high == 0 else ""


def decode_text(data: bytes) -> tuple[str, bool]:
    """The text of bytes, and whether the encoding is sure.

    A byte order mark decides; then valid UTF-8; then what the file declares (HTML, XML); then the
    likeliest.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace"), True
    wide = _utf16_without_mark(data)
    if wide:
        return data.decode(wide, "replace"), True
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        return _decode_declared(data)


def _decode_declared(data: bytes) -> tuple[str, bool]:
    for pattern in (_XML_ENCODING, _META_CHARSET):
        found = pattern.search(data[:4096])
        name = _text_codec(found[1].decode("ascii", "replace")) if found else ""
        if name and name != "utf-8":
            return unicodedata.normalize("NFC", data.decode(name, "replace")), True
    return _decode_likeliest(data)


def _text_codec(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    # Only codecs between bytes and letters: "zip" or "base64" would unpack instead.
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _NOT_FOR_TEXT else ""


def _decode_likeliest(data: bytes) -> tuple[str, bool]:
    try:
        vietnamese = data.decode("cp1258")
    except UnicodeDecodeError:
        vietnamese = ""
    if _is_vietnamese_1258(vietnamese):
        return unicodedata.normalize("NFC", vietnamese), True
    best = from_bytes(data[:100_000]).best()
    name = _text_codec(best.encoding) if best else ""
    return data.decode(name or "cp1252", "replace"), False


def _is_vietnamese_1258(text: str) -> bool:
    """Tone marks stand after vowels, and often: no other encoding's bytes look like that."""
    sample = text[:20_000]
    after_vowel = re.findall("[aeiouyăâêôơưAEIOUYĂÂÊÔƠƯ][\u0300\u0301\u0303\u0309\u0323]", sample)
    tones = len(_TONES_1258.findall(sample))
    return tones > 3 and len(after_vowel) >= tones * 0.95 and tones * 25 > len(sample) / 2


def looks_like_html(head: bytes) -> bool:
    """Whether text starts as a web page does."""
    return bool(_HTML_START.match(decode_text(head[:4096])[0]))


def structure_of_text(source: Source, head: bytes) -> str:
    """ "rtf", "svg", "ipynb", "qti", "cmi5", or "text" for text of no particular format."""
    if head.startswith(b"{\\rtf"):
        return "rtf"
    start = decode_text(head[:8192])[0].lstrip("\ufeff")
    if _SVG_START.match(start) and _SVG_ELEMENT.search(start):
        return "svg"
    root = _XML_ROOT.match(start)
    if root and root[1].lower() in _XML_STRUCTURES:
        return _XML_STRUCTURES[root[1].lower()]
    if start.lstrip().startswith("{") and b'"cells"' in head + source.read(
        source.size - 4096, 4096
    ):
        return "ipynb"
    return "text"


def read_text(source: Source, findings: Findings) -> None:
    """The whole text as one place; Markdown's first heading is its title."""
    text, sure = decode_text(source.whole(READ_LIMIT))
    if not sure:
        findings.warn("Không chắc bảng mã của văn bản: nên lưu lại bằng UTF-8 (Unicode).")
    if findings.kind == "md":
        heading = _HEADING.search(text[:20_000])
        findings.title = sensible_title(heading[1]) if heading else None
    if not text.strip("\ufeff \t\r\n\f\v\0"):
        raise Refused("empty")
    if findings.kind == "csv" and _FORMULA.search(text[:200_000]):
        findings.warn("Bảng có ô bắt đầu bằng “=” hoặc “@”: Excel sẽ hiểu là công thức khi mở.")
    findings.truncated = source.size > READ_LIMIT
    findings.add("", text)
