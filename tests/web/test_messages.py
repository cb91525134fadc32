"""Every sentence of the pages exists in both languages and is used."""

import re
from pathlib import Path

import pytest

from tests.web.samples import TEMPLATES, WEB, messages

SERVER = WEB.parent / "repo_server"
LITERAL = re.compile(r"""["']([a-z0-9_]+\.[a-z0-9_]+)["']""")
# `t("upload." ~ name)` in a template, `f"facet.{name}"` in a route
PREFIX = re.compile(r"""t\(["']([a-z0-9_]+\.[a-z0-9_]*)["'] ~|f["']([a-z]+\.[a-z_]*)\{""")
CALL = re.compile(r"""(?<![\w.])t\(\s*["']([^"']+)["'](?! ~)""")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def sources() -> list[Path]:
    return [*sorted(TEMPLATES.rglob("*.html")), *sorted((SERVER / "routes").rglob("*.py"))]


def test_both_languages_have_the_same_keys() -> None:
    assert list(messages("vi")) == list(messages("en"))


def test_no_sentence_is_empty() -> None:
    empty = [key for lang in ("vi", "en") for key, text in messages(lang).items() if not text]
    assert empty == []


def test_both_languages_have_the_same_placeholders() -> None:
    english = messages("en")
    differing = [
        key
        for key, text in messages("vi").items()
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(english[key]))
    ]
    assert differing == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_a_template_asks_only_for_keys_that_exist(template: Path) -> None:
    known = messages("vi")
    asked = CALL.findall(template.read_text("utf-8"))
    assert [key for key in asked if key not in known] == []


def test_no_message_is_left_over() -> None:
    text = "\n".join(path.read_text("utf-8") for path in sources())
    literal = set(LITERAL.findall(text))
    prefixes = ("notice.", *(first or second for first, second in PREFIX.findall(text)))
    unused = [key for key in messages("vi") if key not in literal and not key.startswith(prefixes)]
    assert unused == []


def test_vietnamese_is_composed_and_spelled_with_plain_spaces() -> None:
    text = (WEB / "messages" / "vi.json").read_text("utf-8")
    combining = [character for character in text if "̀" <= character <= "ͯ"]
    assert combining == []
    assert "\u00a0" not in text
