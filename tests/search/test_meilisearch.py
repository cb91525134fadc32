"""How the client of Meilisearch behaves when its server does not: a small server plays the part."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from repo_server.domain.errors import SearchUnavailable
from repo_server.search import meilisearch_http
from repo_server.search.base import SearchQuery
from repo_server.search.meilisearch import MeilisearchIndex
from repo_server.search.meilisearch_documents import SETTINGS, to_meilisearch, vni
from repo_server.search.meilisearch_http import MeilisearchHttp
from repo_server.search.meilisearch_words import scope_filter
from tests.search.documents import asked, material


class Played(ThreadingHTTPServer):
    """Answers what the test says: for each beginning of a path a status, and a body or a function
    from what was asked to the body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Player)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.ports: set[int] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Player(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Played

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        self.server.ports.add(self.client_address[1])
        known = [start for start in self.server.answers if self.path.startswith(start)]
        status, answer = self.server.answers[max(known, key=len)] if known else (404, {})
        if callable(answer):
            answer = answer(json.loads(body))
        sent = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Played]:
    with Played() as played:
        thread = threading.Thread(target=played.serve_forever, args=(0.01,))
        thread.start()
        yield played
        played.shutdown()
        thread.join()


TASK = {
    "taskUid": 1,
    "indexUid": "x",
    "status": "enqueued",
    "type": "x",
    "enqueuedAt": "2026-01-01T00:00:00.0Z",
}


def ready(server: Played) -> MeilisearchIndex:
    """An index on the played server whose settings were taken."""
    server.answers |= {
        "/indexes": (200, {}),
        "/tasks/1": (200, {"status": "succeeded"}),
    }
    index = MeilisearchIndex(server.url, "the-key", "materials")
    server.answers[f"/indexes/materials-{index.schema_version}/settings"] = (202, TASK)
    server.answers[f"/indexes/materials-{index.schema_version}/documents"] = (202, TASK)
    return index


def test_a_write_returns_when_the_task_has_succeeded(server: Played) -> None:
    index = ready(server)
    index.put_many([material(1)])
    server.answers["/tasks/1"] = (200, {"status": "failed", "error": {"code": "disk_full"}})
    with pytest.raises(SearchUnavailable):
        index.put_many([material(1)])
    server.answers["/tasks/1"] = (200, {"status": "canceled"})
    with pytest.raises(SearchUnavailable):
        index.delete_many([1])
    index.close()


def test_an_index_that_a_server_has_lost_is_made_by_who_writes_not_by_who_asks(
    server: Played,
) -> None:
    index = ready(server)
    index.put_many([material(1)])
    whole = dict(server.answers)
    server.answers = {"/multi-search": (404, {"code": "index_not_found"}), "/indexes": (404, {})}
    for _ in range(3):
        with pytest.raises(SearchUnavailable):
            index.search(asked("phân số"))
    assert [
        path for method, path, _ in server.asked if (method, path) == ("POST", "/indexes")
    ] == []
    server.answers = whole
    index.put_many([material(1)])
    index.close()


def test_a_batch_of_whole_books_becomes_several_tasks(server: Played) -> None:
    index = ready(server)
    index.put_many([material(id, body="trang sách " * 100_000) for id in range(1, 6)])
    sent = [body for _, path, body in server.asked if path.endswith("/documents")]
    assert len(sent) > 1
    assert [one["id"] for body in sent for one in body] == [1, 2, 3, 4, 5]
    index.close()


def test_a_server_of_another_kind_is_no_engine(server: Played) -> None:
    server.answers["/"] = (200, {"hello": "world"})
    with pytest.raises(SearchUnavailable):
        MeilisearchIndex(server.url, "").put_many([material(1)])


def test_a_task_that_never_ends_is_given_up(
    server: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meilisearch_http, "_TASK_SECONDS", 0.2)
    server.answers["/tasks/1"] = (200, {"status": "processing"})
    http = MeilisearchHttp(server.url, "")
    with pytest.raises(SearchUnavailable):
        http.wait(1)
    http.close()


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (503, b"<html>"),
        (403, {"code": "invalid_api_key"}),
        (200, b"no json"),
        (200, {"results": []}),
        (200, {}),
        (200, []),
    ],
)
def test_every_bad_answer_is_the_engine_being_down(server: Played, answer: tuple[int, Any]) -> None:
    index = ready(server)
    server.answers["/multi-search"] = answer
    with pytest.raises(SearchUnavailable):
        index.search(asked("toán"))
    index.close()


def test_after_a_failure_the_settings_are_looked_at_again(server: Played) -> None:
    index = ready(server)
    server.answers["/multi-search"] = (200, {"results": [{"hits": [], "totalHits": 0}]})
    for _ in range(3):
        index.search(SearchQuery())
    assert [method for method, _, _ in server.asked].count("PATCH") == 1
    server.answers["/multi-search"] = (404, {"code": "index_not_found"})
    with pytest.raises(SearchUnavailable):
        index.search(SearchQuery())
    server.answers["/multi-search"] = (200, {"results": [{"hits": [], "totalHits": 0}]})
    index.search(SearchQuery())
    assert [method for method, _, _ in server.asked].count("PATCH") == 2
    index.close()


def test_one_question_is_one_request_on_a_kept_connection(server: Played) -> None:
    index = ready(server)
    empty = {"hits": [], "totalHits": 99, "facetDistribution": {}}
    server.answers["/multi-search"] = (
        200,
        lambda body: {"results": [empty] * len(body["queries"])},
    )
    index.search(asked("toán lớp"))
    server.asked.clear()
    server.ports.clear()
    for _ in range(3):
        index.search(asked("phương trình", filters={"grade": ("6",)}, facets=("grade", "kind")))
    assert [path for _, path, _ in server.asked] == ["/multi-search"] * 3
    assert len(server.ports) == 1
    index.close()


def test_a_server_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meilisearch_http, "_READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = MeilisearchIndex(f"http://127.0.0.1:{silent.getsockname()[1]}", "")
        started = time.monotonic()
        with pytest.raises(SearchUnavailable):
            index.search(asked("toán"))
        assert time.monotonic() - started < 2
        index.close()


@pytest.mark.parametrize(
    ("word", "coded"),
    [("phương", "phu7o7ng"), ("trình", "tri2nh"), ("đặng", "d9a58ng"), ("ma", "ma"), ("6", "6")],
)
def test_marks_become_digits(word: str, coded: str) -> None:
    assert vni(word) == coded


def test_different_words_never_become_one_in_vni() -> None:
    words = {"ma", "má", "mà", "mả", "mã", "mạ", "mâ", "mấ", "mă", "mắ", "mơ", "mớ", "đa", "da"}
    assert len({vni(word) for word in words}) == len(words)


def test_every_filled_attribute_is_known_to_the_settings() -> None:
    filled = set(to_meilisearch(material(1, "Bài")))
    named = {
        name
        for key in ("searchableAttributes", "displayedAttributes", "filterableAttributes")
        for name in SETTINGS[key]
    }
    assert filled == named | set(SETTINGS["sortableAttributes"])


def test_values_cannot_break_out_of_a_filter() -> None:
    assert scope_filter(['a" OR id > 0', "b\\"], {"grade": ()}) == [
        'scope IN ["a\\" OR id > 0", "b\\\\"]'
    ]
