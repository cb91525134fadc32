"""`kho demo`."""

import sys
import tempfile
from pathlib import Path

import click

from repo_server.app import WEB
from repo_server.commands.importing import run_import, say_imported
from repo_server.commands.opening import REJECTED, opened
from repo_server.samples.writer import write_samples
from repo_server.services import operators
from repo_server.services.sample_collection import add_sample_collection


@click.command()
@click.option("--if-empty", is_flag=True, help="Do nothing when the library holds materials.")
def demo(*, if_empty: bool) -> None:
    """Load the sample library, which Kho writes itself, a collection and three accounts to try."""
    with opened() as library:
        if if_empty and operators.has_materials(library):
            return
        operators.add_sample_accounts(library)
        with tempfile.TemporaryDirectory(prefix="kho-") as folder:
            written = write_samples(Path(folder), font_folder=WEB / "node_modules")
            for note in written.notes:
                click.echo(f"i {note}")
            owner = operators.SAMPLE_TEACHER
            report = run_import(library, Path(folder), owner, publish=True, quiet=False)
        add_sample_collection(library)
    say_imported(report, as_json=False)
    click.echo(operators.SAMPLE_SENTENCE)
    if report.count("rejected") or report.problems:
        sys.exit(REJECTED)
