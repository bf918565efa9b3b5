"""How records get in: one file per type, registered here."""

from livedash.sources.operations import Operations
from livedash.sources.push import Push
from livedash.sources.source import Source
from livedash.sources.system import System

SOURCES = (Push, System, Operations)

__all__ = ["SOURCES", "Operations", "Push", "Source", "System"]
