"""A folder that files are written to: a file gets its name only when it is whole."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Iterator

from generator.destination import DestinationError


class Folder:
    """Files below a folder, which is made if it is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def check(self) -> None:
        """Raise DestinationError if nothing can be written here."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise DestinationError(f"{self.root}: {error.strerror}. Name a folder that you may write to.") from error

    @contextmanager
    def open(self, key: str) -> Iterator[IO[bytes]]:
        """A file to write bytes to; it appears under its name when the block ends well, and not at all otherwise.

        Raises DestinationError: the folder cannot be written, or the disk is full.
        """
        path = self.root / key
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                yield file
            part.replace(path)
        except OSError as error:
            raise DestinationError(
                f"{path}: {error.strerror or error}. No part of this file was kept; make room or name another folder,"
                " and run it again."
            ) from error
        finally:
            if part.is_file():
                part.unlink()
