"""Set refused rows aside and account for every record of the file."""

from __future__ import annotations

from typing import Any

from airflow_compat import AirflowFailException
from operators.base import RedshiftOperator
from warehouse import ledger, rejects
from warehouse.model import Source
from warehouse.redshift import in_transaction


class STLCheckOperator(RedshiftOperator):
    """Move what Redshift's load errors say of the latest COPY into the error table, and fail while rows wait there.

    On a re-run the rows are not moved again: with none left in the error table, and every record of the file in
    staging, the check passes. It fails without using up retries, since trying again mends nothing.

    :param source: the monthly source, from the catalog
    :param degree: whose file
    """

    ui_color = "#f9cb9c"

    def __init__(self, *, source: Source, degree: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.degree = degree

    def execute(self, context: Any) -> None:
        """Settle the month's file, or fail with what Redshift said and what to do."""
        entry, report = in_transaction(self.connect, lambda cursor: self._settle(cursor, self.recorded_by(context)))
        if entry.status != ledger.SETTLED:
            self.log.error("Redshift refused of %s:\n%s", entry.s3_url, report)
            raise AirflowFailException(entry.detail)
        self.log.info("Every one of %s records of %s is in %s", entry.records, entry.s3_url, entry.table_name)

    def _settle(self, cursor: Any, recorded_by: str) -> tuple[ledger.Entry, str]:
        name = self.source.table_name(self.degree)
        newest = ledger.status(cursor, [name], self.load_month).get(name)
        if newest is None:
            raise AirflowFailException(f"{name} was not loaded for {self.load_month}: clear its load task.")
        entry = rejects.settle(cursor, newest, recorded_by)
        ledger.add(cursor, entry)
        return entry, rejects.report(cursor, entry)
