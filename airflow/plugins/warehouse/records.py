"""Records of a CSV file: the bytes of each, where it stands, and its fields.

A record is what Python's ``csv`` module takes for one: it may go over several lines, and a blank line is one (COPY
reports it as one). The bytes need not be text: each stands for itself while they are cut apart.
"""

from __future__ import annotations

import csv
import re
import sys
from typing import Iterable, Iterator, NamedTuple

# Carriage returns and NUL bytes stop the csv module in some versions of Python; these stand for them meanwhile.
_STAND_INS = {"\r": "\ue000", "\0": "\ue001"}
_HIDE = str.maketrans(_STAND_INS)
_SHOW = str.maketrans({stand_in: meant for meant, stand_in in _STAND_INS.items()})
_FIELD = rb'(?:"(?:[^"]|"")*"|[^",\r\n]*)'
_WELL_FORMED = re.compile(rb"%s(?:,%s)*" % (_FIELD, _FIELD))


class Record(NamedTuple):
    """One record: the line that it begins on, the how-manieth it is, and its bytes without the line end.

    ``line`` and ``number`` both begin at 1 with the header; ``offset`` is its first byte's place in the file.
    """

    line: int
    number: int
    offset: int
    raw: bytes


def count(chunks: Iterable[bytes]) -> int:
    """Count the records of a file, the header among them; in constant memory."""
    return sum(1 for _ in _reader(_lines(chunks)))


def read(chunks: Iterable[bytes]) -> Iterator[Record]:
    """Yield the records of a file, the header first; in constant memory."""
    taken: list[bytes] = []

    def taking() -> Iterator[bytes]:
        for line in _lines(chunks):
            taken.append(line)
            yield line

    at, offset = 1, 0
    for number, _ in enumerate(_reader(taking()), 1):
        whole = b"".join(taken)
        raw = whole[:-1] if whole.endswith(b"\n") else whole
        yield Record(at, number, offset, raw[:-1] if raw.endswith(b"\r") else raw)
        at, offset = at + len(taken), offset + len(whole)
        taken.clear()


def fields(raw: bytes) -> list[bytes]:
    """The fields of one record, quotes undone; of a blank one, none. Broken quoting is read as leniently as can be."""
    found = next(_reader(_lines([raw])), [])
    return [field.translate(_SHOW).encode("latin-1") for field in found]


def is_well_formed(raw: bytes) -> bool:
    """Whether quotes are used as RFC 4180 has it: around a whole field, and doubled inside."""
    return _WELL_FORMED.fullmatch(raw) is not None


def encode(values: Iterable[str]) -> bytes:
    """One record from its values, UTF-8, every value in quotes."""
    return ",".join('"{}"'.format(value.replace('"', '""')) for value in values).encode("utf-8")


def _reader(lines: Iterable[bytes]) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    return csv.reader(map(_text, lines))


def _text(line: bytes) -> str:
    text = line.decode("latin-1")
    return text.translate(_HIDE) if "\r" in text or "\0" in text else text


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their line feeds; a carriage return alone ends none."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
