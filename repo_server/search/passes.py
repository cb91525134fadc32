"""The passes over a question: cheap lists of candidates, the same plan for every engine.

A question becomes a few passes, each a plain list of candidates from the engine: all words
anywhere, in the title, side by side, with the typed marks, with what was understood. `ranking`
puts the candidates in order. Every pass finds only what the first one, `ALL`, finds too; so the
matches of `ALL` are the total, and what lies behind the candidates follows in the engine's order.

What the question names (subject, grade, kind, set) is preferred, never required: `ALL` asks for
the other words only.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from repo_server.domain import vietnamese
from repo_server.domain.errors import InvalidValue
from repo_server.domain.questions.base import Origin, Question, Term
from repo_server.search.base import FACETS, MAX_DEPTH, Hit, SearchQuery

CANDIDATES: Final = 50
"""What one pass brings."""

MOST_CANDIDATES: Final = 250
"""What all passes together bring to the ranking."""

SHORT: Final = 10
"""Fewer matches than this for all words together, and materials with some of them follow."""

# Every way to read a question as one row costs a query of its own.
_MOST_ROWS: Final = 4

# Leaving out each of very many words in turn would cost more than it finds.
_MOST_LEFT_OUT: Final = 8


class Pass(StrEnum):
    """One list of candidates. `ALL` comes first: the others are parts of it."""

    ALL = "all"
    EVERY = "every"
    UNDERSTOOD = "understood"
    TITLE = "title"
    TITLE_EVERY = "title_every"
    TITLE_UNDERSTOOD = "title_understood"
    TITLE_PHRASE = "title_phrase"
    PHRASE = "phrase"
    EXACT = "exact"
    EXACT_TITLE = "exact_title"
    EXACT_TITLE_PHRASE = "exact_title_phrase"
    EXACT_PHRASE = "exact_phrase"


@dataclass(frozen=True, slots=True)
class Look:
    """How a pass looks: in titles only, with the marks as typed, side by side, where all that the
    question names are facts of the material, or where it is words of it."""

    title: bool = False
    exact: bool = False
    phrase: bool = False
    facts: bool = False
    named: bool = False


LOOKS: Final = {
    Pass.ALL: Look(),
    Pass.EVERY: Look(named=True),
    Pass.UNDERSTOOD: Look(facts=True),
    Pass.TITLE: Look(title=True),
    Pass.TITLE_EVERY: Look(title=True, named=True),
    Pass.TITLE_UNDERSTOOD: Look(title=True, facts=True),
    Pass.TITLE_PHRASE: Look(title=True, phrase=True),
    Pass.PHRASE: Look(phrase=True),
    Pass.EXACT: Look(exact=True),
    Pass.EXACT_TITLE: Look(title=True, exact=True),
    Pass.EXACT_TITLE_PHRASE: Look(title=True, exact=True, phrase=True),
    Pass.EXACT_PHRASE: Look(exact=True, phrase=True),
}


def passes_of(question: Question) -> tuple[Pass, ...]:
    """The passes that can tell candidates of this question apart, `ALL` first."""
    own = contents(question)
    marked = all(term.readings[0].marked for term in own)
    row, named = len(believed(own)) > 1, len(own) < len(question.terms)
    return tuple(
        kind
        for kind, look in LOOKS.items()
        if (marked or not look.exact)
        and (row or not look.phrase)
        and (named or not (look.facts or look.named))
    )


def contents(question: Question) -> tuple[Term, ...]:
    """The terms that are looked for as words; all of them where every one names a preference."""
    found = tuple(term for term in question.terms if term.preference < 0)
    return found or question.terms


def filters_only(question: Question) -> bool:
    """Whether the question is no search for words but for what it names: "KHTN 6", "Toán 9 CTST".

    The name of a kind alone or with a subject may be that of a lesson ("Sơ đồ tư duy", "Bài tập
    thể dục"): then its words are looked for.
    """
    named = {preference.facet for preference in question.preferences}
    return question.named_only and ("kind" not in named or "grade" in named)


def believed(terms: Sequence[Term]) -> list[str]:
    """The words of what is believed to be meant, in order, normalized, marks as written."""
    return [word for term in terms for word in term.readings[0].words]


def rows(terms: Sequence[Term]) -> list[list[str]]:
    """The words in the order typed: as believed, as typed, then with one other reading each."""
    found = [believed(terms), [word for term in terms for word in typed_words(term)]]
    for at, term in enumerate(terms):
        before, after = believed(terms[:at]), believed(terms[at + 1 :])
        found += [[*before, *reading.words, *after] for reading in term.readings[1:]]
    return [list(words) for words in dict.fromkeys(map(tuple, found))][:_MOST_ROWS]


def unfinished(question: Question) -> bool:
    """Whether the last word that is looked for is perhaps still being written."""
    own = contents(question)
    return bool(own) and own[-1].unfinished


def typed_words(term: Term) -> tuple[str, ...]:
    """The words of the term as they were typed."""
    readings = (one.words for one in term.readings if one.origin is Origin.TYPED)
    return next(readings, term.readings[0].words)


def fewer(question: Question, unknown: Sequence[Term]) -> Iterator[list[tuple[Term, ...]]]:
    """Step by step, what must suffice when all words together match too little.

    Each step is a list of conjunctions, the terms that must all be there. First without the words
    that no material holds (`unknown`), then without one of the words each, then two neighbors each,
    at last each word by itself.
    """
    words = tuple(term for term in contents(question) if term not in unknown)
    size = len(words)
    if words and size < len(contents(question)):
        yield [words]
    if 2 < size <= _MOST_LEFT_OUT:
        yield [words[:at] + words[at + 1 :] for at in range(size)]
    if size > 2:
        yield [words[at : at + 2] for at in range(size - 1)]
    if size > 1:
        yield [(word,) for word in words]


def left_out(question: Question, kept: Sequence[Term]) -> tuple[str, ...]:
    """What was typed of the terms that are not among `kept`."""
    lost = (term for term in contents(question) if term not in kept)
    return tuple(" ".join(typed_words(term)) for term in lost)


def spread(tokens: Iterable[str]) -> list[str]:
    """Words as an index holds them: "khtn6" is also found as "khtn", "6" and "khtn 6"."""
    found: list[str] = []
    for token in tokens:
        found.append(token)
        if parts := vietnamese.pieces(token):
            found.extend(parts)
    return found


def order_tail(head: Sequence[Hit], matches: Sequence[int], first: int, last: int) -> list[Hit]:
    """The hits at the places `first` to `last` that lie behind the `head`.

    `matches` are at least the first `last` matches in the engine's order; what is in the head is
    not shown again.
    """
    shown = {hit.id for hit in head}
    rest = [id for id in matches if id not in shown]
    start, end = max(first - len(head), 0), max(last - len(head), 0)
    return [Hit(id, -float(place)) for place, id in enumerate(rest[start:end], start + 1)]


def check_bounds(query: SearchQuery) -> None:
    """Refuse what no index answers: an unknown facet, a page that is none or lies too deep."""
    for name in (*query.filters, *query.facets):
        if name not in FACETS:
            raise InvalidValue("facet", f"không có bộ lọc tên “{name}”.")
    if query.page < 1:
        raise InvalidValue("page", "số trang phải từ 1 trở lên.")
    if query.size < 1:
        raise InvalidValue("size", "số kết quả mỗi trang phải từ 1 trở lên.")
    if query.page * query.size > MAX_DEPTH:
        limit = f"{MAX_DEPTH:,}".replace(",", ".")
        raise InvalidValue("page", f"chỉ xem được {limit} kết quả đầu; hãy thêm bộ lọc.")


def without_surrogates(text: str) -> str:
    """Text that can be encoded: engines refuse lone surrogates, people never mean them."""
    return text.encode("utf-8", "replace").decode("utf-8")
