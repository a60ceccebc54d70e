"""The extended query protocol as far as the endpoint takes part in it: COPY from S3 and TRUNCATE.

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
"""

from __future__ import annotations

from local_aws.redshift import wire
from local_aws.redshift.copy_statement import CopyStatement
from local_aws.redshift.script import Statement
from local_aws.redshift.wire import Message

Special = Statement | CopyStatement


class Pipeline:
    """Which prepared statements and portals of a session are the endpoint's own, and what came since the last Sync."""

    def __init__(self) -> None:
        self._statements: dict[bytes, Special] = {}
        self._portals: dict[bytes, Special] = {}
        self.skipping = False  # an error was told: nothing counts until the client's Sync
        self.executed = False
        self.copied = False

    def sync(self) -> None:
        """The client's Sync ends what was begun."""
        self.skipping = self.executed = self.copied = False
        self._portals.clear()

    def parse(self, name: bytes, special: Special | None) -> None:
        """A statement gets a name, or the empty one."""
        _put(self._statements, name, special)

    def bind(self, message: Message) -> None:
        """A portal gets a statement."""
        portal, statement = wire.split_bind(message.body)
        _put(self._portals, portal, self._statements.get(statement))

    def close(self, message: Message) -> None:
        """A statement (S) or portal (P) is forgotten."""
        names = self._statements if message.body[:1] == b"S" else self._portals
        names.pop(message.body[1:-1], None)

    def execute(self, message: Message) -> Special | None:
        """Return the endpoint's own statement that a portal is to run, if it is one."""
        return self._portals.get(message.body.split(b"\0", 1)[0])


def _put(names: dict[bytes, Special], name: bytes, special: Special | None) -> None:
    if special is None:
        names.pop(name, None)
    else:
        names[name] = special
