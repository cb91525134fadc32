"""One line in the log for each request, without anything of a person."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from repo_server.routes import observing
from repo_server.routes.observing import GONE, RECEIVING, Observer, Requests
from tests.routes.houses import House


def through(app: Any, **scope: object) -> list[dict[str, Any]]:
    """The log of one request to `app`, observed."""

    async def send(_: object) -> None:
        return None

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    asked = {"type": "http", "method": "GET", "state": {}, **scope}
    with capture_logs() as lines:
        asyncio.run(Observer(app, Requests())(asked, receive, send))  # type: ignore[arg-type]
    return lines  # type: ignore[return-value]


async def answering(_: object, __: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def gone(_: object, __: object, ___: object) -> None:
    return None


def test_a_request_leaves_one_line_without_anything_of_a_person(house: House) -> None:
    visitor = house.visitor()
    with capture_logs() as lines:
        answer = visitor.get("/api/search?q=bi-mat")
    (line,) = [line for line in lines if line["event"] == "request"]
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/api/search",
        "status": 200,
        "request_id": answer.header("x-request-id"),
    }


def test_a_slow_request_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "SLOW", 0.0)
    (slow,) = through(answering, path_template="/tim")
    (upload,) = through(answering, path_template=RECEIVING)
    assert (slow["log_level"], upload["log_level"]) == ("warning", "info")


def test_a_client_that_goes_away_before_the_answer_is_told_apart() -> None:
    (line,) = through(gone, path_template="/tim")
    assert line["status"] == GONE


def test_what_is_no_request_passes_unseen() -> None:
    assert through(gone, type="lifespan") == []


def test_the_route_that_takes_bytes_is_called_what_the_observer_knows_it_by(house: House) -> None:
    assert RECEIVING in {route.path_format for route in house.app.routes}
