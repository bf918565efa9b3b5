"""Which Host headers are answered, against DNS rebinding."""

import pytest

from livedash.base.config import Settings
from livedash.web.hosts import Hosts, allowed_hosts
from tests.server import Client


def hosts(**settings: object) -> Hosts:
    return Hosts(allowed_hosts(Settings.load({}, **settings)))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LocalHost:8765", True),
        ("127.0.0.1:1", True),
        ("[::1]:8765", True),
        ("[::1]", True),
        ("evil.example", False),
        ("evil.example:8765", False),
        ("localhost.evil.example", False),
        ("evil.localhost", False),
        ("127.0.0.1.evil.example", False),
        ("10.0.0.5", False),
        ("[::2]", False),
        ("", False),
        (None, False),
        ("localhost@evil.example", False),
    ],
)
def test_by_default_this_host_only(host: str | None, allowed: bool) -> None:
    assert hosts().allow(host) is allowed


@pytest.mark.parametrize(
    ("settings", "yes", "no"),
    [
        ({"host": "192.168.1.5"}, ["192.168.1.5:8765", "localhost"], ["192.168.1.6"]),
        ({"host": "0.0.0.0"}, ["192.168.1.6", "[fe80::1]:80", "8.8.8.8"], ["evil.example", "1.2.3", "0x7f.1"]),
        ({"host": "::"}, ["192.168.1.6", "[fe80::1]"], ["evil.example"]),
        ({"base_url": "https://Dash.Example:8/x"}, ["dash.example", "DASH.example:1", "localhost"], ["a.dash.example"]),
        ({"allowed_hosts": "dash.example"}, ["dash.example"], ["localhost", "127.0.0.1"]),
        ({"allowed_hosts": "*.example"}, ["a.example", "a.b.example:1"], ["example", "aexample", "a.example.evil", ""]),
        ({"allowed_hosts": "*"}, ["anything", ""], []),
        ({"allowed_hosts": "a, B.example"}, ["a", "b.example"], ["c"]),
    ],
)  # fmt: skip
def test_by_settings(settings: dict[str, object], yes: list[str], no: list[str]) -> None:
    found = hosts(**settings)
    assert [host for host in yes if not found.allow(host)] == []
    assert [host for host in no if found.allow(host)] == []


async def test_the_server_asks(client: Client) -> None:
    for path in ("/", "/healthz", "/api/pipelines", "/d/weather", "/api/pipelines/weather/stream?token=x"):
        answer = await client.get(path, headers={"Host": "evil.example"})
        assert answer.status_code in (400, 421), path
        assert "Weather" not in answer.text
    assert (await client.get("/d/weather", headers={"Host": "localhost:1"})).is_success


def test_a_base_url_without_a_scheme_opens_nothing_more():
    hosts = Hosts(allowed_hosts(Settings.load({}, base_url="dash.example.com")))
    assert not hosts.allow("192.0.2.7") and not hosts.allow(None)
