"""The way from the command line to a running server."""

import os
from collections.abc import Container
from typing import Any

import httpx

from livedash.base.config import Settings, variable
from livedash.base.folder import DEMO_FOLDER, Folder
from livedash.model.errors import Denied, LivedashError, Unknown

DEFAULT_URL = "http://127.0.0.1:8765"
_TIMEOUT = httpx.Timeout(30, connect=5)


class Unreachable(LivedashError):
    """The server did not answer."""


class Refused(LivedashError):
    """The server answered that it will not; `status` is its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def connect(url: str | None = None, token: str | None = None) -> httpx.Client:
    """A client of the server at `LIVEDASH_URL`, with `LIVEDASH_TOKEN` or the admin token kept in the data folder of
    a server on this host. Raises Unknown when there is none."""
    return httpx.Client(
        base_url=url or (variable("url", os.environ) or DEFAULT_URL),
        headers={"Authorization": f"Bearer {token or _token()}"},
        timeout=_TIMEOUT,
    )


def _token() -> str:
    if token := variable("token", os.environ):
        return token
    settings = Settings.load()
    if settings.admin_token:
        return settings.admin_token
    for folder in (settings.data, DEMO_FOLDER):
        path = folder / Folder.ADMIN_TOKEN
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except PermissionError:
            raise Denied(f"cannot read {path}: it belongs to whoever runs the server; set LIVEDASH_TOKEN") from None
    raise Unknown("no token: set LIVEDASH_TOKEN, or run this where the server's data folder is (LIVEDASH_DATA)")


def call(client: httpx.Client, method: str, path: str, accept: Container[int] = (), **more: Any) -> httpx.Response:
    """One request. Raises Unreachable or, for an error whose status is not in `accept`, Refused."""
    try:
        response = client.request(method, path, **more)
    except httpx.TransportError as error:
        raise Unreachable(
            f"no answer from {client.base_url}: {error or type(error).__name__}; is it running?"
        ) from None
    if response.is_error and response.status_code not in accept:
        raise Refused(response.status_code, _reason(response))
    return response


def _reason(response: httpx.Response) -> str:
    try:
        body = response.json()
        errors = "".join(f"\n  {e.get('pointer', '')} {e['detail']}" for e in body.get("errors", ()))
        return f"{response.status_code} {body['detail']}{errors}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status_code} {response.reason_phrase}"
