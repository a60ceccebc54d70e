"""Check a month's rows against what the catalog promises of them."""

from __future__ import annotations

from typing import Any

from airflow_compat import AirflowFailException
from operators.base import RedshiftOperator
from warehouse import quality
from warehouse.model import Source


class DataQualityOperator(RedshiftOperator):
    """Run the source's checks; a failed one of level ``error`` fails the task and holds the facts that read the table.

    A check that a person has accepted for this month's file is said in the log and fails nothing.

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
        try:
            verdict = quality.examine(
                self.connect, self.source, self.degree, self.load_month, self.recorded_by(context)
            )
        except quality.NotReady as error:
            raise AirflowFailException(str(error)) from error
        for finding in verdict.findings:
            self.log.warning("%s", finding)
        for repair in verdict.accepted:
            self.log.warning("%s was accepted by %s: %s", repair.check_name, repair.recorded_by, repair.reason)
        self.log.info("%s checks, %s do not hold", len(self.source.checks), len(verdict.findings))
        if verdict.errors:
            self.say_how_to_mend(context)
            raise AirflowFailException(verdict.errors)
