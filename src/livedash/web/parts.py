"""What the routes and the resolvers work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from livedash.base.config import Settings
from livedash.base.metrics import Metrics
from livedash.base.supervise import Health
from livedash.boards.boards import Boards
from livedash.catalog.catalog import Catalog
from livedash.catalog.directory import Directory
from livedash.manage.edit import Editor
from livedash.sinks.runner import Sinks
from livedash.stream.logs import Logs
from livedash.stream.tail import Tails
from livedash.web.access import Access
from livedash.web.sessions import Sessions
from livedash.web.streams import Streams


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of Livedash that answer."""

    settings: Settings
    catalog: Catalog
    editor: Editor
    access: Access
    sessions: Sessions
    boards: Boards
    sinks: Sinks
    tails: Tails
    streams: Streams
    logs: Logs
    health: Health
    metrics: Metrics
    shown_tokens: Mapping[str, str]

    @property
    def directory(self) -> Directory:
        return self.catalog.directory
