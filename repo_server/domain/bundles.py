"""Lesson bundles: what each file of a material is for, what is there, and what is still missing.

A file's role is said by people; where nobody has said it, its name ("PHT bài 3"), the group of its
kind (slides, video …) and the material's own kind say it. Names of files and of the archive follow
from both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from repo_server.domain.errors import InvalidValue
from repo_server.domain.files import FILE_KINDS, clean_filename, extension_of
from repo_server.domain.guessing.kinds import KIND_OF_GROUP, kind_of_name
from repo_server.domain.materials import KIND_LABELS, Kind
from repo_server.domain.vietnamese import display, fold
from repo_server.domain.wording import worded

ROLES: Final = (
    Kind.LESSON_PLAN,
    Kind.SLIDES,
    Kind.WORKSHEET,
    Kind.TEST,
    Kind.ANSWER_KEY,
    Kind.VIDEO,
    Kind.REFERENCE,
)
"""What a file of a lesson can be, in the order in which a form offers it."""

ROLE_LABELS: Final[dict[Kind, str]] = KIND_LABELS | {
    Kind.ANSWER_KEY: "Đáp án",
    Kind.REFERENCE: "Khác",
}

_LESSON: Final = (Kind.LESSON_PLAN, Kind.SLIDES, Kind.WORKSHEET)
_EXPECTED: Final[dict[Kind, tuple[Kind, ...]]] = {
    Kind.LESSON_PLAN: _LESSON,
    Kind.SLIDES: _LESSON,
    Kind.TEST: (Kind.TEST, Kind.ANSWER_KEY),
}
_ROLE_OF_GROUP: Final = {group: kind for group, kind in KIND_OF_GROUP.items() if group != "package"}
_WRITTEN: Final = frozenset({"document", "sheet", "text"})

ATTRIBUTION_NAME: Final = "GIẤY PHÉP VÀ GHI CÔNG.txt"
"""The entry of an archive that says whose work it is; no numbered name can equal it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file as the rules see it: its role as said, the group of its kind, its name."""

    role: str | None
    group: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is there of a bundle and what is missing, each once, as people name it."""

    present: tuple[str, ...]
    missing: tuple[str, ...]


def understood_roles(parts: Sequence[Part], kind: str | None) -> tuple[Kind | None, ...]:
    """The role of each part; None where neither people nor the file's kind say one.

    The first written part without a role is what the material itself is, unless another part
    already is that.
    """
    roles = [Kind(part.role) if part.role else _shown_role(part) for part in parts]
    if kind is not None and kind not in roles:
        for at, part in enumerate(parts):
            if roles[at] is None and part.group in _WRITTEN:
                roles[at] = Kind(kind)
                break
    return tuple(roles)


def _shown_role(part: Part) -> Kind | None:
    return kind_of_name(part.name, part.group) or _ROLE_OF_GROUP.get(part.group)


def contents(parts: Sequence[Part], kind: str | None) -> Contents | None:
    """What is there and what is missing; None for a material that is no bundle.

    A bundle has several files, or is a lesson plan. A lesson wants plan, slides and worksheet, a
    test wants its answers; nothing is missing of other kinds.
    """
    if not parts or (len(parts) < 2 and kind != Kind.LESSON_PLAN):
        return None
    roles = [role for role in understood_roles(parts, kind) if role is not None]
    present = [role for role in Kind if role in roles and role != Kind.REFERENCE]
    wanted = _LESSON if Kind.LESSON_PLAN in roles else _expected(kind)
    missing = [role for role in wanted if role not in roles]
    if not present and not missing:
        return None
    return Contents(tuple(map(_in_a_sentence, present)), tuple(map(_in_a_sentence, missing)))


def _expected(kind: str | None) -> tuple[Kind, ...]:
    return () if kind is None else _EXPECTED.get(Kind(kind), ())


def _in_a_sentence(role: Kind) -> str:
    label = worded("file_role", role, ROLE_LABELS[role])
    return label[0].lower() + label[1:]


def role_or_none(role: str | None) -> str | None:
    """The role, None for the empty one; InvalidValue for what is no role of a file."""
    if not role:
        return None
    if role not in set(Kind):
        raise InvalidValue("role", "Vai trò của tệp không có trong danh mục.")
    return role


def renamed(old: str, new: str) -> str:
    """The name that a file gets when a person calls it `new`: its extension stays.

    Raises InvalidValue when nothing is left of the name.
    """
    extension = extension_of(old)
    typed = display(new).lstrip(". ")  # no hidden files
    known = extension_of(typed)
    if known and (known == extension or known in _EXTENSIONS):
        typed = typed.rstrip(". ")[: -len(known) - 1]
    if not typed.strip(" ."):
        raise InvalidValue("name", "Hãy đặt tên cho tệp.")
    return clean_filename(f"{typed}.{old[-len(extension) :]}" if extension else typed)


_EXTENSIONS: Final = frozenset(
    extension for kind in FILE_KINDS.values() for extension in kind.extensions
)


def entry_names(parts: Sequence[Part], kind: str | None) -> tuple[str, ...]:
    """Names inside an archive: "2. Phiếu học tập – Phân số.docx", in the order of the parts.

    The number keeps the order in every file manager and keeps names apart; the role is left out
    where the name begins with it anyway.
    """
    width = len(str(len(parts)))
    roles = understood_roles(parts, kind)
    return tuple(
        clean_filename(f"{number:0{width}}. {_named(part.name, role)}")
        for number, (part, role) in enumerate(zip(parts, roles, strict=True), start=1)
    )


def _named(name: str, role: Kind | None) -> str:
    if role is None or role == Kind.REFERENCE:
        return name
    label = ROLE_LABELS[role]
    return name if fold(name).startswith(fold(label)) else f"{label} – {name}"


def archive_name(title: str) -> str:
    """The name under which a bundle of that title is saved."""
    return clean_filename(f"{title.replace('/', '-').replace(chr(92), '-')}.zip")
