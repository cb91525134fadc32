"""The indexes are compared with the database on a schedule, and what differs is fed again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from repo_server.database.models import IndexTarget, Material, utc_now
from repo_server.domain.access import Role, Viewer
from repo_server.services import indexing, materials, statistics
from repo_server.services.cataloguing import CatalogueRecord, add_records
from repo_server.services.documents import material_documents
from repo_server.services.keeping import drift, indexes
from repo_server.services.library import Library
from repo_server.services.working import Worker
from tests.libraries import person
from tests.services.indexes import drift as differing
from tests.services.indexes import troubled


@pytest.fixture
def admin(library: Library) -> Viewer:
    return person(library, Role.ADMIN)


@pytest.fixture
def fed(library: Library, admin: Viewer) -> Library:
    """A library of twelve materials that its index holds."""
    add_records(library, admin, [CatalogueRecord(str(n), f"Phân số {n}") for n in range(12)])
    indexing.feed_all(library)
    return library


def aged(library: Library, **ages: timedelta) -> None:
    """Make the last comparisons as old as that."""
    with library.database.write() as session:
        moments = {name: utc_now() - age for name, age in ages.items()}
        session.execute(update(IndexTarget).values(**moments))


def compared(library: Library) -> int | None:
    return drift.compare(library, library.indexes[0])


def spoil(library: Library) -> None:
    """Take one from the index, make one stale, and leave one in it that was never there."""
    with library.database.read() as session:
        ids = session.scalars(select(Material.id).order_by(Material.id)).all()
        document = material_documents(session, ids)[ids[1]]
    library.indexes[0].delete_many([ids[0]])
    library.indexes[0].put_many([replace(document, rev=77), replace(document, id=9_999)])


def test_what_is_new_is_not_due(fed: Library) -> None:
    assert compared(fed) is None
    assert statistics.counts(fed).comparisons["embedded"].drifted is None


def test_everything_is_compared_once_a_week_and_mended(fed: Library) -> None:
    spoil(fed)
    aged(fed, created_at=drift.WEEK)
    assert compared(fed) == 3
    indexing.feed_all(fed)
    assert differing(fed) == {}
    noted = statistics.counts(fed).comparisons["embedded"]
    assert noted.drifted == 3
    assert noted.compared_at is not None
    assert compared(fed) is None


def test_a_sample_is_compared_once_a_day(fed: Library) -> None:
    spoil(fed)
    aged(fed, created_at=drift.DAY)
    # The stranger is beyond the ids that a sample asks for.
    assert compared(fed) == 2
    noted = statistics.counts(fed).comparisons["embedded"]
    assert (noted.compared_at, noted.drifted) == (None, 2)
    assert compared(fed) is None


def test_an_index_that_lost_everything_is_fed_anew_at_once(fed: Library) -> None:
    held = [entry.id for entry in fed.indexes[0].entries()]
    fed.indexes[0].delete_many(held)
    assert compared(fed) == 12
    assert indexing.lag(fed) == {"embedded": 12}
    indexing.feed_all(fed)
    assert differing(fed) == {}


def test_counts_that_differ_much_call_for_a_whole_comparison(
    fed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "SLACK", 0)
    fed.indexes[0].delete_many([1])
    assert compared(fed) == 1


def test_what_is_owed_is_no_drift(fed: Library, admin: Viewer) -> None:
    aged(fed, created_at=drift.WEEK)
    add_records(fed, admin, [CatalogueRecord("new", "Số mũ")])
    materials.withdraw(fed, admin, 1, 1, "Bản sai.")
    assert compared(fed) == 0
    assert indexing.lag(fed) == {"embedded": 2}


def test_too_many_differences_feed_everything_again(
    fed: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "MENDED_AT_ONCE", 2)
    monkeypatch.setattr(indexes, "PORTION", 3)
    spoil(fed)
    aged(fed, created_at=drift.WEEK)
    assert compared(fed) == 2
    assert indexing.lag(fed) == {"embedded": 12}


def test_an_engine_that_is_down_is_left_to_the_next_round(fed: Library) -> None:
    library, index = troubled(fed)
    index.down = True
    assert drift.look(library) == drift.PAUSE


def test_a_worker_compares_by_itself(fed: Library) -> None:
    spoil(fed)
    aged(fed, created_at=drift.WEEK)
    assert Worker(fed)._compare() == drift.PAUSE
    indexing.feed_all(fed)
    assert differing(fed) == {}
