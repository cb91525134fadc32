"""Where a material stands: its organization, and its place in the curriculum.

People choose grades, subjects, textbook sets and items; what is kept are alignments to items. A
grade and a subject together are one item ("lop-6.toan"), so nothing is said twice.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from repo_server.database.models import AccountMembership, CurriculumItem, Material, Placement
from repo_server.database.queries import curriculum as queries
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.curriculum import ItemKind
from repo_server.domain.errors import InvalidValue
from repo_server.domain.materials import ITEMS_LIMIT, Status


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person picked; codes as in the facets, `items` are ids of further items."""

    grades: tuple[int, ...] = ()
    subjects: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    items: tuple[int, ...] = ()


def home_organization(session: Session, account_id: int) -> int | None:
    """The organization that this account's new materials belong to."""
    return session.scalar(_HOME, {"account_id": account_id})


_HOME: Final = (
    select(AccountMembership.organization_id)
    .where(AccountMembership.account_id == bindparam("account_id"))
    .order_by(AccountMembership.id)
    .limit(1)
)


def chosen_items(session: Session, choice: Choice) -> list[CurriculumItem]:
    """The items that a choice stands for; raises InvalidValue naming what does not exist."""
    if len(choice.items) > ITEMS_LIMIT:
        raise _too_many()
    found: dict[str, CurriculumItem] = {}
    for item in queries.items_by_codes(session, ANONYMOUS, codes_of(choice)):
        # Another framework may use the same codes: the one that is presented first is meant.
        found.setdefault(item.code, item)
    require_known(choice, found)
    picked = [session.get(CurriculumItem, item_id) for item_id in choice.items]
    if None in picked:
        raise InvalidValue("items", "Có mục không còn trong chương trình.")
    items = {item.id: item for item in (*found.values(), *picked) if item is not None}
    if len(items) > ITEMS_LIMIT:
        raise _too_many()
    return sorted(items.values(), key=lambda item: item.id)


def _too_many() -> InvalidValue:
    return InvalidValue("items", f"Chỉ gắn tối đa {ITEMS_LIMIT} mục của chương trình.")


def codes_of(choice: Choice) -> list[str]:
    """Codes of the items that grades, subjects and books stand for; not all need exist."""
    if not choice.subjects:
        return [*(f"lop-{grade}" for grade in choice.grades), *choice.books]
    pairs = product(choice.grades, choice.subjects)
    return [*(f"lop-{grade}.{code}" for grade, code in pairs), *choice.books]


def require_known(choice: Choice, known: Container[str]) -> None:
    """Raise InvalidValue when what was chosen is not taught, by the codes of items that exist."""
    _require_taught(choice, known)
    unknown = [book for book in choice.books if book not in known]
    if unknown:
        raise InvalidValue("books", f"Không có bộ sách “{unknown[0]}”.")


def _require_taught(choice: Choice, found: Container[str]) -> None:
    if choice.subjects and not choice.grades:
        raise InvalidValue("grades", "Hãy chọn lớp cho môn học đã chọn.")
    for subject in choice.subjects:
        if not any(f"lop-{grade}.{subject}" in found for grade in choice.grades):
            raise InvalidValue("subjects", f"Môn “{subject}” không có ở lớp đã chọn.")
    for grade in choice.grades:
        names = [f"lop-{grade}", *(f"lop-{grade}.{subject}" for subject in choice.subjects)]
        if not any(name in found for name in names):
            raise InvalidValue("grades", f"Lớp {grade} không có môn đã chọn.")


def grades_of(items: Iterable[CurriculumItem]) -> tuple[int, ...]:
    """Grades that a material is for; a textbook set covers many and says none."""
    return tuple(
        sorted({grade for item in items if item.kind != ItemKind.BOOK for grade in item.grades})
    )


def subjects_of(items: Iterable[CurriculumItem]) -> tuple[str, ...]:
    """Codes of the subjects that a material is for, in the order of the items."""
    return tuple(dict.fromkeys(item.subject for item in items if item.subject))


def choice_of(items: Sequence[CurriculumItem], known: Mapping[str, int]) -> Choice:
    """The choice whose items are exactly these: `chosen_items` turned round.

    `known` says which item a code means. Subjects that are not taught at the same grades cannot all
    be said by grades times subjects; what is left then stands among the further items.
    """
    meant = [item for item in items if known.get(item.code) == item.id]
    books = tuple(item.code for item in meant if item.kind == ItemKind.BOOK)
    pairs = [pair for item in meant if (pair := _pair(item)) is not None]
    if pairs:
        said = Choice(*_product(pairs, known), books)
    else:
        grades = sorted(item.grades[0] for item in meant if _is_bare_grade(item))
        said = Choice(tuple(grades), (), books)
    covered = {known[code] for code in codes_of(said) if code in known}
    return replace(said, items=tuple(item.id for item in items if item.id not in covered))


def _pair(item: CurriculumItem) -> tuple[int, str] | None:
    """Grade and subject of an item that a choice of both stands for."""
    if item.kind != ItemKind.SUBJECT or item.subject is None or len(item.grades) != 1:
        return None
    pair = (item.grades[0], item.subject)
    return pair if [item.code] == codes_of(Choice((pair[0],), (pair[1],))) else None


def _is_bare_grade(item: CurriculumItem) -> bool:
    return item.kind == ItemKind.GRADE and [item.code] == codes_of(Choice((item.grades[0],)))


def _product(
    pairs: Sequence[tuple[int, str]], known: Container[str]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Grades and subjects whose pairs, as far as they are taught, are all among `pairs`.

    All of them where that holds, else the largest group of subjects with the same grades.
    """
    at: dict[str, set[int]] = {}
    for grade, subject in pairs:
        at.setdefault(subject, set()).add(grade)
    everywhere = set().union(*at.values())
    untaught = [
        code
        for subject, taught in at.items()
        for code in codes_of(Choice(tuple(everywhere - taught), (subject,)))
    ]
    if not any(code in known for code in untaught):
        return tuple(sorted(everywhere)), tuple(at)
    groups: dict[tuple[int, ...], list[str]] = {}
    for subject, taught in at.items():
        groups.setdefault(tuple(sorted(taught)), []).append(subject)
    grades, subjects = max(groups.items(), key=lambda group: len(group[0]) * len(group[1]))
    return grades, tuple(subjects)


_UNPLACED: Final = delete(Placement).where(Placement.material_id == bindparam("id"))


def place(session: Session, material: Material) -> None:
    """Bring the tree's counts in line with the material's items and state; call after changes."""
    session.flush()
    session.connection().execute(_UNPLACED, {"id": material.id})
    if material.status != Status.PUBLISHED or material.deleted_at is not None:
        return
    ids = {int(step) for item in material.items for step in item.path.strip("/").split("/")}
    session.add_all(Placement(item_id=item_id, material_id=material.id) for item_id in ids)
