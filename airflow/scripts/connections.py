"""Make what the DAG needs in Airflow: connections ``redshift`` and ``aws_credentials``, and the pool of SubDAG nodes.

All from airflow/config/udacity_dwh.cfg and its overlay; the pipeline's password from Secrets Manager. Running it twice
is safe.
"""

from __future__ import annotations

import json
import sys

from airflow.configuration import conf
from airflow.models import Connection, Pool
from airflow.utils.session import create_session

from warehouse import settings as settings_module
from warehouse.login import login, provisioned_host, tls
from warehouse.settings import Settings, SettingsError

POOL = "subdags"


def connections(settings: Settings) -> list[Connection]:
    """The two connections as the settings say."""
    if not settings.role_arn:
        raise SettingsError("The role for COPY is unknown: run `python -m iac up`, or set role_arn under [iam].")
    who = login(settings)
    return [
        Connection(
            conn_id="redshift",
            conn_type="postgres",
            host=provisioned_host(settings),
            port=settings.port,
            schema=settings.database,
            login=who.username,
            password=who.password,
            extra=json.dumps(tls(settings)),
        ),
        # No login and no password: boto3's usual chain finds credentials.
        Connection(
            conn_id="aws_credentials",
            conn_type="aws",
            extra=json.dumps(
                {"region_name": settings.region, "bucket": settings.bucket, "role_arn": settings.role_arn}
            ),
        ),
    ]


def main() -> int:
    """Write connections and pool to Airflow's database; 1 and a message if a setting is missing."""
    try:
        wanted = connections(settings_module.load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    with create_session() as session:
        for connection in wanted:
            session.query(Connection).filter(Connection.conn_id == connection.conn_id).delete()
            session.add(connection)
    # Fewer slots than parallelism: waiting nodes must leave room for the tasks that they wait for.
    slots = max(1, conf.getint("core", "parallelism") // 2)
    Pool.create_or_update_pool(POOL, slots, description="nodes of SubDAGs, while they wait", include_deferred=False)
    print(
        f"Connections {', '.join(connection.conn_id for connection in wanted)} and pool {POOL} ({slots} slots) are set."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
