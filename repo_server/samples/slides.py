"""Lessons as PowerPoint files: wide slides with a colored band, a title, bullets and notes."""

import io
from collections.abc import Sequence
from typing import Any, Final

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Cm, Pt

from repo_server.samples import markup
from repo_server.samples.manuscript import WRITTEN_AT, Manuscript
from repo_server.samples.packing import repacked

_FACE: Final = "Arial"
_WIDTH, _HEIGHT = 33.867, 19.05
_WHITE: Final = "FFFFFF"
_INK: Final = "222B33"
_PALE: Final = "F1F3F5"


def write_pptx(manuscript: Manuscript) -> bytes:
    """A cover and one slide for each level-1 heading; the same bytes each time."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Cm(_WIDTH), Cm(_HEIGHT)
    _set_properties(deck, manuscript)
    _add_cover(deck, manuscript)
    for title, blocks in _pages(manuscript.blocks):
        _add_slide(deck, title, blocks, manuscript)
    out = io.BytesIO()
    deck.save(out)
    return repacked(out.getvalue())


def _pages(blocks: tuple[markup.Block, ...]) -> list[tuple[str, list[markup.Block]]]:
    pages: list[tuple[str, list[markup.Block]]] = []
    for block in blocks:
        if isinstance(block, markup.Heading) and (block.level == 1 or not pages):
            pages.append((block.text, []))
        elif pages:
            pages[-1][1].append(block)
    return pages


def _set_properties(deck: Any, manuscript: Manuscript) -> None:
    about = deck.core_properties
    about.title = manuscript.title
    about.author = about.last_modified_by = manuscript.author
    about.subject = manuscript.subtitle
    about.keywords = ", ".join(manuscript.keywords)
    about.category = manuscript.organization
    about.language = manuscript.locale
    about.created = about.modified = WRITTEN_AT.replace(tzinfo=None)
    about.revision = 1
    # The template's own thumbnail shows an empty slide.
    relations = deck.part.package._rels
    for key in [key for key, row in relations.items() if row.reltype.endswith("/thumbnail")]:
        relations.pop(key)


def _band(slide: Any, color: str, box: tuple[float, float, float, float]) -> None:
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Cm(side) for side in box))
    shape.fill.solid()
    shape.fill.fore_color.rgb = _rgb(color)
    shape.line.fill.background()
    shape.shadow.inherit = False
    # Behind the title, which was there first.
    slide.shapes._spTree.remove(shape._element)
    slide.shapes._spTree.insert(2, shape._element)


def _rgb(color: str) -> RGBColor:
    return RGBColor(*bytes.fromhex(color))  # type: ignore[no-untyped-call]


def _place(shape: Any, box: tuple[float, float, float, float]) -> None:
    shape.left, shape.top, shape.width, shape.height = (Cm(side) for side in box)


def _add_cover(deck: Any, manuscript: Manuscript) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    _band(slide, manuscript.color, (0, 0, _WIDTH, 12.4))
    _place(slide.shapes.title, (2.2, 3.2, _WIDTH - 4.4, 7))
    _write(slide.shapes.title.text_frame, manuscript.title, 44, _WHITE, manuscript, bold=True)
    subtitle = slide.placeholders[1]
    _place(subtitle, (2.2, 13.2, _WIDTH - 4.4, 4))
    _write(subtitle.text_frame, manuscript.subtitle, 26, manuscript.color, manuscript, bold=True)
    _write(subtitle.text_frame, manuscript.byline, 20, _INK, manuscript)


def _add_slide(deck: Any, title: str, blocks: list[markup.Block], manuscript: Manuscript) -> None:
    notes = [block.text for block in blocks if isinstance(block, markup.Note)]
    shown = [block for block in blocks if not isinstance(block, markup.Note)]
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    _band(slide, manuscript.color, (0, 0, _WIDTH, 3))
    _place(slide.shapes.title, (1.4, 0.4, _WIDTH - 2.8, 2.2))
    slide.shapes.title.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    _write(slide.shapes.title.text_frame, title, 30, _WHITE, manuscript, bold=True)
    texts = [block for block in shown if not isinstance(block, markup.Table | markup.Picture)]
    others = [block for block in shown if isinstance(block, markup.Table | markup.Picture)]
    beside = bool(texts and others)
    if texts:
        _add_texts(slide, texts, 16.4 if beside else _WIDTH - 3.2, manuscript)
    left, width = (18.6, _WIDTH - 20) if beside else (2.4, _WIDTH - 4.8)
    for block in others:
        if isinstance(block, markup.Table):
            _add_table(slide, block, (left, width), manuscript)
        elif block.name in manuscript.pictures:
            picture = io.BytesIO(manuscript.pictures[block.name])
            _fit(slide.shapes.add_picture(picture, Cm(left), Cm(3.8)), width, 13.4)
    _add_number(slide, manuscript)
    if notes:
        slide.notes_slide.notes_text_frame.text = "\n".join(markup.plain(note) for note in notes)


def _fit(picture: Any, width: float, height: float) -> None:
    scale = min(Cm(width) / picture.width, Cm(height) / picture.height)
    picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)


def _lines(block: markup.Block) -> list[tuple[str, str]]:
    match block:
        case markup.Items(items, ordered):
            return [(f"{at}." if ordered else "•", text) for at, text in enumerate(items, start=1)]
        case markup.Question(number, lines, answer):
            asked = [("", f"**Câu {number}.** {lines[0]}"), *(("", line) for line in lines[1:])]
            return [*asked, ("", f"**Đáp án:** {answer}")] if answer else asked
        case markup.Heading(_, text):
            return [("", f"**{text}**")]
        case markup.Paragraph(text):
            return [("", line) for line in text.split("\n")]
    return []


def _add_texts(
    slide: Any, texts: Sequence[markup.Block], width: float, manuscript: Manuscript
) -> None:
    lines = [line for block in texts for line in _lines(block)]
    length = sum(1 + len(text) * 0.42 // width for _, text in lines)
    size = 24 if length <= 9 else 20 if length <= 12 else 18
    frame = slide.shapes.add_textbox(Cm(1.6), Cm(3.6), Cm(width), Cm(13.8)).text_frame
    frame.word_wrap = True
    for mark, text in lines:
        paragraph = _write(frame, text, size, _INK, manuscript)
        paragraph.space_after = Pt(size * 0.4)
        if mark:
            _hang(paragraph, mark, size)


def _hang(paragraph: Any, mark: str, size: int) -> None:
    properties = paragraph._p.get_or_add_pPr()
    indent = int(Pt(size * 1.3))
    properties.set("marL", str(indent))
    properties.set("indent", str(-indent))
    if mark == "•":
        bullet = f'<a:buChar {nsdecls("a")} char="•"/>'
    else:
        bullet = f'<a:buAutoNum {nsdecls("a")} type="arabicPeriod"/>'
    properties.append(parse_xml(bullet))


def _write(
    frame: Any, text: str, size: int, color: str, manuscript: Manuscript, *, bold: bool = False
) -> Any:
    """One more paragraph; the first one fills the empty paragraph that a frame starts with."""
    paragraph = frame.paragraphs[0]
    if paragraph.runs:
        paragraph = frame.add_paragraph()
    for run in markup.runs(text):
        added = paragraph.add_run()
        added.text = run.text
        added.font.name, added.font.size = _FACE, Pt(size)
        added.font.bold, added.font.italic = bold or run.bold, run.italic
        added.font.color.rgb = _rgb(color)
        added._r.get_or_add_rPr().set("lang", manuscript.locale)
    return paragraph


def _add_table(
    slide: Any, block: markup.Table, place: tuple[float, float], manuscript: Manuscript
) -> None:
    rows, columns = len(block.rows), len(block.rows[0])
    left, width = place
    size = Cm(left), Cm(3.9), Cm(width), Cm(1.3 * rows)
    table = slide.shapes.add_table(rows, columns, *size).table
    for row, texts in enumerate(block.rows):
        for column, text in enumerate(texts):
            cell = table.cell(row, column)
            color = _INK if row else _WHITE
            _write(
                cell.text_frame, text, 18 if columns < 4 else 16, color, manuscript, bold=not row
            )
            cell.fill.solid()
            cell.fill.fore_color.rgb = _rgb(_PALE if row else manuscript.color)


def _add_number(slide: Any, manuscript: Manuscript) -> None:
    box = slide.shapes.add_textbox(Cm(_WIDTH - 3.2), Cm(_HEIGHT - 1.3), Cm(2.4), Cm(0.9))
    paragraph = box.text_frame.paragraphs[0]
    field = parse_xml(
        f'<a:fld {nsdecls("a")} id="{{5B2C6E1A-0B0B-4C5B-9E55-2F6A1D3C7E10}}" type="slidenum">'
        f'<a:rPr lang="{manuscript.locale}" sz="1200"/><a:t>‹#›</a:t></a:fld>'
    )
    paragraph._p.append(field)
