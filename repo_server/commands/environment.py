"""The settings, with a mistake in them told as wrong use."""

import os

import click

from repo_server.settings import Settings, SettingsInvalid, from_environment


def settings() -> Settings:
    """The settings of this process."""
    try:
        return from_environment(os.environ)
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from error
