"""What benchmarks share: their size, a folder, and a library that is made once."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import insert, select, update

from bench.catalogue import CatalogueMaker, pages_of
from bench.servers import find_nginx
from repo_server.app import open_library
from repo_server.database.models import (
    Blob,
    CurriculumItem,
    Framework,
    Material,
    MaterialFile,
    TextSegment,
)
from repo_server.domain.access import Viewer
from repo_server.domain.vietnamese import fold
from repo_server.services import access_tokens, indexing, operators
from repo_server.services.cataloguing import CatalogueRecord, add_records
from repo_server.services.library import Library
from repo_server.settings import from_environment


@dataclass(frozen=True)
class Workshop:
    """Where one run of the benchmarks works. `small` is a smoke test: its figures mean nothing."""

    root: Path
    small: bool

    def size(self, full: int, small: int) -> int:
        """How much of something there is to be."""
        return small if self.small else full

    @property
    def materials(self) -> int:
        """How many materials the generated library holds."""
        return self.size(10_000, 200)

    @cached_property
    def nginx(self) -> str | None:
        """The nginx program, if this machine has one."""
        return find_nginx()

    def folder(self, name: str) -> Path:
        """A folder for one purpose."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @cached_property
    def records(self) -> tuple[CatalogueRecord, ...]:
        """The generated descriptions, over the curriculum that Kho ships."""
        with opened(self.folder("curriculum")) as library:
            return tuple(catalogue_maker(library).records(self.materials))

    @cached_property
    def library(self) -> Path:
        """The data folder of the generated library: described, aligned, with text, indexed."""
        data = self.folder("library")
        with opened(data) as library:
            viewer = operators.acting_for(library, None)
            report = add_records(library, viewer, self.records)
            if report.refused:
                raise RuntimeError(f"{report.refused[0]}")
            _add_texts(library)
            indexing.feed_all(library)
        return data


@contextmanager
def opened(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[Library]:
    """The library in a data folder, with settings of its own."""
    library = open_library(from_environment({"KHO_DATA": str(data), **(settings or {})}))
    try:
        yield library
    finally:
        library.close()


def token_in(data: Path) -> str:
    """A bearer token of one who administers the library in that folder."""
    with opened(data) as library:
        viewer: Viewer = operators.acting_for(library, None)
        return access_tokens.create_token(library, viewer, "bench", 1)[0]


def catalogue_maker(library: Library) -> CatalogueMaker:
    """A generator over the curriculum of this library."""
    with library.database.read() as session:
        items = session.scalars(
            select(CurriculumItem)
            .join(Framework, Framework.id == CurriculumItem.framework_id)
            .where(Framework.code == "gdpt2018")
            .order_by(CurriculumItem.id)
        )
        return CatalogueMaker(list(items))


def _add_texts(library: Library) -> None:
    """Give each material one file of three pages; the bytes themselves are not needed to search."""
    with library.database.write() as session:
        materials = session.execute(select(Material.id, Material.title).order_by(Material.id)).all()
        blobs, segments, files = [], [], []
        for material_id, title in materials:
            sha256 = f"{material_id:064x}"
            blobs.append({"sha256": sha256, "size": 120_000})
            files.append(file_row(material_id, sha256))
            for number, page in enumerate(pages_of(title, random.Random(material_id)), start=1):
                segments.append(
                    {
                        "sha256": sha256,
                        "position": number,
                        "label": f"Trang {number}",
                        "text": page,
                        "folded": fold(page),
                    }
                )
        session.execute(insert(Blob), blobs)
        session.execute(insert(MaterialFile), files)
        session.execute(insert(TextSegment), segments)
        # Downloads differ, as those of real materials do.
        session.execute(update(Material).values(use=(Material.id * 7919) % 500))


def file_row(material_id: int, sha256: str) -> dict[str, object]:
    """Columns of a material's only file."""
    return {
        "material_id": material_id,
        "position": 1,
        "name": f"Tài liệu {material_id}.pdf",
        "role": None,
        "sha256": sha256,
        "size": 120_000,
        "kind": "pdf",
        "media_type": "application/pdf",
        "page_count": 3,
        "has_text": True,
    }
