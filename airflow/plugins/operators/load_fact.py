"""Build a fact table for one degree and month."""

from __future__ import annotations

from typing import Any

from operators.base import RedshiftOperator
from warehouse import build
from warehouse.model import Fact


class LoadFactOperator(RedshiftOperator):
    """Replace the month's rows of a degree's fact table with those of the fact's SELECT, in one transaction.

    :param fact: the fact, from the catalog
    :param degree: whose
    """

    ui_color = "#d9d2e9"

    def __init__(self, *, fact: Fact, degree: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fact = fact
        self.degree = degree

    def execute(self, context: Any) -> int:
        """Build it; return the rows."""
        rows = build.build(self.connect, self.fact, self.degree, self.load_month, self.recorded_by(context))
        self.log.info("%s: %s rows for %s", self.fact.table_name(self.degree), rows, self.load_month)
        return rows
