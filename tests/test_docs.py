"""What the documentation promises is there, and what is there is documented."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from litestar.routes import HTTPRoute

from repo_server.__main__ import kho
from repo_server.domain.access import ROLE_LABELS, Role
from repo_server.domain.errors import CATALOGUE
from repo_server.domain.files import FILE_KINDS, REASONS
from repo_server.domain.materials import STATUS_LABELS, Status
from repo_server.settings import FIELDS
from tests.routes.houses import House, house_in
from tests.web.samples import messages

ROOT: Final = Path(__file__).parents[1]
ROUTES: Final = ROOT / "repo_server" / "routes"
SPAN: Final = re.compile(r"`([^`\n]+)`")
ROW: Final = re.compile(r"^\| *(.*?) *\|$", re.MULTILINE)
ROUTE: Final = re.compile(r"((?:(?:GET|HEAD|POST|PUT|PATCH|DELETE) )+)(/\S*)")


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table."""
    return [re.split(r" *(?<!\\)\| *", row) for row in ROW.findall(text)]


# Settings


def test_every_setting_is_documented_with_its_default_and_its_sentence() -> None:
    said = {
        cells[0].strip("`"): (cells[1].strip("`–"), cells[2])
        for cells in rows(page("docs/configuration.md"))
        if len(cells) == 3 and cells[0].startswith("`KHO_")
    }

    assert said == {name: (default, sentence) for name, default, sentence in FIELDS}


def test_every_setting_that_a_page_names_exists() -> None:
    known = {name for name, _, _ in FIELDS}
    for path in (ROOT / "README.md", ROOT / "docker-compose.yml", *(ROOT / "docs").rglob("*.md")):
        named = set(re.findall(r"\bKHO_[A-Z0-9_]*[A-Z0-9]\b", path.read_text("utf-8")))
        unknown = {name for name in named - known if not name.startswith("KHO_TEST")}
        assert unknown == set(), path.name


# The API


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = house_in(tmp_path_factory.mktemp("docs"))
    yield house
    house.library.close()


def is_of_programs(path: str) -> bool:
    return path.startswith(("/api", "/health", "/metrics"))


def test_the_page_of_the_api_names_every_route_and_no_other(house: House) -> None:
    there = {
        (str(method), re.sub(r"\{[^}]*\}", "{}", route.path))
        for route in house.app.routes
        if isinstance(route, HTTPRoute) and is_of_programs(route.path)
        for method in route.methods
        if method != "OPTIONS"
    }
    named = {
        (method, re.sub(r"\{[^}]*\}", "{}", found[2]))
        for cells in rows(page("docs/api.md"))
        for span in SPAN.findall(cells[0])
        if (found := ROUTE.fullmatch(span)) and is_of_programs(found[2])
        for method in found[1].split()
    }

    assert there - named == set()
    assert named - there == set()


def test_every_error_is_documented_with_its_status() -> None:
    said = {
        cells[0].strip("`"): int(cells[1])
        for cells in rows(page("docs/api.md").partition("## Errors")[2])
        if len(cells) == 3 and cells[1].isdigit()
    }

    assert said == {code: entry.status for code, entry in CATALOGUE.items()}


def test_the_description_for_programs_names_the_same_routes(house: House) -> None:
    described = house.stranger().get("/api/openapi.json").json["paths"]
    there = {
        re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for route in house.app.routes
        if isinstance(route, HTTPRoute) and is_of_programs(route.path)
    }

    assert set(described) == there - {"/metrics"}


# Files


def test_every_kind_of_file_is_documented_with_its_label_and_extensions() -> None:
    said = {
        cells[0].strip("`"): (cells[1], tuple(cells[2].split()))
        for cells in rows(page("docs/files.md"))
        if len(cells) == 4 and cells[0].startswith("`")
    }

    assert said == {code: (kind.label, kind.extensions) for code, kind in FILE_KINDS.items()}


def test_every_refusal_of_a_file_is_documented() -> None:
    table = page("docs/files.md").partition("## Refusals")[2]
    said = [cells[0].strip("`") for cells in rows(table) if cells[0].startswith("`")]

    assert said == [code for code in REASONS if code != "ok"]


# Commands


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for part in command.list_commands(context):
            found = command.get_command(context, part)
            assert found is not None
            yield from _commands(found, f"{name} {part}")
    else:
        yield name, command


def test_the_map_names_every_command_with_options_that_it_has() -> None:
    commands = dict(_commands(kho, "kho"))
    spans = [span for cells in rows(page("README.md")) for span in SPAN.findall(cells[0])]
    named = {}
    for span in spans:
        if span.startswith("kho "):
            words = re.match(r"kho(?: [a-z][a-z-]*)+", span)
            assert words is not None, span
            named[words[0]] = set(re.findall(r"--[a-z-]+", span))

    assert set(named) == set(commands)
    for name, options in named.items():
        there = {option for parameter in commands[name].params for option in parameter.opts}
        assert options <= there, name


# Words


def test_the_glossary_holds_the_states_and_roles_that_there_are() -> None:
    said = {cells[0]: cells[1] for cells in rows(page("docs/glossary.md")) if len(cells) >= 2}

    def entry(name: str) -> tuple[list[str], list[str]]:
        (code,) = [code for code in said if code.startswith(f"`{name}`:")]
        return SPAN.findall(code)[1:], said[code].split(", ")

    states = ([str(state) for state in Status], [STATUS_LABELS[s].lower() for s in Status])
    roles = ([str(role) for role in Role], [ROLE_LABELS[role].lower() for role in Role])
    assert entry("Status") == states
    assert entry("Role") == roles


NOTICE: Final = re.compile(r"""\bsee\([^()\n]*,\s*["'](\w+)["']\)""")
MESSAGE: Final = re.compile(r"""\.message\(request,\s*["']([\w.]+)["']""")


def test_every_sentence_that_a_route_asks_for_exists() -> None:
    known = messages("vi")
    sources = [path.read_text("utf-8") for path in sorted(ROUTES.rglob("*.py"))]
    asked = {key for text in sources for key in MESSAGE.findall(text)}
    asked |= {f"notice.{name}" for text in sources for name in NOTICE.findall(text)}

    assert len(asked) > 8
    assert sorted(asked - set(known)) == []
