"""The rules of the house, held by the build: imports, sizes, names, pages that tell the truth."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "repo_server"
# A migration is written once and never changed: its length is that of the change it makes.
MIGRATIONS = PACKAGE / "database" / "migrations" / "versions"
LONGEST_FUNCTION, LONGEST_MODULE = 50, 500
NINE_FUNCTIONS_OF_TEN = 27
EMPTY_NAMES = {"utils", "core", "common", "helpers", "managers"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules() -> Iterator[Path]:
    for folder in (PACKAGE, ROOT / "tests", ROOT / "bench"):
        yield from sorted(folder.rglob("*.py"))


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _nodes(module: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(module.read_text(), filename=str(module)))


def _functions() -> Iterator[tuple[Path, Function]]:
    for module in _modules():
        if module.parent != MIGRATIONS:
            for node in _nodes(module):
                if isinstance(node, Function):
                    yield module, node


def _lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


# Imports


def test_imports_point_down(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert broken == 0, capsys.readouterr().out


def test_imports_stand_at_the_top() -> None:
    inside = [
        f"{_shown(module)}:{node.lineno}"
        for module, function in _functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inside, "\n".join(inside)


def test_nothing_is_called_by_an_empty_name() -> None:
    empty = [
        _shown(module)
        for module in _modules()
        if EMPTY_NAMES & set(module.relative_to(ROOT).with_suffix("").parts)
    ]
    assert not empty, "\n".join(empty)


# Sizes


def test_no_function_is_too_long() -> None:
    long = [
        f"{_shown(module)}:{function.lineno} {function.name}: {_lines(function)} lines"
        for module, function in _functions()
        if _lines(function) > LONGEST_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_nine_functions_of_ten_are_short() -> None:
    lengths = [_lines(function) for module, function in _functions() if PACKAGE in module.parents]
    assert quantiles(lengths, n=10)[-1] <= NINE_FUNCTIONS_OF_TEN


def test_no_module_is_too_long() -> None:
    long = [
        f"{_shown(module)}: {lines} lines"
        for module in _modules()
        if module.parent != MIGRATIONS
        and (lines := len(module.read_text().splitlines())) > LONGEST_MODULE
    ]
    assert not long, "\n".join(long)


# Words

SUFFIXES = {".py", ".md", ".toml", ".csv", ".html", ".css", ".js", ".json", ".yml", ".mako", ".txt"}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def _texts() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in SUFFIXES)
    for folder in ("repo_server", "tests", "bench", "docs", "web"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SUFFIXES and "node_modules" not in path.parts:
                yield path


def test_nothing_is_left_unfinished() -> None:
    left = [
        f"{_shown(path)}: {found.group()}"
        for path in _texts()
        if path.suffix != ".csv" and (found := UNFINISHED.search(path.read_text()))
    ]
    assert not left, "\n".join(left)


# Pages

SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"\.?[\w-][\w.-]*(?:/[\w.-]+)*/?")
MODULE = re.compile(r"[\w-]+\.(?:py|md)")


def _pages() -> list[Path]:
    named = (ROOT / "README.md", ROOT / "ARCHITECTURE.md")
    return [*(page for page in named if page.exists()), *sorted((ROOT / "docs").rglob("*.md"))]


def _named_paths(page: Path) -> Iterator[str]:
    text = page.read_text()
    folders = {path.name for top in (ROOT, PACKAGE) for path in top.iterdir() if path.is_dir()}
    for span in SPAN.findall(text):
        # Routes begin with a slash, media types with no folder of ours.
        is_ours = "/" in span and span.split("/")[0] in folders
        if (is_ours and PATH.fullmatch(span)) or MODULE.fullmatch(span):
            yield span
    for link in LINK.findall(text):
        if ":" not in link:
            yield link


def _exists(page: Path, path: str) -> bool:
    module, _, name = path.rpartition(".")
    for start in (ROOT, PACKAGE, page.parent):
        if (start / path).exists() or (start / f"{path}.py").exists():
            return True
        source = start / f"{module}.py"
        if module and source.exists() and f" {name}(" in source.read_text():
            return True
    # A file beside the one that was just named.
    return "/" not in path and any(PACKAGE.rglob(path))


def test_every_path_that_a_page_names_exists() -> None:
    missing = [
        f"{_shown(page)}: {path}"
        for page in _pages()
        for path in _named_paths(page)
        if not _exists(page, path)
    ]
    assert not missing, "\n".join(missing)
