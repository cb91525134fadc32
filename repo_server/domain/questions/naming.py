"""Subjects, grades, kinds and textbook sets that a question names, as preferences.

They are soft: a hit that is one of them comes first, none is left out for being another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.materials import KIND_LABELS, Kind
from repo_server.domain.mentions import Lexicon, Mention, Topic, Word
from repo_server.domain.questions.base import Preference
from repo_server.domain.school_words import SUBJECT_TITLES
from repo_server.domain.wording import worded

_LEAST: Final = 0.7
"""Confidence from which a name is believed; hints are not."""

_AMID: Final = 0.6
"""How much less is trusted in a name amid other words, where no grade stands beside it: "chiến
tranh bảo vệ Tổ quốc trong lịch sử Việt Nam"."""

# Words that only introduce a name and belong to it: "môn toán", "sách Cánh Diều".
_INTRODUCING: Final[dict[Topic, frozenset[str]]] = {
    Topic.SUBJECT: frozenset(("mon", "sach")),
    Topic.BOOK: frozenset(("sach", "bo", "theo")),
    Topic.GRADE: frozenset(("lop", "khoi")),
    Topic.KIND: frozenset(),
}


@dataclass(frozen=True, slots=True)
class NamedSpan:
    """Words `start` to `end` (exclusive) say one preference."""

    start: int
    end: int
    preference: Preference


def named_spans(
    words: Sequence[Word], lexicon: Lexicon, ignored: frozenset[str] = frozenset()
) -> tuple[NamedSpan, ...]:
    """What is named, in order; `ignored` are facets that the person does not want understood."""
    mentions = [one for one in lexicon.mentions(words) if one.confidence >= _LEAST]
    mentions.sort(key=lambda one: one.start)
    grades = [int(one.codes[0]) for one in mentions if one.topic is Topic.GRADE]
    spans = []
    for at, mention in enumerate(mentions):
        if mention.topic.value in ignored:
            continue
        start = _introduced(words, mention, mentions[at - 1].end if at else 0)
        around = mentions[max(at - 1, 0) : at] + mentions[at + 1 : at + 2]
        beside = any(one.end == start or one.start == mention.end for one in around)
        amid = not beside and start > 0 and mention.end < len(words)
        trust = mention.confidence * (_AMID if amid else 1.0)
        typed = " ".join(word.raw for word in words[start : mention.end])
        preference = _preference(mention, typed, trust, grades, lexicon)
        spans.append(NamedSpan(start, mention.end, preference))
    return tuple(spans)


def _introduced(words: Sequence[Word], mention: Mention, taken: int) -> int:
    start = mention.start
    while start > taken and words[start - 1].folded in _INTRODUCING[mention.topic]:
        start -= 1
    return start


def _preference(
    mention: Mention, typed: str, trust: float, grades: Sequence[int], lexicon: Lexicon
) -> Preference:
    values = mention.codes
    if mention.topic is Topic.SUBJECT:
        values = tuple(dict.fromkeys(_taught(mention.codes, grades, lexicon)))
    label = _label(mention.topic, values, lexicon)
    return Preference(mention.topic.value, values, typed, label, round(trust, 2))


def _taught(codes: Sequence[str], grades: Sequence[int], lexicon: Lexicon) -> Iterator[str]:
    """What a subject is called in the grades named, then the subject itself: lí 8 is KHTN."""
    for grade in grades:
        yield from (name for code in codes if (name := lexicon.taught(code, grade)))
    yield from codes


def _label(topic: Topic, values: Sequence[str], lexicon: Lexicon) -> str:
    value = values[0]
    if topic is Topic.GRADE:
        return worded("grade", value, f"Lớp {value}")
    if topic is Topic.KIND:
        return worded("kind", value, KIND_LABELS[Kind(value)])
    return SUBJECT_TITLES.get(value) or lexicon.label(value) or value
