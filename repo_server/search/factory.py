"""From the setting to the engines."""

from importlib import import_module
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

_EMBEDDED: Final = ("", "embedded")


def open_indexes(
    url: str, *, folder: Path, api_key: str = "", name: str = MATERIALS
) -> tuple[SearchIndex, ...]:
    """The engines of `url`: empty or "embedded" is the one in `folder`, else servers by commas.

    `name` is that of the index on each server. The first one answers searches, all of them are
    fed. Engines that are down are no error here. An engine's own name is stable as long as its
    address and `name` are. Raises `InvalidValue` for an address that is none.
    """
    if url.strip() in _EMBEDDED:
        return (EmbeddedIndex(folder),)
    return tuple(_open_server(one.strip(), api_key, name) for one in url.split(","))


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
