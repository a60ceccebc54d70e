"""What S3 gives is fetched ahead, in order and in bounds, and whoever waits for it may give up."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from local_aws.redshift.loading.read_ahead import AHEAD, read_ahead


class GivenUp(Exception):
    pass


def give_up() -> None:
    raise GivenUp


def never() -> None:
    raise AssertionError("looked around although chunks come")


def test_the_chunks_come_in_order() -> None:
    chunks = [bytes([number]) for number in range(100)]
    assert list(read_ahead((chunk for chunk in chunks), never)) == chunks


def test_an_error_comes_behind_what_was_read_before_it() -> None:
    def chunks() -> Generator[bytes]:
        yield b"half"
        raise OSError("of an object")

    reading = read_ahead(chunks(), never)
    assert next(reading) == b"half"
    with pytest.raises(OSError, match="of an object"):
        next(reading)


def test_no_more_is_fetched_than_there_is_room_for() -> None:
    fetched = []

    def chunks() -> Generator[bytes]:
        for number in range(100):
            fetched.append(number)
            yield b"x"

    reading = read_ahead(chunks(), never)
    next(reading)
    time.sleep(0.1)
    # What was read, what may wait for its reader, and one that waits for room.
    assert len(fetched) <= 1 + AHEAD + 1


@pytest.mark.parametrize("silent", [True, False], ids=["while it waits", "between two chunks"])
def test_a_source_that_was_given_up_is_closed(silent: bool) -> None:
    go_on, closed = threading.Event(), threading.Event()

    def chunks() -> Generator[bytes]:
        try:
            while True:
                yield b"x"
                if silent:
                    go_on.wait()
        finally:
            closed.set()

    reading = read_ahead(chunks(), give_up)
    next(reading)
    if silent:
        with pytest.raises(GivenUp):
            next(reading)
        go_on.set()
    del reading
    assert closed.wait(5)
