"""`kho jobs`: what was given up, as the administrators' page shows it."""

from collections.abc import Callable
from dataclasses import asdict

import click

from repo_server.commands.opening import opened, print_json
from repo_server.domain.access import Viewer
from repo_server.services.keeping import given_up
from repo_server.services.library import Library
from repo_server.services.operators import acting_for

_AS = click.option("--as", "email", metavar="EMAIL", help="Whose act the audit trail tells.")
_IDS = click.argument("ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(min=1))


@click.group()
def jobs() -> None:
    """Jobs that were given up after their last attempt."""


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a list for programs.")
def list_jobs(*, as_json: bool) -> None:
    """List them, the newest first: number, what, attempts, when, why."""
    with opened() as library, library.database.read() as session:
        dead = given_up.dead_jobs(session)
    if as_json:
        print_json([asdict(job) for job in dead])
        return
    for job in dead:
        when = "" if job.finished_at is None else job.finished_at.isoformat(timespec="seconds")
        error = " ".join(job.error.split())
        click.echo(f"{job.id}\t{job.kind} {job.key}\t{job.attempts}\t{when}\t{error}")
    if not dead:
        click.echo("Không có việc nào bị bỏ dở.")


@jobs.command("retry")
@_IDS
@_AS
def retry_jobs(ids: tuple[int, ...], email: str | None) -> None:
    """Let them be tried again, from the first attempt."""
    _each(ids, email, given_up.retry_job, "sẽ được thử lại")


@jobs.command("drop")
@_IDS
@_AS
def drop_jobs(ids: tuple[int, ...], email: str | None) -> None:
    """Give them up for good; whoever waits for one is told."""
    _each(ids, email, given_up.drop_job, "đã bỏ")


def _each(
    ids: tuple[int, ...],
    email: str | None,
    act: Callable[[Library, Viewer, int], None],
    done: str,
) -> None:
    with opened() as library:
        viewer = acting_for(library, email)
        for job_id in ids:
            act(library, viewer, job_id)
            click.echo(f"Việc {job_id} {done}.")
