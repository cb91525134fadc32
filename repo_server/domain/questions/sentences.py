"""A question in one reading, and how likely its words follow each other in the catalogue."""

from dataclasses import dataclass
from itertools import pairwise
from math import exp, log
from typing import Final

from repo_server.domain.questions.base import Origin
from repo_server.domain.questions.catalogue_words import NUMBER, Spellings
from repo_server.domain.questions.syllables import is_syllable, is_unmarked_syllable
from repo_server.domain.vietnamese import exact_token, fold_token

_PAIRED: Final = 0.8
"""How much of a word's likelihood comes from the word before it."""

_UNKNOWN_SYLLABLE: Final = 0.3
_UNKNOWN: Final = 0.002
"""Uses that a word is taken to have that the catalogue does not know."""

_LONG: Final = 8
"""Letters from which an unknown word is the less likely the longer it is."""

_PAIRS_OF_A_SLIP: Final = 2
_MOST_SUSPICIOUS: Final = 8


@dataclass(frozen=True, slots=True)
class Typed:
    """A word as typed, normalized; numbers are given as `NUMBER`.

    `fixed`: a code or a name; it is never corrected and says nothing of its neighbours.
    `unfinished`: perhaps still being written.
    """

    word: str
    fixed: bool = False
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to read a stretch of the question; `trust` compares the ways, 0 to 1."""

    words: tuple[str, ...]
    origin: Origin
    cost: float = 0.0
    trust: float = 1.0


class Sentence:
    """A question in one reading (exact or folded), with how likely words follow each other."""

    def __init__(
        self,
        spelled: Spellings,
        typed: tuple[Typed, ...],
        telexed: tuple[str, ...],
        *,
        keyed: bool,
        exact: bool,
    ) -> None:
        self.spelled = spelled
        self.typed = typed
        self.telexed = telexed
        self.keyed = keyed
        self.exact = exact
        key = exact_token if exact else fold_token
        self.keys = tuple("" if one.fixed else key(one.word) for one in typed)
        self._likelihoods: dict[tuple[str, str], float] = {}
        self._scrambled = self._is_scrambled()
        self._suspicious = self._find_suspicious()
        self._is_spelled = is_syllable if exact else is_unmarked_syllable

    def is_suspicious(self, at: int) -> bool:
        """Whether a word may be another one than was typed."""
        return at in self._suspicious

    def _find_suspicious(self) -> frozenset[int]:
        """All that may be keystrokes, and the first of the others: where most words are wrong, no
        corrector helps."""
        found = [at for at in range(len(self.keys)) if self._looks_wrong(at)]
        keyed = {at for at in found if self.telexed[at]}
        others = [at for at in found if at not in keyed]
        return frozenset((*keyed, *others[:_MOST_SUSPICIOUS]))

    def _looks_wrong(self, at: int) -> bool:
        """Unknown, or never seen beside one of its neighbours."""
        word = self.keys[at]
        if not word or word == NUMBER:
            return False
        if word not in self.spelled:
            return True
        if self._scrambled:
            return False
        before, after = self.neighbour(at - 1), self.neighbour(at + 1)
        return self._is_strange(before, word) or self._is_strange(word, after)

    def _is_strange(self, first: str, second: str) -> bool:
        """Whether two words are not seen side by side; numbers and names stand beside any."""
        if not first or not second or NUMBER in (first, second):
            return False
        return not self.spelled.together(first, second)

    def _is_scrambled(self) -> bool:
        """Whether the words are known but in no order: then neighbours tell nothing.

        One slip makes two pairs strange.
        """
        known = self.spelled
        strange = sum(
            first in known and second in known and self._is_strange(first, second)
            for first, second in pairwise(self.keys)
        )
        return strange > _PAIRS_OF_A_SLIP and 2 * strange >= len(self.keys) - 1

    def neighbour(self, at: int) -> str:
        """The word there as typed; "" for none, and for one that says nothing."""
        return self.keys[at] if 0 <= at < len(self.keys) else ""

    def beside(self, at: int, choice: Choice) -> float:
        """How well a choice stands between the neighbours as they were typed."""
        score = self.score(self.neighbour(at - 1), choice, at)
        after = self.neighbour(at + 1)
        return score + (self.likelihood(choice.words[-1], after) if after else 0)

    def is_seen_beside(self, at: int, choice: Choice) -> bool:
        """Whether the catalogue has a choice beside a neighbour. Letters without a vowel may be an
        abbreviation: nothing else takes their place."""
        before, after = self.neighbour(at - 1), self.neighbour(at + 1)
        return bool(
            self.spelled.together(before, choice.words[0])
            or self.spelled.together(choice.words[-1], after)
        )

    def score(self, before: str, choice: Choice, at: int) -> float:
        """The logarithm of how likely a choice follows a word, slips included."""
        if not self.keys[at]:
            return 0.0
        score = -choice.cost
        for word in choice.words:
            score += self.likelihood(before, word)
            before = word
        return score

    def likelihood(self, before: str, word: str) -> float:
        """The logarithm of how likely a word follows another; of a word alone after ""."""
        known = self._likelihoods.get((before, word))
        if known is None:
            known = self._likelihoods[before, word] = self._reckoned(before, word)
        return known

    def _reckoned(self, before: str, word: str) -> float:
        spelled = self.spelled
        uses: float = spelled.uses(word)
        if not uses:
            longer = max(0, len(word) - _LONG)
            uses = _UNKNOWN_SYLLABLE if self._is_spelled(word) else _UNKNOWN * exp(-longer)
        alone = uses / spelled.total
        if not before:
            return log(alone)
        together = spelled.together(before, word)
        paired = together / spelled.uses(before) if together else 0.0
        return log(_PAIRED * paired + (1 - _PAIRED) * alone)
