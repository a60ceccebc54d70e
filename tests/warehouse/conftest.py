"""Months of one degree, loaded as the DAG's tasks load them; each test has a degree of its own."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from warehouse import build, checks, ddl, error_table, ledger, load, records, repair, settlement
from warehouse.catalog import FACTS, STAGED
from warehouse.model import Source
from warehouse.redshift import in_transaction
from warehouse.repair import Place

MONTH = "2019-01-01"
SOURCE = "project_feedback"
GOOD = "1,10,1546300800000,fine,3\n"


@dataclass(frozen=True)
class Loader:
    """Loads files of one degree: what ``create``, ``load``, ``stl_check`` and ``data_quality`` do, without Airflow."""

    provisioned: Any
    degree: str

    def table(self, source: str) -> str:
        """The staging table's name."""
        return STAGED[source].table_name(self.degree)

    def key(self, source: str, month: str = MONTH) -> str:
        """Where the file of the month belongs."""
        return STAGED[source].s3_key(self.degree, month[:4], str(int(month[5:7])))

    def put(self, source: str, rows: str | bytes, month: str = MONTH) -> None:
        """Put a file: the header, then these rows."""
        head = ",".join(column.name for column in STAGED[source].columns) + "\n"
        body = rows.encode() if isinstance(rows, str) else rows
        self.provisioned.put(self.key(source, month), head.encode() + body)

    def source(self, name: str) -> Source:
        """The source; every row of a file may be refused, since these files have few rows."""
        return replace(STAGED[name], max_refused_share=1.0)

    def order(self, source: str, month: str = MONTH) -> load.Order:
        """What the load task is to load; the table is there."""
        known, settings = self.source(source), self.provisioned.settings
        in_transaction(
            self.provisioned.connect, lambda cursor: cursor.execute(ddl.create_table(known.table(self.degree)))
        )
        return load.Order(
            source=known,
            degree=self.degree if known.monthly else None,
            load_month=month,
            bucket=settings.bucket,
            key=self.key(source, month),
            role_arn=settings.role_arn,
            region=settings.region,
            recorded_by="a test",
        )

    def load(self, source: str, rows: str | bytes | None = None, month: str = MONTH) -> load.Loaded:
        """Put the file if rows are given, and load it."""
        if rows is not None:
            self.put(source, rows, month)
        return load.load(self.provisioned.connect, self.provisioned.s3, self.order(source, month))

    def status(self, source: str, month: str = MONTH) -> ledger.Entry:
        """The ledger's newest row."""
        name = self.table(source)
        return in_transaction(self.provisioned.connect, lambda cursor: ledger.status(cursor, [name], month)[name])

    def settle(self, source: str, month: str = MONTH) -> ledger.Entry:
        """What stl_check does."""
        connect, s3 = self.provisioned.connect, self.provisioned.s3
        return settlement.settle(connect, s3, self.source(source), self.degree, month, "a test").entry

    def check(self, source: str, month: str = MONTH) -> list[checks.Finding]:
        """What data_quality finds."""
        return in_transaction(
            self.provisioned.connect, lambda cursor: checks.run(cursor, STAGED[source], self.degree, month)
        )

    def build(self, fact: str, month: str = MONTH) -> list[tuple[Any, ...]]:
        """Build a fact; return its rows of the month without load_month, sorted."""
        known = {each.name: each for each in FACTS}[fact]

        connect = self.provisioned.connect
        in_transaction(connect, lambda cursor: cursor.execute(ddl.create_table(known.table(self.degree))))
        build.build(connect, known, self.degree, month, "a test")

        def work(cursor: Any) -> list[tuple[Any, ...]]:
            cursor.execute(f"SELECT * FROM {known.table_name(self.degree)} WHERE load_month = %s", (month,))  # noqa: S608
            return sorted((row[:-1] for row in cursor.fetchall()), key=str)

        return in_transaction(self.provisioned.connect, work)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in which ``{source}`` stands for a staging table."""
        return self.provisioned.rows(query.format(**{name: self.table(name) for name in STAGED}))


@pytest.fixture
def degree(provisioned: Any) -> Loader:
    return Loader(provisioned, f"degree_{uuid.uuid4().hex[:8]}")


class Mender:
    """A person who works on the month of one source of a degree."""

    def __init__(self, degree: Any, source: str = SOURCE, month: str = MONTH) -> None:
        self.degree, self.source = degree, source
        self.connect = degree.provisioned.connect
        self.place = Place(degree.source(source), degree.degree, month, "ada")

    @property
    def rows(self) -> dict[int, error_table.Row]:
        """What waits, by line."""
        read = in_transaction(
            self.connect, lambda cursor: error_table.read(cursor, self.place.errors, self.place.load_month)
        )
        return {row.line_number: row for row in read}

    def mend(self, line: int, extra: str | None = None, **texts: str) -> None:
        """Edit a row in the error table."""
        row = self.rows[line]
        names = [column.name for column in self.place.source.columns]
        mended = tuple(texts.get(name, text) for name, text in zip(names, row.texts))
        assert set(texts) <= set(names)
        in_transaction(
            self.connect,
            lambda cursor: error_table.update(cursor, self.place.errors, replace(row, texts=mended, extra=extra)),
        )

    def put_back(self) -> repair.PutBack:
        """Put back what is mended."""
        return repair.put_back(self.connect, self.place)

    def staged(self) -> Counter[tuple[Any, ...]]:
        """The month's rows in staging."""
        names = ", ".join(column.name for column in self.place.source.columns)
        month = self.place.load_month
        return Counter(
            self.degree.provisioned.rows(
                f"SELECT {names} FROM {self.place.table_name} WHERE load_month = %s",  # noqa: S608
                (month,),
            )
        )

    def conserved(self) -> bool:
        """Whether records in the file = staged + waiting + given up, counted from the file and the tables alone."""
        rows, name = self.degree.provisioned.rows, self.place.table_name
        body = self.degree.provisioned.s3.get_object(
            Bucket=self.degree.provisioned.settings.bucket, Key=self.degree.key(self.source, self.place.load_month)
        )["Body"].read()
        gone = rows(
            "SELECT COALESCE(SUM(records), 0) FROM load_repairs WHERE table_name = %s AND load_month = %s",
            (name, self.place.load_month),
        )
        return records.count([body]) - 1 == sum(self.staged().values()) + len(self.rows) + gone[0][0]

    def settle(self) -> ledger.Entry:
        """What stl_check says."""
        entry: ledger.Entry = self.degree.settle(self.source, self.place.load_month)
        return entry


@pytest.fixture
def mender(degree: Any) -> Mender:
    """Two refused rows, on lines 3 and 5, and one good one."""
    degree.load(SOURCE, GOOD + 'x,10,1546300800000,"a\nb",3\n2,10,1546300800000,ok,three\n')
    degree.settle(SOURCE)
    return Mender(degree)


@pytest.fixture(scope="module")
def dimensions(provisioned: Any) -> None:
    """Two students, three projects in two sections, two videos; other files' tests have dimensions of their own."""
    loader = Loader(provisioned, "none")
    loader.load("users_dim", "1,Ada,ada,Köln,ada@example.org,Acme\n2,Bo,bo,Oslo,bo@example.org,\n")
    loader.load("projects_dim", "10,1,Titanic,Start,d\n11,1,Weather,Start,d\n20,2,Bikes,Regression,d\n")
    loader.load("videos_dim", "100,Hello,Start,d\n200,Lines,Regression,d\n")
