"""How a delivery proves where it comes from: as Standard Webhooks sign, or as GitHub does."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a key, as Standard Webhooks say


def key(secret: str) -> bytes:
    """The key in a secret of the form `whsec_` + base64. Raises ValueError, without the secret."""
    try:
        found = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:  # its message may hold a part of the secret
        found = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(found) <= LONGEST:
        raise ValueError(
            f"a signing secret is {PREFIX} and then {SHORTEST} to {LONGEST} random bytes in base64; "
            "leave it out and one is made"
        )
    return found


def sign(keys: Iterable[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each key. `timestamp` is that of `webhook-timestamp`."""
    message = b"%b.%d.%b" % (id.encode(), timestamp, body)
    return " ".join(["v1," + b64encode(hmac.digest(key, message, "sha256")).decode() for key in keys])


def github(key: bytes, body: bytes) -> str:
    """The header `X-Hub-Signature-256`."""
    return "sha256=" + hmac.digest(key, body, "sha256").hex()
