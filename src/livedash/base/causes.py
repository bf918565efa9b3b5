"""Why a request got no answer, in words that a customer understands. They hold nothing of its URL but the host: the
rest may be secret, and aiohttp's own words hold it all."""

import errno
import os
import socket
import ssl

from aiohttp import client_exceptions as wrong
from yarl import URL

from livedash.base.addresses import ALLOW
from livedash.model.errors import Forbidden, TimedOut, Unreachable

Refusal = tuple[str, str]  # an address that must not be reached, and what kind of address it is


def cause(error: wrong.ClientError, url: URL, refusal: Refusal | None) -> Unreachable:
    """What to raise for `error`. `refusal` is set if none of the host's addresses may be reached."""
    match error:
        case wrong.InvalidURL():
            return Forbidden("an IPv4 address is written as four decimal numbers, such as 192.0.2.1")
        case wrong.ClientConnectorError() if refusal:
            return _forbidden(url, *refusal)
        case wrong.ClientConnectorCertificateError():
            found = error.certificate_error
            why = getattr(found, "verify_message", "") or "it does not fit"
            return Unreachable(f"the certificate is not valid: {why}")
        case wrong.ClientConnectorDNSError():
            return _no_address(error.os_error)
        case wrong.ClientConnectorSSLError():
            return Unreachable(f"no TLS: {_tls_words(error.os_error)}")
        case wrong.ClientOSError():
            return _os_words(error)
        case wrong.ServerDisconnectedError() | wrong.ClientConnectionResetError():
            return Unreachable("the connection was closed without an answer")
        case wrong.ClientResponseError():
            large = "more than" in error.message or "Too many" in error.message
            return Unreachable("the answer's headers are too large" if large else "it did not answer in HTTP")
        case wrong.ClientPayloadError():
            return Unreachable("the answer was cut off")
        case _:
            return Unreachable("the connection was lost")


def _forbidden(url: URL, address: str, words: str) -> Forbidden:
    verb = "is" if url.raw_host == address else "leads to"
    return Forbidden(f"{url.raw_host} {verb} {words}; set {ALLOW} to reach it")


def _no_address(error: OSError) -> Unreachable:
    if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
        return Unreachable("no such host")
    return Unreachable("the host's name could not be looked up")


def _tls_words(error: OSError) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or "the handshake failed").replace("_", " ").lower()


def _os_words(error: OSError) -> Unreachable:
    match error.errno:
        case errno.ETIMEDOUT:
            return TimedOut("the connection timed out")
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return Unreachable("the connection was reset")
        case None:
            return Unreachable("none of the host's addresses could be reached")
        case number:
            return Unreachable(os.strerror(number).lower())
