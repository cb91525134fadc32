"""The same words asked of engines without our layer: SQLite's FTS5, and a bare tantivy.

Both hold the same texts, folded, and are asked for the ten best that hold all words; no facets, no
permissions, no snippets. They say what a search must cost at least.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import tantivy
from sqlalchemy import select

from bench.tables import p95
from repo_server.database.models import Material
from repo_server.domain.vietnamese import fold
from repo_server.services.documents import material_documents
from repo_server.services.library import Library

_BATCH: Final = 1_000
_HITS: Final = 10

Times = tuple[float, float]
"""Milliseconds: the median, and what one of twenty exceeds."""


def fts5(library: Library, folder: Path, asked: Sequence[str]) -> Times:
    """FTS5 over titles and texts, by its own ranking."""
    connection = sqlite3.connect(folder / "fts5.sqlite3")
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("CREATE VIRTUAL TABLE material USING fts5(title, body, tokenize=ascii)")
    with connection:
        rows = ((number, title, body) for number, title, body in _texts(library))
        connection.executemany("INSERT INTO material (rowid, title, body) VALUES (?, ?, ?)", rows)

    def ask(words: str) -> None:
        query = "SELECT rowid FROM material WHERE material MATCH ? ORDER BY rank LIMIT ?"
        matching = " ".join(f'"{word}"' for word in words.split())
        connection.execute(query, (matching, _HITS)).fetchall()

    times = _times(ask, asked)
    connection.close()
    return times


def bare_tantivy(library: Library, folder: Path, asked: Sequence[str]) -> Times:
    """One field of tantivy, all words required."""
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=True)
    builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
    schema = builder.build()
    (folder / "tantivy").mkdir()
    index = tantivy.Index(schema, path=str(folder / "tantivy"))
    writer = index.writer(heap_size=128_000_000, num_threads=1)
    for number, title, body in _texts(library):
        writer.add_document(tantivy.Document(id=number, body=f"{title} {body}"))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def ask(words: str) -> None:
        terms = [
            (tantivy.Occur.Must, tantivy.Query.term_query(schema, "body", word))
            for word in words.split()
        ]
        searcher.search(tantivy.Query.boolean_query(terms), limit=_HITS)

    return _times(ask, asked)


def _texts(library: Library) -> Iterator[tuple[int, str, str]]:
    last = 0
    while True:
        with library.database.read() as session:
            after = select(Material.id).where(Material.id > last).order_by(Material.id)
            ids = list(session.scalars(after.limit(_BATCH)))
            documents = material_documents(session, ids)
        if not ids:
            return
        last = ids[-1]
        for document in documents.values():
            yield document.id, fold(document.title), fold(f"{document.description} {document.body}")


def _times(ask: Callable[[str], None], asked: Sequence[str]) -> Times:
    each = []
    for text in asked:
        words = fold(text)
        began = time.perf_counter()
        ask(words)
        each.append(1000 * (time.perf_counter() - began))
    return median(each), p95(each)
