"""How Meilisearch answers one question: the passes of the plan as one `POST /multi-search`.

The engine has no query for "some of these words", so what follows when all words match too little
is a bounded set of ids: what matches with one word left out, with the first or the rarest words.
Totals and facets then come from a search among exactly these ids.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from repo_server.domain import vietnamese
from repo_server.search.base import Hit, SearchPage, SearchQuery, Sort
from repo_server.search.meilisearch_documents import EXACT, FOLDED, vni
from repo_server.search.passes import (
    CANDIDATES,
    EXACTS,
    PHRASES,
    SHORT,
    Pass,
    Plan,
    merge,
    order_tail,
    plan,
    spread,
    without_surrogates,
)

# The engine itself looks at no more words than these; phrases count as one.
_WORDS_COUNTED: Final = 10
_MOST_RELAXED: Final = 250
_SUGGESTION_CANDIDATES: Final = 50

_ATTRIBUTES: Final[Mapping[Pass, Sequence[str]]] = {
    Pass.ALL: FOLDED,
    Pass.PHRASE: FOLDED,
    Pass.TITLE: FOLDED[:1],
    Pass.TITLE_PHRASE: FOLDED[:1],
    Pass.EXACT: EXACT,
    Pass.EXACT_PHRASE: EXACT,
    Pass.EXACT_TITLE: EXACT[:1],
    Pass.EXACT_TITLE_PHRASE: EXACT[:1],
}
_ORDERS: Final[Mapping[Sort, list[str]]] = {
    Sort.RELEVANCE: ["published_at:desc", "id:desc"],
    Sort.NEWEST: ["published_at:desc", "id:desc"],
    Sort.USE: ["use:desc", "id:desc"],
    Sort.TITLE: ["title_key:asc", "id:desc"],
}

# One search of a multi-search without its index, and one answer.
Body = dict[str, Any]
Found = Mapping[str, Any]
MultiSearch = Callable[[Sequence[Body]], Sequence[Found]]
Counts = tuple[tuple[str, int], ...]


class Question:
    """One question to one server."""

    def __init__(self, query: SearchQuery, multi_search: MultiSearch) -> None:
        self._query = query
        self._send = multi_search
        self._first = (query.page - 1) * query.size
        self._last = query.page * query.size
        self._narrowed = [name for name in query.facets if query.filters.get(name)]
        self._free = [name for name in query.facets if not query.filters.get(name)]

    def answer(self) -> SearchPage:
        """The page, its total and its facets."""
        asked = plan(self._query.text, unfinished=self._query.prefix)
        if asked is None:
            return self._in_order({"q": ""})
        strict = _strict(asked, Pass.ALL)
        if self._query.sort is Sort.RELEVANCE:
            return self._by_relevance(asked, strict)
        scoped = self._all_scoped(strict)
        ids = () if scoped["totalHits"] else self._some_words(asked, ())
        if ids:
            return self._in_order({"q": ""}, [hit.id for hit in ids])
        return self._in_order(strict)

    def _in_order(self, body: Body, ids: Sequence[int] = ()) -> SearchPage:
        """The matches of one search in the order that the reader chose."""
        order = {
            "sort": _ORDERS[self._query.sort],
            "page": self._query.page,
            "hitsPerPage": self._query.size,
            "facets": self._free,
        }
        found = self._send([self._filtered(body, ids) | order, *self._facet_bodies(body, ids)])
        hits = tuple(Hit(hit["id"], 0.0) for hit in found[0]["hits"])
        return SearchPage(found[0]["totalHits"], hits, self._counts(found), bool(ids))

    def _by_relevance(self, asked: Plan, strict: Body) -> SearchPage:
        depth = {"page": 1, "hitsPerPage": max(CANDIDATES, self._last)}
        counted = {"facets": self._free}
        others = [kind for kind in asked.passes if kind is not Pass.ALL]
        facets = self._facet_bodies(strict)
        found = self._send(
            [self._filtered(strict) | depth | counted, *facets]
            + [self._filtered(_strict(asked, kind)) for kind in others]
        )
        lists = [_hits(answer) for answer in found[1 + len(facets) :]]
        matches = _hits(found[0])
        head = merge({Pass.ALL: matches[:CANDIDATES], **dict(zip(others, lists, strict=True))})
        few = found[0]["totalHits"] < SHORT and len(asked.words) > 1
        if few and (page := self._relaxed(asked, strict, head)):
            return page
        hits = [*head[self._first : self._last]]
        hits += order_tail(head, matches, self._first, self._last)
        return SearchPage(found[0]["totalHits"], tuple(hits), self._counts(found))

    def _relaxed(self, asked: Plan, strict: Body, head: Sequence[Hit]) -> SearchPage | None:
        """The strict hits, then those with some of the words; None when there is no need.

        Decided without the filters: narrowing a search must not widen what its words mean.
        """
        scoped = self._all_scoped(strict)
        if scoped["totalHits"] >= SHORT:
            return None
        sure = {hit["id"] for hit in scoped["hits"]}
        more = self._some_words(asked, sure)
        if not more:
            return None
        ids = [*sure, *(hit.id for hit in more)]
        body = {"q": ""}
        bounds = {"page": 1, "hitsPerPage": len(ids), "facets": self._free}
        everyone = self._filtered(body, ids) | bounds
        found = self._send([everyone, *self._facet_bodies(body, ids)])
        left = {hit["id"] for hit in found[0]["hits"]}
        ranked = [hit for hit in (*head, *more) if hit.id in left]
        hits = tuple(ranked[self._first : self._last])
        return SearchPage(len(ranked), hits, self._counts(found), relaxed=True)

    def _some_words(self, asked: Plan, sure: Collection[int]) -> list[Hit]:
        """What matches with a word left out, with the first words, with the rarest word."""
        texts = _texts(asked, Pass.ALL)[:_WORDS_COUNTED]
        if len(texts) == 1:
            return []
        bodies = [
            _body(texts[:place] + texts[place + 1 :], Pass.ALL) for place in range(len(texts))
        ]
        bodies += [
            _body(texts, Pass.ALL) | {"matchingStrategy": strategy}
            for strategy in ("last", "frequency")
        ]
        filters = {"filter": self._filter({}), "page": 1, "hitsPerPage": CANDIDATES}
        scores: dict[int, float] = {}
        for answer in self._send([body | filters for body in bodies]):
            for hit in _hits(answer):
                scores[hit.id] = scores.get(hit.id, 0.0) + hit.score
        more = [Hit(id, -1 / (1 + score)) for id, score in scores.items() if id not in sure]
        return sorted(more, key=lambda hit: (-hit.score, -hit.id))[:_MOST_RELAXED]

    def _all_scoped(self, strict: Body) -> Found:
        """The strict matches without the filters."""
        bounds = {"filter": self._filter({}), "page": 1, "hitsPerPage": SHORT}
        return self._send([strict | bounds])[0]

    def _filtered(self, body: Body, ids: Sequence[int] = ()) -> Body:
        return {
            "hitsPerPage": CANDIDATES,
            **body,
            "filter": self._filter(self._query.filters, ids),
        }

    def _facet_bodies(self, body: Body, ids: Sequence[int] = ()) -> list[Body]:
        """One search for each narrowed facet, without its own filter."""
        filters = self._query.filters
        return [
            {
                **body,
                "filter": self._filter({k: v for k, v in filters.items() if k != name}, ids),
                "facets": [name],
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

    def _filter(self, filters: Mapping[str, Sequence[str]], ids: Sequence[int] = ()) -> list[str]:
        return scope_filter(self._query.scopes, filters, ids)


def scope_filter(
    scopes: Sequence[str], filters: Mapping[str, Sequence[str]], ids: Sequence[int] = ()
) -> list[str]:
    """What the asker may find, narrowed by the filters and to `ids` where there are any."""
    musts = [("scope", scopes), *filters.items()]
    clauses = [
        f"{name} IN [{', '.join(_quoted(value) for value in values)}]"
        for name, values in musts
        if values or name == "scope"
    ]
    if ids:
        clauses.append(f"id IN [{', '.join(str(id) for id in ids)}]")
    return clauses


def titles_body(asked: Plan, scopes: Sequence[str]) -> Body:
    """The search for titles that hold the words; the engine's rules put side by side and early
    before apart and late, and the most used before others."""
    return {
        **_strict(asked, Pass.TITLE),
        "filter": scope_filter(scopes, {}),
        "attributesToRetrieve": ["id", "title"],
        "hitsPerPage": _SUGGESTION_CANDIDATES,
    }


def _strict(asked: Plan, kind: Pass) -> Body:
    texts = _texts(asked, kind)
    if kind in PHRASES:
        texts = _as_phrase(asked, kind, texts)
    return _body(texts, kind, unfinished=asked.unfinished)


def _body(texts: Sequence[str], kind: Pass, *, unfinished: bool = False) -> Body:
    # The engine takes the last word for unfinished unless something follows it.
    return {
        "q": " ".join(texts) + ("" if unfinished else " "),
        "matchingStrategy": "all",
        "attributesToSearchOn": [*_ATTRIBUTES[kind]],
        "attributesToRetrieve": ["id"],
        "showRankingScore": True,
        "page": 1,
        "hitsPerPage": CANDIDATES,
    }


def _texts(asked: Plan, kind: Pass) -> list[str]:
    """Each word as the engine is asked for it; documents hold "khtn6" as "khtn 6" too."""
    tokens = [word.exact if kind in EXACTS else word.folded for word in asked.words]
    texts = [_as_text(token, kind) for token in tokens]
    if asked.unfinished and not vietnamese.pieces(tokens[-1]):
        texts[-1] = _coded(tokens[-1], kind)
    return texts


def _as_text(token: str, kind: Pass) -> str:
    """Quoted where a number is in it: the engine forgives no typing errors in a phrase."""
    parts = [_coded(part, kind) for part in vietnamese.pieces(token)]
    if parts or any(letter.isdigit() for letter in token):
        return f'"{" ".join(parts or [_coded(token, kind)])}"'
    return _coded(token, kind)


def _as_phrase(asked: Plan, kind: Pass, texts: Sequence[str]) -> list[str]:
    """The words side by side; an unfinished one stands behind them, phrases know no prefixes."""
    words = asked.words[:-1] if asked.unfinished else asked.words
    tokens = spread(word.exact if kind in EXACTS else word.folded for word in words)
    phrase = " ".join(_coded(token, kind) for token in tokens)
    rest = list(texts[len(words) :])
    return [f'"{phrase}"', *rest] if phrase else rest


def _coded(token: str, kind: Pass) -> str:
    return vni(token) if kind in EXACTS else token


def _hits(answer: Found) -> list[Hit]:
    return [Hit(hit["id"], float(hit["_rankingScore"])) for hit in answer["hits"]]


def _by_count(answer: Found, name: str) -> Counts:
    counted = answer.get("facetDistribution", {}).get(name, {})
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _quoted(value: str) -> str:
    text = without_surrogates(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
