"""Set refused rows aside and account for every record of the file."""

from __future__ import annotations

from typing import Any

from airflow_compat import AirflowFailException
from operators.base import S3Operator
from warehouse import ledger, objects, reconcile, rejects, settlement
from warehouse.model import Source
from warehouse.redshift import in_transaction


class STLCheckOperator(S3Operator):
    """Move the records that the latest COPY refused, whole, into the error table, and fail while rows wait there.

    On a re-run nothing is moved again: with no row of the month left in the error table, and every record of the file
    accounted for, the check passes. It fails without using up retries, since trying again mends nothing.

    :param source: the monthly source, from the catalog
    :param degree: whose file
    """

    ui_color = "#f9cb9c"

    def __init__(self, *, source: Source, degree: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.degree = degree

    def execute(self, context: Any) -> None:
        """Settle the month's file, or fail with what Redshift said, which rows are nowhere, and what to do."""
        s3, by = self.s3_client(), self.recorded_by(context)
        try:
            settled = settlement.settle(self.connect, s3, self.source, self.degree, self.load_month, by)
        except objects.ObjectChanged as changed:
            raise AirflowFailException(f"{changed}. Clear the load task to load the new one.") from changed
        except (ledger.NotLoaded, settlement.Overtaken) as error:
            raise AirflowFailException(str(error)) from error
        entry = settled.entry
        if entry.status == ledger.SETTLED:
            self.log.info("Every one of %s records of %s is accounted for", entry.records, entry.s3_url)
            return
        if settled.rejects:
            self.log.error("Redshift refused of this file:\n%s", rejects.as_text(settled.rejects))
        if settled.balance.missing:  # it takes a look at the whole file
            self._name_what_is_nowhere(s3, entry)
        self.say_how_to_mend(context)
        raise AirflowFailException(entry.detail)

    def _name_what_is_nowhere(self, s3: Any, entry: ledger.Entry) -> None:
        version = objects.version(entry)
        difference = in_transaction(
            self.connect,
            lambda cursor: reconcile.difference(
                cursor, self.source, self.degree, entry, lambda: objects.read(s3, version)
            ),
        )
        if difference.missing or difference.surplus:
            self.log.error("The file and %s differ:\n%s", entry.table_name, difference)
