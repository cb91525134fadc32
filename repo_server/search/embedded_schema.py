"""The fields of the embedded index, and how a document fills them."""

import hashlib
from functools import lru_cache
from importlib.metadata import version
from typing import Final

import msgspec
import tantivy

from repo_server.domain import vietnamese
from repo_server.search.base import FACETS, MaterialDocument
from repo_server.search.passes import spread, without_surrogates
from repo_server.search.ranking import FACTS_SHOWN, Shown

# Raise it when the same fields are filled in another way, so that every index is fed again.
_FILLING: Final = 3

# Texts arrive as words parted by single spaces; the engine only cuts at the spaces.
_WORDS: Final = "words"

# Stands before the first word of a title, so that a phrase can ask for titles that begin so; no
# person's text has it as a word.
START: Final = "^"

TEXTS: Final = ("title_f", "title_x", "all_f", "all_x")
_RAW: Final = (*FACETS, "scope")
_NUMBERS: Final = ("rev", "newest", "use")

_HALF: Final = 2**32 - 1
_LONGEST_KEY: Final = 200
_WORDS_READ: Final = 65_536


def _build_schema() -> tantivy.Schema:
    """Texts with positions, filters raw, sort orders as columns, one value that is given back."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", indexed=True, fast=True)
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name=_WORDS, index_option="position")
    for name in _RAW:
        builder.add_text_field(name, tokenizer_name="raw", fast=True, index_option="basic")
    for name in _NUMBERS:
        builder.add_unsigned_field(name, fast=True)
    builder.add_text_field("title_key", tokenizer_name="raw", fast=True, index_option="basic")
    builder.add_bytes_field("shown", stored=True)
    return builder.build()


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What the index gives back of a material: the title as it is, and what ranking compares."""

    title: str
    words: str
    facts: dict[str, list[str]]
    use: int
    published_at: int

    @property
    def shown(self) -> Shown:
        """As ranking takes it."""
        return Shown(self.words, self.facts, self.use, self.published_at)


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Kept)


def kept(document: tantivy.Document) -> Kept:
    """What a stored document holds."""
    return _DECODER.decode(bytes(document.get_first("shown") or b""))


def schema_hash() -> str:
    """Changes with the fields, with how they are filled and with the engine's file format."""
    described = repr((TEXTS, _RAW, _NUMBERS, _FILLING, version("tantivy").split(".")[:2]))
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def register_tokenizers(index: tantivy.Index) -> None:
    """Needed at every opening: an index does not remember its tokenizers."""
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_WORDS, whitespace)


SCHEMA: Final = _build_schema()


def to_tantivy(document: MaterialDocument) -> tantivy.Document:
    """The document as the index holds it."""
    title = vietnamese.tokens(document.title)
    rest = (document.code, *document.keywords, document.description, document.body)
    # One text, for normalizing costs by the call; the engine's words are parted by any blank.
    words = [*title, *vietnamese.tokens("\n".join(rest))]
    settled = " ".join(map(_exact, title))
    made = tantivy.Document()
    made.add_unsigned("id", document.id)
    made.add_unsigned("rev", document.rev)
    made.add_text("title_f", " ".join([START, *map(_folded, title)]))
    made.add_text("title_x", f"{START} {settled}")
    made.add_text("all_f", " ".join(map(_folded, words)))
    made.add_text("all_x", " ".join(map(_exact, words)))
    for name in FACETS:
        for value in document.facets.get(name, ()):
            made.add_text(name, without_surrogates(value))
    for scope in document.scopes:
        made.add_text("scope", without_surrogates(scope))
    made.add_unsigned("newest", _with_id(document.published_at, document.id))
    made.add_unsigned("use", _with_id(document.use, document.id))
    made.add_text("title_key", _title_key(document))
    made.add_bytes("shown", _ENCODER.encode(_kept(document, settled)))
    return made


def _kept(document: MaterialDocument, words: str) -> Kept:
    facts = {
        name: [without_surrogates(value) for value in values]
        for name in FACTS_SHOWN
        if (values := document.facets.get(name))
    }
    title = without_surrogates(document.title)
    return Kept(title, words, facts, document.use, document.published_at)


@lru_cache(maxsize=_WORDS_READ)
def _folded(token: str) -> str:
    """A word as the folded fields hold it, with its parts ("khtn6 khtn 6")."""
    return " ".join(map(vietnamese.fold_token, spread([token])))


@lru_cache(maxsize=_WORDS_READ)
def _exact(token: str) -> str:
    """A word as the exact fields hold it, with its parts."""
    return " ".join(map(vietnamese.exact_token, spread([token])))


def _with_id(value: int, id: int) -> int:
    """A number that sorts by `value`, then by id: an order without ties pages without holes."""
    return (min(max(value, 0), _HALF) << 32) | (id & _HALF)


def _title_key(document: MaterialDocument) -> str:
    newest_first = _HALF - (document.id & _HALF)
    return f"{vietnamese.sort_key(document.title)[:_LONGEST_KEY]} {newest_first:010d}"
