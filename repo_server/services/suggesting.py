"""What a form fills itself with: guesses about a material, made anew whenever they are asked for.

Nothing that is guessed is stored as said: guesses stand in the form, marked, until a person saves
it. Which fields no person has decided yet is kept with the material (`Material.undecided`). Only an
import writes guesses into a material (`apply_guesses`); they stay undecided there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.orm import Session

from repo_server.database.models import Material, MaterialFile, Upload
from repo_server.database.queries import curriculum as curriculum_queries
from repo_server.database.queries import files as file_queries
from repo_server.database.queries import materials as queries
from repo_server.domain.access import Action, Viewer, require_in_state
from repo_server.domain.bundles import ROLE_LABELS
from repo_server.domain.errors import InvalidValue, NotFound
from repo_server.domain.files import FILE_KINDS, stem
from repo_server.domain.guessing.base import (
    TEXT_LIMIT,
    Field,
    FileEvidence,
    Guess,
    Manifest,
    Source,
)
from repo_server.domain.guessing.drafting import Drafted, drafted, likely_title, with_items
from repo_server.domain.guessing.lessons import Candidate
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, LANGUAGES, TITLE_LIMIT, Kind
from repo_server.domain.vietnamese import display
from repo_server.domain.wording import worded
from repo_server.inspection.base import Declared, Inspection
from repo_server.services import materials
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.uploads import subject_of
from repo_server.services.versions import present_files
from repo_server.services.vocabulary import Names, lexicon_of

_BEGINNING: Final = 12
_CANDIDATES: Final = 2_000
_MOST_FILES: Final = 20
"""Files of one material that are looked at: a form must open at once."""

SOURCE_LABELS: Final[dict[Source, str]] = {
    Source.NAME: "tên tệp",
    Source.HEADING: "tiêu đề trong tệp",
    Source.PROPERTIES: "thuộc tính của tệp",
    Source.TEXT: "nội dung tệp",
    Source.MANIFEST: "phần tự giới thiệu của gói",
    Source.TYPE: "loại tệp",
    Source.CURRICULUM: "tên bài so với chương trình",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A guess as people read it. `fills`: it stands in the form; otherwise it is offered."""

    field: str
    value: str
    label: str
    confidence: float
    fills: bool
    source: str
    source_label: str
    evidence: str


@dataclass(frozen=True, slots=True)
class RoleSuggestion:
    """What a file is in its lesson, where nobody has said it."""

    file_id: int
    role: str
    label: str
    confidence: float
    source_label: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Guesses for the fields of a material that no person has decided, and roles of its files."""

    undecided: tuple[str, ...]
    fields: tuple[Suggestion, ...]
    roles: tuple[RoleSuggestion, ...]

    def of(self, field: str) -> tuple[Suggestion, ...]:
        """The guesses for one field, the surest first."""
        return tuple(one for one in self.fields if one.field == field)

    def filled(self, field: str) -> tuple[str, ...]:
        """The values that stand in the form."""
        return tuple(one.value for one in self.of(field) if one.fills)


def suggestions(library: Library, viewer: Viewer, material_id: int) -> Suggestions:
    """Guesses about a material, for one who may edit it. Raises NotFound, Forbidden."""
    with library.database.read() as session:
        material = queries.material_by_id(session, viewer, material_id)
        if material is None:
            raise NotFound
        require_in_state(viewer, Action.EDIT, subject_of(material))
        files = present_files(material)
        names = library.vocabulary.names(session)
        draft, titles = _drafted(session, viewer, material, files, names)
    return _shown(material, files, draft, names, titles)


def draft_title(session: Session, names: Names, upload: Upload, inspection: Inspection) -> str:
    """What a draft is called until a person names it: the best guess, else the file's name."""
    evidence = FileEvidence(
        upload.name,
        FILE_KINDS[inspection.kind].group,
        _beginning(segment.text for segment in inspection.segments[:_BEGINNING]),
        _manifest(declaration_of(inspection)),
    )
    guessed = likely_title(evidence, lexicon_of(names))
    return (guessed or display(stem(upload.name)) or upload.name)[:TITLE_LIMIT]


PARTS_KEPT: Final = 200
"""Parts of a package that are shown on a material's page."""


def declaration_of(inspection: Inspection) -> dict[str, Any]:
    """What a file says of itself, as it is kept with it; what it leaves out is left out."""
    said: Declared = inspection.declared
    values: dict[str, Any] = {
        "title": said.title or inspection.title,
        "description": said.description,
        "language": said.language or inspection.language,
        "license": said.license,
        "keywords": list(said.keywords),
        "grades": list(said.grades),
        "parts": [[part.title, part.depth, part.note] for part in said.contents[:PARTS_KEPT]],
    }
    return {name: value for name, value in values.items() if value}


def apply_guesses(library: Library, viewer: Viewer, material_id: int) -> bool:
    """Fill the empty fields that nobody has decided with what is sure; True when there were any.

    The fields stay undecided: a form shows them as guessed until a person has saved it.
    """
    found = suggestions(library, viewer, material_id)
    choice = Choice(
        tuple(int(grade) for grade in found.filled(Field.GRADES)),
        found.filled(Field.SUBJECTS),
        found.filled(Field.BOOKS),
        tuple(int(item) for item in found.filled(Field.ITEMS)),
    )
    if choice.subjects and not choice.grades:
        choice = replace(choice, subjects=())
    description = Description(
        title=_only(found, Field.TITLE),
        description=_only(found, Field.DESCRIPTION),
        kind=_only(found, Field.KIND),
        language=_only(found, Field.LANGUAGE),
        choice=choice if choice != Choice() else None,
    )
    if description == Description():
        return False
    try:
        materials.fill_guessed(library, viewer, material_id, description)
    except InvalidValue:
        # The curriculum was changed under the guess.
        materials.fill_guessed(library, viewer, material_id, replace(description, choice=None))
    return True


def _only(found: Suggestions, field: Field) -> str | None:
    return next(iter(found.filled(field)), None)


def _drafted(
    session: Session,
    viewer: Viewer,
    material: Material,
    files: Sequence[MaterialFile],
    names: Names,
) -> tuple[Drafted, dict[int, str]]:
    """The guesses, and the titles of the items that they may name."""
    looked_at = files[:_MOST_FILES]
    texts = file_queries.beginnings(
        session, viewer, [file.sha256 for file in looked_at], pages=_BEGINNING, length=TEXT_LIMIT
    )
    evidence = [
        FileEvidence(
            file.name,
            FILE_KINDS[file.kind].group,
            # What is written in an archive are names of files.
            "" if file.kind == "zip" else _beginning(texts.get(file.sha256, ())),
            _manifest(file.declared),
        )
        for file in looked_at
    ]
    draft = drafted(evidence, lexicon_of(names))
    candidates = _candidates(session, viewer, material, draft)
    return with_items(draft, candidates), {item.id: item.title for item in candidates}


def _candidates(
    session: Session, viewer: Viewer, material: Material, draft: Drafted
) -> list[Candidate]:
    """Items below the grade and subject that were said, or else guessed."""
    said = {item.subject for item in material.items if item.subject}
    taught = {grade for item in material.items if item.subject for grade in item.grades}
    subjects = sorted(said) or draft.filled(Field.SUBJECTS)
    grades = sorted(taught) or [int(grade) for grade in draft.filled(Field.GRADES)]
    if not subjects or not grades:
        return []
    items = curriculum_queries.items_matching(
        session, viewer, (), grades=grades, subjects=subjects, limit=_CANDIDATES
    )
    return [Candidate(item.id, item.kind, item.title, item.folded) for item in items]


def _beginning(texts: Iterable[str]) -> str:
    return "\n".join(texts)[:TEXT_LIMIT]


def _manifest(declared: Mapping[str, Any]) -> Manifest:
    return Manifest(
        title=declared.get("title", ""),
        description=declared.get("description", ""),
        language=declared.get("language", ""),
        license=declared.get("license", ""),
        keywords=tuple(declared.get("keywords", ())),
        grades=tuple(declared.get("grades", ())),
    )


def _shown(
    material: Material,
    files: Sequence[MaterialFile],
    draft: Drafted,
    names: Names,
    titles: Mapping[int, str],
) -> Suggestions:
    undecided = tuple(name for name in Field if name in material.undecided)
    kept = [guess for field in undecided for guess in draft.guesses.get(field, ())]
    labelled = [(guess, _label(guess, names, titles)) for guess in kept]
    return Suggestions(
        undecided,
        tuple(_suggestion(guess, label) for guess, label in labelled if label),
        tuple(
            _role(file, guess)
            for file, guess in zip(files, draft.roles, strict=False)
            if guess is not None and guess.fills and file.role is None
        ),
    )


def source_label(source: Source) -> str:
    """What a guess was read from, as people read it."""
    return worded("guess_source", source, SOURCE_LABELS[source])


def _suggestion(guess: Guess, label: str) -> Suggestion:
    return Suggestion(
        field=guess.field,
        value=guess.value,
        label=label,
        confidence=round(guess.confidence, 2),
        fills=guess.fills,
        source=guess.source,
        source_label=source_label(guess.source),
        evidence=guess.quote,
    )


def _role(file: MaterialFile, guess: Guess) -> RoleSuggestion:
    return RoleSuggestion(
        file.id,
        guess.value,
        worded("file_role", guess.value, ROLE_LABELS[Kind(guess.value)]),
        round(guess.confidence, 2),
        source_label(guess.source),
        guess.quote,
    )


def _label(guess: Guess, names: Names, items: Mapping[int, str]) -> str:
    """A guess as people read it; "" for what the curriculum does not hold."""
    value = guess.value
    if guess.field in (Field.TITLE, Field.DESCRIPTION, Field.KEYWORDS):
        return value
    if guess.field in (Field.SUBJECTS, Field.BOOKS, Field.ITEMS):
        return _official(guess, names, items)
    if guess.field is Field.GRADES:
        return worded("grade", value, f"Lớp {value}")
    if guess.field is Field.KIND:
        return worded("kind", value, KIND_LABELS[Kind(value)])
    if guess.field is Field.LANGUAGE:
        return worded("language", value, LANGUAGES[value])
    return worded("license", value, LICENSES[value].label)


def _official(guess: Guess, names: Names, items: Mapping[int, str]) -> str:
    if guess.field is Field.ITEMS:
        return items.get(int(guess.value), "")
    named = names.subjects if guess.field is Field.SUBJECTS else names.books
    found = named.get(guess.value)
    return found.label if found is not None else ""
