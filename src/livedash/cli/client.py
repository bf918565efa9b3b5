"""The way from the command line to a running server."""

import os
from collections.abc import Container
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from livedash.base.config import PREFIX, Settings, variable
from livedash.base.folder import DEMO_FOLDER, Folder
from livedash.model.errors import Denied, Invalid, LivedashError, Unknown

DEFAULT_URL = "http://127.0.0.1:8765"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TIMEOUT = httpx.Timeout(30, connect=5)


class Unreachable(LivedashError):
    """The server did not answer."""


class Refused(LivedashError):
    """The server answered that it will not; `status` is its status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def connect() -> httpx.Client:
    """A client of the server at `LIVEDASH_URL`, with `LIVEDASH_TOKEN` or the admin token kept in the data folder of
    a server on this host. Raises Invalid for a strange URL or token, Unknown or Denied when there is no token."""
    port = variable("port", os.environ)  # whoever moved the server by it means the same one here
    url = _url(variable("url", os.environ) or (f"http://127.0.0.1:{port}" if port else DEFAULT_URL))
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {_token()}"},
        timeout=_TIMEOUT,
        trust_env=url.host not in _LOOPBACK,  # a proxy of the environment does not reach this host
    )


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise Invalid(f"{PREFIX}URL must look like {DEFAULT_URL}, not {text!r}")
    return url


def _token() -> str:
    token = (variable("token", os.environ) or "").strip() or _token_here()
    if not (token.isascii() and token.isprintable()):
        raise Invalid(f"{PREFIX}TOKEN holds characters that no token has")
    return token


def _token_here() -> str:
    settings = Settings.load()
    if settings.admin_token:
        return settings.admin_token
    for folder in sorted((settings.data, DEMO_FOLDER), key=_at_rest):
        path = folder / Folder.ADMIN_TOKEN
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Denied(f"cannot read {path}: {error.strerror}; run this as who runs the server, or set "
                         f"{PREFIX}TOKEN") from None  # fmt: skip
    raise Unknown(f"no token: set {PREFIX}TOKEN, or run this where the server's data folder is ({PREFIX}DATA)")


def _at_rest(folder: Path) -> bool:
    """Whether no process that we see serves from `folder`: where one does, its token is the one that is meant."""
    try:
        os.kill(int((folder / Folder.LOCK).read_text(encoding="utf-8")), 0)
    except PermissionError:  # it lives, and is another user's
        return False
    except (OSError, ValueError):
        return True
    return False


def records_path(pipeline: str, what: str = "records") -> str:
    """The path of a pipeline's records or stream, whatever was typed for its name."""
    return f"/api/pipelines/{named(pipeline)}/{what}"


def named(name: str) -> str:
    """A slug or id, as typed, as one segment of a path."""
    return quote(name, safe="", errors="surrogateescape")


def ask(method: str, *path: str, **more: Any) -> Any:
    """`answer` to one request below /api, `path` as typed, on a connection of its own."""
    with connect() as client:
        return answer(client, method, "/".join(("/api", *map(named, path))), **more)


def answer(client: httpx.Client, method: str, path: str, **more: Any) -> Any:
    """The JSON that one request is answered with; None when there is nothing. Raises like `call`."""
    response = call(client, method, path, **more)
    try:
        return response.json() if response.content else None
    except ValueError:
        raise Unreachable(f"{client.base_url} did not answer as Livedash does; is {PREFIX}URL right?") from None


def call(client: httpx.Client, method: str, path: str, accept: Container[int] = (), **more: Any) -> httpx.Response:
    """One request. Raises Unreachable or, for what is neither success nor a status in `accept`, Refused."""
    try:
        response = client.request(method, path, **more)
    except httpx.TransportError as error:
        raise unreachable(client, error) from None
    if not response.is_success and response.status_code not in accept:
        raise refused(response)
    return response


def unreachable(client: httpx.Client, error: httpx.TransportError) -> Unreachable:
    why = str(error).rpartition("] ")[2] or type(error).__name__  # without "[Errno 111] "
    return Unreachable(f"no answer from {client.base_url} ({why}); start the server, or set {PREFIX}URL")


def refused(response: httpx.Response) -> Refused:
    """The reason that the server gave, with what one can do about it."""
    status = response.status_code
    if response.has_redirect_location:
        return Refused(status, f"{status} the server is at {response.headers['Location']}; set {PREFIX}URL to that")
    try:
        body = response.json()
        detail: str = body["detail"]
        more = [f"\n{each.get('pointer', '')} {each['detail']}" for each in body.get("errors", ())
                if each["detail"] not in detail]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return Refused(status, f"{status} {response.reason_phrase}")
    hint = f"; set {PREFIX}TOKEN to one that is" if status == 401 else ""
    said = detail if status == 422 else f"{status} {detail}"  # a mistake begins with its place in a file
    return Refused(status, f"{said}{hint}{''.join(more)}")
