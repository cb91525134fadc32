"""`kho import-catalogue`."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.exchange.catalogue_mapping import (
    CatalogueMapping,
    read_mapping,
    usual_mapping,
)
from repo_server.services import catalogue_import, indexing, operators
from repo_server.services.catalogue_import import CatalogueImport
from repo_server.services.library import Library

_TOLD: Final = 20
"""Different warnings that people read; programs read all."""

_FIELDS: Final = {
    "title": "tên",
    "description": "mô tả",
    "kind": "loại học liệu",
    "language": "ngôn ngữ",
    "license": "giấy phép",
    "keywords": "từ khoá",
    "author": "tác giả",
    "items": "lớp, môn, sách, chủ đề",
    "published_at": "ngày xuất bản",
}

_File = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import-catalogue")
@click.argument("file", type=_File)
@click.option("--mapping", type=_File, help="What the columns mean (TOML); see docs/importing.md.")
@click.option("--owner", metavar="EMAIL", help="Account that the materials belong to.")
@click.option("--dry-run", is_flag=True, help="Try everything and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def import_catalogue(
    file: Path, mapping: Path | None, owner: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Take over the records of another catalogue: CSV, JSON Lines or JSON."""
    meant = usual_mapping() if mapping is None else read_mapping(mapping)
    with opened() as library:
        done = _run(library, file, meant, owner, dry_run=dry_run)
    if as_json:
        print_json(_for_programs(done, dry_run=dry_run))
    else:
        for line in _lines(done, dry_run=dry_run):
            click.echo(line)
    if not done.faultless:
        sys.exit(REJECTED)


def _run(
    library: Library, file: Path, mapping: CatalogueMapping, owner: str | None, *, dry_run: bool
) -> CatalogueImport:
    viewer = operators.acting_for(library, owner)
    columns = (TextColumn("Nhập danh mục"), MofNCompleteColumn(), TimeElapsedColumn())
    quiet = not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("", total=None)
        done = catalogue_import.import_catalogue(
            library,
            viewer,
            file,
            mapping,
            dry_run=dry_run,
            progress=lambda count: bar.update(task, completed=count),
        )
    if not dry_run:
        indexing.feed_if_free(library)
    return done


def _for_programs(done: CatalogueImport, *, dry_run: bool) -> dict[str, Any]:
    records = done.records
    return {
        "dry_run": dry_run,
        "encoding": done.encoding,
        "rows": done.rows,
        "passed_by": done.passed_by,
        "unreadable": done.unreadable,
        "added": records.added,
        "changed": records.changed,
        "unchanged": records.unchanged,
        "refused": records.refusals,
        "errors": [
            *(asdict(one) for one in done.unread),
            *(asdict(one) for one in records.refused),
        ],
        "kept": [asdict(one) for one in records.kept],
        "warnings": [
            {"sentence": sentence, **asdict(warned)} for sentence, warned in done.warnings.items()
        ],
        "further_warnings": done.further_warnings,
    }


def _lines(done: CatalogueImport, *, dry_run: bool) -> Iterator[str]:
    records = done.records
    for unread in done.unread:
        yield f"✗ dòng {unread.row}: {unread.reason}"
    for refusal in records.refused:
        yield f"✗ dòng {refusal.row} ({refusal.external_id}): {refusal.reason}"
    unnamed = done.unreadable + records.refusals - len(done.unread) - len(records.refused)
    if unnamed:
        yield f"✗ … và {unnamed} dòng nữa không nhận được."
    yield from _warnings(done)
    for kept in records.kept:
        names = "; ".join(_FIELDS.get(name, name) for name in kept.fields)
        yield (
            f"i dòng {kept.row} ({kept.external_id}): Giữ nguyên {names}: "
            "đã được sửa trong kho sau lần nhập trước."
        )
    beginning = "Thử, không ghi gì: " if dry_run else ""
    yield (
        f"{beginning}{records.added} bản ghi mới, {records.changed} bản ghi được cập nhật, "
        f"{records.unchanged} bản ghi như cũ, {done.unreadable + records.refusals} dòng bị từ "
        f"chối, {done.passed_by} dòng bỏ qua theo ánh xạ; bảng mã {done.encoding}."
    )


def _warnings(done: CatalogueImport) -> Iterator[str]:
    often = sorted(done.warnings.items(), key=lambda item: -item[1].count)
    for sentence, warned in often[:_TOLD]:
        yield f"! {warned.count} dòng, đầu tiên là dòng {warned.first_row}: {sentence}"
    further = done.further_warnings + sum(warned.count for _, warned in often[_TOLD:])
    if further:
        yield f"! … và {further} lời nhắc nữa; xem đủ bằng --json."
