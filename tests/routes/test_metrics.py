"""/metrics is there for this machine and for administrators' programs, and holds no person."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from repo_server.domain.access import Role
from repo_server.domain.errors import SearchUnavailable, StorageUnavailable
from repo_server.search.embedded import EmbeddedIndex
from repo_server.storage.local import LocalStorage
from tests.routes.edge import Answer, ask
from tests.routes.houses import House


def local(house: House, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(house.app, "/metrics", headers=named, client="127.0.0.1")


def values(house: House, name: str) -> dict[tuple[str, ...], float]:
    """Samples of that name by their labels in alphabetical order, the process left out."""
    families = text_string_to_metric_families(local(house).body.decode())
    return {
        tuple(value for label, value in sample.labels.items() if label != "process"): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_this_machine_may_read_them(lasting_house: House) -> None:
    answer = local(lasting_house)
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/plain")
    assert ask(lasting_house.app, "/metrics", client="::1").status == 200


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_what_came_through_a_proxy_on_this_machine_may_not(
    lasting_house: House, header: str
) -> None:
    assert local(lasting_house, **{header: "203.0.113.9"}).status == 404


def test_for_everybody_else_there_is_no_such_address(lasting_house: House) -> None:
    house = lasting_house
    assert house.stranger().get("/metrics").status == 404
    assert house.visitor(Role.ADMIN).get("/metrics").status == 404
    assert house.program(house.person(Role.MANAGER)).get("/metrics").status == 404
    assert house.stranger().get("/metrics", authorization="Bearer kho_x").status == 404


def test_a_program_of_an_administrator_may_read_them(lasting_house: House) -> None:
    program = lasting_house.program(lasting_house.person(Role.ADMIN))
    assert program.get("/metrics").status == 200


def test_requests_are_counted_by_template_method_and_status(house: House) -> None:
    stranger = house.stranger()
    stranger.get("/api/search?q=bi-mat-cua-lan")
    stranger.get("/api/search?q=khac")
    stranger.ask("HEAD", "/api/search?q=a")
    stranger.get("/api/files/999/content")
    stranger.get("/khong-co-trang-nay")
    stranger.ask("BREW", "/tim")

    counted = values(house, "kho_requests_total")
    assert counted["GET", "/api/search", "200"] == 2
    assert counted["HEAD", "/api/search", "200"] == 1
    assert counted["GET", "/api/files/{file_id}/content", "404"] == 1
    assert counted["GET", "unmatched", "404"] == 1
    assert sum(count for (method, _, _), count in counted.items() if method == "other") == 1
    assert values(house, "kho_request_seconds_count")["/api/search",] == 3
    text = local(house).body.decode()
    assert "bi-mat" not in text
    assert "khong-co" not in text


def test_they_tell_what_waits_and_what_was_given_up(house: House) -> None:
    house.draft(house.person())
    assert values(house, "kho_materials") == {("draft",): 1}
    assert values(house, "kho_uploads")["ready",] == 1
    assert values(house, "kho_jobs") == {("open",): 1, ("running",): 0, ("dead",): 0}
    assert values(house, "kho_oldest_job_seconds")[()] > 0
    assert values(house, "kho_index_lag") == {(house.library.indexes[0].name,): 1}
    house.feed()
    assert values(house, "kho_index_lag") == {(house.library.indexes[0].name,): 0}
    assert values(house, "kho_free_bytes").keys() == {("staging",), ("storage",)}
    assert [key[1].count(".") for key in values(house, "kho_build_info")] == [2]


def test_engines_that_fail_are_seen_and_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = house.published(house.person())
    assert set(values(house, "kho_engine_up").values()) == {1}

    def no_index(*_: object, **__: object) -> None:
        raise SearchUnavailable

    def no_storage(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(EmbeddedIndex, "search", no_index)
    monkeypatch.setattr(EmbeddedIndex, "check", no_index)
    for act in ("check", "open", "local_path"):
        monkeypatch.setattr(LocalStorage, act, no_storage)
    stranger = house.stranger()
    assert stranger.get("/api/search?q=a").json["degraded"]
    assert stranger.get(f"/api/files/{made.files[0].id}/content").status == 503

    up = values(house, "kho_engine_up")
    assert (up["database",], up["storage",], up[house.library.indexes[0].name,]) == (1, 0, 0)
    errors = values(house, "kho_engine_errors_total")
    assert errors["search_unavailable",] == 1
    assert errors["storage_unavailable",] == 1
