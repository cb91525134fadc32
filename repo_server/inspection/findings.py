"""What decoders fill in while they read, and the one way in which they read bytes."""

import io
import os
import re
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from repo_server.domain.languages import language_of
from repo_server.domain.licenses import license_named
from repo_server.domain.materials import KEYWORD_LIMIT, KEYWORDS_LIMIT, LANGUAGES, TITLE_LIMIT
from repo_server.inspection.base import (
    CONTENTS_LIMIT,
    DESCRIPTION_LIMIT,
    RIGHTS_LIMIT,
    TEXT_LIMIT,
    Declared,
    Inspection,
    Part,
    Segment,
)

# Text stops being gathered after this much CPU time, so that the hard limit (10 s) is only met by
# files that do harm, not by long honest ones.
_PATIENCE_SECONDS: Final = 6.0

LABEL_LIMIT: Final = 120
"""Characters of a place's label, as the database keeps it."""

# Not the single blanks between words: replacing each by itself would cost most of the cleaning.
_SPACE_RUNS: Final = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_EMPTY_LINE: Final = re.compile(r"\n ?\n")
_LINE_RUNS: Final = re.compile(r" ?\n(?: ?\n)+ ?")
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]"
)
_SYMBOLS: Final = re.compile("[\ue000-\uf8ff]")  # bullets of symbol fonts: no letters
_EMPTY_TITLES: Final = re.compile(
    r"^(?:https?://\S+|microsoft (?:word|powerpoint|excel)\b.*|powerpoint presentation|"
    r"slide \d+|untitled.*|"
    r"document\d*|title|presentation\d*|trình bày powerpoint|bản trình bày powerpoint|"
    r"word document|.*\.(?:docx?|pptx?|xlsx?|pdf|odt|indd|dvi|tex|rtf))$",
    re.IGNORECASE,
)
_LONG_LANGUAGES: Final = {"vie": "vi", "eng": "en", "fra": "fr", "fre": "fr", "khm": "km"} | {
    "zho": "zh", "chi": "zh", "jpn": "ja", "kor": "ko"
}  # fmt: skip


class Source:
    """An open file, read by position. It never changes, whoever reads it in whatever order."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self.size = os.fstat(handle).st_size

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end of the file."""
        if offset < 0 or size <= 0:
            return b""
        return os.pread(self.handle, size, offset)

    def whole(self, limit: int) -> bytes:
        """The whole file, at most `limit` bytes of it."""
        return self.read(0, min(self.size, limit))

    def stream(self) -> io.BufferedReader:
        """A seekable stream over the file, for libraries that want one."""
        os.lseek(self.handle, 0, os.SEEK_SET)
        return io.BufferedReader(io.FileIO(self.handle, "rb", closefd=False), 65_536)


def clean_text(text: str) -> str:
    """NFC without control characters, runs of blanks and more than one empty line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x02\n", "")
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", _SYMBOLS.sub(" ", text)))
    text = _SPACE_RUNS.sub(" ", text)
    return (_LINE_RUNS.sub("\n\n", text) if _EMPTY_LINE.search(text) else text).strip()


def sensible_title(title: str) -> str | None:
    """A title out of document properties, or None when it is what programs fill in."""
    tidy = one_line(title, TITLE_LIMIT)
    return tidy if len(tidy) > 2 and not _EMPTY_TITLES.match(tidy) else None


def one_line(text: str, limit: int) -> str:
    """Clean text without line breaks, at most `limit` characters."""
    return " ".join(clean_text(text[: 4 * limit]).split())[:limit].strip()


def language_code(declared: str) -> str | None:
    """A declared language ("en-US", "vie") as a key of `LANGUAGES`; None where none is said."""
    name = declared.strip().lower().replace("_", "-").partition("-")[0]
    if name in ("", "x", "und", "none", "zxx", "mul") or not name.isalpha():
        return None
    name = _LONG_LANGUAGES.get(name, name)
    return name if name in LANGUAGES else "other"


@dataclass(slots=True)
class Findings:
    """What is known so far about one file; decoders add to it."""

    kind: str
    title: str | None = None
    language: str | None = None
    page_count: int | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    truncated: bool = False
    segments: list[Segment] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    declared: Declared = field(default_factory=Declared)
    content: str | None = None
    _characters: int = 0
    _positions: set[int] = field(default_factory=set)

    def add(self, label: str, text: str, position: int | None = None) -> None:
        """Add the text of one place; empty places are left out but keep their number.

        No two places share a number: a taken one gives way to the next that is free.
        """
        room = TEXT_LIMIT - self._characters
        # Cleaning makes copies: far more than can be kept must not be copied.
        tidy = clean_text(text[: 2 * room + 1000])
        if len(tidy) > room:
            tidy, self.truncated = tidy[:room], True
        if tidy:
            place = position or len(self.segments) + 1
            while place in self._positions:
                place += 1
            self._positions.add(place)
            self._characters += len(tidy)
            self.segments.append(Segment(place, one_line(label, LABEL_LIMIT), tidy))

    def declare(
        self,
        *,
        title: str = "",
        description: str = "",
        language: str = "",
        rights: str = "",
        creator: str = "",
        keywords: Iterable[str] = (),
    ) -> None:
        """Note what the file says about itself; what is empty leaves the former value.

        The title becomes the file's title unless a program filled it in, and the rights are read
        for the name of a licence that Kho knows.
        """
        old = self.declared
        named = sensible_title(title)
        words = dict.fromkeys(
            [*old.keywords, *(one_line(word, KEYWORD_LIMIT) for word in keywords)]
        )
        words.pop("", None)
        said = one_line(rights, RIGHTS_LIMIT)
        self.declared = replace(
            old,
            title=named or old.title,
            description=clean_text(description[:20_000])[:DESCRIPTION_LIMIT] or old.description,
            language=language_code(language) or old.language,
            license=license_named(rights) or old.license,
            rights=said or old.rights,
            creator=one_line(creator, TITLE_LIMIT) or old.creator,
            keywords=tuple(words)[:KEYWORDS_LIMIT],
        )
        self.title = self.title or named
        self.language = self.language or self.declared.language

    def list_parts(self, parts: Iterable[Part]) -> None:
        """Note the parts of a package; the list ends where it is long enough to be read."""
        listed = [
            Part(one_line(part.title, TITLE_LIMIT), min(part.depth, 20), part.note)
            for _, part in zip(range(CONTENTS_LIMIT), parts, strict=False)
        ]
        listed = [part for part in listed if part.title]
        self.declared = replace(self.declared, contents=tuple(listed))

    def hint_grades(self, grades: Iterable[int]) -> None:
        """Note for which grades the file says that it is; none beyond 1 to 12."""
        known = sorted({grade for grade in grades if 1 <= grade <= 12})
        self.declared = replace(self.declared, grades=tuple(known) or self.declared.grades)

    def enough(self, gathered: int = 0) -> bool:
        """Whether reading on would cost too much; says so in the answer when it does.

        `gathered` counts characters that a decoder holds and has not added yet.
        """
        full = self._characters + gathered > TEXT_LIMIT
        if full or time.process_time() > _PATIENCE_SECONDS:
            self.truncated = True
        return self.truncated

    def warn(self, sentence: str) -> None:
        """Add a Vietnamese sentence for the person who sent the file, once."""
        if sentence not in self.warnings and len(self.warnings) < 9:
            self.warnings.append(sentence)

    def inspection(self) -> Inspection:
        """The accepting answer."""
        if self.truncated:
            self.warn("Tệp rất dài: chỉ phần đầu được đưa vào tìm kiếm.")
        sample = "\n".join(segment.text[:4000] for segment in self.segments[:20])
        return Inspection(
            accepted=True,
            kind=self.kind,
            title=self.title,
            language=language_of(sample) or language_code(self.language or ""),
            page_count=self.page_count,
            width=self.width,
            height=self.height,
            duration=self.duration,
            segments=tuple(sorted(self.segments, key=lambda segment: segment.position)),
            text_truncated=self.truncated,
            has_text=bool(self.segments),
            warnings=tuple(self.warnings),
            declared=self.declared,
            content=self.content,
        )
