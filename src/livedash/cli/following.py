"""`livedash tail`: a pipeline's records as they come, over the same stream that customers use."""

import sys
import time
from collections.abc import Iterator

import httpx
from httpx_sse import EventSource, ServerSentEvent

from livedash.cli.client import Refused, Unreachable, answer, connect, records_path, refused, unreachable

RETRY_SECONDS = 1.0  # until the server says otherwise
_SILENCE = httpx.Timeout(60, connect=5)  # the server says something every 30 s


def follow(client: httpx.Client, pipeline: str, cursor: str | None) -> Iterator[ServerSentEvent]:
    """Records and gaps for ever, from `cursor` or from now on; after a break from where it was. Raises Refused, and
    Unreachable when there is no server at first."""
    newest = answer(client, "GET", records_path(pipeline), params={"limit": 1})
    cursor = cursor or newest["cursor"]  # so that a break before the first record loses none
    retry = RETRY_SECONDS
    while True:
        try:
            for event in _events(client, pipeline, cursor):
                cursor = event.id or cursor
                retry = retry if event.retry is None else event.retry / 1000
                if event.data:  # else it is only a wish or a sign of life
                    yield event
        except Unreachable:
            time.sleep(retry)
        except Refused as error:
            if error.status < 500:  # else it is starting, or a proxy stands before nothing
                raise
            time.sleep(retry)


def _events(client: httpx.Client, pipeline: str, cursor: str) -> Iterator[ServerSentEvent]:
    """One connection, to its end. Raises Refused; Unreachable also when it ends, since a stream has no end."""
    path, query = records_path(pipeline, "stream"), {"last_event_id": cursor}
    try:
        with client.stream("GET", path, params=query, timeout=_SILENCE) as response:
            if not response.is_success:
                response.read()
                raise refused(response)
            yield from EventSource(response).iter_sse()
    except httpx.TransportError as error:
        raise unreachable(client, error) from None
    raise Unreachable("the stream ended")


def print_records(pipeline: str, since: str | None, count: int) -> None:
    """One JSON object a line on standard output; gaps are said on standard error. Ends after `count` records."""
    printed = 0
    with connect() as client:
        for event in follow(client, pipeline, since):
            if event.event == "message":
                sys.stdout.write(event.data + "\n")
                sys.stdout.flush()
                printed += 1
            else:
                sys.stderr.write(f"{event.event}: {event.data}\n")
            if count and printed >= count:
                return
