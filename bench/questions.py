"""What people ask of the generated library: addresses of searches, no two alike."""

import random
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlencode

from repo_server.domain.vietnamese import unmarked
from repo_server.services.cataloguing import CatalogueRecord

Record = CatalogueRecord
_SEED: Final = 7


def questions(records: Sequence[Record], count: int) -> dict[str, list[str]]:
    """Query strings by the kind of question, up to `count` of each."""
    return {
        name: _some(records, count, make, random.Random(f"{_SEED}{name}"))
        for name, make in _KINDS.items()
    }


def _some(
    records: Sequence[Record],
    count: int,
    make: Callable[[Record, random.Random], Sequence[tuple[str, str]]],
    chance: random.Random,
) -> list[str]:
    found: dict[str, None] = {}
    for record in chance.sample(records, min(len(records), 3 * count)):
        found.setdefault(urlencode(make(record, chance)))
        if len(found) == count:
            break
    return list(found)


def _words(record: Record, chance: random.Random) -> str:
    words = record.title.split()
    start = chance.randrange(max(1, len(words) - 3))
    return " ".join(words[start : start + chance.randint(2, 4)]).strip(":,().")


def _title(record: Record, _: random.Random) -> list[tuple[str, str]]:
    return [("q", record.title)]


def _unaccented(record: Record, chance: random.Random) -> list[tuple[str, str]]:
    return [("q", unmarked(_words(record, chance)))]


def _accented(record: Record, chance: random.Random) -> list[tuple[str, str]]:
    return [("q", _words(record, chance))]


def _unfinished(record: Record, chance: random.Random) -> list[tuple[str, str]]:
    words = _words(record, chance)
    return [("q", words[: max(3, len(words) - chance.randint(1, 2))])]


def _filtered(record: Record, chance: random.Random) -> list[tuple[str, str]]:
    return [
        ("q", _words(record, chance)),
        ("grade", str(record.grades[0])),
        ("subject", record.subjects[0]),
    ]


def _browsed(record: Record, chance: random.Random) -> list[tuple[str, str]]:
    pairs = [("grade", str(record.grades[0])), ("subject", record.subjects[0])]
    return [*pairs, ("kind", record.kind or ""), ("page", str(chance.randint(1, 3)))]


_KINDS: Final = {
    "exact title": _title,
    "words with accents": _accented,
    "words without accents": _unaccented,
    "unfinished word": _unfinished,
    "words, grade, subject": _filtered,
    "filters alone": _browsed,
}
