"""Meilisearch: the engine for many machines, one independent server per index.

The official client is used for administration only (it opens a connection for every call);
documents and searches go through pooled connections. Every schema of ours is an index of its own,
`<uid>-<hash>`, so that settings never change below documents that were written for others.
"""

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import meilisearch
from meilisearch.errors import MeilisearchError

from repo_server.domain.errors import SearchUnavailable
from repo_server.domain.questions.base import Question
from repo_server.failpoints import reached
from repo_server.search.base import (
    IndexEntry,
    MaterialDocument,
    SearchPage,
    SearchQuery,
    SuggestedTitle,
)
from repo_server.search.meilisearch_documents import SETTINGS, schema_hash, to_meilisearch
from repo_server.search.meilisearch_http import MeilisearchHttp, unavailable
from repo_server.search.meilisearch_search import Answering
from repo_server.search.meilisearch_words import titles_body
from repo_server.search.passes import check_bounds
from repo_server.search.suggesting import best_titles

_ADMIN_SECONDS: Final = 5
_ENTRIES_AT_ONCE: Final = 1_000
# Far more than a batch of lessons; a batch of whole books becomes several tasks.
_TASK_BYTES: Final = 8_000_000
# A rebuild that was not written to for so long has died.
_DEAD_AFTER: Final = timedelta(hours=1)


class MeilisearchIndex:
    """`SearchIndex` on one server. A write returns when the server's task has succeeded."""

    def __init__(
        self, url: str, api_key: str, uid: str = "materials", *, name: str = "meilisearch"
    ) -> None:
        self.name = name
        self._uid = f"{uid}-{schema_hash()}"
        self._family = re.compile(rf"{re.escape(uid)}-[0-9a-f]{{8}}(-rebuild-[0-9a-f]+)?")
        self._server = _Server(url, api_key)
        self._lock = threading.Lock()
        self._made = self._known = False

    @property
    def schema_version(self) -> str:
        """Settings and filling; a server that lost its data is found by `count`."""
        return schema_hash()

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add or replace by id, in one task up to 8 MB; then some may be in when it raises."""
        with self._prepared():
            self._server.put(self._uid, documents)

    def delete_many(self, ids: Sequence[int]) -> None:
        """Remove by id in one task."""
        if not ids:
            return
        with self._prepared():
            self._server.run(f"/indexes/{self._uid}/documents/delete-batch", list(ids))

    def search(self, query: SearchQuery) -> SearchPage:
        """Answer one question."""
        check_bounds(query)
        if not query.scopes:
            return SearchPage(0, (), dict.fromkeys(query.facets, ()))
        with self._prepared(asking=True):
            return Answering(query, self._multi_search).answer()

    def suggest(
        self, question: Question, scopes: Sequence[str], limit: int
    ) -> tuple[SuggestedTitle, ...]:
        """Titles with the words, the closest first."""
        if not question.terms or not scopes or limit < 1:
            return ()
        with self._prepared(asking=True):
            answer = self._multi_search([titles_body(question, scopes)])[0]
        return best_titles([(hit["title"], hit["id"]) for hit in answer["hits"]], question, limit)

    def entries_of(self, ids: Sequence[int]) -> tuple[IndexEntry, ...]:
        """As the server holds them after its last task."""
        with self._prepared():
            parts = (ids[at : at + _ENTRIES_AT_ONCE] for at in range(0, len(ids), _ENTRIES_AT_ONCE))
            return tuple(entry for part in parts for entry in self._server.named(self._uid, part))

    def entries(self) -> Iterator[IndexEntry]:
        """In the order of the server; what changes while it is read may be missed."""
        offset = 0
        while True:
            with self._prepared():
                some = self._server.entries(self._uid, offset)
            if not some:
                return
            yield from some
            offset += len(some)

    def count(self) -> int:
        """How many documents the index holds."""
        with self._prepared():
            return self._server.count(self._uid)

    def rebuild(self) -> "MeilisearchRebuild":
        """A new index beside the serving one; those of dead rebuilds are removed."""
        with self._prepared():
            self._server.drop(uid for uid in self._idle() if "-rebuild-" in uid)
            return MeilisearchRebuild(self._server, self._uid)

    def check(self) -> None:
        """Raise `SearchUnavailable` when the server is down."""
        self._server.http.get("/health")

    def drop(self) -> None:
        """Remove the index and everything in it from the server; the next call makes it anew."""
        self._made = self._known = False
        if self._server.http.exists(f"/indexes/{self._uid}"):
            self._server.drop([self._uid])

    def close(self) -> None:
        """Let go of the connections."""
        self._server.http.close()

    def _multi_search(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        queries = [{"indexUid": self._uid, **body} for body in bodies]
        answer = self._server.http.post("/multi-search", {"queries": queries})
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list) or len(found) != len(queries):
            raise unavailable("a multi-search was not answered", answer)
        return found

    @contextlib.contextmanager
    def _prepared(self, *, asking: bool = False) -> Iterator[None]:
        """The index with its settings is there; after a failure that is looked at again.

        One that was there and is gone is not made for somebody who asks: an empty answer would be
        believed, while others can still give the right one.
        """
        with self._lock:
            if not self._made:
                self._make(gone_is_failure=asking and self._known)
                self._made = self._known = True
        try:
            yield
        except SearchUnavailable:
            self._made = False
            raise

    def _make(self, *, gone_is_failure: bool) -> None:
        if self._server.http.exists(f"/indexes/{self._uid}"):
            self._server.set_up(self._uid)
            return
        if gone_is_failure:
            raise unavailable("the server has lost the index", self._uid)
        self._server.create(self._uid)
        self._server.drop(uid for uid in self._idle() if not uid.startswith(self._uid))

    def _idle(self) -> list[str]:
        """Our other indexes on this server that nobody has written to lately."""
        found = self._server.http.get("/indexes?limit=1000")["results"]
        dead = datetime.now(UTC) - _DEAD_AFTER
        return [
            index["uid"]
            for index in found
            if self._family.fullmatch(index["uid"])
            and index["uid"] != self._uid
            and datetime.fromisoformat(index["updatedAt"]) < dead
        ]


class MeilisearchRebuild:
    """An index that grows beside the serving one and changes places with it."""

    def __init__(self, server: "_Server", serving: str) -> None:
        self._server = server
        self._serving = serving
        self._uid = f"{serving}-rebuild-{secrets.token_hex(4)}"
        self._open = True
        server.create(self._uid)

    def put_many(self, documents: Sequence[MaterialDocument]) -> None:
        """Add to the new index."""
        self._server.put(self._uid, documents)

    def count(self) -> int:
        """How many documents the new index holds."""
        return self._server.count(self._uid)

    def sample(self) -> list[IndexEntry]:
        """Some of what the new index holds."""
        return self._server.entries(self._uid, 0)

    def switch(self) -> None:
        """Change places with the serving index and remove the old one."""
        self._server.swap(self._serving, self._uid)
        self.abandon()

    def abandon(self) -> None:
        """Remove the index that does not serve."""
        if self._open:
            self._server.drop([self._uid])
            self._open = False


class _Server:
    """What both need of one server."""

    def __init__(self, url: str, api_key: str) -> None:
        self.http = MeilisearchHttp(url, api_key)
        self._admin = meilisearch.Client(url.rstrip("/"), api_key or None, timeout=_ADMIN_SECONDS)

    def create(self, uid: str) -> None:
        """A new empty index with our settings."""
        with _admin_errors():
            task = self._admin.create_index(uid, {"primaryKey": "id"}).task_uid
        self.http.wait(task)
        self.set_up(uid)

    def set_up(self, uid: str) -> None:
        """Our settings on an index; nothing happens where they are in force."""
        with _admin_errors():
            task = self._admin.index(uid).update_settings(dict(SETTINGS)).task_uid
        self.http.wait(task)

    def swap(self, one: str, other: str) -> None:
        """Two indexes change places, in one step for every search."""
        with _admin_errors():
            task = self._admin.swap_indexes([{"indexes": [one, other]}]).task_uid
        self.http.wait(task)

    def drop(self, uids: Iterable[str]) -> None:
        """Remove indexes for good."""
        for uid in uids:
            with _admin_errors():
                task = self._admin.delete_index(uid).task_uid
            self.http.wait(task)

    def put(self, uid: str, documents: Sequence[MaterialDocument]) -> None:
        """Add or replace; the last one of an id wins."""
        latest = {document.id: document for document in documents}
        for body in _bodies(latest.values()):
            self.run(f"/indexes/{uid}/documents", body)

    def run(self, path: str, body: object) -> None:
        """Post something that the server makes a task of, and wait for the task."""
        task = self.http.post(path, body)["taskUid"]
        reached("C17")
        self.http.wait(task)

    def count(self, uid: str) -> int:
        """How many documents an index holds."""
        return int(self.http.get(f"/indexes/{uid}/stats")["numberOfDocuments"])

    def entries(self, uid: str, offset: int) -> list[IndexEntry]:
        """Ids and revisions from `offset` on."""
        return self._fetch(uid, {"offset": offset})

    def named(self, uid: str, ids: Sequence[int]) -> list[IndexEntry]:
        """Ids and revisions of those of `ids` that are there."""
        return self._fetch(uid, {"ids": list(ids)})

    def _fetch(self, uid: str, which: dict[str, Any]) -> list[IndexEntry]:
        wanted = {"fields": ["id", "rev"], "limit": _ENTRIES_AT_ONCE, **which}
        found = self.http.post(f"/indexes/{uid}/documents/fetch", wanted)["results"]
        return [IndexEntry(one["id"], one["rev"]) for one in found]


def _bodies(documents: Iterable[MaterialDocument]) -> Iterator[bytes]:
    """Arrays of JSON that the server takes (up to 100 MB) and indexes within a task's time."""
    held: list[bytes] = []
    size = 0
    for document in documents:
        made = json.dumps(to_meilisearch(document)).encode()
        if held and size + len(made) > _TASK_BYTES:
            yield b"[" + b",".join(held) + b"]"
            held, size = [], 0
        held.append(made)
        size += len(made)
    if held:
        yield b"[" + b",".join(held) + b"]"


@contextlib.contextmanager
def _admin_errors() -> Iterator[None]:
    # What the client does not wrap: errors of transport (OSError), answers of another shape.
    try:
        yield
    except (MeilisearchError, OSError, ValueError, TypeError) as error:
        raise unavailable("administration failed", error) from None
