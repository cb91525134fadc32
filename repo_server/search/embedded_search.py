"""How the embedded engine answers one question on one frozen state of the index."""

from collections.abc import Mapping, Sequence
from typing import Final

import tantivy
from tantivy import FieldType, Occur, Order, Query

from repo_server.search.base import Hit, IndexEntry, SearchPage, SearchQuery, Sort
from repo_server.search.embedded_queries import PlanQueries, all_of, within
from repo_server.search.embedded_schema import SCHEMA
from repo_server.search.passes import CANDIDATES, SHORT, Pass, Plan, merge, order_tail, plan

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


class Question:
    """One question and the state of the index that answers it."""

    def __init__(self, query: SearchQuery, searcher: tantivy.Searcher) -> None:
        self._query = query
        self._searcher = searcher
        self._within = within(query.scopes, query.filters)
        self._first = (query.page - 1) * query.size

    def answer(self) -> SearchPage:
        """The page, its total and its facets."""
        asked = plan(self._query.text, unfinished=self._query.prefix)
        if asked is None:
            return self._page(None, self._sorted(self._within), relaxed=False)
        queries = PlanQueries(asked, self._searcher)
        strict = queries.of(Pass.ALL) or Query.empty_query()
        base = self._relaxed(asked, queries, strict)
        matching = base or strict
        if self._query.sort is Sort.RELEVANCE:
            hits = self._ranked(asked, queries, strict, base)
        else:
            hits = self._sorted(all_of(self._within, matching))
        return self._page(matching, hits, relaxed=base is not None)

    def _page(self, matching: Query | None, hits: Sequence[Hit], *, relaxed: bool) -> SearchPage:
        found = self._within if matching is None else all_of(self._within, matching)
        return SearchPage(self._count(found), tuple(hits), self._facets(matching), relaxed)

    def _relaxed(self, asked: Plan, queries: PlanQueries, strict: Query) -> Query | None:
        """What matches when all words together match too little; None when they match enough.

        Decided without the filters: narrowing a search must not widen what its words mean, and
        the counts beside the filters must hold for each of them.
        """
        enough = SHORT if self._query.sort is Sort.RELEVANCE else 1
        scoped = within(self._query.scopes, {})
        found = self._count(all_of(scoped, strict))
        if found >= enough:
            return None
        for at_least in asked.fewer:
            some = queries.some(at_least)
            if self._count(all_of(scoped, some)) > found:
                return some
        return None

    def _ranked(
        self, asked: Plan, queries: PlanQueries, strict: Query, base: Query | None
    ) -> list[Hit]:
        first, last = self._first, self._first + self._query.size
        head = merge({kind: self._candidates(queries, kind) for kind in asked.passes})
        hits = list(head[first:last])
        matches = all_of(self._within, strict)
        if last > len(head):
            ordered = queries.titles_first(matches)
            hits += order_tail(head, self._top(ordered, last), first, last)
        strictly = self._count(matches) if base is not None else 0
        if base is not None and last > strictly:
            start = max(first - strictly, 0)
            others = Query.boolean_query(
                [(Occur.Must, self._within), (Occur.Must, base), (Occur.MustNot, strict)]
            )
            others = queries.titles_first(others)
            some = self._top(others, last - strictly)[start:]
            hits += [Hit(hit.id, -1 / (1 + hit.score)) for hit in some]
        return hits

    def _candidates(self, queries: PlanQueries, kind: Pass) -> list[Hit]:
        query = queries.of(kind)
        if query is None:
            return []
        found = all_of(self._within, query)
        return self._top(queries.titles_first(found) if kind is Pass.ALL else found, CANDIDATES)

    def _top(self, query: Query, limit: int) -> list[Hit]:
        found = self._searcher.search(query, limit=limit, count=False).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in found])
        pairs = zip(ids, found, strict=True)
        return [Hit(int(id or 0), float(score)) for id, (score, _) in pairs]

    def _sorted(self, query: Query) -> list[Hit]:
        name, order = _ORDERS[self._query.sort]
        found = self._searcher.search(
            query,
            limit=self._query.size,
            offset=self._first,
            count=False,
            order_by_field=name,
            order=order,
        ).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in found])
        return [Hit(int(id or 0), 0.0) for id in ids]

    def _count(self, query: Query) -> int:
        found = self._searcher.search(query, limit=1, count=True)
        # The engine's type hints forget this attribute.
        return int(found.count)  # type: ignore[attr-defined]

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


def titles_for(
    searcher: tantivy.Searcher, asked: Plan, scopes: Sequence[str]
) -> list[tuple[str, int]]:
    """(title, id) of those that hold the words, the most used of each kind of closeness."""
    found: dict[int, str] = {}
    scoped = within(scopes, {})
    for query in PlanQueries(asked, searcher).of_titles():
        if len(found) >= _SUGGESTION_CANDIDATES:
            break
        hits = searcher.search(
            all_of(scoped, query),
            limit=_SUGGESTION_CANDIDATES,
            count=False,
            order_by_field="use",
        ).hits
        for _, address in hits:
            document = searcher.doc(address)
            title = bytes(document.get_first("title") or b"").decode()
            found.setdefault(int(document.get_first("id") or 0), title)
    return [(title, material_id) for material_id, title in found.items()]


def holds_any(searcher: tantivy.Searcher, ids: Sequence[int]) -> bool:
    """Whether there is an entry of any of these ids."""
    named = Query.term_set_query(SCHEMA, "id", list(ids))
    return bool(ids) and bool(searcher.search(named, limit=1, count=False).hits)


def entries_from(searcher: tantivy.Searcher, first: int) -> list[IndexEntry]:
    """Up to `_ENTRIES_AT_ONCE` entries with ids from `first` on, in the order of their ids."""
    above = Query.range_query(SCHEMA, "id", FieldType.Unsigned, lower_bound=first)
    hits = searcher.search(
        above, limit=_ENTRIES_AT_ONCE, count=False, order_by_field="id", order=Order.Asc
    ).hits
    revs = searcher.fast_field_values("rev", [address for _, address in hits])
    pairs = zip(hits, revs, strict=True)
    return [IndexEntry(int(id), int(rev or 0)) for (id, _), rev in pairs]


def _by_count(buckets: Sequence[Mapping[str, object]]) -> tuple[tuple[str, int], ...]:
    counted = ((str(bucket["key"]), int(str(bucket["doc_count"]))) for bucket in buckets)
    return tuple(sorted(counted, key=lambda pair: (-pair[1], pair[0])))
