"""`kho.toml`: what an import learns about the files beside it (docs/importing.md)."""

import json
from collections.abc import Sequence
from typing import Final

from repo_server.samples.lesson import Lesson

NAME: Final = "kho.toml"


def write_sidecar(lesson: Lesson, files: Sequence[tuple[str, str]]) -> bytes:
    """The description of a lesson whose folder holds these files (name, role)."""
    fields: dict[str, object] = {
        "title": lesson.title,
        "description": lesson.description,
        "kind": lesson.kind,
        "language": lesson.language,
        "license": lesson.license,
        "author": lesson.author,
        "grades": lesson.grades,
        "subjects": lesson.subjects,
        "books": lesson.books,
        "items": lesson.items,
        "keywords": lesson.keywords,
    }
    lines = [f"{name} = {_value(value)}" for name, value in fields.items()]
    for name, role in files:
        lines += ["", "[[files]]", f"name = {_value(name)}", f"role = {_value(role)}"]
    return ("\n".join(lines) + "\n").encode()


def _value(value: object) -> str:
    # JSON strings, numbers and flat lists are TOML as well.
    return json.dumps(value, ensure_ascii=False)
