"""Questions in IMS QTI: 1.2 (`questestinterop`), 2.x (`assessmentItem`) and 3 (`qti-…`)."""

from collections.abc import Iterator
from typing import Final

from repo_server.inspection.base import Part, Refused
from repo_server.inspection.findings import Findings, Source, one_line
from repo_server.inspection.packages.parts import bad_package, prose_of_markup
from repo_server.inspection.xml_tree import Node, read_tree

_PIECE: Final = 65_536
_NOT_SHOWN: Final = frozenset(
    (
        "responsedeclaration", "outcomedeclaration", "templatedeclaration", "responseprocessing",
        "templateprocessing", "stylesheet", "itemfeedback", "resprocessing", "itemmetadata",
        "qtimetadata", "qticomment", "rubricblock", "qti-response-declaration",
        "qti-outcome-declaration", "qti-response-processing", "qti-template-declaration",
        "qti-template-processing", "qti-modal-feedback", "modalfeedback", "feedbackinline",
        "feedbackblock", "annotation",
    )
)  # fmt: skip
ROOTS: Final = frozenset(
    (
        "questestinterop", "assessmentitem", "assessmenttest", "assessmentsection",
        "qti-assessment-item", "qti-assessment-test", "qti-assessment-section",
    )
)  # fmt: skip
"""Names of root elements, in lower case, that make an XML document a QTI document."""

_ITEMS: Final = frozenset(["item", "assessmentitem", "qti-assessment-item"])


def read_questions(source: Source, findings: Findings) -> None:
    """A QTI document that came as a file of its own: one segment per question."""
    root = read_tree(source.read(at, _PIECE) for at in range(0, source.size, _PIECE))
    if root.name not in ROOTS:
        raise bad_package("qti", "tệp không có câu hỏi nào theo chuẩn QTI")
    findings.declare(title=title_of(root), language=root.get("lang"))
    findings.list_parts(add_questions(root, findings, ""))
    if not findings.segments and not any(node.name.endswith("ref") for node in root.walk()):
        findings.warn("Bộ câu hỏi không có câu nào.")


def title_of(root: Node) -> str:
    """The title of a test or of a single question."""
    assessment = root.first("assessment")
    return root.get("title") or (assessment.get("title") if assessment else "")


def add_questions(root: Node, findings: Findings, place: str) -> list[Part]:
    """Add each question's text below `place`; the parts are the questions by their titles.

    A document with a single question and no other name is named by the question.
    """
    parts: list[Part] = []
    items = [*_items(root)]
    for number, item in enumerate(items, 1):
        if findings.enough():
            break
        title = one_line(item.get("title"), 200)
        text = _question(item, findings)
        label = f"Câu {number}" + (f": {title}" if title else "")
        if len(items) == 1 and title and not place:
            label = title
        findings.add(f"{place} – {label}" if place else label, text)
        parts.append(Part(title or one_line(text, 120) or label, note="Câu hỏi"))
    return parts


def _items(root: Node) -> Iterator[Node]:
    return (node for node in root.walk() if node.name in _ITEMS)


def _question(item: Node, findings: Findings) -> str:
    texts = [
        prose_of_markup("".join(c for c in node.content if isinstance(c, str)), findings)
        for node in _shown(item)
        if node.name == "mattext"
    ]
    if texts:
        return "\n".join(text for text in texts if text)
    return item.prose(skipping=_NOT_SHOWN)


def _shown(item: Node) -> Iterator[Node]:
    waiting = [item]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in reversed(node.children) if child.name not in _NOT_SHOWN)


def questions_of(data: bytes, findings: Findings, place: str) -> list[Part]:
    """Questions of a QTI document inside a package; nothing where it cannot be read."""
    try:
        root = read_tree([data])
    except Refused as refused:
        if refused.verdict == "active_content":
            raise
        findings.warn("Có bộ câu hỏi trong gói không đọc được.")
        return []
    return add_questions(root, findings, place) if root.name in ROOTS else []
