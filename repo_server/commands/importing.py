"""`kho import`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.services import importing, indexing, operators, upkeep
from repo_server.services.importing import ImportReport
from repo_server.services.library import Library
from repo_server.services.sidecars import SIDECAR


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--owner", metavar="EMAIL", help="Account that the materials belong to.")
@click.option("--publish", is_flag=True, help="Publish what was accepted.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def import_files(folder: Path, owner: str | None, *, publish: bool, as_json: bool) -> None:
    """Import a folder tree: each file, or each folder with a kho.toml, one material."""
    with opened() as library:
        report = run_import(library, folder, owner, publish=publish, quiet=as_json)
    say_imported(report, as_json=as_json)
    if report.count("rejected") or report.problems:
        sys.exit(REJECTED)


def run_import(
    library: Library, folder: Path, owner: str | None, *, publish: bool, quiet: bool
) -> ImportReport:
    """Import `folder` for the account `owner` (None: the keeper's), with a progress bar."""
    viewer = operators.acting_for(library, owner)
    # What an earlier import that was killed left behind goes first.
    upkeep.tidy(library)
    total = sum(1 for _ in importing.units(folder))
    with _progress("Nhập học liệu", total, quiet=quiet) as advance:
        report = importing.import_folder(
            library, viewer, folder, publish=publish, progress=lambda _: advance()
        )
    indexing.feed_if_free(library)
    return report


@contextmanager
def _progress(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[], None]]:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet or not sys.stderr.isatty()) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


def say_imported(report: ImportReport, *, as_json: bool) -> None:
    """Print what an import did: sentences for people, or a report for programs."""
    counts = {state: report.count(state) for state in ("accepted", "known", "rejected")}
    if as_json:
        print_json(
            {
                **counts,
                "materials": report.materials,
                "published": report.published,
                "guessed": report.guessed,
                "with_text": sum(outcome.has_text for outcome in report.outcomes),
                "files": [asdict(outcome) for outcome in report.outcomes],
                "problems": [list(problem) for problem in report.problems],
                "kept": [list(kept) for kept in report.kept],
            }
        )
        return
    for outcome in report.outcomes:
        if outcome.state == "rejected":
            click.echo(f"✗ {outcome.path}: {outcome.reason}")
    for label, problem in report.problems:
        click.echo(f"! {label}: {problem}")
    for label, sentence in report.kept:
        click.echo(f"i {label}: {sentence}")
    click.echo(
        f"{counts['accepted']} tệp mới, {counts['known']} tệp đã có, {counts['rejected']} tệp bị "
        f"từ chối; {report.materials} học liệu, {report.published} vừa xuất bản."
    )
    if report.guessed:
        click.echo(
            f"{report.guessed} học liệu không có {SIDECAR} được Kho đoán thông tin từ tệp: những ô "
            "đó được đánh dấu trong biểu mẫu để kiểm tra."
        )
