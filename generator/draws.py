"""Chance without a state: every draw is a hash of what it is about (the seed, a name, a student's number).

So a draw does not depend on how many were made before it: blocks, processes and months can be made in any order, and
come out the same. Only whole numbers of 64 bits are used, which every Python, numpy and processor computes alike.
The hash is the finaliser of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

from __future__ import annotations

import hashlib
from typing import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
TABLE_SIZE = 4096


def draw(seed: int, about: str, numbers: Ints) -> Bits:
    """64 random bits for each number; ``about`` names what is drawn, so that two things never share their chance."""
    digest = hashlib.blake2b(f"{seed}/{about}".encode(), digest_size=8).digest()
    bits = numbers.astype(np.uint64)
    bits *= _GOLDEN
    bits += np.array([int.from_bytes(digest, "little")], dtype=np.uint64)
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits


def below(bits: Bits, limit: int | Ints, shift: int = 0) -> Ints:
    """Whole numbers from 0 to ``limit`` - 1 out of 20 of the bits, those from ``shift`` on.

    Evenly spread up to a limit of about 2**20; beyond it some numbers never come.
    """
    part = ((bits >> np.uint64(shift)) & np.uint64(0xFFFFF)).astype(np.int64)
    scaled: Ints = (part * limit) >> 20
    return scaled


def chance(bits: Bits, per_mille: int | Ints, shift: int = 0) -> Flags:
    """True in ``per_mille`` of 1000 cases."""
    return below(bits, 1000, shift) < per_mille


def table(weights: dict[int, int] | Sequence[tuple[int, int]]) -> Ints:
    """A look-up table of values, each as often as its weight says; the inverse of a distribution function."""
    values, shares = zip(*(weights.items() if isinstance(weights, dict) else weights))
    bounds = np.cumsum(np.array(shares, dtype=np.int64))
    ends = bounds * TABLE_SIZE // bounds[-1]
    counts = np.diff(ends, prepend=0)
    return np.repeat(np.array(values, dtype=np.int64), counts)


def look_up(values: Ints, bits: Bits, shift: int = 0) -> Ints:
    """A value of the table for each of ``bits``, by 12 of them, those from ``shift`` on."""
    chosen: Ints = values[((bits >> np.uint64(shift)) & np.uint64(TABLE_SIZE - 1)).astype(np.int64)]
    return chosen


def falling(first: int, last: int, power: int = 2) -> Ints:
    """A table with a heavy tail: value v weighs about v**-power (Zipf's law)."""
    return table([(value, 10**9 // value**power) for value in range(first, last + 1)])
