"""Steps of a month on connections that can be stopped at any statement; as a program, a worker that waits to be killed.

``python interrupted.py STEP DEGREE PLACE`` does load, settle or put_back of the degree's project_feedback, says
``reached`` before its PLACE-th statement (commits count as statements) and goes no further.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any, Callable

from warehouse import load, repair, settlement
from warehouse.catalog import STAGED
from warehouse.model import Source
from warehouse.redshift import Connect

MONTH = "2019-01-01"
# Files of a few rows, some of them bad.
SOURCE: Source = replace(STAGED["project_feedback"], max_refused_share=1.0)
STEPS = ("load", "settle", "put_back")

Hook = Callable[[str], None]


class Stoppable:
    """A connection of psycopg2 that tells a hook of each statement before it is sent, commits among them."""

    def __init__(self, connection: Any, hook: Hook) -> None:
        self._connection, self._hook = connection, hook

    def __enter__(self) -> Any:
        return self._connection.__enter__()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> Any:
        if kind is None:
            self._hook("COMMIT")
        return self._connection.__exit__(kind, error, traceback)

    def cursor(self) -> Any:
        """A cursor that tells the hook too."""
        import psycopg2.extensions

        hook = self._hook

        class Telling(psycopg2.extensions.cursor):
            def execute(self, statement: Any, *parameters: Any) -> Any:
                hook(str(statement))
                return super().execute(statement, *parameters)

        return self._connection.cursor(cursor_factory=Telling)

    def close(self) -> None:
        """End it."""
        self._connection.close()


def stoppable(connect: Connect, hook: Hook) -> Connect:
    """The same connections, with the hook."""
    return lambda: Stoppable(connect(), hook)


def step(name: str, degree: str, connect: Connect, s3: Any, settings: Any) -> None:
    """Do one step of the month as tasks and persons do it."""
    if name == "load":
        key = SOURCE.s3_key(degree, "2019", "1")
        where = (settings.bucket, key, settings.role_arn, settings.region)
        load.load(connect, s3, load.Order(SOURCE, degree, MONTH, *where, "a test"))
    elif name == "settle":
        settlement.settle(connect, s3, SOURCE, degree, MONTH, "a test")
    else:
        repair.put_back(connect, repair.Place(SOURCE, degree, MONTH, "a test"))


def main(name: str, degree: str, place: str) -> None:
    """Do the step up to that place and wait there."""
    import boto3

    from warehouse import login, settings

    known = settings.load()
    who = login.login(known)
    left = int(place)

    def hook(_: str) -> None:
        nonlocal left
        if left == 0:
            print("reached", flush=True)
            time.sleep(600)
        left -= 1

    s3 = boto3.client("s3", region_name=known.region)
    step(name, degree, stoppable(lambda: login.connect(known, who), hook), s3, known)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
