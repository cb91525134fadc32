"""Writes the sample library: a folder tree that `kho import` reads like anybody's files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from repo_server.samples.formats import DRAW, MISSING_PACKAGE, TEXT_WRITERS
from repo_server.samples.lesson import Lesson, SampleFile, read_lessons
from repo_server.samples.manuscript import FontFiles, Manuscript
from repo_server.samples.markup import arrange_answers, read_blocks
from repo_server.samples.media import find_ffmpeg, write_mp3, write_mp4
from repo_server.samples.sidecar import NAME, write_sidecar


@dataclass(frozen=True, slots=True)
class SampleReport:
    """How many lessons were written, and in Vietnamese what was written otherwise or left out."""

    written: int
    notes: tuple[str, ...]


def write_samples(
    folder: Path, *, font_folder: Path | None = None, lessons: Iterable[Lesson] | None = None
) -> SampleReport:
    """Write every lesson (or those given) into `folder`/<slug>/, a `kho.toml` beside its files.

    The same bytes on every run, so that a repeated import finds nothing new. `font_folder` is
    searched for Be Vietnam Pro (TrueType); without it PDF lessons become Word files and drawings
    are left out. Without ffmpeg, sounds and films are left out; without the packages of the `demo`
    extra, so are Word, PowerPoint and PDF. The notes say which. Existing files of the same names
    are overwritten.
    """
    workshop = _Workshop.equip(font_folder)
    chosen = read_lessons() if lessons is None else lessons
    written = sum(workshop.write(lesson, folder) for lesson in chosen)
    return SampleReport(written, workshop.notes())


def find_fonts(folder: Path | None) -> FontFiles | None:
    """The three faces somewhere below the folder, or None when one is missing."""
    if folder is None or not folder.is_dir():
        return None
    faces = [
        min(folder.rglob(f"*BeVietnamPro*{weight}.ttf"), default=None)
        for weight in ("400Regular", "700Bold", "400Regular_Italic")
    ]
    regular, bold, italic = faces
    return FontFiles(regular, bold, italic) if regular and bold and italic else None


@dataclass(slots=True)
class _Workshop:
    fonts: FontFiles | None
    ffmpeg: str | None
    left_out: list[str]

    @classmethod
    def equip(cls, font_folder: Path | None) -> "_Workshop":
        return cls(find_fonts(font_folder), find_ffmpeg(), [])

    def notes(self) -> tuple[str, ...]:
        """Why something is missing, then what."""
        reasons = []
        if MISSING_PACKAGE is not None:
            reasons.append(f"Chưa cài gói {MISSING_PACKAGE} (nhóm phụ thuộc “demo” của Kho).")
        if self.fonts is None:
            reasons.append(
                "Không có phông Be Vietnam Pro: bài PDF được ghi thành Word, bỏ hình vẽ."
            )
        if self.ffmpeg is None:
            reasons.append("Không có ffmpeg: bỏ các tệp âm thanh và phim.")
        return (*reasons, *self.left_out)

    def write(self, lesson: Lesson, folder: Path) -> bool:
        """Write one lesson; False when none of its files can be made here."""
        pictures = self._pictures(lesson)
        contents: dict[str, bytes] = {}
        roles: list[tuple[str, str]] = []
        for wanted in lesson.files:
            file = self._possible(wanted)
            content = self._content(lesson, file, pictures)
            if content is None:
                self.left_out.append(f"Bỏ qua tệp “{file.name}” của bài “{lesson.title}”.")
                continue
            contents[file.name] = content
            roles.append((file.name, file.role))
        if not contents:
            return False
        home = folder / lesson.slug
        home.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (home / name).write_bytes(content)
        (home / NAME).write_bytes(write_sidecar(lesson, roles))
        return True

    def _pictures(self, lesson: Lesson) -> dict[str, bytes]:
        if DRAW is None or self.fonts is None:
            return {}
        return {name: DRAW(figure, self.fonts) for name, figure in lesson.figures.items()}

    def _possible(self, file: SampleFile) -> SampleFile:
        if file.format == "pdf" and self.fonts is None:
            return replace(file, format="docx", name=file.name.removesuffix(".pdf") + ".docx")
        return file

    def _content(
        self, lesson: Lesson, file: SampleFile, pictures: Mapping[str, bytes]
    ) -> bytes | None:
        match file.format:
            case "png":
                return pictures.get(file.source)
            case "mp3":
                return self._sound(lesson, file)
            case "mp4":
                return self._film(lesson, file, pictures)
        writer = TEXT_WRITERS.get(file.format)
        return writer(self._manuscript(lesson, file, pictures)) if writer else None

    def _sound(self, lesson: Lesson, file: SampleFile) -> bytes | None:
        if self.ffmpeg is None:
            return None
        return write_mp3(self.ffmpeg, lesson.melodies[file.source], file.title, lesson.author)

    def _film(
        self, lesson: Lesson, file: SampleFile, pictures: Mapping[str, bytes]
    ) -> bytes | None:
        if self.ffmpeg is None or not pictures:
            return None
        cards = [pictures[name] for name in file.cards]
        melody = lesson.melodies.get(file.source)
        return write_mp4(self.ffmpeg, cards, file.seconds, melody, file.title)

    def _manuscript(
        self, lesson: Lesson, file: SampleFile, pictures: Mapping[str, bytes]
    ) -> Manuscript:
        blocks = arrange_answers(read_blocks(lesson.bodies[file.source]), file.answers)
        return Manuscript(
            title=file.title,
            subject_name=lesson.subject_name,
            grade_label=lesson.grade_label,
            author=lesson.author,
            organization=lesson.organization,
            keywords=lesson.keywords,
            language=lesson.language,
            color=lesson.color,
            blocks=(*blocks, *read_blocks(lesson.bodies.get(file.appendix, ""))),
            pictures=pictures,
            fonts=self.fonts,
        )
