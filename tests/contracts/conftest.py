"""The engines on which the contracts are run."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from repo_server.search.base import SearchIndex
from repo_server.search.embedded import EmbeddedIndex
from repo_server.search.meilisearch import MeilisearchIndex

MEILI_URL = os.environ.get("KHO_TEST_MEILI_URL", "")
MEILI_KEY = os.environ.get("KHO_TEST_MEILI_KEY", "")

Opener = Callable[[], SearchIndex]


@pytest.fixture(params=["embedded", "meilisearch"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same index again and again, as several processes do, once for each engine.

    Meilisearch is run when `KHO_TEST_MEILI_URL` names a server on this machine
    (`KHO_TEST_MEILI_KEY` its key); without one its half is reported as not run.
    """
    opened: list[SearchIndex] = []
    if request.param == "embedded":

        def opening() -> SearchIndex:
            opened.append(EmbeddedIndex(tmp_path / "index"))
            return opened[-1]
    else:
        if not MEILI_URL:
            pytest.skip("not run on Meilisearch: KHO_TEST_MEILI_URL names no server")
        uid = f"test-{uuid4().hex}"

        def opening() -> SearchIndex:
            opened.append(MeilisearchIndex(MEILI_URL, MEILI_KEY, uid))
            return opened[-1]

    yield opening
    for index in opened:
        if isinstance(index, MeilisearchIndex):
            index.drop()
        index.close()


@pytest.fixture
def index(opener: Opener) -> SearchIndex:
    return opener()
