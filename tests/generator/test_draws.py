"""Chance is a function of what it is about, and spread as it should be."""

from __future__ import annotations

import numpy as np

from generator.draws import TABLE_SIZE, below, chance, draw, falling, look_up, table

NUMBERS = np.arange(1, 100_001)


def test_draws_never_change() -> None:
    # Worked out with Python's own whole numbers; another value here is another set of students for everybody.
    assert draw(2019, "mood", np.array([1, 2, 2**40])).tolist() == [python_draw(n) for n in (1, 2, 2**40)]
    assert draw(2019, "mood", np.array([1])).tolist() == [FROZEN]


FROZEN = 14746213266153015629


def python_draw(number: int) -> int:
    """SplitMix64's finaliser on Python's numbers."""
    import hashlib

    mask = 2**64 - 1
    key = int.from_bytes(hashlib.blake2b(b"2019/mood", digest_size=8).digest(), "little")
    bits = (number * 0x9E3779B97F4A7C15 + key) & mask
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
    return bits ^ (bits >> 31)


def test_a_draw_does_not_depend_on_the_ones_beside_it() -> None:
    whole = draw(1, "name", NUMBERS)
    assert draw(1, "name", NUMBERS[500:700]).tolist() == whole[500:700].tolist()


def test_two_things_do_not_share_their_chance() -> None:
    one, other = draw(1, "name", NUMBERS), draw(1, "home", NUMBERS)
    assert not np.intersect1d(one, other).size
    together = np.corrcoef(below(one, 1000), below(other, 1000))[0, 1]
    assert abs(together) < 0.02


def test_numbers_below_a_limit_are_even() -> None:
    for shift in (0, 20, 40):
        counts = np.bincount(below(draw(1, "even", NUMBERS), 10, shift), minlength=10)
        assert counts.min() > 9_600
        assert counts.max() < 10_400


def test_chance_is_what_it_says() -> None:
    assert abs(chance(draw(1, "chance", NUMBERS), 160).mean() - 0.160) < 0.005


def test_a_table_gives_values_by_their_weight() -> None:
    values = look_up(table({7: 3, 9: 1}), draw(1, "table", NUMBERS))
    assert set(values.tolist()) == {7, 9}
    assert abs((values == 7).mean() - 0.75) < 0.01


def test_a_falling_table_has_a_heavy_tail() -> None:
    values = falling(1, 240)
    assert len(values) == TABLE_SIZE
    assert (values == 1).mean() > 0.6
    assert values.max() > 200
