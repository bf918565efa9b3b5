"""Where records are pushed to: one folder or file per type, its settings registered here."""

from livedash.sinks.webhook.settings import Webhook

SINKS = (Webhook,)

__all__ = ["SINKS", "Webhook"]
