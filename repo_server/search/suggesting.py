"""Which titles to offer while somebody types, the same above both engines."""

from collections.abc import Iterable

from repo_server.domain import vietnamese
from repo_server.search.passes import Plan


def best_titles(titles: Iterable[str], asked: Plan, limit: int) -> tuple[str, ...]:
    """Each title once: with the marks that were typed, beginning with the words, in given order."""
    once: dict[str, str] = {}
    for title in titles:
        once.setdefault(vietnamese.exact(title), title)
    folded = " ".join(word.folded for word in asked.words)
    typed = " ".join(word.exact for word in asked.words)

    def place(title: str) -> tuple[bool, bool]:
        exact = vietnamese.exact(title)
        return asked.marked and typed not in exact, not vietnamese.fold(title).startswith(folded)

    return tuple(sorted(once.values(), key=place)[:limit])
