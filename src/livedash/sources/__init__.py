"""How records get in: one file per type, registered here."""

from livedash.sources.push import Push
from livedash.sources.source import Source
from livedash.sources.system import System

SOURCES = (Push, System)

__all__ = ["SOURCES", "Push", "Source", "System"]
