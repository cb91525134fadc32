"""What a short text names: subjects, grades, kinds of materials and textbook sets.

File names, headings and searches say "Toan6", "KHTN 8", "lớp 6", "KHBD", "KNTT" in a hundred ways.
A `Lexicon` knows all names and finds them word by word. A name typed with marks must carry the
right ones ("hoa học trò" is not Hoá học); names that are common words count beside a grade only.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from repo_server.domain.curriculum import GRADES
from repo_server.domain.materials import Kind
from repo_server.domain.school_words import (
    BOOK_WORDS,
    ENTRANCE_PHRASES,
    GRADE_NUMBERS,
    GRADE_WORDS,
    NO_KIND_NAMES,
    NOT_BOOK_BEFORE,
    NOT_KIND_AFTER,
    NOT_SUBJECT_AFTER,
    NOT_SUBJECT_BEFORE,
    SHORT_BOOK_NAMES,
    SHORT_SUBJECT_NAMES,
    SUBJECT_WORDS,
    SUCCESSORS,
    VAGUE_KIND_NAMES,
    WEAK_KIND_NAMES,
    kind_names,
)
from repo_server.domain.vietnamese import exact_token, fold_token, normalize, pieces, unmarked

_WORD: Final = re.compile(r"[^\W_]+")
_LETTERED_GRADE: Final = re.compile(r"([lk])(\d{1,2})")
_CLASS: Final = re.compile(r"(\d{1,2})[a-e]\d{1,2}")
_CLASS_AFTER: Final = re.compile(r"(\d{1,2})[a-e]\d{0,2}")
_BETWEEN_GRADES: Final = frozenset(",&+–-")
_COUNTERS: Final = frozenset((
    "bai", "tiet", "tuan", "so", "de", "hk", "gk", "ck", "ki", "ktgk", "ktck", "kthk", "ghk",
    "chk", "chuong", "unit", "phan", "cau", "lan", "dot", "lesson",
))  # fmt: skip
"""Words before a number that it counts: the number after them is no grade."""

_COUNTED: Final = frozenset((
    "phut", "p", "phút", "tiet", "tiết", "diem", "điểm", "cau", "câu", "năm", "trang", "ngay",
    "ngày", "buoi", "buổi", "thang", "tháng", "đề",
))  # fmt: skip

_SURE: Final = 0.95
_CLEAR: Final = 0.9
_BESIDE: Final = 0.85
_LIKELY: Final = 0.75
_HINT: Final = 0.5
_VAGUE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, its two readings, its place, and what parts it from the one before."""

    raw: str
    folded: str
    exact: str
    start: int
    end: int
    gap: str = ""

    @property
    def marked(self) -> bool:
        """Whether it was typed with marks."""
        return _is_marked(self.raw)


_WORDS_KEPT: Final = 20_000
"""Words whose readings are kept: lessons and their names are made of the same few thousand."""


@lru_cache(maxsize=_WORDS_KEPT)
def _is_marked(raw: str) -> bool:
    lowered = normalize(raw)
    return lowered != unmarked(lowered)


@lru_cache(maxsize=_WORDS_KEPT)
def _readings(raw: str) -> tuple[str, str]:
    """A word as it is read without marks, and with them."""
    token = normalize(raw)
    return fold_token(token), exact_token(token)


def words_of(text: str) -> list[Word]:
    """The words of a text in which letters and numbers written together are two words."""
    text = unicodedata.normalize("NFC", text)
    found = []
    last = 0
    for match in _WORD.finditer(text):
        at = match.start()
        for piece in pieces(match.group()) or (match.group(),):
            end = at + len(piece)
            found.append(Word(piece, *_readings(piece), at, end, text[last:at].strip()))
            at = last = end
    return found


class Topic(StrEnum):
    """What is mentioned."""

    SUBJECT = "subject"
    KIND = "kind"
    BOOK = "book"
    GRADE = "grade"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `start` to `end` (exclusive) name one of `codes`, with that much confidence.

    `written` is the name with its marks, as the tables have it.
    """

    topic: Topic
    codes: tuple[str, ...]
    start: int
    end: int
    confidence: float
    written: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A subject (with the grades that teach it) or a textbook set, as the curriculum names it."""

    code: str
    names: tuple[str, ...]
    grades: tuple[int, ...] = ()


@dataclass(slots=True)
class _Entry:
    """What one phrase stands for."""

    codes: dict[str, None]
    spellings: set[tuple[str, ...]]
    written: str


class Lexicon:
    """All names of subjects, sets and kinds; immutable, safe between threads.

    `single_names` are those of one word, folded.
    """

    def __init__(self, subjects: Sequence[Named], books: Sequence[Named]) -> None:
        self._grades = {subject.code: frozenset(subject.grades) for subject in subjects}
        self._labels = {named.code: named.names[0] for named in (*subjects, *books) if named.names}
        self._entries: dict[str, list[tuple[tuple[str, ...], Topic, _Entry]]] = {}
        self._by_phrase: dict[tuple[Topic, tuple[str, ...]], _Entry] = {}
        for topic, listed, further in (
            (Topic.SUBJECT, subjects, SUBJECT_WORDS),
            (Topic.BOOK, books, BOOK_WORDS),
        ):
            for named in listed:
                self._know(topic, named.code, (*named.names, *further.get(named.code, ())))
        for kind in Kind:
            self._know(Topic.KIND, kind.value, kind_names(kind))
        for phrases in self._entries.values():
            phrases.sort(key=lambda known: len(known[0]), reverse=True)
        phrases_known = (phrase for _, phrase in self._by_phrase)
        self.single_names = frozenset(known[0] for known in phrases_known if len(known) == 1)

    def _know(self, topic: Topic, code: str, names: Sequence[str]) -> None:
        for name in names:
            words = words_of(name)
            phrase = tuple(word.folded for word in words)
            if not phrase or (topic is Topic.KIND and " ".join(phrase) in NO_KIND_NAMES):
                continue
            entry = self._by_phrase.get((topic, phrase))
            if entry is None:
                entry = self._by_phrase[topic, phrase] = _Entry({}, set(), name)
                self._entries.setdefault(phrase[0], []).append((phrase, topic, entry))
            entry.codes[code] = None
            entry.spellings.add(tuple(word.exact for word in words))

    def taught(self, code: str, grade: int) -> str | None:
        """The code under which a subject is taught in a grade: `vat-li` in grade 7 is `khtn`."""
        for name in (code, *SUCCESSORS.get(code, ())):
            if grade in self._grades.get(name, ()):
                return name
        return None

    def called(self, topic: Topic, name: str) -> tuple[str, ...]:
        """The codes that a whole name stands for; a name with marks must carry the right ones."""
        words = words_of(name)
        entry = self._by_phrase.get((topic, tuple(word.folded for word in words)))
        return tuple(entry.codes) if entry is not None and _spelled(words, entry) else ()

    def names(self) -> Iterator[str]:
        """Every name as the tables write it."""
        return (entry.written for entry in self._by_phrase.values())

    def label(self, code: str) -> str:
        """The name of a subject or set; "" for one that is not known."""
        return self._labels.get(code, "")

    def grades_of(self, code: str) -> frozenset[int]:
        """The grades in which a subject is taught."""
        return self._grades.get(code, frozenset())

    def mentions(self, words: Sequence[Word]) -> list[Mention]:
        """Everything that is named, in order; grades last."""
        named = list(self._named(words))
        grades = list(_grades(words, named, self))
        return [*self._held(named, grades), *grades]

    def _held(self, named: Sequence[Mention], grades: Sequence[Mention]) -> Iterator[Mention]:
        """Short names of subjects count right before a grade; after one only without another."""
        starts = {grade.start for grade in grades}
        ends = {grade.end for grade in grades if grade.confidence > _HINT}
        told = any(
            one.topic is Topic.SUBJECT and (one.confidence > _HINT or one.end in starts)
            for one in named
        )
        for one in named:
            if one.topic is not Topic.SUBJECT or one.confidence > _HINT:
                yield one
            elif one.end in starts:
                yield replace(one, confidence=_CLEAR)
            elif one.start in ends and not told:
                yield replace(one, confidence=_BESIDE)

    def _named(self, words: Sequence[Word]) -> Iterator[Mention]:
        folded = tuple(word.folded for word in words)
        at = named = 0
        while at < len(words):
            found = next(self._at(words, folded, at, named), None)
            if found is None:
                at += 1
            else:
                yield found
                at = named = found.end

    def _at(
        self, words: Sequence[Word], folded: tuple[str, ...], at: int, named: int
    ) -> Iterator[Mention]:
        for phrase, topic, entry in self._entries.get(folded[at], ()):
            end = at + len(phrase)
            if folded[at:end] != phrase or not _spelled(words[at:end], entry):
                continue
            # What the word before names makes no other word of this one: "giáo án toán".
            before = folded[at - 1] if at > named else ""
            confidence = _confidence(topic, " ".join(phrase), words, at, end, before)
            if confidence:
                codes = tuple(entry.codes)
                yield Mention(topic, codes, at, end, confidence, entry.written)


def _spelled(span: Sequence[Word], entry: _Entry) -> bool:
    if not any(word.marked for word in span):
        return True
    return tuple(word.exact for word in span) in entry.spellings


def _confidence(
    topic: Topic, phrase: str, words: Sequence[Word], start: int, end: int, before: str
) -> float:
    after = words[end].folded if end < len(words) else ""
    if topic is Topic.SUBJECT:
        return _subject_confidence(phrase, before, after)
    if topic is Topic.BOOK:
        if after in NOT_BOOK_BEFORE.get(phrase, ()):
            return 0.0
        capitals = all(word.raw.isupper() for word in words[start:end])
        return _HINT if phrase in SHORT_BOOK_NAMES and not capitals else _CLEAR
    numbered_topic = phrase == "chuyen de" and after.isdecimal()  # a part of the programme
    if numbered_topic or before in NOT_KIND_AFTER.get(phrase, ()):
        return 0.0
    weak = phrase in WEAK_KIND_NAMES
    return _weak_kind(phrase, words[start].raw, start) if weak else _CLEAR


def _subject_confidence(phrase: str, before: str, after: str) -> float:
    if before in NOT_SUBJECT_AFTER.get(phrase, ()) or after in NOT_SUBJECT_BEFORE.get(phrase, ()):
        return 0.0
    return _HINT if phrase in SHORT_SUBJECT_NAMES and before != "mon" else _CLEAR


def _weak_kind(phrase: str, raw: str, start: int) -> float:
    """Abbreviations in capitals, and names at the very start, are meant as such."""
    if raw.isupper() and len(raw) > 1 and " " not in phrase:
        return _CLEAR if phrase != "da" or start == 0 else _HINT
    if phrase == "da":
        return 0.0
    if phrase in VAGUE_KIND_NAMES:
        return _VAGUE
    return _LIKELY if start == 0 else _HINT


def _grades(words: Sequence[Word], named: Sequence[Mention], lexicon: Lexicon) -> Iterator[Mention]:
    entrance = _entrance(words)
    if entrance is not None:
        yield entrance
        return
    before = {mention.end: mention for mention in named}
    after = {mention.start: mention for mention in named}
    taken = 0
    for at, word in enumerate(words):
        if at < taken:
            continue
        for mention in _grade_at(words, at, word, before, after, lexicon):
            taken = mention.end
            yield mention


def _entrance(words: Sequence[Word]) -> Mention | None:
    text = f" {' '.join(word.folded for word in words)} "
    for phrase, grade in ENTRANCE_PHRASES:
        if f" {phrase} " in text:
            start = text[: text.index(f" {phrase} ")].count(" ")
            end = start + phrase.count(" ") + 1
            return Mention(Topic.GRADE, (str(grade),), start, end, _CLEAR)
    return None


def _grade_at(
    words: Sequence[Word],
    at: int,
    word: Word,
    before: Mapping[int, Mention],
    after: Mapping[int, Mention],
    lexicon: Lexicon,
) -> Iterator[Mention]:
    if word.folded in GRADE_WORDS:
        yield from _after_grade_word(words, at)
    elif match := _LETTERED_GRADE.fullmatch(word.folded):
        beside = [one for one in (before.get(at), after.get(at + 1)) if one is not None]
        sure = _CLEAR if match[1] == "l" and int(match[2]) > 2 else _LIKELY
        if any(one.topic is Topic.SUBJECT for one in beside):
            sure = _CLEAR
        yield from _if_grade(match[2], at, at + 1, sure)
    elif word.folded.isdecimal():
        confidence = _number_beside(words, at, before.get(at), after.get(at + 1), lexicon)
        if confidence:
            yield from _if_grade(word.folded, at, at + 1, confidence)
    elif match := _CLASS.fullmatch(word.folded):
        yield from _if_grade(match[1], at, at + 1, _HINT)


def _number_beside(
    words: Sequence[Word],
    at: int,
    before: Mention | None,
    after: Mention | None,
    lexicon: Lexicon,
) -> float:
    """How sure a bare number is a grade: right after a subject or a set, or before a subject."""
    if at + 1 < len(words) and not words[at + 1].gap and _is_counted(words[at + 1]):
        return 0.0
    number = int(words[at].folded[:3])
    if before is not None and before.topic is Topic.SUBJECT:
        taught = any(lexicon.taught(code, number) for code in before.codes)
        return _SURE if taught else 0.0
    if before is not None and before.topic is Topic.BOOK:
        return _LIKELY
    counted = at > 0 and words[at - 1].folded in _COUNTERS
    if after is not None and after.topic is Topic.SUBJECT and not counted:
        return _HINT if after.confidence > _HINT else 0.0
    return 0.0


def _after_grade_word(words: Sequence[Word], at: int) -> Iterator[Mention]:
    """ "lớp 6", "lớp 6A1", "lớp sáu", "khối 6, 7, 8"."""
    if at + 1 >= len(words):
        return
    said = words[at + 1].folded
    match = _CLASS_AFTER.fullmatch(said)
    number = match[1] if match else str(GRADE_NUMBERS.get(said, said))
    yield from _if_grade(number, at, at + 2, _SURE)
    for place in range(at + 2, len(words)):
        listed = words[place].gap in _BETWEEN_GRADES and words[place].gap
        if not listed or (place + 1 < len(words) and _is_counted(words[place + 1])):
            return
        yield from _if_grade(words[place].folded, place, place + 1, _CLEAR)


def _is_counted(after: Word) -> bool:
    """Whether the number before it is one of a date or counts something."""
    return after.gap == "/" or normalize(after.raw) in _COUNTED


def _if_grade(number: str, start: int, end: int, confidence: float) -> Iterator[Mention]:
    if number.isdecimal() and len(number) <= 2 and int(number) in GRADES:
        yield Mention(Topic.GRADE, (str(int(number)),), start, end, confidence)
