"""What tests of accounts share: a library that has only a database, and cheap hashes."""

from typing import Any, cast

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from repo_server.database.engine import Database
from repo_server.domain.access import Viewer
from repo_server.services import accounts, passwords, sign_ins
from repo_server.services.library import Library
from repo_server.services.sign_ins import SignInResult

EMAIL = "lan@thcs-hoabinh.edu.vn"
PASSWORD = "hoa phượng đỏ"
ADDRESS = "203.0.113.7"


def library_of(database: Database) -> Library:
    """A library for services that need nothing but the database."""
    absent = cast(Any, None)
    return Library(database, absent, absent, absent, (), 1)


def cheap_hasher() -> PasswordHash:
    """argon2 with the smallest parameters: milliseconds instead of tenths of a second."""
    return PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])


def hash_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `services.passwords` hash with `cheap_hasher` during a test."""
    hasher = cheap_hasher()
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody"))


def add(library: Library, email: str = EMAIL, role: str = "teacher") -> int:
    """An account whose password is `PASSWORD`."""
    return accounts.add_account(library, email, role, "Nguyễn Thị Lan", PASSWORD)


def enter(library: Library, email: str = EMAIL, password: str = PASSWORD) -> SignInResult:
    """Sign in from `ADDRESS`."""
    return sign_ins.sign_in(library, email, password, "Firefox", ADDRESS)


def viewer_of(library: Library, email: str = EMAIL) -> Viewer:
    """The viewer that a sign-in gives."""
    return enter(library, email).viewer
