"""How often a mistyped question is believed to be what was meant, and what understanding costs.

`KHO_BENCH_CORPUS` and `KHO_BENCH_QUERIES` name records and judged questions (a question of the
kind "exact" before those that mistype it); without them titles of the curriculum are mistyped. The
words are counted from the records as the library counts them. Times are of the processor.
"""

import json
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import select

from bench.mistyping import KINDS
from bench.tables import Row, p50, p95
from bench.workshop import Workshop, opened
from repo_server.database.models import CurriculumItem
from repo_server.domain.questions.catalogue_words import CatalogueWords, WordCounter
from repo_server.domain.questions.correcting import Corrector
from repo_server.domain.questions.understanding import Knowledge, understand
from repo_server.domain.vietnamese import exact, fold, fold_token, pieces, tokens
from repo_server.services.catalogue_words import LENGTH, TITLE_TIMES
from repo_server.services.knowledge import seed_texts, stored_synonyms
from repo_server.services.vocabulary import lexicon_of

_SEED: Final = 7
_WORDS: Final = range(3, 10)
_PAGE: Final = 1_600
_GOAL: Final = {"typo1": 0.85, "typo_acc": 0.95, "telex": 0.98, "vni": 0.95, "joined": 0.95}

Asked = tuple[str, str, str]
"""Kind, what is typed, what is meant."""


def measure(workshop: Workshop) -> list[Row]:
    """First what the normaliser costs, then each kind of question."""
    with opened(workshop.folder("curriculum")) as library, library.database.read() as session:
        lexicon = lexicon_of(library.vocabulary.names(session))
        seeds = list(seed_texts(session, lexicon))
        topics = session.scalars(
            select(CurriculumItem.title).where(CurriculumItem.kind == "topic")
        ).all()
        synonyms = stored_synonyms(session)
    records = list(_records(workshop))
    knowledge = Knowledge(Corrector(_counted(seeds, records)), lexicon, synonyms)
    asked = list(_judged() or _mistyped(topics, workshop.size(250, 10)))
    return [*_normalizer(records), *_kinds(asked, knowledge)]


def _records(workshop: Workshop) -> Iterator[tuple[str, str]]:
    """Title, and everything else of each record."""
    if path := os.environ.get("KHO_BENCH_CORPUS"):
        with Path(path).open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                yield record["title"], f"{record['description']} . {record['body'][:LENGTH]}"
        return
    for made in workshop.records:
        yield made.title, f"{made.description} . {made.text[:LENGTH]}"


def _counted(seeds: Iterable[str], records: Iterable[tuple[str, str]]) -> CatalogueWords:
    counter = WordCounter()
    for text in seeds:
        counter.add(text)
    for title, text in records:
        counter.add(title, TITLE_TIMES)
        counter.add(text)
    return counter.model()


def _judged() -> list[Asked]:
    found: list[Asked] = []
    if path := os.environ.get("KHO_BENCH_QUERIES"):
        meant = ""
        for line in Path(path).read_text("utf-8").splitlines():
            question = json.loads(line)
            if question["kind"] == "exact":
                meant = question["q"]
            mistyped = question["kind"] in KINDS
            found.append((question["kind"], question["q"], meant if mistyped else question["q"]))
    return found


def _mistyped(topics: Sequence[str], count: int) -> Iterator[Asked]:
    chance = random.Random(_SEED)
    fitting = sorted({title for title in topics if len(tokens(title)) in _WORDS})
    for title in chance.sample(fitting, min(count, len(fitting))):
        yield "exact", title, title
        for kind, mistype in KINDS.items():
            yield kind, mistype(title, chance), title


def _normalizer(records: Sequence[tuple[str, str]]) -> Iterator[Row]:
    pages = [f"{title} {text}"[:_PAGE] for title, text in records[:200]]
    letters = sum(map(len, pages))
    for name, normalize in (("fold", fold), ("exact", exact)):
        fold_token.cache_clear()
        began = time.thread_time()
        for page in pages:
            normalize(page)
        spent = time.thread_time() - began
        yield Row(f"normaliser, {name}, 1.6 kB", 1e6 * spent / letters * _PAGE, "µs")


def _kinds(asked: Sequence[Asked], knowledge: Knowledge) -> Iterator[Row]:
    times: dict[str, list[float]] = {}
    right: dict[str, list[bool]] = {}
    for kind, typed, meant in asked:
        began = time.thread_time()
        question = understand(typed, knowledge)
        times.setdefault(kind, []).append(1e6 * (time.thread_time() - began))
        believed = question.instead or typed
        right.setdefault(kind, []).append(_parted(believed) == _parted(meant))
    for kind, spent in times.items():
        share = sum(right[kind]) / len(right[kind])
        note = f"{p50(spent):.0f} µs, p95 {p95(spent):.0f} µs of {len(spent)}"
        yield Row(f"believed as meant, {kind}", share, at_least=_GOAL.get(kind, 0.97), note=note)
    everything = [one for spent in times.values() for one in spent]
    yield Row("understanding, p50", p50(everything), "µs", at_most=1_000)
    yield Row("understanding, the longest", max(everything), "µs", at_most=5_000)


def _parted(text: str) -> str:
    """What is compared: words without marks, those written together with a number apart."""
    return fold(" ".join(word for token in tokens(text) for word in pieces(token) or (token,)))
