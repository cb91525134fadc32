"""The order of what was found: one re-ranker above every engine.

The passes bring candidates with what is needed to judge them; here each gets points for named
features, and the points are its place. The weights are one table. Nothing depends on the time of
day or on chance: the same question to the same index gives the same order.

A question typed with marks means those marks, so a word with other marks counts for less. Two
syllables side by side are a Vietnamese word, apart they are chance: pairs and the whole phrase
count beside the words. What the question names (subject, grade, kind, textbook set) is compared
with the material's facts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from math import log, log2
from typing import Final, NamedTuple

from repo_server.domain.questions.base import Origin, Preference, Question, Term
from repo_server.domain.vietnamese import fold_token, unmarked
from repo_server.search.base import Hit, Reason
from repo_server.search.passes import Pass, contents


class Feature(StrEnum):
    """What a candidate gets points for; each holds from 0 to 1."""

    WORDS = "words"  # the words in the title, the rare ones counting more
    MARKS = "marks"  # the words with just the typed marks, in the title or the text
    PAIRS = "pairs"  # neighbors of the question that are neighbors in the title
    PHRASE = "phrase"  # how much of the words stands in the title in one row
    BEGINS = "begins"  # the title begins with the words
    ALONE = "alone"  # little stands in the title beside the words
    TEXT = "text"  # all words somewhere in the material
    TEXT_PHRASE = "text_phrase"  # the words in one row somewhere in the material
    ENGINE = "engine"  # the engine's own score, as a share of the best
    SUBJECT = "subject"
    GRADE = "grade"
    KIND = "kind"
    BOOK = "book"
    USE = "use"  # how often it was used, by its logarithm
    FRESH = "fresh"  # how new it is among the candidates


WEIGHTS: Final[Mapping[Feature, float]] = {
    Feature.WORDS: 10.0,
    Feature.MARKS: 9.0,
    Feature.PAIRS: 3.0,
    Feature.PHRASE: 4.0,
    Feature.BEGINS: 0.3,
    Feature.ALONE: 0.8,
    Feature.TEXT: 3.0,
    Feature.TEXT_PHRASE: 2.0,
    Feature.ENGINE: 0.8,
    Feature.SUBJECT: 4.0,
    Feature.GRADE: 4.0,
    Feature.KIND: 1.6,
    Feature.BOOK: 1.2,
    Feature.USE: 0.5,
    Feature.FRESH: 0.1,
}

_FACTS: Final = {
    "subject": Feature.SUBJECT,
    "grade": Feature.GRADE,
    "kind": Feature.KIND,
    "book": Feature.BOOK,
}

FACTS_SHOWN: Final = tuple(_FACTS)
"""The facets that an index gives back with a candidate."""

# A word with other marks than the typed ones, where these are meant.
_OTHER_MARKS: Final = 0.35
# How far the typed marks count that are in the text only, and in the text in one row.
_MARKS_IN_TEXT: Final = 0.75
_MARKS_IN_ROW: Final = 0.95
# What was typed counts at least so much, whatever is believed instead.
_TYPED: Final = 0.3
# "100" is not what "100 000" says.
_PART_OF_NUMBER: Final = 0.5
_GROUP: Final = 3
# A title word that the unfinished last word begins.
_BEGUN: Final = 0.9
# A term that names a preference is mostly judged by the facts.
_NAMED: Final = 0.25
# Nobody cares for the length of a title beside a long question.
_LONG_QUESTION: Final = 7
_LONG_SHARE: Final = 0.12
# So much use is as good as any.
_MUCH_USED: Final = 12.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What an index gives back of a material.

    `title` is its words, normalized and with settled marks, parted by spaces; `facts` the values of
    `FACTS_SHOWN`; `published_at` in seconds since the epoch.
    """

    title: str
    facts: Mapping[str, Sequence[str]]
    use: int = 0
    published_at: int = 0


@dataclass(slots=True)
class Candidate:
    """A material that some pass brought. `scores` are the engine's, by pass."""

    id: int
    shown: Shown
    scores: dict[Pass, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Target:
    """A reading as titles are compared with it."""

    term: int
    folded: tuple[str, ...]
    exact: tuple[str, ...]
    marked: bool
    trust: float
    number: bool


class _Match(NamedTuple):
    """Where a title holds a term: from `start` to before `end`."""

    term: int
    start: int
    end: int
    credit: float
    exact: bool


class Ranker:
    """The order of the candidates of one question.

    `frequency` says of a folded word in how many of `total` materials it is; words that it does not
    know are taken for rare.
    """

    def __init__(self, question: Question, frequency: Mapping[str, int], total: int) -> None:
        self._question = question
        self._terms = question.terms
        own = contents(question)
        self._content = [at for at, term in enumerate(self._terms) if term in own]
        self._order = {at: place for place, at in enumerate(self._content)}
        self._rarity = [self._rarity_of(term, frequency, max(total, 1)) for term in self._terms]
        self._targets: dict[str, list[_Target]] = {}
        for target in _targets(self._terms):
            self._targets.setdefault(target.folded[0], []).append(target)
        self._begun = self._beginnings()
        self._given: dict[int, Mapping[Feature, float]] = {}

    def rank(self, candidates: Sequence[Candidate]) -> list[Hit]:
        """All candidates, best first; equal ones by the newest id."""
        best = max((one.scores.get(Pass.ALL, 0.0) for one in candidates), default=0.0) or 1.0
        times = [one.shown.published_at for one in candidates]
        oldest, newest = min(times, default=0), max(times, default=0)
        hits = []
        for one in candidates:
            shares = self._shares(one)
            shares[Feature.ENGINE] = one.scores.get(Pass.ALL, 0.0) / best
            shares[Feature.FRESH] = (one.shown.published_at - oldest) / max(newest - oldest, 1)
            score = sum(WEIGHTS[feature] * share for feature, share in shares.items())
            hits.append(Hit(one.id, score))
            self._given[one.id] = shares
        return sorted(hits, key=lambda hit: (-hit.score, -hit.id))

    def explained(self, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, those that were ranked with their reasons."""
        return [Hit(hit.id, hit.score, _reasons(self._given.get(hit.id, {}))) for hit in hits]

    def _shares(self, one: Candidate) -> dict[Feature, float]:
        exact, folded = title_words(one.shown.title)
        matches = self._matches(exact, folded)
        best: dict[int, float] = {}
        exactly: set[int] = set()
        for match in matches:
            best[match.term] = max(best.get(match.term, 0.0), match.credit)
            if match.exact:
                exactly.add(match.term)
        beside = self._beside(matches)
        shares = self._facts(one.shown, self._named_beside(beside))
        shares[Feature.WORDS] = self._coverage(best, one.shown)
        shares[Feature.MARKS] = self._marks(exactly, one.scores)
        found = sum(1 for at in self._content if at in best)
        shares[Feature.PAIRS] = sum(beside.values()) / max(len(self._terms) - 1, 1)
        shares |= self._row(matches, len(exact), found)
        shares[Feature.TEXT] = 1.0 if Pass.ALL in one.scores else 0.0
        shares[Feature.TEXT_PHRASE] = self._text_phrase(one.scores)
        shares[Feature.USE] = min(log2(1 + max(one.shown.use, 0)) / _MUCH_USED, 1.0)
        return shares

    def _matches(self, exact: Sequence[str], folded: Sequence[str]) -> list[_Match]:
        found = []
        targets = self._targets
        for start, word in enumerate(folded):
            if word in targets:
                for target in targets[word]:
                    end = start + len(target.folded)
                    if end == start + 1 or folded[start:end] == target.folded:
                        found.append(_compared(target, exact, folded, start, end))
            if self._begun and (match := self._begun_match(exact, word, start)):
                found.append(match)
        return found

    def _begun_match(self, exact: Sequence[str], word: str, start: int) -> _Match | None:
        """A word that the unfinished one begins."""
        for begun, typed in self._begun:
            if word.startswith(begun) and word != begun:
                same = exact[start].startswith(typed)
                credit = _BEGUN * (1.0 if same else _OTHER_MARKS)
                return _Match(len(self._terms) - 1, start, start + 1, credit, same)
        return None

    def _coverage(self, best: Mapping[int, float], shown: Shown) -> float:
        reached = whole = 0.0
        for at, term in enumerate(self._terms):
            named = at not in self._content
            weight = self._rarity[at] * (_NAMED if named else 1.0)
            held = best.get(at, 0.0)
            if named and _holds(shown, self._question.preferences[term.preference]):
                held = 1.0
            whole += weight
            reached += weight * held
        return reached / whole if whole else 0.0

    def _marks(self, exactly: set[int], scores: Mapping[Pass, float]) -> float:
        """Full in the title, less in the text; nothing where no marks are meant."""
        meant = [at for at in self._content if self._terms[at].readings[0].marked]
        if not meant:
            return 0.0
        weight = sum(self._rarity[at] for at in meant)
        in_title = sum(self._rarity[at] for at in meant if at in exactly) / weight
        if Pass.EXACT_PHRASE in scores or Pass.EXACT_TITLE_PHRASE in scores:
            return max(in_title, _MARKS_IN_ROW)
        return max(in_title, _MARKS_IN_TEXT) if Pass.EXACT in scores else in_title

    def _beside(self, matches: Sequence[_Match]) -> dict[int, float]:
        """The terms after which the title has the next term, too, and how well both match."""
        credits = {(match.term, match.start): match.credit for match in matches}
        beside: dict[int, float] = {}
        for match in matches:
            follower = credits.get((match.term + 1, match.end))
            if follower is not None:
                both = min(match.credit, follower)
                beside[match.term] = max(both, beside.get(match.term, 0.0))
        return beside

    def _named_beside(self, beside: Mapping[int, float]) -> set[int]:
        """What the question names with words that stand in the title just as in the question.

        "Phản ứng hoá học" is the name of a lesson: who has it in the title has what was meant,
        whatever the subject.
        """
        named: dict[int, set[int]] = {}
        for at, term in enumerate(self._terms):
            if term.preference >= 0:
                named.setdefault(term.preference, set()).add(at)
        last = len(self._terms) - 1
        return {
            preference
            for preference, own in named.items()
            if all(at in beside for at in range(min(own), max(own)))
            and (
                (min(own) - 1) in beside
                or max(own) in beside
                or (min(own) == 0 and max(own) == last > 0)
            )
        }

    def _row(self, matches: Sequence[_Match], length: int, found: int) -> dict[Feature, float]:
        longest, begins = self._longest(matches)
        size = len(self._content)
        alone = found / length if length else 0.0
        return {
            Feature.PHRASE: longest / size if longest > 1 or size == 1 else 0.0,
            Feature.BEGINS: longest / size if begins else 0.0,
            Feature.ALONE: min(alone, 1.0) * (_LONG_SHARE if size > _LONG_QUESTION else 1.0),
        }

    def _longest(self, matches: Sequence[_Match]) -> tuple[float, bool]:
        """How many content terms stand in one row, those with other marks counting for less, and
        whether that row begins the title."""
        runs: dict[tuple[int, int], float] = {}
        best, begins = 0.0, False
        # The last match comes first: what follows a match is known when it is reached.
        for match in reversed(matches):
            place = self._order.get(match.term)
            if place is None:
                continue
            run = match.credit + runs.get((place + 1, match.end), 0.0)
            runs[place, match.start] = max(run, runs.get((place, match.start), 0.0))
            if run >= best:
                best, begins = run, match.start == 0
        return best, begins

    def _facts(self, shown: Shown, beside: set[int]) -> dict[Feature, float]:
        shares: dict[Feature, float] = {}
        for at, preference in enumerate(self._question.preferences):
            feature = _FACTS.get(preference.facet)
            if feature is not None:
                holds = at in beside or _holds(shown, preference)
                held = preference.trust if holds else 0.0
                shares[feature] = max(shares.get(feature, 0.0), held)
        return shares

    def _text_phrase(self, scores: Mapping[Pass, float]) -> float:
        phrases = (Pass.PHRASE, Pass.TITLE_PHRASE, Pass.EXACT_PHRASE, Pass.EXACT_TITLE_PHRASE)
        return 1.0 if any(kind in scores for kind in phrases) else 0.0

    def _rarity_of(self, term: Term, frequency: Mapping[str, int], total: int) -> float:
        """Of the believed words, the rarest."""
        counts = [frequency.get(word, 0) for word in term.readings[0].folded]
        return log(1 + total / (1 + min(counts, default=0)))

    def _beginnings(self) -> list[tuple[str, str]]:
        if not self._terms or not self._terms[-1].unfinished:
            return []
        words = [one.words[0] for one in self._terms[-1].readings if len(one.words) == 1]
        begun = {(fold_token(word), word) for word in words}
        # i and y are not settled before the word is done.
        return sorted(begun | {(unmarked(word), word) for word in words})


def _reasons(shares: Mapping[Feature, float]) -> tuple[Reason, ...]:
    """What gave points, the most first."""
    found = [
        Reason(feature, round(share, 3), round(WEIGHTS[feature] * share, 3))
        for feature, share in shares.items()
        if share > 0
    ]
    return tuple(sorted(found, key=lambda one: -one.points))


@lru_cache(maxsize=16_384)
def title_words(title: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a title as `Shown` holds it: with marks, and folded."""
    words = tuple(title.split())
    return words, tuple(fold_token(word) for word in words)


def _targets(terms: Sequence[Term]) -> Iterator[_Target]:
    for at, term in enumerate(terms):
        for one in term.readings:
            trust = max(one.trust, _TYPED) if one.origin is Origin.TYPED else one.trust
            number = one.folded[-1].isdecimal()
            yield _Target(at, one.folded, one.exact, one.marked, trust, number)


def _compared(
    target: _Target, exact: Sequence[str], folded: Sequence[str], start: int, end: int
) -> _Match:
    """A place where a title has the letters of a reading: how good a match it is."""
    same = exact[start:end] == target.exact
    credit = target.trust if same or not target.marked else target.trust * _OTHER_MARKS
    if target.number and _goes_on(folded, end):
        credit *= _PART_OF_NUMBER
    return _Match(target.term, start, end, credit, same)


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Whether a number before `at` is followed by its thousands: "100 000"."""
    return at < len(words) and len(words[at]) == _GROUP and words[at].isdecimal()


def _holds(shown: Shown, preference: Preference) -> bool:
    return not set(preference.values).isdisjoint(shown.facts.get(preference.facet, ()))
