"""What the form of a material's description shows: values, choices and curriculum items."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from repo_server.domain.access import Viewer
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, LANGUAGES
from repo_server.domain.wording import worded
from repo_server.routes.pages.forms import Form
from repo_server.routes.pages.guess_context import FieldGuess, Values, field_guesses
from repo_server.routes.pages.material_context import shown_material
from repo_server.services import picking
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.suggesting import Suggestions
from repo_server.services.viewing import AlignmentView, MaterialView

_QUERY_LIMIT: Final = 200


class Option(Struct, frozen=True):
    """Something to choose; `summary`, `note` and `grades` where the list has them."""

    value: str
    label: str
    summary: str = ""
    url: str | None = None
    note: str = ""
    grades: tuple[int, ...] = ()


class Options(Struct, frozen=True):
    """All choices of the form."""

    kinds: tuple[Option, ...]
    grades: tuple[Option, ...]
    subjects: tuple[Option, ...]
    books: tuple[Option, ...]
    licenses: tuple[Option, ...]
    languages: tuple[Option, ...]


class FoundItem(Struct, frozen=True):
    """A curriculum item that matched the search inside the form."""

    id: int
    title: str
    kind_label: str
    trail: tuple[str, ...]
    picked: bool


def saved_values(view: MaterialView) -> Values:
    """The values that are stored."""
    card, choice = view.card, view.choice
    return {
        "title": card.title,
        "description": card.description,
        "kind": card.kind,
        "language": card.language,
        "license": card.license.code if card.license else None,
        "keywords": ", ".join(view.keywords),
        "grades": [str(grade) for grade in choice.grades],
        "subjects": list(choice.subjects),
        "books": list(choice.books),
        "items": [item for item in view.alignments if item.id in choice.items],
    }


def form_values(library: Library, viewer: Viewer, form: Form) -> tuple[Values, Description]:
    """What was typed, to be shown again, and what it asks for."""
    items = picking.items(library, viewer, form.numbers("item"))
    keywords = tuple(word.strip() for word in form.one("keywords").split(","))
    choice = Choice(
        tuple(grade for grade in form.numbers("grades") if 1 <= grade <= 12),
        form.many("subjects"),
        form.many("books"),
        tuple(item.id for item in items),
    )
    values = {
        name: form.one(name)
        for name in ("title", "description", "kind", "language", "license", "keywords")
    } | {
        "grades": [str(grade) for grade in choice.grades],
        "subjects": list(choice.subjects),
        "books": list(choice.books),
        "items": items,
    }
    description = Description(
        title=form.one("title"),
        description=form.one("description"),
        kind=form.one("kind") or None,
        language=form.one("language") or None,
        license=form.one("license") or None,
        keywords=keywords,
        choice=choice,
    )
    return values, description


def edit_context(
    library: Library,
    viewer: Viewer,
    view: MaterialView,
    values: Values,
    rev: int | None,
    *,
    found: Suggestions,
    errors: Mapping[str, str] | None = None,
    item_query: str = "",
) -> dict[str, Any]:
    """Everything that `edit.html` needs."""
    guesses = field_guesses(found, values)
    query = item_query[:_QUERY_LIMIT].strip()
    return {
        "material": shown_material(view),
        "etag": "" if rev is None else str(rev),
        "values": values,
        "errors": errors or {},
        "personal": view.personal,
        "personal_acknowledged": view.personal_acknowledged,
        "options": _options(library),
        "guesses": guesses,
        "marked": sum(guess.marked for guess in guesses.values()),
        "offered_items": _offered_items(library, viewer, guesses),
        "item_query": query,
        "item_results": _results(library, viewer, query, values),
    }


def _offered_items(
    library: Library, viewer: Viewer, guesses: Mapping[str, FieldGuess]
) -> tuple[AlignmentView, ...]:
    """Items of the curriculum that the material may be about, to be ticked."""
    offers = guesses["items"].offers if "items" in guesses else ()
    return picking.items(library, viewer, [int(one.value) for one in offers])


def _options(library: Library) -> Options:
    names = picking.names(library)
    return Options(
        kinds=tuple(
            Option(kind, worded("kind", kind, label)) for kind, label in KIND_LABELS.items()
        ),
        grades=tuple(
            Option(str(grade), worded("grade", str(grade), f"Lớp {grade}"))
            for grade in range(1, 13)
        ),
        subjects=tuple(
            Option(code, subject.label, grades=subject.grades)
            for code, subject in names.subjects.items()
        ),
        books=tuple(Option(code, book.label, note=book.note) for code, book in names.books.items()),
        licenses=tuple(
            Option(
                code,
                worded("license", code, license.label),
                worded("license_summary", code, license.summary),
                license.url,
            )
            for code, license in LICENSES.items()
        ),
        languages=tuple(
            Option(code, worded("language", code, label)) for code, label in LANGUAGES.items()
        ),
    )


def _results(library: Library, viewer: Viewer, query: str, values: Values) -> tuple[FoundItem, ...]:
    if not query:
        return ()
    grades = [int(grade) for grade in _texts(values["grades"])]
    found = picking.find(library, viewer, query, grades, _texts(values["subjects"]))
    picked = {item.id for item in _picked(values["items"])}
    return tuple(
        FoundItem(item.id, item.title, item.kind_label, item.trail, item.id in picked)
        for item in found
    )


def _texts(value: object) -> Sequence[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []


def _picked(value: object) -> Sequence[AlignmentView]:
    entries = value if isinstance(value, (list, tuple)) else ()
    return [entry for entry in entries if isinstance(entry, AlignmentView)]
