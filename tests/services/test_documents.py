"""What an index holds of a material."""

import pytest
from sqlalchemy import select

from repo_server.database.models import CurriculumItem, Material
from repo_server.domain.access import Viewer
from repo_server.search.base import FACETS, MaterialDocument
from repo_server.services import documents, materials
from repo_server.services.documents import material_documents
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.viewing import material_by_id
from tests.libraries import COMPLETE, draft, pdf, published, upload


def document_of(library: Library, id_: int) -> MaterialDocument | None:
    with library.database.read() as session:
        return material_documents(session, [id_]).get(id_)


def test_a_document_says_what_the_row_says(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = published(library, teacher, editor)
    document = document_of(library, made.card.id)

    assert document is not None
    assert (document.id, document.rev, document.code) == (made.card.id, made.rev, made.card.code)
    assert document.title == COMPLETE.title
    assert document.description == COMPLETE.description
    assert document.scopes == ("public",)
    assert made.card.published_at is not None
    assert document.published_at == int(made.card.published_at.timestamp())
    assert document.body == "Học sinh biết so sánh hai phân số khác mẫu và quy đồng mẫu số."


def test_the_facets_of_a_material_hold_everything_above_its_items(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    with library.database.read() as session:
        outcome = session.scalars(
            select(CurriculumItem).where(
                CurriculumItem.kind == "outcome", CurriculumItem.subject == "toan"
            )
        ).first()
        assert outcome is not None
        ids = [int(step) for step in outcome.path.strip("/").split("/")]
        above = {session.get_one(CurriculumItem, id_).kind: id_ for id_ in ids}
        codes = {kind: session.get_one(CurriculumItem, id_).code for kind, id_ in above.items()}
    description = Description(
        title="Số tự nhiên",
        kind="test",
        license="cc-by-4.0",
        choice=Choice((9,), ("toan",), ("kntt",), (outcome.id,)),
    )
    made = published(library, teacher, editor, description)
    document = document_of(library, made.card.id)

    assert document is not None
    facets = document.facets
    assert set(facets) <= set(FACETS)
    assert facets["grade"] == tuple(sorted({str(outcome.grades[0]), "9"}, key=int))
    assert facets["subject"] == ("toan",)
    assert facets["book"] == ("kntt",)
    assert facets["outcome"] == (outcome.code,)
    assert codes["topic"] in facets["topic"]
    assert codes["strand"] in facets["strand"]
    assert (facets["kind"], facets["license"]) == (("test",), ("cc-by-4.0",))
    assert (facets["language"], facets["format"]) == (("vi",), ("txt",))


def test_the_words_by_which_people_look_for_a_material_are_its_keywords(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    description = Description(
        title="Bài 24",
        kind="lesson_plan",
        license="cc-by-4.0",
        keywords=("so sánh",),
        author="Lê Văn A",
        choice=Choice((6,), ("khtn",), ("kntt",)),
    )
    document = document_of(library, published(library, teacher, editor, description).card.id)

    assert document is not None
    words = document.keywords
    assert words[:2] == ("so sánh", "Lê Văn A")
    for expected in ("Lớp 6", "Khoa học tự nhiên", "KHTN", "KNTT", "giáo án", "Kế hoạch bài dạy"):
        assert expected in words
    assert len(set(words)) == len(words)
    assert "" not in words


def test_the_text_of_all_files_is_the_body_in_their_order_and_capped(
    library: Library, teacher: Viewer, editor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draft(library, teacher, content=b"Bai mot")
    upload(library, teacher, "2.pdf", pdf("Trang đầu", "Trang hai"), material_id=made.card.id)
    upload(library, teacher, "3.txt", b"Bi bo", material_id=made.card.id)
    made = material_by_id(library, teacher, made.card.id)
    rev = materials.remove_file(library, teacher, made.card.id, made.rev, made.files[2].id).rev
    rev = materials.submit(library, teacher, made.card.id, rev).rev
    materials.publish(library, editor, made.card.id, rev)

    document = document_of(library, made.card.id)
    assert document is not None
    assert document.body.split() == ["Bai", "mot", "Trang", "đầu", "Trang", "hai"]

    monkeypatch.setattr(documents, "BODY_LIMIT", 12)
    capped = document_of(library, made.card.id)
    assert capped is not None
    assert capped.body == document.body[:12]


def test_only_what_everybody_may_see_is_a_document(
    library: Library, teacher: Viewer, editor: Viewer
) -> None:
    made = draft(library, teacher)
    id_ = made.card.id
    assert document_of(library, id_) is None
    rev = materials.submit(library, teacher, id_, made.rev).rev
    assert document_of(library, id_) is None
    rev = materials.publish(library, editor, id_, rev).rev
    assert document_of(library, id_) is not None
    materials.withdraw(library, editor, id_, rev, "Sai đáp án.")
    assert document_of(library, id_) is None
    with library.database.write() as session:
        row = session.get_one(Material, id_)
        row.status, row.deleted_at = "published", row.updated_at
    assert document_of(library, id_) is None
    assert document_of(library, 4_000_000) is None
