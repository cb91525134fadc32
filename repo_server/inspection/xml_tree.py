"""Small XML documents of strangers as a tree: manifests, questions, descriptions.

Read through `xml_events`, so the same rules hold. A tree costs a hundred times the bytes that it
was read from, therefore it is bounded in elements; long texts are read as events instead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from repo_server.inspection.base import Refused
from repo_server.inspection.xml_events import Attributes, XmlEvents, read_xml

MAX_ELEMENTS: Final = 100_000
_TEXT_LIMIT: Final = 20_000_000
_INSIDE_A_LINE: Final = frozenset(
    (
        "a", "b", "i", "u", "em", "strong", "sub", "sup", "span", "small", "big", "tt", "code",
        "q", "font", "abbr", "cite", "mark", "textentryinteraction", "gap", "hottext",
        "printedvariable", "math", "semantics", "mstyle", "msqrt", "mfenced", "msubsup", "mover",
        "munder", "mi", "mn", "mo", "mrow", "msup", "msub", "mfrac", "mtext", "img",
    )
)  # fmt: skip


@dataclass(slots=True)
class Node:
    """One element: names in lower case without name space, characters and elements in order."""

    name: str
    attributes: dict[str, str]
    content: list["str | Node"] = field(default_factory=list)

    @property
    def children(self) -> list["Node"]:
        """The elements directly inside."""
        return [inside for inside in self.content if isinstance(inside, Node)]

    def first(self, *path: str) -> "Node | None":
        """The first element on this path of names, or None."""
        return next(self.all(*path), None)

    def all(self, *path: str) -> Iterator["Node"]:
        """Every element on this path of names, in order."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def walk(self) -> Iterator["Node"]:
        """This element and everything inside it, in order."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))

    def get(self, name: str) -> str:
        """An attribute's value, "" where it is not there."""
        return self.attributes.get(name, "").strip()

    def text(self, *path: str) -> str:
        """The text directly inside the first element on this path; "" where there is none."""
        found = self.first(*path)
        return "".join(c for c in found.content if isinstance(c, str)).strip() if found else ""

    def prose(self, *, skipping: frozenset[str] = frozenset()) -> str:
        """All text inside in order, a line for each element that is no word of a sentence."""
        parts: list[str] = []
        waiting: list[str | Node] = [self]
        while waiting:
            inside = waiting.pop()
            if isinstance(inside, str):
                parts.append(inside)
            elif inside.name not in skipping:
                waiting += [] if inside.name in _INSIDE_A_LINE else ["\n"]
                waiting.extend(reversed(inside.content))
        lines = (" ".join(line.split()) for line in "".join(parts).splitlines())
        return "\n".join(line for line in lines if line)


class _Tree(XmlEvents):
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0
        self._characters = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """Open an element below the present one."""
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise Refused("too_complex", detail="phần mô tả XML quá dài")
        node = Node(name.lower(), {key.lower(): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].content.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, name: str) -> None:
        """Close it."""
        self._open.pop()

    def text(self, data: str) -> None:
        """Keep characters where they stand."""
        self._characters += len(data)
        if self._characters > _TEXT_LIMIT:
            raise Refused("too_complex", detail="phần mô tả XML quá dài")
        if self._open:
            self._open[-1].content.append(data)


def read_tree(pieces: Iterable[bytes]) -> Node:
    """The document's root; Refused when it is no XML, declares entities or is too long.

    A document type without entities is allowed, as old question files have; it is not loaded.
    """
    tree = _Tree()
    read_xml(pieces, tree, doctype=True)
    if tree.root is None:
        raise Refused("damaged", detail="phần XML không đọc được")
    return tree.root
