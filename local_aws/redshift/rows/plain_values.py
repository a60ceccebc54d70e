"""Which values of a column are plain: checked for a whole column at once, eight bytes at a time.

A plain value reads the same in Redshift and in PostgreSQL, beyond doubt. What is not plain may be good all the same:
that is for the exact converter of the column to say, value by value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local_aws.redshift.rows.marks import Flags, Positions
from local_aws.redshift.rows.row_scan import Rows

Words = NDArray[np.uint64]


def _eight(byte: int) -> np.uint64:
    eight: np.uint64 = np.uint64(byte * 0x0101010101010101)
    return eight


_ZEROS, _DOTS, _HIGH_HALF, _SIX = _eight(ord("0")), _eight(ord(".")), _eight(0xF0), _eight(0x06)
_LOW_SEVEN, _LOW_BIT = _eight(0x7F), _eight(0x01)
_EIGHT, _SEVEN = np.uint64(8), np.uint64(7)


class Text:
    """The bytes of a piece of a file, and any eight of them as one number (the first is the lowest).

    Regular rows keep away from both ends, where there are no eight bytes to look at.
    """

    def __init__(self, data: bytes) -> None:
        self.bytes = np.frombuffer(data, np.uint8)
        self.is_ascii = data.isascii()
        self._words = np.ndarray((max(0, len(data) - 7),), "<u8", data, strides=(1,))

    def word(self, at: Positions) -> Words:
        """Return the eight bytes that begin at each position."""
        words: Words = self._words[at]
        return words

    def word_before(self, end: Positions, size: Positions) -> Words:
        """Return the last ``size`` bytes, up to eight, that end before each position; what they lack is 0s."""
        shift = ((8 - size.clip(0, 8)) * 8).astype(np.uint64)
        # A shift by all 64 bits would leave the number as it is: so in two steps.
        half = shift // np.uint64(2)
        mask = (~np.uint64(0) << half) << (shift - half)
        words: Words = (self.word(end - 8) & mask) | (_ZEROS & ~mask)
        return words

    def first(self, begin: Positions) -> NDArray[np.uint8]:
        """Return the byte at each position, which may be the end."""
        return self.bytes.take(begin, mode="clip")


@dataclass
class Fields:
    """The values of one column: where they begin and end."""

    text: Text
    begin: Positions
    end: Positions
    size: Positions

    @classmethod
    def of(cls, rows: Rows, text: Text, column: int) -> Fields:
        """Return a column of the regular rows."""
        begin, end = rows.begin[column], rows.end[column]
        return cls(text, begin, end, end - begin)

    def unsigned(self) -> tuple[Fields, Flags]:
        """Return the values without a minus in front, and which had one."""
        minus = (self.text.first(self.begin) == ord("-")) & (self.size > 0)
        begin = self.begin + minus
        return Fields(self.text, begin, self.end, self.end - begin), minus


Plain = Callable[[Fields], Flags]


def _are_digits(words: Words) -> Flags:
    high = words & _HIGH_HALF
    good: Flags = (high == _ZEROS) & (((words + _SIX) & _HIGH_HALF) == _ZEROS)
    return good


def _number(words: Words) -> Words:
    """Return the number that eight digits write, by three multiplications that add neighbours up."""
    words = words - _ZEROS
    words = words * np.uint64(10) + (words >> _EIGHT)
    low = (words & np.uint64(0x000000FF000000FF)) * np.uint64(0x000F424000000064)
    high = ((words >> np.uint64(16)) & np.uint64(0x000000FF000000FF)) * np.uint64(0x0000271000000001)
    number: Words = (low + high) >> np.uint64(32)
    return number


def whole_numbers(fields: Fields, most_digits: int) -> tuple[Flags, Words]:
    """Return which values are one to so many digits (19 at most) and nothing else, and their numbers."""
    plain = (fields.size > 0) & (fields.size <= most_digits)
    longest = min(most_digits, int(fields.size.max(initial=0)))
    total = np.zeros(len(fields.size), np.uint64)
    for word in range((longest + 7) // 8):
        words = fields.text.word_before(fields.end - 8 * word, fields.size - 8 * word)
        plain &= _are_digits(words)
        total += _number(words) * np.uint64(10 ** (8 * word))
    return plain, total


def integers(limit: int) -> Plain:
    """Whole numbers from ``-limit`` to ``limit - 1``."""

    def plain(fields: Fields) -> Flags:
        digits, minus = fields.unsigned()
        good, number = whole_numbers(digits, len(str(limit)))
        good &= number < np.uint64(limit) + minus
        return good

    return plain


def decimals(whole_digits: int, fraction_digits: int) -> Plain:
    """Numbers with at most so many digits before and after the point, 24 characters in all."""

    def plain(fields: Fields) -> Flags:
        number, _ = fields.unsigned()
        good = number.size <= 24
        points = np.zeros(len(number.size), np.int64)
        fraction = np.zeros(len(number.size), np.int64)
        for word in range((min(24, int(number.size.max(initial=0))) + 7) // 8):
            words = number.text.word_before(number.end - 8 * word, number.size - 8 * word)
            other = words ^ _DOTS
            # 0x80 in every byte that is a point: https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
            point = ~(((other & _LOW_SEVEN) + _LOW_SEVEN) | other | _LOW_SEVEN)
            good &= _are_digits(words ^ ((point >> _SEVEN) * np.uint64(ord(".") ^ ord("0"))))
            points += np.bitwise_count(point)
            index = np.bitwise_count((point & (~point + np.uint64(1))) - np.uint64(1)).astype(np.int64) // 8
            fraction = np.where(point != 0, 8 * word + 7 - index, fraction)
        whole = number.size - points - fraction
        good &= (points <= 1) & (whole + fraction > 0)
        good &= (whole <= whole_digits) & (fraction <= fraction_digits)
        return good

    return plain


_WORDS = [
    word.encode()
    for text in ("t", "f", "true", "false", "yes", "no", "y", "n", "1", "0")
    for word in {text, text.upper(), text.title()}
]
_BOOLEANS = np.array([int.from_bytes(word.rjust(8, b"0"), "little") for word in _WORDS], np.uint64)


def booleans(fields: Fields) -> Flags:
    """Words for true and false."""
    good: Flags = np.isin(fields.text.word_before(fields.end, fields.size), _BOOLEANS)
    # What a short value lacks reads as zeros, which must not stand there themselves.
    padded = (fields.size > 1) & (fields.text.first(fields.begin) == ord("0"))
    good &= (fields.size > 0) & (fields.size <= 5) & ~padded
    return good


_DATE_DASHES = np.uint64(0xFF0000FF00000000)
_DASHES = np.uint64(0x2D00002D00000000)
_TIME_COLONS = np.uint64(0x0000FF0000FF0000)
_COLONS = np.uint64(0x00003A00003A0000)
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0])


def _digit(words: Words, at: int) -> Positions:
    digits: Positions = ((words >> np.uint64(8 * at)) & np.uint64(0x0F)).astype(np.int64)
    return digits


def _two(words: Words, at: int) -> Positions:
    return _digit(words, at) * 10 + _digit(words, at + 1)


def _dates_at(text: Text, begin: Positions) -> Flags:
    """Which places hold YYYY-MM-DD, a day that there was."""
    first, last = text.word(begin), text.word(begin + 2)
    good: Flags = (first & _DATE_DASHES) == _DASHES
    good &= _are_digits((first & ~_DATE_DASHES) | (_ZEROS & _DATE_DASHES))
    good &= _are_digits((last & np.uint64(0xFFFF000000000000)) | (_ZEROS & np.uint64(0x0000FFFFFFFFFFFF)))
    year, month, day = _two(first, 0) * 100 + _two(first, 2), _two(first, 5), _two(last, 6)
    leap = (month == 2) & (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= (year > 0) & (day > 0) & (day <= _MONTH_DAYS.take(month, mode="clip") + leap)
    return good


def dates(fields: Fields) -> Flags:
    """YYYY-MM-DD."""
    good = _dates_at(fields.text, fields.begin)
    good &= fields.size == 10
    return good


def ends_in_z(fields: Fields) -> Flags:
    """What ends in ISO 8601's sign for UTC."""
    good: Flags = (fields.text.first(np.maximum(fields.end - 1, 0)) == ord("Z")) & (fields.size > 0)
    return good


def iso_timestamps(fields: Fields) -> Flags:
    """What ``timestamps`` takes, and ISO 8601's T and Z."""
    end = fields.end - ends_in_z(fields)
    return timestamps(Fields(fields.text, fields.begin, end, end - fields.begin), middle=b" T")


def timestamps(fields: Fields, middle: bytes = b" ") -> Flags:
    """YYYY-MM-DD HH:MM:SS, with or without a fraction of up to six digits."""
    text, begin, size = fields.text, fields.begin, fields.size
    good = _dates_at(text, begin)
    good &= (size == 19) | ((size > 20) & (size <= 26))
    good &= np.isin(text.first(begin + 10), list(middle))
    time = text.word(np.minimum(begin + 11, fields.end))
    good &= (time & _TIME_COLONS) == _COLONS
    good &= _are_digits((time & ~_TIME_COLONS) | (_ZEROS & _TIME_COLONS))
    good &= (_two(time, 0) < 24) & (_two(time, 3) < 60) & (_two(time, 6) < 60)
    if int(size.max(initial=0)) > 19:
        fraction = _are_digits(text.word_before(fields.end, size - 20)) & (text.first(begin + 19) == ord("."))
        good &= fraction | (size == 19)
    return good
