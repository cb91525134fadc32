"""Which format is written by which module, as far as the optional packages are installed."""

from collections.abc import Callable
from typing import Final

from repo_server.samples.lesson import Figure
from repo_server.samples.manuscript import FontFiles, Manuscript
from repo_server.samples.plain_text import write_markdown
from repo_server.samples.web_page import write_html

Writer = Callable[[Manuscript], bytes]
Draftsman = Callable[[Figure, FontFiles], bytes]


def _office_writers() -> dict[str, Writer]:
    return {"docx": write_docx, "pptx": write_pptx, "pdf": write_pdf}


TEXT_WRITERS: Final[dict[str, Writer]] = {"md": write_markdown, "html": write_html}
MISSING_PACKAGE: str | None = None
DRAW: Draftsman | None = None

try:
    from repo_server.samples.drawing import draw
    from repo_server.samples.paper import write_pdf
    from repo_server.samples.slides import write_pptx
    from repo_server.samples.word import write_docx
except ModuleNotFoundError as error:
    # The packages of the `demo` extra: a server that never shows samples does without them.
    MISSING_PACKAGE = error.name
else:
    DRAW = draw
    TEXT_WRITERS.update(_office_writers())
