"""What the form shows of guesses: fields that filled themselves, marked, and offers to tap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repo_server.domain.access import Viewer
from repo_server.domain.guessing.base import Field
from repo_server.routes.pages.forms import Form
from repo_server.services import picking
from repo_server.services.library import Library
from repo_server.services.suggesting import Suggestion, Suggestions
from repo_server.services.viewing import AlignmentView

Values = dict[str, Any]

_LISTED = (Field.GRADES, Field.SUBJECTS, Field.BOOKS)
_SINGLE = (Field.TITLE, Field.DESCRIPTION, Field.KIND, Field.LANGUAGE, Field.KEYWORDS)


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """What is guessed of one field. `marked`: what stands in it is a guess, with its evidence."""

    marked: bool
    sources: str
    evidence: tuple[str, ...]
    percent: int
    offers: tuple[Suggestion, ...]


def guessed_values(library: Library, viewer: Viewer, found: Suggestions, values: Values) -> Values:
    """The stored values with what is sure in the fields that no person has decided."""
    shown = dict(values)
    for field in found.undecided:
        filled = found.filled(field)
        if filled:
            shown[field] = _as_value(library, viewer, Field(field), filled)
    return shown


def _as_value(library: Library, viewer: Viewer, field: Field, filled: tuple[str, ...]) -> Any:
    if field is Field.ITEMS:
        return list(picking.items(library, viewer, [int(item) for item in filled]))
    return list(filled) if field in _LISTED else filled[0]


def changed_by_tap(form: Form, found: Suggestions, values: Values) -> Values | None:
    """The typed values after "clear:kind", "clear:all" or "take:title:…"; None for other acts."""
    act, _, rest = form.one("do").partition(":")
    if act == "clear":
        names = found.undecided if rest == "all" else (rest,)
        marked = field_guesses(found, values)
        cleared = [name for name in names if name in marked and marked[name].marked]
        return values | {name: _empty(Field(name)) for name in cleared}
    if act == "take":
        name, _, value = rest.partition(":")
        offered = {guess.value for guess in found.of(name)} if name in _SINGLE else set()
        return values | {name: value} if value in offered else values
    return None


def _empty(field: Field) -> Any:
    if field is Field.LANGUAGE:
        return "vi"
    return "" if field in _SINGLE else []


def field_guesses(found: Suggestions, values: Mapping[str, Any]) -> dict[str, FieldGuess]:
    """What to say at each undecided field, given what stands in it."""
    said = {}
    for field in found.undecided:
        shown = _shown(values.get(field))
        guesses = found.of(field)
        held = [guess for guess in guesses if guess.value in shown]
        others = tuple(guess for guess in guesses if guess.value not in shown)
        if guesses:
            said[field] = FieldGuess(
                marked=bool(held) and len(held) == len(shown),
                sources=", ".join(dict.fromkeys(guess.source_label for guess in held)),
                evidence=tuple(dict.fromkeys(guess.evidence for guess in held if guess.evidence)),
                percent=round(100 * min((guess.confidence for guess in held), default=0)),
                offers=others,
            )
    return said


def _shown(value: object) -> list[str]:
    """The values that stand in a field, as guesses name them."""
    if isinstance(value, (list, tuple)):
        return [str(one.id) if isinstance(one, AlignmentView) else str(one) for one in value]
    return [str(value)] if value else []
