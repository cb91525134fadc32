"""Which host is the site and which one plays packages.

Cookies know hosts, not ports, and so do permissions that a reader gave a site: the second origin
is another host, never another port of the same.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

DESK_HOST: Final = "noi-dung.localhost"
"""Browsers take every name below `localhost` for this machine (RFC 6761 §6.3)."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PORTS: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Origins:
    """`main` and `content` as the settings name them, "" where they do not.

    `desk`: no address is named and this is development: `DESK_HOST` is the second origin for who
    comes by an address of this machine.
    """

    main: str = ""
    content: str = ""
    desk: bool = False

    @classmethod
    def of(cls, origin: str, content_origin: str, *, development: bool) -> "Origins":
        """From the settings."""
        desk = development and not origin and not content_origin
        return cls(_plain(origin), _plain(content_origin), desk)

    def for_reader(self, host: str) -> str:
        """Where packages are played for who asked this host for a page; "" for nowhere."""
        name, port = _split(host)
        if self.desk and name in _LOOPBACK:
            return f"http://{DESK_HOST}{port}"
        return self.content

    def is_content(self, host: str) -> bool:
        """Whether this Host header names the second origin."""
        if self.content:
            scheme, _, netloc = self.content.partition("://")
            return host.lower().removesuffix(_PORTS[scheme]) == netloc
        return self.desk and _split(host)[0] == DESK_HOST

    def at(self, host: str) -> str:
        """The second origin as browsers write it, once `is_content` has said yes to the host."""
        return self.content or f"http://{host.lower()}"

    def framers(self, host: str) -> str:
        """Who may show the second origin in a frame, for `frame-ancestors`."""
        if self.main:
            return self.main
        _, port = _split(host)
        return " ".join(f"http://{name}{port}" for name in sorted(_LOOPBACK - {"[::1]"}))


def _plain(origin: str) -> str:
    if not origin:
        return ""
    parts = urlsplit(origin.lower())
    return f"{parts.scheme}://{parts.netloc.removesuffix(_PORTS[parts.scheme])}"


def _split(host: str) -> tuple[str, str]:
    """("127.0.0.1", ":8000")."""
    name, colon, port = host.lower().rpartition(":")
    return (name, f":{port}") if colon and port.isdigit() else (host.lower(), "")
