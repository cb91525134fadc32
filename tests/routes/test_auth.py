"""Who asks: cookies, bearer tokens, declared actions, the client's address."""

from datetime import timedelta

import pytest
from litestar import Litestar
from litestar.connection import ASGIConnection
from sqlalchemy import select

from repo_server.database.engine import Database
from repo_server.database.models import AttemptCount, SignIn, utc_now
from repo_server.domain.errors import DatabaseUnavailable
from repo_server.routes.auth import client_address, ended_cookie, session_cookie
from repo_server.routes.boundary import HttpSettings
from repo_server.services import access_tokens, accounts, attempts, viewers
from repo_server.services.library import Library
from tests.routes.edge import ask, small_app
from tests.services.signing import EMAIL, PASSWORD, add, enter, hash_cheaply, library_of, viewer_of


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    hash_cheaply(monkeypatch)


@pytest.fixture
def library(sqlite_database: Database) -> Library:
    library = library_of(sqlite_database)
    add(library)
    return library


@pytest.fixture
def app(library: Library) -> Litestar:
    return small_app(library.database)


def who(app: Litestar, **headers: str) -> str:
    answer = ask(app, "/who", headers=headers)
    assert answer.status == 200, answer.body
    return str(answer.json["who"])


def test_a_session_is_recognized_by_its_cookie(app: Litestar, library: Library) -> None:
    assert who(app, cookie=f"a=b; kho={enter(library).token}") == EMAIL
    assert who(app) == ""


@pytest.mark.parametrize("cookie", ["kho=", "kho=x", "kho=" + "x" * 43, "kho", "=;;;", "kho=%00"])
def test_a_cookie_that_is_no_session_is_nobodys(app: Litestar, cookie: str) -> None:
    assert who(app, cookie=cookie) == ""
    assert ask(app, "/api/me", headers={"cookie": cookie}).code == "not_authenticated"


def test_a_session_that_has_ended_is_nobodys_at_once(app: Litestar, library: Library) -> None:
    token = enter(library).token
    accounts.disable_account(library, EMAIL)

    assert who(app, cookie=f"kho={token}") == ""


def test_under_https_only_the_cookie_that_is_bound_to_this_host_counts(library: Library) -> None:
    app = small_app(library.database, HttpSettings(secure=True))
    token = enter(library).token

    assert who(app, cookie=f"__Host-kho={token}") == EMAIL
    assert who(app, cookie=f"kho={token}") == ""


def test_a_program_is_recognized_by_its_bearer_token(app: Litestar, library: Library) -> None:
    bearer, _ = access_tokens.create_token(library, viewer_of(library), "kịch bản", 1)

    assert who(app, authorization=f"Bearer {bearer}") == EMAIL
    assert who(app, authorization=f"bearer  {bearer} ") == EMAIL


@pytest.mark.parametrize("bearer", ["", "x", "kho_", "kho_" + "x" * 43, "\xff\xfe", "kho_\x00"])
def test_a_bearer_token_that_is_not_valid_is_refused_even_beside_a_cookie(
    app: Litestar, library: Library, bearer: str
) -> None:
    headers = {"authorization": f"Bearer {bearer}", "cookie": f"kho={enter(library).token}"}

    answer = ask(app, "/who", headers=headers)

    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.header("www-authenticate") == "Bearer"


def test_another_scheme_of_authorization_proves_nothing(app: Litestar, library: Library) -> None:
    assert who(app, authorization="Basic bGFuOmxhbg==") == ""
    assert who(app, authorization="Basic x", cookie=f"kho={enter(library).token}") == EMAIL


def test_a_route_is_open_to_those_whose_roles_may_do_its_action(
    app: Litestar, library: Library
) -> None:
    add(library, "bien-tap@truong.vn", "editor")
    teacher, editor = enter(library), enter(library, "bien-tap@truong.vn")

    assert ask(app, "/queue").status == 401
    assert ask(app, "/queue", headers={"cookie": f"kho={teacher.token}"}).status == 403
    assert ask(app, "/queue", headers={"cookie": f"kho={editor.token}"}).status == 200


def test_an_action_on_one_material_is_left_to_the_service(app: Litestar) -> None:
    assert ask(app, "/edit").status == 200


def test_a_route_that_declares_no_action_is_not_served(app: Litestar, library: Library) -> None:
    assert ask(app, "/undeclared").status == 500
    assert ask(app, "/undeclared", headers={"cookie": f"kho={enter(library).token}"}).status == 500


def test_nobody_is_looked_up_for_a_route_that_does_not_ask_who_it_is(
    app: Litestar, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(viewers, "viewer_of_session", down)
    cookie = {"cookie": "kho=" + "x" * 43}

    assert ask(app, "/search", headers=cookie).status == 200
    assert ask(app, "/user-content", headers=cookie).status == 200
    assert ask(app, "/who", headers=cookie).status == 503


def test_who_asks_is_looked_up_once_a_request(
    app: Litestar, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    look_up = viewers.viewer_of_session

    def counting(library: Library, token: str) -> object:
        looked_up.append(token)
        return look_up(library, token)

    monkeypatch.setattr(viewers, "viewer_of_session", counting)
    token = enter(library).token
    looked_up.clear()

    assert ask(app, "/api/me", headers={"cookie": f"kho={token}"}).status == 200
    assert looked_up == [token]


def test_the_sessions_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    secure = session_cookie(HttpSettings(secure=True), "token").to_header(header="")
    plain = session_cookie(HttpSettings(), "token").to_header(header="")

    assert secure == ("__Host-kho=token; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax; Secure")
    assert plain == "kho=token; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"
    assert "Max-Age=0" in ended_cookie(HttpSettings(secure=True)).to_header(header="")


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.9", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "1.1.1.1, 198.51.100.1, 10.0.0.8", "198.51.100.1"),
        ("10.0.0.9", "1.1.1.1, nonsense", "10.0.0.9"),
        ("10.0.0.9", "10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("10.0.0.9", "", "10.0.0.9"),
        ("10.0.0.9", "2001:db8::1", "2001:db8::1"),
        ("::1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
        ("unix", "198.51.100.1", "unix"),
        ("10.0.0.9", "1.1.1.1," * 1000 + "198.51.100.1", "198.51.100.1"),
    ],
)
def test_a_forwarded_address_is_believed_from_our_own_proxies_only(
    app: Litestar, client: str, forwarded: str, address: str
) -> None:
    app.state.http = HttpSettings(trusted_proxies=("10.0.0.0/8", "::1"))
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "litestar_app": app, "client": (client, 1), "headers": headers}

    assert client_address(ASGIConnection(scope)) == address  # type: ignore[arg-type]


def test_tries_are_counted_for_the_address_behind_the_proxy(library: Library) -> None:
    app = small_app(library.database, HttpSettings(trusted_proxies=("203.0.113.0/24",)))
    wrong = {"email": EMAIL, "password": "không phải nó"}

    ask(app, "/api/login", "POST", {"x-forwarded-for": "198.51.100.1"}, wrong)

    with library.database.read() as session:
        keys = set(session.scalars(select(AttemptCount.key)))
    assert attempts.limit_by("address", "198.51.100.1", 1).key in keys


def test_a_session_id_that_the_client_chose_is_never_taken(library: Library) -> None:
    app = small_app(library.database)
    chosen = "c" * 43
    cookie = {"cookie": f"kho={chosen}", "sec-fetch-site": "same-origin"}

    answer = ask(app, "/api/login", "POST", cookie, {"email": EMAIL, "password": PASSWORD})

    assert answer.status == 200
    given = answer.header("set-cookie").removeprefix("kho=").partition(";")[0]
    assert given != chosen
    assert who(app, cookie=f"kho={given}") == EMAIL
    assert who(app, cookie=f"kho={chosen}") == ""


def test_signing_in_again_ends_the_session_that_the_browser_had(library: Library) -> None:
    app = small_app(library.database)
    before = enter(library).token
    cookie = {"cookie": f"kho={before}", "sec-fetch-site": "same-origin"}

    ask(app, "/api/login", "POST", cookie, {"email": EMAIL, "password": PASSWORD})

    assert who(app, cookie=f"kho={before}") == ""


def test_an_idle_session_is_nobodys(app: Litestar, library: Library) -> None:
    token = enter(library).token
    with library.database.write() as session:
        row = session.scalars(select(SignIn)).one()
        row.last_seen_at = utc_now() - timedelta(days=15)

    assert who(app, cookie=f"kho={token}") == ""
