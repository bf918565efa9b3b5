from tests.stream.conftest import stream

__all__ = ["stream"]
