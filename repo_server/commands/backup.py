"""`kho backup` and `kho restore`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from repo_server.app import open_engines
from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.services import backup as backing_up
from repo_server.services import restoring

_STEPS: Final = {"database": "Cơ sở dữ liệu", "files": "Tệp"}


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def backup(folder: Path, *, as_json: bool) -> None:
    """Back everything up into FOLDER; repeated, it copies only what is new."""
    with opened(open_engines) as library, _progress(quiet=as_json) as progress:
        report = backing_up.back_up(library, folder, progress)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(
            f"{report.rows} dòng dữ liệu, {report.objects} tệp, trong đó {report.copied} tệp mới "
            f"({report.bytes_copied} byte)."
        )
    _say_lost(report.lost, report.images_lost, as_json=as_json)


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def restore(folder: Path, *, as_json: bool) -> None:
    """Restore the backup in FOLDER into an empty library."""
    with opened(open_engines) as library, _progress(quiet=as_json) as progress:
        report = restoring.restore(library, folder, progress)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(
            f"Bản sao lúc {report.made_at}: {report.rows} dòng dữ liệu, {report.objects} tệp "
            f"({report.bytes_copied} byte). Máy tìm kiếm sẽ được nạp lại khi Kho chạy."
        )
        for name in report.stale_indexes:
            click.echo(f"! {name}: hãy chạy kho reindex khi máy tìm kiếm hoạt động lại.")
    _say_lost(report.lost, report.images_lost, as_json=as_json)


def _say_lost(lost: tuple[str, ...], images: int, *, as_json: bool) -> None:
    if not as_json:
        for sha256 in lost:
            click.echo(f"✗ Mất tệp gốc {sha256}")
        if images:
            click.echo(f"i {images} ảnh xem trước sẽ phải làm lại (kho verify --repair).")
    if lost:
        sys.exit(REJECTED)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[backing_up.Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, disable=quiet or not sys.stderr.isatty()) as shown:
        tasks = {step: shown.add_task(label, total=None) for step, label in _STEPS.items()}
        yield lambda step, done, total: shown.update(tasks[step], completed=done, total=total)
