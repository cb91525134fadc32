"""Lessons as PDF: A4, the typeface inside the file, numbered pages, properties and language set."""

import io
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from repo_server.domain.errors import InvalidValue
from repo_server.samples import markup
from repo_server.samples.manuscript import WRITTEN_AT, FontFiles, Manuscript

_FACE: Final = "BeVietnamPro"
_INK: Final = (34, 43, 51)
_SIZE: Final = 11
_LINE: Final = 6.2  # millimeters


def write_pdf(manuscript: Manuscript) -> bytes:
    """The manuscript as PDF; InvalidValue when no typeface was given. The same bytes each time."""
    if manuscript.fonts is None:
        raise InvalidValue("fonts", "cần phông chữ để tạo tệp PDF.")
    pdf = _Paper(manuscript, manuscript.fonts)
    pdf.add_page()
    _add_title(pdf, manuscript)
    for block in manuscript.blocks:
        _add(pdf, block, manuscript)
    return bytes(pdf.output())


class _Paper(FPDF):
    def __init__(self, manuscript: Manuscript, fonts: FontFiles) -> None:
        super().__init__(format="A4")
        self.manuscript = manuscript
        self.add_font(_FACE, "", str(fonts.regular))
        self.add_font(_FACE, "B", str(fonts.bold))
        self.add_font(_FACE, "I", str(fonts.italic))
        self.set_margins(19, 18, 19)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=20)
        self.set_title(manuscript.title)
        self.set_author(manuscript.author)
        self.set_subject(manuscript.subtitle)
        self.set_keywords(", ".join(manuscript.keywords))
        self.set_lang(manuscript.locale)
        self.set_creation_date(WRITTEN_AT)
        self.set_font(_FACE, size=_SIZE)
        self.set_text_color(*_INK)

    @property
    def accent(self) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(self.manuscript.color)
        return red, green, blue

    def header(self) -> None:
        self.set_fill_color(*self.accent)
        self.rect(0, 0, self.w, 6, style="F")
        self.set_y(18)

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font(_FACE, size=8.5)
        self.set_text_color(90, 90, 90)
        label = f"{self.manuscript.organization}  ·  Trang {self.page_no()}/{{nb}}"
        self.cell(0, 8, label, align="C")


def _add_title(pdf: _Paper, manuscript: Manuscript) -> None:
    pdf.set_font(_FACE, "B", 19)
    pdf.set_text_color(*pdf.accent)
    pdf.multi_cell(0, 9, manuscript.title, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font(_FACE, "", 10)
    pdf.set_text_color(90, 90, 90)
    for line in (manuscript.subtitle, f"Biên soạn: {manuscript.byline}"):
        pdf.cell(0, 6, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_draw_color(*pdf.accent)
    pdf.line(pdf.l_margin, pdf.get_y() + 2, pdf.w - pdf.r_margin, pdf.get_y() + 2)
    pdf.ln(5)


def _add(pdf: _Paper, block: markup.Block, manuscript: Manuscript) -> None:
    pdf.set_font(_FACE, "", _SIZE)
    pdf.set_text_color(*_INK)
    match block:
        case markup.Heading(level, text):
            _add_heading(pdf, level, text)
        case markup.Paragraph(text):
            _add_text(pdf, text)
        case markup.Items():
            _add_items(pdf, block)
        case markup.Table():
            _add_table(pdf, block)
        case markup.Question():
            _add_question(pdf, block)
        case markup.Note(text):
            _add_note(pdf, text)
        case markup.Picture():
            _add_picture(pdf, block, manuscript)


def _add_items(pdf: _Paper, block: markup.Items) -> None:
    for number, item in enumerate(block.items, start=1):
        _add_text(pdf, item, mark=f"{number}." if block.ordered else "•")
    pdf.ln(1.5)


def _marked(text: str) -> str:
    """The text in fpdf2's own marks: two asterisks are bold, two underscores italic."""
    marks = {(True, False): "**", (False, True): "__"}
    parts = [(marks.get((run.bold, run.italic), ""), run.text) for run in markup.runs(text)]
    return "".join(f"{mark}{part}{mark}" for mark, part in parts)


def _add_heading(pdf: _Paper, level: int, text: str) -> None:
    if pdf.will_page_break(24):
        pdf.add_page()
    pdf.ln(2.5)
    pdf.set_font(_FACE, "B", {1: 15, 2: 13.5}.get(level, 11.5))
    pdf.set_text_color(*pdf.accent)
    pdf.multi_cell(0, 7, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1)


def _add_text(pdf: _Paper, text: str, *, mark: str = "", indent: float = 0) -> None:
    left = pdf.l_margin + indent
    pdf.set_x(left)
    if mark:
        if pdf.will_page_break(_LINE):
            pdf.add_page()
            pdf.set_x(left)
        pdf.cell(6, _LINE, mark)
    width = pdf.w - pdf.r_margin - pdf.get_x()
    pdf.multi_cell(
        width, _LINE, _marked(text), align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT
    )
    pdf.ln(1.6)


def _add_table(pdf: _Paper, block: markup.Table) -> None:
    head = FontFace(emphasis="BOLD", color=(255, 255, 255), fill_color=pdf.accent)
    longest = [max(len(row[at]) for row in block.rows) for at in range(len(block.rows[0]))]
    pdf.ln(1)
    pdf.set_draw_color(150, 150, 150)
    pdf.set_fill_color(255, 255, 255)
    with pdf.table(
        headings_style=head,
        col_widths=tuple(min(max(length, 9), 48) for length in longest),
        line_height=_LINE,
        padding=(1.2, 1.8),
        text_align="LEFT",
        markdown=True,
    ) as table:
        for at, texts in enumerate(block.rows):
            row = table.row()
            for text in texts:
                # The head is bold as a whole; marks in it would be shown.
                row.cell(_marked(text) if at else markup.plain(text))
    pdf.ln(3)


def _add_question(pdf: _Paper, block: markup.Question) -> None:
    if pdf.will_page_break(_LINE * (1 + len(block.lines))):
        pdf.add_page()
    _add_text(pdf, f"**Câu {block.number}.** {block.lines[0]}")
    for line in block.lines[1:]:
        _add_text(pdf, line, indent=6)
    if block.answer:
        _add_text(pdf, f"**Đáp án:** {block.answer}", indent=6)
    pdf.ln(1.5)


def _add_note(pdf: _Paper, text: str) -> None:
    pdf.set_fill_color(243, 244, 246)
    pdf.multi_cell(
        0,
        _LINE,
        _marked(text),
        align="L",
        fill=True,
        markdown=True,
        padding=3,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )
    pdf.ln(3)


def _add_picture(pdf: _Paper, block: markup.Picture, manuscript: Manuscript) -> None:
    if block.name not in manuscript.pictures:
        return
    pdf.ln(1)
    pdf.image(io.BytesIO(manuscript.pictures[block.name]), w=pdf.epw, alt_text=block.caption)
    pdf.ln(1)
    pdf.set_font(_FACE, "I", 9.5)
    pdf.multi_cell(0, 5, block.caption, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(3)
