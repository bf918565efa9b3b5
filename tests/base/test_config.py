"""Every setting from the environment and from a file; what is wrong is said by the variable's name."""

from pathlib import Path
from typing import Any

import pytest

from livedash.base.config import Settings, parse_bytes, variable
from livedash.model.errors import Invalid

GOOD: dict[str, tuple[str, Any]] = {
    "host": ("::1", "::1"),
    "port": ("9000", 9000),
    "data": ("/srv/data", Path("/srv/data")),
    "base_url": ("https://dash.example", "https://dash.example"),
    "trusted_proxies": ("10.0.0.1, 10.0.0.2,", ("10.0.0.1", "10.0.0.2")),
    "allowed_hosts": ("*.example.com", ("*.example.com",)),
    "admin_token": ("an-admin-token", "an-admin-token"),
    "secret_key": ("a passphrase of length", "a passphrase of length"),
    "quota": ("2GB", 2_000_000_000),
    "disk_reserve": ("1GiB", 1 << 30),
    "tail_records": ("500", 500),
    "stream_coalesce_ms": ("2.5", 2.5),
    "stream_opens_per_minute": ("60", 60),
    "stream_connections": ("0", 0),
    "stream_connections_per_address": ("10", 10),
    "graphql_sockets": ("7", 7),
    "graphql_introspection": ("false", False),
    "board_updates_per_second": ("10", 10.0),
    "outbound_allow": ("127.0.0.1, 10.0.0.0/8", ("127.0.0.1", "10.0.0.0/8")),
    "outbound_connections": ("50", 50),
    "outbound_connections_per_host": ("5", 5),
    "sink_timeout_seconds": ("3.5", 3.5),
    "sink_retry_seconds": ("0.5, 60", (0.5, 60.0)),
    "sink_refused_seconds": ("1,2", (1.0, 2.0)),
    "sink_disable_days": ("0.5", 0.5),
    "log_level": ("debug", "debug"),
    "log_format": ("json", "json"),
}
WRONG = {
    "port": "65536",
    "quota": "2 elephants",
    "disk_reserve": "-1",
    "tail_records": "0",
    "stream_coalesce_ms": "-1",
    "stream_opens_per_minute": "-1",
    "stream_connections": "many",
    "stream_connections_per_address": "-1",
    "graphql_sockets": "-1",
    "graphql_introspection": "perhaps",
    "board_updates_per_second": "0",
    "outbound_connections": "0",
    "outbound_connections_per_host": "0",
    "sink_timeout_seconds": "0",
    "sink_retry_seconds": "",
    "sink_refused_seconds": "soon",
    "sink_disable_days": "0",
    "log_level": "loud",
    "log_format": "xml",
}


def test_the_tables_of_this_test_are_whole() -> None:
    assert set(GOOD) == set(Settings.model_fields)


@pytest.mark.parametrize("name", GOOD)
def test_by_environment_and_by_file(name: str, tmp_path: Path) -> None:
    text, value = GOOD[name]
    file = tmp_path / "value"
    file.write_text(f"{text}\n")
    assert getattr(Settings.load({f"LIVEDASH_{name.upper()}": text}), name) == value
    assert getattr(Settings.load({f"LIVEDASH_{name.upper()}__FILE": str(file)}), name) == value
    assert getattr(Settings.load({}), name) != value


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_names_the_variable(name: str) -> None:
    with pytest.raises(Invalid, match=f"^LIVEDASH_{name.upper()}: "):
        Settings.load({f"LIVEDASH_{name.upper()}": WRONG[name]})


def test_every_wrong_value_is_said() -> None:
    with pytest.raises(Invalid) as raised:
        Settings.load({"LIVEDASH_PORT": "x", "LIVEDASH_LOG_LEVEL": "loud"})
    assert [fault.path for fault in raised.value.faults] == [("LIVEDASH_PORT",), ("LIVEDASH_LOG_LEVEL",)]


def test_what_is_given_wins_over_the_environment_and_that_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("3")
    environ = {"LIVEDASH_PORT": "2", "LIVEDASH_PORT__FILE": str(tmp_path / "port")}
    assert Settings.load(environ, port=1, host=None).port == 1
    assert Settings.load(environ, port=None).port == 2


@pytest.mark.parametrize("name", ["none", ".", "binary"])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match=f"^LIVEDASH_ADMIN_TOKEN__FILE: cannot read {tmp_path / name}"):
        Settings.load({"LIVEDASH_ADMIN_TOKEN__FILE": str(tmp_path / name)})


def test_other_variables_are_not_ours() -> None:
    assert Settings.load({"PORT": "1", "LIVEDASH_SOMETHING": "x", "LIVEDASH_URL": "http://a"}) == Settings.load({})
    assert variable("url", {"LIVEDASH_URL": "http://a"}) == "http://a"
    assert variable("url", {}) is None


def test_settings_do_not_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings.load({}).port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), (7, 7), ("1000", 1000), ("2GB", 2 * 10**9), ("2 gib", 2 << 30), ("1.5k", 1500), (" 3TB ", 3 * 10**12)],
)
def test_sizes(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "B", "GB", "1.2.3MB", "10 XB", "nanMB", "infGB", "1e999", True, None, "-"])
def test_what_is_no_size(text: Any) -> None:
    with pytest.raises(ValueError, match="a size is a number and a unit"):
        parse_bytes(text)
