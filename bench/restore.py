"""The restore drill: a library is backed up, lost, restored, and every byte compared."""

import hashlib
import random
import shutil
import time
import wave
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import select

from bench.tables import Row
from bench.workshop import Workshop, opened
from repo_server.app import open_engines
from repo_server.database.models import Material
from repo_server.services import backup, indexing, operators, restoring, uploads, verification
from repo_server.services.acceptance import accept_upload
from repo_server.services.cataloguing import add_records
from repo_server.services.library import Library
from repo_server.services.uploads import Declaration
from repo_server.settings import from_environment

_MATERIALS: Final = 1000
_FILE: Final = 500_000


def measure(workshop: Workshop) -> list[Row]:
    """Seconds of each step; raises when anything differs afterwards."""
    count = workshop.size(_MATERIALS, 5)
    data, folder = workshop.folder("drill"), workshop.root / "drill-backup"
    with opened(data) as library:
        _fill(library, workshop, count)
        began = time.perf_counter()
        done = backup.back_up(library, folder)
        backed_up = time.perf_counter()
        again = backup.back_up(library, folder)
        repeated = time.perf_counter()
    before = _hashes(data / "files")
    shutil.rmtree(data)
    restoring_began = time.perf_counter()
    library = open_engines(from_environment({"KHO_DATA": str(data)}))
    try:
        report = restoring.restore(library, folder)
        restored = time.perf_counter()
        indexing.feed_all(library)
        fed = time.perf_counter()
        found = verification.verify(library, repair=False)
        verified = time.perf_counter()
    finally:
        library.close()
    whole = found.materials == found.blobs == count
    if (
        not whole
        or report.lost
        or found.findings
        or _hashes(data / "files") != before
        or again.copied
    ):
        raise RuntimeError(f"{report}, {found.findings[:3]}")
    mib = done.bytes_copied / (1 << 20)
    return [
        Row("backup", backed_up - began, "s", note=f"{count} materials, {mib:.0f} MiB of files"),
        Row("backup repeated, nothing new", repeated - backed_up, "s"),
        Row("restore", restored - restoring_began, "s"),
        Row("index fed anew", fed - restored, "s"),
        Row("kho verify, clean", verified - fed, "s"),
        Row("from nothing to verified", verified - restoring_began, "s"),
    ]


def _fill(library: Library, workshop: Workshop, count: int) -> None:
    """Published materials with a file of noise each."""
    viewer = operators.acting_for(library, None)
    add_records(library, viewer, tuple(islice(workshop.records, count)))
    with library.database.read() as session:
        ids = session.scalars(select(Material.id).order_by(Material.id)).all()
    noise = random.Random(4)
    for material_id in ids:
        content = _sound(noise.randbytes(workshop.size(_FILE, 5_000)))
        declaration = Declaration(f"Bài {material_id}.wav", len(content), None, material_id)
        view, _ = uploads.declare(library, viewer, declaration, None)
        with uploads.receive(library, viewer, view.id, 0) as receiver:
            receiver.write(content)
        accept_upload(library, view.id)


def _sound(frames: bytes) -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(44_100)
        sound.writeframes(frames)
    return out.getvalue()


def _hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below the folder, by its path."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[str(path.relative_to(folder))] = digest
    return found
