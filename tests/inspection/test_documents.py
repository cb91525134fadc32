"""Text of documents, place by place, with every accent where it belongs."""

import io
import json
import unicodedata

import pytest
from docx import Document
from pptx import Presentation
from pptx.util import Inches

from repo_server.inspection.base import Part
from tests.inspection.samples import (
    SENTENCE,
    epub,
    ole2,
    open_document,
    paragraph,
    pdf,
    relations,
    word,
    workbook,
)


def places(found) -> list[tuple[int, str, str]]:
    assert found.accepted, found.reason
    return [(segment.position, segment.label, segment.text) for segment in found.segments]


def test_a_pdf_gives_its_text_page_by_page_and_its_first_page_as_a_picture(look):
    found = look("bài.pdf", pdf(SENTENCE, "", "Trang ba: Đường tròn"))
    assert places(found) == [(1, "Trang 1", SENTENCE), (3, "Trang 3", "Trang ba: Đường tròn")]
    assert (found.kind, found.media_type, found.language) == ("pdf", "application/pdf", "vi")
    assert found.page_count == 3
    assert (found.thumbnail.width, found.thumbnail.height) == (255, 360)
    assert found.thumbnail.data[8:12] == b"WEBP"


def test_a_pdf_without_text_says_so(look):
    found = look("quét.pdf", pdf(""))
    assert (found.accepted, found.has_text, found.page_count) == (True, False, 1)


def test_a_word_file_gives_paragraphs_tables_headers_and_footers(look):
    document = Document()
    document.core_properties.title = "Phân số"
    document.add_paragraph(SENTENCE)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Ô bên trái", "Ô bên phải"
    document.sections[0].header.paragraphs[0].text = "Trường THCS Nguyễn Du"
    out = io.BytesIO()
    document.save(out)
    found = look("giáo án.docx", out.getvalue())
    body, side = places(found)
    assert body[:2] == (1, "") and body[2].splitlines()[0] == SENTENCE
    assert "Ô bên trái" in body[2] and "Ô bên phải" in body[2]
    assert side[1:] == ("Đầu và chân trang", "Trường THCS Nguyễn Du")
    assert (found.title, found.language, found.kind) == ("Phân số", "vi", "docx")


def test_page_breaks_that_the_author_set_divide_a_word_file(look):
    page_break = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
    found = look("a.docx", word(paragraph("Một") + page_break + paragraph("Hai")))
    assert places(found) == [(1, "Phần 1", "Một"), (2, "Phần 2", "Hai")]


def test_text_boxes_count_once_and_deleted_text_not_at_all(look):
    box = (
        f"<mc:AlternateContent><mc:Choice>{paragraph('Hộp chữ')}</mc:Choice>"
        f"<mc:Fallback>{paragraph('Hộp chữ')}</mc:Fallback></mc:AlternateContent>"
    )
    deleted = "<w:p><w:del><w:r><w:delText>Bỏ đi</w:delText></w:r></w:del></w:p>"
    assert places(look("a.docx", word(box + deleted))) == [(1, "", "Hộp chữ")]


def test_footnotes_have_a_place_of_their_own(look):
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:footnote>{paragraph('Xem sách giáo khoa')}</w:footnote></w:footnotes>"
    )
    files = {
        "word/_rels/document.xml.rels": relations(("footnotes", "footnotes.xml")),
        "word/footnotes.xml": notes,
    }
    found = look("a.docx", word(paragraph("Thân bài"), files))
    assert places(found)[1] == (2, "Chú thích", "Xem sách giáo khoa")


def test_a_presentation_gives_slides_in_the_order_shown_and_notes_as_places_of_their_own(look):
    deck = Presentation()
    for title in ("Mở đầu", "Kết thúc", "Giữa bài"):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = title
    deck.slides[0].notes_slide.notes_text_frame.text = "Nhắc lại bài cũ trước"
    table = deck.slides[2].shapes.add_table(1, 1, Inches(1), Inches(1), Inches(2), Inches(1))
    table.table.cell(0, 0).text = "Ô của bảng"
    order = deck.slides._sldIdLst
    order.insert(1, order[2])
    out = io.BytesIO()
    deck.save(out)
    found = look("bài giảng.pptx", out.getvalue())
    assert places(found) == [
        (1, "Trang chiếu 1", "Mở đầu"),
        (2, "Trang chiếu 2", "Giữa bài\nÔ của bảng"),
        (3, "Trang chiếu 3", "Kết thúc"),
        (4, "Trang chiếu 1, ghi chú", "Nhắc lại bài cũ trước"),
    ]
    assert found.page_count == 3


def test_a_workbook_gives_its_sheets_by_name(look):
    first = (
        '<row><c t="s"><v>1</v></c><c t="inlineStr"><is><t>Điểm</t></is></c></row>'
        "<row><c><v>9.5</v></c><c><f>SUM(A1)</f><v>10</v></c></row>"
    )
    data = workbook({"Điểm": first, "Trống": ""}, ["không dùng", "Họ và tên"])
    found = look("điểm.xlsx", data)
    assert places(found) == [(1, "Trang tính Điểm", "Họ và tên Điểm \n9.5 10")]
    assert found.page_count == 2


def test_a_text_document_of_open_document_gives_headings_and_paragraphs(look):
    body = (
        f"<office:text><text:h>Bài 24</text:h><text:p>{SENTENCE}</text:p>"
        '<text:p>a<text:s text:c="3"/>b<text:tab/>c</text:p></office:text>'
    )
    found = look("a.odt", open_document("text", body))
    assert places(found) == [(1, "", f"Bài 24\n{SENTENCE}\na b c")]
    assert (found.kind, found.title) == ("odt", "Phân số bằng nhau")


def test_slides_of_open_document_keep_their_notes(look):
    page = (
        "<draw:page><draw:frame><text:p>Chiếu</text:p></draw:frame><presentation:notes>"
        "<text:p>Lời giảng</text:p></presentation:notes></draw:page>"
    )
    body = f"<office:presentation><draw:page/>{page}</office:presentation>"
    found = look("a.odp", open_document("presentation", body))
    assert places(found) == [
        (2, "Trang chiếu 2", "Chiếu"),
        (4, "Trang chiếu 2, ghi chú", "Lời giảng"),
    ]
    assert found.page_count == 2


def test_sheets_of_open_document_are_named(look):
    row = (
        "<table:table-row><table:table-cell><text:p>Lớp</text:p></table:table-cell>"
        "<table:table-cell><text:p>6A</text:p></table:table-cell></table:table-row>"
    )
    table = f'<table:table table:name="Lớp 6">{row}</table:table>'
    body = f"<office:spreadsheet>{table}</office:spreadsheet>"
    found = look("a.ods", open_document("spreadsheet", body))
    assert places(found) == [(1, "Trang tính Lớp 6", "Lớp 6A")]


def test_a_book_gives_its_chapters_in_reading_order(look):
    found = look("a.epub", epub(["<p>Tấm &amp; Cám</p>", f"<h1>Hai</h1><p>{SENTENCE}</p>"]))
    assert places(found) == [(1, "Chương 1", "Tấm & Cám"), (2, "Chương 2", f"Hai\n\n{SENTENCE}")]
    assert (found.title, found.language) == ("Truyện cổ", "vi")


def test_a_web_page_gives_what_is_read_not_what_runs(look):
    page = (
        "<!doctype html><html lang='vi'><head><title>Bài 3</title><style>p{}</style></head>"
        f"<body><script>var khong = 1</script><h1>Số nguyên</h1><p>{SENTENCE}</p></body></html>"
    )
    found = look("bai.html", page.encode())
    assert places(found) == [(1, "", f"Số nguyên\n\n{SENTENCE}")]
    assert (found.title, found.media_type) == ("Bài 3", "text/html")
    assert "mã lệnh" in found.warnings[0]


@pytest.mark.parametrize(
    ("encoding", "declaration"),
    [
        ("utf-8", ""),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-8-sig", ""),
        ("cp1258", '<meta charset="windows-1258">'),
        ("cp1258", ""),
    ],
)
def test_vietnamese_web_pages_are_read_in_every_usual_encoding(look, encoding, declaration):
    text = f"<html><head>{declaration}</head><body><p>{SENTENCE} {SENTENCE}</p></body></html>"
    if encoding == "cp1258":
        text = as_1258(text)
    found = look("bai.html", text.encode(encoding))
    assert places(found) == [(1, "", f"{SENTENCE} {SENTENCE}")]


def as_1258(text: str) -> str:
    """Windows writes vowels whole and tones apart."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = ""
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(part for part in parts if part in tones)
        rest = "".join(part for part in parts if part not in tones)
        out += unicodedata.normalize("NFC", rest) + tone
    return out


@pytest.mark.parametrize("name", ["ghi chú.txt", "ghi chú.md", "bang.csv"])
def test_text_in_decomposed_letters_comes_out_composed(look, name):
    found = look(name, unicodedata.normalize("NFD", SENTENCE).encode())
    assert places(found) == [(1, "", SENTENCE)]


def test_text_in_a_lost_encoding_is_kept_with_a_warning(look):
    # TCVN3, the encoding of Vietnamese fonts before Unicode: "Số học" and so on.
    found = look("cu.txt", b"S\xe8 h\xe4c l\xdfp 6, b\xb5i ki\xd3m tra cu\xe8i n\xa8m h\xe4c.")
    assert found.accepted
    assert "bảng mã" in found.warnings[0]


def test_markdown_takes_its_first_heading_as_title(look):
    found = look("a.md", f"Mở đầu\n\n# Tia sáng\n\n<b>{SENTENCE}</b>".encode())
    assert (found.title, found.kind, found.media_type) == ("Tia sáng", "md", "text/markdown")


def test_captions_are_read_without_their_times(look):
    cues = f"WEBVTT\n\n1\n00:00:01.000 --> 00:00:04.000\n{SENTENCE}\n"
    assert places(look("phu-de.vtt", cues.encode())) == [(1, "0:01", SENTENCE)]


def test_a_notebook_gives_text_and_code(look):
    cells = [
        {"cell_type": "markdown", "source": ["# Đồ thị\n", SENTENCE]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": "khong lay"}]},
    ]
    data = json.dumps({"cells": cells, "nbformat": 4}).encode()
    found = look("a.ipynb", data)
    assert places(found) == [
        (1, "Ô 1 (lời văn)", f"# Đồ thị\n{SENTENCE}"),
        (2, "Ô 2 (mã lệnh)", "print(1)"),
    ]
    assert found.title == "Đồ thị"
    assert found.declared.contents == (Part("Đồ thị"),)


def test_rich_text_is_read_in_both_ways_of_writing_accents(look):
    data = (
        rb"{\rtf1\ansi\ansicpg1258{\fonttbl{\f0 Times;}}{\*\generator x;}"
        rb"H\u7885?c sinh bi\u234?t \'d0\'f4ng\par Do\'ccng hai}"
    )
    assert places(look("a.rtf", data)) == [(1, "", "Học sinh biêt Đông\nDòng hai")]


def test_a_drawing_gives_its_text_and_size(look):
    data = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">'
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200px">'
        "<title>Mạch điện</title><text>Công tắc</text></svg>"
    )
    found = look("a.svg", data.encode())
    assert (found.title, found.width, found.height) == ("Mạch điện", 300, 200)
    assert places(found)[0][2] == "Mạch điện\nCông tắc"
    assert (found.thumbnail.width, found.thumbnail.height) == (480, 320)
    assert found.thumbnail.media_type == "image/webp"


@pytest.mark.parametrize(
    ("stream", "extension"),
    [("WordDocument", "doc"), ("PowerPoint Document", "ppt"), ("Workbook", "xls")],
)
def test_old_office_files_are_kept_for_download_with_advice(look, stream, extension):
    found = look(f"cu.{extension}", ole2("Other", stream))
    assert (found.accepted, found.kind, found.has_text) == (True, extension, False)
    assert f".{extension}x" in found.warnings[0]


def test_long_text_is_cut_with_a_warning(look):
    line = "Câu hỏi ôn tập số một. "
    found = look("dài.txt", (line * 440_000).encode())
    assert found.text_truncated
    assert sum(len(segment.text) for segment in found.segments) == 10_000_000
    assert "phần đầu" in found.warnings[0]


def test_titles_that_programs_fill_in_are_not_titles(look):
    document = Document()
    document.core_properties.title = "PowerPoint Presentation"
    document.add_paragraph("Bài")
    out = io.BytesIO()
    document.save(out)
    assert look("a.docx", out.getvalue()).title is None


def test_english_is_told_from_vietnamese_without_accents(look):
    english = "This is the story of a boy and the girl that he met in the forest of the king."
    assert look("a.txt", english.encode()).language == "en"
    bare = b"Hoc sinh biet so sanh hai phan so khac mau va quy dong mau"
    assert look("b.txt", bare).language == "vi"


@pytest.mark.parametrize(("declared", "language"), [("fr", "fr"), ("ar", "other"), ("", None)])
def test_the_language_that_a_file_declares_counts_when_its_text_tells_nothing(
    look, declared, language
):
    page = f"<html lang='{declared}'><body><p>1 2 3 4 5</p></body></html>"
    assert look("a.html", page.encode()).language == language
