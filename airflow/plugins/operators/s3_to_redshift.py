"""Load a month's file from S3 into its table."""

from __future__ import annotations

from typing import Any

from airflow_compat import AirflowFailException, BaseHook
from operators.base import RedshiftOperator
from warehouse import load, objects
from warehouse.model import Source
from warehouse.redshift import in_transaction

_TRIES_WHILE_CHANGING = 3


class S3ToRedshiftOperator(RedshiftOperator):
    """Load one month of one S3 object into a table that exists, replacing what an earlier try left.

    Refused rows of a monthly file do not fail this task: the ``stl_check`` task after it sets them aside.

    :param source: what the file is, from the catalog
    :param degree: whose file; None for a dimension
    :param s3_key: the object's key; a template
    :param aws_conn_id: connection whose extra has region_name, bucket and role_arn (the role that COPY takes on);
        without login and password, boto3's usual chain finds credentials
    """

    template_fields = ("load_month", "s3_key")
    ui_color = "#cfe2f3"

    def __init__(
        self,
        *,
        source: Source,
        s3_key: str,
        degree: str | None = None,
        aws_conn_id: str = "aws_credentials",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.degree = degree
        self.s3_key = s3_key
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Any) -> int:
        """Load the file; return the rows loaded. A file that is replaced meanwhile is loaded again."""
        for _ in range(_TRIES_WHILE_CHANGING):
            try:
                return self._load(context)
            except objects.ObjectChanged as changed:
                self.log.warning("%s: loading the new version", changed)
            except (objects.MissingObject, load.DimensionRefused) as error:
                raise AirflowFailException(str(error)) from error
        raise AirflowFailException(
            f"{self.s3_key} was replaced {_TRIES_WHILE_CHANGING} times while it was being loaded"
        )

    def _load(self, context: Any) -> int:
        aws = BaseHook.get_connection(self.aws_conn_id)
        s3 = _s3_client(aws)
        obj = objects.head(s3, aws.extra_dejson["bucket"], self.s3_key)
        task = load.Load(
            source=self.source,
            degree=self.degree,
            load_month=self.load_month,
            obj=obj,
            manifest_url=objects.put_manifest(s3, obj, f"{self.source.table_name(self.degree)}/{self.load_month}"),
            records=objects.count_records(s3, obj),
            role_arn=aws.extra_dejson["role_arn"],
            region=aws.extra_dejson["region_name"],
            recorded_by=self.recorded_by(context),
        )

        def replace(cursor: Any) -> load.Loaded:
            loaded = load.replace(cursor, task)
            objects.ensure_unchanged(s3, obj)
            return loaded

        loaded = in_transaction(self.connect, replace)
        self.log.info("%s: %s records, %s rows loaded into %s", obj.url, task.records, loaded.rows, task.table.name)
        return loaded.rows


def _s3_client(aws: Any) -> Any:
    import boto3  # here, since importing it would slow every parse of the DAG

    return boto3.client(
        "s3",
        region_name=aws.extra_dejson["region_name"],
        aws_access_key_id=aws.login or None,
        aws_secret_access_key=aws.password or None,
    )
