"""Create the tables that later tasks fill."""

from __future__ import annotations

from typing import Any, Sequence

from operators.base import RedshiftOperator
from warehouse import access, ddl, ledger, repairs
from warehouse.model import Table
from warehouse.redshift import in_transaction


class CreateTableOperator(RedshiftOperator):
    """Create tables that do not exist yet, and let each group read what it may of them; rows are left as they are.

    :param tables: the tables, from the catalog
    :param with_ledger: create the ledger, its view and the list of repairs too
    """

    ui_color = "#d9ead3"

    def __init__(self, *, tables: Sequence[Table] = (), with_ledger: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tables = tables
        self.with_ledger = with_ledger

    def execute(self, context: Any) -> None:
        """Run CREATE TABLE IF NOT EXISTS and the grants for each table, in one transaction."""
        in_transaction(self.connect, self._create)

    def _create(self, cursor: Any) -> None:
        if self.with_ledger:
            ledger.create(cursor)
            repairs.create(cursor)
        for table in self.tables:
            self.log.info("Creating %s unless it exists", table.name)
            cursor.execute(ddl.create_table(table))
            access.grant(cursor, table.name)
