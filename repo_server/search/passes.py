"""What is looked for, before any engine is asked: the words of a question and the passes over it.

A question becomes a few cheap passes, each a plain list of candidates from the engine, and the
same merge for both engines puts them in order. The rules of the order:

- a question typed with marks means those marks: exact in the title, then exact anywhere, then
  the same letters with other marks;
- a hit in the title comes before a hit in the text, the words side by side before the words apart;
- within one such class the engine's own score decides, then the newest id.

Only the first `CANDIDATES` of each pass are put in order; the other matches follow in the order of
the engine, so that every match can be paged to, once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from repo_server.domain import vietnamese
from repo_server.domain.errors import InvalidValue
from repo_server.search.base import FACETS, MAX_DEPTH, Hit, SearchQuery

CANDIDATES: Final = 50

# Fewer matches than this for all words together, and materials with some of the words follow.
SHORT: Final = 10

# A person's question is shorter; a pasted page is cut here, so that no question is expensive.
MOST_WORDS: Final = 24


class Pass(StrEnum):
    """One list of candidates: all words, at a place, apart or side by side, exact or folded."""

    ALL = "all"
    PHRASE = "phrase"
    TITLE = "title"
    TITLE_PHRASE = "title_phrase"
    EXACT = "exact"
    EXACT_PHRASE = "exact_phrase"
    EXACT_TITLE = "exact_title"
    EXACT_TITLE_PHRASE = "exact_title_phrase"


# Folded hits of every kind together (5) stay below one exact hit (8).
WEIGHTS: Final[Mapping[Pass, float]] = {
    Pass.ALL: 0,
    Pass.PHRASE: 1,
    Pass.TITLE: 2,
    Pass.TITLE_PHRASE: 2,
    Pass.EXACT: 8,
    Pass.EXACT_PHRASE: 2,
    Pass.EXACT_TITLE: 4,
    Pass.EXACT_TITLE_PHRASE: 4,
}

# How much the engine's scores, as a share of the best, order candidates of one class.
_FINE: Final[Mapping[Pass, float]] = {Pass.ALL: 0.5, Pass.TITLE: 0.4}

# A candidate of the narrow pass is one of the wide pass too, even where the wide list was cut.
_IMPLIED: Final[Mapping[Pass, tuple[Pass, ...]]] = {
    Pass.ALL: (),
    Pass.PHRASE: (),
    Pass.TITLE: (),
    Pass.TITLE_PHRASE: (Pass.TITLE, Pass.PHRASE),
    Pass.EXACT: (),
    Pass.EXACT_PHRASE: (Pass.EXACT, Pass.PHRASE),
    Pass.EXACT_TITLE: (Pass.EXACT, Pass.TITLE),
    Pass.EXACT_TITLE_PHRASE: (
        Pass.EXACT_TITLE,
        Pass.EXACT_PHRASE,
        Pass.EXACT,
        Pass.TITLE_PHRASE,
        Pass.TITLE,
        Pass.PHRASE,
    ),
}

PHRASES: Final = (
    Pass.PHRASE,
    Pass.TITLE_PHRASE,
    Pass.EXACT_PHRASE,
    Pass.EXACT_TITLE_PHRASE,
)
EXACTS: Final = (
    Pass.EXACT,
    Pass.EXACT_PHRASE,
    Pass.EXACT_TITLE,
    Pass.EXACT_TITLE_PHRASE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a question.

    `typed` is normalized only, for a word that may be unfinished; `parts` are those of a word and
    a number written together ("khtn6" also asks for "khtn 6"), else empty.
    """

    typed: str
    folded: str
    exact: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question understood: its words as typed, whether its marks are meant, whether the last
    word may be unfinished."""

    words: tuple[Word, ...]
    marked: bool
    unfinished: bool

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The passes that can tell candidates of this question apart, `ALL` first."""
        return tuple(
            kind
            for kind in Pass
            if (self.marked or kind not in EXACTS)
            and (kind not in PHRASES or len(self.words) > 1 or self.words[0].parts)
        )

    @property
    def fewer(self) -> tuple[int, ...]:
        """How many of the words must suffice when all are too many: half of them, then one."""
        half = (len(self.words) + 1) // 2
        if len(self.words) == 1:
            return ()
        return (half, 1) if half > 1 else (1,)


def plan(text: str, *, unfinished: bool) -> Plan | None:
    """The first `MOST_WORDS` words of `text`; None when it holds none, which means browsing."""
    words = tuple(_word(token) for token in vietnamese.tokens(text)[:MOST_WORDS])
    if not words:
        return None
    marked = any(word.typed != vietnamese.unmarked(word.typed) for word in words)
    return Plan(words, marked=marked, unfinished=unfinished)


def spread(tokens: Iterable[str]) -> list[str]:
    """Words as an index holds them: "khtn6" is also found as "khtn", "6" and "khtn 6"."""
    found: list[str] = []
    for token in tokens:
        found.append(token)
        if parts := vietnamese.pieces(token):
            found.extend(parts)
    return found


def merge(candidates: Mapping[Pass, Sequence[Hit]]) -> tuple[Hit, ...]:
    """The candidates of all passes in one order, best first, each id once."""
    found: dict[int, set[Pass]] = {}
    fine: dict[int, float] = {}
    for kind, hits in candidates.items():
        best = max((hit.score for hit in hits), default=0.0) or 1.0
        for hit in hits:
            found.setdefault(hit.id, set()).update((kind, *_IMPLIED[kind]))
            if kind in _FINE:
                share = _FINE[kind] * hit.score / best
                fine[hit.id] = fine.get(hit.id, 0.0) + share
    ranked = [
        Hit(id, sum(WEIGHTS[kind] for kind in kinds) + fine.get(id, 0.0))
        for id, kinds in found.items()
    ]
    return tuple(sorted(ranked, key=lambda hit: (-hit.score, -hit.id)))


def order_tail(head: Sequence[Hit], matches: Sequence[Hit], first: int, last: int) -> list[Hit]:
    """The hits at the places `first` to `last` that lie behind the `head`.

    `matches` are at least the first `last` matches in the engine's order; what is in the head is
    not shown again.
    """
    shown = {hit.id for hit in head}
    best = max((hit.score for hit in matches), default=0.0) or 1.0
    rest = [hit for hit in matches if hit.id not in shown]
    start, end = max(first - len(head), 0), max(last - len(head), 0)
    return [Hit(hit.id, _FINE[Pass.ALL] * hit.score / best) for hit in rest[start:end]]


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


def _word(token: str) -> Word:
    parts = tuple(vietnamese.fold_token(part) for part in vietnamese.pieces(token))
    return Word(token, vietnamese.fold_token(token), vietnamese.exact_token(token), parts)
