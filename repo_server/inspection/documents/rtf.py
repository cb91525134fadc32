"""Text of RTF files (Rich Text Format 1.9.1): letters and line breaks, nothing embedded."""

import codecs
import re
from typing import Final

from repo_server.inspection.base import Refused
from repo_server.inspection.findings import Findings, Source

_LIMIT: Final = 100 << 20
_TOKEN: Final = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.I,
)
_BREAKS: Final = {
    b"par": "\n", b"line": "\n", b"page": "\n", b"sect": "\n", b"row": "\n", b"cell": "\t",
    b"tab": "\t", b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘",
    b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
}  # fmt: skip
_HIDDEN: Final = frozenset(
    b"fonttbl colortbl stylesheet info pict object themedata colorschememapping datastore fldinst "
    b"latentstyles listtable listoverridetable rsidtbl generator filetbl revtbl xmlnstbl "
    b"datafield".split()
)
_MAX_DEPTH: Final = 1_000


class _Reader:
    """State of the reading: one frame (hidden, fallback length) per open group."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._frames: list[tuple[bool, int]] = []
        self._hidden = False
        self._fallback = 1
        self._to_skip = 0
        self._codec = "cp1252"
        self._waiting = bytearray()

    def feed(self, token: re.Match[bytes]) -> None:
        """Take one token."""
        word, number, code, symbol, brace, plain = token.groups()
        if code is not None:
            self._byte(int(code, 16))
        elif word is not None:
            self._word(word.lower(), int(number) if number else None)
        elif symbol is not None:
            self._symbol(symbol)
        elif brace is not None:
            self._brace(brace)
        elif plain is not None:
            self._plain(plain)

    def _plain(self, plain: bytes) -> None:
        skipped = min(self._to_skip, len(plain))
        self._to_skip -= skipped
        if not self._hidden:
            self._waiting += plain[skipped:]

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        elif not self._hidden:
            self._waiting.append(value)

    def flush(self) -> None:
        """Decode the bytes that wait."""
        if self._waiting:
            self.parts.append(self._waiting.decode(self._codec, "replace"))
            self._waiting.clear()

    def _brace(self, brace: bytes) -> None:
        self.flush()
        self._to_skip = 0
        if brace == b"{":
            if len(self._frames) > _MAX_DEPTH:
                raise Refused("too_complex", detail="cấu trúc lồng quá sâu")
            self._frames.append((self._hidden, self._fallback))
        elif self._frames:
            self._hidden, self._fallback = self._frames.pop()

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._hidden = True
        elif symbol in b"\\{}":
            self._byte(symbol[0])
        elif symbol == b"~":
            self._byte(0x20)
        elif symbol in b"\r\n":
            self._byte(0x0A)

    def _word(self, word: bytes, number: int | None) -> None:
        if word == b"u" and number is not None:
            self._letter(number)
        elif word == b"uc" and number is not None:
            self._fallback = max(0, min(number, 8))
        elif word == b"ansicpg" and number is not None:
            self._codec = _codec(number)
        elif word == b"objupdate":
            raise Refused("active_content", detail="đối tượng nhúng tự chạy khi mở")
        elif word in _HIDDEN:
            self._hidden = True
        elif word in _BREAKS and not self._hidden:
            self.flush()
            self.parts.append(_BREAKS[word])

    def _letter(self, number: int) -> None:
        self.flush()
        if not self._hidden:
            self.parts.append(chr(number % 65_536))
        self._to_skip = self._fallback


def _codec(page: int) -> str:
    try:
        return codecs.lookup(f"cp{page}").name
    except LookupError:
        return "cp1252"


def read_rtf(source: Source, findings: Findings) -> None:
    """The whole text as one segment."""
    data = source.whole(_LIMIT)
    reader = _Reader()
    for count, token in enumerate(_TOKEN.finditer(data)):
        reader.feed(token)
        if count % 10_000 == 0 and findings.enough():
            break
    reader.flush()
    # Letters beyond 65,535 come as two halves.
    text = "".join(reader.parts).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    findings.add("", text)
