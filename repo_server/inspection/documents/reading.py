"""Markdown and notebooks as they are read: HTML, made in the confined child.

What leaves here is still a stranger's: `inspection.sanitizing` lets through what a page of ours may
hold. Headings begin below those of the page, pictures are only those that lie in the file itself,
formulas stay the text that they are.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from repo_server.inspection.base import Refused
from repo_server.inspection.documents.texts import decode_text
from repo_server.inspection.findings import Source

SOURCE_LIMIT: Final = 4 << 20
"""Bytes of a file that is shown so; a longer one is shown as text."""
VIEW_LIMIT: Final = 2_000_000
"""Characters of HTML, pictures among them; what is beyond is left out."""

_ABOVE: Final = 3
"""Levels of headings that the page has used up: its title, "Tệp", the name of the file."""

_PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")
_COLORS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUTPUT_LIMIT: Final = 20_000

Json = Any


def markdown_view(source: Source) -> str:
    """A Markdown file (CommonMark with tables) as HTML. Refused when it is too long to be shown."""
    text, _ = decode_text(_whole(source))
    return _cut([_from_markdown(text)])


def notebook_view(source: Source) -> str:
    """The cells of a notebook with their results. Refused when it is too long or damaged."""
    try:
        notebook = json.loads(decode_text(_whole(source))[0])
        sheets = notebook.get("worksheets", [notebook])
        return _cut(part for sheet in sheets for cell in sheet["cells"] for part in _cell(cell))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("damaged", detail="không đúng cấu trúc sổ tay Jupyter") from error


def _whole(source: Source) -> bytes:
    if source.size > SOURCE_LIMIT:
        raise Refused("too_complex", detail="văn bản quá dài")
    return source.whole(SOURCE_LIMIT)


def _cut(parts: Iterator[str] | list[str]) -> str:
    """Parts as long as there is room; none is torn."""
    kept, room = [], VIEW_LIMIT
    for part in parts:
        room -= len(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept)


def _markdown() -> MarkdownIt:
    # Markup inside of Markdown is shown as it was typed.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _from_markdown(text: str) -> str:
    parser = _markdown()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + _ABOVE, 6)}"
        token.children = [_shown(child) for child in token.children or ()] or token.children
    return str(parser.renderer.render(tokens, parser.options, {}))


def _shown(token: Token) -> Token:
    """A picture that does not lie in the file as its words."""
    if token.type != "image" or str(token.attrs.get("src", "")).startswith("data:image/"):
        return token
    return Token("text", "", 0, content=f"[{token.content}]")


def _cell(cell: dict[str, Json]) -> Iterator[str]:
    kind, text = str(cell["cell_type"]), _text(cell.get("source", cell.get("input", "")))
    if kind == "markdown":
        yield _from_markdown(text)
    elif kind == "heading":
        level = min(int(cell.get("level", 1)) + _ABOVE, 6)
        yield f"<h{level}>{escape(text)}</h{level}>"
    else:
        yield f"<pre><code>{escape(text)}</code></pre>"
        for output in cell.get("outputs") or ():
            yield _output(output)


def _output(output: dict[str, Json]) -> str:
    """One result: a picture rather than a table, a table rather than text."""
    data = output.get("data", output)
    for media_type in _PICTURES:
        picture = _text(data.get(media_type, data.get(media_type.partition("/")[2], "")))
        if picture and _BASE64.fullmatch(picture):
            packed = "".join(picture.split())
            return f'<p><img src="data:{media_type};base64,{packed}" alt="Hình trong sổ tay"></p>'
    if table := _text(data.get("text/html", "")):
        return f"<div>{table}</div>"
    trace = "\n".join(map(str, output.get("traceback") or ()))
    said = _text(output.get("text") or data.get("text/plain") or trace)
    plain = _COLORS.sub("", said)[:_OUTPUT_LIMIT]
    return f"<pre>{escape(plain)}</pre>" if plain.strip() else ""


def _text(value: Json) -> str:
    """A text that a notebook keeps whole or line by line."""
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else ""
