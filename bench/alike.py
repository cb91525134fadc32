"""What the library has already: how long it takes to tell among 300,000 files, how rightly."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import insert

from bench.catalogue import sentences
from bench.tables import Row, p50, p95
from bench.workshop import Workshop
from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.migrations import migrate
from repo_server.database.models import Blob, Fingerprint, FingerprintBand
from repo_server.database.queries import likeness as queries
from repo_server.domain.access import ANONYMOUS
from repo_server.domain.likeness import ALIKE
from repo_server.domain.vietnamese import fold
from repo_server.services import fingerprints

_FILES: Final = 300_000
_QUESTIONS: Final = 300
_PAIRS: Final = 200
_SENTENCES: Final = 60
_BATCH: Final = 5_000
_TEMPLATE: Final = 0.02
"""Share of the files that one popular template makes alike in a band."""


def measure(workshop: Workshop) -> list[Row]:
    """Times of the look-up in SQL, and how often likeness is told rightly."""
    count = workshop.size(_FILES, 2_000)
    database = open_database(sqlite_url(workshop.folder("alike") / "alike.sqlite3"))
    try:
        migrate(database)
        began = time.perf_counter()
        _fill(database, count)
        filled = time.perf_counter() - began
        times = _look_up(database, workshop.size(_QUESTIONS, 20))
    finally:
        database.close()
    made = [_timed_signature(seed) for seed in range(workshop.size(200, 10))]
    return [
        Row(f"look-up among {count:,} files, median", p50(times), "ms"),
        Row(f"look-up among {count:,} files, p95", p95(times), "ms", at_most=2_000),
        Row("fingerprint of a lesson of three pages", p50(made), "ms", at_most=10),
        Row("fingerprints written", count / filled, "files/s"),
        *_judged(workshop.size(_PAIRS, 20)),
    ]


def _fill(database: Database, count: int) -> None:
    """Files of others: numbers by chance, and a template that many of them share a band of."""
    chance = random.Random(2018)
    template = [chance.getrandbits(32) for _ in range(fingerprints.ROWS)]
    for first in range(0, count, _BATCH):
        ids = range(first + 1, min(first + _BATCH, count) + 1)
        blobs, prints, rows = [], [], []
        for id_ in ids:
            numbers = [chance.getrandbits(32) for _ in range(fingerprints.NUMBERS)]
            if chance.random() < _TEMPLATE:
                numbers[: fingerprints.ROWS] = template
            sha256 = f"{id_:064x}"
            blobs.append({"sha256": sha256, "size": 1})
            prints.append(
                {
                    "id": id_,
                    "sha256": sha256,
                    "signature": fingerprints.packed(numbers),
                    "scheme": fingerprints.SCHEME,
                }
            )
            rows += [{"band": band, "fingerprint_id": id_} for band in fingerprints.bands(numbers)]
        with database.write() as session:
            session.execute(insert(Blob), blobs)
            session.execute(insert(Fingerprint), prints)
            session.execute(insert(FingerprintBand), rows)


def _look_up(database: Database, count: int) -> list[float]:
    """Milliseconds of each question; every second one is made with the popular template."""
    chance = random.Random(2018)
    template = [chance.getrandbits(32) for _ in range(fingerprints.ROWS)]
    times = []
    for number in range(count):
        numbers = [chance.getrandbits(32) for _ in range(fingerprints.NUMBERS)]
        if number % 2:
            numbers[: fingerprints.ROWS] = template
        began = time.perf_counter()
        with database.read() as session:
            found = queries.sharing_bands(
                session, ANONYMOUS, fingerprints.bands(numbers), fingerprints.SCHEME
            )
            for other in found:
                fingerprints.share(numbers, fingerprints.unpacked(other.signature or ""))
        times.append((time.perf_counter() - began) * 1000)
    return times


def _timed_signature(seed: int) -> float:
    folded = [fold(" ".join(_lesson(seed)))]
    began = time.perf_counter()
    fingerprints.signature(folded)
    return (time.perf_counter() - began) * 1000


def _lesson(seed: int) -> list[str]:
    return sentences(random.Random(seed), _SENTENCES)


def _edited(lesson: list[str], chance: random.Random) -> list[str]:
    """A few sentences rewritten, another school's head."""
    changed = [one if chance.random() > 0.06 else f"{one} (sửa)" for one in lesson]
    return [f"Trường THCS số {chance.randrange(99)}, tổ Toán", *changed]


def _reordered(lesson: list[str], chance: random.Random) -> list[str]:
    """Its parts in another order."""
    third = len(lesson) // 3
    return lesson[third:] + lesson[:third]


def _shortened(lesson: list[str], chance: random.Random) -> list[str]:
    """One sentence in eight left out."""
    return [one for one in lesson if chance.random() > 0.125]


def _same_template(lesson: list[str], chance: random.Random) -> list[str]:
    """Another lesson that shares a quarter of its sentences: what a template says."""
    return lesson[: len(lesson) // 4] + _lesson(chance.getrandbits(40))[len(lesson) // 4 :]


def _other(lesson: list[str], chance: random.Random) -> list[str]:
    """Another lesson."""
    return _lesson(chance.getrandbits(40))


_KINDS: Final[tuple[tuple[str, Callable[[list[str], random.Random], list[str]], bool], ...]] = (
    ("edited, another head: told", _edited, True),
    ("parts in another order: told", _reordered, True),
    ("one sentence in eight left out: told", _shortened, True),
    ("another lesson of the same template: not told", _same_template, False),
    ("another lesson: not told", _other, False),
)


def _judged(pairs: int) -> list[Row]:
    rows = []
    for what, change, alike in _KINDS:
        chance = random.Random(7)
        right = sum(
            _told(lesson := _lesson(10_000 + seed), change(lesson, chance)) == alike
            for seed in range(pairs)
        )
        rows.append(Row(what, right / pairs, "of pairs", at_least=0.95))
    return rows


def _told(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether the look-up would bring the pair together and its share be enough."""
    first = fingerprints.signature([fold(" ".join(one))])
    second = fingerprints.signature([fold(" ".join(other))])
    if first is None or second is None:
        return False
    met = set(fingerprints.bands(first)) & set(fingerprints.bands(second))
    return bool(met) and fingerprints.share(first, second) >= ALIKE
