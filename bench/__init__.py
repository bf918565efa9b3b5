"""Measures Livedash: `python -m bench`."""
