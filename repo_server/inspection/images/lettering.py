"""Words on pictures, read by tesseract where it is installed with its Vietnamese letters.

It runs inside the confined child, gets pixels that our own decoders drew, and hands back text.
"""

import io
import subprocess
from typing import Final

from PIL import Image

from repo_server.inspection.base import Refused, RenderedImage, Segment
from repo_server.inspection.confinement.barriers import die_with_parent
from repo_server.inspection.findings import clean_text

PAGE_WIDTH: Final = 1800
"""Pixels: an A4 page at 220 dots an inch, where small accents still stand apart."""

PAGE_TEXT_LIMIT: Final = 20_000
_SECONDS: Final = 60
_LEAST: Final = 200


def recognize(tesseract: str, drawn: RenderedImage, page: int) -> Segment | None:
    """The words on a drawn page; None where there are none, or it took too long."""
    if min(drawn.width, drawn.height) < _LEAST:
        return None
    pixels = io.BytesIO()
    with Image.open(io.BytesIO(drawn.data), formats=["WEBP"]) as image:
        image.convert("L").save(pixels, "PPM")
    command = [tesseract, "stdin", "stdout", "-l", "vie", "--psm", "3"]
    try:
        done = subprocess.run(  # noqa: S603 our own arguments, confined
            command,
            input=pixels.getvalue(),
            stdout=subprocess.PIPE,
            stderr=1,  # nothing can be opened any more, not even /dev/null
            env={"OMP_THREAD_LIMIT": "1"},
            timeout=_SECONDS,
            check=True,
            preexec_fn=die_with_parent,  # safe: this process has one thread
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused("too_complex", detail="không nhận dạng được chữ") from error
    text = clean_text(done.stdout.decode("utf-8", "replace"))[:PAGE_TEXT_LIMIT]
    return Segment(page, f"Trang {page}", text) if text else None
