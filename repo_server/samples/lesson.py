"""A sample lesson as it is written down: one TOML file in `lessons/`, read and checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from repo_server.domain.errors import InvalidValue
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import Kind
from repo_server.samples.markup import Answers

LESSON_FOLDER: Final = Path(__file__).parent / "lessons"

BOOKS: Final = frozenset({"kntt", "ctst", "cd"})
TEXT_FORMATS: Final = frozenset({"docx", "pptx", "pdf", "html", "md"})
FORMATS: Final = TEXT_FORMATS | {"png", "mp3", "mp4"}

# Subject code of the curriculum tables: official name (Thông tư 32/2018), color of its files.
SUBJECTS: Final[Mapping[str, tuple[str, str]]] = {
    "toan": ("Toán", "1F4E79"),
    "tieng-viet": ("Tiếng Việt", "9C3D2E"),
    "ngu-van": ("Ngữ văn", "8A3B3B"),
    "ngoai-ngu-1": ("Tiếng Anh", "3D4F91"),
    "dao-duc": ("Đạo đức", "8A5A16"),
    "gdcd": ("Giáo dục công dân", "8A5A16"),
    "gdktpl": ("Giáo dục kinh tế và pháp luật", "75541B"),
    "tnxh": ("Tự nhiên và Xã hội", "2F6B3A"),
    "khoa-hoc": ("Khoa học", "20705F"),
    "khtn": ("Khoa học tự nhiên", "1D6B62"),
    "vat-li": ("Vật lí", "24557F"),
    "hoa-hoc": ("Hoá học", "6A3F86"),
    "sinh-hoc": ("Sinh học", "35692F"),
    "lsdl": ("Lịch sử và Địa lí", "7A4A21"),
    "lich-su": ("Lịch sử", "7A4A21"),
    "dia-li": ("Địa lí", "1F6A78"),
    "tin-hoc": ("Tin học", "34508A"),
    "cong-nghe": ("Công nghệ", "4F5B66"),
    "am-nhac": ("Âm nhạc", "8C3A6B"),
    "mi-thuat": ("Mĩ thuật", "A04A2C"),
    "gdtc": ("Giáo dục thể chất", "1E6B4B"),
    "gdqpan": ("Giáo dục quốc phòng và an ninh", "4B5A2A"),
    "hdtn": ("Hoạt động trải nghiệm", "94541A"),
    "hdtn-hn": ("Hoạt động trải nghiệm, hướng nghiệp", "94541A"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing: size in pixels and shapes, each a row as `drawing.draw` reads it."""

    width: int
    height: int
    shapes: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Melody:
    """Notes such as ``C4:1 R:0.5 G#4:2`` (name and octave, R for a rest; beats), beats a minute."""

    notes: str
    tempo: int


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of a lesson.

    `source` names a body, a figure or a melody, by the format; `appendix` a body shown after it.
    """

    name: str
    format: str
    role: str
    title: str
    source: str
    answers: Answers
    cards: tuple[str, ...]
    seconds: int
    appendix: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A sample material with everything needed to write and describe its files.

    `items` are codes of the curriculum's items that it is about; its grades and subjects aside.
    """

    slug: str
    title: str
    description: str
    kind: str
    grades: tuple[int, ...]
    subjects: tuple[str, ...]
    books: tuple[str, ...]
    license: str
    language: str
    author: str
    organization: str
    items: tuple[str, ...]
    keywords: tuple[str, ...]
    files: tuple[SampleFile, ...]
    bodies: Mapping[str, str]
    figures: Mapping[str, Figure]
    melodies: Mapping[str, Melody]

    @property
    def subject_name(self) -> str:
        """The official names of the subjects, joined."""
        return ", ".join(SUBJECTS[code][0] for code in self.subjects)

    @property
    def color(self) -> str:
        """Six hexadecimal digits: the color of the first subject."""
        return SUBJECTS[self.subjects[0]][1]

    @property
    def grade_label(self) -> str:
        """ "Lớp 6" or "Lớp 6, 7"."""
        return "Lớp " + ", ".join(str(grade) for grade in self.grades)


def read_lessons(folder: Path = LESSON_FOLDER) -> tuple[Lesson, ...]:
    """Every lesson of the folder by file name; InvalidValue names the lesson that is not right."""
    return tuple(read_lesson(path) for path in sorted(folder.glob("*.toml")))


def read_lesson(path: Path) -> Lesson:
    """One lesson; InvalidValue (field: the file's name) when something is missing or unknown."""
    try:
        lesson = _lesson(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise InvalidValue(path.name, f"không đọc được bài mẫu ({error}).") from error
    problem = next(_problems(lesson), None)
    if problem is not None:
        raise InvalidValue(path.name, problem)
    return lesson


def _lesson(slug: str, data: dict[str, Any]) -> Lesson:
    return Lesson(
        slug=slug,
        title=data["title"],
        description=" ".join(data["description"].split()),
        kind=data["kind"],
        grades=tuple(data["grades"]),
        subjects=tuple(data["subjects"]),
        books=tuple(data.get("books", ())),
        license=data["license"],
        language=data.get("language", "vi"),
        author=data["author"],
        organization=data["organization"],
        items=tuple(data.get("items", ())),
        keywords=tuple(data["keywords"]),
        files=tuple(_file(data, row) for row in data["files"]),
        bodies=data.get("bodies", {}),
        figures={
            name: Figure(row["width"], row["height"], tuple(tuple(s) for s in row["shapes"]))
            for name, row in data.get("figures", {}).items()
        },
        melodies={
            name: Melody(row["notes"], row["tempo"])
            for name, row in data.get("melodies", {}).items()
        },
    )


def _file(data: dict[str, Any], row: dict[str, Any]) -> SampleFile:
    name: str = row["name"]
    return SampleFile(
        name=name,
        format=name.rpartition(".")[2],
        role=row.get("role", data["kind"]),
        title=row.get("title", data["title"]),
        source=row.get("source", ""),
        answers=Answers(row.get("answers", "after")),
        cards=tuple(row.get("cards", ())),
        seconds=row.get("seconds", 5),
        appendix=row.get("appendix", ""),
    )


def _problems(lesson: Lesson) -> Any:
    known = (
        ("loại học liệu", {lesson.kind, *(file.role for file in lesson.files)}, frozenset(Kind)),
        ("giấy phép", {lesson.license}, frozenset(LICENSES)),
        ("bộ sách", set(lesson.books), BOOKS),
        ("môn học", set(lesson.subjects), frozenset(SUBJECTS)),
        ("lớp", set(lesson.grades), frozenset(range(1, 13))),
        ("định dạng tệp", {file.format for file in lesson.files}, FORMATS),
    )
    for what, given, allowed in known:
        if given - allowed:
            yield f"{what} không có trong danh mục: {', '.join(map(str, given - allowed))}."
    if not (lesson.grades and lesson.subjects and lesson.files and lesson.keywords):
        yield "thiếu lớp, môn học, từ khoá hoặc tệp."
    for file in lesson.files:
        if not _has_source(lesson, file):
            yield f"tệp {file.name} không có nội dung."


def _has_source(lesson: Lesson, file: SampleFile) -> bool:
    if file.format == "mp4":
        return bool(file.cards) and all(card in lesson.figures for card in file.cards)
    sources: dict[str, Mapping[str, object]] = {"png": lesson.figures, "mp3": lesson.melodies}
    known = sources.get(file.format, lesson.bodies)
    return file.source in known and (not file.appendix or file.appendix in known)
