"""What questions are understood with, kept at hand by each process."""

import threading
import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.mentions import Lexicon
from repo_server.domain.questions.catalogue_words import CatalogueWords
from repo_server.domain.questions.understanding import Knowledge
from repo_server.services.vocabulary import Vocabulary, lexicon_of

MAX_AGE: Final = 5.0
"""Seconds after which it is looked whether anything has changed."""


class KnowledgeCache:
    """The present knowledge, looked after at most every `MAX_AGE` seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._knowledge: Knowledge | None = None
        self._checked_at = 0.0

    def present(self, session: Session, vocabulary: Vocabulary) -> Knowledge:
        """The knowledge, through `session` where it has to be read."""
        known = self._knowledge
        if known is not None and time.monotonic() - self._checked_at < MAX_AGE:
            return known
        with self._lock:
            lexicon = lexicon_of(vocabulary.names(session))
            if self._knowledge is None or self._knowledge.lexicon is not lexicon:
                words = CatalogueWords.of(seed_texts(session, lexicon))
                self._knowledge = Knowledge(words, lexicon)
            self._checked_at = time.monotonic()
            return self._knowledge


def seed_texts(session: Session, lexicon: Lexicon) -> Iterator[str]:
    """What a library says before it holds anything: its curriculum, and the words of schools."""
    yield from lexicon.names()
    yield from curriculum_queries.titles(session, ANONYMOUS)
