"""`kho organization`."""

import click

from repo_server.commands.opening import opened
from repo_server.services import organizations
from repo_server.services.organizations import KINDS


@click.group()
def organization() -> None:
    """Organizations: department, clusters, wards, schools."""


@organization.command("add")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--kind", required=True, type=click.Choice(list(KINDS)))
@click.option("--professional-parent", metavar="CODE", help="Sở → cụm → trường.")
@click.option("--territorial-parent", metavar="CODE", help="Sở → phường, xã → trường.")
def add_organization(
    code: str,
    name: str,
    kind: str,
    professional_parent: str | None,
    territorial_parent: str | None,
) -> None:
    """Add an organization below one parent in each tree."""
    trees = {"professional": professional_parent, "territorial": territorial_parent}
    parents = {tree: parent for tree, parent in trees.items() if parent is not None}
    with opened() as library:
        organizations.add_organization(library, code, name, kind, parents)
    click.echo(f"Đã thêm {code} ({name}).")


@organization.command("list")
def list_organizations() -> None:
    """List the organizations with their parents."""
    with opened() as library:
        for view in organizations.organizations(library):
            parents = ", ".join(f"{tree}: {code}" for tree, code in view.parents.items())
            click.echo("\t".join((view.code, KINDS[view.kind], view.name, parents)))
