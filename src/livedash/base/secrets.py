"""Encryption at rest, and secrets kept in files that only their owner may read."""

import hashlib
import os
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path

from livedash.model.errors import Invalid, StorageError

SHORTEST_PASSPHRASE = 16
KEY_FILE = "secret.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
# Fixed, since there is nowhere to keep a salt that would be safer than the data folder the passphrase protects.
_SALT = b"livedash secrets at rest, version 1"


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text kept in the file `path`; made and written there with mode 0600 when there is none. Raises
    StorageError."""
    try:
        if not path.exists():
            _write_private(path, make())
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StorageError(f"cannot keep a secret in {path}: {error.strerror}") from error
    if not text:
        raise StorageError(f"{path} is empty; restore it, or delete it to have a new one made")
    return text


def _write_private(path: Path, text: str) -> None:
    """All of it or nothing, and never readable by others for a moment."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


class Vault:
    """Seals short texts with AES-256-GCM. A sealed text opens only for what it was sealed for (`about`), so that one
    row's secret cannot be moved to another row."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # a third of a small start

        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, folder: Path, passphrase: str | None = None) -> "Vault":
        """With `passphrase` (at least 16 characters) the key comes from it; else from the file `secret.key` in
        `folder`, made at the first start. Raises Invalid or StorageError."""
        if passphrase is None:
            return cls(_key_in(folder / KEY_FILE))
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise Invalid(f"the secret key must have at least {SHORTEST_PASSPHRASE} characters")
        return cls(hashlib.scrypt(passphrase.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=_KEY_BYTES))

    def seal(self, text: str, about: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())

    def unseal(self, sealed: bytes, about: str) -> str:
        """Raises StorageError when it was sealed with another key or for something else."""
        from cryptography.exceptions import InvalidTag

        try:
            opened = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise StorageError(
                "a stored secret does not open with this key; start with the secret key (LIVEDASH_SECRET_KEY, or "
                f"{KEY_FILE} in the data folder) that it was stored with"
            ) from None
        return opened.decode()


def _key_in(path: Path) -> bytes:
    text = kept(path, lambda: secrets.token_urlsafe(_KEY_BYTES))
    try:
        key = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StorageError(f"{path} does not hold a key; restore the file that was there")
    return key
