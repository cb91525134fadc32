"""From what a person typed to what they look for: keystrokes, slips, names, synonyms.

Nothing typed is lost: every correction stands beside the words as typed, every name stays a word.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from repo_server.domain.mentions import Lexicon, Word
from repo_server.domain.questions.base import MOST_WORDS, Origin, Question, Reading, Term
from repo_server.domain.questions.catalogue_words import NUMBER, CatalogueWords
from repo_server.domain.questions.correcting import Corrector, Stretch
from repo_server.domain.questions.keystrokes import from_vni, is_plainly_vni
from repo_server.domain.questions.naming import NamedSpan, named_spans
from repo_server.domain.questions.sentences import Choice, Typed
from repo_server.domain.questions.syllables import is_unmarked_syllable
from repo_server.domain.questions.synonyms import LONGEST_KEY, Expansion, Synonyms
from repo_server.domain.vietnamese import (
    LONGEST_TOKEN,
    exact_token,
    fold_token,
    has_marks,
    normalize,
    pieces,
    unmarked,
)

_WRITTEN: Final = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
_LONGEST_ABBREVIATION: Final = 6
_SYNONYM_TRUST: Final = 0.8
_KEYS_TRUST: Final = 0.05
_MOST_LETTERS: Final = MOST_WORDS * (LONGEST_TOKEN + 1)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What questions are understood with; immutable, held in memory, shared by all threads."""

    corrector: Corrector
    lexicon: Lexicon
    synonyms: Synonyms = field(default_factory=Synonyms)

    @property
    def words(self) -> CatalogueWords:
        """The words of the catalogue that the corrector goes by."""
        return self.corrector.words


@dataclass(frozen=True, slots=True)
class _Written:
    """A word as written: `glue` numbers the written words, so that the parts of "khtn6" share
    one; `keyed` is what VNI keystrokes write, and "" for all others."""

    raw: str
    word: str
    gap: str
    glue: int
    keyed: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the question with its readings, and the word believed at each place."""

    readings: tuple[Reading, ...]
    words: tuple[Word, ...]
    glue: int = -1
    changed: bool = False


def understand(
    text: str,
    knowledge: Knowledge,
    *,
    unfinished: bool = False,
    literal: bool = False,
    ignored: frozenset[str] = frozenset(),
) -> Question:
    """What `text` looks for. Only its first `MOST_WORDS` words count.

    `unfinished`: the last word is perhaps still being typed. `literal`: nothing is corrected and no
    synonym is added. `ignored`: facets whose names are taken as words.
    """
    written = _written(text, knowledge, literal=literal)
    if not written:
        return Question(text, ())
    stretches = _stretches(written, knowledge, unfinished=unfinished, literal=literal)
    parts = list(_parts(written, stretches, marked=has_marks(text)))
    spans = named_spans([word for part in parts for word in part.words], knowledge.lexicon, ignored)
    synonyms = Synonyms() if literal else knowledge.synonyms
    terms = _terms(parts, spans, synonyms)
    if stretches[-1].unfinished and text[-1:].strip():
        terms[-1] = replace(terms[-1], unfinished=True)
    changed = any(part.changed for part in parts)
    instead = " ".join(word.raw for part in parts for word in part.words) if changed else ""
    return Question(text, tuple(terms), tuple(span.preference for span in spans), instead)


def _written(text: str, knowledge: Knowledge, *, literal: bool) -> list[_Written]:
    """The words as written, those of VNI read, words and numbers written together parted."""
    text = unicodedata.normalize("NFC", text[:_MOST_LETTERS])
    found = list(_WRITTEN.finditer(text))[:MOST_WORDS]
    whole = [normalize(match.group())[:LONGEST_TOKEN] for match in found]
    vni = not literal and _is_vni(whole, knowledge.words)
    written: list[_Written] = []
    last = 0
    for glue, (match, word) in enumerate(zip(found, whole, strict=True)):
        raw, gap, last = match.group(), text[last : match.start()].strip(), match.end()
        keyed = from_vni(word) if vni else ""
        parts = () if keyed else pieces(word)
        if parts and "".join(parts) == raw.lower():
            for part in parts:
                written.append(_Written(raw[: len(part)], part, gap, glue))
                raw, gap = raw[len(part) :], ""
        else:
            written.append(_Written(raw, word, gap, glue, keyed))
    return written[:MOST_WORDS]


def _is_vni(words: Sequence[str], known: CatalogueWords) -> bool:
    """Whether digits are keystrokes: where one can be nothing else, or several write words."""
    if any(map(is_plainly_vni, words)):
        return True
    return sum(from_vni(word) in known.exact for word in words) > 1


def _stretches(
    written: Sequence[_Written], knowledge: Knowledge, *, unfinished: bool, literal: bool
) -> tuple[Stretch, ...]:
    last = len(written) - 1
    if literal:
        return tuple(
            Stretch(at, at + 1, (Choice((one.word,), Origin.TYPED),), unfinished and at == last)
            for at, one in enumerate(written)
        )
    known = _known_spans(written, knowledge)
    capitals = all(one.raw.isupper() or not one.raw.isalpha() for one in written)
    return knowledge.corrector.correct(
        [
            Typed(
                NUMBER if one.word.isdecimal() else one.keyed or one.word,
                fixed=at in known or _is_code(one, knowledge, capitals=capitals),
                unfinished=unfinished and at == last,
            )
            for at, one in enumerate(written)
        ]
    )


def _known_spans(written: Sequence[_Written], knowledge: Knowledge) -> frozenset[int]:
    """Places of words that name something or, together, have a synonym: they are right."""
    spans = named_spans([_as_word(one) for one in written], knowledge.lexicon)
    known = {at for span in spans for at in range(span.start, span.end)}
    words = [one.keyed or one.word for one in written]
    for at in range(len(words)):
        found = knowledge.synonyms.at(words, at)
        if found is not None and found.length > 1:
            known.update(range(at, at + found.length))
    return frozenset(known)


def _is_code(one: _Written, knowledge: Knowledge, *, capitals: bool) -> bool:
    """Formulas, codes and abbreviations mean themselves."""
    if one.keyed or one.word.isdecimal():
        return False
    folded = fold_token(one.word)
    synonym = folded in knowledge.synonyms.words and folded not in knowledge.words.folded
    name = folded in knowledge.lexicon.single_names and not is_unmarked_syllable(folded)
    if synonym or name or not one.word.isalpha():
        return True
    short = 1 < len(one.raw) <= _LONGEST_ABBREVIATION
    return short and one.raw.isupper() and not capitals


def _as_word(one: _Written) -> Word:
    word = one.keyed or one.word
    raw = one.keyed or one.raw
    return Word(raw, fold_token(word), exact_token(word), 0, 0, one.gap)


def _parts(
    written: Sequence[_Written], stretches: Sequence[Stretch], *, marked: bool
) -> Iterator[_Part]:
    keyed = any(s.choices[0].origin is Origin.KEYSTROKES for s in stretches)
    keyed = keyed or any(one.keyed for one in written)
    for stretch in stretches:
        typed = written[stretch.start : stretch.end]
        yield _part(typed, stretch, marked=marked or keyed)


def _part(typed: Sequence[_Written], stretch: Stretch, *, marked: bool) -> _Part:
    best = stretch.choices[0]
    readings = [
        reading for choice in stretch.choices for reading in _readings(typed, choice, marked=marked)
    ]
    if best.origin is Origin.TYPED:
        words = tuple(_as_word(one) for one in typed)
        return _Part(tuple(readings), words, typed[0].glue, any(one.keyed for one in typed))
    gap = typed[0].gap
    words = tuple(
        Word(word, fold_token(word), exact_token(word), 0, 0, "" if at else gap)
        for at, word in enumerate(best.words)
    )
    return _Part(tuple(readings), words, changed=True)


def _readings(typed: Sequence[_Written], choice: Choice, *, marked: bool) -> Iterator[Reading]:
    if choice.origin is not Origin.TYPED:
        meant = marked or choice.words != tuple(map(unmarked, choice.words))
        yield Reading(choice.words, choice.origin, meant, choice.trust)
        return
    if len(typed) == 1 and typed[0].keyed:
        yield Reading((typed[0].keyed,), Origin.KEYSTROKES, marked, choice.trust)
        yield Reading((typed[0].word,), Origin.TYPED, marked, _KEYS_TRUST)
        return
    words = tuple(one.word for one in typed)
    yield Reading(words, Origin.TYPED, marked, choice.trust)


def _terms(parts: Sequence[_Part], spans: Sequence[NamedSpan], synonyms: Synonyms) -> list[Term]:
    """Terms in the order typed; parts of one written word are one term unless they are named, the
    words of a phrase that has synonyms always."""
    naming = _naming(parts, spans)
    terms: list[Term] = []
    at = 0
    while at < len(parts):
        end = _glued_end(parts, naming, at)
        found = _expansion(parts, at, naming[at], synonyms)
        if found is not None and at + found.length >= end:
            end = at + found.length
            terms.append(_expanded(parts[at:end], naming[at:end], found))
        elif end > at + 1:
            terms.append(_glued(parts[at:end]))
        else:
            terms.append(Term(parts[at].readings, preference=naming[at]))
        at = end
    return terms


def _naming(parts: Sequence[_Part], spans: Sequence[NamedSpan]) -> list[int]:
    """For each part the number of the preference that all its words name, or -1."""
    named = {at: number for number, span in enumerate(spans) for at in range(span.start, span.end)}
    found, place = [], 0
    for part in parts:
        of_words = {named.get(place + at, -1) for at in range(len(part.words))}
        found.append(min(of_words) if -1 in of_words else max(of_words))
        place += len(part.words)
    return found


def _glued_end(parts: Sequence[_Part], naming: Sequence[int], at: int) -> int:
    """Where the parts of the written word that begins at `at` end, if none of them is named."""
    glue, end = parts[at].glue, at + 1
    while glue >= 0 and end < len(parts) and parts[end].glue == glue:
        end += 1
    return end if all(naming[place] < 0 for place in range(at, end)) else at + 1


def _glued(parts: Sequence[_Part]) -> Term:
    apart = tuple(word for part in parts for word in part.readings[0].words)
    marked = any(part.readings[0].marked for part in parts)
    whole = "".join(apart)
    return Term((Reading(apart, Origin.SPACING, marked), Reading((whole,), Origin.TYPED, marked)))


def _expansion(
    parts: Sequence[_Part], at: int, preference: int, synonyms: Synonyms
) -> Expansion | None:
    """What the words from `at` on mean besides; the 6 of "toán 6" is a grade, not "sáu"."""
    run = []
    for part in parts[at : at + LONGEST_KEY]:
        if len(part.readings[0].words) > 1:
            break
        run.append(part.readings[0].words[0])
    found = synonyms.at(run, 0) if run else None
    if found is not None and found.length == 1 and preference >= 0 and run[0].isdecimal():
        return None
    return found


def _expanded(parts: Sequence[_Part], naming: Sequence[int], found: Expansion) -> Term:
    readings = list(parts[0].readings)
    if len(parts) > 1:
        marked = any(part.readings[0].marked for part in parts)
        believed = tuple(part.readings[0].words[0] for part in parts)
        typed = tuple(word for part in parts for word in _typed(part))
        origins = {part.readings[0].origin for part in parts} - {Origin.TYPED}
        readings = [Reading(believed, max(origins, default=Origin.TYPED), marked)]
        if typed != believed:
            readings.append(Reading(typed, Origin.TYPED, marked))
        if parts[0].glue >= 0 and parts[0].glue == parts[-1].glue:
            readings.append(Reading(("".join(typed),), Origin.TYPED, marked))
    readings += [
        Reading(words, Origin.SYNONYM, marked=False, trust=_SYNONYM_TRUST)
        for words in found.phrases
    ]
    return Term(tuple(readings), preference=min(naming))


def _typed(part: _Part) -> tuple[str, ...]:
    return next(one.words for one in part.readings if one.origin is Origin.TYPED)
