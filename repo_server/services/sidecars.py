"""`kho.toml`, the description beside the files of one material, and how an import applies it.

What an import wrote is remembered with the material (`Material.imported`). A later import changes a
field only while it still is as the import before left it: what a person has changed since stays.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from repo_server.database.models import AuditEntry, CurriculumItem, Material
from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import materials as queries
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.curriculum import ItemKind, is_item_code, shortened
from repo_server.domain.errors import InvalidValue, NotFound
from repo_server.domain.materials import ITEMS_LIMIT
from repo_server.domain.vietnamese import fold
from repo_server.services import materials
from repo_server.services.library import Library
from repo_server.services.materials import Description, described
from repo_server.services.placement import Choice, chosen_items, codes_of

SIDECAR: Final = "kho.toml"

_FIELDS: Final = {
    "title": "tên",
    "description": "mô tả",
    "kind": "loại học liệu",
    "language": "ngôn ngữ",
    "license": "giấy phép",
    "keywords": "từ khoá",
    "author": "tác giả",
    "items": "lớp, môn, sách, chủ đề",
}
"""What a sidecar says, by the column that holds it, as people name it."""

KEYS: Final = (
    "title", "description", "kind", "language", "license", "author", "keywords",
    "grades", "subjects", "books", "items", "topics", "topic", "files",
)  # fmt: skip
"""Everything that a sidecar can say; `files` is read by the import itself."""

_NAMED: Final = 5
_LONGEST_GRADE: Final = 2
_MATCHES_LIMIT: Final = 200

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a person hears of a description: `problems` are theirs to mend, `kept` is to know."""

    problems: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def read_sidecar(path: Path) -> dict[str, Any]:
    """The fields of a description. Raises InvalidValue for no TOML, OSError for no file."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidValue(SIDECAR, f"Không đọc được tệp mô tả: {error}.") from error


def apply_sidecar(library: Library, viewer: Viewer, material_id: int, fields: Values) -> Told:
    """Describe the material as its sidecar says, save where a person has changed it meanwhile.

    Raises InvalidValue where nothing can be made of a field, and what `edit_material` raises.
    """
    with library.database.read() as session:
        material = queries.material_by_id(session, viewer, material_id)
        if material is None:
            raise NotFound
        description, problems = _understood(session, fields)
        wanted = _wanted(session, description)
        if not wanted:
            return Told(tuple(problems))
        current = _current(material)
        rev, before = material.rev, material.imported
        baseline = before or _first_baseline(session, material_id, current)
    different = [name for name, value in wanted.items() if current[name] != value]
    kept = [name for name in different if current[name] != baseline[name]]
    changing = [name for name in different if name not in kept]
    imported = {**baseline, **{name: wanted[name] for name in wanted if name not in kept}}
    if changing or imported != before:
        # Said is said, also what a guess had right: nobody has to look at it again.
        asked = _only(description, [name for name in wanted if name not in kept])
        materials.edit_material(library, viewer, material_id, rev, asked, imported=imported)
    return Told(tuple(problems), tuple(_kept_sentence(kept)))


def _kept_sentence(kept: Sequence[str]) -> Iterator[str]:
    if kept:
        named = "; ".join(_FIELDS[name] for name in kept)
        yield f"Giữ nguyên {named}: đã được sửa trong kho sau lần nhập trước."


def _only(description: Description, names: Sequence[str]) -> Description:
    said = {name: getattr(description, name) for name in names if name != "items"}
    return Description(**said, choice=description.choice if "items" in names else None)


def _wanted(session: Session, description: Description) -> dict[str, Any]:
    values = described(description)
    values.pop("folded_title", None)
    if description.choice is not None:
        values["items"] = sorted(item.id for item in chosen_items(session, description.choice))
    return values


def _current(material: Material) -> dict[str, Any]:
    values = {name: getattr(material, name) for name in _FIELDS if name != "items"}
    return values | {"items": sorted(item.id for item in material.items)}


def _first_baseline(session: Session, material_id: int, current: Values) -> dict[str, Any]:
    """What a material that no import has described is compared with.

    Where a person has described it already, only what is empty still waits for an import.
    """
    entry = select(AuditEntry.seq).where(
        AuditEntry.object_id == str(material_id),
        AuditEntry.object_kind == "material",
        AuditEntry.action == "material.edit",
    )
    if session.scalar(entry.limit(1)) is None:
        return dict(current)
    return {name: None if value else value for name, value in current.items()}


def _understood(session: Session, fields: Values) -> tuple[Description, list[str]]:
    """What the fields ask for, and a sentence for each key, item or topic that is not known."""
    grades = tuple(int(grade) for grade in _texts(fields, "grades") if _is_grade(grade))
    subjects, books = _texts(fields, "subjects"), _texts(fields, "books")
    problems = [
        f"Không hiểu mục “{shortened(key)}” trong {SIDECAR}." for key in fields if key not in KEYS
    ][:_NAMED]
    items = _items(session, fields, Choice(grades, subjects, books), problems)
    choice = Choice(grades, subjects, books, tuple(sorted(items)))
    return (
        Description(
            title=_text(fields, "title"),
            description=_text(fields, "description"),
            kind=_text(fields, "kind"),
            language=_text(fields, "language"),
            license=_text(fields, "license"),
            keywords=_texts(fields, "keywords") if "keywords" in fields else None,
            author=_text(fields, "author"),
            choice=choice if choice != Choice() else None,
        ),
        problems,
    )


def _text(fields: Values, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _texts(fields: Values, name: str) -> tuple[str, ...]:
    value = fields.get(name)
    # A NUL is in no code, and PostgreSQL takes none.
    return tuple(str(one).replace("\0", "�") for one in value) if isinstance(value, list) else ()


def _is_grade(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_GRADE


def _items(session: Session, fields: Values, choice: Choice, problems: list[str]) -> set[int]:
    """Ids of the items that `items` (codes), `topics` and `topic` (words) name."""
    codes, topics = _texts(fields, "items"), list(_texts(fields, "topics"))
    topic = _text(fields, "topic")
    topics += [topic] if topic else []
    if len(codes) + len(topics) > ITEMS_LIMIT:
        raise InvalidValue("items", f"Chỉ gắn tối đa {ITEMS_LIMIT} mục của chương trình.")
    found: dict[str, int] = {}
    wanted = [code for code in codes if is_item_code(code)]
    for item in curriculum_queries.items_by_codes(session, ANONYMOUS, wanted) if wanted else ():
        found.setdefault(item.code, item.id)
    problems += [
        f"Chương trình không có mục “{shortened(code)}”." for code in codes if code not in found
    ]
    ids = set(found.values())
    for words in filter(fold, topics):
        ids |= _topic(session, words, choice, problems)
    return ids


def _topic(session: Session, words: str, choice: Choice, problems: list[str]) -> set[int]:
    """Ids of the items of that name below each grade and subject, at most one below each."""
    said = f"Chủ đề “{shortened(words)}”"
    above = curriculum_queries.items_by_codes(
        session, ANONYMOUS, codes_of(Choice(choice.grades, choice.subjects))
    )
    if not above:
        problems.append(f"{said} chưa được gắn: hãy ghi lớp (grades) và môn (subjects) của nó.")
        return set()
    found, unclear = set(), []
    for scope in above:
        matching = _matching(session, words, scope)
        chosen = _narrowest(matching)
        found |= {chosen.id} if chosen else set()
        unclear += [] if chosen else matching
    if not found:
        names = ", ".join(map(_place, above[:_NAMED]))
        problems.append(f"{said} {_why(names, unclear)}")
    return found


def _place(scope: CurriculumItem) -> str:
    """ "Toán lớp 6"; a grade's own title says it already."""
    if scope.kind == ItemKind.GRADE:
        return scope.title
    return f"{scope.title} lớp {', '.join(map(str, scope.grades))}"


def _why(names: str, unclear: Sequence[CurriculumItem]) -> str:
    if not unclear:
        return f"không có trong chương trình ({names}) nên chưa được gắn."
    codes = ", ".join(item.code for item in unclear[:_NAMED]) + "…" * (len(unclear) > _NAMED)
    return f"khớp với {len(unclear)} mục nên chưa được gắn. Hãy ghi mã ở items: {codes}."


def _matching(session: Session, words: str, scope: CurriculumItem) -> list[CurriculumItem]:
    """Items below `scope` called so; else those whose names hold the words side by side.

    Outcomes are sentences: they count where no strand or topic has the words.
    """
    folded = fold(words)
    holding = curriculum_queries.items_holding(
        session, ANONYMOUS, folded, below=scope.path, limit=_MATCHES_LIMIT
    )
    called = [
        item for item in holding if folded in (fold(item.title), *map(fold, item.abbreviations))
    ]
    upper = [item for item in holding if item.kind != ItemKind.OUTCOME]
    return called or upper or holding


def _narrowest(items: Sequence[CurriculumItem]) -> CurriculumItem | None:
    """The one that all others are above; None when they stand side by side.

    A strand and its only topic often bear one name: to be at the topic is to be at the strand.
    """
    if not items:
        return None
    deepest = max(items, key=lambda item: item.depth)
    return deepest if all(deepest.path.startswith(item.path) for item in items) else None
