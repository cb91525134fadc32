import ast
import string
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

import repo_server
from repo_server.domain.errors import (
    CATALOGUE,
    AccountFull,
    BackupRefused,
    EditConflict,
    FileRejected,
    Forbidden,
    InvalidValue,
    KhoError,
    NotPublishable,
    OrganizationFull,
    TooLarge,
    UnsupportedMediaType,
    UnsupportedTusVersion,
    WrongOffset,
    WrongState,
)

TUS_MISMATCH = 460
"""The one status that no standard of the web has: tus 1.0 gives it to a wrong checksum."""

# One error of every kind whose sentence says something about the case.
EXAMPLES = (
    InvalidValue("title", "Tên không được để trống."),
    WrongState(status="Đã gỡ"),
    NotPublishable({"files": "Chưa có tệp nào.", "grades": "Chưa chọn lớp."}),
    WrongOffset(size=1024),
    TooLarge(limit="500 MB"),
    AccountFull(used="19 GB", limit="20 GB", size="2 GB"),
    OrganizationFull(used="99 GB", limit="100 GB", size="2 GB"),
    UnsupportedMediaType(wanted="application/offset+octet-stream"),
    UnsupportedTusVersion(version="1.0.0"),
    FileRejected("macro", "Tệp có macro nên không được nhận."),
    BackupRefused("Bản sao chưa hoàn tất."),
)


def _kinds_of(error: type[KhoError]) -> Iterator[type[KhoError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds_of(kind)


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def _codes_of_classes(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ClassDef) and "Error" in "".join(map(ast.unparse, node.bases)):
            for statement in node.body:
                match statement:
                    case ast.Assign([ast.Name("code")], ast.Constant(str(code))):
                        yield code


def test_every_error_has_its_code_in_the_catalogue_and_every_code_an_error() -> None:
    assert {error.code for error in _kinds_of(KhoError)} == CATALOGUE.keys()


def test_errors_of_other_modules_bring_no_code_of_their_own() -> None:
    package = Path(repo_server.__file__).parent
    codes = {code for module in package.rglob("*.py") for code in _codes_of_classes(module)}
    assert codes | {KhoError.code} == CATALOGUE.keys()


@pytest.mark.parametrize("code", list(CATALOGUE))
def test_a_code_has_a_status_and_a_sentence_in_both_languages(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.status == TUS_MISMATCH or HTTPStatus(entry.status) >= HTTPStatus.BAD_REQUEST
    for sentence in (entry.vi, entry.en):
        assert sentence == sentence.strip()
        assert sentence[-1] in ".}"
    assert _placeholders(entry.vi) == _placeholders(entry.en)
    assert code == code.lower()


def test_examples_fill_every_sentence_that_has_a_gap() -> None:
    with_a_gap = {code for code, entry in CATALOGUE.items() if _placeholders(entry.vi)}
    assert {error.code for error in EXAMPLES} == with_a_gap


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_a_sentence_holds_what_the_error_knows(error: KhoError) -> None:
    for language in ("vi", "en"):
        sentence = error.sentence(language)
        assert "{" not in sentence
        for name in _placeholders(CATALOGUE[error.code].vi):
            assert str(error.details[name]) in sentence
    assert str(error) == error.sentence("en")


def test_a_sentence_is_vietnamese_unless_english_is_asked_for() -> None:
    assert Forbidden().sentence() == "Bạn không có quyền làm việc này."
    assert Forbidden().sentence("en") == "You are not allowed to do this."
    assert Forbidden().sentence("fr") == Forbidden().sentence("vi")


def test_an_error_knows_its_status() -> None:
    assert Forbidden().status == HTTPStatus.FORBIDDEN
    assert EditConflict().status == HTTPStatus.PRECONDITION_FAILED
    assert FileRejected("macro", "Không nhận.").status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_braces_in_a_detail_are_only_text() -> None:
    assert "{limit}" in InvalidValue("{field}", "Có dấu {limit}.").sentence()
