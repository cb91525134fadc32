"""What was meant by what was typed: a noisy channel over the words of the catalogue.

Only suspicious words are looked at: those the catalogue does not know, and those it has never seen
beside either neighbour. Each may be a slip, keystrokes, two words run together or one torn apart;
of all ways through the question the one is believed that is likeliest by the catalogue's pairs of
words, weighed against how likely the slips are. What was typed always stays a choice.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from math import exp, log
from typing import Final

from repo_server.domain.questions.base import Origin
from repo_server.domain.questions.catalogue_words import NUMBER, CatalogueWords, Spellings
from repo_server.domain.questions.edits import TWICE, LongWords, slips
from repo_server.domain.questions.keystrokes import from_telex
from repo_server.domain.questions.sentences import Choice, Sentence, Typed
from repo_server.domain.questions.syllables import is_syllable, is_unmarked_syllable
from repo_server.domain.vietnamese import exact_token, fold_token, unmarked

_KEYED_SHARE: Final = 0.4
"""Of the words, how many that can only be keystrokes make the question one typed in keystrokes."""

_KEYS_OF_NO_WORD: Final = 0.3
_KEYS_ALONE: Final = 4.0
_KEYS_OF_A_WORD: Final = 4.0
_KEYS_BESIDE_KEYS: Final = 1.0
_MARKS_LEFT_OUT: Final = 2.0
_MARK_WRONG: Final = 2.0
_RUN_TOGETHER: Final = 1.5
_FORMS: Final = 4
_SLIPS: Final = 24
_FORMS_OF_A_SLIP: Final = 8
_NEVER_TOGETHER: Final = 4.0
_TORN: Final = 4.0
_REAL_WORD: Final = 1.5
"""On top where the slip made another word of the catalogue: perhaps it was meant."""


_VOWELS: Final = frozenset("aeiouy")
_CHOICES: Final = 12
_SHOWN: Final = 4
_LEAST_TRUST: Final = 0.02
_SHORTEST_SPLIT: Final = 4
_SHORTEST: Final = 2
_CONTINUATIONS: Final = 200
_TELLING: Final = 3
"""Letters of an unfinished word from which it can be wrong."""

_MOST_PARTS_LETTERS: Final = 40
_LONGEST_PART: Final = 8


@dataclass(frozen=True, slots=True)
class Stretch:
    """Typed words `start` to `end` (exclusive), and what they may be, the likeliest first.

    `unfinished`: the last of them is the beginning of a word.
    """

    start: int
    end: int
    choices: tuple[Choice, ...]
    unfinished: bool = False


@dataclass(frozen=True, slots=True)
class _Path:
    score: float
    steps: tuple[tuple[int, int, Choice], ...]


class Corrector:
    """Corrects with one state of the catalogue's words; immutable, safe between threads."""

    def __init__(self, words: CatalogueWords) -> None:
        self.words: Final = words
        self._long = LongWords(words.forms)
        self._slips = lru_cache(maxsize=4_096)(self._find_slips)

    def correct(self, typed: Sequence[Typed]) -> tuple[Stretch, ...]:
        """Every typed word in one stretch, in order."""
        typed = self._with_unfinished(typed)
        marked = any(one.word != unmarked(one.word) for one in typed if not one.fixed)
        telexed = tuple(self._telex(one) for one in typed)
        certain = sum(self._is_surely_keyed(*pair) for pair in zip(typed, telexed, strict=True))
        keyed = certain >= _KEYED_SHARE * sum(not one.fixed for one in typed) and certain > 0
        sentence = Sentence(
            self.words.exact if marked or keyed else self.words.folded,
            typed,
            telexed,
            keyed=keyed,
            exact=marked or keyed,
        )
        choices = [self._choices(sentence, at) for at in range(len(typed))]
        if all(len(some) == 1 for some in choices):
            found = [Stretch(at, at + 1, tuple(some)) for at, some in enumerate(choices)]
        else:
            found = list(_stretches(sentence, self._best_path(sentence, choices), choices))
        if typed and typed[-1].unfinished:
            found[-1] = replace(found[-1], unfinished=True)
        return tuple(found)

    def _is_word(self, one: Typed) -> bool:
        return exact_token(one.word) in self.words.exact

    def _with_unfinished(self, typed: Sequence[Typed]) -> tuple[Typed, ...]:
        if len(typed) > 1 and self.goes_on(typed[-2], typed[-1]):
            return (*typed[:-1], replace(typed[-1], unfinished=True))
        return tuple(typed)

    def goes_on(self, before: Typed, last: Typed) -> bool:
        """Whether the last word, though said to be finished, is the beginning of one that follows
        the word before it in the catalogue, and no word that does."""
        if before.fixed or last.fixed or NUMBER in (before.word, last.word):
            return False
        if self.words.folded.together(fold_token(before.word), fold_token(last.word)):
            return False
        return self._follow(before, self.words.beginning_with(unmarked(last.word)))

    def _is_surely_keyed(self, one: Typed, telexed: str) -> bool:
        """Whether a word can be nothing but keystrokes: neither a word nor two run together."""
        if telexed not in self.words.exact or self._is_word(one):
            return False
        word, folded = one.word, self.words.folded
        cuts = range(_SHORTEST, len(word) - 1)
        return not any(folded.together(word[:cut], word[cut:]) for cut in cuts)

    def _telex(self, one: Typed) -> str:
        found = "" if one.fixed else from_telex(one.word)
        return found if found and (found in self.words.exact or is_syllable(found)) else ""

    def _choices(self, sentence: Sentence, at: int) -> list[Choice]:
        as_typed = Choice((sentence.keys[at],), Origin.TYPED)
        if not sentence.is_suspicious(at) or self._may_go_on(sentence.typed, at):
            return [as_typed]
        likeliest: dict[tuple[str, ...], Choice] = {}
        keyed = sentence.keyed and self._is_surely_keyed(sentence.typed[at], sentence.telexed[at])
        others = () if keyed else (self._slipped, self._parted)
        for make in (self._keystrokes, *others):
            for choice in make(sentence, at):
                known = likeliest.setdefault(choice.words, choice)
                if choice.cost < known.cost:
                    likeliest[choice.words] = choice
        found = list(likeliest.values())
        if _VOWELS.isdisjoint(sentence.keys[at]):
            found = [one for one in found if sentence.is_seen_beside(at, one)]
        found.sort(key=lambda choice: sentence.beside(at, choice), reverse=True)
        return [as_typed, *found[:_CHOICES]]

    def _may_go_on(self, typed: Sequence[Typed], at: int) -> bool:
        """Whether an unfinished word is the beginning of a word, one that follows the word before
        it where that says anything."""
        one = typed[at]
        if not one.unfinished:
            return False
        longer = self.words.beginning_with(unmarked(one.word))
        before = typed[at - 1] if at else None
        if before is None or before.fixed or before.word == NUMBER or len(one.word) < _TELLING:
            return any(longer)
        return self._follow(before, longer)

    def _follow(self, before: Typed, words: Iterable[str]) -> bool:
        """Whether the catalogue has one of the first of these folded words behind `before`."""
        folded, first = self.words.folded, fold_token(before.word)
        return any(folded.together(first, word) for word in islice(words, _CONTINUATIONS))

    def _keystrokes(self, sentence: Sentence, at: int) -> Iterator[Choice]:
        word = sentence.telexed[at]
        if word:
            cost = _KEYS_OF_NO_WORD if sentence.keyed else _KEYS_ALONE
            if self._is_word(sentence.typed[at]):
                cost = _KEYS_BESIDE_KEYS if sentence.keyed else _KEYS_OF_A_WORD
            written = word if sentence.exact else fold_token(word)
            yield Choice((written,), Origin.KEYSTROKES, cost)
            others = self.words.forms.get(fold_token(word), ()) if sentence.exact else ()
            for form in others[:_FORMS]:
                # A key may have been left out: "bacj" is bạc, beside "hai" it is bậc.
                if form != word:
                    yield Choice((form,), Origin.KEYSTROKES, cost + _cost_of_marks(word, form))

    def _slipped(self, sentence: Sentence, at: int) -> Iterator[Choice]:
        typed = sentence.typed[at].word
        if len(typed) < _SHORTEST:
            return
        folded = fold_token(typed)
        real = _REAL_WORD if sentence.keys[at] in sentence.spelled else 0.0
        near = self._slips(folded)
        if not sentence.exact:
            yield from (Choice((word,), Origin.TYPO, cost + real) for word, cost in near.items())
            return
        for word, cost in (*near.items(), (folded, 0.0)):
            for form in self.words.forms.get(word, ())[:_FORMS_OF_A_SLIP]:
                if form != sentence.keys[at]:
                    slip = cost + real + _cost_of_marks(typed, form)
                    yield Choice((form,), Origin.TYPO, slip)

    def _find_slips(self, folded: str) -> dict[str, float]:
        near = slips(folded, self.words.forms)
        found = {**dict.fromkeys(self._long.near(folded), TWICE), **near}
        uses = self.words.folded.uses
        likely = sorted(found, key=lambda word: found[word] - log(uses(word)))[:_SLIPS]
        return {word: found[word] for word in likely if len(word) >= _SHORTEST}

    def _parted(self, sentence: Sentence, at: int) -> Iterator[Choice]:
        """Two words run together, or in a long run several."""
        word = sentence.keys[at]
        if not _SHORTEST_SPLIT <= len(word) <= _MOST_PARTS_LETTERS:
            return
        spelled = sentence.spelled
        for cut in range(1, len(word)):
            parts = word[:cut], word[cut:]
            if sentence.exact and word.isascii():
                parts = self._likeliest_forms(*parts)
            if all(_may_stand_alone(part, spelled) for part in parts):
                never = 0 if spelled.together(*parts) else _NEVER_TOGETHER
                yield Choice(parts, Origin.SPACING, _RUN_TOGETHER + never)
        several = _segmented(word, sentence) if word not in spelled else ()
        if len(several) > _SHORTEST:
            yield Choice(several, Origin.SPACING, _RUN_TOGETHER)

    def _likeliest_forms(self, first: str, second: str) -> tuple[str, str]:
        """Two words typed without marks with the marks that they have most often together."""
        if not self.words.folded.together(fold_token(first), fold_token(second)):
            return first, second
        firsts, seconds = (self.words.forms[fold_token(word)][:_FORMS] for word in (first, second))
        pairs = ((one, other) for one in firsts for other in seconds)
        return max(pairs, key=lambda pair: self.words.exact.together(*pair))

    def _best_path(self, sentence: Sentence, choices: Sequence[Sequence[Choice]]) -> _Path:
        """The likeliest way through, keeping the best way to each last word."""
        beams: list[dict[str, _Path]] = [{} for _ in range(len(choices) + 1)]
        beams[0][""] = _Path(0.0, ())
        for at, some in enumerate(choices):
            ways = [(at + 1, choice) for choice in some]
            ways += [(at + 2, choice) for choice in self._torn(sentence, at)]
            for before, path in beams[at].items():
                for end, choice in ways:
                    score = path.score + sentence.score(before, choice, at)
                    last = choice.words[-1]
                    if (known := beams[end].get(last)) is None or score > known.score:
                        beams[end][last] = _Path(score, (*path.steps, (at, end, choice)))
        return max(beams[-1].values(), key=lambda path: path.score)

    def _torn(self, sentence: Sentence, at: int) -> Iterator[Choice]:
        """One word that was torn into two, neither of which stands well there."""
        both = sentence.typed[at : at + 2]
        if len(both) < 2 or any(one.fixed for one in both) or both[1].unfinished:
            return
        strange = [not self._is_known(one) for one in both]
        if not any(strange) or not all(sentence.is_suspicious(at + on) for on in (0, 1)):
            return
        whole = both[0].word + both[1].word
        for word in self.words.forms.get(fold_token(whole), ()):
            cost = _TORN + (_cost_of_marks(whole, word) if sentence.exact else 0)
            yield Choice((word if sentence.exact else fold_token(word),), Origin.SPACING, cost)

    def _is_known(self, one: Typed) -> bool:
        return fold_token(one.word) in self.words.folded and len(one.word) > 1


def _stretches(
    sentence: Sentence, best: _Path, choices: Sequence[Sequence[Choice]]
) -> Iterator[Stretch]:
    for number, (start, end, believed) in enumerate(best.steps):
        others = choices[start] if end == start + 1 else [believed, _torn_as_typed(sentence, start)]
        if len(others) == 1:
            yield Stretch(start, end, (believed,))
            continue
        before = best.steps[number - 1][2].words[-1] if number else ""
        after = best.steps[number + 1][2].words[0] if number + 1 < len(best.steps) else ""
        yield Stretch(start, end, _trusted(sentence, start, (before, after), believed, others))


def _torn_as_typed(sentence: Sentence, start: int) -> Choice:
    return Choice(sentence.keys[start : start + 2], Origin.TYPED)


def _trusted(
    sentence: Sentence,
    at: int,
    neighbours: tuple[str, str],
    believed: Choice,
    others: Sequence[Choice],
) -> tuple[Choice, ...]:
    """The choices with a share of trust each, the believed one first, the typed one among them."""
    before, after = neighbours
    scores = {}
    for choice in others:
        score = sentence.score(before, choice, at)
        scores[choice] = score + (sentence.likelihood(choice.words[-1], after) if after else 0)
    top = max(scores.values())
    shares = {choice: exp(score - top) for choice, score in scores.items()}
    total = sum(shares.values())
    ordered = sorted(others, key=lambda one: (one != believed, -shares[one]))
    kept = [
        replace(one, trust=max(_LEAST_TRUST, round(shares[one] / total, 3)))
        for rank, one in enumerate(ordered)
        if one.origin is Origin.TYPED
        or one == believed
        or (rank < _SHOWN and shares[one] / total >= _LEAST_TRUST)
    ]
    return tuple(kept)


def _cost_of_marks(typed: str, form: str) -> float:
    """What it costs that the marks differ: left out altogether, or some of them wrong."""
    typed_marks, form_marks = _marks(typed), _marks(form)
    if typed_marks == form_marks:
        return 0.0
    if not typed_marks:
        return _MARKS_LEFT_OUT
    wrong = max(len(typed_marks), len(form_marks)) - len(set(typed_marks) & set(form_marks))
    return _MARK_WRONG * max(wrong, 1)


@lru_cache(maxsize=16_384)
def _marks(word: str) -> tuple[str, ...]:
    decomposed = unicodedata.normalize("NFD", word)
    return tuple(one for one in decomposed if unicodedata.combining(one) or one == "đ")


def _may_stand_alone(part: str, spelled: Spellings) -> bool:
    """A part of words run together is a syllable that is used, or a longer word that is."""
    return part in spelled and (len(part) > _SHORTEST or is_unmarked_syllable(part))


def _segmented(word: str, sentence: Sentence) -> tuple[str, ...]:
    """A run of letters as the likeliest row of known words; () when there is none."""
    spelled = sentence.spelled
    best: list[tuple[float, tuple[str, ...]] | None] = [(0.0, ())] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_PART), end):
            before, part = best[start], word[start:end]
            if before is None or not _may_stand_alone(part, spelled):
                continue
            last = before[1][-1] if before[1] else ""
            score = before[0] + sentence.likelihood(last, part)
            known = best[end]
            if known is None or score > known[0]:
                best[end] = (score, (*before[1], part))
    found = best[-1]
    return found[1] if found is not None else ()
