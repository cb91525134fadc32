"""What questions are understood with, kept at hand by each process."""

import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database import outbox
from repo_server.database.models import KnowledgePart, utc_now
from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import synonyms as synonym_queries
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.mentions import Lexicon
from repo_server.domain.questions.catalogue_words import CatalogueWords
from repo_server.domain.questions.correcting import Corrector
from repo_server.domain.questions.synonyms import SynonymRule, Synonyms
from repo_server.domain.questions.understanding import Knowledge
from repo_server.services.vocabulary import Vocabulary, lexicon_of

WORDS: Final = "words"
SYNONYMS: Final = "synonyms"
"""The names of the parts."""

MAX_AGE: Final = 2.0
"""Seconds after which it is looked whether a part has changed: a change holds within this time."""

Version = tuple[int, datetime]


class KnowledgeCache:
    """The present knowledge of this process; parts that have changed are read again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._knowledge: Knowledge | None = None
        self._versions: dict[str, Version] = {}
        self._looked_at = 0.0

    def present(self, session: Session, vocabulary: Vocabulary) -> Knowledge:
        """The knowledge, through `session` where it has to be read.

        While one thread reads what has changed, the others go on with what was known.
        """
        known = self._knowledge
        if known is not None and time.monotonic() - self._looked_at < MAX_AGE:
            return known
        if not self._lock.acquire(blocking=known is None):
            return known or self.present(session, vocabulary)
        try:
            self._knowledge = self._read(session, vocabulary)
            self._looked_at = time.monotonic()
            return self._knowledge
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Look at the next use whether anything has changed."""
        self._looked_at = 0.0

    def _read(self, session: Session, vocabulary: Vocabulary) -> Knowledge:
        rows = session.execute(
            select(KnowledgePart.name, KnowledgePart.version, KnowledgePart.made_at)
        )
        found = {name: (version, made_at) for name, version, made_at in rows}
        before, self._versions = self._versions, found
        lexicon = lexicon_of(vocabulary.names(session))
        known = self._knowledge
        same_words = known is not None and found.get(WORDS) == before.get(WORDS)
        if known is None or not same_words or (WORDS not in found and known.lexicon is not lexicon):
            return Knowledge(_corrector(session, lexicon), lexicon, stored_synonyms(session))
        if found.get(SYNONYMS) != before.get(SYNONYMS):
            return replace(known, lexicon=lexicon, synonyms=stored_synonyms(session))
        return known if known.lexicon is lexicon else replace(known, lexicon=lexicon)


def _corrector(session: Session, lexicon: Lexicon) -> Corrector:
    words = counted_words(session)
    if words is not None:
        return Corrector(words)
    return _seeds(tuple(seed_texts(session, lexicon)))


@lru_cache(maxsize=2)
def _seeds(texts: tuple[str, ...]) -> Corrector:
    """A corrector for a library of which nothing has been counted yet."""
    return Corrector(CatalogueWords.of(texts))


def counted_words(session: Session) -> CatalogueWords | None:
    """The words as they were counted last; None when they never were, or cannot be read."""
    part = session.get(KnowledgePart, WORDS)
    if part is None or part.data is None:
        return None
    try:
        return CatalogueWords.from_bytes(zlib.decompress(part.data))
    except (ValueError, zlib.error):
        return None


def seed_texts(session: Session, lexicon: Lexicon) -> Iterator[str]:
    """What a library says before it holds anything: its curriculum, and the words of schools."""
    yield from lexicon.names()
    yield from curriculum_queries.titles(session, ANONYMOUS)


def stored_synonyms(session: Session) -> Synonyms:
    """The rules as they are now."""
    rows = synonym_queries.all_synonyms(session)
    return Synonyms(SynonymRule(tuple(row.phrases), row.one_way) for row in rows)


def note_change(session: Session, name: str) -> None:
    """Let every process read a part again as soon as this transaction is committed."""
    part = session.get(KnowledgePart, name, with_for_update=True)
    version = part.version + 1 if part is not None else 1
    row = {"name": name, "version": version, "made_at": utc_now(), "materials": 0}
    outbox.upsert(session, KnowledgePart, [row], changing=("version", "made_at"))
