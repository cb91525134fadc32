"""Lessons as Markdown: the form that is easiest to change and to reuse."""

from repo_server.samples import markup
from repo_server.samples.manuscript import Manuscript


def write_markdown(manuscript: Manuscript) -> bytes:
    """The manuscript in CommonMark with tables, UTF-8, one blank line between blocks."""
    head = f"# {manuscript.title}\n\n*{manuscript.subtitle}*\n\nBiên soạn: {manuscript.byline}"
    parts = [head, *(_block(block) for block in manuscript.blocks)]
    return ("\n\n".join(parts) + "\n").encode()


def _block(block: markup.Block) -> str:
    match block:
        case markup.Heading(level, text):
            return f"{'#' * max(2, level)} {text}"
        case markup.Paragraph(text):
            return text.replace("\n", "  \n")
        case markup.Items(items, ordered):
            return "\n".join(
                f"{number}. {item}" if ordered else f"- {item}"
                for number, item in enumerate(items, start=1)
            )
        case markup.Table(rows):
            lines = ["| " + " | ".join(row) + " |" for row in rows]
            rule = "|" + " --- |" * len(rows[0])
            return "\n".join([lines[0], rule, *lines[1:]])
        case markup.Question(number, lines_, answer):
            asked = f"**Câu {number}.** " + "  \n".join(lines_)
            return f"{asked}\n\n> **Đáp án:** {answer}" if answer else asked
        case markup.Note(text):
            return f"> {text}"
        case markup.Picture(_, caption):
            return f"*{caption}*"
