"""How a connection begins: it asks for TLS, cancels another one's query, or opens a session."""

from __future__ import annotations

import socket
import ssl

from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.backend import SessionLost
from local_aws.redshift.protocol.tls import Stream, TlsRules, TlsStream
from local_aws.redshift.protocol.wire import ProtocolError
from local_aws.redshift.sql.parameters import LITERAL_MODE
from local_aws.redshift.sql_error import UNDEFINED_OBJECT

INVALID_AUTHORIZATION = "28000"
# What Redshift's own drivers send; PostgreSQL refuses parameters that it does not know.
_DRIVER_PARAMETERS = [
    "client_protocol_version",
    "driver_version",
    "driver_discovery_version",
    "os_version",
    "plugin_name",
]
_PYTHON_DRIVER = "Redshift Python Driver"  # how redshift_connector calls itself


class Greeting:
    """The first packets of one client; ``client`` is how to talk to it, which TLS changes on the way."""

    def __init__(self, raw: socket.socket, tls: TlsRules) -> None:
        self._raw = raw
        self._tls = tls
        self.client: Stream = raw
        self.user = ""
        self.database = ""
        self.python_driver = False

    def read(self) -> bytes | None:
        """Return the packet that opens the session at PostgreSQL, or cancels; None if the client left before it."""
        while True:
            header = receive_exactly(self.client, 4)
            if not header:
                return None
            body = receive_exactly(self.client, wire.startup_length(header))
            code = wire.startup_code(body)
            if code == wire.SSL_REQUEST and self._tls.context and self.client is self._raw:
                self._begin_tls(self._tls.context)
            elif code in (wire.SSL_REQUEST, wire.GSSENC_REQUEST):
                self.client.sendall(b"N")
            elif code == wire.CANCEL_REQUEST:
                return header + body
            elif code >> 16 == wire.PROTOCOL_3:
                return self._opening(body)
            else:
                raise ProtocolError(f"protocol {code >> 16}.{code & 0xFFFF} is not supported by the local endpoint")

    def _begin_tls(self, context: ssl.SSLContext) -> None:
        self.client.sendall(b"S")
        client = TlsStream(self._raw, context)
        client.handshake()
        self.client = client

    def _opening(self, body: bytes) -> bytes:
        parameters = wire.parse_startup(body)
        self.user = parameters.get("user", "")
        self.database = parameters.get("database", self.user)
        if self._tls.required and self.client is self._raw:
            where = f'host "{self._raw.getpeername()[0]}", user "{self.user}", database "{self.database}"'
            raise SessionLost(f"no pg_hba.conf entry for {where}, SSL off", INVALID_AUTHORIZATION)
        self.python_driver = parameters.get("driver_version", "").startswith(_PYTHON_DRIVER)
        for name in _DRIVER_PARAMETERS:
            parameters.pop(name, None)
        if any(LITERAL_MODE in text.lower() for text in (*parameters, *parameters.values())):
            raise SessionLost(f'unrecognized configuration parameter "{LITERAL_MODE}"', UNDEFINED_OBJECT)
        return wire.encode_startup(body, parameters)


def receive_exactly(client: Stream, size: int) -> bytes:
    """Return that many bytes, or none if the connection ends before the first."""
    data = b""
    while len(data) < size:
        piece = client.recv(size - len(data))
        if not piece:
            if data:
                raise ProtocolError("the connection ended within a packet")
            return b""
        data += piece
    return data
