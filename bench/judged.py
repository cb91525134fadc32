"""Questions whose best answers are known: from a file, or made from the curriculum's topics."""

import json
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.catalogue import Item
from repo_server.domain.vietnamese import fold, tokens, unmarked
from repo_server.search.meilisearch_documents import vni
from repo_server.services.cataloguing import CatalogueRecord

_SEED: Final = 5
_FEWEST_WORDS: Final = 3
_MOST_WORDS: Final = 8
_BEST: Final = 3
_LETTERS: Final = "abcdeghiklmnopqrstuvxy"


@dataclass(frozen=True, slots=True)
class Judged:
    """A question of some kind, and what answers it: external id → grade, 3 for the best."""

    kind: str
    text: str
    relevant: Mapping[str, int]


def from_file(path: Path) -> list[Judged]:
    """One question a line, as JSON with `kind`, `q` and `relevant`."""
    lines = (json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip())
    return [Judged(line["kind"], line["q"], line["relevant"]) for line in lines]


def generated(records: Sequence[CatalogueRecord], items: Sequence[Item]) -> list[Judged]:
    """Each topic that some record is about, asked for in many ways."""
    chance = random.Random(_SEED)
    about: dict[str, dict[str, int]] = {}
    titles = {item.code: item.title for item in items if item.kind == "topic"}
    for record in records:
        for code in record.items:
            title = titles.get(code, "")
            if _FEWEST_WORDS <= len(tokens(title)) <= _MOST_WORDS:
                about.setdefault(title, {})[record.external_id] = _BEST
    return [
        Judged(kind, asked, relevant)
        for title, relevant in sorted(about.items())
        for kind, damage in _KINDS.items()
        if fold(asked := damage(title, chance))
    ]


def _typo(title: str, chance: random.Random) -> str:
    words = unmarked(title).split()
    at = chance.choice([place for place, word in enumerate(words) if len(word) > 1])
    word = words[at]
    place = chance.randrange(len(word) - 1)
    slips = (
        word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        word[:place] + word[place + 1 :],
        word[: place + 1] + word[place] + word[place + 1 :],
        word[:place] + chance.choice(_LETTERS) + word[place + 1 :],
    )
    words[at] = chance.choice(slips)
    return " ".join(words)


def _joined(title: str, chance: random.Random) -> str:
    words = unmarked(title).split()
    at = chance.randrange(len(words) - 1)
    return " ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]])


def _begun(title: str, _: random.Random) -> str:
    words = title.split()
    return " ".join([*words[:-1], words[-1][: max(1, len(words[-1]) - 2)]])


def _shuffled(title: str, chance: random.Random) -> str:
    words = title.split()
    return " ".join(chance.sample(words, len(words)))


def _partial(title: str, chance: random.Random) -> str:
    words = title.split()
    gone = chance.randrange(len(words))
    return " ".join(words[:gone] + words[gone + 1 :])


_KINDS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "exact": lambda title, _: title,
    "nodia": lambda title, _: unmarked(title),
    "nfd": lambda title, _: unicodedata.normalize("NFD", title),
    "upper": lambda title, _: title.upper(),
    "typo1": _typo,
    "vni": lambda title, _: " ".join(vni(token) for token in tokens(title)),
    "prefix": _begun,
    "joined": _joined,
    "partial": _partial,
    "shuffled": _shuffled,
}
