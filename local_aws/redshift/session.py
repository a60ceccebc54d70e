"""One client's session: two sockets and the thread that reads the client's."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading

from local_aws.redshift.loading.s3_copy import S3Copy, Services
from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.backend import IDLE, Backend, SessionLost
from local_aws.redshift.protocol.greeting import Greeting
from local_aws.redshift.protocol.pipeline import Pipeline, Special
from local_aws.redshift.protocol.query_log import SessionQueries
from local_aws.redshift.protocol.script import ScriptRun, commit_truncate
from local_aws.redshift.protocol.tls import Stream, TlsRules, TlsStream
from local_aws.redshift.protocol.trial import with_known_names
from local_aws.redshift.protocol.wire import Message, MessageBuffer, ProtocolError
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql.rewrite import rewrite
from local_aws.redshift.sql.statement import Statement
from local_aws.redshift.sql_error import INTERNAL_ERROR, SYNTAX_ERROR, SqlError, unsupported

log = logging.getLogger(__name__)

RECEIVE_BYTES = 256 * 1024
STARTUP_SECONDS = 60.0
PROTOCOL_VIOLATION = "08P01"
# Query, FunctionCall, and the extended protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync.
_LOOKED_INTO = b"QFPBDECHS"


class Session:
    """Serves one connection from its first byte to its last."""

    def __init__(self, client: socket.socket, services: Services, tls: TlsRules) -> None:
        self._raw = client
        self._greeting = Greeting(client, tls)
        self._services = services
        self._pipeline = Pipeline()
        self._server: socket.socket | None = None

    @property
    def _client(self) -> Stream:
        return self._greeting.client

    def close(self) -> None:
        """End the session from outside; its threads then find their sockets closed."""
        for end in (self._raw, self._server):
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
            if isinstance(self._client, TlsStream):
                with contextlib.suppress(OSError):  # the client may be the one that is gone
                    self._client.say_goodbye()
            self.close()
            for end in (self._raw, self._server):
                if end is not None:
                    end.close()

    def _tell(self, sqlstate: str, text: str) -> None:
        """Say the last word, and that we are ready: libpq drops an error that the end of the connection follows."""
        with contextlib.suppress(OSError):  # the client may be the one that is gone
            self._client.sendall(wire.error(sqlstate, text, "FATAL") + wire.ready_for_query(IDLE))

    def _serve(self) -> None:
        self._client.settimeout(STARTUP_SECONDS)
        startup = self._greeting.read()
        if startup is None:
            return
        self._client.settimeout(None)
        postgres = self._services.postgres
        try:
            self._server = socket.create_connection(("127.0.0.1", postgres.port), timeout=STARTUP_SECONDS)
        except OSError as error:
            raise SessionLost("the local endpoint's PostgreSQL does not answer") from error
        self._server.settimeout(None)
        for end in (self._raw, self._server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wire.startup_code(startup[4:]) == wire.CANCEL_REQUEST and startup[8:] in self._services.copying:
            self._services.copying[startup[8:]].set()
        self._server.sendall(startup)
        if wire.startup_code(startup[4:]) == wire.CANCEL_REQUEST:
            self._server.recv(1)  # PostgreSQL answers a cancel request by closing
            return
        greeting, services = self._greeting, self._services
        queries = SessionQueries(services.query_log, greeting.database, greeting.user)
        backend = Backend(
            self._server,
            self._client,
            queries,
            forbidden=services.forbidden,
            python_driver=greeting.python_driver,
        )
        self._talk(backend)

    def _talk(self, backend: Backend) -> None:
        reader = threading.Thread(target=self._pump, args=(backend,), name="redshift-answers", daemon=True)
        reader.start()
        try:
            buffer = MessageBuffer()
            while chunk := self._client.recv(RECEIVE_BYTES):
                buffer.feed(chunk)
                self._forward(backend, *buffer.take_complete(_LOOKED_INTO))
        finally:
            if self._server is not None:
                shut(self._server)
            reader.join()
            backend.queries.abandon(backend.process_id)

    def _pump(self, backend: Backend) -> None:
        try:
            backend.pump()
        except (OSError, ProtocolError) as error:
            log.debug("answers ended: %s", error)
        finally:
            # Wakes the thread that reads the client, which may still have a last word for it.
            shut(self._raw, socket.SHUT_RD)

    def _forward(self, backend: Backend, piece: bytes, spans: list[tuple[int, int]]) -> None:
        """Pass complete messages on; only those that the endpoint may have a part in are looked into."""
        at = 0
        for start, end in spans:
            message = wire.message_at(piece, (start, end))
            if self._pipeline.skipping and message.kind != b"S":
                backend.send(piece[at:start])
                at = end
                continue
            special = self._pipeline.execute(message) if message.kind == b"E" else None
            if message.kind not in b"QP" and special is None:
                self._note(backend, message)
                continue
            backend.send(piece[at:start])  # first: the endpoint may wait for its answers
            if special:
                self._execute(backend, special, piece[start:end])
            else:
                backend.send((self._query if message.kind == b"Q" else self._parse)(backend, message))
            at = end
        if at < len(piece):
            backend.send(piece[at:])

    def _note(self, backend: Backend, message: Message) -> None:
        """Remember what a message that is passed on means for those to come."""
        self._pipeline.begun = True
        if message.kind == b"S":
            running = self._pipeline.running
            backend.expect_ready(self._pipeline.sync(), None, running=running)
        elif message.kind == b"F":
            backend.expect_ready(sent=None)
        elif message.kind == b"B":
            self._pipeline.bind(message)
        elif message.kind == b"C":
            self._pipeline.close(message)
        elif message.kind == b"E":
            if self._pipeline.executed(message):
                self._pipeline.running = backend.queries.begin(backend.process_id)
            backend.queries.before(self._pipeline.sql)

    def _query(self, backend: Backend, message: Message) -> bytes:
        """Return what stands for a Query message: nothing, if the endpoint has done all of it."""
        if not message.body.endswith(b"\0"):
            raise ProtocolError("a Query message without its zero byte")
        sql = _decode(message.body[:-1])
        try:
            result = rewrite(sql)
        except SqlError as error:
            result = backend.refusal(error)
        if isinstance(result, str):
            result = with_known_names(backend, result)
            backend.expect_ready(sql, result)
            backend.queries.before(sql)
            return message.encode() if result is sql else wire.query(result)
        ScriptRun(backend, self._client.sendall, lambda copy: self._copy(backend, copy)).run(result)
        return b""

    def _parse(self, backend: Backend, message: Message) -> bytes:
        """Return what stands for a Parse message; for a COPY from S3 that is an empty statement."""
        name, raw, rest = wire.split_parse(message.body)
        sql = _decode(raw)
        special = None
        try:
            result = rewrite(sql)
            if not isinstance(result, str):
                if len(result) > 1:
                    raise SqlError(SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement")
                special = result[0]
                result = special.sql if isinstance(special, Statement) else ""
            elif not self._pipeline.begun:  # else PostgreSQL owes answers that the client waits for
                result = with_known_names(backend, result, rest)
        except SqlError as error:
            result = backend.refusal(error)
        self._pipeline.parse(name, sql, special)
        self._pipeline.begun = True
        backend.parsed = sql, result
        return message.encode() if result is sql else wire.parse(name, result, rest)

    def _execute(self, backend: Backend, special: Special, message: bytes) -> None:
        """Run a portal that the endpoint has a part in. A Sync of our own settles what came before it."""
        pipeline = self._pipeline
        if isinstance(special, CopyStatement) and pipeline.sql and backend.status == IDLE:
            # A Sync would commit what ran before, and the COPY could no longer fail together with it.
            error = unsupported("COPY from S3 after other statements of a pipeline, without BEGIN,")
            return backend.send(wire.parse(b"", backend.refusal(error), b"\0\0"))
        backend.expect_ready(sent=None, hidden=True)
        backend.send((message if isinstance(special, Statement) else b"") + wire.SYNC)
        backend.wait()
        worked = not backend.failed
        if worked and isinstance(special, CopyStatement):
            worked = self._copy(backend, special)
        elif worked:
            worked = commit_truncate(backend, self._client.sendall)
        pipeline.skipping = not worked
        return None

    def _copy(self, backend: Backend, statement: CopyStatement) -> bool:
        """Do a COPY from S3, tell the client, and return whether it worked."""
        with backend.taken():
            running = backend.queries.begin(backend.process_id)
            answer = S3Copy(self._services, backend, self._client, statement, running).run()
        failed = any(message.kind == b"E" for message in wire.messages(answer))
        backend.queries.end(backend.process_id, statement.sql, running, failed=failed)
        self._client.sendall(answer)
        return not failed


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a statement is not UTF-8: {error}") from error


def shut(end: socket.socket, direction: int = socket.SHUT_RDWR) -> None:
    """End a direction of a socket, or both, which wakes a thread that reads it (closing alone does not)."""
    with contextlib.suppress(OSError):  # it may be closed already
        end.shutdown(direction)
