"""The extended query protocol as far as the endpoint takes part in it: COPY from S3 and TRUNCATE.

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
"""

from __future__ import annotations

from local_aws.redshift.protocol import wire
from local_aws.redshift.protocol.query_log import Running
from local_aws.redshift.protocol.wire import Message
from local_aws.redshift.sql.copy_statement import CopyStatement
from local_aws.redshift.sql.statement import Statement

Special = Statement | CopyStatement


class Pipeline:
    """Which prepared statements and portals of a session are the endpoint's own, and what came since the last Sync."""

    def __init__(self) -> None:
        self._statements: dict[bytes, Special] = {}
        self._portals: dict[bytes, Special] = {}
        self._texts: dict[bytes, str] = {}
        self._bound: dict[bytes, str] = {}
        self.begun = False  # something came since the last Sync
        self.sql = ""  # what was executed
        self.running: Running | None = None  # since when
        self.skipping = False  # an error was told: nothing counts until the client's Sync

    def sync(self) -> str:
        """The client's Sync ends what was begun; return the SQL that was executed."""
        executed, self.sql, self.running = self.sql, "", None
        self.begun = self.skipping = False
        return executed

    def parse(self, name: bytes, sql: str, special: Special | None) -> None:
        """A statement gets a name, or the empty one."""
        self._texts[name] = sql
        _put(self._statements, name, special)

    def bind(self, message: Message) -> None:
        """A portal gets a statement."""
        portal, statement = wire.split_bind(message.body)
        self._bound[portal] = self._texts.get(statement, "")
        _put(self._portals, portal, self._statements.get(statement))

    def close(self, message: Message) -> None:
        """A statement (S) or portal (P) is forgotten."""
        name, is_statement = message.body[1:-1], message.body[:1] == b"S"
        (self._statements if is_statement else self._portals).pop(name, None)
        (self._texts if is_statement else self._bound).pop(name, None)

    def execute(self, message: Message) -> Special | None:
        """Return the endpoint's own statement that a portal is to run, if it is one."""
        return self._portals.get(message.body.split(b"\0", 1)[0])

    def executed(self, message: Message) -> bool:
        """A portal is run by PostgreSQL; return whether it is the first since the last Sync."""
        text = self._bound.get(message.body.split(b"\0", 1)[0], "")
        self.sql = f"{self.sql}; {text}" if self.sql else text
        return bool(self.sql) and self.running is None


def _put(names: dict[bytes, Special], name: bytes, special: Special | None) -> None:
    if special is None:
        names.pop(name, None)
    else:
        names[name] = special
