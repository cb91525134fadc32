"""Files are read again by readers that became better, and by engines that came later."""

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import delete, func, select, update

from repo_server.database import outbox
from repo_server.database.models import (
    Derivative,
    IndexState,
    Job,
    Material,
    MaterialFile,
    Reading,
    TextSegment,
)
from repo_server.domain import readers
from repo_server.domain.access import Viewer
from repo_server.domain.errors import NotFound, StorageUnavailable
from repo_server.domain.readers import CONTENTS, LIGHT, POSTER, READERS, WORDS
from repo_server.inspection import engines
from repo_server.inspection.inspector import Inspector
from repo_server.services import films, readings, reinspecting
from repo_server.services.library import Library
from repo_server.services.verification import verify
from repo_server.storage.base import ObjectKey
from tests.inspection import samples
from tests.libraries import upload

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg is not installed: no light copies"
)
LETTERS = "/usr/share/fonts/truetype/liberation2/LiberationSans-Regular.ttf"
PAGES = ["Bài 1. Phương trình bậc hai một ẩn và cách giải", "Bài 2. Định lí Vi-ét"]


@pytest.fixture
def without_ffmpeg(library: Library, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Undo it to install ffmpeg."""
    monkeypatch.setitem(engines._FINDERS, "ffmpeg", lambda: "")  # type: ignore[arg-type]
    library.inspector.look_for_engines()
    return monkeypatch


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=960x540:d=1"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "6", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path.read_bytes()


def known(library: Library) -> dict[str, tuple[int, str]]:
    with library.database.read() as session:
        rows = session.execute(select(Reading.reader, Reading.version, Reading.outcome))
        return {reader: (version, outcome) for reader, version, outcome in rows}


def texts(library: Library) -> list[str]:
    with library.database.read() as session:
        return list(session.scalars(select(TextSegment.text).order_by(TextSegment.position)))


def sent_pdf(library: Library, teacher: Viewer) -> str:
    sent = upload(library, teacher, "bai.pdf", samples.pdf(*PAGES))
    assert sent.state == "ready"
    with library.database.read() as session:
        return session.scalars(select(MaterialFile.sha256)).one()


def improve(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the reader of contents is a newer one."""
    better = replace(READERS[CONTENTS], version=READERS[CONTENTS].version + 1)
    monkeypatch.setitem(readers.READERS, CONTENTS, better)  # type: ignore[arg-type]


def test_a_file_that_was_taken_has_been_read_and_is_not_due(
    library: Library, teacher: Viewer
) -> None:
    sha256 = sent_pdf(library, teacher)
    assert known(library)[CONTENTS] == (READERS[CONTENTS].version, "done")
    assert reinspecting.chosen(library, kinds=["pdf"], missing=False) == [sha256]
    with library.database.read() as session:
        waiting = readings.candidates([READERS[CONTENTS]], missing=True)
        assert session.scalars(waiting).all() == []


def test_a_better_reader_adds_what_the_old_one_missed_and_then_has_nothing_to_do(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = sent_pdf(library, teacher)
    with library.database.write() as session:
        session.execute(delete(TextSegment).where(TextSegment.position == 2))
        session.execute(update(MaterialFile).values(page_count=None))
        session.execute(update(IndexState).values(have_rev=IndexState.want_rev))
        rev = session.scalar(select(Material.rev))
    improve(monkeypatch)
    assert reinspecting.chosen(library, missing=True) == [sha256]
    tally = reinspecting.run(library, [sha256], missing=True)
    assert tally.outcomes == {CONTENTS: {"done": 1}}
    assert not tally.failed
    assert texts(library) == PAGES
    assert known(library)[CONTENTS] == (READERS[CONTENTS].version, "done")
    with library.database.read() as session:
        assert session.scalar(select(MaterialFile.page_count)) == 2
        assert session.scalar(select(Material.rev)) == rev
        assert all(outbox.lag(session, index.name) == 1 for index in library.indexes)
    assert reinspecting.chosen(library, missing=True) == []
    assert reinspecting.run(library, [sha256], missing=False).outcomes[CONTENTS] == {"nothing": 1}


def test_a_look_that_finds_less_leaves_everything_as_it_was(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = sent_pdf(library, teacher)
    images = derivatives(library)
    look = Inspector.inspect
    poor = lambda *given, **named: replace(  # noqa: E731
        look(*given, **named), segments=(), thumbnail=None, page_count=None, has_text=False
    )
    refusing = lambda *given, **named: replace(  # noqa: E731
        look(*given, **named), accepted=False, verdict="damaged", reason="hỏng"
    )
    for worse, outcome in ((poor, "nothing"), (refusing, "refused")):
        monkeypatch.setattr(Inspector, "inspect", worse)
        assert reinspecting.run(library, [sha256], missing=False).outcomes[CONTENTS] == {outcome: 1}
        assert texts(library) == PAGES
        assert derivatives(library) == images
        with library.database.read() as session:
            file = session.scalars(select(MaterialFile)).one()
        assert (file.page_count, file.has_text) == (2, True)


def test_what_fails_is_told_and_stays_due(
    library: Library, teacher: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = sent_pdf(library, teacher)
    improve(monkeypatch)

    def down(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(type(library.storage), "local_path", down)
        assert set(reinspecting.run(library, [sha256], missing=True).failed) == {sha256}
    assert reinspecting.chosen(library, missing=True) == [sha256]


@needs_ffmpeg
def test_an_engine_that_comes_later_adds_what_it_would_have_added(
    library: Library, teacher: Viewer, film: bytes, without_ffmpeg: pytest.MonkeyPatch
) -> None:
    assert upload(library, teacher, "phim.mp4", film).state == "ready"
    (lack,) = [lack for lack in reinspecting.lacking(library) if lack.engine.code == "ffmpeg"]
    assert lack.files == 1
    assert "ffmpeg" in lack.sentence()
    assert derivatives(library) == set()
    reinspecting.ask_for_due(library)
    with library.database.read() as session:
        asked = select(func.count()).select_from(Job).where(Job.kind == readings.JOB)
        assert session.scalar(asked) == 0
        file_id, sha256 = session.execute(select(MaterialFile.id, MaterialFile.sha256)).one()
    with pytest.raises(NotFound):
        films.light_copy(library, teacher, file_id)

    without_ffmpeg.undo()
    assert reinspecting.ask_for_due(library) == 1
    assert reinspecting.ask_for_due(library) == 0
    reinspecting.catch_up(library, sha256)
    assert derivatives(library) == {"thumbnail.webp", "light.mp4"}
    assert known(library)[POSTER] == known(library)[LIGHT] == (1, "done")
    copy = films.light_copy(library, teacher, file_id)
    assert copy.size < len(film) / 2
    assert reinspecting.chosen(library, missing=True) == []


@needs_ffmpeg
def test_a_lost_light_copy_is_made_again_by_a_job(
    library: Library, teacher: Viewer, film: bytes
) -> None:
    upload(library, teacher, "phim.mp4", film)
    with library.database.read() as session:
        sha256 = session.scalars(select(Job.key).where(Job.kind == readings.JOB)).one()
    reinspecting.catch_up(library, sha256)
    with library.database.write() as session:
        session.execute(delete(Job))
    library.storage.delete(ObjectKey.derivative(sha256, "light.mp4"))
    findings = verify(library, repair=True).findings
    assert [(finding.code, finding.repaired) for finding in findings if finding.code == "F8"] == [
        ("F8", True)
    ]
    with library.database.read() as session:
        assert session.scalars(select(Job.key).where(Job.kind == readings.JOB)).one() == sha256
    reinspecting.catch_up(library, sha256)
    assert derivatives(library) == {"thumbnail.webp", "light.mp4"}
    assert verify(library, repair=False).clean


@needs_ffmpeg
def test_a_film_that_is_small_already_gets_no_copy(
    library: Library, teacher: Viewer, tmp_path: Path
) -> None:
    path = tmp_path / "small.mp4"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=s=320x240:d=2"]
    subprocess.run([*command, "-c:v", "libx264", str(path)], check=True, timeout=60)
    upload(library, teacher, "phim.mp4", path.read_bytes())
    with library.database.read() as session:
        sha256 = session.scalars(select(MaterialFile.sha256)).one()
    assert reinspecting.look_again(library, sha256, missing=True) == {LIGHT: "nothing"}
    assert reinspecting.look_again(library, sha256, missing=True) == {}


@pytest.mark.skipif(
    "tesseract" not in engines.present_engines() or not Path(LETTERS).exists(),
    reason="tesseract-ocr-vie or fonts-liberation2 is not installed: no words on pictures",
)
def test_words_on_a_scan_are_found_and_said_to_be_recognized(
    library: Library, teacher: Viewer, editor: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = io.BytesIO()
    font = ImageFont.truetype(LETTERS, 44)
    with Image.new("RGB", (1200, 500), "white") as image:
        ImageDraw.Draw(image).text((60, 120), "Định lí Vi-ét và ứng dụng", "black", font)
        image.save(scan, "PDF", resolution=150)
    assert upload(library, teacher, "quet.pdf", scan.getvalue()).state == "ready"
    assert texts(library) == []
    with library.database.read() as session:
        sha256 = session.scalars(select(Job.key).where(Job.kind == readings.JOB)).one()
    reinspecting.catch_up(library, sha256)
    assert texts(library) == ["Định lí Vi-ét và ứng dụng"]
    with library.database.read() as session:
        file = session.scalars(select(MaterialFile)).one()
        label = session.scalar(select(TextSegment.label))
    assert (file.has_text, file.warnings) == (True, [reinspecting.RECOGNIZED])
    assert label == "Trang 1 (chữ nhận dạng từ ảnh)"
    assert known(library)[WORDS] == (1, "done")

    improve(monkeypatch)
    reinspecting.catch_up(library, sha256)
    assert texts(library) == ["Định lí Vi-ét và ứng dụng"]
    with library.database.read() as session:
        assert session.scalar(select(MaterialFile.warnings)) == [reinspecting.RECOGNIZED]


def derivatives(library: Library) -> set[str]:
    with library.database.read() as session:
        return set(session.scalars(select(Derivative.name)))
