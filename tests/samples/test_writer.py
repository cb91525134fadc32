"""The files that the sample library is made of."""

import hashlib
import io
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import docx
import pptx
import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from repo_server.samples import writer
from repo_server.samples.lesson import Lesson, read_lessons
from repo_server.samples.media import find_ffmpeg
from repo_server.samples.writer import find_fonts, write_samples
from tests.samples.conftest import Library

PACKAGES = Path(__file__).parents[2] / "web" / "node_modules"


def _lessons(*slugs: str) -> tuple[Lesson, ...]:
    return tuple(lesson for lesson in read_lessons() if lesson.slug in slugs)


def _title(library: Library, path: Path) -> str:
    lesson = next(lesson for lesson in library.lessons if lesson.slug == path.parent.name)
    return next(file.title for file in lesson.files if file.name == path.name)


def test_every_file_of_every_lesson_is_written(library: Library) -> None:
    for lesson in library.lessons:
        written = {path.name for path in (library.folder / lesson.slug).iterdir()}
        wanted = {file.name for file in lesson.files}
        if find_ffmpeg() is None:
            wanted = {name for name in wanted if not name.endswith((".mp3", ".mp4"))}
        assert written == wanted | {"kho.toml"}, lesson.slug


def test_writing_everything_takes_less_than_twenty_processor_seconds(library: Library) -> None:
    assert library.seconds < 20


def test_every_description_names_its_files_and_says_what_the_lesson_says(
    library: Library,
) -> None:
    for lesson in library.lessons:
        folder = library.folder / lesson.slug
        about = tomllib.loads((folder / "kho.toml").read_text("utf-8"))
        assert about["title"] == lesson.title
        assert about["description"] == lesson.description
        assert tuple(about["grades"]) == lesson.grades
        assert tuple(about["subjects"]) == lesson.subjects
        assert tuple(about["books"]) == lesson.books
        assert about["license"] == lesson.license
        names = [file["name"] for file in about["files"]]
        assert sorted(names) == sorted(p.name for p in folder.iterdir() if p.name != "kho.toml")
        assert all(file["role"] for file in about["files"])


def test_every_word_file_opens_with_its_title_headings_author_and_language(
    library: Library,
) -> None:
    for path in library.files("docx"):
        document = docx.Document(str(path))
        texts = [paragraph.text for paragraph in document.paragraphs]
        title = _title(library, path)
        assert texts[0] == title
        about = document.core_properties
        assert (about.title, about.language[:2]) in {(title, "vi"), (title, "en")}
        assert about.author
        styles = {paragraph.style.name for paragraph in document.paragraphs if paragraph.style}
        assert styles & {"Heading 1", "Heading 2"} or document.tables, path.name
        assert "NUMPAGES" in document.sections[0].footer._element.xml


def test_every_slide_deck_opens_with_its_title_notes_and_numbered_slides(
    library: Library,
) -> None:
    for path in library.files("pptx"):
        deck = pptx.Presentation(str(path))
        title = _title(library, path)
        slides = list(deck.slides)
        assert deck.core_properties.title == title
        assert slides[0].shapes.title.text_frame.text == title
        assert len(slides) >= 6
        assert all(slide.shapes.title.text_frame.text for slide in slides)
        assert sum(slide.has_notes_slide for slide in slides) >= 3, path.name
        assert all('type="slidenum"' in _xml(slide) for slide in slides[1:])


def _xml(slide: object) -> str:
    return str(slide.part.blob.decode())  # type: ignore[attr-defined]


def test_no_office_file_carries_the_picture_of_an_empty_page(library: Library) -> None:
    for path in (*library.files("docx"), *library.files("pptx")):
        with zipfile.ZipFile(path) as package:
            assert not [name for name in package.namelist() if "thumbnail" in name]


def test_every_pdf_gives_back_its_text_with_the_right_accents(library: Library) -> None:
    for path in library.files("pdf"):
        document = pypdfium2.PdfDocument(path)
        first = document[0].get_textpage()
        text = first.get_text_range()
        title = _title(library, path)
        assert re.sub(r"\s+", " ", title) in re.sub(r"\s+", " ", text)
        about = document.get_metadata_dict()
        assert about["Title"] == title
        assert about["Author"]
        first.close()
        document.close()


def test_every_picture_opens_and_is_wide_enough_to_print(library: Library) -> None:
    for path in library.files("png"):
        with Image.open(path) as picture:
            picture.load()
            assert picture.width >= 900


def test_pages_and_texts_hold_no_script_and_no_drawing_language(library: Library) -> None:
    pages = library.files("html")
    assert len(pages) >= 4
    for path in pages:
        page = path.read_text("utf-8")
        assert page.startswith("<!doctype html>")
        assert not re.search(r"<(script|svg|iframe|link|img)|\son\w+=|javascript:", page)
        assert "<details>" in page


@pytest.mark.skipif(find_ffmpeg() is None, reason="ffmpeg is not installed: no sounds, no films")
def test_sounds_and_films_begin_as_their_kind_does(library: Library) -> None:
    assert all(path.read_bytes()[:3] == b"ID3" for path in library.files("mp3"))
    assert all(path.read_bytes()[4:8] == b"ftyp" for path in library.files("mp4"))


def test_another_process_writes_the_same_bytes(library: Library, tmp_path: Path) -> None:
    slugs = (
        "am-nhac-03-nhip-hai-bon",
        "khtn-08-khoi-luong-rieng",
        "khtn-09-dinh-luat-ohm",
        "tin-hoc-06-thuat-toan",
        "toan-04-phan-so-bang-nhau",
        "toan-07-tong-ba-goc-tam-giac",
    )
    program = (
        "import sys; from pathlib import Path; from repo_server.samples.lesson import *; "
        "from repo_server.samples.writer import write_samples; "
        "chosen = [lesson for lesson in read_lessons() if lesson.slug in sys.argv[3:]]; "
        "write_samples(Path(sys.argv[1]), font_folder=Path(sys.argv[2]), lessons=chosen)"
    )
    command = [sys.executable, "-c", program, str(tmp_path), str(library.font_folder), *slugs]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Ho_Chi_Minh"}
    subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parents[2])
    again = {path.relative_to(tmp_path): _digest(path) for path in tmp_path.rglob("*.*")}
    assert len({path.suffix for path in again}) == 9
    assert again == {path: _digest(library.folder / path) for path in again}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_without_a_typeface_pdf_lessons_become_word_files_and_the_report_says_so(
    tmp_path: Path,
) -> None:
    report = write_samples(tmp_path, lessons=_lessons("tieng-viet-01-doc-tho-chiec-o-cua-be"))
    assert report.written == 1
    assert any("Be Vietnam Pro" in note for note in report.notes)
    (folder,) = tmp_path.iterdir()
    assert {path.suffix for path in folder.iterdir()} == {".docx", ".toml"}
    assert "Luyện đọc - Chiếc ô của bé.docx" in (folder / "kho.toml").read_text("utf-8")


def test_without_ffmpeg_films_are_left_out_and_the_report_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: Library
) -> None:
    monkeypatch.setattr(writer, "find_ffmpeg", lambda: None)
    chosen = _lessons("khtn-08-khoi-luong-rieng")
    report = write_samples(tmp_path, font_folder=library.font_folder, lessons=chosen)
    assert report.written == 1
    assert any("Chìm hay nổi.mp4" in note for note in report.notes)
    assert not list(tmp_path.rglob("*.mp4"))


def test_without_the_demo_packages_texts_are_written_and_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {name: writer.TEXT_WRITERS[name] for name in ("md", "html")}
    monkeypatch.setattr(writer, "TEXT_WRITERS", texts)
    monkeypatch.setattr(writer, "DRAW", None)
    monkeypatch.setattr(writer, "MISSING_PACKAGE", "docx")
    chosen = _lessons("tin-hoc-06-thuat-toan", "toan-01-cong-trong-pham-vi-10")
    report = write_samples(tmp_path, lessons=chosen)
    assert report.written == 1
    assert "docx" in report.notes[0]
    assert [path.name for path in tmp_path.rglob("*.md")] == ["Thuật toán quanh ta.md"]


def test_the_print_typeface_has_every_letter_that_is_printed_with_it() -> None:
    fonts = find_fonts(PACKAGES)
    if fonts is None:
        pytest.skip("the typeface package of the front end is not installed")
    with TTFont(fonts.regular) as typeface:
        known = set(typeface.getBestCmap())
    for lesson in read_lessons():
        pages = [file for file in lesson.files if file.format == "pdf"]
        printed = [lesson.bodies[file.source] + file.title for file in pages]
        printed += [lesson.author, lesson.organization]
        drawn = [repr(figure.shapes) for figure in lesson.figures.values()]
        letters = {letter for text in (*printed, *drawn) for letter in text if letter > " "}
        assert not {letter for letter in letters if ord(letter) not in known}, lesson.slug


def test_a_folder_without_all_faces_is_no_typeface(library: Library, tmp_path: Path) -> None:
    assert find_fonts(None) is None
    assert find_fonts(tmp_path / "nowhere") is None
    one = min(library.font_folder.rglob("*Regular.ttf"))
    (tmp_path / one.name).write_bytes(io.BytesIO(one.read_bytes()).getvalue())
    assert find_fonts(tmp_path) is None
