"""One rival loads one CSV file into a PostgreSQL table: ``rivals.py NAME FILE PORT COLUMNS``; prints the seconds.

Run by ``benchmarks/endpoint.py`` in an environment of its own. Each is in the setting that its documentation names as
the fastest; what it imports, and its connecting, is not counted.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

USER, PASSWORD, DATABASE = "awsuser", "Secret-pass1", "dev"
Load = Callable[[], object]


def names_of(columns: str) -> list[str]:
    """Names of a table's columns from their definition."""
    return [column.split()[0] for column in columns.replace("8,2", "8.2").split(",")]


def with_dlt(path: str, port: int, columns: str) -> Load:
    """Arrow tables, parquet files, ADBC: https://dlthub.com/docs/dlt-ecosystem/destinations/postgres#fast-loading-with-arrow-tables-and-parquet."""
    os.environ["DLT_DATA_DIR"] = tempfile.mkdtemp()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    import pyarrow.csv

    names = names_of(columns)
    when = next(name for name in names if name in ("submitted", "began"))

    @dlt.resource(name="rival", file_format="parquet", columns={when: {"timezone": False}})
    def rows() -> Any:
        convert = pyarrow.csv.ConvertOptions(column_types={when: pyarrow.timestamp("us")})
        read = pyarrow.csv.ReadOptions(column_names=names, block_size=16 << 20)
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        with pyarrow.csv.open_csv(path, read, parse, convert) as reader:
            for batch in reader:
                yield pyarrow.Table.from_batches([batch])

    destination = dlt.destinations.postgres(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}")
    pipeline = dlt.pipeline("rival", destination=destination, dataset_name="rival", pipelines_dir=tempfile.mkdtemp())
    return lambda: pipeline.run(
        rows(), write_disposition="replace", loader_file_format="parquet"
    ).raise_on_failed_jobs()


def with_pandas(path: str, port: int, columns: str) -> Load:
    """The COPY callable of https://pandas.pydata.org/docs/user_guide/io.html#io-sql-method."""
    import pandas as pd
    import sqlalchemy

    engine = sqlalchemy.create_engine(f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{port}/{DATABASE}")

    def by_copy(table: Any, connection: Any, keys: list[str], rows: Any) -> None:
        with connection.connection.cursor() as cursor:
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            text.seek(0)
            names = ", ".join(f'"{key}"' for key in keys)
            cursor.copy_expert(f"COPY {table.name} ({names}) FROM STDIN WITH CSV", text)

    def load() -> None:
        frame = pd.read_csv(path, names=names_of(columns))
        frame.to_sql("t", engine, if_exists="append", index=False, method=by_copy)

    return load


def with_awswrangler(path: str, port: int, columns: str) -> Load:
    """Rows by the chunk, many to an INSERT: https://aws-sdk-pandas.readthedocs.io/en/stable/stubs/awswrangler.postgresql.to_sql.html."""
    import awswrangler as wr
    import pandas as pd
    import pg8000

    connection = pg8000.connect(user=USER, password=PASSWORD, host="127.0.0.1", port=port, database=DATABASE)

    def load() -> None:
        frame = pd.read_csv(path, names=names_of(columns))
        wr.postgresql.to_sql(frame, connection, table="t", schema="public", mode="append", chunksize=5000)

    return load


RIVALS = {"dlt, arrow": with_dlt, "pandas.to_sql, COPY": with_pandas, "awswrangler": with_awswrangler}


def main() -> None:
    """Load, and print how long it took."""
    name, path, port, columns = sys.argv[1:]
    load = RIVALS[name](path, int(port), columns)
    begin = time.perf_counter()
    load()
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
