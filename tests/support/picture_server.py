"""An https server for pictures: a name that only the test knows, a certificate that only the test trusts."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.raw_http import RawServer, answering, raw_server, response, with_certificate

HOST = "pictures.test"
INSIDE = "inside.test"
"""A name whose address is a private one; nobody listens there."""

_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)

Talk = Callable[[RawServer, socket.socket], None]


@pytest.fixture(scope="session")
def picture_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of HOST and of this machine, with its key; nobody trusts it by default."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = [x509.DNSName(HOST), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        # From Python 3.13 on, a certificate must have all that RFC 5280 asks for.
        .add_extension(_KEY_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "pictures.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def picture_names(monkeypatch: pytest.MonkeyPatch, picture_certificate: Path) -> dict[str, str]:
    """The addresses that names have; no name server is asked. The test's certificate is trusted."""
    addresses = {HOST: "127.0.0.1", "127.0.0.1": "127.0.0.1", INSIDE: "10.255.255.1"}
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any, **more: Any) -> Any:
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(addresses[host], *rest, **more)

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(picture_certificate))
    return addresses


class Pages:
    """An https server that talks differently at each path."""

    def __init__(self, server: RawServer, host: str = HOST) -> None:
        self.server = server
        self.host = host

    def __getitem__(self, path: str) -> str:
        return f"https://{self.host}:{self.server.port}{path}"

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [request.split(b" ", 2)[1].decode() for request in self.server.received]


@pytest.fixture
def serve_pictures(
    picture_names: dict[str, str], picture_certificate: Path
) -> Iterator[Callable[[Talk | bytes], Pages]]:
    """Start a server that talks like this, or gives each client this answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(picture_certificate)
    with contextlib.ExitStack() as servers:

        def start(talk: Talk | bytes) -> Pages:
            plain = answering(talk) if isinstance(talk, bytes) else talk
            return Pages(servers.enter_context(raw_server(with_certificate(plain, context))))

        yield start


def picture(body: bytes, *headers: str) -> bytes:
    return response("200 OK", body, *(headers or ("Content-Type: image/jpeg",)))
