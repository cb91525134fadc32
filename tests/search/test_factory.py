"""From the setting to the engines."""

from pathlib import Path

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.search.embedded import EmbeddedIndex
from repo_server.search.factory import open_indexes
from repo_server.search.meilisearch import MeilisearchIndex


@pytest.mark.parametrize("url", ["", "embedded", " "])
def test_nothing_said_is_the_embedded_engine(url: str, tmp_path: Path) -> None:
    (index,) = open_indexes(url, folder=tmp_path / "index", api_key="")
    assert isinstance(index, EmbeddedIndex)
    assert index.name == "embedded"
    assert index.count() == 0
    index.close()


def test_addresses_are_servers_with_stable_names_of_their_own(tmp_path: Path) -> None:
    indexes = open_indexes(
        "http://127.0.0.1:9, https://search.example/", folder=tmp_path, api_key="key"
    )
    assert all(isinstance(index, MeilisearchIndex) for index in indexes)
    assert [index.name for index in indexes] == [
        "meilisearch:127.0.0.1:9",
        "meilisearch:search.example",
    ]
    for index in indexes:
        index.close()


def test_the_embedded_engine_may_stand_beside_servers(tmp_path: Path) -> None:
    indexes = open_indexes("embedded,http://a:1,http://b:2", folder=tmp_path, api_key="x, y")
    assert [index.name for index in indexes] == [
        "embedded",
        "meilisearch:a:1",
        "meilisearch:b:2",
    ]
    for index in indexes:
        index.close()


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://a:1,http://a:1/", ""),
        ("embedded,embedded", ""),
        ("http://a:1,http://b:2", "x,y,z"),
        ("embedded,http://a:1", "x,y"),
    ],
)
def test_engines_named_twice_and_a_wrong_number_of_keys_are_refused(
    url: str, key: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidValue):
        open_indexes(url, folder=tmp_path, api_key=key)


def test_another_index_of_a_server_is_fed_anew(tmp_path: Path) -> None:
    (index,) = open_indexes("http://127.0.0.1:9", folder=tmp_path, name="kho-thu")
    assert index.name == "meilisearch:127.0.0.1:9#kho-thu"
    index.close()


@pytest.mark.parametrize(
    "url",
    [
        f"http://{'a' * 70}",
        "ftp://a",
        "localhost:7700",
        "http://",
        "http://a,,http://b",
        "http://a:port",
        "http://[",
    ],
)
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        open_indexes(url, folder=tmp_path, api_key="")
