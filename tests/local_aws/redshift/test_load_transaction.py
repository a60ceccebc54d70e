"""A month's load in one transaction, as a pipeline runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import ROLE, Database, execute

OPTIONS = (
    f"IAM_ROLE '{ROLE}' REGION 'us-west-2' MANIFEST FORMAT CSV IGNOREHEADER 1 TIMEFORMAT 'epochmillisecs'"
    " DATEFORMAT 'auto' MAXERROR 100000 COMPUPDATE OFF STATUPDATE OFF"
)
FILE = """user_id,project_id,submit_date,text,rating
1,10,1546300800000,"Good, ""really"" good
on two lines",3
2,11,1546300801500,plain naïve text,1
x,11,1546300801500,bad user,1
3,12,,,
"""


def test_a_month_is_loaded_in_one_transaction(
    database: Database, connection: Any, put: Callable[..., str], put_manifest: Callable[..., str]
) -> None:
    columns = "user_id INTEGER, project_id INTEGER, submit_date TIMESTAMP, text VARCHAR(5000), rating SMALLINT"
    database.run(f"CREATE TABLE staging ({columns}, load_month DATE NOT NULL) DISTKEY(user_id) SORTKEY(project_id)")
    manifest = put_manifest(put("feedback.csv", FILE))

    execute(connection, f"CREATE TEMP TABLE load_x ({columns})")
    execute(connection, f"COPY load_x FROM '{manifest}' {OPTIONS}")
    ((query, loaded),) = execute(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
    execute(connection, "DELETE FROM staging WHERE load_month = '2019-01-01'")
    execute(connection, "INSERT INTO staging SELECT *, '2019-01-01'::date FROM load_x")
    assert database.run("SELECT count(*) FROM staging") == [(0,)]  # nobody sees half a load
    connection.commit()

    assert loaded == 3
    assert "3 record(s) loaded successfully" in connection.notices[0]
    assert "1 record(s) could not be loaded" in connection.notices[1]
    rows = database.run(
        "SELECT user_id, text, rating, submit_date::varchar, load_month::varchar FROM staging ORDER BY 1"
    )
    assert rows == [
        (1, 'Good, "really" good\non two lines', 3, "2019-01-01 00:00:00", "2019-01-01"),
        (2, "plain naïve text", 1, "2019-01-01 00:00:01.5", "2019-01-01"),
        (3, "", None, None, "2019-01-01"),
    ]
    errors = database.run("SELECT line_number, trim(colname), err_code FROM stl_load_errors WHERE query = %s", query)
    assert errors == [(5, "user_id", 1207)]
