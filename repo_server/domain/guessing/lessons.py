"""Which items of the curriculum a heading names: syllables weighed by how few items share them.

Titles of lessons and of topics differ in words ("So sánh phân số. Hỗn số dương"), so what counts is
the share of an item's rare syllables and of its adjacent pairs that a heading holds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from repo_server.domain.curriculum import ItemKind
from repo_server.domain.guessing.base import Field, Guess, Source, quoted
from repo_server.domain.vietnamese import fold, has_marks

MOST_ITEMS: Final = 5
_SHORTEST: Final = 2
_FILL_SCORE: Final = 0.86
_OFFER_SCORE: Final = 0.5
_MARGIN: Final = 0.08
_OUTCOME_SCORE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the likely grade and subject; `folded` is its title as the normalizer folds it."""

    id: int
    kind: str
    title: str
    folded: str


def best_items(
    headings: Sequence[str], goals: Sequence[str], items: Sequence[Candidate]
) -> list[Guess]:
    """Topics and lessons that headings name, outcomes that goals repeat; the surest first.

    One that is plainly meant fills the field; where several are as likely all are offered.
    """
    named = [item for item in items if item.kind != ItemKind.OUTCOME]
    outcomes = [item for item in items if item.kind == ItemKind.OUTCOME]
    found = _told_apart(_scored(headings, named))
    reached = [
        (score, item, line)
        for score, item, line in _scored(goals, outcomes)
        if score >= _OUTCOME_SCORE
    ]
    guesses = [*found, *(_guess(item, min(score, 0.95), line) for score, item, line in reached)]
    unique = {guess.value: guess for guess in reversed(guesses)}
    return sorted(unique.values(), key=lambda guess: -guess.confidence)[:MOST_ITEMS]


def restored(title: str, items: Iterable[Candidate]) -> str:
    """A title without marks, in which the name of an item gets the item's marks back."""
    if has_marks(title):
        return title
    folded = fold(title)
    for item in sorted(items, key=lambda item: -len(item.folded)):
        if item.folded.count(" ") and f" {item.folded} " in f" {folded} ":
            return _replaced(title, item)
    return title


def _replaced(title: str, item: Candidate) -> str:
    words = title.split(" ")
    length = len(item.folded.split())
    for at in range(len(words) - length + 1):
        if fold(" ".join(words[at : at + length])) == item.folded:
            return " ".join([*words[:at], item.title.rstrip("."), *words[at + length :]])
    return title


def _guess(item: Candidate, confidence: float, line: str) -> Guess:
    return Guess(Field.ITEMS, str(item.id), confidence, Source.CURRICULUM, quoted(line))


def _told_apart(scored: Sequence[tuple[float, Candidate, str]]) -> list[Guess]:
    """The best is sure only when the next one is clearly behind; a part of its name is no rival."""
    likely = [one for one in scored if one[0] >= _OFFER_SCORE]
    if not likely:
        return []
    first, item, line = likely[0]
    within = f" {item.folded} "
    others = [
        one
        for one in likely[1:]
        if one[1].folded == item.folded or f" {one[1].folded} " not in within
    ]
    rival = others[0][0] if others else 0.0
    sure = first >= _FILL_SCORE and first - rival >= _MARGIN
    head = _guess(item, min(first, 0.95) if sure else min(first, 0.75), line)
    return [
        head,
        *(_guess(other, min(score, 0.7) * 0.9, said) for score, other, said in likely[1:]),
    ]


def _scored(lines: Sequence[str], items: Sequence[Candidate]) -> list[tuple[float, Candidate, str]]:
    """(score, item, the line that names it best), the highest first."""
    spread = [tuple(item.folded.split()) for item in items]
    shared = Counter(syllable for syllables in spread for syllable in set(syllables))
    weight = {syllable: math.log(1 + len(items) / count) for syllable, count in shared.items()}
    said = [(line, tuple(fold(line).split())) for line in lines]
    said = [(line, syllables) for line, syllables in said if len(syllables) >= _SHORTEST]
    scored = []
    for item, syllables in zip(items, spread, strict=True):
        best = max(
            ((_score(syllables, read, weight), line) for line, read in said), default=(0.0, "")
        )
        if best[0] > 0:
            scored.append((best[0], item, best[1]))
    return sorted(scored, key=lambda one: (-one[0], one[1].id))


def _score(item: Sequence[str], line: Sequence[str], weight: dict[str, float]) -> float:
    if len(item) < _SHORTEST:
        return 0.0
    held = set(line)
    whole = sum(weight[syllable] for syllable in set(item))
    covered = sum(weight[syllable] for syllable in set(item) & held) / whole
    if covered < _OFFER_SCORE:
        return 0.0
    typical = math.log(2)
    of_line = sum(weight.get(syllable, typical) for syllable in held)
    filled = sum(weight[syllable] for syllable in set(item) & held) / of_line
    pairs = set(pairwise(item))
    adjacent = len(pairs & set(pairwise(line))) / len(pairs)
    return 0.45 * covered + 0.35 * adjacent + 0.2 * min(1.0, 1.4 * filled)
