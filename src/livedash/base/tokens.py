"""Ids and tokens. A token's text says what kind it is, so that one found in a log or a chat can be named and revoked.

Tokens are looked up by their SHA-256: the time of a look-up tells nothing about a text whose hash cannot be steered.
"""

import hashlib
import secrets
from base64 import b32encode, b64encode

SHORTEST = 8  # characters of a token chosen by a user; what we make has 32 random ones


def make_token(kind: str) -> str:
    """A new secret such as `ld_in_…`; `kind` is `in`, `st` or `api`. 192 random bits."""
    return f"ld_{kind}_{secrets.token_urlsafe(24)}"


def make_id(prefix: str) -> str:
    """A new id such as `pl_k3v9q2m4x7aebdth`. The underscore keeps it from ever being a slug."""
    return f"{prefix}_{b32encode(secrets.token_bytes(10)).decode().lower()}"


def make_signing_secret() -> str:
    """A new secret that deliveries are signed with, as Standard Webhooks write it: 256 random bits."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def digest(text: str) -> str:
    """What is stored of a token: its SHA-256 in hex. Tokens are long and random, so no slow hash is needed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
