"""A material's description and life: start, describe, submit, publish, return, withdraw, delete.

Every act is one transaction that changes the row, the tree's counts, the index state and the audit
trail together. Acts on an existing material name the revision they were decided on.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from repo_server.database import audit
from repo_server.database.models import Material, utc_now
from repo_server.database.queries import materials as queries
from repo_server.domain.access import Action, Viewer, require, require_in_state
from repo_server.domain.errors import (
    EditConflict,
    InvalidValue,
    NotFound,
    NotPublishable,
    PreconditionRequired,
)
from repo_server.domain.guessing.base import Field
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import (
    DESCRIPTION_LIMIT,
    GUESSED_FIELDS,
    KEYWORD_LIMIT,
    KEYWORDS_LIMIT,
    LANGUAGES,
    REASON_LIMIT,
    TITLE_LIMIT,
    Completeness,
    Kind,
    Status,
    missing_before_submission,
)
from repo_server.domain.vietnamese import display, fold
from repo_server.failpoints import reached
from repo_server.services import personal
from repo_server.services.codes import free_code
from repo_server.services.library import Library
from repo_server.services.placement import (
    Choice,
    chosen_items,
    grades_of,
    place,
    subjects_of,
)
from repo_server.services.uploads import subject_of
from repo_server.services.versions import keep_version, keeping_version, present_files

LAST_FILE: Final = (
    "Học liệu đã xuất bản phải còn ít nhất một tệp. Hãy thêm tệp mới trước, rồi bỏ tệp này."
)


@dataclass(frozen=True, slots=True)
class Description:
    """What a contributor says of a material; None leaves a field as it is."""

    title: str | None = None
    description: str | None = None
    kind: str | None = None
    language: str | None = None
    license: str | None = None
    keywords: tuple[str, ...] | None = None
    author: str | None = None
    choice: Choice | None = None


def create_material(library: Library, viewer: Viewer, description: Description) -> Material:
    """Start a draft. Raises InvalidValue, Forbidden."""
    require(viewer, Action.CONTRIBUTE)
    if not display(description.title or ""):
        raise InvalidValue("title", "Hãy đặt tên cho học liệu.")
    with library.database.write() as session:
        material = Material(
            code=free_code(session),
            status=Status.DRAFT,
            title="",
            folded_title="",
            owner_id=viewer.account_id,
            organization_id=viewer.home_organization_id,
            files=[],
            items=[],
        )
        _describe(session, material, description)
        material.undecided = _left_open(Field, description)
        session.add(material)
        session.flush()
        audit.record(session, viewer.account_id, "material.create", "material", material.id)
    return material


def edit_material(
    library: Library,
    viewer: Viewer,
    material_id: int,
    rev: int | None,
    description: Description,
    *,
    imported: dict[str, Any] | None = None,
    whole: bool = False,
) -> Material:
    """Change the description; `rev` is the revision that the person saw.

    An import notes with `imported` what it leaves the fields at. `whole`: the person saw the whole
    form, so that what they left empty is decided, too.
    Raises PreconditionRequired without `rev`, EditConflict when it is no longer current and
    NotPublishable when a material beyond its draft would lose what its submission required.
    """
    with library.database.write() as session:
        material = open_material(session, viewer, material_id, rev, Action.EDIT)
        before, lacking = _summary(material), missing(material)
        with keeping_version(session, material, viewer.account_id):
            _describe(session, material, description)
        material.undecided = [] if whole else _left_open(material.undecided, description)
        if imported is not None:
            material.imported = imported
        if material.status != Status.DRAFT:
            # What an import published as it came may be described bit by bit.
            _require_complete(material, except_for=lacking)
        place(session, material)
        _record(session, viewer, material, "material.edit", before)
    return material


def fill_guessed(
    library: Library, viewer: Viewer, material_id: int, description: Description
) -> Material:
    """Write guesses into a material; its fields stay undecided.

    Raises NotFound, Forbidden, and InvalidValue for what the curriculum does not hold.
    """
    with library.database.write() as session:
        material = queries.material_by_id(session, viewer, material_id)
        if material is None:
            raise NotFound
        require_in_state(viewer, Action.EDIT, subject_of(material))
        before = _summary(material)
        _describe(session, material, description)
        place(session, material)
        _record(session, viewer, material, "material.guess", before)
    return material


_CHOSEN: Final = (Field.GRADES, Field.SUBJECTS, Field.BOOKS, Field.ITEMS)


def _left_open(undecided: Iterable[str], description: Description) -> list[str]:
    """The fields that are still undecided once a person has said `description`."""
    said = {name for name in Field if getattr(description, name, None) is not None}
    if description.choice is not None:
        said.update(_CHOSEN)
    return [str(name) for name in undecided if name not in said]


def submit(
    library: Library,
    viewer: Viewer,
    material_id: int,
    rev: int | None,
    *,
    acknowledged: bool = False,
) -> Material:
    """Hand a draft to the editors; `acknowledged`: what looks like personal data was checked.

    Raises NotPublishable with what is missing.
    """

    def change(_: Session, material: Material) -> None:
        _require_complete(material)
        personal.require_acknowledged(material, viewer.account_id, now=acknowledged)
        material.status = Status.SUBMITTED
        material.submitted_at, material.return_reason = utc_now(), None

    return _act(library, viewer, material_id, rev, Action.SUBMIT, change)


def publish(
    library: Library,
    viewer: Viewer,
    material_id: int,
    rev: int | None,
    *,
    complete: bool = True,
    acknowledged: bool = False,
) -> Material:
    """Show a material to everybody and keep a version of it; `acknowledged` as in `submit`.

    An import by the library's own staff may publish what is not described yet (`complete` False).
    Raises NotPublishable with what is missing.
    """

    def change(session: Session, material: Material) -> None:
        if complete:
            _require_complete(material)
            # Who submitted it has said so; who publishes a draft directly says it now.
            personal.require_acknowledged(material, viewer.account_id, now=acknowledged)
        material.status = Status.PUBLISHED
        material.published_at, material.return_reason = utc_now(), None
        keep_version(session, material, viewer.account_id)

    return _act(library, viewer, material_id, rev, Action.PUBLISH, change)


def return_material(
    library: Library, viewer: Viewer, material_id: int, rev: int | None, reason: str
) -> Material:
    """Give a submitted material back to its contributor, with a reason that they will read."""
    said = _reason(reason)

    def change(_: Session, material: Material) -> None:
        material.status, material.return_reason = Status.DRAFT, said

    return _act(library, viewer, material_id, rev, Action.RETURN, change)


def withdraw(
    library: Library, viewer: Viewer, material_id: int, rev: int | None, reason: str
) -> Material:
    """Take a material out of the public library; a submitted one goes back to its draft."""
    said = _reason(reason)

    def change(_: Session, material: Material) -> None:
        submitted = material.status == Status.SUBMITTED
        material.status = Status.DRAFT if submitted else Status.WITHDRAWN
        material.withdrawn_at, material.return_reason = utc_now(), said

    return _act(library, viewer, material_id, rev, Action.WITHDRAW, change)


def delete_material(library: Library, viewer: Viewer, material_id: int, rev: int | None) -> None:
    """Put a tombstone: nobody sees the material any more; its bytes stay until they are purged."""

    def change(_: Session, material: Material) -> None:
        material.deleted_at = utc_now()
        reached("C25")

    _act(library, viewer, material_id, rev, Action.DELETE, change)
    reached("C26")


def remove_file(
    library: Library, viewer: Viewer, material_id: int, rev: int | None, file_id: int
) -> Material:
    """Take a file out; versions that hold it keep it, but nobody is handed its bytes any more.

    Raises NotFound, and InvalidValue for the last file of what is published.
    """

    def change(_: Session, material: Material) -> None:
        files = present_files(material)
        file = next((file for file in files if file.id == file_id), None)
        if file is None:
            raise NotFound
        if material.status == Status.PUBLISHED and len(files) == 1:
            raise InvalidValue("file", LAST_FILE)
        file.removed_at = utc_now()

    return _act(library, viewer, material_id, rev, Action.EDIT_FILES, change)


def missing(material: Material) -> dict[str, str]:
    """What the material lacks before it can be submitted: a sentence by field."""
    return missing_before_submission(
        Completeness(
            title=material.title,
            description=material.description,
            kind=material.kind,
            license=material.license,
            file_count=len(present_files(material)),
            grade_count=len(grades_of(material.items)),
            subject_count=len(subjects_of(material.items)),
            guessed=not GUESSED_FIELDS.isdisjoint(material.undecided),
        )
    )


def _act(
    library: Library,
    viewer: Viewer,
    material_id: int,
    rev: int | None,
    action: Action,
    change: Callable[[Session, Material], None],
) -> Material:
    with library.database.write() as session:
        material = open_material(session, viewer, material_id, rev, action)
        before = _summary(material)
        with keeping_version(session, material, viewer.account_id):
            change(session, material)
        place(session, material)
        _record(session, viewer, material, f"material.{action}", before)
        reached("C23")
    reached("C24")
    return material


def open_material(
    session: Session, viewer: Viewer, material_id: int, rev: int | None, action: Action
) -> Material:
    """The material at the revision that the person saw, if they may do `action` to it now.

    Raises NotFound, PreconditionRequired, EditConflict, WrongState, Forbidden.
    """
    material = queries.material_by_id(session, viewer, material_id)
    if material is None:
        raise NotFound
    if rev is None:
        raise PreconditionRequired
    if rev != material.rev:
        raise EditConflict
    require_in_state(viewer, action, subject_of(material))
    return material


def _require_complete(material: Material, *, except_for: Collection[str] = ()) -> None:
    lacking = {
        field: sentence for field, sentence in missing(material).items() if field not in except_for
    }
    if lacking:
        raise NotPublishable(lacking)


def _describe(session: Session, material: Material, description: Description) -> None:
    # Looked up before anything is set: a question to the database would write half of the change.
    items = None if description.choice is None else chosen_items(session, description.choice)
    for name, value in described(description).items():
        setattr(material, name, value)
    if items is not None:
        material.items = items


def described(description: Description) -> dict[str, Any]:
    """The columns that a description sets, cleaned; its choice of items aside.

    Raises InvalidValue for what a material cannot be called, or what is in no list.
    """
    values: dict[str, Any] = {}
    if description.title is not None:
        title = display(description.title)
        if not title:
            raise InvalidValue("title", "Hãy đặt tên cho học liệu.")
        values["title"] = bounded("title", title, TITLE_LIMIT)
        values["folded_title"] = fold(title)[:400]
    if description.description is not None:
        text = description.description.strip()
        values["description"] = bounded("description", text, DESCRIPTION_LIMIT)
    if description.author is not None:
        values["author"] = bounded("author", display(description.author), TITLE_LIMIT)
    if description.keywords is not None:
        values["keywords"] = _keywords(description.keywords)
    return values | _picked(description)


def _picked(description: Description) -> dict[str, str]:
    values: dict[str, str] = {}
    for field, allowed in (("kind", set(Kind)), ("language", LANGUAGES), ("license", LICENSES)):
        value = getattr(description, field)
        if value is None:
            continue
        if value not in allowed:
            raise InvalidValue(field, f"“{value[:40]}” không có trong danh mục.")
        values[field] = str(value)
    return values


def _keywords(words: tuple[str, ...]) -> list[str]:
    kept = list(dict.fromkeys(filter(None, map(display, words))))
    if len(kept) > KEYWORDS_LIMIT or any(len(word) > KEYWORD_LIMIT for word in kept):
        rule = f"Tối đa {KEYWORDS_LIMIT} từ khoá, mỗi từ không quá {KEYWORD_LIMIT} kí tự."
        raise InvalidValue("keywords", rule)
    return kept


def _reason(text: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidValue("reason", "Hãy ghi rõ lí do để người đóng góp biết.")
    return bounded("reason", said, REASON_LIMIT)


def bounded(field: str, text: str, limit: int) -> str:
    """`text`, unless it is too long or holds what no database takes: InvalidValue."""
    if len(text) > limit:
        raise InvalidValue(field, f"Tối đa {limit} kí tự, đang có {len(text)}.")
    if "\x00" in text:
        raise InvalidValue(field, "Có kí tự không hợp lệ.")
    return text


def _summary(material: Material) -> dict[str, Any]:
    return {
        "status": material.status,
        "title": material.title,
        "kind": material.kind,
        "license": material.license,
        "items": sorted(item.id for item in material.items),
        "files": sorted(file.id for file in present_files(material)),
    }


def _record(
    session: Session, viewer: Viewer, material: Material, action: str, before: dict[str, Any]
) -> None:
    after = _summary(material)
    if material.return_reason:
        after["reason"] = material.return_reason
    audit.record(
        session, viewer.account_id, action, "material", material.id, before=before, after=after
    )
