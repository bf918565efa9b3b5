"""A mapping: steps that turn what arrived into what is kept. Pure; compiled once, run for every record."""

from livedash.mapping.compiling import Mapper, Refused, compile
from livedash.mapping.steps import Step, Steps, Timestamp

__all__ = ["Mapper", "Refused", "Step", "Steps", "Timestamp", "compile"]
