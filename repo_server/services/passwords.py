"""Passwords: what is taken, and how they are kept.

argon2id with 19 MiB, two passes and one lane. A password is compared in Unicode's NFKC form, so
that it is the same from every keyboard (a marked letter may arrive composed or in parts).
"""

import unicodedata
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from repo_server.domain.errors import InvalidValue

SHORTEST: Final = 8
LONGEST: Final = 200

_WORDS: Final = """
    12345678 123456789 1234567890 0123456789 987654321 87654321 0987654321 123123123 12341234
    11223344 112233445566 123654789 147258369 password password1 passw0rd password123 qwertyui
    qwertyuiop qwerty123 asdfghjkl 1q2w3e4r 1q2w3e4r5t 1qaz2wsx abcd1234 abcdefgh abc12345 a1234567
    aa123456 iloveyou iloveyou1 sunshine princess football superman welcome1 admin123 administrator
    matkhau1 matkhau123 matkhau12345 vietnam1 vietnam123 hochiminh saigon123 anhyeuem emyeuanh
    yeuemnhieu anhnhoem khongbiet khongco1 giaovien giaovien1 giaovien123 hocsinh1 hocsinh123
    truonghoc truonghoc1 thaygiao cogiao123 hoclieu1 hoclieu123 thuongem toiyeuem deptrai1 nguyenvan
"""
_MOST_COMMON: Final = frozenset(_WORDS.split())

_HASHER: Final = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)])
# What a wrong address is measured against: the hash of a password that nobody knows.
_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$iwQKk8T5ot4OEurThVv1VQ"
    "$LLhiuMYA4Lmvmy8tAphzbT7S9KSpVfnsCYMGlQJ+FOs"
)


def checked(password: str, email: str) -> str:
    """The password as it is kept in mind; raises InvalidValue with what is wrong with it.

    `email` is the account's normalized address, which is no password.
    """
    settled = _settled(password)
    if settled is None or any(unicodedata.category(letter) == "Cc" for letter in settled):
        raise InvalidValue("password", "Mật khẩu có kí tự không dùng được.")
    if len(settled) < SHORTEST:
        raise InvalidValue("password", f"Mật khẩu cần ít nhất {SHORTEST} kí tự.")
    if len(settled) > LONGEST:
        raise InvalidValue("password", f"Mật khẩu dài tối đa {LONGEST} kí tự.")
    plain = settled.casefold()
    if plain in {email, email.partition("@")[0]}:
        raise InvalidValue("password", "Mật khẩu không được trùng với thư điện tử.")
    if plain in _MOST_COMMON or len(set(plain)) == 1:
        raise InvalidValue("password", "Mật khẩu này quá phổ biến, rất dễ bị đoán.")
    return settled


def hashed(password: str) -> str:
    """What is stored of a password that `checked` has answered."""
    return _HASHER.hash(password)


def verified(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password is the one of `stored`, and a new hash where `stored` is outdated.

    Takes as long when there is nothing stored, so that the time tells nothing.
    """
    settled = _settled(password)
    if settled is None or len(settled) > LONGEST:
        settled, stored = "", None
    right, renewed = _HASHER.verify_and_update(settled, stored or _NOBODY)
    return right and stored is not None, renewed if stored is not None else None


def _settled(password: str) -> str | None:
    # Half of a surrogate pair has no UTF-8 form: it comes from JSON escapes and from shells.
    settled = unicodedata.normalize("NFKC", password)
    return settled if all(unicodedata.category(letter) != "Cs" for letter in settled) else None
