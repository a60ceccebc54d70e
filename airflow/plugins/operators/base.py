"""What the operators share: the connections, the month, and who they are in the ledger."""

from __future__ import annotations

from typing import Any

import psycopg2

from airflow_compat import BaseHook, BaseOperator, documentation_url

LOAD_MONTH = "{{ ds[:7] }}-01"


def connect_to_redshift(conn_id: str = "redshift") -> Any:
    """Open a connection to Redshift, by Airflow's connection of that name."""
    connection = BaseHook.get_connection(conn_id)
    return psycopg2.connect(
        host=connection.host,
        port=connection.port,
        dbname=connection.schema,
        user=connection.login,
        password=connection.password,
        connect_timeout=30,
        **connection.extra_dejson,
    )


class RedshiftOperator(BaseOperator):
    """An operator that works on one month in Redshift.

    :param redshift_conn_id: connection with host, port, schema (the database), login, password; extra: sslmode
    :param load_month: day one of the month, ISO; a template
    """

    template_fields = ("load_month",)

    def __init__(self, *, redshift_conn_id: str = "redshift", load_month: str = LOAD_MONTH, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redshift_conn_id = redshift_conn_id
        self.load_month = load_month

    def connect(self) -> Any:
        """Open a connection to Redshift."""
        return connect_to_redshift(self.redshift_conn_id)

    def recorded_by(self, context: Any) -> str:
        """How the ledger names this try: DAG, task and run."""
        return f"{self.dag_id}.{self.task_id} {context['run_id']}"

    def say_how_to_mend(self, context: Any) -> None:
        """Lead from the log of a failed check to its documentation."""
        self.log.error("How to mend: %s", documentation_url(self, context["run_id"]))


class S3Operator(RedshiftOperator):
    """An operator that reads files in S3 too.

    :param aws_conn_id: connection whose extra has region_name, bucket and role_arn (the role that COPY takes on);
        without login and password, boto3's usual chain finds credentials
    """

    def __init__(self, *, aws_conn_id: str = "aws_credentials", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id

    def s3_client(self) -> Any:
        """A boto3 client of S3."""
        import boto3  # here, since importing it would slow every parse of the DAG

        aws = BaseHook.get_connection(self.aws_conn_id)
        return boto3.client(
            "s3",
            region_name=aws.extra_dejson["region_name"],
            aws_access_key_id=aws.login or None,
            aws_secret_access_key=aws.password or None,
        )
