"""Which host names are answered. A page elsewhere that points its own name at us (DNS rebinding) is not."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from livedash.base.config import Settings

_LOCAL = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::", "")


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """What `LIVEDASH_ALLOWED_HOSTS` says, else: localhost, the address listened on, the host of the base URL. Who
    listens on every address is reached by many, so any literal IP address is answered then (no name rebinds it)."""
    base = urlsplit(settings.base_url or "").hostname  # None too where the scheme was left out
    return settings.allowed_hosts or (*_LOCAL, settings.host, *([base] if base else []))


class Hosts:
    """Answers whether a Host header is allowed; `*` allows all, `*.example.com` every name below."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._suffixes = tuple(name[1:] for name in self._names if name.startswith("*."))
        self._any_address = bool(self._names & set(_EVERYWHERE))

    def allow(self, host: str | None) -> bool:
        name = _name(host or "")
        return (
            "*" in self._names
            or name in self._names
            or name.endswith(self._suffixes or ("\0",))
            or (self._any_address and _is_address(name))
        )


def _name(host: str) -> str:
    """The Host header without its port, and an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
