"""`livedash tail`: a pipeline's records as they come, over the same stream that customers use."""

import sys
import time
from collections.abc import Iterator

import httpx
from httpx_sse import EventSource, ServerSentEvent

from livedash.cli.client import Refused, Unreachable, connect

RETRY_SECONDS = 1.0
_SILENCE = httpx.Timeout(60, connect=5)  # the server says something every 30 s


def follow(client: httpx.Client, pipeline: str, cursor: str | None) -> Iterator[ServerSentEvent]:
    """Records and gaps for ever, from `cursor` or from now on; after a break from where it was. Raises Refused, and
    Unreachable when the first connect fails."""
    connected = False
    while True:
        headers = {"Last-Event-ID": cursor} if cursor else {}
        try:
            path = f"/api/pipelines/{pipeline}/stream"
            with client.stream("GET", path, headers=headers, timeout=_SILENCE) as response:
                _check(response)
                connected = True
                for event in EventSource(response).iter_sse():
                    cursor = event.id or cursor
                    yield event
        except httpx.TransportError as error:
            if not connected:
                raise Unreachable(f"no answer from {client.base_url}: {error}; is it running?") from None
        time.sleep(RETRY_SECONDS)


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


def _check(response: httpx.Response) -> None:
    if response.is_error:
        response.read()
        raise Refused(response.status_code, f"{response.status_code} {response.json()['detail']}")
