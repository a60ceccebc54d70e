"""One client's session: two sockets and the thread that reads the client's."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

from local_aws.redshift import wire
from local_aws.redshift.backend import IDLE, Backend, SessionLost
from local_aws.redshift.copy_statement import CopyStatement
from local_aws.redshift.rewrite import LITERAL_MODE, rewrite
from local_aws.redshift.s3_copy import S3Copy, Services
from local_aws.redshift.sql_error import INTERNAL_ERROR, UNDEFINED_OBJECT, SqlError, unsupported
from local_aws.redshift.wire import Message, MessageBuffer, ProtocolError

log = logging.getLogger(__name__)

RECEIVE_BYTES = 256 * 1024
STARTUP_SECONDS = 60.0
PROTOCOL_VIOLATION = "08P01"
# redshift_connector sends these; PostgreSQL refuses parameters that it does not know.
_DRIVER_PARAMETERS = ("client_protocol_version", "driver_version", "os_version", "plugin_name")


class Session:
    """Serves one connection from its first byte to its last."""

    def __init__(self, client: socket.socket, services: Services) -> None:
        self._client = client
        self._services = services
        self._server: socket.socket | None = None

    def close(self) -> None:
        """End the session from outside; its threads then find their sockets closed."""
        for end in (self._client, self._server):
            if end is not None:
                shut(end)

    def run(self) -> None:
        """Serve the client until it goes."""
        try:
            self._serve()
        except SessionLost as lost:
            log.debug("session ended: %s", lost)
            self._tell(lost.sqlstate, str(lost))
        except ProtocolError as error:
            self._tell(PROTOCOL_VIOLATION, str(error))
        except OSError as error:
            log.debug("session ended: %s", error)
        except Exception:
            self._tell(INTERNAL_ERROR, "the local endpoint failed; its log says why")
            raise
        finally:
            self.close()
            for end in (self._client, self._server):
                if end is not None:
                    end.close()

    def _tell(self, sqlstate: str, text: str) -> None:
        """Say the last word, and that we are ready: libpq drops an error that the end of the connection follows."""
        with contextlib.suppress(OSError):  # the client may be the one that is gone
            self._client.sendall(wire.error(sqlstate, text, "FATAL") + wire.ready_for_query(IDLE))

    def _serve(self) -> None:
        self._client.settimeout(STARTUP_SECONDS)
        startup = self._startup()
        if startup is None:
            return
        self._client.settimeout(None)
        postgres = self._services.postgres
        try:
            self._server = socket.create_connection(("127.0.0.1", postgres.port), timeout=STARTUP_SECONDS)
        except OSError as error:
            raise SessionLost("the local endpoint's PostgreSQL does not answer") from error
        self._server.settimeout(None)
        for end in (self._client, self._server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.sendall(startup)
        if wire.startup_code(startup[4:]) == wire.CANCEL_REQUEST:
            self._server.recv(1)  # PostgreSQL answers a cancel request by closing
            return
        self._talk(Backend(self._server, self._client))

    def _startup(self) -> bytes | None:
        """Return the packet that opens the session at PostgreSQL; None if the client left before it."""
        while True:
            header = receive_exactly(self._client, 4)
            if not header:
                return None
            body = receive_exactly(self._client, wire.startup_length(header))
            code = wire.startup_code(body)
            if code in (wire.SSL_REQUEST, wire.GSSENC_REQUEST):
                self._client.sendall(b"N")
            elif code == wire.CANCEL_REQUEST:
                return header + body
            elif code >> 16 == wire.PROTOCOL_3:
                parameters = wire.parse_startup(body)
                for name in _DRIVER_PARAMETERS:
                    parameters.pop(name, None)
                if any(LITERAL_MODE in text.lower() for text in (*parameters, *parameters.values())):
                    raise SessionLost(f'unrecognized configuration parameter "{LITERAL_MODE}"', UNDEFINED_OBJECT)
                return wire.encode_startup(body, parameters)
            else:
                raise ProtocolError(f"protocol {code >> 16}.{code & 0xFFFF} is not supported by the local endpoint")

    def _talk(self, backend: Backend) -> None:
        reader = threading.Thread(target=self._pump, args=(backend,), name="redshift-answers", daemon=True)
        reader.start()
        try:
            buffer = MessageBuffer()
            while chunk := self._client.recv(RECEIVE_BYTES):
                buffer.feed(chunk)
                self._forward(backend, *buffer.take_complete(b"QPSF"))
        finally:
            if self._server is not None:
                shut(self._server)
            reader.join()

    def _pump(self, backend: Backend) -> None:
        try:
            backend.pump()
        except (OSError, ProtocolError) as error:
            log.debug("answers ended: %s", error)
        finally:
            # Wakes the thread that reads the client, which may still have a last word for it.
            shut(self._client, socket.SHUT_RD)

    def _forward(self, backend: Backend, piece: bytes, spans: list[tuple[int, int]]) -> None:
        """Pass complete messages on; only those with SQL in them are looked into."""
        at = 0
        for start, end in spans:
            message = wire.message_at(piece, (start, end))
            if message.kind in (b"S", b"F"):
                backend.expect_ready()
                continue
            replacement = self._query(backend, message) if message.kind == b"Q" else self._parse(backend, message)
            if replacement is None:
                continue
            if isinstance(replacement, CopyStatement):
                backend.send(piece[at:start])
                self._copy(backend, replacement)
            else:
                backend.send(piece[at:start] + replacement)
            at = end
        if at < len(piece):
            backend.send(piece[at:])

    def _query(self, backend: Backend, message: Message) -> bytes | CopyStatement | None:
        """Return what stands for a Query message, or None for itself."""
        if not message.body.endswith(b"\0"):
            raise ProtocolError("a Query message without its zero byte")
        sql = _decode(message.body[:-1])
        try:
            result = rewrite(sql)
        except SqlError as error:
            result = backend.refusal(error)
        if isinstance(result, CopyStatement):
            return result
        backend.expect_ready()
        return None if result is sql else wire.query(result)

    def _parse(self, backend: Backend, message: Message) -> bytes | None:
        name, raw, rest = wire.split_parse(message.body)
        sql = _decode(raw)
        try:
            result = rewrite(sql)
            if isinstance(result, CopyStatement):
                raise unsupported("COPY from S3 by the extended query protocol")
        except SqlError as error:
            result = backend.refusal(error)
        return None if result is sql else Message(b"P", b"\0".join([name, result.encode(), rest])).encode()

    def _copy(self, backend: Backend, statement: CopyStatement) -> None:
        backend.capture()
        try:
            answer = S3Copy(self._services, backend, self._client, statement).run()
        finally:
            backend.release()
        self._client.sendall(answer)


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a statement is not UTF-8: {error}") from error


def receive_exactly(client: socket.socket, size: int) -> bytes:
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


def shut(end: socket.socket, direction: int = socket.SHUT_RDWR) -> None:
    """End a direction of a socket, or both, which wakes a thread that reads it (closing alone does not)."""
    with contextlib.suppress(OSError):  # it may be closed already
        end.shutdown(direction)
