"""Only public addresses, and what was opened, may be reached."""

import pytest

from livedash.base.addresses import ALLOW, Guard
from livedash.model.errors import Invalid

REFUSED = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "fc00::1",
        "fd00:ec2::254",
    ],
    "provider's network": ["100.64.0.1", "100.127.255.255", "100.100.100.200"],
    "inside a cloud": ["168.63.129.16"],
    "link-local": ["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fe80::1%lo", "2606:4700::1%lo"],
    "reserved": ["192.0.0.1", "192.0.0.192", "192.88.99.1", "240.0.0.1", "255.255.255.254", "100::1", "2001:2::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.255", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "broadcast": ["255.255.255.255"],
    "carries another one": [
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
    "private ": ["fec0::1"],
    "reserved ": ["1::1", "4000::1", "5f00::1", "2001:10::1", "2001:20::1", "2001:1ff::1"],
    "no address": ["", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1/8", "[::1]"],
}
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700::1111",
    "2a00:1450::1",
]


@pytest.mark.parametrize(("words", "address"), [(words, address) for words, all in REFUSED.items() for address in all])
def test_what_is_not_public_is_refused_and_named(words: str, address: str) -> None:
    assert words.strip() in (Guard().refusal(address) or "let through")


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_reached(address: str) -> None:
    assert Guard().refusal(address) is None


def test_a_network_is_opened_as_it_is_written() -> None:
    guard = Guard(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])
    assert [guard.refusal(a) for a in ("127.0.0.1", "10.9.8.7", "fd12::1")] == [None] * 3
    for address in ("127.0.0.2", "11.0.0.1%lo", "192.168.0.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "fc00::1"):
        assert guard.refusal(address), address
    assert guard.refusal("fd12::1%lo"), "an address with a scope is never opened"


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "fe80::1%lo", "10.0.0"])
def test_what_is_no_network_cannot_be_opened(text: str) -> None:
    with pytest.raises(Invalid, match=ALLOW) as caught:
        Guard(["127.0.0.1", text])
    assert repr(text) in str(caught.value)
