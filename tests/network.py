"""No test reaches the network: whoever tries is told so, from whatever library."""

import ipaddress
import sys
from typing import Any, Final

_NAMES: Final = frozenset({None, "", "localhost", b"localhost"})
_guarded = False


class NetworkUsed(RuntimeError):
    """A test tried to reach something else than this machine; not an OSError, which code under
    test may well handle."""


def forbid_network() -> None:
    """From now on this process connects to loopback addresses and unix sockets only."""
    global _guarded
    if not _guarded:
        sys.addaudithook(_refuse)
        _guarded = True


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        if not _is_here(arguments[1][0]):
            raise NetworkUsed(f"a connection to {arguments[1]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not (
        _is_here(arguments[0]) or _is_address(arguments[0])
    ):
        raise NetworkUsed(f"a question about the name {arguments[0]!r}")


def _is_here(host: Any) -> bool:
    return host in _NAMES or (_is_address(host) and ipaddress.ip_address(_text(host)).is_loopback)


def _is_address(host: Any) -> bool:
    try:
        ipaddress.ip_address(_text(host))
    except ValueError:
        return False
    return True


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
