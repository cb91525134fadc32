"""XML of strangers, read as events: no entities, nothing fetched, bounded depth.

Expat never loads anything by itself; what is refused here is what makes it expand (entity
declarations) and, in office files, any document type at all.
"""

from collections.abc import Callable, Iterable
from typing import Final
from xml.parsers import expat

from repo_server.inspection.base import Refused

_MAX_DEPTH: Final = 1_000

Attributes = dict[str, str]


class XmlEvents:
    """Base of the readers of one XML dialect: override what is of interest.

    Names come without their name space ("t", not "w:t"): the strict and the transitional variants
    of one format differ only there. `skipping` elements are passed over with all they hold.
    """

    skipping: frozenset[str] = frozenset()

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """Characters of the present element, possibly one of several pieces."""

    def stop(self) -> bool:
        """Whether enough was read."""
        return False


def local_name(name: str) -> str:
    """A name without its name space."""
    return name.rpartition(" ")[2]


def _attribute_name(name: str) -> str:
    """As `local_name`, but "r:id" for the relation ids of office files.

    Those stand beside plain ids in one element (`id="256" r:id="rId2"`).
    """
    space, _, local = name.rpartition(" ")
    return f"r:{local}" if space.endswith("/relationships") else local


class _Driver:
    def __init__(self, events: XmlEvents, *, doctype: bool) -> None:
        self._events = events
        self._depth = 0
        self._skipped_at = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._refuse
        if not doctype:
            parser.StartDoctypeDeclHandler = self._refuse
        self.parser = parser

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise Refused("too_complex", detail="cấu trúc lồng quá sâu")
        local = local_name(name)
        if not self._skipped_at and local in self._events.skipping:
            self._skipped_at = self._depth
        if not self._skipped_at:
            self._events.start(
                local, {_attribute_name(key): value for key, value in attributes.items()}
            )

    def _end(self, name: str) -> None:
        if not self._skipped_at:
            self._events.end(local_name(name))
        elif self._skipped_at == self._depth:
            self._skipped_at = 0
        self._depth -= 1

    def _text(self, data: str) -> None:
        if not self._skipped_at:
            self._events.text(data)

    def _refuse(self, *_: object) -> None:
        raise Refused("active_content", detail="khai báo thực thể XML (DTD)")


def read_xml(pieces: Iterable[bytes], events: XmlEvents, *, doctype: bool = False) -> None:
    """Feed `events` from a document; Refused when it declares entities or is not XML.

    `doctype` allows a document type without entities, as XHTML has; it is not loaded.
    """
    driver = _Driver(events, doctype=doctype)
    try:
        for piece in pieces:
            driver.parser.Parse(piece, False)  # noqa: FBT003 expat takes it by place
            if events.stop():
                return
        driver.parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise Refused("damaged", detail="phần XML không đọc được") from error


class TextGatherer(XmlEvents):
    """Text inside the elements called `inside`; `after` says what follows an element's end.

    `stop` is asked with the number of characters held whether they are enough.
    """

    inside: frozenset[str] = frozenset({"t"})
    after: dict[str, str] = {"p": "\n"}  # noqa: RUF012 never changed

    def __init__(self, stop: Callable[[int], bool]) -> None:
        self.parts: list[str] = []
        self.characters = 0
        self._open = 0
        self._stop = stop

    def start(self, name: str, attributes: Attributes) -> None:
        """Count how deep we are in text."""
        if name in self.inside:
            self._open += 1

    def end(self, name: str) -> None:
        """Close text and break lines."""
        if name in self.inside:
            self._open -= 1
        if name in self.after:
            self.parts.append(self.after[name])

    def text(self, data: str) -> None:
        """Keep what is text."""
        if self._open:
            self.characters += len(data)
            self.parts.append(data)

    def stop(self) -> bool:
        """As the reader of the file says, told how much is held here."""
        return self._stop(self.characters)

    def take(self) -> str:
        """What was gathered since the last call."""
        gathered = "".join(self.parts)
        self.parts.clear()
        self.characters = 0
        return gathered
