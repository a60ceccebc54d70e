"""The PostgreSQL under the endpoint: its settings, its roles and what makes its databases Redshift's."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import psycopg2
from psycopg2 import sql

from local_aws.ports import free_port
from local_aws.postgres import Postgres
from local_aws.redshift.loading.history import forget_unfinished

SUPERUSER = "rdsdb"  # the name of Redshift's own internal user
ADMINISTRATORS = "redshift_administrators"
SETTINGS = {
    # Redshift knows no other mode: a backslash in a literal escapes.
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    # The administrator is no superuser here, and yet may do what those users may whom he made.
    "createrole_self_grant": "set, inherit",
    # A statement that fails may hold a password (CREATE USER), and PostgreSQL would write it into its log.
    "log_min_error_statement": "panic",
}
# In this order: each may use what the ones before it make.
SYSTEM_FILES = ("texts.sql", "system.sql", "arithmetic.sql", "dialect.sql", "catalog.sql", "functions.sql")
SETTLE_SECONDS = 10.0


def postgres_for(state: Path) -> Postgres:
    """Return the PostgreSQL that an endpoint with this state folder sits on, with a free port; it is not started."""
    return Postgres(
        state / "postgres", port=free_port(), superuser=SUPERUSER, password_file=state / "postgres.password"
    )


def prepare(postgres: Postgres) -> None:
    """Bring every database to this version's system tables and functions; do nothing to those that have them."""
    _apply_settings(postgres)
    with closing(postgres.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ADMINISTRATORS,))
        if not cursor.fetchone():
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(ADMINISTRATORS)))
        # template1 first: from then on every new database has them.
        cursor.execute("SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname <> 'template1', datname")
        databases = [row[0] for row in cursor.fetchall()]
        connection.commit()
    for database in databases:
        _prepare_database(postgres, database)


def forbidden_functions(postgres: Postgres) -> frozenset[str]:
    """Return the names of the functions of PostgreSQL's that functions.sql, or PostgreSQL itself, lets nobody call."""
    with closing(postgres.connect("postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE oid < 16384 AND proacl IS NOT NULL")
        return frozenset(row[0] for row in cursor.fetchall())


def _apply_settings(postgres: Postgres) -> None:
    """Set the server's own settings, and wait until new sessions have them."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        with closing(postgres.connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(SETTINGS),))
                wrong = dict(SETTINGS.items() - set(cursor.fetchall()))
                for name, value in wrong.items():
                    change = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                    cursor.execute(change)
                if not wrong:
                    return
                cursor.execute("SELECT pg_reload_conf()")
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not take the settings {wrong}")
        time.sleep(0.05)


def _prepare_database(postgres: Postgres, database: str) -> None:
    text = "".join(files(__package__).joinpath(name).read_text(encoding="utf-8") for name in SYSTEM_FILES)
    version = hashlib.sha256(text.encode()).hexdigest()
    with closing(postgres.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_namespace WHERE nspname = 'pg_local' AND obj_description(oid, 'pg_namespace') = %s",
            (version,),
        )
        if not cursor.fetchone():
            cursor.execute(text)
            cursor.execute("COMMENT ON SCHEMA pg_local IS %s", (version,))
        forget_unfinished(connection)


def create_database(postgres: Postgres, database: str, user: str, password: str) -> None:
    """Make a cluster's first database and its administrator, who is no superuser of PostgreSQL. Can run twice."""
    with closing(postgres.connect("postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            _create_administrator(cursor, user, password)
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            names = {"database": sql.Identifier(database), "user": sql.Identifier(user)}
            if not cursor.fetchone():
                cursor.execute(sql.SQL("CREATE DATABASE {database} OWNER {user}").format(**names))
            else:
                cursor.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {user}").format(**names))


def _create_administrator(cursor: psycopg2.extensions.cursor, user: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (user,))
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    statement = sql.SQL(verb + " ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD %s")
    cursor.execute(statement.format(user=sql.Identifier(user)), (password,))
    cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(ADMINISTRATORS), sql.Identifier(user)))
