"""`kho reinspect`."""

import sys
from dataclasses import asdict
from typing import Final

import click
from rich.console import Console
from rich.progress import Progress

from repo_server.commands.opening import REJECTED, opened, print_json
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.readers import READERS
from repo_server.services import reinspecting
from repo_server.services.library import Library
from repo_server.services.reinspecting import Tally

_OUTCOMES: Final = {"done": "có thêm", "nothing": "không có gì mới", "refused": "không đọc được"}


@click.command()
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(sorted(FILE_KINDS)),
    help="Only files of this kind; may be given several times.",
)
@click.option("--missing", is_flag=True, help="Only what a reader has not looked at yet.")
@click.option("--dry-run", is_flag=True, help="Say how much there is to do and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def reinspect(*, kinds: tuple[str, ...], missing: bool, dry_run: bool, as_json: bool) -> None:
    """Read stored files again, after readers became better or an engine was installed.

    Can be stopped at any moment and called again; never takes away what is there.
    """
    with opened() as library:
        lacking = reinspecting.lacking(library)
        hashes = reinspecting.chosen(library, kinds=kinds, missing=missing)
        tally = Tally(len(hashes), {}, {})
        if not dry_run and hashes:
            tally = _run(library, hashes, missing=missing)
    if as_json:
        engines = [{**asdict(lack.engine), "files": lack.files} for lack in lacking]
        print_json({**asdict(tally), "dry_run": dry_run, "missing_engines": engines})
    else:
        _tell(tally, dry_run=dry_run)
        for lack in lacking:
            click.echo(f"i {lack.sentence()}")
    if tally.failed:
        sys.exit(REJECTED)


def _run(library: Library, hashes: list[str], *, missing: bool) -> Tally:
    quiet = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("Đọc lại", total=len(hashes))
        return reinspecting.run(
            library, hashes, missing=missing, progress=lambda _: bar.advance(task)
        )


def _tell(tally: Tally, *, dry_run: bool) -> None:
    click.echo(f"{tally.blobs} tệp {'cần đọc lại' if dry_run else 'đã đọc lại'}.")
    for code, outcomes in tally.outcomes.items():
        said = ", ".join(f"{_OUTCOMES[name]}: {count}" for name, count in sorted(outcomes.items()))
        click.echo(f"{READERS[code].label}: {said}")
    for sha256, sentence in tally.failed.items():
        click.echo(f"✗ {sha256}: {sentence}")
