import re

import pytest

from repo_server.domain.codes import (
    ALPHABET,
    COLLECTION_LENGTH,
    LENGTH,
    PATTERN,
    is_code,
    new_code,
    new_id,
)


def test_a_code_spells_no_word_and_is_told_apart_when_read_aloud() -> None:
    assert len(ALPHABET) == len(set(ALPHABET)) == 30
    assert not set(ALPHABET) & set("aeioul")
    assert ALPHABET.isascii()
    assert ALPHABET.lower() == ALPHABET


def test_new_codes_are_codes() -> None:
    codes = [new_code() for _ in range(2_000)]
    assert all(is_code(code) and re.match(PATTERN, code) for code in codes)
    assert set("".join(codes)) == set(ALPHABET)


def test_codes_hardly_ever_meet() -> None:
    # Of 2,000 among 30^7 two are equal once in ten thousand runs.
    assert len({new_code() for _ in range(2_000)}) == 2_000


@pytest.mark.parametrize(
    "text",
    ["", "b" * (LENGTH - 1), "b" * (LENGTH + 1), "B" * LENGTH, "bcdfgha", "bcdfgh\n", "bcdfgh١"],
)
def test_anything_else_is_no_code(text: str) -> None:
    assert not is_code(text)
    assert not re.fullmatch(PATTERN, text)


def test_a_collections_code_is_no_materials_code() -> None:
    code = new_code(COLLECTION_LENGTH)
    assert (is_code(code, COLLECTION_LENGTH), is_code(code)) == (True, False)
    assert not is_code(new_code(), COLLECTION_LENGTH)


def test_ids_hold_128_random_bits() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"[0-9a-f]{32}", identifier) for identifier in ids)
