"""The databases behind the clusters: made by the Redshift endpoint, dropped with their cluster."""

from contextlib import closing

import psycopg2
from psycopg2 import sql

from local_aws.postgres import Postgres
from local_aws.redshift.endpoint import Endpoint


class ClusterDatabases:
    """One PostgreSQL server with a database for each cluster."""

    def __init__(self, endpoint: Endpoint, postgres: Postgres) -> None:
        self._endpoint = endpoint
        self._postgres = postgres

    def create(self, database: str, user: str, password: str) -> None:
        """Make the database and its administrator; if they are there already, set the password.

        Raises RedshiftClientError, which the one who orders the cluster sees: the server refuses the names.
        """
        from moto.redshift.exceptions import RedshiftClientError  # late: see stack.py

        try:
            self._endpoint.create_cluster_database(database, user, password)
        except psycopg2.Error as error:
            raise RedshiftClientError("InvalidParameterValue", f"The local database server refuses: {error}") from error

    def drop(self, database: str) -> None:
        """Remove the database with all that is in it, and end the sessions on it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        with closing(self._postgres.connect()) as connection:
            connection.autocommit = True  # PostgreSQL drops no database within a transaction
            with connection.cursor() as cursor:
                cursor.execute(statement)
