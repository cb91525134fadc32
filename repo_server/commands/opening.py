"""What commands share: settings, an open library, a report for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from repo_server.app import open_library
from repo_server.commands.environment import settings
from repo_server.logs import configure_logging
from repo_server.services.library import Library
from repo_server.settings import Settings

REJECTED: Final = 1
"""Exit status when something was rejected or found wrong; wrong use is click's 2."""


@contextmanager
def opened(opening: Callable[[Settings], Library] = open_library) -> Iterator[Library]:
    """The library that the settings name, closed at the end."""
    present = settings()
    configure_logging("warning")
    library = opening(present)
    try:
        yield library
    finally:
        library.close()


def print_json(value: Any) -> None:
    """A report for programs, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))
