"""Check a month's rows against what the catalog promises of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_compat import AirflowFailException
from operators.base import RedshiftOperator
from warehouse import checks, ledger
from warehouse.model import Source
from warehouse.redshift import in_transaction

_CHECKABLE = (ledger.SETTLED, ledger.FAILED, ledger.PASSED)


class DataQualityOperator(RedshiftOperator):
    """Run the source's checks; a failed one of level ``error`` fails the task and holds the facts that read the table.

    :param source: the source or dimension, from the catalog
    :param degree: whose table; None for a dimension
    """

    ui_color = "#fff2cc"

    def __init__(self, *, source: Source, degree: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.degree = degree

    def execute(self, context: Any) -> None:
        """Check, note the result in the ledger, and fail with table, check, expected, found and offending rows."""
        errors = in_transaction(self.connect, lambda cursor: self._check(cursor, self.recorded_by(context)))
        if errors:
            raise AirflowFailException(errors)

    def _check(self, cursor: Any, recorded_by: str) -> str:
        name = self.source.table_name(self.degree)
        statuses = ledger.status(cursor, [name, *self.source.reads], self.load_month)
        held = ledger.not_passed(statuses, self.source.reads)
        if name not in statuses or statuses[name].status not in _CHECKABLE:
            held.append(f"{name} is not settled for {self.load_month}: see the log of the task before this one.")
        if held:
            raise AirflowFailException("Cannot be checked yet. " + "\n".join(held))
        findings = checks.run(cursor, self.source, self.degree, self.load_month)
        for finding in findings:
            self.log.warning("%s", finding)
        errors = "\n".join(str(finding) for finding in findings if finding.check.level == "error")
        status = ledger.FAILED if errors else ledger.PASSED
        ledger.add(cursor, replace(statuses[name], status=status, recorded_by=recorded_by, detail=errors or None))
        self.log.info("%s: %s checks, %s do not hold", name, len(self.source.checks), len(findings))
        return errors
