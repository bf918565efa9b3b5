"""The composition root: everything is made here by plain constructor calls, and only here are adapters named."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from livedash.base import clock
from livedash.base.config import Settings
from livedash.base.folder import Folder
from livedash.base.metrics import Metrics
from livedash.base.outbound import Outbound
from livedash.base.secrets import Vault, kept
from livedash.base.supervise import Health, supervise
from livedash.base.tokens import make_token
from livedash.boards.boards import Boards
from livedash.bus.local import LocalBus
from livedash.catalog.catalog import Catalog
from livedash.log.sqlite import SqliteLog
from livedash.manage.components import Mappings, sink_of, source_of
from livedash.manage.edit import Editor
from livedash.manage.expiry import Expiry
from livedash.manage.first import FirstRecords
from livedash.sinks.course import Schedule
from livedash.sinks.means import Means
from livedash.sinks.runner import Sinks
from livedash.sources.runner import Runner
from livedash.stream.broadcast import Broadcast
from livedash.stream.door import Door
from livedash.stream.gate import Gates
from livedash.stream.logs import Logs
from livedash.stream.meter import StreamMeter
from livedash.stream.operations import Operations
from livedash.stream.retention import Retention
from livedash.stream.tail import Tails
from livedash.web.access import Access
from livedash.web.admission import Admission
from livedash.web.cross_origin import CrossOrigin
from livedash.web.entrance import Entrance
from livedash.web.events import Events
from livedash.web.front import Front, Plain
from livedash.web.graphql.askers import Askers
from livedash.web.graphql.engines import Engines
from livedash.web.graphql.requests import Requests
from livedash.web.graphql.sockets import Sockets
from livedash.web.hosts import Hosts, allowed_hosts
from livedash.web.ingest import Ingest
from livedash.web.live import Live
from livedash.web.parts import Parts
from livedash.web.rest import rest
from livedash.web.sessions import Sessions
from livedash.web.streams import Streams

if TYPE_CHECKING:
    from livedash.web.graphql.engine import Engine


@dataclass(frozen=True, slots=True)
class App:
    """A running Livedash. `asgi` answers requests, `stop` ends what stays open, `catalog` is configured."""

    asgi: ASGIApp
    stop: Callable[[], Awaitable[None]]
    catalog: Catalog
    logs: Logs
    sessions: Sessions
    streams: Streams
    door: Door
    tails: Tails


def admin_token(settings: Settings, folder: Folder) -> str:
    """The token for /api: from the settings, else kept in the data folder with mode 0600."""
    return settings.admin_token or kept(folder.admin_token, lambda: make_token("api"))


@asynccontextmanager
async def running(settings: Settings, shown_tokens: Mapping[str, str] | None = None) -> AsyncIterator[App]:
    """Everything started, for as long as the context is open. The data folder is locked meanwhile. `shown_tokens`:
    ingest tokens by pipeline slug that the page of an empty dashboard may print. Raises Conflict, StorageError."""
    metrics, health = Metrics(), Health()
    async with AsyncExitStack() as stack:
        folder = Folder(settings.data)
        stack.enter_context(folder.locked())
        vault = Vault.open(folder.path, settings.secret_key)
        catalog = await Catalog.open(folder.catalog, vault, admin_token(settings, folder))
        stack.push_async_callback(catalog.close)
        logs = _logs(settings, folder)
        stack.push_async_callback(logs.volatile.close)
        stack.push_async_callback(logs.durable.close)

        bus, directory = LocalBus(), catalog.directory
        gates = Gates(logs, bus, metrics)
        stack.push_async_callback(gates.close)
        door = Door(gates, Mappings().of, clock=clock.now, metrics=metrics)
        coalesce = settings.stream_coalesce_ms / 1000
        tails = Tails(logs, bus, size=settings.tail_records, coalesce=coalesce, metrics=metrics)
        outbound = _outbound(settings)
        stack.push_async_callback(outbound.close)
        means = Means(
            tails, gates.durable, logs.durable, Operations(directory, door), _schedule(settings), clock.now, metrics
        )
        sinks = Sinks(directory, partial(sink_of, outbound, settings), means, health=health)
        rate = settings.board_updates_per_second
        boards = Boards(directory, tails, rate=rate, clock=clock.now, metrics=metrics, health=health)
        stack.push_async_callback(boards.close)

        meter = StreamMeter(gates.durable, clock.now)
        stack.push_async_callback(meter.close)
        streams = Streams(directory)
        broadcast = Broadcast(streams.settled, clock.now, metrics)

        sessions = Sessions(clock.now, secure=(settings.base_url or "").startswith("https:"))
        access = Access(directory, sessions)
        parts = Parts(
            settings,
            catalog,
            Editor(catalog, clock.now, logs.head),
            access,
            sessions,
            boards,
            sinks,
            tails,
            streams,
            logs,
            health,
            metrics,
            shown_tokens or {},
        )
        graphql, askers = _engines(parts), Askers(access, directory, settings.base_url)
        entrance = Entrance(broadcast, Admission(settings, metrics), meter, metrics)
        sockets = Sockets(graphql, askers, entrance, streams, metrics, most=settings.graphql_sockets)

        work = {
            "tails": tails.run,
            "boards": boards.run,
            "token expiry": Expiry(catalog, clock.now).run,
            "first records": FirstRecords(catalog, tails).run,
            "retention": Retention(directory, logs, tails, clock=clock.now, metrics=metrics).run,
            "sinks": sinks.run,
            "streams": streams.run,
            "sockets": sockets.run,
            "stream meter": meter.run,
            "sources": Runner(directory, door, source_of, health=health, metrics=metrics).run,
        }
        tasks = [asyncio.create_task(supervise(n, w, health=health, metrics=metrics), name=n) for n, w in work.items()]
        stack.push_async_callback(_end, tasks)

        plain = Plain(
            Ingest(door, access, metrics),
            Events(tails, access, entrance, streams),
            Live(boards, access, streams, metrics),
            Requests(graphql, askers),
            sockets,
            CrossOrigin(directory),
        )
        front = Front(plain, rest(parts), Hosts(allowed_hosts(settings)), metrics)
        yield App(front, partial(streams.stop, broadcast.quiet), catalog, logs, sessions, streams, door, tails)


def _engines(parts: Parts) -> Engines:
    def make() -> "Engine":
        from livedash.web.graphql.engine import Engine  # takes most of a second, which who asks no GraphQL never pays

        return Engine(parts)

    return Engines(make)


def _logs(settings: Settings, folder: Folder) -> Logs:
    durable = SqliteLog(folder.log, clock=clock.now, quota_bytes=settings.quota, reserve_bytes=settings.disk_reserve)
    return Logs(durable, SqliteLog(":memory:", clock=clock.now, keep=settings.tail_records))


def _outbound(settings: Settings) -> Outbound:
    return Outbound(
        settings.outbound_allow,
        connections=settings.outbound_connections,
        per_host=settings.outbound_connections_per_host,
    )


def _schedule(settings: Settings) -> Schedule:
    days = settings.sink_disable_days
    return Schedule(settings.sink_retry_seconds, settings.sink_refused_seconds, days * 86_400)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
