"""Certificates are verified, as the system's authorities say."""

import asyncio
import ipaddress
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from livedash.model.errors import Forbidden, Unreachable
from tests.base.receiver import posting, receiving

POST = """
import asyncio, sys
from livedash.base.outbound import Outbound

async def main():
    outbound = Outbound(["127.0.0.1"], lookup=lambda host, port: ["127.0.0.1"])
    try:
        print((await outbound.post(sys.argv[1], b"{}", [], timeout=20, keep=9)).status)
    except Exception as error:
        print(error)
    await outbound.close()

asyncio.run(main())
"""


def certificate(folder: Path, days: int = 1) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1 and good.example, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "good.example")])
    names: list[x509.GeneralName] = [
        x509.DNSName("good.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    end = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=10))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


async def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path) -> None:
    _, context = certificate(tmp_path)
    async with posting("127.0.0.1") as outbound, receiving(tls=context) as receiver:
        with pytest.raises(Unreachable, match=r"^the certificate is not valid: self-signed certificate$") as caught:
            await outbound.post(receiver.url, b"{}", [], timeout=10, keep=9)
    assert not isinstance(caught.value, Forbidden)
    assert not receiver.requests


async def test_a_server_without_tls_is_refused() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server, posting("127.0.0.1") as outbound:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match=r"^no TLS: .*(wrong version number|record layer failure)$"):
            await outbound.post(f"https://127.0.0.1:{port}/", b"{}", [], timeout=10, keep=9)


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [
        ("127.0.0.1", 1, "200"),
        ("good.example", 1, "200"),
        ("other.example", 1, "the certificate is not valid: Hostname mismatch"),
        ("good.example", -1, "the certificate is not valid: certificate has expired"),
    ],
)
async def test_a_known_authority_vouches_for_its_names_while_it_is_valid(
    tmp_path: Path, host: str, days: int, words: str
) -> None:
    """In a process of its own, since the authorities are read once."""
    file, context = certificate(tmp_path, days)
    async with receiving(tls=context) as receiver:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", POST, f"https://{host}:{receiver.port}/"),
            env={**os.environ, "SSL_CERT_FILE": str(file)},
            stdout=subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), 30)
    assert printed.decode().startswith(words)
