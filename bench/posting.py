"""A bare aiohttp loop: one request posted again and again, by as many tasks as there are connections.

`python -m bench.posting PORT REQUESTS CONNECTIONS SAMPLE-FILE`: headers and body are those of the request in the file,
the interpreter is set as the server's. It prints its processor time a request."""

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

import aiohttp
import uvloop

MADE_BY_AIOHTTP = {"host", "content-length", "connection"}


def parsed(sample: bytes) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of a request as it came."""
    head, _, body = sample.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first.split()[1], headers, body


async def post(port: int, requests: int, connections: int, sample: bytes) -> float:
    """Post so many in all. The processor seconds it took."""
    path, headers, body = parsed(sample)
    headers = {name: value for name, value in headers.items() if name.lower() not in MADE_BY_AIOHTTP}
    left = iter(range(requests))
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def one_by_one() -> None:
            for _ in left:
                async with session.post(f"http://127.0.0.1:{port}{path}", data=body, headers=headers) as answer:
                    await answer.read()
                    answer.raise_for_status()

        gc.freeze()
        started = time.process_time()
        await asyncio.gather(*(one_by_one() for _ in range(connections)))
        return time.process_time() - started


def main() -> None:
    from livedash.cli.running import GC_THRESHOLDS, SWITCH_INTERVAL  # the whole server, which the parent has no use for

    port, requests, connections = map(int, sys.argv[1:4])
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*GC_THRESHOLDS)
    seconds = uvloop.run(post(port, requests, connections, Path(sys.argv[4]).read_bytes()))
    print(json.dumps({"cpu_us": seconds / requests * 1e6}))


if __name__ == "__main__":
    main()
