"""The curriculum's names, kept at hand: every card and facet needs them, and they hardly change."""

import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy.orm import Session

from repo_server.database.queries import curriculum as queries
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.curriculum import ItemKind
from repo_server.domain.mentions import Lexicon, Named

MAX_AGE: Final = 15.0
"""Seconds after which the names are read again: an import shows up within this time."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject across grades: `code` is the facet's value."""

    code: str
    label: str
    grades: tuple[int, ...]
    abbreviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """A textbook set."""

    code: str
    label: str
    note: str
    abbreviations: tuple[str, ...]
    item_id: int


@dataclass(frozen=True, slots=True)
class Names:
    """Subjects and textbook sets by code, in the order of presentation.

    `items` says which item the code of a grade, subject or book means: of several frameworks that
    use one, the framework presented first.
    """

    subjects: dict[str, Subject]
    books: dict[str, Book]
    items: dict[str, int]


class Vocabulary:
    """Names read from the database, at most `MAX_AGE` seconds old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: Names | None = None
        self._read_at = 0.0

    def names(self, session: Session) -> Names:
        """The present names, through `session` when they have to be read."""
        with self._lock:
            if self._names is not None and time.monotonic() - self._read_at < MAX_AGE:
                return self._names
        names = Names(_subjects(session), _books(session), queries.chosen_by_code(session))
        with self._lock:
            self._names, self._read_at = names, time.monotonic()
        return names

    def forget(self) -> None:
        """Read again at the next use."""
        with self._lock:
            self._names = None


def _subjects(session: Session) -> dict[str, Subject]:
    found: dict[str, Subject] = {}
    for item in queries.items_of_kind(session, ANONYMOUS, ItemKind.SUBJECT):
        code = item.subject or item.code
        known = found.get(code)
        grades = set(item.grades) | set(known.grades if known else ())
        names = dict.fromkeys((*(known.abbreviations if known else ()), *item.abbreviations))
        label = known.label if known else item.title
        found[code] = Subject(code, label, tuple(sorted(grades)), tuple(names))
    return found


def _books(session: Session) -> dict[str, Book]:
    items = queries.items_of_kind(session, ANONYMOUS, ItemKind.BOOK)
    return {
        item.code: Book(item.code, item.title, item.note, tuple(item.abbreviations), item.id)
        for item in items
        if item.parent_id is None
    }


def lexicon_of(names: Names) -> Lexicon:
    """All names of the present curriculum, ready to be found in a text."""
    subjects = tuple(
        Named(one.code, (one.label, *one.abbreviations), one.grades)
        for one in names.subjects.values()
    )
    books = tuple(Named(one.code, (one.label, *one.abbreviations)) for one in names.books.values())
    return _lexicon(subjects, books)


@lru_cache(maxsize=4)
def _lexicon(subjects: tuple[Named, ...], books: tuple[Named, ...]) -> Lexicon:
    return Lexicon(subjects, books)
