"""The sample collection: made once, of what is there."""

from sqlalchemy import func, select

from repo_server.database.models import Collection, Material
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.vietnamese import fold
from repo_server.samples.lesson import read_lessons
from repo_server.services import collection_views as views
from repo_server.services import sample_collection
from repo_server.services.library import Library
from repo_server.services.operators import add_sample_accounts
from repo_server.services.sample_collection import TITLE, add_sample_collection
from tests.libraries import person
from tests.services.curators import materials, shown


def test_the_sample_collection_is_made_once_of_the_lessons_that_are_there(
    sqlite_library: Library,
) -> None:
    library = sqlite_library
    add_sample_accounts(library)
    add_sample_collection(library)
    assert views.collections(library, ANONYMOUS, "", page=1, size=9) == (0, ())
    titles = ["Số nguyên âm và trục số", "Chu vi hình chữ nhật và hình vuông"]
    made = materials(library, person(library), 2)
    with library.database.write() as session:
        for id_, title in zip(made, titles, strict=True):
            row = session.get_one(Material, id_)
            row.title, row.folded_title = title, fold(title)
    for _ in range(2):
        add_sample_collection(library)
    total, (card,) = views.collections(library, ANONYMOUS, "", page=1, size=9)
    view = views.collection_by_code(library, ANONYMOUS, card.code)

    assert (total, card.title, card.owner_name) == (1, TITLE, "Trần Quốc Bình")
    assert [titles for _, titles in shown(view)] == [[], [titles[1]], [titles[0]], []]
    with library.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Collection)) == 1


def test_every_lesson_of_the_sample_collection_is_among_the_samples() -> None:
    written = {lesson.title for lesson in read_lessons()}
    named = {title for *_, lessons in sample_collection._SECTIONS for title, _ in lessons}
    assert len(named) == 9
    assert named <= written
