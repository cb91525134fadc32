"""What to show of a long text for a question: the best window, with the words that were meant.

Words are compared as the engines compare them, in the text as it was written, so that a folded
question marks "Đường" in any of its spellings. Fragments are plain text: whoever builds a page
escapes them.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from repo_server.domain import vietnamese
from repo_server.domain.questions.base import Question
from repo_server.search.passes import believed, spread

# As the normaliser cuts words, with what it drops inside them, but in the text as it was written.
_WORD: Final = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u00ad\u200c\u200d\u2060\ufeff]+[^\W_]*)*")
_SENTENCE_END: Final = re.compile(r"[.!?…]\s+|\n\s*")
_BLANKS: Final = re.compile(r"\s+")
_UNSHOWN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ELLIPSIS: Final = "…"

# Words beside each other are worth more than the words: a Vietnamese word is two syllables.
_FOLDED: Final = 1.0
_EXACT: Final = 1.0
_PAIR: Final = 1.5
_REPEATED: Final = 0.01

_SHORTEST_BEGINNING: Final = 2
# Bodies are capped long before; this bounds one call whatever it is given.
_LONGEST_TEXT: Final = 2_000_000
# One answer asks for as many snippets as it has hits.
_QUESTIONS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Snippet:
    """Fragments in reading order, each with whether it is to be marked; `score` compares texts.

    Joined together the fragments are the shown window, with "…" where text was left out. A score
    of 0 means that no word of the question occurs; the window is then the beginning.
    """

    fragments: tuple[tuple[str, bool], ...]
    score: float


@dataclass(frozen=True, slots=True)
class _Match:
    """A word of the text, at its place among the words, that is the asked word number `asked`."""

    start: int
    end: int
    place: int
    asked: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Words:
    """What is asked for, each word with the number of its term.

    `known` and `begun` remember words of texts: the pages of one answer share most of theirs."""

    folded: Mapping[str, int]
    exact: Mapping[str, int]
    last: str
    marked: bool
    known: dict[str, tuple[int, bool] | None] = field(default_factory=dict)
    begun: dict[str, tuple[int, bool] | None] = field(default_factory=dict)


def highlight(text: str, question: Question, *, window: int = 240) -> Snippet:
    """The window of about `window` characters that answers `question` best.

    Every reading of a term is a match, so that a corrected question marks what it was corrected
    to. Where words were typed with marks and occur with exactly these, only such occurrences are
    marked; else every spelling is. A last word that does not occur marks what begins with it.
    """
    text = text[:_LONGEST_TEXT]
    matches = _matches(text, _words_of(question))
    span, score = _best_span(matches, window)
    start, end = _bounds(text, matches[span], window)
    inside = [match for match in matches if match.start >= start and match.end <= end]
    return Snippet(_fragments(text, inside, start, end), score)


@lru_cache(maxsize=_QUESTIONS_KEPT)
def _words_of(question: Question) -> _Words:
    folded: dict[str, int] = {}
    exact: dict[str, int] = {}
    for number, term in enumerate(question.terms):
        words = (word for reading in term.readings for word in reading.exact)
        for token in (part for word in words for part in (word, *vietnamese.pieces(word))):
            exact.setdefault(token, number)
            folded.setdefault(vietnamese.fold_token(token), number)
    if not folded:
        return _Words({}, {}, "", marked=False)
    last = vietnamese.fold_token(believed(question.terms)[-1])
    marked = any(term.readings[0].marked for term in question.terms)
    return _Words(folded, exact, last, marked=marked)


def _matches(text: str, asked: _Words) -> list[_Match]:
    """The words of the text that were asked for, only the exact ones of a word that has some."""
    if not asked.folded:
        return []
    found = _words(text, asked.folded.get, asked.exact, asked.known)
    last = asked.folded[asked.last]
    if len(asked.last) >= _SHORTEST_BEGINNING and all(match.asked != last for match in found):
        begun = _words(
            text, lambda word: last if word.startswith(asked.last) else None, {}, asked.begun
        )
        found = sorted((*found, *begun), key=lambda match: match.start)
    exactly = {match.asked for match in found if match.exact} if asked.marked else set()
    return [match for match in found if match.exact or match.asked not in exactly]


def _words(
    text: str,
    number_of: Callable[[str], int | None],
    exact: Mapping[str, int],
    known: dict[str, tuple[int, bool] | None],
) -> list[_Match]:
    found = []
    for place, match in enumerate(_WORD.finditer(text)):
        word = match.group()
        if word not in known:
            known[word] = _asked(word, number_of, exact)
        if meant := known[word]:
            found.append(_Match(match.start(), match.end(), place, *meant))
    return found


def _asked(
    word: str, number_of: Callable[[str], int | None], exact: Mapping[str, int]
) -> tuple[int, bool] | None:
    """Which asked word a word of the text is, and whether its marks are the same."""
    for folded, marked in _readings(word):
        number = number_of(folded)
        if number is not None:
            return number, exact.get(marked) == number
    return None


@lru_cache(maxsize=65_536)
def _readings(word: str) -> tuple[tuple[str, str], ...]:
    """A word of the text folded and exact, and the parts of "khtn6" likewise."""
    tokens = spread(vietnamese.tokens(word))
    return tuple((vietnamese.fold_token(one), vietnamese.exact_token(one)) for one in tokens)


def _best_span(matches: Sequence[_Match], window: int) -> tuple[slice, float]:
    """The matches that fit into one window and are worth most, and what they are worth."""
    worth: Counter[tuple[str, int]] = Counter()
    best, span, first = 0.0, slice(0, 0), 0
    value = 0.0
    for last, match in enumerate(matches):
        value += _enter(worth, _values(matches, last))
        while match.end - matches[first].start > window and first < last:
            value -= _leave(worth, _values(matches, first))
            first += 1
        total = value + _REPEATED * (last - first)
        if total > best:
            best, span = total, slice(first, last + 1)
    return span, best


def _values(matches: Sequence[_Match], number: int) -> list[tuple[tuple[str, int], float]]:
    """What a match adds where the window has nothing like it: word, exactness, its neighbor."""
    match = matches[number]
    values = [(("word", match.asked), _FOLDED)]
    if match.exact:
        values.append((("exact", match.asked), _EXACT))
    if number:
        before = matches[number - 1]
        if before.place + 1 == match.place and before.asked + 1 == match.asked:
            values.append((("pair", match.asked), _PAIR))
    return values


def _enter(worth: Counter[tuple[str, int]], values: list[tuple[tuple[str, int], float]]) -> float:
    gained = 0.0
    for key, value in values:
        gained += 0.0 if worth[key] else value
        worth[key] += 1
    return gained


def _leave(worth: Counter[tuple[str, int]], values: list[tuple[tuple[str, int], float]]) -> float:
    lost = 0.0
    for key, value in values:
        worth[key] -= 1
        lost += 0.0 if worth[key] else value
    return lost


def _bounds(text: str, shown: Sequence[_Match], window: int) -> tuple[int, int]:
    """Where the window begins and ends: at a sentence if one begins near, else between words."""
    if len(text) <= window:
        return 0, len(text)
    first = shown[0].start if shown else 0
    length = shown[-1].end - first if shown else 0
    start = max(0, min(first - max(window - length, 0) // 3, len(text) - window))
    if start:
        sentence = _SENTENCE_END.search(text, start, first)
        gap = sentence or _BLANKS.search(text, start, first)
        start = gap.end() if gap else start
    end = min(len(text), max(start + window, first + length))
    if end < len(text):
        blank = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = blank if blank >= first + length and blank > start else end
    return start, end


def _fragments(
    text: str, inside: Sequence[_Match], start: int, end: int
) -> tuple[tuple[str, bool], ...]:
    pieces = [(_ELLIPSIS, False)] if start else []
    place = start
    for first, last in _joined(text, inside):
        pieces += [(_clean(text[place:first]), False), (_clean(text[first:last]), True)]
        place = last
    pieces.append((_clean(text[place:end]), False))
    if end < len(text):
        pieces.append((_ELLIPSIS, False))
    return tuple(piece for piece in pieces if piece[0])


def _joined(text: str, inside: Sequence[_Match]) -> list[tuple[int, int]]:
    """Marked words side by side become one stretch."""
    stretches: list[tuple[int, int]] = []
    for match in inside:
        if stretches and text[stretches[-1][1] : match.start].isspace():
            stretches[-1] = (stretches[-1][0], match.end)
        else:
            stretches.append((match.start, match.end))
    return stretches


def _clean(fragment: str) -> str:
    return _UNSHOWN.sub(" ", fragment)
