"""The PostgreSQL side of one session: what it sends goes to the client, or to the endpoint while it works itself."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from local_aws.redshift.protocol import refusals, wire
from local_aws.redshift.protocol.query_log import Running, SessionQueries
from local_aws.redshift.protocol.tls import Stream
from local_aws.redshift.protocol.wire import Message, MessageBuffer
from local_aws.redshift.sql.parameters import SERVER_VERSION
from local_aws.redshift.sql_error import INTERNAL_ERROR, SqlError

RECEIVE_BYTES = 256 * 1024
MAX_REFUSALS = 1000
_HIDDEN_PARAMETERS = ("standard_conforming_strings",)  # unknown on Redshift: a client then doubles its backslashes
IDLE, IN_TRANSACTION, FAILED = b"I", b"T", b"E"


CONNECTION_FAILURE = "08006"


class SessionLost(ConnectionError):
    """One of the two ends of a session is gone."""

    def __init__(self, message: str, sqlstate: str = CONNECTION_FAILURE) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Pending:
    """What a ReadyForQuery will end: the client's SQL, and whether the client is not to see it.

    ``sent`` is what PostgreSQL got for the SQL as a whole, and None where that came by Parse messages.
    """

    sql: str = ""
    sent: str | None = ""
    hidden: bool = False
    running: Running | None = None


@dataclass
class Answer:
    """What PostgreSQL gave for one query of the endpoint's own."""

    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    error: bytes | None = None


class Backend:
    """One connection to PostgreSQL, read by a thread of its own."""

    def __init__(
        self,
        server: socket.socket,
        client: Stream,
        queries: SessionQueries,
        *,
        forbidden: Collection[str] = (),
        python_driver: bool = False,
    ) -> None:
        self.queries = queries
        self._forbidden = forbidden
        self._python_driver = python_driver
        self._server = server
        self._client = client
        self._buffer = MessageBuffer()
        self._changed = threading.Condition()
        # What each ReadyForQuery to come will end. The startup ends in one too.
        self._outstanding = [Pending()]
        self._copying_in = False
        self._captured = False
        self._lost = False
        self._refusals: dict[bytes, SqlError] = {}
        self._refusal_count = 0
        self._erred = False
        self.parsed = ("", "")  # the SQL of the client's last Parse, and what was sent for it
        self.failed = False  # whether what the last ReadyForQuery ended had an error in it
        self.status = IDLE
        self.process_id = 0
        self.cancel_key = b""  # the process and its secret, as a CancelRequest names them
        self.inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()

    def send(self, data: bytes) -> None:
        """Send bytes to PostgreSQL."""
        try:
            self._server.sendall(data)
        except OSError as error:
            while self._captured:  # PostgreSQL's last words say more than the broken socket
                self.receive()
            raise SessionLost("PostgreSQL closed the connection") from error

    def expect_ready(
        self, sql: str = "", sent: str | None = "", *, hidden: bool = False, running: Running | None = None
    ) -> None:
        """Count one more ReadyForQuery to come: a Query or Sync is about to be sent, or has begun to run already."""
        if sql and running is None:
            running = self.queries.begin(self.process_id)
        with self._changed:
            # While data for a COPY is awaited a Sync is ignored by the server.
            if not self._copying_in:
                self._outstanding.append(Pending(sql, sent, hidden, running))

    def wait(self) -> None:
        """Wait until PostgreSQL owes no answer."""
        with self._changed:
            self._changed.wait_for(lambda: self._lost or not self._outstanding)
            if self._lost:
                raise SessionLost("PostgreSQL closed the connection")

    def refusal(self, error: SqlError) -> str:
        """Return SQL that fails in PostgreSQL, so that its transaction fails too; the client gets ``error``."""
        with self._changed:
            self._refusal_count += 1
            marker = f"local_endpoint_refusal_{self._refusal_count}"
            self._refusals[marker.encode()] = error
            # One that the server skipped up to a Sync is never asked for.
            while len(self._refusals) > MAX_REFUSALS:
                del self._refusals[next(iter(self._refusals))]
        return marker

    def pump(self) -> None:
        """Pass on what PostgreSQL sends until it closes the connection; run by the reading thread."""
        try:
            while chunk := self._server.recv(RECEIVE_BYTES):
                self._buffer.feed(chunk)
                self._pass_on(*self._buffer.take_complete(b"ZEGCSKR"))
        finally:
            with self._changed:
                self._lost = True
                self._changed.notify_all()
            self.inbox.put(None)

    def _pass_on(self, piece: bytes, spans: list[tuple[int, int]]) -> None:
        captured = self._captured
        self._log_ended(piece, spans)
        if piece and not captured:
            self._client.sendall(self._edited(piece, spans))
        for span in spans:
            self._note(wire.message_at(piece, span))
        if captured:  # noted first: who takes a ReadyForQuery out of the inbox finds the status that it told
            for message in wire.messages(piece):
                self.inbox.put(message)

    def _log_ended(self, piece: bytes, spans: list[tuple[int, int]]) -> None:
        """Log the SQL that has ended, before its client knows it: the next query may ask stl_query for it."""
        outstanding, erred = iter(tuple(self._outstanding)), self._erred
        for span in spans:
            message = wire.message_at(piece, span)
            erred = erred or message.kind == b"E"
            if message.kind == b"Z":
                ended = next(outstanding, Pending())
                if ended.running:
                    self.queries.end(self.process_id, ended.sql, ended.running, failed=erred)
                if message.body == IDLE:
                    self.queries.end_transaction()
                erred = False

    def _edited(self, piece: bytes, spans: list[tuple[int, int]]) -> bytes:
        """Return the piece with the few messages changed that must not reach the client as they are."""
        parts, at = [], 0
        hidden = (pending.hidden for pending in tuple(self._outstanding))
        for start, end in spans:
            message = wire.message_at(piece, (start, end))
            change = self._change(message)
            if message.kind == b"Z" and next(hidden, False):
                change = b""
            if change is not None:
                parts += [piece[at:start], change]
                at = end
        return b"".join([*parts, piece[at:]]) if parts else piece

    def _change(self, message: Message) -> bytes | None:
        if message.kind == b"S":
            name, _ = wire.parse_parameter_status(message.body)
            if name in _HIDDEN_PARAMETERS:
                return b""
            return wire.parameter_status(name, SERVER_VERSION) if name == "server_version" else None
        if message.kind == b"R" and self._python_driver:
            return wire.sasl_for_python_driver(message)
        if message.kind == b"E" and self._refusals:
            with self._changed:
                found = [marker for marker in self._refusals if b'"%s"' % marker in message.body]
                error = self._refusals.pop(found[0]) if found else None
            if error:
                return wire.error(error.sqlstate, error.message)
        if message.kind != b"E":
            return None
        fields, (sql, sent) = wire.report_fields(message.body), self._texts()
        return self._in_redshifts_words(fields, sql) or _in_clients_text(fields, sql, sent)

    def _in_redshifts_words(self, fields: dict[str, str], sql: str = "") -> bytes | None:
        error = refusals.in_redshifts_words(fields, sql, self._forbidden)
        return wire.report(b"E", "ERROR", error.sqlstate, error.message, error.detail) if error else None

    def _texts(self) -> tuple[str, str]:
        """Return the client's SQL that an error is about and what was sent for it, as far as they are known."""
        pending = next(iter(tuple(self._outstanding)), Pending(sent=None))
        return self.parsed if pending.sent is None else (pending.sql, pending.sent)

    def _note(self, message: Message) -> None:
        if message.kind == b"K":
            self.cancel_key = message.body
            self.process_id = int.from_bytes(message.body[:4], "big")
        elif message.kind == b"G":
            with self._changed:
                self._copying_in = True
                del self._outstanding[1:]
        elif message.kind in (b"C", b"E"):
            self._copying_in = False
            self._erred = self._erred or message.kind == b"E"
        elif message.kind == b"Z":
            with self._changed:
                self.status = message.body
                self.failed, self._erred = self._erred, False
                del self._outstanding[:1]
                self._changed.notify_all()

    # The rest is for the session's main thread, which alone may send.

    def capture(self) -> None:
        """Wait until PostgreSQL owes no answer, then take its answers instead of the client."""
        self.wait()
        self._captured = True

    def release(self) -> None:
        """Let the client have the answers again; PostgreSQL must owe none."""
        self._captured = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take the answers for a while."""
        self.capture()
        try:
            yield
        finally:
            self.release()

    def receive(self) -> Message:
        """Return the next message of a captured backend; news that belong to the client are passed on to it."""
        while True:
            message = self.inbox.get()
            if message is None:
                raise SessionLost("PostgreSQL closed the connection")
            if message.kind == b"E":
                fields = wire.report_fields(message.body)
                if fields.get("V") in ("FATAL", "PANIC"):
                    raise SessionLost(fields["M"], fields["C"])
            if message.kind not in (b"N", b"A", b"S"):
                return message

    def query(self, sql: str) -> Answer:
        """Run one query of the endpoint's own."""
        self.expect_ready()
        self.send(wire.query(sql))
        return self.drain()

    def drain(self) -> Answer:
        """Read up to ReadyForQuery."""
        answer = Answer()
        while (message := self.receive()).kind != b"Z":
            if message.kind == b"D":
                answer.rows.append(wire.data_row(message.body))
            elif message.kind == b"E" and answer.error is None:
                answer.error = self._in_redshifts_words(wire.report_fields(message.body)) or message.encode()
        return answer

    def begin_copy(self, sql: str) -> bytes | None:
        """Begin a COPY … FROM STDIN; return PostgreSQL's error if it refuses."""
        self.expect_ready()
        self.send(wire.query(sql))
        message = self.receive()
        if message.kind == b"G":
            return None
        if message.kind != b"E":
            raise SqlError(INTERNAL_ERROR, f"PostgreSQL answered {message.kind!r} to a COPY")
        self.drain()
        return message.encode()


def _in_clients_text(fields: dict[str, str], sql: str, sent: str) -> bytes | None:
    """Return an error that points at the client's SQL, not at what was sent for it, or None if it does."""
    if "P" not in fields or sent == sql:
        return None
    place = refusals.place(int(fields["P"]), sent, sql)
    others = {code: text for code, text in fields.items() if code != "P"}
    return wire.from_fields(b"E", {**others, "P": str(place)} if place else others)
