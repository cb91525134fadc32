"""What guesses are made of, and what they say."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TEXT_LIMIT: Final = 6_000
"""Characters from the beginning of a file that are looked at."""

FILL_AT: Final = 0.8
"""A guess that is at least this sure fills its field; others are offered."""

OFFER_AT: Final = 0.3
"""A guess that is less sure than this is not worth a teacher's glance."""

QUOTE_LIMIT: Final = 160


class Source(StrEnum):
    """What a guess was read from."""

    NAME = "name"
    HEADING = "heading"
    PROPERTIES = "properties"
    TEXT = "text"
    MANIFEST = "manifest"
    TYPE = "type"
    CURRICULUM = "curriculum"


class Field(StrEnum):
    """A field of a material's description that can be guessed."""

    TITLE = "title"
    DESCRIPTION = "description"
    KIND = "kind"
    LANGUAGE = "language"
    LICENSE = "license"
    KEYWORDS = "keywords"
    GRADES = "grades"
    SUBJECTS = "subjects"
    BOOKS = "books"
    ITEMS = "items"


NEVER_FILLED: Final = frozenset({Field.LICENSE})
"""Only a person grants rights: what a file says of its licence is offered."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One value of a field. `quote` is what it was read from, as people wrote it.

    `confidence` is the share of such guesses that are right, from 0 to 1.
    """

    field: Field
    value: str
    confidence: float
    source: Source
    quote: str = ""

    @property
    def fills(self) -> bool:
        """Whether it is sure enough to stand in the form."""
        return self.confidence >= FILL_AT and self.field not in NEVER_FILLED


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package or document says of itself; empty where it says nothing."""

    title: str = ""
    description: str = ""
    language: str = ""
    license: str = ""
    keywords: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """One file as the rules see it: `text` is its beginning, `group` that of its kind."""

    name: str
    group: str
    text: str = ""
    manifest: Manifest = field(default_factory=Manifest)


def quoted(text: str) -> str:
    """Evidence short enough to stand in a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTE_LIMIT else f"{line[: QUOTE_LIMIT - 1].rstrip()}…"
