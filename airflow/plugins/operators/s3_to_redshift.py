"""Load a month's file from S3 into its table."""

from __future__ import annotations

from typing import Any

from airflow_compat import AirflowFailException, BaseHook
from operators.base import S3Operator
from warehouse import load, objects
from warehouse.model import Source


class S3ToRedshiftOperator(S3Operator):
    """Load one month of one S3 object into a table that exists, replacing what an earlier try left.

    Refused rows of a monthly file do not fail this task: the ``stl_check`` task after it sets them aside. More of them
    than the catalog allows do, and then the previous rows stay.

    :param source: what the file is, from the catalog
    :param degree: whose file; None for a dimension
    :param s3_key: the object's key; a template
    """

    template_fields = ("load_month", "s3_key")
    ui_color = "#cfe2f3"

    def __init__(self, *, source: Source, s3_key: str, degree: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.degree = degree
        self.s3_key = s3_key

    def execute(self, context: Any) -> int:
        """Load the file; return the rows loaded. A file that is replaced meanwhile is loaded again."""
        aws = BaseHook.get_connection(self.aws_conn_id).extra_dejson
        order = load.Order(
            source=self.source,
            degree=self.degree,
            load_month=self.load_month,
            bucket=aws["bucket"],
            key=self.s3_key,
            role_arn=aws["role_arn"],
            region=aws["region_name"],
            recorded_by=self.recorded_by(context),
        )
        try:
            loaded = load.load(self.connect, self.s3_client(), order)
        except (objects.MissingObject, objects.ObjectChanged, load.Refused) as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("%s: %s records, %s rows loaded", order.table.name, loaded.records, loaded.rows)
        return loaded.rows
