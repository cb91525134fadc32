"""Short, stable public codes: fit for a printed page, a QR code and a telephone call.

Digits and lower-case consonants only: no vowel, so no code spells a word, and no l. Seven random
letters of 30 give 21 thousand million codes; a collision is found by the unique column and drawn
again.
"""

import secrets
from typing import Final

ALPHABET: Final = "0123456789bcdfghjkmnpqrstvwxyz"
LENGTH: Final = 7
PATTERN: Final = rf"^[{ALPHABET}]{{{LENGTH}}}$"


def new_code() -> str:
    """A new random code; uniqueness is the database's to decide."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_code(text: str) -> bool:
    """Whether `text` has the shape of a code."""
    return len(text) == LENGTH and all(letter in ALPHABET for letter in text)


def new_id() -> str:
    """128 random bits as 32 hex digits, for things whose name must not be guessed (uploads)."""
    return secrets.token_hex(16)
