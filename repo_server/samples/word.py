"""Lessons as Word files: heading styles, tables with a repeated head, numbered pages."""

import io
from typing import Final

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph

from repo_server.samples import markup
from repo_server.samples.manuscript import WRITTEN_AT, Manuscript
from repo_server.samples.packing import repacked

_FACE: Final = "Times New Roman"


def write_docx(manuscript: Manuscript) -> bytes:
    """The manuscript on A4, margins of Nghị định 30/2020/NĐ-CP; the same bytes each time."""
    document = Document()
    _set_properties(document, manuscript)
    _set_styles(document, manuscript)
    _set_page(document, manuscript)
    _add_title(document, manuscript)
    for block in manuscript.blocks:
        _add(document, block, manuscript)
    out = io.BytesIO()
    document.save(out)
    return repacked(out.getvalue())


def _set_properties(document: WordDocument, manuscript: Manuscript) -> None:
    about = document.core_properties
    about.title = manuscript.title
    about.author = about.last_modified_by = manuscript.author
    about.subject = manuscript.subtitle
    about.keywords = ", ".join(manuscript.keywords)
    about.category = manuscript.organization
    about.comments = ""
    about.language = manuscript.locale
    about.created = about.modified = WRITTEN_AT.replace(tzinfo=None)
    about.revision = 1
    # The template's own thumbnail shows an empty page.
    relations = document.part.package.rels
    for key in [key for key, row in relations.items() if row.reltype.endswith("/thumbnail")]:
        del relations[key]


def _set_styles(document: WordDocument, manuscript: Manuscript) -> None:
    sizes = {"Normal": 13, "Title": 22, "Heading 1": 16, "Heading 2": 14, "Heading 3": 13}
    for name, size in sizes.items():
        style = document.styles[name]
        style.font.name = _FACE
        style.font.size = Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(theme), None)
        fonts.set(qn("w:eastAsia"), _FACE)
        if name != "Normal":
            style.font.bold = True
            style.font.color.rgb = RGBColor.from_string(manuscript.color)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), manuscript.locale)
    document.styles["Normal"].element.get_or_add_rPr().append(language)
    spacing = document.styles["Normal"].paragraph_format
    spacing.space_after, spacing.line_spacing = Pt(6), 1.15


def _set_page(document: WordDocument, manuscript: Manuscript) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(3), Cm(2)
    section.top_margin = section.bottom_margin = Cm(2)
    head = section.header.paragraphs[0]
    head.text = manuscript.organization
    head.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("Trang ")
    _add_field(foot, "PAGE")
    foot.add_run(" / ")
    _add_field(foot, "NUMPAGES")
    for paragraph in (head, foot):
        for run in paragraph.runs:
            run.font.size = Pt(10)
            run.font.color.rgb = RGBColor(0x59, 0x59, 0x59)


def _add_field(paragraph: WordParagraph, instruction: str) -> None:
    run = paragraph.add_run()
    for kind, text in (
        ("begin", ""),
        ("", instruction),
        ("separate", ""),
        ("text", "1"),
        ("end", ""),
    ):
        if kind == "text":
            run.add_text(text)
            continue
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _add_title(document: WordDocument, manuscript: Manuscript) -> None:
    title = document.add_paragraph(manuscript.title, style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text in (manuscript.subtitle, f"Biên soạn: {manuscript.byline}"):
        line = document.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        line.add_run(text).italic = True


def _add(document: WordDocument, block: markup.Block, manuscript: Manuscript) -> None:
    match block:
        case markup.Heading(level, text):
            document.add_heading(text, level=max(1, level - 1))
        case markup.Paragraph(text):
            _fill(document.add_paragraph(), text)
        case markup.Items():
            _add_items(document, block)
        case markup.Table():
            _add_table(document, block, manuscript)
        case markup.Question():
            _add_question(document, block)
        case markup.Note(text):
            _fill(document.add_paragraph(style="Intense Quote"), text)
        case markup.Picture():
            _add_picture(document, block, manuscript)


def _fill(paragraph: WordParagraph, text: str) -> None:
    for run in markup.runs(text):
        added = paragraph.add_run(run.text)
        added.bold = run.bold or None
        added.italic = run.italic or None


def _add_items(document: WordDocument, block: markup.Items) -> None:
    if not block.ordered:
        for item in block.items:
            _fill(document.add_paragraph(style="List Bullet"), item)
        return
    # Numbers are written out: Word's own numbering would run on from one list to the next.
    for number, item in enumerate(block.items, start=1):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.left_indent = Cm(1)
        paragraph.paragraph_format.first_line_indent = Cm(-0.7)
        _fill(paragraph, f"{number}. {item}")


def _add_table(document: WordDocument, block: markup.Table, manuscript: Manuscript) -> None:
    table = document.add_table(rows=len(block.rows), cols=len(block.rows[0]), style="Table Grid")
    for row, texts in zip(table.rows, block.rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            _fill(cell.paragraphs[0], text)
    head = table.rows[0]
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    head._tr.get_or_add_trPr().append(repeated)
    for cell in head.cells:
        _shade(cell, manuscript.color)
    document.add_paragraph()


def _shade(cell: _Cell, color: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", color)):
        shade.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shade)
    for run in cell.paragraphs[0].runs:
        run.bold = True
        run.font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)


def _add_question(document: WordDocument, block: markup.Question) -> None:
    first = document.add_paragraph()
    first.paragraph_format.keep_with_next = True
    first.add_run(f"Câu {block.number}. ").bold = True
    _fill(first, block.lines[0])
    for line in block.lines[1:]:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.left_indent = Cm(1)
        _fill(paragraph, line)
    if block.answer:
        answer = document.add_paragraph()
        answer.paragraph_format.left_indent = Cm(1)
        answer.add_run("Đáp án: ").bold = True
        _fill(answer, block.answer)


def _add_picture(document: WordDocument, block: markup.Picture, manuscript: Manuscript) -> None:
    if block.name not in manuscript.pictures:
        return
    document.add_picture(io.BytesIO(manuscript.pictures[block.name]), width=Cm(15))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption = document.add_paragraph()
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.add_run(block.caption).italic = True
