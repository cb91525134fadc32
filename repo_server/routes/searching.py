"""From a query string to a typed, bounded search, and back to addresses; pages and API alike."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlencode

from repo_server.domain.errors import InvalidValue
from repo_server.search.base import FACETS, MAX_DEPTH, Sort
from repo_server.services.asking import Asked

TEXT_LIMIT: Final = 400
VALUE_LIMIT: Final = 120
VALUES_LIMIT: Final = 40
PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
FIELDS_LIMIT: Final = 500
FEED: Final = "/tim.atom"
UNREADABLE: Final = "Không đọc được tìm kiếm này."

LITERAL: Final = "nguyen"
"""The parameter that has words mean what was typed, uncorrected."""

IGNORED: Final = "bo"
"""The parameter for facets that the text names and that are not to be understood so."""

EXPLAIN: Final = "explain"
ON: Final = "1"


def search_query(parameters: Mapping[str, Sequence[str]], *, size: int = PAGE_SIZE) -> Asked:
    """The search that `parameters` (name → values) ask for; raises InvalidValue beyond a bound."""
    size = _number(parameters, "size", size, MAX_PAGE_SIZE)
    page = _number(parameters, "page", 1, MAX_DEPTH)
    if page * size > MAX_DEPTH:
        raise InvalidValue("page", f"Chỉ xem được {MAX_DEPTH} kết quả đầu.")
    filters = {name: values for name in FACETS if (values := _values(parameters, name))}
    return Asked(
        text=_text(parameters),
        filters=filters,
        sort=_sort(parameters),
        page=page,
        size=size,
        facets=FACETS_SHOWN,
        literal=_single(parameters, LITERAL) == ON,
        ignored=frozenset(_values(parameters, IGNORED)),
        explain=_single(parameters, EXPLAIN) in (ON, "true"),
    )


FACETS_SHOWN: Final = ("grade", "subject", "kind", "book", "format", "license", "language")


def with_curriculum_facets(query: Asked) -> tuple[str, ...]:
    """Facets to count: strands and topics only once a subject narrows them down."""
    if "subject" in query.filters:
        return (*FACETS_SHOWN, "strand", "topic")
    return FACETS_SHOWN


def _text(parameters: Mapping[str, Sequence[str]]) -> str:
    text = _single(parameters, "q").strip()
    if len(text) > TEXT_LIMIT:
        raise InvalidValue("q", f"Câu tìm kiếm dài quá {TEXT_LIMIT} kí tự.")
    return text


def _sort(parameters: Mapping[str, Sequence[str]]) -> Sort:
    asked = _single(parameters, "sort")
    if not asked:
        return Sort.RELEVANCE
    if asked not in set(Sort):
        raise InvalidValue("sort", "Không có cách sắp xếp này.")
    return Sort(asked)


def _values(parameters: Mapping[str, Sequence[str]], name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(filter(None, parameters.get(name, ()))))
    if len(values) > VALUES_LIMIT or any(len(value) > VALUE_LIMIT for value in values):
        raise InvalidValue(name, "Bộ lọc có quá nhiều giá trị hoặc giá trị quá dài.")
    return values


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    return values[-1] if values else ""


def _number(parameters: Mapping[str, Sequence[str]], name: str, default: int, most: int) -> int:
    text = _single(parameters, name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= most:
        raise InvalidValue(name, f"Phải là số nguyên từ 1 đến {most}.")
    return int(text)


def search_address(query: Asked, *, path: str = "/tim", **changes: object) -> str:
    """The address of this search with `changes` (text, filters, sort, page, literal, ignored).

    Page 1 is left out, and what is understood otherwise with another text, too.
    """
    text = str(changes.get("text", query.text))
    filters = changes.get("filters", query.filters)
    sort = str(changes.get("sort", query.sort))
    page = changes.get("page", 1)
    pairs: list[tuple[str, str]] = [("q", text)] if text else []
    if isinstance(filters, Mapping):
        pairs += [(name, value) for name, values in filters.items() for value in values]
    pairs += _meant(query, changes) if text == query.text else []
    pairs += [("sort", sort)] if sort != Sort.RELEVANCE else []
    pairs += [("page", str(page))] if page != 1 else []
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _meant(query: Asked, changes: Mapping[str, object]) -> list[tuple[str, str]]:
    """How the text is to be understood, as parameters."""
    ignored = changes.get("ignored", query.ignored)
    facets = sorted(ignored) if isinstance(ignored, frozenset) else []
    pairs = [(IGNORED, str(facet)) for facet in facets]
    return [*pairs, (LITERAL, ON)] if changes.get("literal", query.literal) else pairs


def toggled(
    filters: Mapping[str, tuple[str, ...]], facet: str, value: str
) -> dict[str, tuple[str, ...]]:
    """The filters with `value` of `facet` switched over."""
    present = filters.get(facet, ())
    values = tuple(v for v in present if v != value) if value in present else (*present, value)
    changed = {name: kept for name, kept in filters.items() if name != facet}
    return changed | {facet: values} if values else changed


def query_string_of(query: Asked) -> str:
    """The query string that stands for this search, its first page."""
    return search_address(query).partition("?")[2]


def query_from(query_string: str) -> Asked:
    """The search of a query string; InvalidValue for one that the search page would refuse."""
    try:
        fields = parse_qs(query_string, errors="strict", max_num_fields=FIELDS_LIMIT)
    except ValueError:
        raise InvalidValue("query", UNREADABLE) from None
    if any("\0" in value for values in fields.values() for value in values):
        raise InvalidValue("query", UNREADABLE)
    return search_query(fields)


def feed_address(query: Asked) -> str:
    """The feed of a search."""
    return search_address(query, path=FEED, sort="relevance")
