"""What a table, a column and a check are: plain values that DDL, COPY, checks and documents are derived from."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

MONTH_COLUMN = "load_month"


@dataclass(frozen=True)
class Column:
    """A column of a file or table. ``type`` is Redshift's; a VARCHAR's length counts bytes, not characters.

    ``personal``: it tells who a student is; see ``warehouse.access`` for who may read it.
    """

    name: str
    type: str
    about: str
    required: bool = False
    personal: bool = False


@dataclass(frozen=True)
class Check:
    """One quality check, named as Airflow's common-sql names it (see ``warehouse.checks`` for what each does).

    ``columns`` are those it looks at (none: the whole table); ``value`` is a bound or the accepted values;
    ``reads`` is the ``table.column`` that a relationship points to. ``level`` is ``error`` (holds the facts) or
    ``warn`` (is said in the log and nothing more).
    """

    kind: str
    columns: tuple[str, ...] = ()
    value: object = None
    reads: str | None = None
    level: str = "error"

    @property
    def name(self) -> str:
        """How messages name it, e.g. ``rating.max leq_to 3``."""
        subject = ", ".join(self.columns) or "table"
        bound = f" {self.value}" if self.value is not None else ""
        return f"{subject}.{self.kind}{bound}{f' {self.reads}' if self.reads else ''}"


@dataclass(frozen=True)
class Table:
    """A table as Redshift creates it. ``distkey`` None means a copy on every node (DISTSTYLE ALL)."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    distkey: str | None = None
    sortkey: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file that students' activity arrives in, and the staging table that it is loaded into.

    ``monthly``: one file for each degree and month, staged in ``<degree>_<name>`` with the month as a last column;
    otherwise a dimension: one file, reloaded whole into ``<name>``. ``max_refused`` records, and no more than the share
    ``max_refused_share`` of the file, may be refused; with more the load fails as a whole.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sortkey: tuple[str, ...]
    checks: tuple[Check, ...]
    distkey: str | None = None
    monthly: bool = True
    time_format: str = "auto"
    max_refused: int = 100_000
    max_refused_share: float = 0.1

    def table_name(self, degree: str | None = None) -> str:
        """The staging table's name; a monthly source needs the degree."""
        return f"{degree}_{self.name}" if self.monthly else self.name

    def table(self, degree: str | None = None) -> Table:
        """The staging table: the file's columns, then for a monthly source ``load_month``, day one of the month."""
        month = (
            (Column(MONTH_COLUMN, "DATE", "day one of the month of the file", required=True),) if self.monthly else ()
        )
        key = self.key + tuple(column.name for column in month)
        return Table(self.table_name(degree), self.columns + month, key, self.distkey, self.sortkey)

    def s3_key(self, degree: str | None, year: str, month: str) -> str:
        """The object's key; ``year`` and ``month`` may be templates, the month is not padded."""
        if not self.monthly:
            return f"dimensional_tables/{self.name}.csv"
        return f"{degree}/{year}/{month}/{self.name}.csv"

    def most_refused(self, records: int) -> int:
        """How many of a file's records may be refused."""
        return min(self.max_refused, int(records * self.max_refused_share))

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the dimensions that the checks of this source look into."""
        return tuple(dict.fromkeys(check.reads.split(".")[0] for check in self.checks if check.reads))


@dataclass(frozen=True)
class Fact:
    """A table for analysts, built from one SELECT (``facts/<name>.sql``) for each degree and month.

    ``select`` names the tables that it reads in braces: ``{project_feedback}`` is the degree's staging table,
    ``{projects_dim}`` the dimension.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    select: str
    key: tuple[str, ...] = ()

    def table_name(self, degree: str) -> str:
        """``<degree>_<name>``."""
        return f"{degree}_{self.name}"

    def table(self, degree: str) -> Table:
        """The fact table: the columns of the SELECT, then ``load_month``."""
        month = Column(MONTH_COLUMN, "DATE", "the month that the row tells of", required=True)
        return Table(
            self.table_name(degree), (*self.columns, month), (*self.key, MONTH_COLUMN), sortkey=(MONTH_COLUMN,)
        )

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the sources and dimensions in the SELECT, in order of appearance."""
        names = (field for _, field, _, _ in Formatter().parse(self.select) if field)
        return tuple(dict.fromkeys(names))
