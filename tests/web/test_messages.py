"""Every sentence of the pages exists in both languages and is used."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from repo_server.domain import access, personal
from repo_server.domain.bundles import ROLE_LABELS
from repo_server.domain.curriculum import GRADES, ITEM_KIND_LABELS
from repo_server.domain.files import FILE_KINDS
from repo_server.domain.licenses import LICENSES
from repo_server.domain.materials import KIND_LABELS, LANGUAGES, STATUS_LABELS
from repo_server.services import reasons, synonyms, typing_ahead
from repo_server.services.suggesting import SOURCE_LABELS
from tests.web.samples import TEMPLATES, WEB, messages

SERVER = WEB.parent / "repo_server"
LITERAL = re.compile(r"""["']([a-z0-9_]+\.[a-z0-9_]+)["']""")
# `t("upload." ~ name)` in a template, `f"facet.{name}"` in a route
PREFIX = re.compile(r"""t\(["']([a-z0-9_]+\.[a-z0-9_]*)["'] ~|f["']([a-z]+\.[a-z_]*)\{""")
CALL = re.compile(r"""(?<![\w.])t\(\s*["']([^"']+)["'](?! ~)""")
WORDED = re.compile(r"""worded\(\s*["'](\w+)["']""")
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


def test_every_name_has_an_english_one_and_no_other() -> None:
    """Vietnamese names stand with the rules that use them; the English ones are messages."""
    labels = json.loads((WEB / "messages" / "labels.en.json").read_text("utf-8"))
    named: dict[str, Iterable[object]] = {
        "kind": KIND_LABELS,
        "file_role": ROLE_LABELS,
        "status": STATUS_LABELS,
        "role": access.ROLE_LABELS,
        "license": LICENSES,
        "license_summary": LICENSES,
        "grade": GRADES,
        "language": LANGUAGES,
        "item_kind": ITEM_KIND_LABELS,
        "suggestion": (typing_ahead.TITLE, typing_ahead.WORD),
        "format": FILE_KINDS,
        "guess_source": SOURCE_LABELS,
        "personal": personal.LABELS,
        "reading": synonyms.ORIGIN_LABELS,
        "facet": synonyms.FACET_LABELS,
        "reason": (*reasons.SENTENCES, *(f"{feature}_partly" for feature in reasons.PARTLY)),
        "relaxed": ("left_out", "some"),
    }
    assert {family: set(names) for family, names in labels.items()} == {
        family: set(map(str, codes)) for family, codes in named.items()
    }
    assert all(name.strip() for names in labels.values() for name in names.values())


def test_names_are_asked_for_by_families_that_exist() -> None:
    labels = json.loads((WEB / "messages" / "labels.en.json").read_text("utf-8"))
    asked = {
        family
        for path in SERVER.rglob("*.py")
        for family in WORDED.findall(path.read_text("utf-8"))
    }
    assert asked <= set(labels)
    assert len(asked) > 8


def test_vietnamese_is_composed_and_spelled_with_plain_spaces() -> None:
    text = (WEB / "messages" / "vi.json").read_text("utf-8")
    combining = [character for character in text if "̀" <= character <= "ͯ"]
    assert combining == []
    assert "\u00a0" not in text
