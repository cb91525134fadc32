"""Which words a hurried hand or ear may have meant: one slip away, cheaper the likelier the slip.

Costs are negative natural logarithms of how often such a slip happens, roughly; they are weighed
against how often the catalogue uses the words (`correcting`).
"""

from collections.abc import Container, Iterable, Iterator, Mapping
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
_MOST_LONG_WORDS: Final = 10_000

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
    for other, cost in _one_away(word):
        if other in known and cost < found.get(other, REPLACED + AT_FIRST + 1):
            found[other] = cost
    found.pop(word, None)
    return found


def _one_away(word: str) -> Iterator[tuple[str, float]]:
    yield from _swaps(word)
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        first = 0.0 if at else AT_FIRST
        for letter in _LETTERS:
            yield head + letter + tail, LEFT_OUT + first
        if not tail:
            continue
        doubled = word[at - 1 : at] == word[at]
        yield head + tail[1:], DOUBLED if doubled else TOO_MUCH + first
        beside = _BESIDE.get(word[at], "")
        for letter in _LETTERS:
            cost = ADJACENT if letter in beside else REPLACED
            yield head + letter + tail[1:], cost + first
    yield from _alike(word)


def _swaps(word: str) -> Iterator[tuple[str, float]]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :], SWAPPED


def _alike(word: str) -> Iterator[tuple[str, float]]:
    for pair in _ALIKE_ONSETS:
        for said, meant in (pair, pair[::-1]):
            if word.startswith(said):
                yield meant + word[len(said) :], SOUNDS_ALIKE
    for pair in _ALIKE_ENDINGS:
        for said, meant in (pair, pair[::-1]):
            if word.endswith(said):
                yield word[: -len(said)] + meant, SOUNDS_ALIKE


class LongWords:
    """Long words found through two slips, by what is left when one letter is left out."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_rest: dict[str, tuple[str, ...]] = {}
        kept = 0
        for word in words:
            if len(word) < LONG or kept == _MOST_LONG_WORDS:
                continue
            kept += 1
            for rest in _rests(word):
                self._by_rest[rest] = (*self._by_rest.get(rest, ()), word)

    def near(self, word: str) -> frozenset[str]:
        """The long words at most two slips away."""
        if len(word) < LONG:
            return frozenset()
        found = (self._by_rest.get(rest, ()) for rest in _rests(word))
        return frozenset(other for others in found for other in others if other != word)


def _rests(word: str) -> frozenset[str]:
    return frozenset((word, *(word[:at] + word[at + 1 :] for at in range(len(word)))))
