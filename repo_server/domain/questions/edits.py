"""Which words a hurried hand or ear may have meant: one slip away, cheaper the likelier the slip.

Costs are negative natural logarithms of how often such a slip happens, roughly; they are weighed
against how often the catalogue uses the words (`correcting`).
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

DOUBLED: Final = 2.5
SWAPPED: Final = 3.0
ADJACENT: Final = 3.5
SOUNDS_ALIKE: Final = 3.5
LEFT_OUT: Final = 4.0
TOO_MUCH: Final = 4.5
REPLACED: Final = 5.5
AT_FIRST: Final = 0.7
"""On top for a slip at the first letter, which people look at."""
TWICE: Final = 8.0

LONG: Final = 8
"""Letters from which a word may have two slips."""
_MOST_LONG_WORDS: Final = 2_000
_SLIPS: Final = 2

# What ears of one region or another do not tell apart.
_ALIKE_ONSETS: Final = (
    ("tr", "ch"), ("s", "x"), ("l", "n"), ("d", "gi"), ("d", "r"), ("gi", "r"), ("v", "d"),
    ("c", "k"), ("c", "q"), ("ngh", "ng"), ("gh", "g"), ("ph", "f"),
)  # fmt: skip
_ALIKE_ENDINGS: Final = (("n", "ng"), ("n", "nh"), ("t", "c"), ("t", "ch"), ("i", "y"))


def _beside() -> dict[str, str]:
    found = dict.fromkeys(_LETTERS, "")
    for row, keys in enumerate(_ROWS):
        for at, key in enumerate(keys):
            around = [keys[at - 1 : at], keys[at + 1 : at + 2]]
            for other, shift in ((row - 1, 0), (row + 1, -1)):
                if 0 <= other < len(_ROWS):
                    start = max(at + shift, 0)
                    around.append(_ROWS[other][start : at + shift + 2])
            found[key] = "".join(around)
    return found


_BESIDE: Final[Mapping[str, str]] = _beside()


def slips(word: str, known: Container[str]) -> dict[str, float]:
    """The known words one slip away from an unmarked word, with the least cost of each."""
    found: dict[str, float] = {}
    for other, cost in (
        *_with_a_letter_more(word, known),
        *_with_a_letter_less(word, known),
        *_with_another_letter(word, known),
        *_swapped(word, known),
        *_alike(word, known),
    ):
        found[other] = min(cost, found.get(other, cost))
    found.pop(word, None)
    return found


# Hundreds of strings are made for each word and few are words: the cost is worked out for those.
def _with_a_letter_more(word: str, known: Container[str]) -> Iterator[tuple[str, float]]:
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        for letter in _LETTERS:
            if (other := head + letter + tail) in known:
                yield other, LEFT_OUT + (0.0 if at else AT_FIRST)


def _with_a_letter_less(word: str, known: Container[str]) -> Iterator[tuple[str, float]]:
    for at in range(len(word)):
        if (other := word[:at] + word[at + 1 :]) in known:
            doubled = at > 0 and word[at - 1] == word[at]
            yield other, DOUBLED if doubled else TOO_MUCH + (0.0 if at else AT_FIRST)


def _with_another_letter(word: str, known: Container[str]) -> Iterator[tuple[str, float]]:
    for at, typed in enumerate(word):
        head, tail = word[:at], word[at + 1 :]
        for letter in _LETTERS:
            if (other := head + letter + tail) in known:
                cost = ADJACENT if letter in _BESIDE.get(typed, "") else REPLACED
                yield other, cost + (0.0 if at else AT_FIRST)


def _swapped(word: str, known: Container[str]) -> Iterator[tuple[str, float]]:
    for at in range(len(word) - 1):
        if (other := word[:at] + word[at + 1] + word[at] + word[at + 2 :]) in known:
            yield other, SWAPPED


def _alike(word: str, known: Container[str]) -> Iterator[tuple[str, float]]:
    for pair in _ALIKE_ONSETS:
        for said, meant in (pair, pair[::-1]):
            if word.startswith(said) and (other := meant + word[len(said) :]) in known:
                yield other, SOUNDS_ALIKE
    for pair in _ALIKE_ENDINGS:
        for said, meant in (pair, pair[::-1]):
            if word.endswith(said) and (other := word[: -len(said)] + meant) in known:
                yield other, SOUNDS_ALIKE


class LongWords:
    """Long words found through two slips, by what is left when letters are left out of both.

    (Symmetric deletes: a word and a slip of it share what remains without the letters concerned.)
    """

    def __init__(self, words: Iterable[str]) -> None:
        long = islice((word for word in words if len(word) >= LONG), _MOST_LONG_WORDS)
        self._by_rest: dict[str, tuple[str, ...]] = {}
        for word in long:
            for rest in _rests(word):
                self._by_rest[rest] = (*self._by_rest.get(rest, ()), word)

    def near(self, word: str) -> frozenset[str]:
        """The long words two slips away at most, `word` itself not among them."""
        if len(word) < LONG - _SLIPS:
            return frozenset()
        found = {other for rest in _rests(word) for other in self._by_rest.get(rest, ())}
        return frozenset(other for other in found - {word} if distance(word, other) <= _SLIPS)


def _rests(word: str) -> frozenset[str]:
    rests = {word}
    for _ in range(_SLIPS):
        rests |= {rest[:at] + rest[at + 1 :] for rest in rests for at in range(len(rest))}
    return frozenset(rests)


def distance(one: str, other: str) -> int:
    """Letters left out, put in, replaced, or swapped with the next, at least."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        further, before, row = before, row, [at]
        for to, meant in enumerate(other, start=1):
            cost = min(before[to] + 1, row[-1] + 1, before[to - 1] + (letter != meant))
            if at > 1 and to > 1 and one[at - 2 : at] == other[to - 2 : to][::-1]:
                cost = min(cost, further[to - 2] + 1)
            row.append(cost)
    return row[-1]
