"""Access for hundreds of people: groups, the pipeline's own user, and grants for tables that are and that will be.

Run as the administrator. Everything can run twice. Grants go to groups; a person is a user in one of them.
https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_DEFAULT_PRIVILEGES.html
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg2
from psycopg2 import sql

from iac.account import Say
from iac.faults import IacError
from warehouse import access
from warehouse.access import ANALYSTS, ENGINEERS, GROUPS, PIPELINE, SCIENTISTS
from warehouse.login import Login, connect
from warehouse.redshift import Cursor, in_transaction
from warehouse.settings import Settings

SANDBOX = "sandbox"

# {loader} is the pipeline's user, {role} the ARN of the role for COPY.
_SCHEMAS = f"""
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO GROUP {PIPELINE};
GRANT USAGE ON SCHEMA public TO GROUP {ENGINEERS}, GROUP {SCIENTISTS}, GROUP {ANALYSTS};
CREATE SCHEMA IF NOT EXISTS {SANDBOX};
GRANT USAGE, CREATE ON SCHEMA {SANDBOX} TO GROUP {ENGINEERS}, GROUP {SCIENTISTS};
"""
# Engineers mend rows in every table of the pipeline's. What the others read differs from table to table, and Redshift's
# default privileges know neither kinds of tables nor columns: those grants come with each table, from warehouse.access.
_TABLES = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO GROUP {ENGINEERS};
ALTER DEFAULT PRIVILEGES FOR USER {{loader}} IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO GROUP {ENGINEERS};
"""
# Everyone may COPY with the cluster's role until this is said, into a temporary table even: that would undo the grants.
_ROLE = f"""
REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL;
GRANT ASSUMEROLE ON {{role}} TO GROUP {PIPELINE}, GROUP {ENGINEERS} FOR COPY;
"""
_DROP = f"""
GRANT DROP ON ALL TABLES IN SCHEMA public TO GROUP {ENGINEERS};
ALTER DEFAULT PRIVILEGES FOR USER {{loader}} IN SCHEMA public GRANT DROP ON TABLES TO GROUP {ENGINEERS};
"""
_TABLES_OF = """
SELECT c.relname, pg_catalog.pg_get_userbyid(c.relowner)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v') ORDER BY c.relname
"""


def ensure(settings: Settings, admin: Login, pipeline: Login, role_arn: str, say: Say) -> None:
    """Make groups, the pipeline's user and schema ``sandbox``, put every grant right, and log in as the pipeline.

    Raises IacError: the warehouse refuses.
    """
    try:
        made = in_transaction(
            lambda: connect(settings, admin), lambda cursor: _ensure(cursor, settings, pipeline, role_arn)
        )
        say(f"access: {'made ' + ', '.join(made) if made else 'already there'}, grants put right")
        _allow_drop(settings, admin, say)
        connect(settings, pipeline).close()
    except psycopg2.Error as error:
        raise IacError(
            f"access: the warehouse refused: {str(error).strip()}\nMend the cause and run it again."
        ) from error


def _ensure(cursor: Cursor, settings: Settings, pipeline: Login, role_arn: str) -> list[str]:
    made = [f"group {group}" for group in GROUPS if _ensure_group(cursor, group)]
    made += [f"user {pipeline.username}"] if _ensure_user(cursor, pipeline) else []
    names = {"loader": sql.Identifier(pipeline.username), "role": sql.Literal(role_arn)}
    for script in (_SCHEMAS, _TABLES, _ROLE):
        _run(cursor, script, names)
    cursor.execute(_TABLES_OF)
    for table, owner in cursor.fetchall():
        if owner == settings.user:  # made before the pipeline had a user of its own
            cursor.execute(
                sql.SQL("ALTER TABLE {} OWNER TO {}").format(sql.Identifier(table), sql.Identifier(pipeline.username))
            )
        access.grant(cursor, table)
    return made


def _ensure_group(cursor: Cursor, group: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_group WHERE groname = %s", (group,))
    if cursor.fetchone():
        return False
    cursor.execute(sql.SQL("CREATE GROUP {}").format(sql.Identifier(group)))
    return True


def _ensure_user(cursor: Cursor, pipeline: Login) -> bool:
    """Whether the user had to be made; the password becomes the secret's, whatever it was."""
    cursor.execute("SELECT 1 FROM pg_user WHERE usename = %s", (pipeline.username,))
    known = bool(cursor.fetchone())
    user = sql.Identifier(pipeline.username)
    verb = sql.SQL("ALTER USER" if known else "CREATE USER")
    # Redshift masks the password in its logs.
    cursor.execute(sql.SQL("{} {} PASSWORD {}").format(verb, user, sql.Literal(pipeline.password)))
    cursor.execute(sql.SQL("ALTER GROUP {} ADD USER {}").format(sql.Identifier(PIPELINE), user))
    return not known


def _allow_drop(settings: Settings, admin: Login, say: Say) -> None:
    """Let engineers drop an error table that is mended. An endpoint that has no such privilege is named."""
    names = {"loader": sql.Identifier(settings.pipeline_user)}
    try:
        in_transaction(lambda: connect(settings, admin), lambda cursor: _run(cursor, _DROP, names))
    except psycopg2.errors.FeatureNotSupported as error:
        # An error table without rows counts as a dropped one.
        say(f"access: WARNING: {ENGINEERS} can delete the rows of error tables, not drop them: {str(error).strip()}")


def _run(cursor: Cursor, script: str, names: Mapping[str, sql.Composable]) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            cursor.execute(sql.SQL(statement).format(**names))
