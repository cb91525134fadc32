"""Words that mean the same, as rules that administrators edit: KHBD is kế hoạch bài dạy.

A rule is a group, any of whose phrases means all others, or goes one way: the first phrase means
the others, for words whose other side is a common syllable (Cu means đồng, đồng does not mean Cu).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.vietnamese import exact_token, fold_token, tokens, unmarked

LONGEST_KEY: Final = 3
"""Words of a phrase that is looked for in a question: engines know no longer ones either."""

MOST_PHRASES: Final = 12
_MOST_ALTERNATIVES: Final = 6


@dataclass(frozen=True, slots=True)
class SynonymRule:
    """Phrases as written, two at least; `one_way`: the first means the others, not they it."""

    phrases: tuple[str, ...]
    one_way: bool = False


Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expansion:
    """The words from the place asked for, `length` of them, also mean `phrases`."""

    length: int
    phrases: tuple[Phrase, ...]


class Synonyms:
    """All rules, ready to be found in a question; immutable, safe between threads."""

    def __init__(self, rules: Iterable[SynonymRule] = ()) -> None:
        self._by_key: dict[Phrase, dict[Phrase, dict[Phrase, None]]] = {}
        for rule in rules:
            phrases = [tuple(tokens(phrase)) for phrase in rule.phrases]
            keys = phrases[:1] if rule.one_way else phrases
            for key in keys:
                self._know(key, [other for other in phrases if other != key])
        self._words = frozenset(key[0] for key in self._by_key if len(key) == 1)

    def _know(self, key: Phrase, others: Sequence[Phrase]) -> None:
        if 0 < len(key) <= LONGEST_KEY:
            spelled = self._by_key.setdefault(folded(key), {}).setdefault(_exact(key), {})
            spelled.update(dict.fromkeys(other for other in others if other))

    def at(self, words: Sequence[str], place: int) -> Expansion | None:
        """What the normalized words from `place` on mean besides, the longest phrase first.

        Words typed with marks must be those of the rule.
        """
        for length in range(min(LONGEST_KEY, len(words) - place), 0, -1):
            span = tuple(words[place : place + length])
            found = self._by_key.get(folded(span))
            if found and (others := _meant(span, found)):
                return Expansion(length, others[:_MOST_ALTERNATIVES])
        return None

    @property
    def words(self) -> frozenset[str]:
        """The folded keys of a single word: known words, whatever the catalogue holds."""
        return self._words


def folded(phrase: Phrase) -> Phrase:
    """The phrase without marks."""
    return tuple(map(fold_token, phrase))


def _exact(phrase: Phrase) -> Phrase:
    return tuple(map(exact_token, phrase))


def _meant(span: Phrase, found: dict[Phrase, dict[Phrase, None]]) -> tuple[Phrase, ...]:
    if any(word != unmarked(word) for word in span):
        return tuple(found.get(_exact(span), ()))
    return tuple(dict.fromkeys(other for others in found.values() for other in others))
