"""What was looked for in vain: counted by day, shown from the third time, nothing of a person."""

from datetime import timedelta

import pytest

from repo_server.database.models import UnansweredSearch, utc_now
from repo_server.domain.access import ANONYMOUS, Role
from repo_server.domain.errors import KhoError
from repo_server.services import discovery, unanswered
from repo_server.services.asking import Asked
from repo_server.services.library import Library
from repo_server.services.unanswered import KEPT_DAYS, SHOWN_FROM, AskedInVain, Unanswered
from tests.libraries import person


def asked_in_vain(library: Library, text: str, **more: object) -> None:
    asked = Asked(text, **more)  # type: ignore[arg-type]
    found = discovery.search(library, ANONYMOUS, asked)
    discovery.note_unanswered(library, asked, found)


def test_words_without_an_answer_are_shown_from_the_third_time(sqlite_library: Library) -> None:
    library, admin = sqlite_library, person(sqlite_library, Role.ADMIN)
    for time in range(1, SHOWN_FROM + 1):
        asked_in_vain(library, "Thí nghiệm xyzxyz")
        library.unanswered.write_down(library.database)
        shown = unanswered.most_asked(library.database, admin)
        assert shown == (
            (AskedInVain("thi nghiem xyzxyz", SHOWN_FROM),) if time == SHOWN_FROM else ()
        )
    with pytest.raises(KhoError):
        unanswered.most_asked(library.database, ANONYMOUS)


def test_filters_and_later_pages_say_nothing_of_words(sqlite_library: Library) -> None:
    asked_in_vain(sqlite_library, "xyzxyz", filters={"grade": ("6",)})
    asked_in_vain(sqlite_library, "xyzxyz", page=2)
    asked_in_vain(sqlite_library, "")
    assert not sqlite_library.unanswered._counts


@pytest.mark.parametrize(
    "text", ["cô lan 0912 345 678", "lan@example.org", "079123456789", "bài " * 60]
)
def test_what_looks_like_a_person_is_not_kept(text: str) -> None:
    counting = Unanswered()
    counting.count(text)
    assert not counting._counts


def test_old_days_are_forgotten_and_nothing_is_lost_while_the_database_is_down(
    sqlite_library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite_library.database
    old = (utc_now() - timedelta(days=KEPT_DAYS + 1)).date().isoformat()
    with database.write() as session:
        session.add(UnansweredSearch(day=old, words="cu", count=9))
    counting = Unanswered()
    counting.count("mới")
    with monkeypatch.context() as patch:
        patch.setattr(database, "write", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            counting.write_down(database)
    counting.write_down(database)
    with database.read() as session:
        rows = session.query(UnansweredSearch).all()
    assert [(row.words, row.count) for row in rows] == [("moi", 1)]
