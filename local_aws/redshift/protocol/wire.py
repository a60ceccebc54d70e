"""PostgreSQL's wire protocol, version 3, as functions on bytes: nothing here reads or writes a socket.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

CANCEL_REQUEST = 80877102
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
PROTOCOL_3 = 3
AUTHENTICATION_SASL = 10

MAX_STARTUP_BYTES = 10_000  # PostgreSQL's own MAX_STARTUP_PACKET_LENGTH
MAX_MESSAGE_BYTES = 0x3FFFFFFF  # PostgreSQL's own limit of one message


_LENGTH = struct.Struct("!xI")  # after the type byte


class ProtocolError(ValueError):
    """Bytes that are no message of the protocol."""


class Message(NamedTuple):
    """One message: its type byte and its body."""

    kind: bytes
    body: bytes

    def encode(self) -> bytes:
        """Return the message as it goes over the wire."""
        return self.kind + struct.pack("!i", len(self.body) + 4) + self.body


class MessageBuffer:
    """Bytes of one direction of a session, handed out at the borders of messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take in what a socket gave."""
        self._bytes += chunk

    def take_complete(self, interesting: bytes) -> tuple[bytes, list[tuple[int, int]]]:
        """Return all complete messages as one piece, and where in it (start, end) the interesting types stand.

        One piece, since forwarding message by message costs several times as much as walking over their headers.
        """
        spans: list[tuple[int, int]] = []
        data, at, size = self._bytes, 0, len(self._bytes)
        while size - at >= 5:
            (length,) = _LENGTH.unpack_from(data, at)
            if not 4 <= length <= MAX_MESSAGE_BYTES:
                raise ProtocolError(f"a message of type {bytes(data[at : at + 1])!r} says its length is {length}")
            end = at + 1 + length
            if end > size:
                break
            if data[at] in interesting:
                spans.append((at, end))
            at = end
        piece = bytes(data[:at])
        del data[:at]
        return piece, spans


def messages(piece: bytes) -> Iterator[Message]:
    """Split a piece of complete messages."""
    at = 0
    while at < len(piece):
        end = at + 1 + int.from_bytes(piece[at + 1 : at + 5], "big")
        yield Message(piece[at : at + 1], piece[at + 5 : end])
        at = end


def message_at(piece: bytes, span: tuple[int, int]) -> Message:
    """Return the message that stands at ``span`` of ``piece``."""
    start, end = span
    return Message(piece[start : start + 1], piece[start + 5 : end])


def startup_length(header: bytes) -> int:
    """Return how many bytes follow the four bytes that open a connection."""
    length = int.from_bytes(header, "big")
    if not 8 <= length <= MAX_STARTUP_BYTES:
        raise ProtocolError(f"a startup packet says its length is {length}")
    return length - 4


def startup_code(body: bytes) -> int:
    """Return the request code or protocol version of a startup packet."""
    return int.from_bytes(body[:4], "big")


def parse_startup(body: bytes) -> dict[str, str]:
    """Return the parameters of a startup packet, such as ``user`` and ``database``."""
    try:
        parts = [part.decode() for part in body[4:].split(b"\0")]
    except UnicodeDecodeError as error:
        raise ProtocolError("a startup packet is not UTF-8") from error
    if len(parts) < 2 or parts[-2:] != ["", ""] or len(parts) % 2:
        raise ProtocolError("a startup packet does not end as one")
    return dict(zip(parts[:-2:2], parts[1:-2:2]))


def encode_startup(body: bytes, parameters: dict[str, str]) -> bytes:
    """Return the startup packet of ``body``'s protocol version with other parameters."""
    pairs = b"".join(name.encode() + b"\0" + value.encode() + b"\0" for name, value in parameters.items())
    packet = body[:4] + pairs + b"\0"
    return struct.pack("!i", len(packet) + 4) + packet


def query(sql: str) -> bytes:
    """Return a simple query message."""
    return Message(b"Q", sql.encode() + b"\0").encode()


def copy_data_header(size: int) -> bytes:
    """Return what comes before so many bytes of a COPY's data."""
    return b"d" + struct.pack("!i", size + 4)


def parse(name: bytes, sql: str, types: bytes) -> bytes:
    """Return a Parse message; ``types`` counts and lists the types of its parameters."""
    return Message(b"P", b"\0".join([name, sql.encode(), types])).encode()


SYNC = Message(b"S", b"").encode()
COPY_DONE = Message(b"c", b"").encode()


def copy_fail(reason: str) -> bytes:
    """Return the message that makes the server give up a COPY."""
    return Message(b"f", reason.encode() + b"\0").encode()


def report(kind: bytes, severity: str, sqlstate: str, text: str, detail: str = "") -> bytes:
    """Return an ErrorResponse (kind ``E``) or NoticeResponse (kind ``N``)."""
    return from_fields(
        kind, {"S": severity, "V": severity, "C": sqlstate, "M": text, **({"D": detail} if detail else {})}
    )


def from_fields(kind: bytes, fields: dict[str, str]) -> bytes:
    """Return an error or notice of these fields: the inverse of ``report_fields``."""
    body = b"".join(code.encode() + value.encode() + b"\0" for code, value in fields.items())
    return Message(kind, body + b"\0").encode()


def error(sqlstate: str, text: str, severity: str = "ERROR") -> bytes:
    """Return an ErrorResponse."""
    return report(b"E", severity, sqlstate, text)


def notice(severity: str, text: str) -> bytes:
    """Return a NoticeResponse of a severity such as ``INFO``."""
    return report(b"N", severity, "00000", text)


def report_fields(body: bytes) -> dict[str, str]:
    """Return the fields of an error or notice, by their one-letter codes (C: SQLSTATE, M: the message)."""
    parts = [part for part in body.split(b"\0") if part]
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in parts}


def command_complete(tag: str) -> bytes:
    """Return the message that ends a statement that worked."""
    return Message(b"C", tag.encode() + b"\0").encode()


def ready_for_query(status: bytes) -> bytes:
    """Return ReadyForQuery; the status is I (idle), T (in a transaction) or E (in a failed one)."""
    return Message(b"Z", status).encode()


def parse_parameter_status(body: bytes) -> tuple[str, str]:
    """Return the name and value of a ParameterStatus message."""
    name, value = body[:-1].split(b"\0", 1)
    return name.decode(), value.decode()


def parameter_status(name: str, value: str) -> bytes:
    """Return a ParameterStatus message."""
    return Message(b"S", name.encode() + b"\0" + value.encode() + b"\0").encode()


def sasl_for_python_driver(message: Message) -> bytes:
    """Return an Authentication message as redshift_connector reads it.

    Redshift never asks it for SASL, and it takes the zero byte that ends the list for one more, nameless, mechanism.
    """
    is_list = int.from_bytes(message.body[:4], "big") == AUTHENTICATION_SASL
    return (Message(b"R", message.body[:-1]) if is_list else message).encode()


def data_row(body: bytes) -> tuple[str | None, ...]:
    """Return the text values of a DataRow message."""
    (count,) = struct.unpack_from("!h", body)
    at, values = 2, []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return tuple(values)


def split_bind(body: bytes) -> tuple[bytes, bytes]:
    """Return the names of portal and statement of a Bind message."""
    try:
        portal, statement, _ = body.split(b"\0", 2)
    except ValueError as mistake:
        raise ProtocolError("a Bind message without its zero bytes") from mistake
    return portal, statement


def split_parse(body: bytes) -> tuple[bytes, bytes, bytes]:
    """Return name, SQL and the rest (parameter types) of a Parse message."""
    try:
        name, sql, rest = body.split(b"\0", 2)
    except ValueError as mistake:
        raise ProtocolError("a Parse message without its zero bytes") from mistake
    return name, sql, rest
