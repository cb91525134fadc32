"""A file of another catalogue becomes materials: `kho import-catalogue`."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from repo_server.domain.access import Viewer
from repo_server.exchange.catalogue_files import CatalogueRow, encoding_of, read_rows
from repo_server.exchange.catalogue_mapping import CatalogueMapping
from repo_server.services.catalogue_names import CatalogueNames
from repo_server.services.cataloguing import NAMED, CatalogueRecord, CatalogueReport, add_records
from repo_server.services.library import Library
from repo_server.services.vocabulary import lexicon_of

SENTENCES: Final = 500
"""Different warnings that a report counts; the rest are counted together."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row of the file of which no record could be made, and why."""

    row: int
    reason: str


@dataclass(slots=True)
class Warned:
    """How many rows a warning was about, and the first of them."""

    count: int = 0
    first_row: int = 0


@dataclass(slots=True)
class CatalogueImport:
    """Everything that an import did. `rows` counts those of the file, `passed_by` those that the
    mapping does not want. `warnings`: what was left out of records that were taken.
    """

    encoding: str = ""
    rows: int = 0
    passed_by: int = 0
    unreadable: int = 0
    unread: list[Unreadable] = field(default_factory=list)
    warnings: dict[str, Warned] = field(default_factory=dict)
    further_warnings: int = 0
    records: CatalogueReport = field(default_factory=CatalogueReport)

    @property
    def faultless(self) -> bool:
        """Whether every row that was wanted became a material."""
        return not self.unreadable and not self.records.refusals


def import_catalogue(
    library: Library,
    viewer: Viewer,
    path: Path,
    mapping: CatalogueMapping,
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> CatalogueImport:
    """Take over the records of a file; repeatable, and to be gone on with wherever it stopped.

    `progress` hears how many records are done. Raises InvalidValue for a file that is no
    catalogue, and what `add_records` raises.
    """
    done = CatalogueImport(encoding=mapping.layout.encoding or encoding_of(path))
    with library.database.read() as session:
        present = library.vocabulary.names(session)
    names = CatalogueNames(lexicon_of(present), tuple(present.subjects), tuple(present.books))
    records = _records(path, mapping, names, done)
    done.records = add_records(library, viewer, records, progress, dry_run=dry_run)
    return done


def _records(
    path: Path, mapping: CatalogueMapping, names: CatalogueNames, done: CatalogueImport
) -> Iterator[CatalogueRecord]:
    for row in read_rows(path, mapping.layout):
        done.rows += 1
        if row.problem:
            _note_unread(done, row)
        elif not mapping.wants(row.values):
            done.passed_by += 1
        else:
            named = names.record(row.number, mapping.fields(row.values))
            _note_warnings(done, row.number, named.warnings)
            yield named.record


def _note_unread(done: CatalogueImport, row: CatalogueRow) -> None:
    done.unreadable += 1
    if len(done.unread) < NAMED:
        done.unread.append(Unreadable(row.number, row.problem))


def _note_warnings(done: CatalogueImport, row: int, warnings: tuple[str, ...]) -> None:
    for sentence, count in Counter(warnings).items():
        if sentence in done.warnings or len(done.warnings) < SENTENCES:
            known = done.warnings.setdefault(sentence, Warned(first_row=row))
            known.count += count
        else:
            done.further_warnings += count
