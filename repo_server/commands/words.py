"""`kho words`: what the corrector knows."""

import click

from repo_server.commands.opening import opened
from repo_server.services import catalogue_words


@click.group()
def words() -> None:
    """The words of the catalogue, by which questions are corrected."""


@words.command()
def refresh() -> None:
    """Count the words of everything that is published anew."""
    with opened() as library:
        materials = catalogue_words.count_words(library)
    click.echo(f"Đã đếm lại từ ngữ của {materials} học liệu đã xuất bản.")
