"""`kho user`."""

import sys

import click

from repo_server.commands.opening import opened
from repo_server.domain.access import Role
from repo_server.services import accounts


@click.group()
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
    with opened() as library:
        shown = name or email.partition("@")[0]
        accounts.add_account(library, email, role, shown, password, organization)
    click.echo(f"Đã thêm {email} ({role}).")
