"""A question understood: the words to look for, what else each may be, and what is preferred.

Understanding gives this shape, searching takes it; neither knows how the other works.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from repo_server.domain.vietnamese import exact_token, fold_token, pieces, tokens, unmarked

MOST_WORDS: Final = 24
"""A person's question is shorter; a pasted page is cut here, so that no question is expensive."""


class Origin(StrEnum):
    """Why a reading stands in a question."""

    TYPED = "typed"
    KEYSTROKES = "keystrokes"  # Telex or VNI that no keyboard turned into marks
    TYPO = "typo"
    SPACING = "spacing"  # two words run together, or one torn apart
    SYNONYM = "synonym"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a term: words that stand side by side, normalized, marks as written.

    `marked` says that the marks are meant. `trust` is 0 to 1.
    """

    words: tuple[str, ...]
    origin: Origin
    marked: bool
    trust: float = 1.0

    @property
    def folded(self) -> tuple[str, ...]:
        """The words without marks, as `all_f` holds them."""
        return tuple(fold_token(word) for word in self.words)

    @property
    def exact(self) -> tuple[str, ...]:
        """The words with marks in one spelling, as `all_x` holds them."""
        return tuple(exact_token(word) for word in self.words)


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question, or several that mean one thing; any reading satisfies it.

    The first reading is the one believed; what was typed is always among them. `unfinished`: the
    last word of the typed reading is perhaps still being written. `preference` is the place in
    `Question.preferences` of what the term names, which a hit may then hold as a fact instead of
    as words; -1 for none.
    """

    readings: tuple[Reading, ...]
    unfinished: bool = False
    preference: int = -1


@dataclass(frozen=True, slots=True)
class Preference:
    """A facet that the question names: any of `values` is meant, never required.

    `typed` are the words that said so, `label` what a person reads on the chip.
    """

    facet: str
    values: tuple[str, ...]
    typed: str
    label: str
    trust: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for.

    `terms` are all words in the order typed, those that name a preference too. `instead` is the
    text believed where it differs in words from what was typed ("đang tìm … thay cho …"), else "".
    `named_only`: nothing but preferences was said, so they filter and the use decides the order.
    """

    typed: str
    terms: tuple[Term, ...]
    preferences: tuple[Preference, ...] = ()
    instead: str = ""

    @property
    def named_only(self) -> bool:
        """Whether every word names a preference."""
        return bool(self.terms) and all(term.preference >= 0 for term in self.terms)


def as_typed(text: str, *, unfinished: bool = False) -> Question:
    """The question that means its words literally, without correction or understanding."""
    words = tokens(text)[:MOST_WORDS]
    marked = any(word != unmarked(word) for word in words)
    last = len(words) - 1
    return Question(
        text,
        tuple(
            Term(_literally(word, marked=marked), unfinished=unfinished and at == last)
            for at, word in enumerate(words)
        ),
    )


def _literally(word: str, *, marked: bool) -> tuple[Reading, ...]:
    """As typed, and a word and a number written together ("khtn6") also apart."""
    whole = Reading((word,), Origin.TYPED, marked)
    apart = pieces(word)
    return (whole, Reading(apart, Origin.SPACING, marked)) if apart else (whole,)
