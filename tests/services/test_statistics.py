"""What those who run the library see, and giving a job another chance."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from repo_server.database import outbox
from repo_server.database.models import AuditEntry, Job, utc_now
from repo_server.domain.access import Viewer
from repo_server.domain.errors import Forbidden, NotFound, StorageUnavailable
from repo_server.services import backup, statistics
from repo_server.services.keeping import given_up
from repo_server.services.keeping.findings import Finding
from repo_server.services.keeping.verdicts import keep_verdict
from repo_server.services.library import Library
from repo_server.storage.local import LocalStorage
from tests.libraries import draft, published, send, upload


def dead_job(library: Library, kind: str = "accept_upload", key: str = "a") -> int:
    with library.database.write() as session:
        job = Job(kind=kind, key=key, state="dead", attempt=6, run_at=utc_now(), error="hỏng")
        session.add(job)
        session.flush()
        return job.id


def test_it_counts_by_state_and_by_role(
    library: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    published(library, teacher, editor)
    draft(library, teacher)
    upload(library, teacher, "Hình.png", b"no picture")
    send(library, teacher, "Chờ.txt", b"abc")
    overview = statistics.overview(library, admin)

    assert overview.counts.materials == {"draft": 1, "published": 1}
    assert overview.counts.uploads["rejected"] == 1
    assert overview.counts.uploads["received"] == 1
    assert overview.counts.jobs["open"] >= 1
    assert overview.counts.oldest_job is not None
    assert overview.counts.oldest_job > utc_now() - timedelta(minutes=1)
    assert overview.accounts == {"teacher": 1, "editor": 1, "admin": 1}
    assert overview.blobs == 1
    assert overview.blob_bytes > 0
    assert overview.free_here is not None
    assert overview.last_backup is None


def test_it_tells_the_last_backup(
    sqlite_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.back_up(sqlite_library, tmp_path / "backup")
    monkeypatch.setattr(LocalStorage, "free_bytes", _down)
    with sqlite_library.database.read() as session:
        last = session.scalar(statistics._last(backup.ACTION))
    assert last is not None
    assert last > utc_now() - timedelta(minutes=1)
    assert statistics._free(sqlite_library.storage.free_bytes) is None


def test_it_tells_what_the_last_look_at_everything_found(library: Library, admin: Viewer) -> None:
    assert statistics.overview(library, admin).counts.verdict is None
    keep_verdict(library, "kho verify", 7, 900, [Finding("F4", "a", repaired=True)])
    found = [Finding("F1", "a"), Finding("F4", "b", repaired=True), Finding("F1", "c")]
    keep_verdict(library, "kho verify --repair", 8, 1_000, found)

    verdict = statistics.overview(library, admin).counts.verdict
    assert verdict is not None
    assert (verdict.by, verdict.blobs, verdict.bytes_read) == ("kho verify --repair", 8, 1_000)
    assert (verdict.findings, verdict.unmended) == ({"F1": 2, "F4": 1}, 2)
    assert verdict.at > utc_now() - timedelta(minutes=1)


def _down(*_: object) -> None:
    raise StorageUnavailable


def test_it_is_for_administrators(library: Library, editor: Viewer) -> None:
    job_id = dead_job(library)
    with pytest.raises(Forbidden):
        statistics.overview(library, editor)
    with pytest.raises(Forbidden):
        given_up.retry_job(library, editor, job_id)


def test_a_dead_job_gets_all_its_attempts_again(library: Library, admin: Viewer) -> None:
    job_id = dead_job(library)
    assert [job.id for job in statistics.overview(library, admin).dead_jobs] == [job_id]
    given_up.retry_job(library, admin, job_id)
    with library.database.write() as session:
        lease = outbox.claim(session, ["accept_upload"])
        assert lease is not None
        assert (lease.job_id, lease.attempt) == (job_id, 1)
        acts = set(session.scalars(select(AuditEntry.action)))
    assert "job.retry" in acts
    with pytest.raises(NotFound):
        given_up.retry_job(library, admin, job_id)


def test_a_dead_job_that_was_asked_for_again_meanwhile_is_forgotten(
    library: Library, admin: Viewer
) -> None:
    job_id = dead_job(library)
    with library.database.write() as session:
        outbox.enqueue(session, "accept_upload", "a")
    given_up.retry_job(library, admin, job_id)
    with library.database.read() as session:
        left = session.scalars(select(Job.id).where(Job.key == "a")).all()
    assert len(left) == 1
    assert left != [job_id]
