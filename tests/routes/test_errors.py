"""Each error has one answer, for programs and for people."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from structlog.testing import capture_logs

from repo_server.database.engine import Database
from tests.routes.edge import AnyRequest, ask, small_app

PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def app(sqlite_database: Database) -> Litestar:
    app = small_app(sqlite_database)

    def render(
        request: AnyRequest, status: int, title: str, message: str, retry_after: int | None
    ) -> str:
        return f"{request.url.path}|{status}|{title}|{message}|{retry_after}"

    app.state.render_error = render
    return app


@pytest.fixture
def logged() -> Iterator[list[dict[str, object]]]:
    with capture_logs() as entries:
        yield entries  # type: ignore[misc]


def test_an_error_that_nobody_foresaw_is_logged_and_not_told(
    app: Litestar, logged: list[dict[str, object]]
) -> None:
    answer = ask(app, "/api/broken")

    assert answer.status == 500
    assert answer.json["error"] == {
        "code": "internal",
        "message": "Hệ thống gặp lỗi. Chúng tôi đã ghi lại.",
        "details": {},
    }
    assert b"secret" not in answer.body
    (entry,) = [entry for entry in logged if entry["log_level"] == "error"]
    assert isinstance(entry["exc_info"], RuntimeError)
    assert entry["request_id"] == answer.header("x-request-id")


@pytest.mark.parametrize(
    ("target", "method", "status", "code"),
    [
        ("/nowhere", "GET", 404, "not_found"),
        ("/search", "PUT", 405, "method_not_allowed"),
        ("/queue", "GET", 401, "not_authenticated"),
        ("/down", "GET", 503, "database_unavailable"),
        ("/refused-early", "POST", 429, "too_many_requests"),
        ("/undeclared", "GET", 500, "internal"),
    ],
)
def test_an_error_has_the_status_and_the_code_of_the_catalogue(
    app: Litestar, target: str, method: str, status: int, code: str
) -> None:
    answer = ask(app, target, method)

    assert (answer.status, answer.code) == (status, code)
    assert answer.header("content-type").startswith("application/json")
    assert answer.header("cache-control") == "no-store"


def test_a_refused_method_is_told_which_ones_there_are(app: Litestar) -> None:
    assert set(ask(app, "/search", "PUT").header("allow").split(", ")) == {"GET", "OPTIONS"}


def test_who_must_wait_is_told_how_long(app: Litestar) -> None:
    assert ask(app, "/refused-early", "POST").header("retry-after") == "77"
    assert ask(app, "/down").header("retry-after") == "5"
    assert ask(app, "/nowhere").header("retry-after") == ""


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"title": "a" * 101}, "title", "dài tối đa 100 kí tự."),
        ({"title": "a", "x": 1}, "body", "không có mục “x”."),
        ({}, "body", "thiếu “title”."),
        ({"title": 5}, "title", "không đúng kiểu dữ liệu."),
    ],
)
def test_a_value_that_does_not_fit_is_explained_in_vietnamese(
    app: Litestar, body: dict[str, object], field: str, reason: str
) -> None:
    answer = ask(app, "/note", "POST", body=body, headers=JSON)

    assert answer.status == 400
    assert answer.json["error"]["details"] == {"field": field, "reason": reason}
    assert answer.json["error"]["message"] == f"Giá trị của “{field}” không hợp lệ: {reason}"


@pytest.mark.parametrize(
    ("target", "accepted", "language"),
    [
        ("/api/x", "", "vi"),
        ("/api/x", "vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        ("/api/x", "en-US,en;q=0.9", "en"),
        ("/api/x", "fr,en;q=0.5,vi;q=0.7", "vi"),
        ("/api/x", "fr", "vi"),
        ("/api/x", "en;q=nonsense,,;;=", "en"),
        ("/api/x?lang=en", "vi", "en"),
        ("/api/x?lang=vi", "en", "vi"),
        ("/api/x?lang=xx", "en", "en"),
    ],
)
def test_an_error_speaks_the_language_that_was_asked_for(
    app: Litestar, target: str, accepted: str, language: str
) -> None:
    message = ask(app, target, headers={"accept-language": accepted}).json["error"]["message"]

    assert message == {"vi": "Không tìm thấy.", "en": "Not found."}[language]


def test_a_person_gets_a_page(app: Litestar) -> None:
    answer = ask(app, "/nowhere", headers=PAGE)

    assert answer.status == 404
    assert answer.header("content-type") == "text/html; charset=utf-8"
    assert answer.body.decode() == "/nowhere|404|Không tìm thấy trang này|Không tìm thấy.|None"
    assert ask(app, "/down?lang=en", headers=PAGE).body.decode() == (
        "/down|503|Temporarily unavailable|"
        "The database is unavailable. Try again in a few minutes.|5"
    )
    assert ask(app, "/text/%00", headers=PAGE).status == 400


@pytest.mark.parametrize(
    ("target", "accept"),
    [
        ("/api/nowhere", PAGE["accept"]),
        ("/api", PAGE["accept"]),
        ("/nowhere", "application/json"),
        ("/nowhere", "application/json, text/html"),
        ("/nowhere", "*/*"),
        ("/nowhere", ""),
    ],
)
def test_a_program_gets_json(app: Litestar, target: str, accept: str) -> None:
    assert ask(app, target, headers={"accept": accept}).code == "not_found"


def test_a_page_that_cannot_be_drawn_does_not_hide_the_error(
    app: Litestar, logged: list[dict[str, object]]
) -> None:
    def render(*_: object) -> str:
        raise RuntimeError("no template")

    app.state.render_error = render

    assert ask(app, "/nowhere", headers=PAGE).code == "not_found"
    assert [entry["event"] for entry in logged] == ["the error page failed"]


def test_an_engine_that_is_down_is_logged_with_its_cause(
    app: Litestar, logged: list[dict[str, object]]
) -> None:
    ask(app, "/down")

    assert [(entry["log_level"], entry["code"]) for entry in logged] == [
        ("warning", "database_unavailable")
    ]
