"""The `kho` command."""

import sys
from importlib import import_module
from typing import Final

import click

from repo_server.domain.errors import KhoError

COMMANDS: Final = {
    "serve": "serving:serve",
    "work": "working:work",
    "import": "importing:import_files",
    "import-catalogue": "cataloguing:import_catalogue",
    "demo": "demo:demo",
    "reindex": "upkeep:reindex",
    "verify": "upkeep:verify",
    "words": "words:words",
    "reinspect": "reinspecting:reinspect",
    "jobs": "jobs:jobs",
    "backup": "backup:backup",
    "restore": "backup:restore",
    "user": "people:user",
    "organization": "organizations:organization",
    "curriculum": "curriculum:curriculum_group",
}


class _Commands(click.Group):
    """Loads a subcommand when it is called: `kho serve` must not wait for what others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"repo_server.commands.{module}"), name)
        return command


@click.group(cls=_Commands)
def kho() -> None:
    """Kho: nhà kho học liệu số dùng chung."""


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
        sys.exit(1)


if __name__ == "__main__":
    main()
