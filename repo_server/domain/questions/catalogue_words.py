"""How often the library's own texts use each word, and which words stand beside which.

Counting works in bounded memory over any number of texts; what was counted is an immutable model
of some megabytes that every process holds. Words are kept in their exact reading, folded ones are
derived from them.
"""

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from repo_server.domain.vietnamese import exact_token, fold_token, tokens

MOST_WORDS: Final = 100_000
MOST_PAIRS: Final = 400_000
"""What a model keeps: the most frequent."""

LONGEST_WORD: Final = 24
"""Longer runs of letters are addresses and hashes, not words that anybody types."""

NUMBER: Final = "#"
"""Stands for any number: what matters of one is that "unit" and "bài" come before it."""

_COUNTED_AT_ONCE: Final = 1_000_000
_COUNTED_WORDS: Final = 400_000
_MOST_USES: Final = 2**32 - 1
_SHIFT: Final = 32


class WordCounter:
    """Counts words and neighbours; rare ones are forgotten as soon as there are too many.

    (Lossy counting: whoever is forgotten was rarer than everything that is kept.)
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._words: Counter[int] = Counter()
        self._pairs: Counter[int] = Counter()
        self._floor = 0

    def add(self, text: str, times: int = 1) -> None:
        """Count one text, `times` over: titles are what people look for."""
        self.add_tokens(tokens(text), times)

    def add_tokens(self, written: Iterable[str], times: int = 1) -> None:
        """Count words that are already normalized; all numbers count as one word."""
        for is_word, run in groupby(map(_counted, written), key=bool):
            if is_word:
                self._count(list(run), times)
        if len(self._pairs) > _COUNTED_AT_ONCE or len(self._numbers) > _COUNTED_WORDS:
            self._forget_rare()

    def _count(self, run: Sequence[str], times: int) -> None:
        known = self._numbers
        numbers = [known.setdefault(word, len(known)) for word in run]
        pairs = [first << _SHIFT | second for first, second in pairwise(numbers)]
        for _ in range(times):
            self._words.update(numbers)
            self._pairs.update(pairs)

    def _forget_rare(self) -> None:
        self._floor += 1
        self._pairs = Counter({at: n for at, n in self._pairs.items() if n > self._floor})
        if len(self._numbers) <= _COUNTED_WORDS:
            return
        kept = {word: at for word, at in self._numbers.items() if self._words[at] > self._floor}
        moved = {at: new for new, at in enumerate(kept.values())}
        self._words = Counter({moved[at]: self._words[at] for at in moved})
        self._numbers = {word: moved[at] for word, at in kept.items()}
        self._pairs = Counter(dict(_moved(self._pairs, moved)))

    def model(self) -> "CatalogueWords":
        """What was counted so far."""
        names = {at: word for word, at in self._numbers.items()}
        ordered = sorted(self._words.items(), key=lambda one: (-one[1], names[one[0]]))[:MOST_WORDS]
        moved = {at: new for new, (at, _) in enumerate(ordered)}
        pairs = sorted(_moved(self._pairs, moved), key=lambda one: (-one[1], one[0]))[:MOST_PAIRS]
        pairs.sort()
        return CatalogueWords(
            [names[at] for at, _ in ordered],
            array("I", (min(uses, _MOST_USES) for _, uses in ordered)),
            array("Q", (key for key, _ in pairs)),
            array("I", (min(uses, _MOST_USES) for _, uses in pairs)),
        )


def _moved(pairs: Counter[int], moved: dict[int, int]) -> Iterator[tuple[int, int]]:
    """The pairs of words that are kept, under their new numbers."""
    mask = (1 << _SHIFT) - 1
    for key, uses in pairs.items():
        first, second = moved.get(key >> _SHIFT), moved.get(key & mask)
        if first is not None and second is not None:
            yield first << _SHIFT | second, uses


def _counted(token: str) -> str:
    """The word that a token counts as; "" for codes and for what is too long to be one."""
    if token.isdecimal():
        return NUMBER
    return exact_token(token) if token.isalpha() and len(token) <= LONGEST_WORD else ""


class Spellings:
    """Words in one reading (exact or folded) with how often each, and each pair, is used."""

    def __init__(
        self,
        words: Sequence[str],
        uses: "array[int]",
        pairs: "array[int]",
        pair_uses: "array[int]",
    ) -> None:
        self._numbers = {word: number for number, word in enumerate(words)}
        self._uses = uses
        self._pairs = pairs
        self._pair_uses = pair_uses
        self.total = sum(uses) or 1

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def uses(self, word: str) -> int:
        """How often a word stands in the catalogue."""
        number = self._numbers.get(word)
        return 0 if number is None else self._uses[number]

    def together(self, first: str, second: str) -> int:
        """How often the second word follows the first."""
        left, right = self._numbers.get(first), self._numbers.get(second)
        if left is None or right is None:
            return 0
        key = left << _SHIFT | right
        at = bisect_left(self._pairs, key)
        return self._pair_uses[at] if at < len(self._pairs) and self._pairs[at] == key else 0


class CatalogueWords:
    """The words of a library; immutable, safe between threads."""

    def __init__(
        self,
        words: Sequence[str],
        uses: "array[int]",
        pairs: "array[int]",
        pair_uses: "array[int]",
    ) -> None:
        self._words = tuple(words)
        self._parts = uses, pairs, pair_uses
        self.exact: Final = Spellings(self._words, uses, pairs, pair_uses)
        self.forms: Final = _forms(self._words)
        self.folded: Final = _folded(self._words, self.forms, uses, pairs, pair_uses)
        self._sorted = tuple(sorted(self.forms))

    @classmethod
    def of(cls, texts: Iterable[str]) -> "CatalogueWords":
        """The words of some texts."""
        counter = WordCounter()
        for text in texts:
            counter.add(text)
        return counter.model()

    def beginning_with(self, prefix: str) -> Iterator[str]:
        """The folded words that begin so, in their order."""
        for at in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            if not self._sorted[at].startswith(prefix):
                return
            yield self._sorted[at]

    def to_bytes(self) -> bytes:
        """The model as bytes that `from_bytes` reads on any machine."""
        names = "\n".join(self._words).encode()
        sizes = array("Q", (len(names), len(self._words), len(self._parts[1])))
        return b"".join((_little(sizes), names, *map(_little, self._parts)))

    @classmethod
    def from_bytes(cls, data: bytes) -> "CatalogueWords":
        """Read what `to_bytes` wrote. Raises ValueError for anything else."""
        sizes, rest = _read("Q", data, 3)
        if len(rest) < sizes[0]:
            raise ValueError("words are cut off")
        names = rest[: sizes[0]].decode()
        uses, rest = _read("I", rest[sizes[0] :], sizes[1])
        pairs, rest = _read("Q", rest, sizes[2])
        pair_uses, rest = _read("I", rest, sizes[2])
        words = names.split("\n") if names else []
        if rest or len(words) != len(uses):
            raise ValueError("words and counts do not agree")
        return cls(words, uses, pairs, pair_uses)


def _forms(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The exact readings of each folded word, the most used first."""
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(fold_token(word), []).append(word)
    return {folded: tuple(forms) for folded, forms in found.items()}


def _folded(
    words: Sequence[str],
    forms: dict[str, tuple[str, ...]],
    uses: "array[int]",
    pairs: "array[int]",
    pair_uses: "array[int]",
) -> Spellings:
    numbers = {folded: number for number, folded in enumerate(forms)}
    number_of = [numbers[fold_token(word)] for word in words]
    summed = array("I", bytes(4 * len(forms)))
    for number, count in zip(number_of, uses, strict=True):
        summed[number] = min(summed[number] + count, _MOST_USES)
    mask = (1 << _SHIFT) - 1
    keyed = sorted(
        (number_of[key >> _SHIFT] << _SHIFT | number_of[key & mask], count)
        for key, count in zip(pairs, pair_uses, strict=True)
    )
    keys, counts = array("Q"), array("I")
    for key, same in groupby(keyed, key=lambda one: one[0]):
        keys.append(key)
        counts.append(min(sum(count for _, count in same), _MOST_USES))
    return Spellings(tuple(forms), summed, keys, counts)


def _little(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _read(typecode: str, data: bytes, count: int) -> tuple["array[int]", bytes]:
    numbers = array(typecode)
    end = count * numbers.itemsize
    if len(data) < end:
        raise ValueError("counts are cut off")
    numbers.frombytes(data[:end])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers, data[end:]
