"""Which passwords are taken, and how they are kept."""

import unicodedata

import pytest

from repo_server.domain.errors import InvalidValue
from repo_server.services import passwords
from tests.services.signing import PASSWORD, cheap_hasher, hash_cheaply

EMAIL = "phuonglan@truong.edu.vn"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("1234567", "ít nhất 8"),
        ("a1" * 101, "tối đa 200"),
        ("12345678", "phổ biến"),
        ("MatKhau123", "phổ biến"),
        ("zzzzzzzzzz", "phổ biến"),
        ("PhuongLan@truong.edu.vn", "thư điện tử"),
        ("phuonglan", "thư điện tử"),
        ("hoa\x00phuong do", "kí tự"),
        ("hoa phuong \ud800", "kí tự"),
    ],
)
def test_a_password_that_is_easy_to_guess_or_cannot_be_kept_is_refused(
    password: str, said: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        passwords.checked(password, EMAIL)

    assert refused.value.details["field"] == "password"
    assert said in str(refused.value.details["reason"])


@pytest.mark.parametrize("password", ["hoa phượng", "8 ki tu!", "q" * 199 + "x"])
def test_a_long_enough_password_is_taken_with_blanks_and_marks(password: str) -> None:
    assert passwords.checked(password, EMAIL) == password


def test_a_password_is_the_same_from_a_keyboard_that_sends_marks_in_parts() -> None:
    stored = passwords.hashed(passwords.checked(PASSWORD, EMAIL))

    assert passwords.verified(unicodedata.normalize("NFD", PASSWORD), stored)[0]
    assert not passwords.verified("hoa phuong do", stored)[0]


def test_a_password_is_kept_as_argon2id_with_19_mib_two_passes_and_one_lane() -> None:
    assert passwords.hashed(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_with_outdated_parameters_is_renewed_when_the_password_was_right() -> None:
    outdated = cheap_hasher().hash(PASSWORD)

    right, renewed = passwords.verified(PASSWORD, outdated)

    assert right
    assert renewed is not None
    assert passwords.verified(PASSWORD, renewed) == (True, None)
    assert passwords.verified("không phải nó", outdated) == (False, None)


@pytest.mark.parametrize("password", ["", "nobody", PASSWORD, "x" * 5000, "\ud800"])
def test_nothing_fits_an_account_without_password(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_cheaply(monkeypatch)

    assert passwords.verified(password, None) == (False, None)


def test_the_stand_in_for_no_account_costs_what_an_account_costs() -> None:
    assert passwords._NOBODY.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not passwords.verified("anything", None)[0]
