"""What S3 gives, fetched by a thread of its own: while S3 is silent, whoever waits for it can still look around."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import TypeVar, Union

AHEAD = 2
LOOK_SECONDS = 0.2
T = TypeVar("T")
Fetched = Union["tuple[T]", Exception, None]  # an item, an error, the end


def read_ahead(items: Generator[T], look: Callable[[], None]) -> Iterator[T]:
    """Yield the items in order, at most ``AHEAD`` of them fetched before they are asked for.

    ``look`` is called again and again while none comes, and may raise to give up. Raises what ``items`` raises.
    A thread that was given up ends when what it waits for comes or times out.
    """
    fetched: queue.SimpleQueue[Fetched[T]] = queue.SimpleQueue()
    room = threading.Semaphore(AHEAD)
    given_up = threading.Event()

    def fetch() -> None:
        try:
            with closing(items):
                for item in items:
                    room.acquire()
                    if given_up.is_set():
                        return
                    fetched.put((item,))
        except Exception as error:  # noqa: BLE001 - it is raised where the items are read
            fetched.put(error)
        else:
            fetched.put(None)

    threading.Thread(target=fetch, name="redshift-s3", daemon=True).start()
    try:
        while (found := _next(fetched, look)) is not None:
            if isinstance(found, Exception):
                raise found
            room.release()
            yield found[0]
    finally:
        given_up.set()
        room.release()


def _next(fetched: queue.SimpleQueue[Fetched[T]], look: Callable[[], None]) -> Fetched[T]:
    while True:
        try:
            return fetched.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            look()
