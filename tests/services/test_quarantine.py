"""A file in which a threat is found is never served, never lost, and somebody decides about it."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from repo_server.database.models import AuditEntry, Blob, Job, MaterialFile, Upload, utc_now
from repo_server.domain.access import Viewer
from repo_server.domain.errors import (
    AccountFull,
    FileQuarantined,
    Forbidden,
    InvalidValue,
    NotFound,
    ScannerUnavailable,
)
from repo_server.inspection.clamd import Clamd, Deadlines
from repo_server.services import bundles, importing, pictures, scanning, upkeep, uploads, viewing
from repo_server.services.acceptance import accept_upload
from repo_server.services.keeping import quarantine
from repo_server.services.keeping.rescan import Rescanner
from repo_server.services.library import Library
from repo_server.services.uploads import UploadView
from repo_server.services.verification import verify
from repo_server.services.working import Worker
from tests.libraries import draft, pdf, person, send, upload
from tests.servers.clamd import (
    EICAR,
    THREAT,
    ClamdMissing,
    FakeClamd,
    fake_clamd,
    finding,
    shared_clamd,
)

INFECTED = b"Bai hoc: " + EICAR
SHA256 = hashlib.sha256(INFECTED).hexdigest()
FAST = 1 << 30


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeClamd]:
    with fake_clamd(tmp_path) as running:
        yield running


@pytest.fixture
def scanned(library: Library, fake: FakeClamd) -> Library:
    """A library with a scanner."""
    impatient = Deadlines(greeting=2, taking=2, verdict=2)
    return replace(library, scanner=Clamd(fake.address, impatient), scrub_rate=FAST)


def infected(library: Library, teacher: Viewer, name: str = "Bài.txt") -> UploadView:
    return upload(library, teacher, name, INFECTED)


def state_of(library: Library, teacher: Viewer, view: UploadView) -> tuple[str, str | None]:
    found = uploads.status(library, teacher, view.id)
    return found.state, found.reason


def listed(library: Library, admin: Viewer) -> list[str]:
    return [one.name for one in quarantine.quarantine(library, admin, page=1, size=10).uploads]


def acts(library: Library) -> list[str]:
    with library.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq)))


def rescan(library: Library) -> float:
    return Rescanner(library, lambda _: False).round()


def test_an_infected_file_is_set_apart_and_its_sender_told(
    scanned: Library, teacher: Viewer, admin: Viewer
) -> None:
    view = infected(scanned, teacher)

    assert (view.state, view.verdict) == ("quarantined", "infected")
    assert view.reason == scanning.FOUND.format(threat=THREAT)
    assert (view.material_id, view.file_id) == (None, None)
    with scanned.database.read() as session:
        assert session.get(Blob, SHA256) is None
    assert list(scanned.storage.list("blobs/")) == []
    (one,) = quarantine.quarantine(scanned, admin, page=1, size=10).uploads
    assert (one.name, one.threat, one.sender) == ("Bài.txt", THREAT, teacher.name)
    assert one.until - one.found_at == scanning.KEPT
    assert quarantine.own(scanned, teacher) == (one,)
    assert acts(scanned)[-1] == "upload.quarantine"
    # The janitor and `kho verify` leave it where it is.
    upkeep.tidy(scanned)
    accept_upload(scanned, view.id)
    with scanned.staging.whole(view.id) as path:
        assert path.read_bytes() == INFECTED
    assert verify(scanned, repair=False).findings == ()


def test_what_an_administrator_lets_pass_becomes_a_file(
    scanned: Library, teacher: Viewer, admin: Viewer
) -> None:
    first, second = infected(scanned, teacher), infected(scanned, teacher, "Bài 2.txt")
    with pytest.raises(InvalidValue):
        quarantine.lift(scanned, admin, SHA256, "  ")
    quarantine.lift(scanned, admin, SHA256, " Tệp thử của phòng Tin học. ")

    with scanned.database.read() as session:
        jobs = session.scalars(select(Job).where(Job.state == "open")).all()
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert {job.key for job in jobs} >= {first.id, second.id}
    assert entry is not None
    assert (entry.action, entry.actor_id) == ("quarantine.lift", admin.account_id)
    assert entry.after == {"threat": THREAT, "reason": "Tệp thử của phòng Tin học."}
    for view in (first, second):
        accept_upload(scanned, view.id)
        assert state_of(scanned, teacher, view) == ("ready", None)
    # Said once, it holds for whoever sends the same bytes, and for the next scan.
    assert infected(scanned, teacher, "Bài 3.txt").state == "ready"
    with scanned.database.write() as session:
        session.execute(update(Blob).values(scanned_at=None))
    rescan(scanned)
    with scanned.database.read() as session:
        assert session.get_one(Blob, SHA256).threat is None
    # Something else in the same bytes is another question.
    assert scanned.scanner is not None
    assert upload(scanned, teacher, "Bài 4.txt", INFECTED + b"!").state == "quarantined"


def test_what_an_administrator_destroys_is_gone_and_its_sender_told(
    scanned: Library, teacher: Viewer, admin: Viewer
) -> None:
    view = infected(scanned, teacher)
    quarantine.destroy(scanned, admin, SHA256)

    assert state_of(scanned, teacher, view) == (
        "rejected", scanning.DESTROYED.format(threat=THREAT),
    )  # fmt: skip
    assert list(scanned.staging.entries()) == []
    for act in (
        lambda: quarantine.destroy(scanned, admin, SHA256),
        lambda: quarantine.lift(scanned, admin, SHA256, "Nhầm."),
    ):
        with pytest.raises(NotFound):
            act()


def test_what_nobody_decides_about_is_destroyed_after_thirty_days(
    scanned: Library, teacher: Viewer, admin: Viewer
) -> None:
    view = infected(scanned, teacher)
    with scanned.database.write() as session:
        session.get_one(Upload, view.id).expires_at = utc_now() - timedelta(seconds=1)
    upkeep.tidy(scanned)

    assert state_of(scanned, teacher, view) == ("rejected", scanning.EXPIRED.format(threat=THREAT))
    assert list(scanned.staging.entries()) == []
    assert listed(scanned, admin) == []
    assert acts(scanned)[-1] == "quarantine.expire"


def test_only_administrators_decide(
    scanned: Library, teacher: Viewer, editor: Viewer, admin: Viewer
) -> None:
    infected(scanned, teacher)
    for viewer in (teacher, editor):
        acts_: tuple[Callable[[], object], ...] = (
            lambda viewer=viewer: quarantine.quarantine(scanned, viewer, page=1, size=1),
            lambda viewer=viewer: quarantine.lift(scanned, viewer, SHA256, "Vì tôi nói thế."),
            lambda viewer=viewer: quarantine.destroy(scanned, viewer, SHA256),
        )
        for act in acts_:
            with pytest.raises(Forbidden):
                act()
    assert quarantine.own(scanned, person(scanned)) == ()
    assert listed(scanned, admin) == ["Bài.txt"]


def test_without_the_scanner_that_is_configured_an_upload_waits(
    scanned: Library, fake: FakeClamd, teacher: Viewer
) -> None:
    fake.silent = True
    view = send(scanned, teacher, "Bài.txt", b"Hai phan so")
    with pytest.raises(ScannerUnavailable):
        accept_upload(scanned, view.id)
    _try_once(scanned)

    waiting = uploads.status(scanned, teacher, view.id)
    assert (waiting.state, waiting.reason) == ("received", ScannerUnavailable().sentence())
    with scanned.database.read() as session:
        job = session.scalars(select(Job).where(Job.key == view.id)).one()
    assert (job.state, job.attempt) == ("open", 0)
    # However long it lasts: it is no fault of the file, and the longer, the rarer it is tried.
    with scanned.database.write() as session:
        past = utc_now() - timedelta(days=1)
        session.execute(update(Job).values(created_at=past, run_at=past))
    _try_once(scanned)
    with scanned.database.read() as session:
        job = session.scalars(select(Job).where(Job.key == view.id)).one()
        assert timedelta(seconds=50) < job.run_at - utc_now() <= timedelta(minutes=1)
    fake.silent = False
    accept_upload(scanned, view.id)
    assert uploads.status(scanned, teacher, view.id).state == "ready"


def _try_once(library: Library) -> None:
    """Let a worker do one job that is due."""
    Worker(library, jobs=0)._work()


def test_a_file_too_large_for_the_scanner_is_taken_and_says_so(
    scanned: Library, fake: FakeClamd, teacher: Viewer
) -> None:
    fake.limit = 10
    view = upload(scanned, teacher)
    assert (view.state, view.warnings) == ("ready", (scanning.NOT_WHOLE,))


def test_a_refused_file_is_refused_and_not_set_apart(scanned: Library, teacher: Viewer) -> None:
    assert upload(scanned, teacher, "Bài.pdf", INFECTED).state == "rejected"


def test_bytes_in_quarantine_count_towards_the_quota(scanned: Library, teacher: Viewer) -> None:
    library = replace(scanned, account_quota=len(INFECTED) + 10)
    infected(library, teacher)
    with pytest.raises(AccountFull):
        send(library, teacher, "Bài 2.txt", b"x" * 11)


def test_a_lost_file_in_quarantine_is_found_by_verify(scanned: Library, teacher: Viewer) -> None:
    view = infected(scanned, teacher)
    scanned.staging.discard(view.id)
    found = verify(scanned, repair=True).findings
    assert [(finding.code, finding.what, finding.repaired) for finding in found] == [
        ("F13", view.id, False)
    ]


def test_an_import_tells_of_it_and_does_not_send_it_again(
    scanned: Library, teacher: Viewer, tmp_path: Path
) -> None:
    folder = tmp_path / "nhap"
    folder.mkdir()
    (folder / "Bài 1.txt").write_bytes(INFECTED)
    for _ in range(2):
        report = importing.import_folder(scanned, teacher, folder, publish=False)
        (outcome,) = report.outcomes
        assert outcome.state == "rejected"
        assert THREAT in outcome.reason
    with scanned.database.read() as session:
        assert len(session.scalars(select(Upload.id)).all()) == 1


# What is found later


def test_what_newer_signatures_find_is_handed_to_nobody(
    scanned: Library, fake: FakeClamd, teacher: Viewer, admin: Viewer
) -> None:
    made = draft(scanned, teacher, content=pdf("Phan so"))
    (file,) = made.files
    fake.say = finding("Win.Later-1", b"PDF")
    with scanned.database.write() as session:
        session.execute(update(Blob).values(scanned_at=utc_now() - timedelta(days=8)))
    assert rescan(scanned) == 0
    assert rescan(scanned) > 0  # nothing more is due

    for ask in (
        lambda: viewing.stored_file(scanned, teacher, file.id),
        lambda: pictures.page_image(scanned, teacher, file.id, 1),
        lambda: pictures.thumbnail(scanned, admin, file.id),
        lambda: bundles.require_stored(scanned, bundles.bundle(scanned, teacher, made.card.id, "")),
    ):
        with pytest.raises(FileQuarantined):
            ask()
    (shown,) = viewing.material_by_id(scanned, teacher, made.card.id).files
    assert (shown.preview, shown.warnings) == ("none", (FileQuarantined().sentence(),))
    found = quarantine.quarantine(scanned, admin, page=1, size=10)
    assert [(one.threat, one.title) for one in found.files] == [("Win.Later-1", made.card.title)]
    assert acts(scanned)[-1] == "blob.quarantine"

    quarantine.lift(scanned, admin, file.sha256, "Báo nhầm.")
    assert viewing.stored_file(scanned, teacher, file.id).file.id == file.id


def test_a_signature_that_was_withdrawn_gives_the_file_back(
    scanned: Library, fake: FakeClamd, teacher: Viewer
) -> None:
    (file,) = draft(scanned, teacher).files
    for threat in ("Win.Wrong-1", None):
        fake.say = finding(threat or "", *([b"n"] if threat else []))
        with scanned.database.write() as session:
            session.execute(update(Blob).values(scanned_at=None))
        rescan(scanned)
        with scanned.database.read() as session:
            blob = session.get_one(Blob, file.sha256)
            assert (blob.threat, blob.quarantined_at is None) == (threat, threat is None)
    assert acts(scanned)[-2:] == ["blob.quarantine", "blob.release"]


def test_what_came_when_there_was_no_scanner_is_scanned_first(
    library: Library, scanned: Library, fake: FakeClamd, teacher: Viewer
) -> None:
    (file,) = draft(library, teacher).files
    with library.database.read() as session:
        assert session.get_one(Blob, file.sha256).scanned_at is None
    assert rescan(library) > 0
    rescan(scanned)
    with library.database.read() as session:
        assert session.get_one(Blob, file.sha256).scanned_at is not None
    assert fake.seen == [file.size]


def test_a_file_that_is_too_large_is_told_of_and_no_longer_when_limits_are_raised(
    scanned: Library, fake: FakeClamd, teacher: Viewer
) -> None:
    (file,) = draft(scanned, teacher).files
    for limit, warnings in ((10, [scanning.NOT_WHOLE]), (None, [])):
        fake.limit = limit
        with scanned.database.write() as session:
            session.execute(update(Blob).values(scanned_at=None))
        rescan(scanned)
        with scanned.database.read() as session:
            assert session.scalars(select(MaterialFile.warnings)).one() == warnings
            assert session.get_one(Blob, file.sha256).scanned_at is not None


def test_a_scan_stops_with_its_process(scanned: Library, fake: FakeClamd, teacher: Viewer) -> None:
    draft(replace(scanned, scanner=None), teacher)
    Rescanner(scanned, lambda _: True).round()
    with scanned.database.read() as session:
        assert session.scalars(select(Blob.scanned_at)).all() == [None]


def test_the_real_scanner_and_a_real_upload(library: Library, teacher: Viewer) -> None:
    try:
        scanner = Clamd(shared_clamd())
    except ClamdMissing:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")
    scanned = replace(library, scanner=scanner)
    assert scanning.state(scanned) == "ok"
    view = infected(scanned, teacher)
    assert (view.state, THREAT in (view.reason or "")) == ("quarantined", True)
    assert upload(scanned, teacher).state == "ready"
    with scanned.database.read() as session:
        assert [file.name for file in session.scalars(select(MaterialFile))] == ["Phân số.txt"]
