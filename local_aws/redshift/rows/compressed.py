"""The bytes of compressed objects, made plain piece by piece."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, cast

import zstandard

from local_aws.redshift.sql_error import INTERNAL_ERROR, SqlError

PIECE_BYTES = 1024 * 1024
ZSTD_PIECE_BYTES = 16 * 1024  # what comes of it is held in memory whole


class _Stream(io.RawIOBase):
    """Chunks as a file to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast(bytearray, buffer))
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def plain(chunks: Iterable[bytes], compression: str | None, url: str) -> Iterator[bytes]:
    """Yield the plain bytes of an object; several compressed streams one behind the other are one file.

    Raises SqlError: they are not of this compression, or end too early. Redshift's own words are unverified.
    """
    if compression is None:
        yield from chunks
        return
    stream = io.BufferedReader(_Stream(iter(chunks)), PIECE_BYTES)
    try:
        yield from _UNPACK[compression](cast(BinaryIO, stream))
    except (zlib.error, OSError, EOFError, zstandard.ZstdError) as error:
        raise SqlError(INTERNAL_ERROR, f"{url} is no whole {compression.upper()} file: {error}") from error


def _gzip(stream: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _bzip2(stream: BinaryIO) -> Iterator[bytes]:
    with bz2.BZ2File(stream) as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _zstd(stream: BinaryIO) -> Iterator[bytes]:
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    while data := stream.read(ZSTD_PIECE_BYTES):
        while data:
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            begun = True
            yield frame.decompress(data)
            data = frame.unused_data if frame.eof else b""
    if begun and not frame.eof:
        raise EOFError("it ends within a frame")


_UNPACK: dict[str, Callable[[BinaryIO], Iterator[bytes]]] = {"gzip": _gzip, "bzip2": _bzip2, "zstd": _zstd}
