"""What is remembered of a record that became a material: where it came from, its text, and how the
import left each field, so that a later import does not undo what a person has changed since.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from repo_server.database.models import CatalogueEntry, CataloguePassage, Material
from repo_server.domain.vietnamese import fold

SOURCE_LIMIT: Final = 300
URL_LIMIT: Final = 2_000
TEXT_LIMIT: Final = 400_000
"""Characters of text that one record may bring."""

USE_LIMIT: Final = 1_000_000_000

PASSAGE: Final = 4_000
"""Characters of a passage, at most: what a snippet is looked for in."""

_DIGEST_BYTES: Final = 6
_BREAKS: Final = ("\n", ". ", "? ", "! ", "; ", " ")
_WITHOUT_COLUMN: Final = ("text", "source", "url", "use")
"""What an entry holds beside the material's own columns: nobody but an import changes it."""


def digests(values: Mapping[str, Any], items: Sequence[str]) -> dict[str, str]:
    """A short digest of each field: of the columns, and of the codes of the items."""
    said = {name: digest(value) for name, value in values.items() if name != "folded_title"}
    return said | {"items": digest(sorted(items))}


def digest(value: object) -> str:
    """The same for equal values only."""
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest()


def stored(moment: datetime) -> datetime:
    """A moment as it comes back from the database: UTC, to the millisecond."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def changed_by_person(
    entry: CatalogueEntry, material: Material, name: str, codes: Sequence[str]
) -> bool:
    """Whether a field is no longer as the last import left it."""
    if name in _WITHOUT_COLUMN or name not in entry.imported:
        return False
    present = sorted(codes) if name == "items" else getattr(material, name)
    return bool(entry.imported[name] != digest(present))


def passages(text: str) -> Iterator[str]:
    """The text in passages, each ending where a paragraph, a sentence or a word does."""
    rest = text.strip()
    while len(rest) > PASSAGE:
        end = next(
            (
                at + len(mark)
                for mark in _BREAKS
                if (at := rest.rfind(mark, PASSAGE // 2, PASSAGE)) > 0
            ),
            PASSAGE,
        )
        yield rest[:end].strip()
        rest = rest[end:].strip()
    if rest:
        yield rest


def passage_rows(material_id: int, text: str) -> list[dict[str, Any]]:
    """The rows of a material's text."""
    return [
        {"material_id": material_id, "position": position, "text": one, "folded": fold(one)}
        for position, one in enumerate(passages(text), start=1)
    ]


def replace_text(session: Session, material_id: int, text: str) -> None:
    """Put a material's text in the place of what it had."""
    held = CataloguePassage.material_id == material_id
    session.execute(delete(CataloguePassage).where(held))
    session.add_all(CataloguePassage(**row) for row in passage_rows(material_id, text))
