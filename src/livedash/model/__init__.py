"""The words of the domain as plain values. Imports nothing of ours."""

from livedash.model.cursor import Cursor
from livedash.model.page import Gap, Page
from livedash.model.record import Clock, Draft, Json, Record, Refusal

__all__ = ["Clock", "Cursor", "Draft", "Gap", "Json", "Page", "Record", "Refusal"]
