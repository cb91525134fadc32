"""`kho serve`. Loads no engine: the processes that serve load them."""

from typing import Final

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from repo_server.commands.environment import settings

FINISH_SECONDS: Final = 30
"""How long requests that are under way may take once no new ones are taken."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve pages and API; each process works on jobs, too."""
    present = settings()
    click.echo(f"Kho: http://{host}:{port}", err=True)
    Server(
        "repo_server.app:create",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        factory=True,
        log_level=LogLevels.warning,
        workers_kill_timeout=FINISH_SECONDS + present.drain_seconds,
    ).serve()
