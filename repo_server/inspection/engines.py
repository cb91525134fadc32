"""Which optional engines this machine has; asked anew each time, for they may be installed late."""

import shutil
from collections.abc import Callable, Mapping
from typing import Final


def _program(name: str) -> Callable[[], str]:
    return lambda: shutil.which(name) or ""


_FINDERS: Final[Mapping[str, Callable[[], str]]] = {
    "ffmpeg": _program("ffmpeg"),
}


def engine_path(code: str) -> str:
    """Where the program of an engine of `domain.readers.ENGINES` is, or ""."""
    return _FINDERS[code]()


def present_engines() -> frozenset[str]:
    """Codes of the engines that are there and complete."""
    return frozenset(code for code in _FINDERS if engine_path(code))
