"""What Meilisearch is given: the settings of an index, and documents in its words.

The engine drops marks and then cannot rank by them, so it gets two readings of every text: the
folded one, and the exact one in VNI coding ("phu7o7ng tri2nh"), where marks are plain digits.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from repo_server.domain import vietnamese
from repo_server.search.base import FACETS, MAX_DEPTH, MaterialDocument
from repo_server.search.passes import spread, without_surrogates
from repo_server.search.ranking import FACTS_SHOWN

# Raise it when the same attributes are filled in another way, so that every index is fed again.
_FILLING: Final = 2

FOLDED: Final = ("title_f", "rest_f")
EXACT: Final = ("title_x", "rest_x")

SETTINGS: Final[dict[str, Any]] = {
    "searchableAttributes": [*FOLDED, *EXACT],
    "displayedAttributes": [
        "id",
        "rev",
        "title",
        "words",
        "use",
        "published_at",
        *FACTS_SHOWN,
    ],
    "filterableAttributes": ["id", "scope", *FACETS],
    "sortableAttributes": ["id", "published_at", "use", "title_key"],
    # `sort` first: it is only in force when a reader chose an order, and then it is the order.
    "rankingRules": [
        "sort",
        "words",
        "typo",
        "proximity",
        "attributeRank",
        "wordPosition",
        "exactness",
        "use:desc",
        "id:desc",
    ],
    "stopWords": [],
    "typoTolerance": {"disableOnNumbers": True, "disableOnAttributes": [*EXACT]},
    "proximityPrecision": "byWord",
    "faceting": {"maxValuesPerFacet": 200, "sortFacetValuesBy": {"*": "count"}},
    "pagination": {"maxTotalHits": MAX_DEPTH},
    "searchCutoffMs": 500,
}

_VNI: Final = {
    "\u0301": "1",  # sắc
    "\u0300": "2",  # huyền
    "\u0309": "3",  # hỏi
    "\u0303": "4",  # ngã
    "\u0323": "5",  # nặng
    "\u0302": "6",  # â ê ô
    "\u031b": "7",  # ơ ư
    "\u0306": "8",  # ă
    "đ": "d9",
}

# The engine refuses to sort by values longer than 468 bytes; the key is written in hexadecimal.
_LONGEST_KEY: Final = 200


def schema_hash() -> str:
    """Changes with the settings and with how documents are filled."""
    described = json.dumps([SETTINGS, _FILLING], sort_keys=True)
    return hashlib.sha256(described.encode()).hexdigest()[:8]


def to_meilisearch(document: MaterialDocument) -> dict[str, Any]:
    """The document as the index holds it."""
    title = spread(vietnamese.tokens(document.title))
    rest = (document.code, *document.keywords, document.description, document.body)
    words = spread(token for text in rest for token in vietnamese.tokens(text))
    facets = {
        name: [without_surrogates(value) for value in document.facets.get(name, ())]
        for name in FACETS
    }
    return {
        **facets,
        "id": document.id,
        "rev": document.rev,
        "title": without_surrogates(document.title),
        "words": " ".join(vietnamese.exact_token(token) for token in title),
        "title_f": _folded(title),
        "rest_f": _folded(words),
        "title_x": _exact(title),
        "rest_x": _exact(words),
        "scope": [without_surrogates(scope) for scope in document.scopes],
        "published_at": document.published_at,
        "use": document.use,
        "title_key": _title_key(document.title),
    }


@lru_cache(maxsize=65_536)
def vni(token: str) -> str:
    """A word in VNI coding, each mark as a digit after its letter."""
    return "".join(_VNI.get(letter, letter) for letter in unicodedata.normalize("NFD", token))


def _folded(tokens: Iterable[str]) -> str:
    return " ".join(vietnamese.fold_token(token) for token in tokens)


def _exact(tokens: Iterable[str]) -> str:
    return " ".join(vni(vietnamese.exact_token(token)) for token in tokens)


def _title_key(title: str) -> str:
    """Hexadecimal keeps the order where the engine would make capitals small."""
    return vietnamese.sort_key(title).encode()[:_LONGEST_KEY].hex()
