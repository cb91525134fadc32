"""Which optional engines this machine has; asked anew each time, for they may be installed late."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final


def _program(name: str) -> Callable[[], str]:
    return lambda: shutil.which(name) or ""


_TESSDATA: Final = tuple(
    Path("/usr/share") / place
    for place in ("tesseract-ocr/5/tessdata", "tesseract-ocr/4.00/tessdata", "tessdata")
)


def _tesseract() -> str:
    """Only with its Vietnamese letters: without them it makes other words of what is there."""
    return _program("tesseract")() if _letters() else ""


def _letters() -> Path | None:
    return next((path for path in _TESSDATA if (path / "vie.traineddata").is_file()), None)


_FINDERS: Final[Mapping[str, Callable[[], str]]] = {
    "ffmpeg": _program("ffmpeg"),
    "tesseract": _tesseract,
}


def engine_path(code: str) -> str:
    """Where the program of an engine of `domain.readers.ENGINES` is, or ""."""
    return _FINDERS[code]()


def engine_files() -> tuple[str, ...]:
    """What a child may read and run beside ffmpeg, so that the engines work."""
    return (engine_path("tesseract"), str(_letters() or "")) if engine_path("tesseract") else ()


def present_engines() -> frozenset[str]:
    """Codes of the engines that are there and complete."""
    return frozenset(code for code in _FINDERS if engine_path(code))
