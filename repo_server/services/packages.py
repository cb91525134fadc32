"""Packages as they are played: which pages there are, and the members that the pages load.

Nothing is unpacked onto a disk. A member is read from where it lies in the stored file; the
manifests alone are read by a confined child, as everything is that has a grammar.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final
from urllib.parse import quote

from repo_server.database.queries import files as file_queries
from repo_server.database.queries.files import StoredFile
from repo_server.domain.access import ANONYMOUS, Viewer
from repo_server.domain.errors import FileDamaged, FileRejected, NotFound
from repo_server.domain.players import PLAYERS, Player
from repo_server.inspection import members
from repo_server.inspection.archives import Listed
from repo_server.inspection.base import Launch, Launches, Refused
from repo_server.inspection.members import Directory
from repo_server.inspection.packages.h5p import has_library
from repo_server.inspection.packages.sites import first_page
from repo_server.services.keeping import reading
from repo_server.services.library import Library
from repo_server.services.viewers import viewer_of_account
from repo_server.storage.base import ObjectKey, ObjectStorage

_MANIFEST_LIMIT: Final = 32 << 20
SMALL: Final = 1 << 20
"""Members up to this many bytes are proven right before their first byte goes out."""


class _StoredBytes:
    """An object of the storage, read by place."""

    def __init__(self, storage: ObjectStorage, key: ObjectKey, size: int) -> None:
        self._storage, self._key, self.size = storage, key, size

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`."""
        with self._storage.open(self._key, max(0, offset), max(0, size)) as reader:
            return reader.read()


@dataclass(frozen=True, slots=True)
class Package:
    """A package that somebody may see; `sha256` of its bytes."""

    file_id: int
    name: str
    kind: str
    sha256: str
    player: Player
    source: _StoredBytes
    directory: Directory


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a package: its name, unpacked size, and a mark of its bytes.

    `is_utf8`: a small one that is UTF-8 and does not say in which letters it is written.
    """

    name: str
    size: int
    etag: str
    packed: int | None
    row: Listed
    source: _StoredBytes
    is_utf8: bool = False

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """Its bytes from `start` on; FileDamaged in place of the last piece of wrong ones."""
        return _told(members.unpacked(self.source, self.row, start))

    def gzip(self) -> Iterator[bytes]:
        """Its bytes as gzip, `packed` of them; only where `packed` is not None."""
        return _told(members.as_gzip(self.source, self.row))


@dataclass(frozen=True, slots=True)
class PlayedPage:
    """A page in the list beside the player; `address` is below the package, "" for a heading."""

    title: str
    depth: int
    address: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Played:
    """What a player shows. `problem` is the code of why nothing can be played, or ""."""

    title: str
    pages: tuple[PlayedPage, ...]
    problem: str = ""


def viewer_of_pass(library: Library, account_id: int | None) -> Viewer:
    """Who a pass was made for, with the rights of now; nobody where the account has none left."""
    if account_id is None:
        return ANONYMOUS
    with library.database.read() as session:
        viewer = viewer_of_account(session, account_id)
    return viewer if viewer.memberships else ANONYMOUS


def playable_file(library: Library, viewer: Viewer, file_id: int) -> StoredFile:
    """The file, of a kind that is played. Raises NotFound."""
    with library.database.read() as session:
        stored = file_queries.file_by_id(session, viewer, file_id)
    if stored is None or stored.file.kind not in PLAYERS:
        raise NotFound
    return stored


def open_package(library: Library, viewer: Viewer, file_id: int) -> Package:
    """The package, if this viewer may see it now.

    Raises NotFound, FileDamaged, StorageUnavailable.
    """
    stored = playable_file(library, viewer, file_id)
    reading.require_sound(stored)
    file = stored.file
    key = ObjectKey.blob(file.sha256, stored.generation)
    source = _StoredBytes(library.storage, key, file.size)
    try:
        make = partial(Directory, source)
        directory = library.packages.directories.get(file.sha256, make)
    except Refused as error:
        raise FileDamaged from error
    player = PLAYERS[file.kind]
    return Package(file.id, file.name, file.kind, file.sha256, player, source, directory)


def member(package: Package, name: str) -> Member:
    """The member of that name. Raises NotFound, and FileDamaged for a small one that is wrong."""
    row = package.directory.find(name)
    if row is None:
        raise NotFound
    entry = row.entry
    packed = entry.packed + members.GZIP_EXTRA if entry.method == members.DEFLATED else None
    etag = f"{package.sha256[:16]}-{entry.crc:08x}"
    found = Member(entry.name, entry.size, etag, packed, row, package.source)
    if entry.size > SMALL:
        return found
    return replace(found, is_utf8=_is_unnamed_utf8(b"".join(found.chunks())))


def _is_unnamed_utf8(data: bytes) -> bool:
    """Browsers take a page that does not say so for windows-1252, and Vietnamese falls apart."""
    if b"charset" in data[:1024].lower() or data.isascii():
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _told(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Refused as error:
        raise FileDamaged from error


def played(library: Library, package: Package) -> Played:
    """The pages of a package in order, or why there are none.

    Raises FileDamaged, StorageUnavailable, InspectionUnavailable.
    """
    if package.kind == "h5p":
        problem = "" if has_library(package.directory.names) else "no_library"
        return Played(package.name, (), problem)
    try:
        found = library.packages.launches.get(
            f"{package.kind} {package.sha256}", partial(_launches, library, package)
        )
    except (FileRejected, Refused):
        return Played(package.name, (), "unreadable")
    pages = tuple(_page(package, launch) for launch in found.pages)
    named = [page for page in pages if page.address]
    there = [page for page in named if not page.missing]
    problem = "" if there else "no_start" if named else "no_pages"
    return Played(found.title or package.name, pages, problem)


def _launches(library: Library, package: Package) -> Launches:
    if not package.player.manifests:
        opening = first_page(package.directory.names)
        return Launches("", (Launch(package.name, opening),) if opening else ())
    with NamedTemporaryFile(prefix="kho-manifests-") as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in package.directory.names:
                if any(fnmatchcase(name, wanted) for wanted in package.player.manifests):
                    archive.writestr(name, _whole(package, name))
        file.flush()
        return library.inspector.launches(Path(file.name), package.kind)


def _whole(package: Package, name: str) -> bytes:
    row = package.directory.find(name)
    if row is None or row.entry.size > _MANIFEST_LIMIT:
        return b""
    return b"".join(members.unpacked(package.source, row))


def _page(package: Package, launch: Launch) -> PlayedPage:
    place, mark, query = launch.address.partition("?")
    missing = bool(place) and not package.directory.has(place)
    address = quote(place) + mark + quote(query, safe="=&%+:/,;~!*'()@$-_.")
    return PlayedPage(launch.title, launch.depth, address if place else "", missing)
