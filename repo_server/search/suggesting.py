"""What to offer while somebody types, the same above both engines.

Two syllables side by side are a Vietnamese word, apart they are chance: what holds the typed words
side by side comes before what merely holds them all.
"""

from collections.abc import Iterable

from repo_server.domain import vietnamese
from repo_server.search.base import SuggestedTitle
from repo_server.search.passes import Plan, spread

Closeness = tuple[bool, bool, bool, bool]


def best_titles(
    titles: Iterable[tuple[str, int]], asked: Plan, limit: int
) -> tuple[SuggestedTitle, ...]:
    """Each title once, with all materials (title, id) that bear it: the closest first.

    Equally close ones stay in the order given.
    """
    once: dict[str, SuggestedTitle] = {}
    for title, material_id in titles:
        reading = vietnamese.exact(title)
        known = once.get(reading)
        ids = (*(known.ids if known else ()), material_id)
        once[reading] = SuggestedTitle(known.title if known else title, tuple(dict.fromkeys(ids)))
    ranked = sorted(once.values(), key=lambda found: closeness(found.title, asked))
    return tuple(ranked[:limit])


def closeness(text: str, asked: Plan) -> Closeness:
    """How close a text is to what was typed; smaller is closer.

    First the marks, where some were typed, then the words side by side, then at its beginning, then
    nothing beside them.
    """
    words = spread(vietnamese.tokens(text))
    at = _place([vietnamese.fold_token(word) for word in words], asked, exact=False)
    if asked.marked:
        exact_at = _place([vietnamese.exact_token(word) for word in words], asked, exact=True)
        at = exact_at if exact_at is not None else at
        differs = exact_at is None
    else:
        differs = False
    return differs, at is None, at != 0, at != 0 or len(words) != len(_typed(asked, exact=False))


def completed(text: str, asked: Plan) -> str | None:
    """The typed words as `text` has them, the last one whole; None where they are not there."""
    words = spread(vietnamese.tokens(text))
    at = _place([vietnamese.exact_token(word) for word in words], asked, exact=True)
    if at is None and asked.marked:
        return None
    if at is None:
        at = _place([vietnamese.fold_token(word) for word in words], asked, exact=False)
    return None if at is None else " ".join(words[at : at + len(_typed(asked, exact=False))])


def _typed(asked: Plan, *, exact: bool) -> list[str]:
    return spread(word.exact if exact else word.folded for word in asked.words)


def _place(words: list[str], asked: Plan, *, exact: bool) -> int | None:
    """Where the typed words stand side by side, the last one perhaps as the beginning of one."""
    *before, last = _typed(asked, exact=exact)
    ends = {last}
    if asked.unfinished:
        typed = asked.words[-1].typed
        # i and y are not settled before the word is done.
        ends.add(typed if exact else vietnamese.unmarked(typed))
    for at in range(len(words) - len(before)):
        end = words[at + len(before)]
        fits = any(map(end.startswith, ends)) if asked.unfinished else end in ends
        if fits and words[at : at + len(before)] == before:
            return at
    return None
