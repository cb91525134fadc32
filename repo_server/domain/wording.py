"""What people read for a code, in the language of the one who asks.

Vietnamese names stand beside the rules that use them; those of another language come from outside
(`web/messages`) and hold for one request. Names of subjects, items and textbook sets are official
and stay Vietnamese.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Translations = Mapping[str, Mapping[str, str]]
"""Names by family ("kind", "status" …) and code."""

VIETNAMESE: Final[Translations] = {}
"""Nothing is translated."""

_spoken: Final[ContextVar[Translations]] = ContextVar("translations", default=VIETNAMESE)


def worded(family: str, code: str, vietnamese: str) -> str:
    """The name of `code` in the language that is spoken now; the Vietnamese one where none is."""
    return _spoken.get().get(family, {}).get(code, vietnamese)


@contextmanager
def speaking(translations: Translations) -> Iterator[None]:
    """Have names in that language within the block, and in threads that are started from it."""
    token = _spoken.set(translations)
    try:
        yield
    finally:
        _spoken.reset(token)
