"""What is logged is JSON, a line each, and shows no token in any shape."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from livedash.base import logs

SECRET = "s3cr3t-t3xt"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged as JSON; the logging of the tests is put back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("debug", "json")
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"bearer   {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"GET /api/pipelines/p/stream?limit=1&token={SECRET}&b=2",
        f"https://hook.example/?api_key={SECRET}",
        f"?next=%2Fstream%3Ftoken%3D{SECRET}",
        f'{{"ingest_token": "{SECRET}", "a": 1}}',
        f"{{'secret': '{SECRET}'}}",
        f"{{'authorization': b'{SECRET}'}}",
        f"LIVEDASH_ADMIN_TOKEN={SECRET}",
        f"password={SECRET};",
        "ld_in_s3cr3t-t3xt",
        "a (ld_st_s3cr3t-t3xt) b",
        "ld_api_s3cr3t-t3xt,",
        "whsec_s3cr3t-t3xt",
    ],
)
def test_no_shape_of_a_secret_passes(text: str) -> None:
    assert SECRET not in logs.redact(text)
    assert "[redacted]" in logs.redact(text)


def test_what_is_around_a_secret_stays() -> None:
    assert logs.redact(f"/stream?token={SECRET}&limit=5") == "/stream?token=[redacted]&limit=5"
    assert logs.redact("no token: set LIVEDASH_TOKEN, or ask") == "no token: set LIVEDASH_TOKEN, or ask"
    assert logs.redact("monkey=1 tokens=2 basic usage") == "monkey=1 tokens=2 basic usage"


def test_long_texts_take_no_time() -> None:
    for text in ("a-" * 50_000, "token" * 20_000, "bearer " * 20_000, "token:" * 20_000):
        logs.redact(text)  # the test's own time limit speaks


def test_values_in_values(written: io.StringIO) -> None:
    log = structlog.get_logger("test")
    log.info(
        "sent",
        token=SECRET,
        headers={"Authorization": SECRET, b"raw": [f"Bearer {SECRET}".encode()], "n": 1},
        urls=[f"/a?token={SECRET}", ("b", {"deep": {"password": SECRET}})],
        error=ValueError(f"key={SECRET}"),
        kept={"pipeline": "weather", "count": 3, "none": None, "yes": True},
    )
    (line,) = lines(written)
    assert SECRET not in written.getvalue()
    assert line["token"] == line["headers"]["Authorization"] == "[redacted]"
    assert line["urls"][0] == "/a?token=[redacted]"
    assert line["kept"] == {"pipeline": "weather", "count": 3, "none": None, "yes": True}
    assert (line["event"], line["level"]) == ("sent", "info")


def test_what_holds_itself_is_cut(written: io.StringIO) -> None:
    endless: list[Any] = []
    endless.append(endless)
    structlog.get_logger("test").info("odd", value=endless)
    assert lines(written)[0]["value"] == [[[[[[[["…"]]]]]]]]


def test_exceptions_of_ours_and_of_libraries(written: io.StringIO) -> None:
    for log in (structlog.get_logger("ours"), logging.getLogger("a.library")):
        try:
            raise RuntimeError(f"cannot get https://a.example/?token={SECRET}")
        except RuntimeError:
            log.exception("failed with Bearer %s" % SECRET)  # noqa: UP031 as libraries write it
    assert SECRET not in written.getvalue()
    for line in lines(written):
        assert line["event"] == "failed with Bearer [redacted]"
        assert "Traceback" in line["exception"]
        assert "?token=[redacted]" in line["exception"]


def test_a_library_speaks_through_the_same_chain(written: io.StringIO) -> None:
    logging.getLogger("a.library").warning("sent %s to %s", f"token={SECRET}", "there")
    logging.getLogger("uvicorn.error").info("not worth a line")
    (line,) = lines(written)
    assert (line["event"], line["level"]) == ("sent token=[redacted] to there", "warning")


def test_the_level_holds_and_newlines_do_not_part_a_line(written: io.StringIO) -> None:
    logging.getLogger().setLevel("WARNING")
    structlog.get_logger("test").info("too quiet")
    structlog.get_logger("test").warning("two\nlines", name="é漢字")
    (line,) = lines(written)
    assert (line["event"], line["name"]) == ("two\nlines", "é漢字")


def test_people_on_a_terminal_read_text(monkeypatch: pytest.MonkeyPatch, written: io.StringIO) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("info", "auto")
    structlog.get_logger("test").info("hello", token=SECRET)
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert SECRET not in stream.getvalue()
