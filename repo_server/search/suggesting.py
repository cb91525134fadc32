"""What to offer while somebody types, the same above both engines.

Two syllables side by side are a Vietnamese word, apart they are chance: what holds the typed words
side by side comes before what merely holds them all.
"""

from collections.abc import Iterable

from repo_server.domain import vietnamese
from repo_server.domain.questions.base import Question
from repo_server.search.base import SuggestedTitle
from repo_server.search.passes import believed, spread, unfinished

Closeness = tuple[bool, bool, bool, bool]


def best_titles(
    titles: Iterable[tuple[str, int]], asked: Question, limit: int
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


def closeness(text: str, asked: Question) -> Closeness:
    """How close a text is to what was typed; smaller is closer.

    First the marks, where some were typed, then the words side by side, then at its beginning, then
    nothing beside them.
    """
    words = spread(vietnamese.tokens(text))
    at = _place([vietnamese.fold_token(word) for word in words], asked, exact=False)
    if is_marked(asked):
        exact_at = _place([vietnamese.exact_token(word) for word in words], asked, exact=True)
        at = exact_at if exact_at is not None else at
        differs = exact_at is None
    else:
        differs = False
    return differs, at is None, at != 0, at != 0 or len(words) != len(_typed(asked, exact=False))


def completed(text: str, asked: Question) -> str | None:
    """The typed words as `text` has them, the last one whole; None where they are not there."""
    words = spread(vietnamese.tokens(text))
    at = _place([vietnamese.exact_token(word) for word in words], asked, exact=True)
    if at is None and is_marked(asked):
        return None
    if at is None:
        at = _place([vietnamese.fold_token(word) for word in words], asked, exact=False)
    return None if at is None else " ".join(words[at : at + len(_typed(asked, exact=False))])


def is_marked(asked: Question) -> bool:
    """Whether the marks of any word are meant."""
    return any(term.readings[0].marked for term in asked.terms)


def _typed(asked: Question, *, exact: bool) -> list[str]:
    settled = vietnamese.exact_token if exact else vietnamese.fold_token
    return [settled(word) for word in spread(believed(asked.terms))]


def _place(words: list[str], asked: Question, *, exact: bool) -> int | None:
    """Where the typed words stand side by side, the last one perhaps as the beginning of one."""
    *before, last = _typed(asked, exact=exact)
    begun = unfinished(asked)
    ends = {last}
    if begun:
        written = believed(asked.terms)[-1]
        # i and y are not settled before the word is done.
        ends.add(written if exact else vietnamese.unmarked(written))
    for at in range(len(words) - len(before)):
        end = words[at + len(before)]
        fits = any(map(end.startswith, ends)) if begun else end in ends
        if fits and words[at : at + len(before)] == before:
            return at
    return None
