"""From a question to queries of the embedded engine. A person's text never reaches its parser."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import tantivy
from tantivy import Occur, Query

from repo_server.domain import vietnamese
from repo_server.search.embedded_schema import SCHEMA, START
from repo_server.search.passes import EXACTS, PHRASES, Pass, Plan, Word, spread, without_surrogates

# The commonest words that an unfinished one may become; more would make typing slow.
_COMPLETIONS: Final = 64
# How many of them are tried as the last word of a phrase.
_ENDS: Final = 8

# How much a word in the title adds to the engine's own score.
_IN_TITLE: Final = 2.0

# Beyond this many materials a phrase of words that most of them hold costs more than it orders.
_LARGE: Final = 20_000
_COMMON: Final = 0.3

_FIELDS: Final[Mapping[Pass, str]] = {
    Pass.ALL: "all_f",
    Pass.PHRASE: "all_f",
    Pass.TITLE: "title_f",
    Pass.TITLE_PHRASE: "title_f",
    Pass.EXACT: "all_x",
    Pass.EXACT_PHRASE: "all_x",
    Pass.EXACT_TITLE: "title_x",
    Pass.EXACT_TITLE_PHRASE: "title_x",
}
_WIDE: Final = (Pass.PHRASE, Pass.EXACT_PHRASE)


def all_of(*queries: Query) -> Query:
    """What matches every one of `queries`."""
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[Query], at_least: int = 1) -> Query:
    """What matches some of `queries`."""
    return Query.boolean_query(
        [(Occur.Should, query) for query in queries], minimum_number_should_match=at_least
    )


def within(scopes: Sequence[str], filters: Mapping[str, Sequence[str]]) -> Query:
    """What the asker may find, narrowed by the filters; matches without a score."""
    musts = [("scope", scopes), *filters.items()]
    terms = (
        Query.term_set_query(SCHEMA, name, [without_surrogates(value) for value in values])
        for name, values in musts
        if values or name == "scope"
    )
    return Query.const_score_query(all_of(*terms), 0.0)


class PlanQueries:
    """The queries of one plan against one state of the index."""

    def __init__(self, plan: Plan, searcher: tantivy.Searcher) -> None:
        self._plan = plan
        self._searcher = searcher
        self._completions: dict[str, list[str]] = {}

    def of(self, kind: Pass) -> Query | None:
        """The query of one pass; None when the pass is not worth its cost."""
        if kind not in PHRASES:
            return all_of(*self._words(kind))
        if kind in _WIDE and self._is_common(kind):
            return None
        return self._phrase(kind)

    def of_titles(self) -> Iterator[Query]:
        """Queries for titles while somebody types, the closest first: with the typed marks, at the
        beginning, side by side, and at last with all words anywhere."""
        for kind in (Pass.EXACT_TITLE_PHRASE, Pass.TITLE_PHRASE):
            if kind in EXACTS and not self._plan.marked:
                continue
            for first in ([START], []):
                yield self._beginning(kind, first)
        yield all_of(*self._words(Pass.TITLE))

    def _beginning(self, kind: Pass, first: Sequence[str]) -> Query:
        """Titles that hold the words side by side, the last one as the beginning of a word."""
        name, last = _FIELDS[kind], self._plan.words[-1]
        words = [word.exact if kind in EXACTS else word.folded for word in self._plan.words]
        before = [*first, *spread(words[:-1])]
        # i and y are not settled before the word is done.
        ends = {words[-1], last.typed if kind in EXACTS else vietnamese.unmarked(last.typed)}
        return any_of([Query.phrase_prefix_query(SCHEMA, name, [*before, end]) for end in ends])

    def some(self, at_least: int) -> Query:
        """Materials that hold at least so many of the words, anywhere."""
        return any_of(self._words(Pass.ALL), at_least)

    def titles_first(self, matching: Query) -> Query:
        """The same matches; those that hold more of the words in their titles score more."""
        in_title = Query.boost_query(any_of(self._words(Pass.TITLE)), _IN_TITLE)
        return Query.boolean_query([(Occur.Must, matching), (Occur.Should, in_title)])

    def _words(self, kind: Pass) -> list[Query]:
        last = len(self._plan.words) - 1
        return [
            self._word(kind, word, unfinished=self._plan.unfinished and place == last)
            for place, word in enumerate(self._plan.words)
        ]

    def _word(self, kind: Pass, word: Word, *, unfinished: bool) -> Query:
        name = _FIELDS[kind]
        text = word.exact if kind in EXACTS else word.folded
        choices = [Query.term_query(SCHEMA, name, text)]
        if word.parts:
            parts = vietnamese.pieces(text) or word.parts
            choices.append(Query.phrase_query(SCHEMA, name, [*parts]))
        if unfinished and (found := self._complete(kind, word)):
            longer = Query.term_set_query(SCHEMA, name, found)
            choices.append(Query.const_score_query(longer, 0.1))
        return choices[0] if len(choices) == 1 else any_of(choices)

    def _complete(self, kind: Pass, word: Word) -> list[str]:
        """What the unfinished word may become, the commonest first.

        Exact completions are among the folded ones, so that no pass finds more than `ALL` does.
        """
        if "all_f" not in self._completions:
            # i and y are not settled before the word is done.
            starts = {vietnamese.unmarked(word.typed), word.folded}
            self._completions["all_f"] = self._terms("all_f", starts)
        if kind not in EXACTS:
            return self._completions["all_f"]
        if "all_x" not in self._completions:
            known = {word.folded, *self._completions["all_f"]}
            terms = self._terms("all_x", {word.typed, word.exact})
            self._completions["all_x"] = [
                term for term in terms if vietnamese.fold_token(term) in known
            ]
        return self._completions["all_x"]

    def _terms(self, name: str, starts: Iterable[str]) -> list[str]:
        counts = {
            term: count
            for start in starts
            for term, count in self._searcher.terms_with_prefix(name, start, limit=_COMPLETIONS)
        }
        return sorted(counts, key=lambda term: (-counts[term], term))[:_COMPLETIONS]

    def _phrase(self, kind: Pass) -> Query | None:
        name = _FIELDS[kind]
        words = self._plan.words
        finished = [word.exact if kind in EXACTS else word.folded for word in words]
        if not self._plan.unfinished:
            return _phrase_of(name, spread(finished))
        before = spread(finished[:-1])
        if not before:
            return None
        ends = {finished[-1]: None, **dict.fromkeys(self._complete(kind, words[-1])[:_ENDS])}
        return any_of([Query.phrase_query(SCHEMA, name, [*before, end]) for end in ends])

    def _is_common(self, kind: Pass) -> bool:
        total = self._searcher.num_docs
        if total < _LARGE:
            return False
        name = _FIELDS[kind]
        texts = (word.exact if kind in EXACTS else word.folded for word in self._plan.words)
        return min(self._searcher.doc_freq(name, text) for text in texts) > _COMMON * total


def _phrase_of(name: str, words: list[str]) -> Query | None:
    # The engine panics on a phrase of one word.
    return Query.phrase_query(SCHEMA, name, [*words]) if len(words) > 1 else None
