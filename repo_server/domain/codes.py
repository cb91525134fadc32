"""Short, stable public codes: fit for a printed page, a QR code and a telephone call.

Digits and lower-case consonants only: no vowel, so no code spells a word, and no l. Seven random
letters of 30 give 21 thousand million codes for materials, six give 729 million for collections;
so a code says by its length alone what it names. A collision is refused by the unique column.
"""

import secrets
from typing import Final

ALPHABET: Final = "0123456789bcdfghjkmnpqrstvwxyz"
LENGTH: Final = 7
COLLECTION_LENGTH: Final = 6
PATTERN: Final = rf"^[{ALPHABET}]{{{LENGTH}}}$"


def new_code(length: int = LENGTH) -> str:
    """A new random code; uniqueness is the database's to decide."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def is_code(text: str, length: int = LENGTH) -> bool:
    """Whether `text` has the shape of a code."""
    return len(text) == length and all(letter in ALPHABET for letter in text)


def new_id() -> str:
    """128 random bits as 32 hex digits, for things whose name must not be guessed (uploads)."""
    return secrets.token_hex(16)
