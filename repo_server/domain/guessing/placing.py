"""Where a file belongs: grade, subject and textbook set, from its name and its first lines."""

from collections.abc import Iterator, Sequence
from typing import Final

from repo_server.domain.guessing.base import Field, FileEvidence, Guess, Source, quoted
from repo_server.domain.guessing.outline import Outline, is_header
from repo_server.domain.mentions import Lexicon, Mention, Topic, Word, words_of

_HEAD_LINES: Final = 12
_LONG_LINE: Final = 20
_LABELS: Final = frozenset(("mon", "lop", "khoi", "sach"))


def places(
    evidence: FileEvidence,
    found: Outline,
    words: Sequence[Word],
    mentions: Sequence[Mention],
    lexicon: Lexicon,
) -> Iterator[Guess]:
    """Guesses of grade, subject and set, each with its own evidence."""
    yield from _from_line(evidence.name, mentions, Source.NAME, 1.0)
    for line in found.head[:_HEAD_LINES]:
        said = words_of(line)
        named = lexicon.mentions(said)
        weight = _weight(line, said, named)
        yield from _from_line(line, named, Source.HEADING, weight)
    for grade in evidence.manifest.grades:
        yield _guess(Field.GRADES, str(grade), _DECLARED, Source.MANIFEST, evidence.manifest.title)
    title = evidence.manifest.title
    if title:
        named = lexicon.mentions(words_of(title))
        yield from _from_line(title, named, Source.PROPERTIES, 0.9)


def _weight(line: str, words: Sequence[Word], named: Sequence[Mention]) -> float:
    """A line of a form ("Môn: Toán – Lớp 6") says it; a lesson's name only mentions it."""
    said = {word.folded for word in words}
    topics = {mention.topic for mention in named}
    if said & _LABELS or {Topic.GRADE, Topic.SUBJECT} <= topics:
        return 0.97 if len(words) < _LONG_LINE else 0.6
    if is_header(line):
        return 0.3
    alone = sum(mention.end - mention.start for mention in named) >= len(words) - 1
    return 0.9 if alone else 0.4


def _from_line(
    line: str, mentions: Sequence[Mention], source: Source, weight: float
) -> Iterator[Guess]:
    fields = {Topic.GRADE: Field.GRADES, Topic.SUBJECT: Field.SUBJECTS, Topic.BOOK: Field.BOOKS}
    subjects = 0
    for mention in mentions:
        field = fields.get(mention.topic)
        if field is None:
            continue
        # The first subject is meant; a later one is often a part of the lesson's name.
        share = _LATER if field is Field.SUBJECTS and subjects else 1.0
        subjects += field is Field.SUBJECTS
        for code in mention.codes:
            yield _guess(field, code, mention.confidence * weight * share, source, line)


_LATER: Final = 0.5
_DECLARED: Final = 0.6
"""Ages and levels that a package declares are often those of another country."""


def _guess(field: Field, value: str, confidence: float, source: Source, line: str) -> Guess:
    return Guess(field, value, confidence, source, quoted(line))


def settled_subjects(
    subjects: Sequence[Guess], grades: Sequence[Guess], lexicon: Lexicon
) -> list[Guess]:
    """Subjects under the names they have in the likeliest grade: Lí in grade 8 is KHTN.

    Of names that several subjects share (HĐTN) those taught there are kept; a subject that no
    likely grade teaches becomes an unlikely guess.
    """
    sure = [int(guess.value) for guess in grades if guess.confidence >= 0.5]
    settled: dict[str, Guess] = {}
    for guess in subjects:
        code, confidence = _settled(guess.value, guess.confidence, sure, lexicon)
        known = settled.get(code)
        if known is None or known.confidence < confidence:
            settled[code] = Guess(guess.field, code, confidence, guess.source, guess.quote)
    return sorted(settled.values(), key=lambda guess: -guess.confidence)


def _settled(
    code: str, confidence: float, grades: Sequence[int], lexicon: Lexicon
) -> tuple[str, float]:
    if not grades:
        # Without a grade it is not known which of the names is meant.
        return code, min(confidence, 0.75)
    names = {lexicon.taught(code, grade) for grade in grades}
    if code in names:
        return code, confidence
    other = next((name for name in names if name is not None), None)
    return (other, confidence * 0.98) if other is not None else (code, confidence * 0.4)
