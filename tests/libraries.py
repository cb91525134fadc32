"""A whole library for tests: a database with the shipped curriculum, a folder, an index, people.

Import the fixtures into a `conftest.py` where they are wanted: `library` (each test once on SQLite
and once on PostgreSQL), `sqlite_library`, `inspector` and what these need.
"""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select

from repo_server.database.engine import Database, open_database, sqlite_url
from repo_server.database.models import Account
from repo_server.domain.access import Role, Viewer
from repo_server.inspection.base import RenderedImage
from repo_server.inspection.inspector import Inspector
from repo_server.search.embedded import EmbeddedIndex
from repo_server.services import accounts, indexing, materials, uploads
from repo_server.services.acceptance import (
    accept_upload,
    save_derivative,
    store_derivative,
)
from repo_server.services.curriculum import install_shipped
from repo_server.services.library import Library
from repo_server.services.materials import Description
from repo_server.services.placement import Choice
from repo_server.services.uploads import Declaration, UploadView
from repo_server.services.viewing import MaterialView, material_by_id
from repo_server.storage.local import LocalStorage
from repo_server.storage.local_staging import LocalStaging
from tests import factories
from tests.inspection import samples
from tests.servers.postgresql import MIGRATED, shared_postgresql
from tests.servers.shared import locked
from tests.services.signing import library_of

WITH_CURRICULUM = "kho_curriculum"
MAX_FILE_SIZE = 8 << 20


@pytest.fixture(scope="session")
def curriculum_sqlite_file(migrated_sqlite_file: Path) -> Path:
    """A SQLite file that holds the shipped curriculum and nothing else: copy it, never open it."""
    with locked("curriculum.sqlite") as file:
        if not file.exists():
            growing = file.with_suffix(".growing")
            shutil.copy(migrated_sqlite_file, growing)
            database = open_database(sqlite_url(growing))
            install_shipped(library_of(database))
            database.close()
            growing.rename(file)
        return file


@pytest.fixture(scope="session")
def curriculum_postgresql_template() -> str:
    """The name of a database of the shared server that holds the shipped curriculum."""
    server = shared_postgresql()
    with locked("curriculum.postgresql") as remembered:
        if not remembered.exists():
            database = open_database(server.create_database(WITH_CURRICULUM, MIGRATED))
            install_shipped(library_of(database))
            database.close()
            remembered.touch()
    return WITH_CURRICULUM


@pytest.fixture
def curriculum_sqlite_url(curriculum_sqlite_file: Path, tmp_path: Path) -> str:
    """The URL of a SQLite database with the shipped curriculum, of this test alone."""
    file = tmp_path / "kho.sqlite3"
    shutil.copy(curriculum_sqlite_file, file)
    return sqlite_url(file)


@pytest.fixture
def curriculum_postgresql_url(curriculum_postgresql_template: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with the shipped curriculum, of this test alone."""
    server, name = shared_postgresql(), f"library_{uuid4().hex}"
    yield server.create_database(name, curriculum_postgresql_template)
    server.drop_database(name)


class _LastingInspector(Inspector):
    """Stays when a library that uses it is closed; its process ends with the run."""

    def close(self) -> None:
        """Others still use it."""


@cache
def lasting_inspector() -> Inspector:
    """One inspector for the whole run: it is a process that takes long to start."""
    return _LastingInspector()


@pytest.fixture(scope="session")
def inspector() -> Inspector:
    """One inspector for the whole run."""
    return lasting_inspector()


@pytest.fixture(params=["sqlite", "postgresql"])
def library(
    request: pytest.FixtureRequest,
    opened: Callable[[str], Database],
    inspector: Inspector,
    tmp_path: Path,
) -> Library:
    """A library with the shipped curriculum and without people, once for each database."""
    url: str = request.getfixturevalue(f"curriculum_{request.param}_url")
    return library_in(tmp_path, opened(url), inspector)


@pytest.fixture
def sqlite_library(
    curriculum_sqlite_url: str,
    opened: Callable[[str], Database],
    inspector: Inspector,
    tmp_path: Path,
) -> Library:
    """The same on SQLite alone, where one database is enough."""
    return library_in(tmp_path, opened(curriculum_sqlite_url), inspector)


@pytest.fixture
def teacher(library: Library) -> Viewer:
    """A teacher of the department."""
    return person(library)


@pytest.fixture
def editor(library: Library) -> Viewer:
    """An editor whose scope holds the teacher's organization."""
    return person(library, Role.EDITOR)


@pytest.fixture
def admin(library: Library) -> Viewer:
    """An administrator whose scope holds the teacher's organization."""
    return person(library, Role.ADMIN)


def library_in(folder: Path, database: Database, inspector: Inspector) -> Library:
    """A library whose storage, staging and index are below `folder`, its index registered."""
    storage = LocalStorage(folder / "files")
    storage.prepare()
    staging = LocalStaging(folder / "staging")
    staging.prepare()
    index = EmbeddedIndex(folder / "index")
    library = Library(database, storage, staging, inspector, (index,), MAX_FILE_SIZE)
    indexing.register_indexes(library)
    return library


def person(
    library: Library, role: Role = Role.TEACHER, *, organization: str | None = None
) -> Viewer:
    """Somebody new with that role in the organization of that code (None: the department)."""
    email = f"{role}-{uuid4().hex[:8]}@example.edu.vn"
    account_id = accounts.add_account(library, email, role, "Nguyễn Thị Lan", None, organization)
    with library.database.read() as session:
        account = session.scalars(select(Account).where(Account.id == account_id)).one()
        return factories.viewer(account)


def pdf(*pages: str) -> bytes:
    """A PDF of these pages of text."""
    return samples.pdf(*(pages or (samples.SENTENCE,)))


def docx(*paragraphs: str) -> bytes:
    """A Word file of these paragraphs."""
    return samples.word("".join(map(samples.paragraph, paragraphs or (samples.SENTENCE,))))


def png(width: int = 64, height: int = 48, color: str = "teal") -> bytes:
    """A picture of one color."""
    out = BytesIO()
    Image.new("RGB", (width, height), color).save(out, "PNG")
    return out.getvalue()


def send(
    library: Library,
    viewer: Viewer,
    name: str,
    content: bytes,
    *,
    material_id: int | None = None,
    role: str | None = None,
    key: str | None = None,
    sha256: str | None = None,
) -> UploadView:
    """Declare a file and send all of it; its check has not begun."""
    declaration = Declaration(name, len(content), sha256, material_id, role)
    view, _ = uploads.declare(library, viewer, declaration, key)
    with uploads.receive(library, viewer, view.id, 0) as receiver:
        receiver.write(content)
    return uploads.status(library, viewer, view.id)


def upload(
    library: Library,
    viewer: Viewer,
    name: str = "Phân số.txt",
    content: bytes = samples.SENTENCE.encode(),
    **more: object,
) -> UploadView:
    """Send a file and see its check through."""
    view = send(library, viewer, name, content, **more)  # type: ignore[arg-type]
    accept_upload(library, view.id)
    return uploads.status(library, viewer, view.id)


def lightened(library: Library, sha256: str, copy: bytes) -> None:
    """Give a blob a light copy, as if a converter had made it."""
    made = store_derivative(
        library, sha256, "light.mp4", RenderedImage(copy, "video/mp4", 852, 480)
    )
    with library.database.write() as session:
        save_derivative(session, made)


COMPLETE = Description(
    title="Cộng hai phân số",
    description="Bài học cho học sinh lớp 6.",
    kind="lesson_plan",
    license="cc-by-4.0",
    keywords=("phân số", "quy đồng"),
    choice=Choice((6,), ("toan",)),
)
"""A description with which a material of one file may be published."""


def draft(
    library: Library,
    owner: Viewer,
    description: Description = COMPLETE,
    content: bytes = samples.SENTENCE.encode(),
) -> MaterialView:
    """A material of one file (text, or a PDF) with that description."""
    name = "Phân số.pdf" if content.startswith(b"%PDF") else "Phân số.txt"
    view = upload(library, owner, name, content)
    assert view.material_id is not None, view
    rev = material_by_id(library, owner, view.material_id).rev
    materials.edit_material(library, owner, view.material_id, rev, description)
    return material_by_id(library, owner, view.material_id)


def published(
    library: Library,
    owner: Viewer,
    editor: Viewer,
    description: Description = COMPLETE,
    content: bytes = samples.SENTENCE.encode(),
) -> MaterialView:
    """A material that was submitted and published."""
    made = draft(library, owner, description, content)
    submitted = materials.submit(library, owner, made.card.id, made.rev)
    materials.publish(library, editor, made.card.id, submitted.rev)
    return material_by_id(library, owner, made.card.id)
