"""What the operators share: the connections, the month, and who they are in the ledger."""

from __future__ import annotations

from typing import Any

import psycopg2

from airflow_compat import BaseHook, BaseOperator

LOAD_MONTH = "{{ ds[:7] }}-01"


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
        connection = BaseHook.get_connection(self.redshift_conn_id)
        return psycopg2.connect(
            host=connection.host,
            port=connection.port,
            dbname=connection.schema,
            user=connection.login,
            password=connection.password,
            connect_timeout=30,
            **connection.extra_dejson,
        )

    def recorded_by(self, context: Any) -> str:
        """How the ledger names this try: DAG, task and run."""
        return f"{self.dag_id}.{self.task_id} {context['run_id']}"
