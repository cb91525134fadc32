"""The links under a list that is longer than a page."""

from collections.abc import Callable

from msgspec import Struct


class PageLink(Struct, frozen=True):
    """A numbered link; `url` is None for the gap between numbers."""

    label: str
    url: str | None
    current: bool


class Pager(Struct, frozen=True):
    """Where a list stands: `total` entries, page `page` of `last`."""

    total: int
    page: int
    last: int
    previous_url: str | None
    next_url: str | None
    links: tuple[PageLink, ...]


def pager(total: int, page: int, size: int, url: Callable[[int], str]) -> Pager:
    """Links to the first, the last and the neighbouring pages."""
    last = max(1, -(-total // size))
    shown = sorted({1, last, *range(max(1, page - 1), min(last, page + 1) + 1)})
    links: list[PageLink] = []
    for position, number in enumerate(shown):
        if position and number > shown[position - 1] + 1:
            links.append(PageLink("…", None, current=False))
        links.append(PageLink(str(number), url(number), current=number == page))
    return Pager(
        total,
        page,
        last,
        url(page - 1) if page > 1 else None,
        url(page + 1) if page < last else None,
        tuple(links),
    )
