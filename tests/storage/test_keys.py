import pytest
from hypothesis import given
from hypothesis import strategies as st

from repo_server.storage.base import ObjectKey, checked_prefix

HASH = "0123456789abcdef" * 4
HASHES = st.text("0123456789abcdef", min_size=64, max_size=64)
DERIVATIVE_NAMES = st.from_regex(r"\A[a-z0-9][a-z0-9.-]{0,63}\Z")


def test_the_written_form_of_keys() -> None:
    assert str(ObjectKey.blob(HASH)) == f"blobs/01/23/{HASH}"
    assert str(ObjectKey.blob(HASH, 12)) == f"blobs/01/23/{HASH}.g12"
    assert str(ObjectKey.derivative(HASH, "page-1.webp")) == f"derivatives/01/23/{HASH}/page-1.webp"


@given(HASHES, st.integers(0, 999_999_999))
def test_a_written_blob_key_is_read_back(sha256: str, generation: int) -> None:
    key = ObjectKey.blob(sha256, generation)
    assert ObjectKey.parse(str(key)) == key


@given(HASHES, DERIVATIVE_NAMES)
def test_a_written_derivative_key_is_read_back(sha256: str, name: str) -> None:
    key = ObjectKey.derivative(sha256, name)
    assert ObjectKey.parse(str(key)) == key
    assert not key.is_blob


@given(st.text())
def test_any_text_is_either_exactly_a_key_or_refused(text: str) -> None:
    try:
        key = ObjectKey.parse(text)
    except ValueError:
        return
    assert str(key) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        HASH,
        f"blobs/{HASH}",
        f"blobs/ab/cd/{HASH}",  # in another blob's folder
        f"blobs/01/23/{HASH}.g0",
        f"blobs/01/23/{HASH}.g01",
        f"blobs/01/23/{HASH}\n",
        f"blobs/01/23/{HASH.upper()}",
        f"/blobs/01/23/{HASH}",
        f"derivatives/01/23/{HASH}",
        f"derivatives/01/23/{HASH}/",
        f"derivatives/01/23/{HASH}/../{HASH}",
        f"derivatives/01/23/{HASH}/a/b",
        f"other/01/23/{HASH}",
    ],
)
def test_what_is_not_a_key(text: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        ObjectKey.parse(text)


@pytest.mark.parametrize(
    "sha256", ["", "ab", HASH.upper(), HASH + "0", HASH[:-1] + "g", "../" * 21]
)
def test_a_key_needs_the_hexadecimal_form_of_a_hash(sha256: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        ObjectKey.blob(sha256)


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "a/b", "A", "é", "a\n", "a b", "x" * 65])
def test_a_derivative_has_a_plain_short_name(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        ObjectKey.derivative(HASH, name)


@pytest.mark.parametrize("generation", [-1, 1_000_000_000])
def test_a_generation_is_small_and_not_negative(generation: int) -> None:
    with pytest.raises(ValueError, match="generation"):
        ObjectKey.blob(HASH, generation)


def test_prefixes_name_whole_folders() -> None:
    for prefix in ("blobs/", "blobs/01/", "blobs/01/23/", f"derivatives/01/23/{HASH}/"):
        assert checked_prefix(prefix) == prefix
    for prefix in ("", "blobs", "blobs/0", f"blobs/01/23/{HASH}/", "derivatives//"):
        with pytest.raises(ValueError, match="not a prefix"):
            checked_prefix(prefix)
