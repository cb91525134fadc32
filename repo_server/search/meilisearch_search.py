"""How Meilisearch answers one question: the passes of the plan as one `POST /multi-search`.

The engine has no query for "this word or that one", so a question with several readings is asked
once for each, and what they find together is a bounded set of ids; so is what follows when all
words match too little. Totals and facets then come from a search among exactly these ids.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from repo_server.domain.questions.base import Question
from repo_server.search.base import Hit, SearchPage, SearchQuery, Sort
from repo_server.search.meilisearch_words import (
    Body,
    body_of,
    scope_filter,
    shown,
    variants,
    words_bodies,
)
from repo_server.search.passes import (
    CANDIDATES,
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

# Of what several readings find together, so much of each can be paged through.
_MOST_OF_A_READING: Final = 1_000

_ORDERS: Final[Mapping[Sort, list[str]]] = {
    Sort.RELEVANCE: ["published_at:desc", "id:desc"],
    Sort.NEWEST: ["published_at:desc", "id:desc"],
    Sort.USE: ["use:desc", "id:desc"],
    Sort.TITLE: ["title_key:asc", "id:desc"],
}

Found = Mapping[str, Any]
MultiSearch = Callable[[Sequence[Body]], Sequence[Found]]
Counts = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Matches:
    """What a question means on this server: one search, or exactly these ids."""

    body: Body
    ids: tuple[int, ...] = ()
    facts: tuple[str, ...] = ()
    relaxed: bool = False
    left_out: tuple[str, ...] = ()
    # Candidates that were seen on the way, whatever the filters.
    seen: dict[int, Candidate] = field(default_factory=dict)


class Answering:
    """One question to one server."""

    def __init__(self, query: SearchQuery, multi_search: MultiSearch) -> None:
        self._query = query
        self._question = query.question
        self._send = multi_search
        self._first = (query.page - 1) * query.size
        self._last = query.page * query.size
        self._narrowed = [name for name in query.facets if query.filters.get(name)]
        self._free = [name for name in query.facets if not query.filters.get(name)]

    def answer(self) -> SearchPage:
        """The page, its total and its facets."""
        if not self._question.terms:
            return self._in_order(_Matches({"q": ""}), self._query.sort)
        if filters_only(self._question) and (page := self._named()):
            return page
        if self._query.sort is not Sort.RELEVANCE:
            return self._in_order(self._matches(), self._query.sort)
        readings = variants(self._question)
        if len(readings) > 1:
            return self._ranked(self._matches())
        # Most questions have one reading that matches enough: they are one request.
        page = self._ranked(_Matches(body_of(self._question, readings[0], Pass.ALL)))
        if page.total >= SHORT:
            return page
        matches = self._matches()
        return self._ranked(matches) if matches.ids else page

    def _named(self) -> SearchPage | None:
        """What has all that was named, the most used first; None when nothing has."""
        matches = _Matches({"q": ""}, facts=_facts(self._question))
        bounds = {"filter": self._filter({}, matches), "page": 1, "hitsPerPage": 0}
        if not self._send([{"q": ""} | bounds])[0]["totalHits"]:
            return None
        sort = self._query.sort
        return self._in_order(matches, Sort.USE if sort is Sort.RELEVANCE else sort)

    def _matches(self) -> _Matches:
        """What all words together match in any of their readings, or else in fewer steps.

        Decided without the filters: narrowing a search must not widen what its words mean.
        """
        asked = variants(self._question)
        first = [body_of(self._question, one, Pass.ALL) for one in asked]
        found = self._everywhere([body | {"hitsPerPage": SHORT} for body in first])
        live = [body for body, answer in zip(first, found, strict=True) if answer["totalHits"]]
        enough = SHORT if self._query.sort is Sort.RELEVANCE else 1
        if len(live) == 1 and sum(answer["totalHits"] for answer in found) >= enough:
            return _Matches(live[0])
        seen: dict[int, Candidate] = {}
        for answer in found:
            _take(answer, Pass.ALL, seen)
        if sum(answer["totalHits"] for answer in found) >= enough:
            wanted = {"hitsPerPage": _MOST_OF_A_READING, "attributesToRetrieve": ["id"]}
            lists = self._everywhere([body | wanted for body in live])
            ids = dict.fromkeys(hit["id"] for answer in lists for hit in answer["hits"])
            return _Matches({"q": ""}, tuple(ids), seen=seen)
        return self._fewer(asked, seen) or _Matches(
            {"q": ""} if len(live) > 1 else first[0], tuple(seen) if len(live) > 1 else ()
        )

    def _fewer(self, asked: Sequence[Question], seen: dict[int, Candidate]) -> _Matches | None:
        """What follows when all words match too little; None when nothing does."""
        strictly = len(seen)
        terms = contents(self._question)
        bodies = words_bodies(terms)
        known = self._everywhere([body | {"hitsPerPage": 0} for body in bodies])
        unknown = [
            term for term, answer in zip(terms, known, strict=True) if not answer["totalHits"]
        ]
        begun = [body_of(one, one, Pass.ALL, completed=True) for one in asked]
        steps: list[tuple[list[Body], tuple[str, ...]]] = [(begun, ())]
        for step in fewer(self._question, unknown):
            without = left_out(self._question, step[0]) if len(step) == 1 else ()
            rest = [Question(self._question.typed, kept) for kept in step]
            steps.append(([body_of(one, one, Pass.ALL) for one in rest], without))
        for step_bodies, without in steps:
            for answer in self._everywhere(step_bodies):
                _take(answer, None, seen)
            if len(seen) > strictly:
                ids = tuple(seen)[:MOST_CANDIDATES]
                without = () if strictly else without
                return _Matches({"q": ""}, ids, relaxed=True, left_out=without, seen=seen)
        return None

    def _in_order(self, matches: _Matches, sort: Sort) -> SearchPage:
        """The matches in the order that the reader chose."""
        order = {
            "sort": _ORDERS[sort],
            "page": self._query.page,
            "hitsPerPage": self._query.size,
            "attributesToRetrieve": ["id"],
            "facets": self._free,
        }
        found = self._send([self._filtered(matches) | order, *self._facet_bodies(matches)])
        hits = tuple(Hit(hit["id"], 0.0) for hit in found[0]["hits"])
        return self._page(matches, found, hits)

    def _ranked(self, matches: _Matches) -> SearchPage:
        depth: Body = {"hitsPerPage": max(CANDIDATES, self._last)}
        if matches.ids:
            depth = {"hitsPerPage": len(matches.ids), "attributesToRetrieve": ["id"]}
        facets = self._facet_bodies(matches)
        kinds = passes_of(self._question)
        passes = [
            body_of(self._question, one, kind) | {"filter": self._filter(self._query.filters, None)}
            for kind in kinds
            for one in variants(self._question)
        ]
        counted = {"facets": self._free}
        found = self._send([self._filtered(matches) | depth | counted, *facets, *passes])
        candidates = dict(matches.seen)
        answers = iter(found[1 + len(facets) :])
        for kind in kinds:
            for _ in variants(self._question):
                _take(next(answers), kind, candidates)
        if not matches.ids:
            _take({"hits": found[0]["hits"][:CANDIDATES]}, Pass.ALL, candidates)
        order = [hit["id"] for hit in found[0]["hits"]]
        if matches.ids:
            left = set(order)
            candidates = {id: one for id, one in candidates.items() if id in left}
        some = [*candidates.values()][:MOST_CANDIDATES]
        ranker = Ranker(self._question, {}, 1)
        head = ranker.rank(some)
        hits = head[self._first : self._last]
        hits += order_tail(head, order, self._first, self._last)
        if self._query.explain:
            hits = ranker.explained(hits)
        return self._page(matches, found, tuple(hits))

    def _page(self, matches: _Matches, found: Sequence[Found], hits: tuple[Hit, ...]) -> SearchPage:
        return SearchPage(
            found[0]["totalHits"],
            hits,
            self._counts(found),
            relaxed=matches.relaxed,
            left_out=matches.left_out,
        )

    def _everywhere(self, bodies: Sequence[Body]) -> Sequence[Found]:
        """The answers within the scopes, without the filters."""
        everywhere = {"filter": self._filter({}, None)}
        return self._send([body | everywhere for body in bodies]) if bodies else []

    def _filtered(self, matches: _Matches) -> Body:
        return matches.body | {"page": 1, "filter": self._filter(self._query.filters, matches)}

    def _facet_bodies(self, matches: _Matches) -> list[Body]:
        """One search for each narrowed facet, without its own filter."""
        filters = self._query.filters
        return [
            {
                **matches.body,
                "filter": self._filter({k: v for k, v in filters.items() if k != name}, matches),
                "facets": [name],
                "page": 1,
                "hitsPerPage": 0,
            }
            for name in self._narrowed
        ]

    def _counts(self, found: Sequence[Found]) -> dict[str, Counts]:
        """From the first answer the free facets, from the next ones the narrowed facets."""
        counted = {name: _by_count(found[0], name) for name in self._free}
        for name, answer in zip(self._narrowed, found[1:], strict=False):
            counted[name] = _by_count(answer, name)
        return {name: counted[name] for name in self._query.facets}

    def _filter(self, filters: Mapping[str, Sequence[str]], matches: _Matches | None) -> list[str]:
        clauses = scope_filter(self._query.scopes, filters, matches.ids if matches else ())
        return [*clauses, *(matches.facts if matches else ())]


def _facts(question: Question) -> tuple[str, ...]:
    named = ({one.facet: one.values} for one in question.preferences)
    return tuple(clause for facet in named for clause in scope_filter((), facet)[1:])


def _take(answer: Found, kind: Pass | None, found: dict[int, Candidate]) -> None:
    for hit in answer["hits"]:
        one = found.setdefault(hit["id"], Candidate(hit["id"], shown(hit)))
        if kind is not None:
            one.scores[kind] = max(one.scores.get(kind, 0.0), float(hit["_rankingScore"]))


def _by_count(answer: Found, name: str) -> Counts:
    counted = answer.get("facetDistribution", {}).get(name, {})
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))
