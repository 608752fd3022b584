"""TLS for the practice host, which speaks plain HTTP: a certificate, and a front that takes TLS off."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def make_certificate(path: Path, name: x509.GeneralName, ends: timedelta = timedelta(days=1)) -> Path:
    """Write a certificate for that name, signed by itself, with its key. Returns the path."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "practice host")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + built.public_bytes(pem))
    return path


LOOPBACK, ELSEWHERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("elsewhere.example")


def server_context(certificate: Path) -> ssl.SSLContext:
    """TLS for a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def greeter(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """What shakes hands, and then hears what comes but does not answer."""

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as sealed:
            sealed.recv(100)

    return greet


@contextmanager
def tls_front(certificate: Path, port: int) -> Iterator[int]:
    """A port that takes TLS off what comes and passes it on to `port`."""
    context, listener = server_context(certificate), socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=join, args=(connection,), daemon=True).start()

    def join(connection: socket.socket) -> None:
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) as sealed,
            socket.create_connection(("127.0.0.1", port)) as plain,
        ):
            pass_on(sealed, plain)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def pass_on(sealed: ssl.SSLSocket, plain: socket.socket) -> None:
    """Pass on, both ways, until one side ends: in one thread, since TLS sockets serve one at a time."""
    while True:
        ready = [sealed] if sealed.pending() else select.select([sealed, plain], [], [])[0]
        for source, sink in ((sealed, plain), (plain, sealed)):
            if source in ready:
                data = source.recv(65536)
                if not data:
                    return
                sink.sendall(data)
