"""Keeps secrets out of what is kept of an attempt, although an endpoint may answer with what it was sent."""

from collections.abc import Iterable

import orjson

HIDDEN = "[hidden]"
SHORTEST = 4  # characters of a secret: hiding each "1" would tell nothing but spoil the rest
WORD = 8  # characters of a word in a header's value that is hidden on its own, such as the token behind Bearer


class Hiding:
    """Replaces the texts of some secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for text in secrets for part in (text, *(word for word in text.split() if len(word) >= WORD))}
        written = {orjson.dumps(part).decode()[1:-1] for part in parts}  # as it stands in JSON
        found = {text for text in parts | written if len(text) >= SHORTEST}
        self._texts = sorted(found, key=len, reverse=True)

    def text(self, text: str) -> str:
        """`text` without any of the secrets."""
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, HIDDEN)
        return text

    def cut(self, text: str, length: int) -> str:
        """The first `length` characters at most of a text that was cut off somewhere, maybe within a character: without
        secrets, and without the beginning of one at its end."""
        text = self.text(text).rstrip("\ufffd")
        for secret in self._texts:
            for size in range(min(len(secret) - 1, len(text)), SHORTEST - 1, -1):
                if text.endswith(secret[:size]):
                    text = text[:-size] + HIDDEN
                    break
        return text[:length]
