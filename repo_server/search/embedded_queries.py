"""From a question to queries of the embedded engine. A person's text never reaches its parser."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import tantivy
from tantivy import Occur, Query

from repo_server.domain import vietnamese
from repo_server.domain.questions.base import Question, Reading, Term
from repo_server.search.embedded_schema import SCHEMA, START
from repo_server.search.passes import (
    LOOKS,
    Look,
    Pass,
    believed,
    contents,
    rows,
    spread,
    unfinished,
    without_surrogates,
)

# The commonest words that an unfinished one may become; more would make typing slow.
_COMPLETIONS: Final = 64

# Of titles, so many words that an unfinished one begins; a title has few words.
_BEGUN: Final = 512
_PAIR: Final = 2

# Beyond this many materials a phrase of words that most of them hold costs more than it orders.
_LARGE: Final = 20_000
_COMMON: Final = 0.3


def all_of(*queries: Query) -> Query:
    """What matches every one of `queries`."""
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[Query]) -> Query:
    """What matches one of `queries` or several."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def within(scopes: Sequence[str], filters: Mapping[str, Sequence[str]]) -> Query:
    """What the asker may find, narrowed by the filters; matches without a score."""
    musts = [("scope", scopes), *filters.items()]
    terms = [_valued(name, values) for name, values in musts if values or name == "scope"]
    return Query.const_score_query(all_of(*terms), 0.0)


def among(ids: Sequence[int]) -> Query:
    """These materials, without a score."""
    return Query.const_score_query(Query.term_set_query(SCHEMA, "id", list(ids)), 0.0)


class QuestionQueries:
    """The queries of one question against one state of the index."""

    def __init__(self, question: Question, searcher: tantivy.Searcher) -> None:
        self._question = question
        self._searcher = searcher
        self._own = contents(question)
        self._completions: list[str] | None = None

    def of(self, kind: Pass) -> Query | None:
        """The query of one pass; None when the pass is not worth its cost."""
        look = LOOKS[kind]
        if look.phrase:
            if not look.title and self._is_common(look):
                return None
            return self._phrase(look)
        found = self.every(self._question.terms if look.named else self._own, look)
        if look.facts:
            return all_of(found, self.named())
        if kind is Pass.ALL and (begun := self._begun_title()):
            return any_of([found, begun])
        return found

    def every(self, terms: Sequence[Term], look: Look, *, completed: bool = False) -> Query:
        """Materials that hold all of `terms`; `completed`: the last one perhaps begun only."""
        return all_of(*(self._term(term, look, completed=completed) for term in terms))

    def named(self) -> Query:
        """Materials that have everything which the question names."""
        facts = (_valued(one.facet, one.values) for one in self._question.preferences)
        return Query.const_score_query(all_of(*facts), 0.0)

    def unknown(self) -> list[Term]:
        """The terms that no material holds in any reading."""
        return [term for term in self._own if not self._is_known(term)]

    def frequencies(self) -> dict[str, int]:
        """In how many materials each folded word of the question is."""
        words = {
            word
            for term in self._question.terms
            for reading in term.readings
            for word in reading.folded
        }
        return {word: self._searcher.doc_freq("all_f", word) for word in words}

    def of_titles(self) -> Iterator[Query]:
        """Queries for titles while somebody types, the closest first: with the typed marks, at the
        beginning, side by side, and at last with all words anywhere."""
        for kind in (Pass.EXACT_TITLE_PHRASE, Pass.TITLE_PHRASE):
            look = LOOKS[kind]
            if look.exact and not self._marked():
                continue
            for first in ([START], []):
                yield self._side_by_side(self._question.terms, look, first)
        yield self.every(self._question.terms, LOOKS[Pass.TITLE], completed=True)

    def _term(self, term: Term, look: Look, *, completed: bool) -> Query:
        choices = [_reading(reading, look) for reading in term.readings]
        if completed and term.unfinished and (longer := self._complete(term)):
            name = _field(look, marked=False)
            choices.append(Query.const_score_query(Query.term_set_query(SCHEMA, name, longer), 0.1))
        return any_of(choices)

    def _begun_title(self) -> Query | None:
        """Titles with the words side by side, the last one only begun; None for a single word,
        which would be the beginning of far too many."""
        if not unfinished(self._question) or len(believed(self._own)) < _PAIR:
            return None
        return self._phrase(LOOKS[Pass.TITLE_PHRASE])

    def _phrase(self, look: Look) -> Query | None:
        found = [self._row(words, look) for words in rows(self._own)]
        # What is begun in a text would be read in far too many places.
        if look.title and unfinished(self._question):
            found += [self._begun_row(words, look) for words in rows(self._own)]
        kept = [query for query in found if query is not None]
        return any_of(kept) if kept else None

    def _row(self, words: Sequence[str], look: Look) -> Query | None:
        settled = _words(words, look)
        # The engine panics on a phrase of one word.
        return Query.phrase_query(SCHEMA, _name(look), [*settled]) if len(settled) > 1 else None

    def _begun_row(self, words: Sequence[str], look: Look) -> Query | None:
        """The words before the last one in a row, and a word that the last one begins."""
        before = _words(words[:-1], look)
        if not before:
            return None
        name, last = _name(look), words[-1]
        starts = (last, vietnamese.exact_token(last)) if look.exact else _starts(last)
        longer = {
            found
            for start in starts
            for found, _ in self._searcher.terms_with_prefix(name, start, limit=_BEGUN)
        }
        if not longer:
            return None
        row = self._row(words[:-1], look) or Query.term_query(SCHEMA, name, before[0])
        ends = Query.term_set_query(SCHEMA, name, sorted(longer))
        return all_of(row, Query.const_score_query(ends, 0.1))

    def _side_by_side(self, terms: Sequence[Term], look: Look, first: Sequence[str]) -> Query:
        """The words in one row, the last one perhaps as the beginning of a word."""
        words = believed(terms)
        before = [*first, *_words(words[:-1], look)]
        last = words[-1]
        # i and y are not settled before the word is done.
        ends = {*_words([last], look)[-1:], last if look.exact else vietnamese.unmarked(last)}
        return any_of(
            [Query.phrase_prefix_query(SCHEMA, _name(look), [*before, end]) for end in sorted(ends)]
        )

    def _complete(self, term: Term) -> list[str]:
        """What the unfinished word may become, the commonest first."""
        if self._completions is None:
            words = [one.words[0] for one in term.readings if len(one.words) == 1]
            # i and y are not settled before the word is done.
            starts = {start for word in words for start in _starts(word)}
            counts = {
                found: count
                for start in starts
                for found, count in self._searcher.terms_with_prefix(
                    "all_f", start, limit=_COMPLETIONS
                )
            }
            ordered = sorted(counts, key=lambda found: (-counts[found], found))
            self._completions = ordered[:_COMPLETIONS]
        return self._completions

    def _marked(self) -> bool:
        return all(term.readings[0].marked for term in self._own)

    def _is_known(self, term: Term) -> bool:
        readings = (reading.folded for reading in term.readings)
        return any(
            all(self._searcher.doc_freq("all_f", word) for word in words) for words in readings
        )

    def _is_common(self, look: Look) -> bool:
        total = self._searcher.num_docs
        if total < _LARGE:
            return False
        words = _words(believed(self._own), look)
        return min(self._searcher.doc_freq(_name(look), word) for word in words) > _COMMON * total


def _reading(reading: Reading, look: Look) -> Query:
    name = _field(look, marked=reading.marked)
    words = reading.exact if look.exact and reading.marked else reading.folded
    if len(words) == 1:
        return Query.term_query(SCHEMA, name, words[0])
    return Query.phrase_query(SCHEMA, name, [*words])


def _starts(word: str) -> tuple[str, str]:
    return vietnamese.unmarked(word), vietnamese.fold_token(word)


def _words(words: Sequence[str], look: Look) -> list[str]:
    settled = vietnamese.exact_token if look.exact else vietnamese.fold_token
    return [settled(word) for word in spread(words)]


def _name(look: Look) -> str:
    return _field(look, marked=True)


def _field(look: Look, *, marked: bool) -> str:
    place = "title" if look.title else "all"
    return f"{place}_x" if look.exact and marked else f"{place}_f"


def _valued(name: str, values: Sequence[str]) -> Query:
    return Query.term_set_query(SCHEMA, name, [without_surrogates(value) for value in values])
