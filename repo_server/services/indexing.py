"""Indexes learn what the database knows: the relay, and rebuilding beside the serving index.

The index state says which revision an index should hold. The relay reads the row as it is now,
gives it to the index, waits until the index holds it for certain, and only then says so: whoever
dies in between repeats a step that is harmless to repeat.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from typing import Final, Protocol

import structlog
from sqlalchemy import func, select

from repo_server.database import outbox
from repo_server.database.models import Material
from repo_server.database.outbox import Behind
from repo_server.database.turns import turn
from repo_server.domain.errors import Busy, SearchUnavailable
from repo_server.domain.materials import Status
from repo_server.failpoints import reached
from repo_server.search.base import MaterialDocument, Rebuild, SearchIndex
from repo_server.services.documents import material_documents
from repo_server.services.library import Library

BATCH: Final = 500

ACKNOWLEDGED: Final = 20_000
"""Materials in one transaction when a rebuilt index is noted."""

PATIENCE: Final = 30.0
"""Seconds to wait for somebody else's batch."""

log = structlog.get_logger()


class _Sink(Protocol):
    def put_many(self, documents: Sequence[MaterialDocument]) -> None: ...


def register_indexes(library: Library) -> None:
    """Make every index a target; one that is new, emptied or of another shape is fed anew."""
    with library.database.write() as session:
        for index in library.indexes:
            outbox.register_target(session, index.name, index.schema_version)


def feed(library: Library, index: SearchIndex) -> int:
    """Give `index` one batch of what it lacks; returns how many materials that was.

    Raises SearchUnavailable when the engine is down: nothing is acknowledged then. Raises Busy
    while somebody else feeds it: of two who feed at once, the slower would put back what it read
    earlier.
    """
    with library.database.read() as session:
        if not outbox.behind(session, index.name, 1):
            return 0
    with turn(library.database, _turn_of(index)):
        return _feed_batch(library, index)


def _turn_of(index: SearchIndex) -> str:
    return f"feed {index.name}"


def _feed_batch(library: Library, index: SearchIndex) -> int:
    with library.database.read() as session:
        batch = outbox.behind(session, index.name, BATCH)
        documents = material_documents(session, [entry.material_id for entry in batch])
    gone = [entry.material_id for entry in batch if entry.material_id not in documents]
    reached("C16")
    if documents:
        index.put_many(list(documents.values()))
    if gone:
        index.delete_many(gone)
    reached("C18")
    with library.database.write() as session:
        outbox.acknowledge(session, index.name, _learned(batch, documents))
    reached("C19")
    return len(batch)


def _learned(batch: Sequence[Behind], documents: dict[int, MaterialDocument]) -> list[Behind]:
    # The row may have moved on since `want_rev` was read; what was fed is the row's own revision.
    return [
        Behind(entry.material_id, max(entry.want_rev, documents[entry.material_id].rev))
        if entry.material_id in documents
        else entry
        for entry in batch
    ]


def feed_all(library: Library) -> int:
    """Feed every index until none lacks anything; returns how many entries were fed."""
    return sum(_feed_until_current(library, index) for index in library.indexes)


def _feed_until_current(library: Library, index: SearchIndex) -> int:
    total = 0
    while fed := feed(library, index):
        total += fed
    return total


def lag(library: Library) -> dict[str, int]:
    """How many materials each index has yet to learn."""
    with library.database.read() as session:
        return {index.name: outbox.lag(session, index.name) for index in library.indexes}


def rebuild(
    library: Library, index: SearchIndex, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Build a new index beside the serving one and switch; returns how many it holds.

    Just before the switch the target counts as empty, just after it as holding what was loaded.
    Whoever dies in between leaves an index that is fed again, never one that is believed wrongly.
    """
    with library.database.read() as session:
        total = session.scalar(select(func.count()).where(*_PUBLISHED)) or 0
    new = index.rebuild()
    reached("C33")
    try:
        fed = _load(library, new, lambda done: progress(done, total))
        reached("C35")
        _compare(new, fed)
        reached("C36")
        with _own_turn(library, index):
            with library.database.write() as session:
                outbox.forget_index(session, index.name)
            new.switch()
            reached("C37")
            with library.database.write() as session:
                outbox.forget_index(session, index.name)
            _acknowledge(library, index, fed)
        reached("C38")
    finally:
        new.abandon()
    return len(fed)


def _acknowledge(library: Library, index: SearchIndex, fed: dict[int, int]) -> None:
    """Note what the index holds, bit by bit: a million rows at once would keep all others waiting.

    Whoever dies in between leaves some to be fed again.
    """
    held = iter(fed.items())
    while portion := [Behind(*entry) for entry in islice(held, ACKNOWLEDGED)]:
        with library.database.write() as session:
            outbox.acknowledge(session, index.name, portion)


def _compare(new: Rebuild, fed: dict[int, int]) -> None:
    """Raise SearchUnavailable unless the new index holds what was loaded: it must not serve."""
    sample = {entry.id: entry.rev for entry in new.sample()}
    wrong = [id_ for id_, rev in sample.items() if fed.get(id_) != rev]
    if wrong or new.count() != len(fed):
        log.error("indexing.rebuild_differs", loaded=len(fed), holds=new.count(), wrong=wrong[:5])
        raise SearchUnavailable


@contextmanager
def _own_turn(library: Library, index: SearchIndex) -> Iterator[None]:
    """The turn at `index`, waiting for the batch that somebody is feeding; Busy after that."""
    with ExitStack() as held:
        _patiently(lambda: held.enter_context(turn(library.database, _turn_of(index))))
        yield


def _patiently(act: Callable[[], object]) -> None:
    """Do `act` as soon as nobody is in the way; Busy when somebody is for too long."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            act()
        except Busy:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


_PUBLISHED: Final = (Material.status == Status.PUBLISHED, Material.deleted_at.is_(None))


def _load(library: Library, sink: _Sink, progress: Callable[[int], None]) -> dict[int, int]:
    """Load every published material; returns the revision that was loaded of each."""
    fed: dict[int, int] = {}
    last = 0
    while True:
        with library.database.read() as session:
            after = select(Material.id).where(Material.id > last, *_PUBLISHED)
            ids = list(session.scalars(after.order_by(Material.id).limit(BATCH)))
            documents = material_documents(session, ids)
        if not ids:
            return fed
        sink.put_many(list(documents.values()))
        reached("C34")
        fed |= {document.id: document.rev for document in documents.values()}
        last = ids[-1]
        progress(len(fed))


def feed_if_free(library: Library) -> None:
    """Feed every index, together with a server that does so; leaves it to later if one is down."""
    for index in library.indexes:
        try:
            _patiently(partial(_feed_until_current, library, index))
        except (Busy, SearchUnavailable) as error:
            log.info("indexing.left_to_others", index=index.name, error=error.code)
