"""From the setting to the engines."""

from collections.abc import Iterator
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from repo_server.domain.errors import InvalidValue
from repo_server.search.base import SearchIndex
from repo_server.search.embedded import EmbeddedIndex

MATERIALS: Final = "materials"
"""The index on a server that is one library's alone."""

TARGET_LIMIT: Final = 80
"""Characters of an engine's name that the database remembers."""

_EMBEDDED: Final = "embedded"


def open_indexes(
    url: str, *, folder: Path, api_key: str = "", name: str = MATERIALS
) -> tuple[SearchIndex, ...]:
    """The engines of `url`, by commas: "embedded" is the one in `folder`, the others are servers.

    Empty is "embedded". `api_key` is that of all servers, or one for each by commas. `name` is that
    of the index on each server. All engines are fed, any may answer; one that is down is no error
    here. An engine's own name is stable as long as its address and `name` are. Raises
    `InvalidValue` for an address that is none, an engine named twice or a wrong number of keys.
    """
    named = [one.strip() for one in (url.strip() or _EMBEDDED).split(",")]
    keys = _keys(api_key, sum(one != _EMBEDDED for one in named))
    indexes = tuple(
        EmbeddedIndex(folder) if one == _EMBEDDED else _open_server(one, next(keys), name)
        for one in named
    )
    if len({index.name for index in indexes}) < len(indexes):
        raise InvalidValue("KHO_SEARCH_URL", "Có máy tìm kiếm được ghi hai lần.")
    return indexes


def _keys(api_key: str, servers: int) -> Iterator[str]:
    """A key for each server."""
    keys = [key.strip() for key in api_key.split(",")]
    if len(keys) == 1:
        return repeat(keys[0])
    if len(keys) != servers:
        raise InvalidValue("KHO_SEARCH_KEY", f"Có {len(keys)} khoá cho {servers} máy chủ.")
    return iter(keys)


def _open_server(url: str, api_key: str, name: str) -> SearchIndex:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        place = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        valid, place = False, ""
    if not valid:
        raise InvalidValue("KHO_SEARCH_URL", f"“{url}” không phải địa chỉ http của Meilisearch.")
    # Loaded when it is wanted: its client brings half as much as all the rest of the library.
    meilisearch = import_module("repo_server.search.meilisearch")
    # What another index of the same server holds says nothing about this one: a name of its own.
    target = f"meilisearch:{place}" if name == MATERIALS else f"meilisearch:{place}#{name}"
    if len(target) > TARGET_LIMIT:
        raise InvalidValue("KHO_SEARCH_URL", f"“{target}” dài quá {TARGET_LIMIT} kí tự.")
    index: SearchIndex = meilisearch.MeilisearchIndex(url, api_key, name, name=target)
    return index
