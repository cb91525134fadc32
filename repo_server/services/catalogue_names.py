"""What a record of another catalogue says in words becomes codes of ours, and nothing is invented.

A name that Kho does not know leaves its field empty and is told; names of subjects and kinds stay
with the material as keywords, so that it is found by them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from repo_server.domain.curriculum import GRADES, shortened
from repo_server.domain.licenses import LICENSES, license_named
from repo_server.domain.materials import (
    DESCRIPTION_LIMIT,
    KEYWORD_LIMIT,
    KEYWORDS_LIMIT,
    LANGUAGES,
    TITLE_LIMIT,
    Kind,
)
from repo_server.domain.mentions import Lexicon, Topic, words_of
from repo_server.domain.vietnamese import fold, unmarked
from repo_server.services.catalogue_entries import SOURCE_LIMIT, TEXT_LIMIT, URL_LIMIT, USE_LIMIT
from repo_server.services.cataloguing import CatalogueRecord

Fields = Mapping[str, tuple[str, ...]]

_LICENSE_NAMES: Final = {
    **{code: code for code in LICENSES},
    **{fold(license.label): license.code for license in LICENSES.values()},
    "noi bo nganh": "internal",
    "su dung trong nganh": "internal",
}
_LANGUAGE_NAMES: Final = {
    **{code: code for code in LANGUAGES},
    **{fold(label): code for code, label in LANGUAGES.items()},
    "vietnamese": "vi", "english": "en", "french": "fr", "chinese": "zh", "japanese": "ja",
    "korean": "ko", "khmer": "km", "vie": "vi", "eng": "en", "fre": "fr", "fra": "fr",
    "chi": "zh", "zho": "zh", "jpn": "ja", "kor": "ko", "khm": "km",
}  # fmt: skip
_OTHER_LANGUAGE: Final = "other"
_LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(?:[-_].+)?")
_GRADE: Final = re.compile(r"(?:lop|khoi|grade)?\s*(\d{1,2})(?:\s*(?:-|–|den|to)\s*(\d{1,2}))?")
_SEPARATORS: Final = re.compile(r"\s*[;|/]\s*|,\s+")
_DATES: Final = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_YEAR: Final = re.compile(r"([12]\d{3})(?:\.0)?")
_FIRST_YEAR: Final = 1900
_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"]+")
_CUT: Final = "…"
_NAMES_CACHED: Final = 4_096


@dataclass(frozen=True, slots=True)
class Named:
    """A record in our codes, and a sentence for each thing that is not known here."""

    record: CatalogueRecord
    warnings: tuple[str, ...]


class CatalogueNames:
    """Turns fields as a mapping gives them into records; for one import, by the present names."""

    def __init__(self, lexicon: Lexicon, subjects: Sequence[str], books: Sequence[str]) -> None:
        self._lexicon = lexicon
        self._codes = {Topic.SUBJECT: frozenset(subjects), Topic.BOOK: frozenset(books)}
        self._newest = datetime.now(UTC)
        # A catalogue says the same few names in each of its records.
        self._called = lru_cache(_NAMES_CACHED)(self._look_up)
        self._kind_called = lru_cache(_NAMES_CACHED)(self._look_up_kind)

    def record(self, row: int, fields: Fields) -> Named:
        """The record in `row`. What is wrong beyond repair is left to `add_records` to refuse."""
        reading = _Reading(fields)
        grades = self._grades(reading)
        subjects = self._subjects(reading, grades)
        description, text = _described(reading)
        record = CatalogueRecord(
            external_id=reading.one("id"),
            title=reading.one("title"),
            description=description,
            kind=self._kind(reading),
            grades=grades,
            subjects=subjects,
            books=self._books(reading),
            items=reading.fields.get("items", ()),
            license=_license(reading),
            language=_language(reading),
            author=reading.cut("author", TITLE_LIMIT, "Tác giả"),
            text=text,
            source=reading.cut("source", SOURCE_LIMIT, "Nguồn"),
            url=_url(reading),
            use=_use(reading),
            published=self._published(reading),
            row=row,
        )
        return Named(replace(record, keywords=reading.keywords()), tuple(reading.warnings))

    def _grades(self, reading: "_Reading") -> tuple[int, ...]:
        grades: set[int] = set()
        for said in reading.fields.get("grades", ()):
            for part in _SEPARATORS.split(said):
                match = _GRADE.fullmatch(unmarked(part).strip())
                first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
                found = [grade for grade in range(first, last + 1) if grade in GRADES]
                if not found:
                    reading.warn(f"Không hiểu lớp “{shortened(part)}” nên bỏ qua.")
                grades.update(found)
        return tuple(sorted(grades))

    def _subjects(self, reading: "_Reading", grades: Sequence[int]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for said in self._split(reading.fields.get("subjects", ()), Topic.SUBJECT):
            named = self._called(Topic.SUBJECT, said)
            taught = {code: None for grade in grades for code in self._lexicon_taught(named, grade)}
            if not taught:
                why = "chưa có lớp" if named and not grades else "không có trong chương trình"
                reading.warn(f"Môn “{shortened(said)}” {why} nên chỉ giữ làm từ khoá.")
                reading.remember(said)
            found |= taught
        return tuple(found)

    def _lexicon_taught(self, named: Sequence[str], grade: int) -> Iterator[str]:
        """Of several subjects that bear one name, the first that is taught in a grade."""
        taught = (self._lexicon.taught(code, grade) for code in named)
        yield from [code for code in taught if code is not None][:1]

    def _books(self, reading: "_Reading") -> tuple[str, ...]:
        found: dict[str, None] = {}
        for said in self._split(reading.fields.get("books", ()), Topic.BOOK):
            named = self._called(Topic.BOOK, said)[:1]
            if not named:
                reading.warn(f"Kho không có bộ sách “{shortened(said)}” nên chỉ giữ làm từ khoá.")
                reading.remember(said)
            found |= dict.fromkeys(named)
        return tuple(found)

    def _split(self, values: Sequence[str], topic: Topic) -> Iterator[str]:
        """Whole names first: "Hoạt động trải nghiệm, hướng nghiệp" is one subject."""
        for said in values:
            whole = self._called(topic, said)
            yield from (said,) if whole else filter(None, _SEPARATORS.split(said))

    def _look_up(self, topic: Topic, name: str) -> tuple[str, ...]:
        return (name,) if name in self._codes[topic] else self._lexicon.called(topic, name)

    def _kind(self, reading: "_Reading") -> str | None:
        said = reading.one("kind")
        found = self._kind_called(said) if said else None
        if said and found is None:
            reading.warn(f"Kho không có loại học liệu “{shortened(said)}” nên chỉ giữ làm từ khoá.")
            reading.remember(said)
        return found

    def _look_up_kind(self, said: str) -> str | None:
        if said in set(Kind):
            return said
        named = set(self._lexicon.called(Topic.KIND, said)) or {
            mention.codes[0]
            for mention in self._lexicon.mentions(words_of(said))
            if mention.topic is Topic.KIND
        }
        return named.pop() if len(named) == 1 else None

    def _published(self, reading: "_Reading") -> datetime | None:
        said = reading.one("published")
        if not said:
            return None
        found = moment(said)
        if found is None or found > self._newest or found.year < _FIRST_YEAR:
            reading.warn(f"Không dùng được ngày “{shortened(said)}” nên lấy ngày nhập.")
            return None
        return found


class _Reading:
    """One record while it is read: its fields, its further keywords and what is told of it."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.warnings: list[str] = []
        self._further: list[str] = []

    def one(self, name: str) -> str:
        """The value of a field that is no list."""
        return next(iter(self.fields.get(name, ())), "")

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def remember(self, word: str) -> None:
        self._further.append(word)

    def cut(self, name: str, limit: int, label: str) -> str:
        """A field, shortened where it is too long."""
        said = self.one(name)
        if len(said) > limit:
            self.warn(f"{label} dài quá {limit} kí tự nên được cắt bớt.")
        return said if len(said) <= limit else said[: limit - 1] + _CUT

    def keywords(self) -> tuple[str, ...]:
        """Its keywords with what was remembered, as many as a material may have."""
        words = dict.fromkeys(
            word if len(word) <= KEYWORD_LIMIT else word[: KEYWORD_LIMIT - 1] + _CUT
            for word in (*self.fields.get("keywords", ()), *self._further)
        )
        if len(words) > KEYWORDS_LIMIT:
            self.warn(f"Có {len(words)} từ khoá, giữ {KEYWORDS_LIMIT} từ đầu.")
        return tuple(words)[:KEYWORDS_LIMIT]


def _described(reading: _Reading) -> tuple[str, str]:
    """(description, text): a description that is too long is cut, and whole among the text."""
    said, text = reading.one("description"), reading.one("text")
    if len(said) > DESCRIPTION_LIMIT:
        text = f"{said}\n{text}".strip()
        said = said[: DESCRIPTION_LIMIT - 1] + _CUT
    if len(text) > TEXT_LIMIT:
        reading.warn(f"Nội dung dài quá {TEXT_LIMIT} kí tự: chỉ tìm được trong phần đầu.")
    return said, text[:TEXT_LIMIT]


def _license(reading: _Reading) -> str | None:
    said = reading.one("license")
    code = _LICENSE_NAMES.get(said.lower()) or _LICENSE_NAMES.get(fold(said))
    code = code or license_named(said)
    if said and code is None:
        reading.warn(f"Giấy phép “{shortened(said)}” không có trong danh mục nên để trống.")
    return code


def _language(reading: _Reading) -> str:
    said = reading.one("language").lower()
    if not said:
        return "vi"
    code = _LANGUAGE_NAMES.get(said) or _LANGUAGE_NAMES.get(fold(said))
    if code is None and _LANGUAGE_TAG.fullmatch(said):
        code = _LANGUAGE_NAMES.get(re.split("[-_]", said)[0])
    return code or _OTHER_LANGUAGE


def _url(reading: _Reading) -> str | None:
    said = reading.one("url")
    if not said:
        return None
    if len(said) > URL_LIMIT or not _ADDRESS.fullmatch(said):
        reading.warn(f"Địa chỉ “{shortened(said)}” không phải liên kết web nên bỏ qua.")
        return None
    return said


def _use(reading: _Reading) -> int:
    said = reading.one("use")
    if not said:
        return 0
    digits = said.replace(".", "").replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(USE_LIMIT))):
        reading.warn(f"Không hiểu số lượt dùng “{shortened(said)}” nên bỏ qua.")
        return 0
    return min(int(digits), USE_LIMIT)


def moment(said: str) -> datetime | None:
    """A date as programs and people write it, day before month; None for anything else."""
    parsers: tuple[Callable[[str], datetime], ...] = (
        datetime.fromisoformat,
        *((lambda text, form=form: datetime.strptime(text, form)) for form in _DATES),  # noqa: DTZ007
    )
    if year := _YEAR.fullmatch(said):
        return datetime(int(year[1]), 1, 1, tzinfo=UTC)
    for parse in parsers:
        try:
            found = parse(said)
        except ValueError:
            continue
        try:
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except OverflowError:
            return None
    return None
