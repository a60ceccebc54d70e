"""The students' dimension: who they are, where they live, how to reach them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

import numpy as np
from numpy.typing import NDArray

from generator.draws import Ints, below, draw, look_up, table
from generator.wording import quoted

Pieces = NDArray[np.bytes_]

_LISTS = Path(__file__).parent / "lists"
# Domains that are set apart for examples (RFC 2606), so that no mail can ever reach anybody.
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "post.example")
# Styles of handle, in three parts: of the first name, of the last name, and of the first name again.
_HANDLES = (
    ("{name}", "{name}", ""),
    ("{name}", "-{name}", ""),
    ("{initial}", "{name}", ""),
    ("", "{name}", "-{initial}"),
    ("{name}", "", ""),
)
# So many rows are put together at a time: they stay in the processor's cache, which is three times as fast.
_AT_A_TIME = 5_000


def _lines(file: str) -> list[str]:
    return (_LISTS / file).read_text(encoding="utf-8").splitlines()


def _pieces(texts: Iterable[str]) -> Pieces:
    return np.array([text.encode() for text in texts], dtype=np.bytes_)


# Four digits: without zeros in front (nothing for zero), and with them.
_PLAIN = _pieces(str(number or "") for number in range(10_000))
_PADDED = _pieces(f"{number:04}" for number in range(10_000))


def _handles(part: int, names: list[list[str]]) -> Pieces:
    """Styles x names: what each name gives to this part of a handle."""
    flat = _pieces(style[part].format(name=name, initial=name[0]) for style in _HANDLES for _, name in names)
    return flat.reshape(len(_HANDLES), len(names))


def _decimal(numbers: Ints) -> Pieces:
    """The numbers in decimal, up to eight digits, by looking up four digits at a time."""
    high, low = np.divmod(numbers, 10_000)
    both = np.empty(len(numbers), dtype=[("high", _PLAIN.dtype), ("low", _PLAIN.dtype)])
    both["high"], both["low"] = _PLAIN[high], np.where(high > 0, _PADDED[low], _PLAIN[low])
    return both.view("S8")


class Users:
    """Rows of users_dim, for any number of students.

    Rows are laid out in columns of a fixed width, filled up with NUL bytes, which are taken out at the end.
    """

    columns = ("user_id", "name", "github_handle", "location", "email", "company")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        first = [line.split("\t") for line in _lines("first_names.txt")]
        last = [line.split("\t") for line in _lines("last_names.txt")]
        self._first_name, self._last_name = _pieces(f",{name} " for name, _ in first), _pieces(f"{n}," for n, _ in last)
        self._handle = [_handles(part, names) for part, names in enumerate((first, last, first))]
        self._address = [_pieces(f"{letters}." for _, letters in first), _pieces(letters for _, letters in last)]
        self._domain = _pieces(f"@{domain}," for domain in _DOMAINS)
        self._city = _pieces(f",{quoted(city)}," for city in _lines("cities.txt"))
        self._company = _pieces(f"{quoted(company)}\n" for company in _lines("companies.txt"))
        # A few large cities and employers, many small ones.
        self._city_table = table([(place, 10**9 // (place + 12)) for place in range(len(self._city))])
        self._company_table = table([(place, 10**9 // (place + 8)) for place in range(len(self._company))])

    def block(self, students: Ints) -> bytes:
        """CSV records of ``columns``, one for each student.

        Handles and addresses end in the student's number, so no two are the same.
        """
        parts = (self._columns(students[at : at + _AT_A_TIME]) for at in range(0, len(students), _AT_A_TIME))
        return b"".join(_joined(part) for part in parts)

    def _columns(self, students: Ints) -> list[Pieces]:
        """The pieces of the rows, from left to right."""
        bits, more = draw(self.seed, "name", students), draw(self.seed, "home", students)
        first, last = below(bits, len(self._first_name)), below(bits, len(self._last_name), 20)
        style = below(bits, len(_HANDLES), 40)
        number = _decimal(students)
        return [
            number,
            self._first_name[first],
            self._last_name[last],
            *(part[style, name] for part, name in zip(self._handle, (first, last, first))),
            number,
            self._city[look_up(self._city_table, more)],
            self._address[0][first],
            self._address[1][last],
            number,
            self._domain[below(more, len(_DOMAINS), 40)],
            self._company[look_up(self._company_table, more, 12)],
        ]


def _joined(columns: list[Pieces]) -> bytes:
    """The columns side by side, row by row, without what fills them up."""
    rows = np.empty(len(columns[0]), dtype=[(f"{place}", column.dtype) for place, column in enumerate(columns)])
    for place, column in enumerate(columns):
        rows[f"{place}"] = column
    return rows.tobytes().translate(None, b"\0")
