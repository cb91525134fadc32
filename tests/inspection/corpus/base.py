"""What a malicious file of our own is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MIB = 1 << 20

Rows = Iterator[tuple[Any, ...]]
"""Name, data, verdict and, where it matters, words that the answer must hold."""


@dataclass(frozen=True)
class Case:
    """A file, the verdict that it deserves, and words that its warning or reason must hold."""

    family: str
    name: str
    data: Callable[[], bytes]
    verdict: str
    says: str = ""

    @property
    def id(self) -> str:
        """How pytest names it."""
        return f"{self.family}: {self.name}"
