"""Which packages are played in Kho, and what their pages may do there.

Played is what a browser can play without a server of its own: docs/decisions/0018 says how, and
0017 why nothing that a package does reaches the site, its readers' sessions or another package.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Player:
    """How a kind of package is played.

    `runtime` is the program that stands around the pages: "scorm12", "scorm2004" (an interface
    that pages look for in the windows around them), "h5p", or "" for a frame alone. `manifests`
    are the names, or endings after a star, of the members that say which pages there are.
    `scripts`: whether pages run any; `shares_origin`: whether pages and player are of one origin,
    which the interface of SCORM needs. `caution` is the code of the sentence beside it.
    """

    runtime: str = ""
    manifests: tuple[str, ...] = ()
    scripts: bool = True
    shares_origin: bool = False
    caution: str = "nothing_kept"

    @property
    def sandbox(self) -> str:
        """What the frame of the player may do (HTML, `iframe sandbox`)."""
        return f"{_ALLOWED} allow-same-origin" if self.shares_origin else _ALLOWED

    @property
    def member_sandbox(self) -> str:
        """What a page of the package may do, however it is opened."""
        return self.sandbox if self.scripts else ""


_ALLOWED: Final = "allow-scripts allow-forms allow-modals"
"""No windows, no downloads, no address of the window around; forms only for scripts to read."""

_IMS: Final = ("imsmanifest.xml",)

PLAYERS: Final[dict[str, Player]] = {
    "scorm12": Player("scorm12", _IMS, shares_origin=True),
    "scorm2004": Player("scorm2004", _IMS, shares_origin=True),
    "cmi5": Player(manifests=("cmi5.xml",), caution="no_record_store"),
    "imscp": Player(manifests=_IMS),
    "imscc": Player(manifests=_IMS, caution="pages_only"),
    "h5p": Player("h5p"),
    "site": Player(),
    "epub": Player(
        manifests=("META-INF/container.xml", "*.opf", "*.ncx", "*nav.xhtml", "*toc.xhtml"),
        scripts=False,
        caution="book",
    ),
}
"""Kind of file → how it is played."""

MEMBER_TYPES: Final[dict[str, str]] = {
    "html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml",
    "js": "text/javascript", "mjs": "text/javascript", "css": "text/css",
    "json": "application/json; charset=utf-8", "xml": "application/xml", "xsd": "application/xml",
    "txt": "text/plain; charset=utf-8", "vtt": "text/vtt; charset=utf-8",
    "wasm": "application/wasm",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
    "webp": "image/webp", "avif": "image/avif", "bmp": "image/bmp", "ico": "image/x-icon",
    "svg": "image/svg+xml", "cur": "image/x-icon",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav", "flac": "audio/flac",
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg",
    "woff": "font/woff", "woff2": "font/woff2", "ttf": "font/ttf", "otf": "font/otf",
    "eot": "application/vnd.ms-fontobject", "pdf": "application/pdf",
}  # fmt: skip
"""Ending of a member → its media type; everything else is data."""

MEDIA: Final = ("audio/", "video/")


def member_type(name: str) -> str:
    """The type under which a member of a package is sent."""
    return MEMBER_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
