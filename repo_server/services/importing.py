"""A folder of files becomes materials: `kho import`.

A folder with a `kho.toml` is one material of all its files (a lesson bundle); elsewhere each file
is one. Uploads carry a key made of the path and the content, so an import that was interrupted, or
is repeated, goes on where it stopped and makes nothing twice; what people withdrew or deleted
meanwhile stays so.
"""

import errno
import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from repo_server.domain.access import Viewer
from repo_server.domain.errors import (
    Busy,
    Conflict,
    FileRejected,
    InvalidValue,
    KhoError,
    NotFound,
    TooLarge,
    WrongOffset,
    WrongState,
)
from repo_server.domain.materials import Status
from repo_server.services import materials, uploads
from repo_server.services.acceptance import CIRCUMSTANTIAL, accept_upload
from repo_server.services.library import Library
from repo_server.services.sidecars import SIDECAR, apply_sidecar, read_sidecar
from repo_server.services.suggesting import apply_guesses
from repo_server.services.uploads import Declaration, UploadView
from repo_server.services.viewing import material_by_id

_CHUNK: Final = 1 << 20
CHANGED: Final = "Tệp bị thay đổi trong lúc đọc. Hãy nhập lại."

# Errors that concern one file; of any other the import cannot go on.
_OF_ONE_FILE: Final = (
    Busy,
    Conflict,
    FileRejected,
    InvalidValue,
    NotFound,
    TooLarge,
    WrongOffset,
    WrongState,
)
_IGNORED: Final = frozenset({"thumbs.db", "desktop.ini", SIDECAR})


@dataclass(frozen=True, slots=True)
class Unit:
    """What becomes one material: its files, in order, and what is known of it."""

    label: str
    files: tuple[Path, ...]
    sidecar: Path | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file with its path below the root, what its description says of it, and its key."""

    path: Path
    label: str
    role: str | None
    sha256: str
    size: int
    key: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `state`: accepted, known (imported before) or rejected."""

    path: str
    state: str
    reason: str = ""
    code: str = ""
    has_text: bool = False


@dataclass(slots=True)
class ImportReport:
    """Everything that an import did; `problems` are about materials, not single files.

    `kept` says where a person's change in the library outweighs a description; `guessed` counts
    materials that were described by what their files show.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    materials: int = 0
    published: int = 0
    guessed: int = 0

    def count(self, state: str) -> int:
        """How many files ended in `state`."""
        return sum(outcome.state == state for outcome in self.outcomes)


def units(folder: Path) -> Iterator[Unit]:
    """The materials-to-be below `folder`, in a stable order.

    A folder that cannot be read is a unit of itself, so that the report can say so.
    """
    yield from _units_of(folder, folder)


def _units_of(root: Path, folder: Path) -> Iterator[Unit]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: _composed(path.name))
    except OSError:
        yield Unit(_label(root, folder), (folder,), None)
        return
    files = tuple(path for path in entries if path.is_file() and not _ignored(path))
    sidecar = folder / SIDECAR
    if sidecar.is_file():
        yield Unit(_label(root, folder), files, sidecar)
    else:
        for path in files:
            yield Unit(_label(root, path), (path,), None)
    for path in entries:
        if path.is_dir() and not path.is_symlink() and not _ignored(path):
            yield from _units_of(root, path)


def _ignored(path: Path) -> bool:
    return path.name.startswith((".", "~$")) or path.name.lower() in _IGNORED


def _label(root: Path, path: Path) -> str:
    return _composed(path.relative_to(root).as_posix())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def import_folder(
    library: Library,
    viewer: Viewer,
    folder: Path,
    *,
    publish: bool,
    progress: Callable[[str], None] = lambda _: None,
) -> ImportReport:
    """Import everything below `folder` for `viewer`; `progress` hears of each unit when done."""
    report = ImportReport()
    for unit in units(folder):
        _import_unit(library, viewer, folder, unit, report, publish=publish)
        progress(unit.label)
    return report


def _import_unit(
    library: Library, viewer: Viewer, root: Path, unit: Unit, report: ImportReport, *, publish: bool
) -> None:
    try:
        fields = _read_sidecar(unit)
    except InvalidValue as error:
        report.problems.append((unit.label, error.sentence()))
        fields = {}
    pieces = _pieces(root, unit, fields, report)
    # A file that was added or changed since belongs to the material of those that were not.
    known = (_material_of(library, viewer, piece.key) for piece in pieces)
    before = material_id = next(filter(None, known), None)
    for piece in pieces:
        outcome, found = _import_piece(library, viewer, piece, material_id)
        report.outcomes.append(outcome)
        material_id = material_id or found
    if material_id is not None:
        report.materials += 1
        try:
            made = before is None
            _finish(library, viewer, material_id, unit, fields, report, made=made, publish=publish)
        except KhoError as error:
            report.problems.append((unit.label, error.sentence()))


def _read_sidecar(unit: Unit) -> dict[str, Any]:
    if unit.sidecar is None:
        return {}
    try:
        return read_sidecar(unit.sidecar)
    except OSError as error:
        raise InvalidValue(SIDECAR, _unreadable(error)) from error


def _pieces(root: Path, unit: Unit, fields: dict[str, Any], report: ImportReport) -> list[_Piece]:
    """The unit's files, hashed; those that cannot be read are rejected in the report."""
    pieces = []
    for path, role in _ordered_files(unit, fields):
        label = _label(root, path)
        try:
            sha256, size = _digest(path)
        except OSError as error:
            report.outcomes.append(Outcome(label, "rejected", _unreadable(error)))
            continue
        key = hashlib.sha256(f"import\0{label}\0{sha256}".encode()).hexdigest()
        pieces.append(_Piece(path, label, role, sha256, size, key))
    return pieces


def _ordered_files(unit: Unit, fields: dict[str, Any]) -> list[tuple[Path, str | None]]:
    """The unit's files in the order of the description, those it does not name last."""
    listed = fields.get("files")
    named = listed if isinstance(listed, list) else []
    roles = {
        _composed(str(entry.get("name"))): entry.get("role")
        for entry in named
        if isinstance(entry, dict)
    }
    order = {name: position for position, name in enumerate(roles)}
    names = {path: _composed(path.name) for path in unit.files}
    files = sorted(unit.files, key=lambda path: order.get(names[path], len(order)))
    given = {path: roles.get(names[path]) for path in files}
    return [(path, None if role is None else str(role)) for path, role in given.items()]


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, stream.tell()


def _unreadable(error: OSError) -> str:
    why = {errno.EACCES: "không có quyền đọc", errno.ENOENT: "tệp không còn ở đó"}
    return f"Không đọc được: {why.get(error.errno or 0, error.strerror or 'lỗi đọc')}."


def _material_of(library: Library, viewer: Viewer, key: str) -> int | None:
    """The material that an earlier import made of this file, unless it was deleted since."""
    view, _ = _latest(library, viewer, key)
    if view is None or view.material_id is None:
        return None
    try:
        return material_by_id(library, viewer, view.material_id).card.id
    except NotFound:
        return None


def _import_piece(
    library: Library, viewer: Viewer, piece: _Piece, material_id: int | None
) -> tuple[Outcome, int | None]:
    """See one file through; returns what became of it and the material that it made."""
    declaration = Declaration(piece.path.name, piece.size, piece.sha256, material_id, piece.role)
    try:
        view, known = _send(library, viewer, piece.path, declaration, piece.key)
    except OSError as error:
        return Outcome(piece.label, "rejected", _unreadable(error)), None
    except _OF_ONE_FILE as error:
        return Outcome(piece.label, "rejected", error.sentence()), None
    if view.state in ("rejected", "quarantined"):
        return Outcome(piece.label, "rejected", view.reason or ""), None
    if view.state != "ready":
        return Outcome(piece.label, "rejected", CHANGED), None
    state = "known" if known else "accepted"
    outcome = Outcome(piece.label, state, code=view.material_code or "", has_text=view.has_text)
    return outcome, None if known else view.material_id


def _send(
    library: Library, viewer: Viewer, path: Path, declaration: Declaration, key: str
) -> tuple[UploadView, bool]:
    """Upload one file and see it through; returns (upload, whether it had been done before)."""
    view = _upload_to_go_on_with(library, viewer, declaration, key)
    if view.state in ("ready", "rejected", "quarantined"):
        return view, True
    if view.state == "receiving":
        with (
            uploads.receive(library, viewer, view.id, view.offset) as receiver,
            path.open("rb") as stream,
        ):
            stream.seek(view.offset)
            while chunk := stream.read(_CHUNK):
                receiver.write(chunk)
    accept_upload(library, view.id)
    return uploads.status(library, viewer, view.id), False


def _upload_to_go_on_with(
    library: Library, viewer: Viewer, declaration: Declaration, key: str
) -> UploadView:
    view, key = _latest(library, viewer, key)
    return view or uploads.declare(library, viewer, declaration, key)[0]


def _latest(library: Library, viewer: Viewer, key: str) -> tuple[UploadView | None, str]:
    """The upload of that file, and its key; None when there is none or it is to be renewed.

    One that came to nothing, though not by the file's fault, is followed by one of another key.
    """
    while (view := uploads.find(library, viewer, key)) is not None:
        given_up = view.state in ("cancelled", "expired")
        if not given_up and not (view.state == "rejected" and view.verdict in CIRCUMSTANTIAL):
            break
        key = hashlib.sha256(f"{key}\0{view.id}".encode()).hexdigest()
    return view, key


def _finish(
    library: Library,
    viewer: Viewer,
    material_id: int,
    unit: Unit,
    fields: dict[str, Any],
    report: ImportReport,
    *,
    made: bool,
    publish: bool,
) -> None:
    """Describe the material as its sidecar says and publish it if asked.

    Without a sidecar, a material that was made just now is described by what its file shows.
    """
    if unit.sidecar is None and made:
        report.guessed += apply_guesses(library, viewer, material_id)
    told = apply_sidecar(library, viewer, material_id, fields)
    report.problems += [(unit.label, sentence) for sentence in told.problems]
    report.kept += [(unit.label, sentence) for sentence in told.kept]
    view = material_by_id(library, viewer, material_id)
    # What was withdrawn stays withdrawn, however often the import is repeated.
    if publish and view.card.status in (Status.DRAFT, Status.SUBMITTED):
        materials.publish(library, viewer, material_id, view.rev, complete=False)
        report.published += 1
