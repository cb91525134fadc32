"""Words that mean the same, as rules that administrators edit: KHBD is kế hoạch bài dạy.

A rule is a group, any of whose phrases means all others, or goes one way: the first phrase means
the others, for words whose other side is a common syllable (Cu means đồng, đồng does not mean Cu).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.errors import InvalidValue
from repo_server.domain.vietnamese import (
    display,
    exact,
    exact_token,
    fold,
    fold_token,
    pieces,
    tokens,
    unmarked,
)

LONGEST_KEY: Final = 3
"""Words of a phrase that is looked for in a question: engines know no longer ones either."""

MOST_PHRASES: Final = 12
PHRASE_LIMIT: Final = 100
_MOST_ALTERNATIVES: Final = 6


@dataclass(frozen=True, slots=True)
class SynonymRule:
    """Phrases as written, two at least; `one_way`: the first means the others, not they it."""

    phrases: tuple[str, ...]
    one_way: bool = False

    @property
    def folded(self) -> str:
        """All phrases without marks, for looking through."""
        return " | ".join(fold(phrase) for phrase in self.phrases)

    @property
    def fingerprint(self) -> str:
        """The same for rules that say the same: phrases in any spelling and order."""
        said = [exact(phrase) for phrase in self.phrases]
        if self.one_way:
            said = [said[0], ">", *sorted(said[1:])]
        else:
            said.sort()
        return hashlib.sha256("|".join(said).encode()).hexdigest()


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
            phrases = [words_of_phrase(phrase) for phrase in rule.phrases]
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


def words_of_phrase(phrase: str) -> Phrase:
    """The normalized words of a phrase; "HK1" is two, as it is in a question."""
    return tuple(word for token in tokens(phrase) for word in pieces(token) or (token,))


def folded(phrase: Phrase) -> Phrase:
    """The phrase without marks."""
    return tuple(map(fold_token, phrase))


def _exact(phrase: Phrase) -> Phrase:
    return tuple(map(exact_token, phrase))


def _meant(span: Phrase, found: dict[Phrase, dict[Phrase, None]]) -> tuple[Phrase, ...]:
    if any(word != unmarked(word) for word in span):
        return tuple(found.get(_exact(span), ()))
    return tuple(dict.fromkeys(other for others in found.values() for other in others))


def checked_rule(phrases: Sequence[str], *, one_way: bool) -> SynonymRule:
    """A rule of what an administrator wrote, blanks settled, empty phrases left out.

    Raises InvalidValue for fewer than two phrases or too many, for one without a word or too long,
    for two that say the same, and when none of those that are looked for is short enough.
    """
    shown = [phrase for phrase in map(display, phrases) if phrase]
    if not 2 <= len(shown) <= MOST_PHRASES:
        raise InvalidValue("phrases", f"cần từ 2 đến {MOST_PHRASES} từ hoặc cụm từ.")
    known: dict[str, str] = {}
    for phrase in shown:
        said = exact(phrase)
        if not said:
            raise InvalidValue("phrases", f"“{phrase}” không có chữ hay số nào.")
        if len(phrase) > PHRASE_LIMIT:
            raise InvalidValue("phrases", f"mỗi cụm từ dài nhất {PHRASE_LIMIT} kí tự.")
        if said in known:
            raise InvalidValue("phrases", f"“{known[said]}” và “{phrase}” là một.")
        known[said] = phrase
    keys = shown[:1] if one_way else shown
    if min(len(words_of_phrase(key)) for key in keys) > LONGEST_KEY:
        raise InvalidValue(
            "phrases", f"cần một cụm không quá {LONGEST_KEY} tiếng để nhận ra trong câu tìm."
        )
    return SynonymRule(tuple(shown), one_way)


def turned(rule: SynonymRule) -> SynonymRule | None:
    """The one-way rule that says the opposite; None where there is none."""
    if not rule.one_way or len(rule.phrases) > 2:
        return None
    return SynonymRule(rule.phrases[::-1], one_way=True)
