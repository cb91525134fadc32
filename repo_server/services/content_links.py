"""Passes to one package: what stands in the addresses of the second origin instead of a session.

A pass names a file, for whom it was made and until when, and is signed. It is not a right: at each
request the rights of the one it was made for are looked up again, as they are then.
"""

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

PUBLIC_SECONDS: Final = 4 * 3600
"""A school morning. The same pass for everybody within an hour, so that browsers keep members."""

PRIVATE_SECONDS: Final = 3600
"""For what not everybody may see: a lesson, or a look by an editor."""

_PAYLOAD: Final = struct.Struct(">QQI")
_MAC_BYTES: Final = 19
_LENGTH: Final = 52
"""Letters of a pass: 20 bytes that are said and 19 that prove them, in base64."""


@dataclass(frozen=True, slots=True)
class Pass:
    """`account_id` is None for what anybody may see; `expires` in seconds since 1970."""

    file_id: int
    account_id: int | None
    expires: int


class ContentLinks:
    """Makes and reads passes. `secret` keys the signature: another secret, and none is valid."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"passes to packages", hashlib.sha256)

    def public(self, file_id: int, now: float) -> str:
        """A pass to what anybody may see."""
        hour = int(now) // 3600
        return self._signed(Pass(file_id, None, hour * 3600 + PUBLIC_SECONDS))

    def private(self, file_id: int, account_id: int, now: float) -> str:
        """A pass for one account."""
        return self._signed(Pass(file_id, account_id, int(now) + PRIVATE_SECONDS))

    def read(self, text: str, now: float) -> Pass | None:
        """The pass, or None for one that is forged, cut or over."""
        if len(text) != _LENGTH or not text.isascii():
            return None
        try:
            data = urlsafe_b64decode(text)
        except NotBase64:
            return None
        payload, mac = data[: _PAYLOAD.size], data[_PAYLOAD.size :]
        # Letters outside of the alphabet are passed over by the decoder: one pass, one spelling.
        if not hmac.compare_digest(mac, self._mac(payload)) or _encoded(data) != text:
            return None
        file_id, account_id, expires = _PAYLOAD.unpack(payload)
        return Pass(file_id, account_id or None, expires) if now < expires else None

    def _signed(self, given: Pass) -> str:
        payload = _PAYLOAD.pack(given.file_id, given.account_id or 0, given.expires)
        return _encoded(payload + self._mac(payload))

    def _mac(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, hashlib.sha256)[:_MAC_BYTES]


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
