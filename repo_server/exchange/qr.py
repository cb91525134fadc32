"""QR codes of addresses, as SVG and PNG: error level M with the quiet zone that scanners need.

The library chooses the smallest size of code; black on white whatever a page's colors are.
"""

from functools import lru_cache
from io import BytesIO
from typing import Final

import segno

QUIET_ZONE: Final = 4
"""Modules of white around the code (ISO/IEC 18004)."""

LARGEST_PNG: Final = 2_000
"""Pixels of a side; enough for a poster."""

_KEPT: Final = 2_000


def qr_svg(text: str) -> bytes:
    """An SVG without a size of its own: it fills the place it is given."""
    out = BytesIO()
    _code(text).save(
        out, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, nl=False
    )
    return out.getvalue()


def qr_png(text: str, size: int) -> bytes:
    """A PNG whose side is at most `size` pixels: the largest whole number of pixels a module.

    `size` is at most `LARGEST_PNG`; a code never gets less than one pixel a module.
    """
    code = _code(text)
    modules = code.symbol_size(border=QUIET_ZONE)[0]
    out = BytesIO()
    code.save(out, kind="png", border=QUIET_ZONE, scale=max(1, min(size, LARGEST_PNG) // modules))
    return out.getvalue()


@lru_cache(maxsize=_KEPT)
def _code(text: str) -> segno.QRCode:
    return segno.make(text, error="m", micro=False, boost_error=False)
