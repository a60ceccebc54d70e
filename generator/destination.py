"""What a place that takes files can do: a folder (``generator.folder``) or a bucket (``generator.bucket``)."""

from __future__ import annotations

from typing import ContextManager, Protocol


class DestinationError(Exception):
    """The files cannot be written; the message says where, why, and what to do."""


class Sink(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> int:
        """Take all of the bytes; gives their number."""


class Destination(Protocol):
    """A place that keeps files by key."""

    def check(self) -> None:
        """Raise DestinationError if nothing can be written here."""

    def open(self, key: str) -> ContextManager[Sink]:
        """A file to write to, there under its key only when the block has ended well. Raises DestinationError."""
