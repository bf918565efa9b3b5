"""Livedash: records flow into pipelines, people watch them on live dashboards, customers follow them."""

__version__ = "0.1.0"
