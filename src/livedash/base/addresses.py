"""Which addresses outgoing requests may reach. Python's `ipaddress` calls some addresses global that lead inside (a
6to4 or NAT64 address carries an IPv4 one), so the table here is our own."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from livedash.model.errors import Fault, Invalid

ALLOW = "LIVEDASH_OUTBOUND_ALLOW"
_Network = IPv4Network | IPv6Network

_PUBLIC = "2000::/3"  # all of IPv6 that is routed; whatever else is given out one day is inside until it is listed
_CARRIES = "an address that carries another one"
_INSIDE = {
    "0.0.0.0/8": "an unspecified address",
    "10.0.0.0/8": "a private address",
    "100.64.0.0/10": "an address inside a provider's network",
    "127.0.0.0/8": "a loopback address",
    "168.63.129.16/32": "an address inside a cloud",  # Azure's: it tells a machine its configuration
    "169.254.0.0/16": "a link-local address",
    "172.16.0.0/12": "a private address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "an address for documentation",
    "192.88.99.0/24": "a reserved address",
    "192.168.0.0/16": "a private address",
    "198.18.0.0/15": "an address for benchmarks",
    "198.51.100.0/24": "an address for documentation",
    "203.0.113.0/24": "an address for documentation",
    "224.0.0.0/4": "a multicast address",
    "255.255.255.255/32": "the broadcast address",
    "240.0.0.0/4": "a reserved address",
    "::1/128": "a loopback address",
    "::/128": "an unspecified address",
    "::/96": _CARRIES,
    "::ffff:0:0/96": _CARRIES,
    "64:ff9b::/96": _CARRIES,
    "64:ff9b:1::/48": _CARRIES,
    "100::/64": "a reserved address",
    "2001::/32": _CARRIES,  # Teredo
    "2001::/23": "a reserved address",
    "2001:db8::/32": "an address for documentation",
    "2002::/16": _CARRIES,  # 6to4
    "3fff::/20": "an address for documentation",
    "fc00::/7": "a private address",
    "fe80::/10": "a link-local address",
    "fec0::/10": "a private address",
    "ff00::/8": "a multicast address",
}


class Guard:
    """Knows which addresses are public, and which others were opened. A network is opened as it is written: 127.0.0.1
    does not open ::ffff:127.0.0.1."""

    def __init__(self, allow: Sequence[str] = ()) -> None:
        """Raises Invalid for what is no network."""
        self._allow = tuple(_network(text) for text in allow)
        self._inside = tuple((ip_network(text), words) for text, words in _INSIDE.items())
        self._public = ip_network(_PUBLIC)

    def refusal(self, address: str) -> str | None:
        """What kind of address it is, if it must not be reached, such as `a loopback address`; otherwise None."""
        try:
            ip = ip_address(address)
        except ValueError:
            return "no address"
        if ip.version == 6 and ip.scope_id is not None:
            return "a link-local address"
        if any(ip in network for network in self._allow):
            return None
        for network, words in self._inside:
            if ip in network:
                return words
        return None if ip.version == 4 or ip in self._public else "a reserved address"


def _network(text: str) -> _Network:
    try:
        if "%" in text:
            raise ValueError("an address with a scope is never reached")
        return ip_network(text)
    except ValueError as error:
        message = f"{text!r} is no network such as 127.0.0.1 or 10.0.0.0/8 ({error})"
        raise Invalid(f"{ALLOW}: {message}", [Fault((ALLOW,), message)]) from None
