"""Counting the words of what is published, for the corrector; nightly, and after large imports.

The counts are one row that any process reads as it is (`services/knowledge`): rewriting a table of
half a million pairs would hold the database's one writer for seconds.
"""

import zlib
from datetime import timedelta
from typing import Final

from repo_server.database import outbox
from repo_server.database.models import KnowledgePart, utc_now
from repo_server.database.queries import words as queries
from repo_server.domain.questions.catalogue_words import WordCounter
from repo_server.services.knowledge import WORDS, note_change, seed_texts
from repo_server.services.library import Library
from repo_server.services.vocabulary import lexicon_of

JOB: Final = "count_words"
KEY: Final = "catalogue"

MAX_AGE: Final = timedelta(hours=24)
_MOVED: Final = 5
"""Counted again when a fifth more or fewer materials are published."""

_FEW: Final = 50
"""Below so many materials it takes half as many more to be worth counting."""

_BATCH: Final = 500
TITLE_TIMES: Final = 3
"""Titles are what people look for."""

_MOST_TEXTS: Final = 100_000
"""Materials, spread evenly, whose text is counted beside its title: more tell nothing new."""

_PAGES: Final = 2
LENGTH: Final = 2_000


def count_words(library: Library) -> int:
    """Count anew and keep the counts; returns the number of materials that were counted."""
    counter = WordCounter()
    with library.database.read() as session:
        lexicon = lexicon_of(library.vocabulary.names(session))
        total = queries.published(session)
        for text in seed_texts(session, lexicon):
            counter.add(text)
    counted = _count_published(library, counter, every=-(-total // _MOST_TEXTS) or 1)
    data = zlib.compress(counter.model().to_bytes())
    with library.database.write() as session:
        note_change(session, WORDS)
        part = session.get_one(KnowledgePart, WORDS, populate_existing=True)
        part.data, part.materials = data, counted
    return counted


def count_again(library: Library, _: str) -> None:
    """The job. Harmless when it is repeated."""
    count_words(library)


def _count_published(library: Library, counter: WordCounter, *, every: int) -> int:
    """In batches, each a transaction of its own: no snapshot is held for minutes."""
    last = counted = 0
    while True:
        with library.database.read() as session:
            batch = queries.published_after(session, last, _BATCH)
            chosen = [one.id for at, one in enumerate(batch) if (counted + at) % every == 0]
            texts = queries.beginnings(session, chosen, pages=_PAGES, length=LENGTH)
        if not batch:
            return counted
        for one in batch:
            counter.add(one.title, TITLE_TIMES)
            counter.add(" . ".join((one.description, *one.keywords)))
        for text in texts:
            counter.add(text)
        last, counted = batch[-1].id, counted + len(batch)


def ask_if_due(library: Library) -> bool:
    """Enqueue a count when the last one is a day old or far from what is published now."""
    with library.database.read() as session:
        part = session.get(KnowledgePart, WORDS)
        total = queries.published(session)
    before = part.materials if part is not None else 0
    is_old = part is not None and part.made_at < utc_now() - MAX_AGE
    if not is_old and abs(total - before) * _MOVED <= max(before, _FEW):
        return False
    with library.database.write() as session:
        outbox.enqueue(session, JOB, KEY)
    return True
