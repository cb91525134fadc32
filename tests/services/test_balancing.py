"""Reads are spread over the engines that are well and current; those that fail are left alone."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from repo_server.database import outbox
from repo_server.domain.access import ANONYMOUS, Role
from repo_server.domain.errors import SearchUnavailable
from repo_server.search.base import SearchIndex
from repo_server.search.embedded import EmbeddedIndex
from repo_server.services import balancing, cataloguing, discovery, indexing
from repo_server.services.answering import first_answer
from repo_server.services.asking import Asked
from repo_server.services.balancing import (
    FAR_BEHIND,
    FIRST_REST,
    LATE,
    LONGEST_REST,
    LOOK,
    Balancer,
)
from repo_server.services.cataloguing import CatalogueRecord
from repo_server.services.library import Library
from tests.libraries import person
from tests.services.indexes import TroubledIndex


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Named:
    name: str


@dataclass
class Bench:
    """A balancer between engines that are only names."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.balancer = Balancer(self.clock)
        self.indexes = cast("list[SearchIndex]", [Named("a"), Named("b"), Named("c")])

    def order(self) -> str:
        return "".join(index.name for index in self.balancer.order(self.indexes))

    def ask(self, *, failing: str = "") -> str:
        """The engine that answers a question, or "" when none does."""
        for index in self.balancer.order(self.indexes):
            try:
                with self.balancer.asking(index):
                    if index.name in failing:
                        raise SearchUnavailable
                    return index.name
            except SearchUnavailable:
                continue
        return ""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_questions_go_round(bench: Bench) -> None:
    assert "".join(bench.ask() for _ in range(6)) == "abcabc"


def test_the_least_busy_is_asked_first(bench: Bench) -> None:
    with bench.balancer.asking(bench.indexes[0]), bench.balancer.asking(bench.indexes[2]):
        assert bench.order()[0] == "b"


def test_one_that_fails_is_left_alone_for_longer_and_longer_and_then_tried_again(
    bench: Bench,
) -> None:
    assert bench.ask(failing="a") == "b"
    assert "a" not in bench.order()
    bench.clock.now += FIRST_REST
    assert "a" in bench.order()
    with pytest.raises(SearchUnavailable), bench.balancer.asking(bench.indexes[0]):
        raise SearchUnavailable
    bench.clock.now += FIRST_REST
    assert "a" not in bench.order()
    for _ in range(20):
        bench.clock.now += LONGEST_REST
        bench.ask(failing="a")
    bench.clock.now += LONGEST_REST
    assert "".join(sorted(bench.ask() for _ in range(3))) == "abc"
    assert sorted(bench.order()) == ["a", "b", "c"]


def test_after_its_rest_one_question_at_a_time_finds_out(bench: Bench) -> None:
    bench.ask(failing="a")
    bench.clock.now += FIRST_REST
    with bench.balancer.asking(bench.indexes[0]):
        assert "a" not in bench.order()
    assert "a" in bench.order()


def test_while_all_fail_one_is_asked_all_the_same(bench: Bench) -> None:
    assert bench.ask(failing="abc") == ""
    assert len(bench.order()) == 1
    assert bench.ask() != ""


def test_one_that_has_fallen_behind_is_asked_last(bench: Bench) -> None:
    bench.balancer.note_lag({"a": FAR_BEHIND, "b": 1, "c": 0})
    assert bench.order() == "bca"
    bench.clock.now += LATE + 1
    bench.balancer.note_lag({"a": FAR_BEHIND, "b": 1, "c": 0})
    assert bench.order() == "cba"
    bench.balancer.note_lag({"a": 0, "b": 0, "c": 0})
    assert bench.order() == "abc"


def test_somebody_looks_at_the_lag_once_a_while(bench: Bench) -> None:
    assert [bench.balancer.look_due() for _ in range(3)] == [True, False, False]
    bench.clock.now += LOOK
    assert bench.balancer.look_due()


def two(library: Library, tmp_path: Path) -> tuple[Library, list[TroubledIndex]]:
    """The library with two engines of its own, both fed with three materials."""
    indexes = [
        TroubledIndex(EmbeddedIndex(tmp_path / name, name=name)) for name in ("one", "other")
    ]
    both = replace(library, indexes=tuple(indexes), balancer=Balancer())
    indexing.register_indexes(both)
    admin = person(library, Role.ADMIN)
    records = [CatalogueRecord(str(number), f"Phân số {number}") for number in range(3)]
    cataloguing.add_records(both, admin, records)
    indexing.feed_all(both)
    return both, indexes


def test_a_search_survives_an_engine_and_both_answer_by_turns(
    sqlite_library: Library, tmp_path: Path
) -> None:
    library, indexes = two(sqlite_library, tmp_path)
    asked = {first_answer(library, lambda index: index.name) for _ in range(4)}
    assert asked == {"one", "other"}
    for index in indexes:
        index.down = True
        found = discovery.search(library, ANONYMOUS, Asked("phân số"))
        assert (found.total, found.degraded) == (3, False)
        index.down = False
        library = replace(library, balancer=Balancer())
    assert sum(library.incidents.counts().values()) <= 2


def test_an_engine_that_dies_while_it_is_fed_is_not_read_until_it_has_caught_up(
    sqlite_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 10)
    monkeypatch.setattr(balancing, "LATE", -1.0)
    library, (one, other) = two(sqlite_library, tmp_path)
    admin = person(sqlite_library, Role.ADMIN)

    def die() -> None:
        one.down = one.puts >= 2
        one._ask()

    one.before_put = die
    records = [CatalogueRecord(f"n{number}", f"Số mũ {number}") for number in range(34)]
    cataloguing.add_records(library, admin, records)
    with pytest.raises(SearchUnavailable):
        indexing.feed_all(library)
    while indexing.feed(library, other):
        pass
    assert indexing.lag(library) == {"one": 24, "other": 0}
    one.down = False
    for _ in range(6):
        found = discovery.search(library, ANONYMOUS, Asked("số mũ"))
        assert found.total == 34
    one.before_put = lambda: None
    indexing.feed_all(library)
    assert indexing.lag(library) == {"one": 0, "other": 0}


def test_the_lag_is_counted_no_further_than_asked(sqlite_library: Library, tmp_path: Path) -> None:
    library, _ = two(sqlite_library, tmp_path)
    with library.database.write() as session:
        outbox.forget_index(session, "one")
    with library.database.read() as session:
        assert outbox.lag(session, "one", 2) == 2
        assert outbox.lag(session, "one") == 3
