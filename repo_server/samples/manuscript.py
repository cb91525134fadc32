"""What a format module is handed: a text with everything around it, ready to be set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from repo_server.samples.markup import Block

# Every sample carries this date, so that writing it again gives the same bytes.
WRITTEN_AT: Final = datetime(2026, 9, 5, 7, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FontFiles:
    """Where the three faces of the print typeface are (TrueType outlines)."""

    regular: Path
    bold: Path
    italic: Path


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A document to be set. `pictures` are PNG bytes by name; `color` is six hexadecimal digits."""

    title: str
    subject_name: str
    grade_label: str
    author: str
    organization: str
    keywords: tuple[str, ...]
    language: str
    color: str
    blocks: tuple[Block, ...]
    pictures: Mapping[str, bytes]
    fonts: FontFiles | None

    @property
    def locale(self) -> str:
        """The language as office formats want it."""
        return "en-US" if self.language == "en" else "vi-VN"

    @property
    def subtitle(self) -> str:
        """Subject and grade, in one line."""
        return f"{self.subject_name} · {self.grade_label}"

    @property
    def byline(self) -> str:
        """Who wrote it, in one line."""
        return f"{self.author} · {self.organization}"
