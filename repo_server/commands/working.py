"""`kho work`."""

import signal

import click

from repo_server.commands.environment import settings
from repo_server.commands.opening import opened
from repo_server.services.working import Worker


@click.command()
def work() -> None:
    """Work on jobs and feed the indexes, without serving."""
    jobs = max(1, settings().worker_jobs)
    with opened() as library:
        worker = Worker(library, jobs=jobs)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.ask_to_stop())
        worker.start()
        worker.join()
