"""Hold back what must not go on while rows of the month are unsettled."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from airflow_compat import AirflowFailException
from operators.base import RedshiftOperator
from warehouse import ledger
from warehouse.redshift import in_transaction


class SettledOperator(RedshiftOperator):
    """Fail while the ledger has not ``passed`` for one of the tables this month, or a fact is older than what it reads.

    It fails rather than skips: a skipped task would turn green on a re-run with nothing built.

    :param tables: staging tables and dimensions that must have passed
    :param facts: fact tables that must be built, each with the tables that it reads
    """

    ui_color = "#ead1dc"

    def __init__(
        self, *, tables: Sequence[str], facts: Mapping[str, Sequence[str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.facts = facts or {}

    def execute(self, context: Any) -> None:
        """Read the ledger; fail with a line for each table that is not ready."""
        problems = in_transaction(self.connect, self._problems)
        if problems:
            raise AirflowFailException(f"{len(problems)} not ready for {self.load_month}:\n" + "\n".join(problems))

    def _problems(self, cursor: Any) -> list[str]:
        entries = ledger.status(cursor, [*self.tables, *self.facts], self.load_month)
        return ledger.not_passed(entries, self.tables) + ledger.not_built(entries, self.facts)
