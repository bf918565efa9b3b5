"""What a message of a client asks for, decided without a socket."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedash.web.graphql.asked import Asked
from livedash.web.graphql.protocol import REASON_BYTES, Close, Code, Conversation, Init, Pong, Start, Stop

INIT = {"type": "connection_init"}
QUERY = {"query": "{ __typename }"}


def conversation(*said: Any, going_on: tuple[str, ...] = ()) -> Any:
    """The step for the last message, after the others."""
    found = Conversation(going_on)
    for message in said:
        step = found.step(message if isinstance(message, bytes) else orjson.dumps(message))
        found.let_in = found.let_in or isinstance(step, Init)
    return step


def subscribe(**changes: Any) -> dict[str, Any]:
    return {"id": "1", "type": "subscribe", "payload": QUERY, **changes}


@pytest.mark.parametrize(
    "message",
    [
        b"", b"{", b"\xff", b'{"type":"ping"}}', [], None, 7, "ping", {}, {"type": None}, {"type": 1}, {"type": "what"},
        {"type": "connection_ack"}, {"id": "1", "type": "next", "payload": {}},
        {"id": "1", "type": "error", "payload": []},
        {"type": "connection_init", "payload": []}, {"type": "connection_init", "payload": "token"},
        {"type": "ping", "payload": 1}, {"type": "pong", "payload": []},
        {"type": "complete"}, {"type": "complete", "id": 1}, {"type": "complete", "id": None},
        subscribe(id=None), subscribe(id=1), subscribe(id=""), subscribe(payload=None), subscribe(payload=[]),
        {"type": "subscribe", "payload": QUERY}, {"type": "subscribe", "id": "1"},
        subscribe(payload={}), subscribe(payload={"query": None}), subscribe(payload={"query": 7}),
        subscribe(payload={**QUERY, "variables": []}), subscribe(payload={**QUERY, "variables": "{}"}),
        subscribe(payload={**QUERY, "operationName": 1}), subscribe(payload={**QUERY, "extensions": []}),
    ],
)  # fmt: skip
def test_what_is_no_message_ends_the_socket(message: Any) -> None:
    for before in ([], [INIT]):
        step = conversation(*before, message)
        assert isinstance(step, Close) and step.code is Code.BAD_MESSAGE, step


def test_a_client_shows_who_it_is_once() -> None:
    assert conversation(INIT) == conversation({**INIT, "payload": None}) == Init({})
    assert conversation({**INIT, "payload": {"token": "t"}}) == Init({"token": "t"})
    assert conversation(INIT, INIT) == Close(Code.TOO_MANY_INITS, "Too many initialisation requests")


def test_nothing_is_started_before_the_client_was_let_in() -> None:
    assert conversation(subscribe()) == Close(Code.UNAUTHORIZED, "Unauthorized")
    began = Conversation(())
    assert began.step(orjson.dumps(INIT)) == Init({})
    assert began.step(orjson.dumps(subscribe())) == Close(Code.UNAUTHORIZED, "Unauthorized"), "not acknowledged yet"


def test_an_operation_is_started_with_what_it_needs() -> None:
    assert conversation(INIT, subscribe()) == Start("1", Asked("{ __typename }"))
    nothing = {**QUERY, "variables": None, "operationName": None, "extensions": None}
    assert conversation(INIT, subscribe(payload=nothing)) == Start("1", Asked("{ __typename }"))
    much = {**QUERY, "variables": {"a": 1}, "operationName": "A", "extensions": {}}
    assert conversation(INIT, subscribe(payload=much)) == Start("1", Asked("{ __typename }", "A", {"a": 1}))


def test_an_id_is_used_by_one_operation_at_a_time() -> None:
    step = conversation(INIT, subscribe(), going_on=("1",))
    assert step == Close(Code.DUPLICATE, "Subscriber for 1 already exists")
    assert isinstance(conversation(INIT, subscribe(id="2"), going_on=("1",)), Start)


def test_an_operation_is_stopped_whether_it_goes_on_or_not() -> None:
    assert conversation(INIT, {"id": "9", "type": "complete"}) == Stop("9")


def test_a_ping_is_legal_at_any_time_and_its_payload_comes_back() -> None:
    for before in ([], [INIT]):
        assert conversation(*before, {"type": "ping"}) == Pong(None)
        assert conversation(*before, {"type": "ping", "payload": {"a": [1]}}) == Pong({"a": [1]})
        assert conversation(*before, {"type": "pong", "payload": {"a": 1}}) is None


@given(st.text(min_size=1))
def test_a_reason_fits_into_a_close_frame(text: str) -> None:
    for step in (conversation({"type": text}), conversation(INIT, subscribe(id=text), going_on=(text,))):
        if isinstance(step, Close):
            assert len(step.reason.encode()) <= REASON_BYTES
