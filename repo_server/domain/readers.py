"""Who reads a file: the readers that are always there, and those that need an optional engine.

`READERS` is the table. A reader that became better gets the next version, and what was read by an
older one is then due again (`kho reinspect`). What a reader does with a file is in
`services.reinspecting`; `inspection.engines` says which engines this machine has.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from repo_server.domain.files import FILE_KINDS

FILMS: Final = frozenset({"mp4", "mov", "webm", "mkv"})
SCANS: Final = frozenset({"pdf", "jpeg", "png", "webp", "tiff", "bmp"})

CONTENTS: Final = "contents"
POSTER: Final = "poster"
LIGHT: Final = "light"
WORDS: Final = "words"

LIGHT_NAMES: Final = ("light.mp4", "light.webm")
"""Names of the derivative that is a light copy of a film."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that Kho uses where it is installed.

    `packages` is how Debian calls it; `adds` and `adds_en` end the sentence "it would add …".
    """

    code: str
    packages: str
    adds: str
    adds_en: str


@dataclass(frozen=True, slots=True)
class Reader:
    """One way of looking at files of some kinds; `engine` is "" for what is always there."""

    code: str
    version: int
    engine: str
    kinds: frozenset[str]
    label: str


ENGINES: Final = {
    engine.code: engine
    for engine in (
        Engine(
            "ffmpeg",
            "ffmpeg",
            "ảnh đại diện của video và bản nhẹ để xem bằng điện thoại",
            "pictures of videos and light copies to be watched on phones",
        ),
        Engine(
            "tesseract",
            "tesseract-ocr tesseract-ocr-vie",
            "chữ trong ảnh và trong các trang quét, để tìm được",
            "the words on pictures and scanned pages, so that they are found",
        ),
    )
}

READERS: Final = {
    reader.code: reader
    for reader in (
        Reader(CONTENTS, 1, "", frozenset(FILE_KINDS), "nội dung"),
        Reader(POSTER, 1, "ffmpeg", FILMS, "ảnh đại diện của video"),
        Reader(LIGHT, 1, "ffmpeg", FILMS, "bản nhẹ của video"),
        Reader(WORDS, 1, "tesseract", SCANS, "chữ nhận dạng từ ảnh"),
    )
}
"""In the order in which they look at a file."""


def able(engines: Collection[str]) -> tuple[Reader, ...]:
    """The readers that can work where these engines are."""
    return tuple(r for r in READERS.values() if not r.engine or r.engine in engines)


def lacking(engines: Collection[str]) -> tuple[Engine, ...]:
    """The engines that could add something and are not there."""
    return tuple(engine for code, engine in ENGINES.items() if code not in engines)
