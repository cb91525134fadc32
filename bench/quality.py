"""How good the answers are: judged questions, through the real service, on each engine.

`KHO_BENCH_CORPUS` and `KHO_BENCH_QUERIES` name records (as `kho import-catalogue` takes them) and
judged questions; without them both are made from the curriculum. Meilisearch is judged where
`KHO_TEST_MEILI_URL` names a server. nDCG has the usual gain 2^grade - 1.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from pathlib import Path
from statistics import mean
from typing import Final

from sqlalchemy import select

from bench.judged import Judged, from_file, generated
from bench.tables import Row, not_measured
from bench.workshop import Workshop, opened
from repo_server.database.models import CurriculumItem, Material
from repo_server.domain.vietnamese import exact, fold_token
from repo_server.exchange.catalogue_mapping import usual_mapping
from repo_server.search.base import MaterialDocument
from repo_server.services import discovery, indexing, operators
from repo_server.services.asking import Asked, understood
from repo_server.services.catalogue_import import import_catalogue
from repo_server.services.documents import material_documents
from repo_server.services.library import Library

CORPUS: Final = "KHO_BENCH_CORPUS"
QUERIES: Final = "KHO_BENCH_QUERIES"
MEILI: Final = "KHO_TEST_MEILI_URL"

_SHOWN: Final = 20
_FIRST: Final = 10
_AT_LEAST: Final = {"embedded": 0.95, "meilisearch": 0.93}
_EVERY_KIND: Final = 0.85
_MARKED_QUESTIONS: Final = 300
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one question scored, each from 0 to 1."""

    ndcg: float
    success: float
    recall: float
    nothing: float


def measure(workshop: Workshop) -> list[Row]:
    """For each engine the sums, then each kind of question."""
    data, asked = _library(workshop)
    rows = list(_judge("embedded", data, {}, asked, workshop))
    if url := os.environ.get(MEILI):
        settings = {
            "KHO_SEARCH_URL": url,
            "KHO_SEARCH_KEY": os.environ.get("KHO_TEST_MEILI_KEY", ""),
        }
        rows += _judge("meilisearch", data, settings, asked, workshop)
    else:
        rows.append(not_measured("meilisearch", f"{MEILI} names no server"))
    return rows


def _library(workshop: Workshop) -> tuple[Path, list[Judged]]:
    corpus, queries = os.environ.get(CORPUS), os.environ.get(QUERIES)
    if not corpus or not queries:
        with opened(workshop.library) as library, library.database.read() as session:
            items = list(session.scalars(select(CurriculumItem).order_by(CurriculumItem.id)))
        return workshop.library, generated(workshop.records, items)
    data = workshop.folder("judged")
    with opened(data) as library:
        viewer = operators.acting_for(library, None)
        report = import_catalogue(library, viewer, Path(corpus), usual_mapping())
        if not report.faultless:
            raise RuntimeError(f"{corpus}: {report.records.refused[:1]}")
        indexing.feed_all(library)
    return data, from_file(Path(queries))


def _judge(
    engine: str,
    data: Path,
    settings: Mapping[str, str],
    asked: Sequence[Judged],
    workshop: Workshop,
) -> Iterator[Row]:
    chosen = asked[:: max(1, len(asked) // workshop.size(len(asked) or 1, 40))]
    with _fed(data, settings) as library:
        named = _external_ids(library)
        kinds: dict[str, list[Judgement]] = {}
        for one in chosen:
            found = [named[id] for id in _answer(library, one.text)]
            kinds.setdefault(one.kind, []).append(_judged(one, found))
        marked = _marks_first(library, workshop.size(_MARKED_QUESTIONS, 10))
    everything = [judgement for some in kinds.values() for judgement in some]
    yield _row(f"{engine}: nDCG@10", [one.ndcg for one in everything], _AT_LEAST[engine])
    yield _row(f"{engine}: success@3", [one.success for one in everything], 0.95)
    yield _row(f"{engine}: recall@20", [one.recall for one in everything])
    nothing = mean(one.nothing for one in everything)
    yield Row(f"{engine}: no answer", 100 * nothing, "%", at_most=0.5)
    yield _row(f"{engine}: typed marks first, precision@10", marked, 0.9)
    for kind, some in sorted(kinds.items()):
        note = ", ".join(
            f"{name} {mean(getattr(one, name) for one in some):.3f}"
            for name in ("success", "recall", "nothing")
        )
        scores = [one.ndcg for one in some]
        yield _row(f"{engine}, {kind}", scores, _EVERY_KIND, note=f"{note}; {len(some)} questions")


@contextmanager
def _fed(data: Path, settings: Mapping[str, str]) -> Iterator[Library]:
    """The library with an engine that holds all of it; a server is left as it was found."""
    with opened(data, settings) as library:
        indexing.feed_all(library)
        try:
            yield library
        finally:
            for index in library.indexes if settings else ():
                if drop := getattr(index, "drop", None):
                    drop()


def _external_ids(library: Library) -> dict[int, str]:
    with library.database.read() as session:
        rows = session.execute(select(Material.id, Material.external_id)).all()
    return {id: external or "" for id, external in rows}


def _answer(library: Library, text: str) -> list[int]:
    page = discovery.ask(library, understood(library, Asked(text, size=_SHOWN)))
    if page is None:
        raise RuntimeError("no engine answers")
    return [hit.id for hit in page.hits]


def _judged(asked: Judged, found: Sequence[str]) -> Judgement:
    grades = [asked.relevant.get(one, 0) for one in found]
    ideal = _gain(sorted(asked.relevant.values(), reverse=True)[:_FIRST])
    best = max(asked.relevant.values())
    return Judgement(
        ndcg=_gain(grades[:_FIRST]) / ideal,
        success=float(best in grades[:3]),
        recall=sum(1 for one in grades if one) / min(_SHOWN, len(asked.relevant)),
        nothing=float(not found),
    )


def _gain(grades: Sequence[int]) -> float:
    return sum(float(2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades))


def _marks_first(library: Library, count: int) -> list[float]:
    """Pairs of words of titles that have twins with other marks somewhere: how many of the first
    ten materials hold both words with the typed marks, of as many as there are."""
    holders: dict[str, set[int]] = {}
    titled: set[tuple[str, str]] = set()
    twins: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for document in _documents(library):
        titled.update(pairwise(exact(document.title).split()))
        texts = (document.title, *document.keywords, document.description, document.body)
        words = exact(" ".join(texts)).split()
        for word in set(words):
            holders.setdefault(word, set()).add(document.id)
        for pair in pairwise(words):
            twins.setdefault((fold_token(pair[0]), fold_token(pair[1])), set()).add(pair)
    several = (same & titled for same in twins.values() if len(same) > 1)
    asked = [pair for same in several for pair in same]
    marked = [pair for pair in sorted(asked) if any(not word.isascii() for word in pair)]
    scores = []
    for pair in marked[:: max(1, len(marked) // count)][:count]:
        found = _answer(library, " ".join(pair))[:_FIRST]
        both = holders[pair[0]] & holders[pair[1]]
        wanted = min(_FIRST, len(both))
        scores.append(sum(1 for id in found[:wanted] if id in both) / wanted)
    return scores


def _documents(library: Library) -> Iterator[MaterialDocument]:
    ids = sorted(_external_ids(library))
    for first in range(0, len(ids), _BATCH):
        with library.database.read() as session:
            yield from material_documents(session, ids[first : first + _BATCH]).values()


def _row(what: str, scores: Sequence[float], at_least: float | None = None, note: str = "") -> Row:
    return Row(what, mean(scores) if scores else None, at_least=at_least, note=note)
