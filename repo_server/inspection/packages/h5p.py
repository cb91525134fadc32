"""H5P packages (h5p.org specification 1.x): checked as strictly as a player needs them, and read.

`h5p.json` names the content, `content/content.json` holds it as nested parameters of libraries,
each library is a folder `Name-major.minor` with its `library.json`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from repo_server.inspection.archives import Members
from repo_server.inspection.base import Part
from repo_server.inspection.findings import Findings, one_line
from repo_server.inspection.packages.parts import (
    Json,
    bad_package,
    list_of,
    mapping_of,
    prose_of_markup,
    read_json,
    text_of,
)

_KIND: Final = "h5p"
_LIBRARY: Final = re.compile(r"^[\w-][\w.-]*-\d{1,5}\.\d{1,5}$", re.ASCII)
_MACHINE_NAME: Final = re.compile(r"^[\w.-]{1,255}$", re.ASCII)
_LANGUAGE_FILE: Final = re.compile(r"^[a-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}\.json$")
_EMBED_TYPES: Final = frozenset({"div", "iframe"})
_MAX_DEPTH: Final = 60
_LABELS: Final = {
    "MultiChoice": "Câu hỏi nhiều lựa chọn",
    "SingleChoiceSet": "Bộ câu hỏi một lựa chọn",
    "TrueFalse": "Câu hỏi đúng sai",
    "Blanks": "Điền vào chỗ trống",
    "DragText": "Kéo thả chữ",
    "DragQuestion": "Kéo thả",
    "MarkTheWords": "Đánh dấu từ",
    "Essay": "Câu hỏi tự luận",
    "QuestionSet": "Bộ câu hỏi",
    "Summary": "Tóm tắt",
    "CoursePresentation": "Bài trình chiếu tương tác",
    "InteractiveVideo": "Video tương tác",
    "InteractiveBook": "Sách tương tác",
    "Column": "Trang nhiều phần",
    "Accordion": "Mục mở rộng",
    "Flashcards": "Thẻ ghi nhớ",
    "Dialogcards": "Thẻ hỏi đáp",
    "Timeline": "Dòng thời gian",
    "MemoryGame": "Trò chơi lật thẻ",
    "ImageHotspots": "Hình có điểm bấm",
    "AdvancedText": "Đoạn văn",
    "Text": "Đoạn văn",
    "Table": "Bảng",
    "Image": "Hình ảnh",
    "Video": "Video",
    "Audio": "Âm thanh",
    "Link": "Liên kết",
}
_NO_PROSE: Final = frozenset(
    ("select", "boolean", "number", "image", "video", "audio", "file", "color")
)
"""Types of fields that hold no sentence."""

# What a player shows around the content, whatever the library says of it.
_AROUND: Final = frozenset(
    (
        "l10n", "behaviour", "behavior", "copyright", "metadata", "path", "mime", "library", "i18n",
        "subContentId", "UI", "ui", "override", "visuals", "playback", "sources", "files", "a11y",
        "media", "currikisettings", "theme", "colors", "color", "language", "license", "id", "url",
        "overallFeedback", "scoreBarLabel", "confirmCheck", "confirmRetry", "shape", "type", "size",
        "endDate", "startDate", "target", "protocol", "aspectRatio", "goto", "backgroundColor",
    )
)  # fmt: skip
_LETTER: Final = re.compile(r"[^\W\d_]")
_BUTTON: Final = re.compile(r"(?:Text|Label|Button|Message)$")


def read_h5p(archive: Members, findings: Findings) -> None:
    """Metadata, activities as parts, and one segment per activity that holds text."""
    said = mapping_of(read_json(archive, "h5p.json", _KIND))
    _check_manifest(said)
    if not archive.has("content/content.json"):
        raise bad_package(_KIND, "thiếu nội dung (content/content.json)")
    content = read_json(archive, "content/content.json", _KIND)
    if not isinstance(content, dict):
        raise bad_package(_KIND, "tệp “content/content.json” không đúng cấu trúc")
    libraries = _check_libraries(archive)
    main = said["mainLibrary"]
    if main not in libraries:
        findings.warn("Gói không kèm thư viện để chạy: chỉ mở được ở nơi đã cài sẵn thư viện đó.")
    _declare(said, findings)
    reader = _Content(archive, findings)
    reader.read(text_of(main), text_of(said.get("title")), content)
    findings.list_parts(reader.parts)


def has_library(names: Iterable[str]) -> bool:
    """Whether a package brings any library, without which nobody can play it."""
    return any(
        file == "library.json" and _LIBRARY.match(folder)
        for folder, _, file in (name.partition("/") for name in names)
    )


def _check_manifest(said: dict[str, Json]) -> None:
    for name in ("title", "mainLibrary"):
        if not text_of(said.get(name)).strip():
            raise bad_package(_KIND, f"“h5p.json” thiếu mục “{name}”")
    embed = said.get("embedTypes", ["iframe"])
    if not isinstance(embed, list) or not set(map(str, embed)) <= _EMBED_TYPES:
        raise bad_package(_KIND, "“h5p.json” có mục “embedTypes” sai")
    needed = said.get("preloadedDependencies")
    if not isinstance(needed, list) or not needed:
        raise bad_package(_KIND, "“h5p.json” thiếu mục “preloadedDependencies”")
    for library in map(mapping_of, needed):
        numbers = [str(library.get(key, "")) for key in ("majorVersion", "minorVersion")]
        named = _MACHINE_NAME.match(text_of(library.get("machineName")))
        if not named or not all(n.isascii() and n.isdecimal() and len(n) < 6 for n in numbers):
            raise bad_package(_KIND, "“h5p.json” kể một thư viện thiếu tên hoặc phiên bản")
    if said["mainLibrary"] not in [mapping_of(library).get("machineName") for library in needed]:
        raise bad_package(_KIND, "“h5p.json” không kể thư viện chính trong “preloadedDependencies”")


def _check_libraries(archive: Members) -> set[str]:
    """Machine names of the libraries in the package; Refused with what is wrong in one."""
    folders: dict[str, list[str]] = {}
    for name in archive.names:
        folder, slash, rest = name.partition("/")
        if slash and rest and folder != "content" and not folder.startswith((".", "__MACOSX")):
            folders.setdefault(folder, []).append(rest)
    return {_check_library(archive, folder, files) for folder, files in folders.items()}


def _check_library(archive: Members, folder: str, files: list[str]) -> str:
    if not _LIBRARY.match(folder):
        raise bad_package(_KIND, f"thư mục “{folder[:80]}” không phải tên một thư viện H5P")
    if "library.json" not in files:
        raise bad_package(_KIND, f"thư viện “{folder[:80]}” thiếu “library.json”")
    said = mapping_of(read_json(archive, f"{folder}/library.json", _KIND))
    stated = f"{said.get('machineName')}-{said.get('majorVersion')}.{said.get('minorVersion')}"
    if stated != folder or not text_of(said.get("title")):
        raise bad_package(_KIND, f"“library.json” của thư viện “{folder[:80]}” không đúng")
    for file in files:
        place, _, name = file.rpartition("/")
        if place == "language" and name:
            if not _LANGUAGE_FILE.match(name):
                raise bad_package(_KIND, f"tệp ngôn ngữ “{name[:80]}” đặt tên sai")
            read_json(archive, f"{folder}/{file}", _KIND)
    if "semantics.json" in files:
        read_json(archive, f"{folder}/semantics.json", _KIND)
    return text_of(said.get("machineName"))


def _declare(said: dict[str, Json], findings: Findings) -> None:
    license_name = text_of(said.get("license"))
    rights = f"{license_name} {text_of(said.get('licenseVersion'))}".strip()
    authors = [text_of(mapping_of(author).get("name")) for author in list_of(said.get("authors"))]
    findings.declare(
        title=text_of(said.get("extraTitle")) or text_of(said["title"]),
        description=text_of(said.get("metaDescription")),
        language=text_of(said.get("defaultLanguage")) or text_of(said.get("language")),
        rights="" if license_name in ("U", "") else rights,
        creator=", ".join(filter(None, authors)),
        keywords=text_of(said.get("metaKeywords")).split(","),
    )


@dataclass(slots=True)
class _Content:
    """Walks the parameters; every nested library is an activity with a place of its own."""

    archive: Members
    findings: Findings
    parts: list[Part] = field(default_factory=list)
    _silent: dict[str, frozenset[str]] = field(default_factory=dict)

    def read(self, library: str, title: str, content: Json, depth: int = 0) -> None:
        """Add one activity's text under its title, then the activities inside it."""
        if depth > _MAX_DEPTH or self.findings.enough():
            return
        name = library.split(" ")[0].rpartition("H5P.")[2]
        note = _LABELS.get(name, name[:60])
        texts: list[str] = []
        within: list[tuple[str, str, Json]] = []
        self._gather(content, texts, within, self._silent_fields(library))
        shown = one_line(title, 200) if sensible(title) else ""
        number = len(self.parts) + 1
        self.parts.append(Part(shown or note or "Hoạt động", depth, note))
        self.findings.add(f"Hoạt động {number}: {shown or note}", "\n".join(texts))
        for inner, inner_title, params in within:
            self.read(inner, inner_title, params, depth + 1)

    def _silent_fields(self, library: str) -> frozenset[str]:
        """Names of a library's fields that are the player's own words or no words at all."""
        if library not in self._silent:
            name, _, version = library.partition(" ")
            folder = f"{name}-{version}" if version else f"{name}-"
            found = (f for f in self.archive.names if f.startswith(folder))
            place = next((f for f in found if f.endswith("/semantics.json")), "")
            fields = read_json(self.archive, place, _KIND) if place else []
            self._silent[library] = frozenset(_silent_names(fields, 0))
        return self._silent[library]

    def _gather(
        self,
        value: Json,
        texts: list[str],
        within: list[tuple[str, str, Json]],
        silent: frozenset[str],
        depth: int = 0,
    ) -> None:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, (list, dict)):
            if isinstance(value, dict) and isinstance(value.get("library"), str):
                about = mapping_of(value.get("metadata"))
                within.append((value["library"], text_of(about.get("title")), value.get("params")))
                return
            for entry in _shown(value, silent):
                self._gather(entry, texts, within, silent, depth + 1)
        elif isinstance(value, str) and _LETTER.search(value) and not _is_technical(value):
            prose = prose_of_markup(value, self.findings)
            texts += [prose] if _LETTER.search(prose) else []


def _silent_names(fields: Json, depth: int) -> Iterator[str]:
    for entry in map(mapping_of, list_of(fields)):
        if entry.get("common") is True or entry.get("type") in _NO_PROSE:
            yield text_of(entry.get("name"))
        elif depth < _MAX_DEPTH:
            yield from _silent_names(entry.get("fields"), depth + 1)
            yield from _silent_names([entry.get("field")], depth + 1)


def _shown(value: list[Json] | dict[str, Json], silent: frozenset[str]) -> list[Json]:
    """The entries that learners see, without what a player shows around them."""
    if isinstance(value, list):
        return value
    around = _AROUND | silent
    return [v for key, v in value.items() if key not in around and not _BUTTON.search(key)]


def sensible(title: str) -> bool:
    """Whether a title says more than what the editor fills in by itself."""
    return bool(title.strip()) and not title.lower().startswith(("untitled", "unbenannt"))


def _is_technical(value: str) -> bool:
    return value.startswith(("#", "data:", "http://", "https://", "rgb")) or (
        "/" in value and " " not in value and "<" not in value
    )
