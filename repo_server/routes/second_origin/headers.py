"""What a browser is told about everything that comes from the second origin.

A package brings its own scripts, many of them inline and some of them made while it runs. They may
run; but they reach only the members of the same package, because addresses of other packages and of
every other server stand outside of the policy.
"""

from typing import Final

from repo_server.domain.players import Player

MEMBERS: Final = "goi"
"""Part of the path below which the members of a package lie: `/<pass>/goi/<name>`."""

ASSETS: Final = "trinh-phat"
"""Part of the path below which the programs of the players lie, the same for all packages."""

_FEATURES: Final = (
    "camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "midi",
    "display-capture", "clipboard-read", "screen-wake-lock", "browsing-topics",
)  # fmt: skip
_TWO_YEARS: Final = 2 * 365 * 24 * 3600

_COMMON: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "x-dns-prefetch-control": "off",
    # Pages in a sandbox have no origin: what they load of their own package comes from another.
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "server": "",
}


def common_headers(*, secure: bool) -> dict[str, str]:
    """Headers of every answer of the second origin."""
    if not secure:
        return dict(_COMMON)
    return _COMMON | {"strict-transport-security": f"max-age={_TWO_YEARS}"}


def plain_policy(framers: str) -> str:
    """For answers that run nothing: sentences and the programs of the players."""
    return f"default-src 'none'; frame-ancestors {framers}; sandbox"


def player_policy(origin: str, framers: str, text: str, player: Player) -> str:
    """For the page of a player, which stands around the pages of one package."""
    scripts = _scripts(origin, text) if player.scripts else f"{origin}/{ASSETS}/"
    return _policy(origin, text, scripts, player.sandbox) + f"; frame-ancestors {framers}"


def member_policy(origin: str, text: str, player: Player) -> str:
    """For a member of the package behind the pass `text`."""
    scripts = _scripts(origin, text) if player.scripts else "'none'"
    return _policy(origin, text, scripts, player.member_sandbox)


def _scripts(origin: str, text: str) -> str:
    return f"{_own(origin, text)} 'unsafe-inline' 'unsafe-eval' data: blob:"


def _own(origin: str, text: str) -> str:
    """The two folders from which a package may load anything."""
    return f"{origin}/{text}/ {origin}/{ASSETS}/"


def _policy(origin: str, text: str, scripts: str, sandbox: str) -> str:
    own = _own(origin, text)
    return (
        f"default-src {own} data: blob:; script-src {scripts}; "
        f"style-src {own} 'unsafe-inline' data: blob:; worker-src {own} blob:; "
        f"object-src 'none'; base-uri {origin}/{text}/; form-action 'none'; "
        f"sandbox {sandbox}"
    ).rstrip()
