"""How the embedded engine answers one question on one frozen state of the index."""

from collections.abc import Mapping, Sequence
from typing import Final

import tantivy
from tantivy import FieldType, Order, Query

from repo_server.domain.questions.base import Question
from repo_server.search.base import Hit, IndexEntry, SearchPage, SearchQuery, Sort
from repo_server.search.embedded_queries import QuestionQueries, all_of, among, within
from repo_server.search.embedded_schema import SCHEMA, kept
from repo_server.search.passes import (
    CANDIDATES,
    LOOKS,
    MOST_CANDIDATES,
    SHORT,
    Pass,
    contents,
    fewer,
    filters_only,
    left_out,
    order_tail,
    passes_of,
)
from repo_server.search.ranking import Candidate, Ranker

_FACET_VALUES: Final = 200
# Values that are counted in each part of the index before the most frequent are chosen.
_FACET_VALUES_COUNTED: Final = 10_000
_SUGGESTION_CANDIDATES: Final = 50
_ENTRIES_AT_ONCE: Final = 10_000

_ORDERS: Final[Mapping[Sort, tuple[str, Order]]] = {
    Sort.RELEVANCE: ("newest", Order.Desc),
    Sort.NEWEST: ("newest", Order.Desc),
    Sort.USE: ("use", Order.Desc),
    Sort.TITLE: ("title_key", Order.Asc),
}


class Answering:
    """One question and the state of the index that answers it."""

    def __init__(self, query: SearchQuery, searcher: tantivy.Searcher) -> None:
        self._query = query
        self._question = query.question
        self._searcher = searcher
        self._queries = QuestionQueries(query.question, searcher)
        self._within = within(query.scopes, query.filters)
        self._first = (query.page - 1) * query.size
        self._last = query.page * query.size

    def answer(self) -> SearchPage:
        """The page, its total and its facets."""
        if not self._question.terms:
            return self._in_order(None, self._query.sort)
        if filters_only(self._question) and (page := self._named()):
            return page
        matching = self._queries.of(Pass.ALL) or Query.empty_query()
        strictly = self._searcher.search(all_of(self._within, matching), CANDIDATES)
        relaxed = self._relaxed(matching, _count(strictly))
        if relaxed:
            matching, without = relaxed
        if self._query.sort is not Sort.RELEVANCE:
            page = self._in_order(matching, self._query.sort)
        else:
            page = self._ranked(matching, strictly, everything=relaxed is not None)
        if not relaxed:
            return page
        return SearchPage(page.total, page.hits, page.facets, relaxed=True, left_out=without)

    def _named(self) -> SearchPage | None:
        """What has all that was named, the most used first; None when nothing has."""
        named = self._queries.named()
        if not self._ids(all_of(within(self._query.scopes, {}), named), 1):
            return None
        sort = self._query.sort
        return self._in_order(named, Sort.USE if sort is Sort.RELEVANCE else sort)

    def _relaxed(self, strict: Query, strictly: int) -> tuple[Query, tuple[str, ...]] | None:
        """What matches when all words together match too little, and the words left out for it;
        None when they match enough or nothing else is found.

        Decided without the filters: narrowing a search must not widen what its words mean, and
        the counts beside the filters must hold for each of them.
        """
        enough = SHORT if self._query.sort is Sort.RELEVANCE else 1
        if strictly >= enough:
            return None
        scoped = within(self._query.scopes, {})
        found = self._ids(all_of(scoped, strict), enough)
        if len(found) >= enough:
            return None
        plain = LOOKS[Pass.ALL]
        begun = [contents(self._question)]
        for step in (begun, *fewer(self._question, self._queries.unknown())):
            more = set(found)
            for terms in step:
                query = self._queries.every(terms, plain, completed=step is begun)
                more.update(self._ids(all_of(scoped, query), CANDIDATES))
            if len(more) > len(found):
                without = left_out(self._question, step[0]) if len(step) == 1 else ()
                return among(sorted(more)[:MOST_CANDIDATES]), () if found else without
        return None

    def _ranked(
        self, matching: Query, strictly: tantivy.SearchResult, *, everything: bool
    ) -> SearchPage:
        """In the order of the ranking; `everything`: all that matches is a candidate."""
        found: dict[int, Candidate] = {}
        self._take(strictly, Pass.ALL, found)
        total = _count(strictly)
        for kind in passes_of(self._question):
            query = self._queries.of(kind) if kind is not Pass.ALL else None
            if query is not None and len(found) < MOST_CANDIDATES:
                within_all = all_of(self._within, query)
                self._take(self._searcher.search(within_all, CANDIDATES, count=False), kind, found)
        if everything:
            answer = self._searcher.search(all_of(self._within, matching), MOST_CANDIDATES)
            total = _count(answer)
            self._take(answer, None, found)
        ranker = Ranker(self._question, self._queries.frequencies(), self._searcher.num_docs)
        head = ranker.rank(list(found.values()))
        hits = head[self._first : self._last]
        if self._last > len(head) and total > len(head):
            top = self._ids(all_of(self._within, matching), self._last)
            hits += order_tail(head, top, self._first, self._last)
        if self._query.explain:
            hits = ranker.explained(hits)
        return SearchPage(total, tuple(hits), self._facets(matching))

    def _take(
        self, result: tantivy.SearchResult, kind: Pass | None, found: dict[int, Candidate]
    ) -> None:
        ids = self._searcher.fast_field_values("id", [address for _, address in result.hits])
        for id, (score, address) in zip(ids, result.hits, strict=True):
            known = found.get(int(id or 0))
            if known is None:
                known = Candidate(int(id or 0), kept(self._searcher.doc(address)).shown)
                found[known.id] = known
            if kind is not None:
                known.scores[kind] = float(score or 0.0)

    def _in_order(self, matching: Query | None, sort: Sort) -> SearchPage:
        found = self._within if matching is None else all_of(self._within, matching)
        name, order = _ORDERS[sort]
        answer = self._searcher.search(
            found,
            limit=self._query.size,
            offset=self._first,
            order_by_field=name,
            order=order,
        )
        ids = self._searcher.fast_field_values("id", [address for _, address in answer.hits])
        hits = tuple(Hit(int(id or 0), 0.0) for id in ids)
        return SearchPage(_count(answer), hits, self._facets(matching))

    def _ids(self, query: Query, limit: int) -> list[int]:
        found = self._searcher.search(query, limit=limit, count=False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in found])
        return [int(id or 0) for id in ids]

    def _facets(self, matching: Query | None) -> dict[str, tuple[tuple[str, int], ...]]:
        """Counts per value; each facet is counted without its own filter."""
        filters = self._query.filters
        free = [name for name in self._query.facets if not filters.get(name)]
        counted = self._counts(free, filters, matching)
        for name in self._query.facets:
            if filters.get(name):
                others = {other: values for other, values in filters.items() if other != name}
                counted |= self._counts([name], others, matching)
        return {name: counted[name] for name in self._query.facets}

    def _counts(
        self, names: Sequence[str], filters: Mapping[str, Sequence[str]], matching: Query | None
    ) -> dict[str, tuple[tuple[str, int], ...]]:
        if not names:
            return {}
        scoped = within(self._query.scopes, filters)
        wanted = {
            name: {
                "terms": {
                    "field": name,
                    "size": _FACET_VALUES,
                    "segment_size": _FACET_VALUES_COUNTED,
                }
            }
            for name in names
        }
        found = scoped if matching is None else all_of(scoped, matching)
        answer = self._searcher.aggregate(found, wanted)
        return {name: _by_count(answer[name]["buckets"]) for name in names}


def _count(result: tantivy.SearchResult) -> int:
    # The engine's type hints forget this attribute.
    return int(result.count)  # type: ignore[attr-defined]


def titles_for(
    searcher: tantivy.Searcher, asked: Question, scopes: Sequence[str]
) -> list[tuple[str, int]]:
    """(title, id) of those that hold the words, the most used of each kind of closeness."""
    found: dict[int, str] = {}
    scoped = within(scopes, {})
    for query in QuestionQueries(asked, searcher).of_titles():
        if len(found) >= _SUGGESTION_CANDIDATES:
            break
        hits = searcher.search(
            all_of(scoped, query),
            limit=_SUGGESTION_CANDIDATES,
            count=False,
            order_by_field="use",
        ).hits
        ids = searcher.fast_field_values("id", [address for _, address in hits])
        for id, (_, address) in zip(ids, hits, strict=True):
            if id not in found:
                found[int(id or 0)] = kept(searcher.doc(address)).title
    return [(title, material_id) for material_id, title in found.items()]


def holds_any(searcher: tantivy.Searcher, ids: Sequence[int]) -> bool:
    """Whether there is an entry of any of these ids."""
    named = Query.term_set_query(SCHEMA, "id", list(ids))
    return bool(ids) and bool(searcher.search(named, limit=1, count=False).hits)


def entries_from(searcher: tantivy.Searcher, first: int) -> list[IndexEntry]:
    """Up to `_ENTRIES_AT_ONCE` entries with ids from `first` on, in the order of their ids."""
    above = Query.range_query(SCHEMA, "id", FieldType.Unsigned, lower_bound=first)
    return _entries(searcher, above, _ENTRIES_AT_ONCE)


def entries_named(searcher: tantivy.Searcher, ids: Sequence[int]) -> list[IndexEntry]:
    """The entries of these ids."""
    named = Query.term_set_query(SCHEMA, "id", list(ids))
    return _entries(searcher, named, len(ids)) if ids else []


def _entries(searcher: tantivy.Searcher, query: Query, limit: int) -> list[IndexEntry]:
    hits = searcher.search(
        query, limit=limit, count=False, order_by_field="id", order=Order.Asc
    ).hits
    revs = searcher.fast_field_values("rev", [address for _, address in hits])
    pairs = zip(hits, revs, strict=True)
    return [IndexEntry(int(id), int(rev or 0)) for (id, _), rev in pairs]


def _by_count(buckets: Sequence[Mapping[str, object]]) -> tuple[tuple[str, int], ...]:
    counted = ((str(bucket["key"]), int(str(bucket["doc_count"]))) for bucket in buckets)
    return tuple(sorted(counted, key=lambda pair: (-pair[1], pair[0])))
