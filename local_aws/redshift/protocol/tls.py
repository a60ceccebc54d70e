"""TLS for clients that ask for it, with a certificate that the endpoint makes for itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local_aws.files import write_atomically

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
VALID_DAYS = 3650
RENEW_DAYS = 30
_RECORD_BYTES = 256 * 1024


@dataclass(frozen=True)
class TlsRules:
    """Whether TLS is offered, and whether a client must take it."""

    context: ssl.SSLContext | None = None
    required: bool = False


class Certificate:
    """The certificate of an endpoint and its key, in a folder that keeps both; the key is its owner's alone.

    A client that names ``file`` as its ``sslrootcert`` can ask for ``sslmode=verify-full``.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "server.crt"
        self._key_file = folder / "server.key"

    def context(self, *hosts: str) -> ssl.SSLContext:
        """What TLS needs to serve under these names and addresses; the certificate is made where none fits."""
        if not self._fits(hosts):
            self._make(hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.file, self._key_file)
        return context

    def _fits(self, hosts: tuple[str, ...]) -> bool:
        if not (self.file.exists() and self._key_file.exists()):
            return False
        found = x509.load_pem_x509_certificate(self.file.read_bytes())
        names = set(found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        soon = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=RENEW_DAYS)
        return set(map(_name, hosts)) <= names and found.not_valid_after_utc > soon

    def _make(self, hosts: tuple[str, ...]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local Redshift endpoint")])
        now = dt.datetime.now(dt.timezone.utc)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))  # a container's clock may be behind
            .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
            .add_extension(x509.SubjectAlternativeName(list(map(_name, hosts))), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)  # it is its own root
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.unlink(missing_ok=True)  # a crash between the two must not leave a pair that does not match
        write_atomically(self._key_file, secret)
        write_atomically(self.file, made.public_bytes(encoding), mode=0o644)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class TlsStream:
    """The server's end of a TLS connection, which one thread may read while another one writes.

    An ``ssl.SSLSocket`` may not be used so: OpenSSL is no such thing as safe for threads. Here its calls, which never
    wait, take turns, and only the socket below is waited for.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext) -> None:
        self._raw = raw
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        self._turn = threading.Lock()
        self._sending = threading.Lock()

    def handshake(self) -> None:
        """Agree with the client; raises ssl.SSLError (an OSError) where that fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
            else:
                return self._flush()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what came, or nothing at the end; with flags it is the bytes below TLS that are looked at."""
        if flags:
            return self._raw.recv(size, flags)
        while True:
            try:
                with self._turn:
                    return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._flush()  # the protocol may have something to say of its own
                self._receive()
            except ssl.SSLError as error:
                if isinstance(error, (ssl.SSLZeroReturnError, ssl.SSLEOFError)):
                    return b""
                raise

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        with self._sending:
            if data:
                with self._turn:
                    self._tls.write(data)
            self._send_leaving()

    def _flush(self) -> None:
        with self._sending:
            self._send_leaving()

    def _send_leaving(self) -> None:
        with self._turn:
            data = self._leaving.read()
        if data:
            self._raw.sendall(data)

    def _receive(self) -> None:
        data = self._raw.recv(_RECORD_BYTES)
        with self._turn:
            if data:
                self._arrived.write(data)
            else:
                self._arrived.write_eof()

    def say_goodbye(self) -> None:
        """Tell the client that nothing more comes: it could not tell a cut connection from an end otherwise."""
        with contextlib.suppress(ssl.SSLError), self._turn:  # it wants the client's answer, which we do not wait for
            self._tls.unwrap()
        self._flush()

    def fileno(self) -> int:
        """The socket's number, for ``select``."""
        return self._raw.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Limit how long the socket may be waited for."""
        self._raw.settimeout(seconds)

    def shutdown(self, direction: int) -> None:
        """End a direction of the socket."""
        self._raw.shutdown(direction)

    def close(self) -> None:
        """Close the socket."""
        self._raw.close()


Stream = socket.socket | TlsStream
