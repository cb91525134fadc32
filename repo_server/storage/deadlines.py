"""The HTTP connections to an S3 server: no call waits for ever."""

from http.client import HTTPConnection as StandardConnection
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection

# How much is handed to the network at a time: the deadline for sending holds for each slice.
_SLICE: Final = 1 << 18

# As many requests as one process is likely to have under way at once.
_POOL_SIZE: Final = 32


def make_pool(connect: float, read: float, *, retries: int = 1) -> PoolManager:
    """Connections with deadlines in seconds: for connecting, and for each sign of life after it.

    GET and HEAD are tried `retries` times more after a broken answer or a 5xx, other methods only
    when nothing could be sent yet. Redirects are not followed: a signed request is for one server.
    """
    pool = PoolManager(
        num_pools=4,
        maxsize=_POOL_SIZE,
        timeout=Timeout(connect=connect, read=read),
        retries=Retry(
            total=retries,
            redirect=0,
            backoff_factor=0.1,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=frozenset({"GET", "HEAD"}),
        ),
    )
    pool.pool_classes_by_scheme = _patient_pools(read)
    return pool


class _PatientSending(StandardConnection):
    """Gives each slice of a body `send_seconds`.

    urllib3 sends a whole body within the deadline for connecting, which is one second for us: a
    part of several megabytes would never pass over a slow line.
    """

    send_seconds: float

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.send_seconds)
        if not isinstance(data, bytes):
            super().send(data)
            return
        rest = memoryview(data)
        while len(rest):
            super().send(rest[:_SLICE])
            rest = rest[_SLICE:]


def _patient_pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    class PlainConnection(_PatientSending, HTTPConnection):
        send_seconds = seconds

    class SecureConnection(_PatientSending, HTTPSConnection):
        send_seconds = seconds

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": PlainPool, "https": SecurePool}
