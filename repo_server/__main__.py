"""The `kho` command."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from repo_server.app import WEB, open_library
from repo_server.domain.access import Role
from repo_server.domain.curriculum import CurriculumInvalid
from repo_server.domain.errors import KhoError
from repo_server.exchange.case import read_case_packages
from repo_server.exchange.curriculum_csv import read_curriculum_csv
from repo_server.logs import configure_logging
from repo_server.samples.writer import write_samples
from repo_server.services import accounts, curriculum, importing, indexing, operators, verification
from repo_server.services.importing import ImportReport
from repo_server.services.library import Library
from repo_server.services.working import Worker
from repo_server.settings import Settings, SettingsInvalid, from_environment

REJECTED: Final = 1
"""Exit status when something was rejected or found wrong; wrong use is click's 2."""


@contextmanager
def _open() -> Iterator[Library]:
    settings = _settings()
    configure_logging("warning")
    library = open_library(settings)
    try:
        yield library
    finally:
        library.close()


def _settings() -> Settings:
    try:
        return from_environment(os.environ)
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from error


@click.group()
def kho() -> None:
    """Kho: nhà kho học liệu số dùng chung."""


@kho.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve pages and API; each process works on jobs, too."""
    _settings()
    click.echo(f"Kho: http://{host}:{port}", err=True)
    Server(
        "repo_server.app:create",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        factory=True,
        log_level=LogLevels.warning,
        workers_kill_timeout=30,
    ).serve()


@kho.command()
def work() -> None:
    """Work on jobs and feed the indexes, without serving."""
    settings = _settings()
    with _open() as library:
        worker = Worker(library, jobs=max(1, settings.worker_jobs))
        worker.start()
        try:
            worker.wait()
        finally:
            worker.stop()


@kho.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--owner", metavar="EMAIL", help="Account that the materials belong to.")
@click.option("--publish", is_flag=True, help="Publish what was accepted.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def import_files(folder: Path, owner: str | None, *, publish: bool, as_json: bool) -> None:
    """Import a folder tree: each file, or each folder with a kho.toml, one material."""
    with _open() as library:
        report = _import(library, folder, owner, publish=publish, quiet=as_json)
    _say_imported(report, as_json=as_json)
    if report.count("rejected") or report.problems:
        sys.exit(REJECTED)


def _import(
    library: Library, folder: Path, owner: str | None, *, publish: bool, quiet: bool
) -> ImportReport:
    viewer = operators.acting_for(library, owner)
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


def _say_imported(report: ImportReport, *, as_json: bool) -> None:
    counts = {state: report.count(state) for state in ("accepted", "known", "rejected")}
    if as_json:
        _print_json(
            {
                **counts,
                "materials": report.materials,
                "published": report.published,
                "with_text": sum(outcome.has_text for outcome in report.outcomes),
                "files": [asdict(outcome) for outcome in report.outcomes],
                "problems": [list(problem) for problem in report.problems],
            }
        )
        return
    for outcome in report.outcomes:
        if outcome.state == "rejected":
            click.echo(f"✗ {outcome.path}: {outcome.reason}")
    for label, problem in report.problems:
        click.echo(f"! {label}: {problem}")
    click.echo(
        f"{counts['accepted']} tệp mới, {counts['known']} tệp đã có, {counts['rejected']} tệp bị "
        f"từ chối; {report.materials} học liệu, {report.published} vừa xuất bản."
    )


@kho.command()
def reindex() -> None:
    """Build every index anew beside the serving one, then switch."""
    with _open() as library:
        for index in library.indexes:
            count = indexing.rebuild(library, index)
            click.echo(f"{index.name}: {count}")


@kho.command()
@click.option("--repair", is_flag=True, help="Mend what can be made again from the rest.")
@click.option("--json", "as_json", is_flag=True, help="Print a report for programs.")
def verify(*, repair: bool, as_json: bool) -> None:
    """Check that everything the database promises exists, byte for byte, and nothing else."""
    with _open() as library:
        report = verification.verify(library, repair=repair)
        confinement = library.inspector.confinement()
    if as_json:
        _print_json({**asdict(report), "clean": report.clean, "confinement": asdict(confinement)})
    else:
        for finding in report.findings:
            mended = " (đã sửa)" if finding.repaired else ""
            sentence = verification.SENTENCES[finding.code]
            click.echo(f"{finding.code} {sentence}: {finding.what}{mended}")
        for missing in confinement.missing:
            click.echo(f"i {missing}")
        state = "Không có gì sai." if report.clean else "Có chỗ sai."
        click.echo(
            f"{state} {report.blobs} tệp gốc, {report.bytes_read} byte, "
            f"{report.materials} học liệu."
        )
    if not report.clean:
        sys.exit(REJECTED)


@kho.group()
def user() -> None:
    """Accounts."""


@user.command("add")
@click.argument("email")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--name", default="")
@click.option("--organization", metavar="CODE")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add_user(
    email: str, role: str, name: str, organization: str | None, *, password_stdin: bool
) -> None:
    """Add an account; asks for its password."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Mật khẩu", hide_input=True, confirmation_prompt=True)
    with _open() as library:
        shown = name or email.partition("@")[0]
        accounts.add_account(library, email, role, shown, password, organization)
    click.echo(f"Đã thêm {email} ({role}).")


@kho.group("curriculum")
def curriculum_group() -> None:
    """Curriculum frameworks."""


@curriculum_group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_curriculum(file: Path) -> None:
    """Import a framework from CSV (docs/curriculum-csv.md) or a CASE 1.1 package (JSON)."""
    content = file.read_bytes()
    is_case = file.suffix.lower() == ".json"
    try:
        found = read_case_packages(content) if is_case else (read_curriculum_csv(content),)
        with _open() as library:
            viewer = operators.acting_for(library, None)
            reports = [curriculum.import_curriculum(library, viewer, one) for one in found]
            indexing.feed_if_free(library)
    except CurriculumInvalid as error:
        for problem in error.problems:
            click.echo(f"✗ {problem.sentence}", err=True)
        sys.exit(REJECTED)
    for report in reports:
        click.echo(
            f"{report.framework}: thêm {report.added}, sửa {report.changed}, "
            f"bỏ {report.removed}, ngừng dùng {report.retired}."
        )


@kho.command()
@click.option("--if-empty", is_flag=True, help="Do nothing when the library holds materials.")
def demo(*, if_empty: bool) -> None:
    """Load the sample library, which Kho writes itself, and three accounts to try."""
    with _open() as library:
        if if_empty and operators.has_materials(library):
            return
        operators.add_sample_accounts(library)
        with tempfile.TemporaryDirectory(prefix="kho-") as folder:
            written = write_samples(Path(folder), font_folder=WEB / "node_modules")
            for note in written.notes:
                click.echo(f"i {note}")
            owner = operators.SAMPLE_TEACHER
            report = _import(library, Path(folder), owner, publish=True, quiet=False)
    _say_imported(report, as_json=False)
    click.echo(operators.SAMPLE_SENTENCE)
    if report.count("rejected") or report.problems:
        sys.exit(REJECTED)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def main() -> None:
    """Run the command; an error of ours is one sentence, not a trace."""
    try:
        kho.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except KhoError as error:
        click.echo(error.sentence(), err=True)
        sys.exit(REJECTED)


if __name__ == "__main__":
    main()
