"""Lessons as one HTML file without script: opens anywhere, prints well, reads on a phone."""

from html import escape

from repo_server.samples import markup
from repo_server.samples.manuscript import Manuscript

_STYLE = """
body { font: 1.0625rem/1.6 system-ui, sans-serif; color: #222b33; max-width: 44rem;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1, h2, h3 { color: #COLOR; line-height: 1.25; }
header p { color: #555; margin: .25rem 0; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border: 1px solid #b5bbc1; padding: .45rem .6rem; text-align: left; vertical-align: top; }
th { background: #COLOR; color: #fff; }
blockquote { margin: 1rem 0; padding: .75rem 1rem; border-left: 4px solid #COLOR;
  background: #f3f4f6; }
.question { margin: 1.1rem 0; }
.question p { margin: .25rem 0; }
summary { cursor: pointer; color: #COLOR; padding: .4rem 0; }
"""


def write_html(manuscript: Manuscript) -> bytes:
    """A complete page in UTF-8; answers open with a tap."""
    body = "\n".join(_block(block) for block in manuscript.blocks)
    style = _STYLE.replace("COLOR", manuscript.color)
    page = f"""<!doctype html>
<html lang="{manuscript.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="author" content="{escape(manuscript.author)}">
<meta name="keywords" content="{escape(", ".join(manuscript.keywords))}">
<title>{escape(manuscript.title)}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{escape(manuscript.title)}</h1>
<p>{escape(manuscript.subtitle)}</p>
<p>Biên soạn: {escape(manuscript.byline)}</p>
</header>
<main>
{body}
</main>
</body>
</html>
"""
    return page.encode()


def _inline(text: str) -> str:
    parts = []
    for run in markup.runs(text):
        tag = "strong" if run.bold else "em" if run.italic else ""
        part = escape(run.text)
        parts.append(f"<{tag}>{part}</{tag}>" if tag else part)
    return "".join(parts)


def _block(block: markup.Block) -> str:
    match block:
        case markup.Heading(level, text):
            tag = f"h{max(2, level)}"
            return f"<{tag}>{_inline(text)}</{tag}>"
        case markup.Paragraph(text):
            return f"<p>{_inline(text).replace(chr(10), '<br>')}</p>"
        case markup.Items(items, ordered):
            tag = "ol" if ordered else "ul"
            rows = "".join(f"<li>{_inline(item)}</li>" for item in items)
            return f"<{tag}>{rows}</{tag}>"
        case markup.Table():
            return _table(block)
        case markup.Question():
            return _question(block)
        case markup.Note(text):
            return f"<blockquote><p>{_inline(text)}</p></blockquote>"
        case markup.Picture(_, caption):
            return f"<p><em>{_inline(caption)}</em></p>"


def _table(block: markup.Table) -> str:
    def row(texts: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{_inline(text)}</{tag}>" for text in texts) + "</tr>"

    rows = "\n".join(row(texts, "td") for texts in block.rows[1:])
    return f"<table>\n<thead>{row(block.rows[0], 'th')}</thead>\n<tbody>{rows}</tbody>\n</table>"


def _question(block: markup.Question) -> str:
    lines = "".join(f"<p>{_inline(line)}</p>" for line in block.lines[1:])
    answer = ""
    if block.answer:
        answer = f"<details><summary>Đáp án</summary><p>{_inline(block.answer)}</p></details>"
    asked = f"<p><strong>Câu {block.number}.</strong> {_inline(block.lines[0])}</p>"
    return f'<div class="question">{asked}{lines}{answer}</div>'
