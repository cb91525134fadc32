"""What an inspection says, and how a decoder refuses a file.

These values cross the border between the confined child that reads a stranger's bytes and the
server that only believes them: they hold plain text, numbers and one small picture, nothing else.
"""

from dataclasses import dataclass
from typing import Final

from repo_server.domain.files import REASONS

TEXT_LIMIT: Final = 10_000_000
"""Characters of text that one file may add to the library (docs/decisions/0005)."""

THUMBNAIL_LIMIT: Final = 2_000_000
"""Bytes of the largest picture that a child may hand back."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Text of one place in a file: `position` counts from 1, `label` is read by people.

    Labels are Vietnamese ("Trang 3", "Trang chiếu 5", "Trang tính Điểm", "Chương 2"), empty for
    a file without inner places.
    """

    position: int
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """An encoded picture that holds pixels only: no EXIF, no place, no author."""

    data: bytes
    media_type: str
    width: int
    height: int


DESCRIPTION_LIMIT: Final = 2_000
RIGHTS_LIMIT: Final = 500
CONTENTS_LIMIT: Final = 500
"""Parts of a package that are listed; what is beyond is counted, not named."""
MAX_LAUNCHES: Final = 5_000
"""Pages of one package that a player offers."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a package as its maker named it.

    `depth` is 0 at the top and grows inwards; `note` says in Vietnamese what the part is ("Bài
    kiểm tra", "Trang web", "2,3 MB"), "" when nobody knows.
    """

    title: str
    depth: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file says about itself, for the form that a teacher confirms; never verified.

    `language` is a key of `domain.materials.LANGUAGES`; `license` a key of
    `domain.licenses.LICENSES`, only when the file names exactly that one, and `rights` the words
    that it uses. `grades` are hints by age or level (1 to 12), ascending. All text is plain, at
    most 300 (title, creator), 2,000 (description) and 500 (rights) characters; at most 20
    keywords of 80 characters and `CONTENTS_LIMIT` parts.
    """

    title: str | None = None
    description: str | None = None
    language: str | None = None
    license: str | None = None
    rights: str | None = None
    creator: str | None = None
    keywords: tuple[str, ...] = ()
    grades: tuple[int, ...] = ()
    contents: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file was found to be.

    `verdict` is a stable code of `domain.files.REASONS` ("ok" when accepted) and `reason` the
    Vietnamese sentence with advice ("" when accepted). `kind` is a key of `FILE_KINDS`, "" when
    the file was refused before it was recognised. `language` is "vi" or "en" as the text shows,
    else what the file declares, as a key of `domain.materials.LANGUAGES`, else None. `duration` is
    in seconds, `width` and `height` in pixels as shown (EXIF orientation applied). `declared` is
    what the file says about itself: `title` is the best title that any reader found, while
    `declared.title` stands in its properties or manifest alone. `content` is a digest that is the
    same for two ZIP files with the same members, None for every other kind.
    """

    accepted: bool
    verdict: str = "ok"
    reason: str = ""
    kind: str = ""
    media_type: str = ""
    title: str | None = None
    language: str | None = None
    page_count: int | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    segments: tuple[Segment, ...] = ()
    text_truncated: bool = False
    has_text: bool = False
    warnings: tuple[str, ...] = ()
    thumbnail: RenderedImage | None = None
    declared: Declared = Declared()
    content: str | None = None


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which barriers stand around the decoders on this machine.

    `landlock` is the version of the kernel's Landlock interface, 0 where there is none; `libmagic`
    the version of the type library; `missing` names in Vietnamese what is not in force, for
    `kho verify`.
    """

    limits: bool
    network_namespace: bool
    system_call_filter: bool
    landlock: int
    libmagic: int
    missing: tuple[str, ...] = ()

    @property
    def no_network(self) -> bool:
        """Whether a decoder that was taken over could not open a connection."""
        return self.network_namespace or self.system_call_filter


@dataclass(frozen=True, slots=True)
class Launch:
    """A page of a package that a player opens, as its maker named it.

    `address` is the name of a member with the query that the page gets, "" for a heading without a
    page; `depth` is 0 at the top.
    """

    title: str
    address: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Launches:
    """The pages of a package in their order; `title` is its own, "" where it has none."""

    title: str
    pages: tuple[Launch, ...]


@dataclass(frozen=True, slots=True)
class MadeView:
    """HTML that a child made of a file to be read; not yet sanitized."""

    markup: str


class Refused(Exception):
    """A decoder will not take this file; `verdict` is a key of `domain.files.REASONS`.

    Details fill the placeholders of that verdict's sentence; what does not print is dropped from
    them, because names out of a stranger's file are among them.
    """

    def __init__(self, verdict: str, **details: object) -> None:
        super().__init__(verdict)
        self.verdict = verdict
        printable = {
            name: "".join(letter for letter in str(value) if letter.isprintable())
            for name, value in details.items()
        }
        self.reason = REASONS[verdict].format(**printable)
