"""Moodle backups: `moodle_backup.xml` (Moodle 2 and later) or `moodle.xml` (1.9), zip or tar.gz.

The contents list gives activities in their order; each activity's own XML holds its text as HTML
inside text. Questions stand apart in `questions.xml`.
"""

from collections.abc import Callable
from typing import Final

from repo_server.inspection.archives import Members
from repo_server.inspection.base import Part
from repo_server.inspection.findings import Findings, Source, one_line
from repo_server.inspection.packages.parts import (
    MANIFEST_LIMIT,
    bad_package,
    manifest_tree,
    prose_of_markup,
)
from repo_server.inspection.tarballs import Tarball
from repo_server.inspection.xml_events import Attributes, XmlEvents, read_xml
from repo_server.inspection.xml_tree import Node, read_tree

_KIND: Final = "mbz"
CONTENTS: Final = "moodle_backup.xml"
OLD_CONTENTS: Final = "moodle.xml"
_PROSE: Final = frozenset(
    (
        "name", "intro", "content", "title", "summary", "questiontext", "answertext", "definition",
        "concept", "text", "subject", "message", "fullname", "heading", "generalfeedback", "answer",
    )
)  # fmt: skip
_NOTES: Final = {
    "quiz": "Bài kiểm tra",
    "assign": "Bài tập",
    "assignment": "Bài tập",
    "forum": "Diễn đàn",
    "page": "Trang",
    "resource": "Tệp",
    "folder": "Thư mục tệp",
    "url": "Liên kết",
    "label": "Đoạn chữ",
    "book": "Sách",
    "lesson": "Bài học",
    "glossary": "Bảng thuật ngữ",
    "wiki": "Wiki",
    "choice": "Bình chọn",
    "feedback": "Khảo sát",
    "scorm": "Gói SCORM",
    "h5pactivity": "H5P",
    "hvp": "H5P",
    "workshop": "Bài tập chấm chéo",
    "data": "Cơ sở dữ liệu",
}


def open_moodle_tar(source: Source) -> Tarball:
    """A backup as tar.gz; its descriptions are kept, the files of the course are passed over."""
    return Tarball(source, lambda name, size: name.endswith(".xml") and size <= MANIFEST_LIMIT)


def is_moodle(archive: Members) -> bool:
    """Whether these are the members of a backup."""
    return archive.has(CONTENTS) or archive.has(OLD_CONTENTS)


def read_moodle(archive: Members, findings: Findings) -> None:
    """Title of the course, activities as parts, and one segment per activity that holds text."""
    if archive.has(CONTENTS):
        _read_backup(archive, findings)
    else:
        _read_old(archive, findings)


def _read_backup(archive: Members, findings: Findings) -> None:
    root = manifest_tree([archive.read(CONTENTS, MANIFEST_LIMIT)], CONTENTS, _KIND)
    information = root.first("information")
    if root.name != "moodle_backup":
        raise bad_package(_KIND, f"“{CONTENTS}” không phải mục lục của bản sao lưu")
    if information is None:
        findings.warn("Bản sao lưu trống: không có khoá học nào trong đó.")
        return
    findings.declare(title=information.text("original_course_fullname"))
    if archive.has("course/course.xml"):
        course = read_tree([archive.read("course/course.xml", MANIFEST_LIMIT)])
        summary = prose_of_markup(course.text("summary"), findings)
        findings.declare(
            title=course.text("fullname"), description=summary, language=course.text("lang")
        )
        findings.add("Giới thiệu khoá học", summary)
    _warn_of_people(information, findings)
    sections = {
        node.text("sectionid"): node.text("title")
        for node in information.all("contents", "sections", "section")
    }
    _read_activities(archive, information, sections, findings)
    _add_texts(archive, "questions.xml", "Ngân hàng câu hỏi", findings)


def _warn_of_people(information: Node, findings: Findings) -> None:
    """A backup may carry pupils' names, answers and marks, which nobody meant to share."""
    for setting in information.all("settings", "setting"):
        if setting.text("name") == "users" and setting.text("value") == "1":
            findings.warn(
                "Bản sao lưu có thể kèm thông tin người dùng (học sinh, bài làm, điểm): hãy xuất "
                "lại mà bỏ chọn “Người dùng” trước khi chia sẻ."
            )


def _read_activities(
    archive: Members, information: Node, sections: dict[str, str], findings: Findings
) -> None:
    parts: list[Part] = []
    section = ""
    for node in information.all("contents", "activities", "activity"):
        if node.text("sectionid") != section:
            section = node.text("sectionid")
            name = one_line(sections.get(section, ""), 200)
            # Moodle numbers what has no name.
            plain = not name or name.isdecimal()
            parts.append(Part(f"Mục {name}".strip() if plain else name))
        module, title = node.text("modulename"), one_line(node.text("title"), 120)
        parts.append(Part(title, 1, _NOTES.get(module, one_line(module, 60))))
        place = f"{node.text('directory')}/{module}.xml"
        _add_texts(archive, place, title or f"Hoạt động {len(parts)}", findings)
    findings.list_parts(parts)


def _add_texts(archive: Members, place: str, label: str, findings: Findings) -> None:
    if not archive.has(place) or findings.enough():
        return
    texts = _Texts(findings.enough)
    read_xml(archive.pieces(place), texts, doctype=True)
    found = dict.fromkeys(prose_of_markup(text, findings) for text in texts.texts)
    findings.add(label, "\n".join(text for text in found if text))


class _Texts(XmlEvents):
    """The elements of a backup that hold what people wrote."""

    skipping = frozenset(
        ["userinfo", "user", "grade_items", "filters", "role_overrides", "stamp", "plugin_configs"]
    )

    def __init__(self, stop: Callable[[int], bool]) -> None:
        self.texts: list[str] = []
        self._stop = stop
        self._characters = 0
        self._pieces: list[str] = []
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin to listen."""
        self._inside = name.lower() in _PROSE
        self._pieces.clear()

    def text(self, data: str) -> None:
        """Keep what people wrote."""
        if self._inside:
            self._characters += len(data)
            self._pieces.append(data)

    def end(self, name: str) -> None:
        """An element is complete; Moodle writes "$@NULL@$" where there is nothing."""
        written = "".join(self._pieces).strip()
        if self._inside and written and written != "$@NULL@$":
            self.texts.append(written)
        self._inside = False

    def stop(self) -> bool:
        """As the reader of the file says."""
        return self._stop(self._characters)


def _read_old(archive: Members, findings: Findings) -> None:
    """A backup of Moodle 1.9: one document with everything in it."""
    root = manifest_tree([archive.read(OLD_CONTENTS, MANIFEST_LIMIT)], OLD_CONTENTS, _KIND)
    if root.name != "moodle_backup":
        raise bad_package(_KIND, f"“{OLD_CONTENTS}” không phải mục lục của bản sao lưu")
    findings.declare(
        title=root.text("course", "header", "fullname"),
        description=prose_of_markup(root.text("course", "header", "summary"), findings),
        language=root.text("course", "header", "lang"),
    )
    parts = []
    for module in root.all("course", "modules", "mod"):
        title, kind = one_line(module.text("name"), 120), module.text("modtype")
        parts.append(Part(title, 0, _NOTES.get(kind, one_line(kind, 60))))
    findings.list_parts(parts)
    _add_texts(archive, OLD_CONTENTS, "Nội dung khoá học", findings)
