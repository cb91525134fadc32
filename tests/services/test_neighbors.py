"""Reading on: the same lesson by others, the lesson before and after, with few statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from repo_server.database.engine import Database
from repo_server.database.models import Account, CurriculumItem, Material
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.errors import NotFound
from repo_server.domain.materials import Status
from repo_server.services.library import Library
from repo_server.services.neighbors import SAME_LIMIT, Neighbors, neighbors
from tests import factories
from tests.services.signing import library_of


@pytest.fixture
def library(database: Database) -> Library:
    return library_of(database)


class Curriculum:
    """Grade 6 → Toán → two topics with outcomes, and two people."""

    def __init__(self, session: Session) -> None:
        self.session = session
        at = factories.branch(session)
        self.subject = at.subject
        self.topics = [
            at.topic,
            factories.item(session, at.subject, title="Số thập phân"),
            factories.item(session, at.subject, title="Góc"),
        ]
        self.outcomes = [
            factories.item(session, self.topics[0], kind="outcome", title=f"Yêu cầu {number}")
            for number in (1, 2, 3)
        ]
        self.lan, self.minh = factories.account(session), factories.account(session)

    def material(
        self,
        *items: CurriculumItem,
        owner: Account | None = None,
        title: str = "Cộng hai phân số",
        status: Status = Status.PUBLISHED,
        use: int = 0,
    ) -> Material:
        made = factories.material(
            self.session, owner or self.lan, title=title, status=status, items=items
        )
        made.use = use
        self.session.flush()
        return made


def found(library: Library, material: Material) -> Neighbors:
    return neighbors(library, ANONYMOUS, material.id)


def ids(shown: Sequence[object]) -> list[int]:
    return [card.id for card in shown]  # type: ignore[attr-defined]


@contextmanager
def counted(library: Library) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(library.database.reader, "before_cursor_execute", note)
    yield statements
    event.remove(library.database.reader, "before_cursor_execute", note)


def test_the_same_lesson_by_others_comes_before_ones_own(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        first, second, third = given.outcomes
        made = given.material(given.subject, first, second)
        own = given.material(first, second, title="Bài khác hẳn")
        both = given.material(first, second, owner=given.minh)
        one = given.material(first, owner=given.minh, use=9)
        given.material(third, owner=given.minh, title="Đối xứng trục")

    same = found(library, made).same

    assert ids(same) == [both.id, one.id, own.id]


def test_a_topic_above_its_outcomes_is_not_what_a_lesson_is_about(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.topics[0], given.outcomes[0])
        given.material(given.outcomes[1], owner=given.minh, title="Đối xứng trục")
        other = given.material(given.outcomes[0], owner=given.minh)

    assert ids(found(library, made).same) == [other.id]


def test_where_nobody_has_the_same_item_titles_of_the_same_grade_and_subject_help(
    library: Library,
) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.subject, title="Bài 24: Cộng hai phân số")
        given.material(given.subject, owner=given.minh, title="Bài 24: Góc nhọn và góc tù")
        alike = given.material(given.subject, owner=given.minh, title="CONG PHAN SO, phiếu 1")
        own = given.material(given.subject, title="Cộng hai phân số cùng mẫu")
        elsewhere = factories.branch(session)
        given.material(elsewhere.subject, owner=given.minh, title="Cộng hai phân số")

    assert ids(found(library, made).same) == [alike.id, own.id]


def test_no_more_than_a_few_are_shown_and_never_a_draft(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.outcomes[0])
        for _ in range(SAME_LIMIT + 3):
            given.material(given.outcomes[0], owner=given.minh)
        hidden = {
            given.material(given.outcomes[0], owner=given.minh, status=status).id
            for status in (Status.DRAFT, Status.SUBMITTED, Status.WITHDRAWN)
        }

    same = ids(found(library, made).same)

    assert len(same) == SAME_LIMIT
    assert made.id not in same
    assert hidden.isdisjoint(same)


def test_the_lesson_that_follows_is_the_next_item_that_has_materials(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        first, _, third = given.outcomes
        made = given.material(first)
        popular = given.material(third, owner=given.minh, use=50)
        own = given.material(third)

    around = found(library, made)
    assert around.previous is None
    assert around.following is not None
    assert around.following.item_title == "Yêu cầu 3"
    # A series of one teacher goes on with the same teacher.
    assert around.following.card.id == own.id

    back = found(library, popular)
    assert back.following is None or back.following.item_title != "Yêu cầu 1"
    assert back.previous is not None
    assert back.previous.card.id == made.id


def test_after_the_last_outcome_comes_the_next_topic(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.outcomes[2])
        after = given.material(given.topics[2], owner=given.minh)

    following = found(library, made).following

    assert following is not None
    assert (following.item_title, following.card.id) == ("Góc", after.id)


def test_a_material_that_is_about_both_items_does_not_follow_itself(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.topics[0], given.topics[1])

    around = found(library, made)

    assert (around.previous, around.following, around.same) == (None, None, ())


def test_without_a_place_in_a_row_nothing_follows(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.subject, title="Góc")
        bare = given.material(title="Một hai ba")
        given.material(given.topics[0])

    for material in (made, bare):
        around = found(library, material)
        assert (around.previous, around.following, around.same) == (None, None, ())


def test_a_draft_has_no_neighbors_for_others(library: Library) -> None:
    with library.database.write() as session:
        made = Curriculum(session).material(status=Status.DRAFT)
    with pytest.raises(NotFound):
        found(library, made)


def test_the_number_of_statements_does_not_grow(library: Library) -> None:
    with library.database.write() as session:
        given = Curriculum(session)
        made = given.material(given.subject, *given.outcomes[:2])
        few = [given.material(given.outcomes[2])]
    found(library, made)
    with counted(library) as before:
        found(library, made)
    with library.database.write() as session:
        for _ in range(20):
            for outcome in given.outcomes:
                merged = session.merge(outcome, load=True)
                factories.material(
                    session,
                    session.merge(given.minh),
                    status=Status.PUBLISHED,
                    items=[merged],
                )
    with counted(library) as after:
        found(library, made)
    assert few
    assert len(after) <= len(before) + 1 <= 11
