"""The clients that people use, each with its own way through the protocol, over TLS and plain."""

from __future__ import annotations

import contextlib
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import psycopg2
import pytest
import redshift_connector
import sqlalchemy

from local_aws.ports import free_port
from local_aws.postgres import Postgres
from local_aws.redshift.endpoint import Endpoint
from local_aws.redshift.protocol.tls import LOOPBACK_NAMES, Certificate, TlsRules

from .conftest import ENDLESS, PASSWORD, USER, Database, copy, execute, only_reader

Put = Callable[..., str]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def with_tls(database: Database, rules: TlsRules) -> Iterator[Database]:
    """The same database behind an endpoint that offers TLS."""
    postgres: Postgres = database.endpoint._postgres
    s3_client = database.endpoint._services.s3_client
    with Endpoint(postgres, port=free_port(), s3_client=s3_client, authorize=only_reader, tls=rules) as endpoint:
        yield Database(endpoint, database.name)


@pytest.fixture
def secure(database: Database, certificate: Certificate) -> Iterator[Database]:
    with with_tls(database, TlsRules(certificate.context(*LOOPBACK_NAMES))) as running:
        yield running


def address(database: Database, **more: Any) -> dict[str, Any]:
    where = {"host": "127.0.0.1", "port": database.endpoint.port, "user": USER, "password": PASSWORD}
    return {**where, "dbname": database.name, **more}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_client_can_make_sure_whom_it_talks_to(secure: Database, certificate: Certificate, host: str) -> None:
    asked = {"host": host, "sslmode": "verify-full", "sslrootcert": str(certificate.file)}
    with contextlib.closing(psycopg2.connect(**address(secure, **asked))) as connection:
        assert connection.info.ssl_in_use
        assert execute(connection, "SELECT 1") == [(1,)]


def test_another_certificate_is_not_taken_for_it(secure: Database, tmp_path: Path) -> None:
    other = Certificate(tmp_path)
    other.context("127.0.0.1")
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        psycopg2.connect(**address(secure, sslmode="verify-full", sslrootcert=str(other.file)))


@pytest.mark.parametrize(
    ("sslmode", "tls"), [("disable", False), ("allow", False), ("prefer", True), ("require", True)]
)
def test_tls_is_offered_and_not_forced(secure: Database, sslmode: str, tls: bool) -> None:
    with contextlib.closing(psycopg2.connect(**address(secure, sslmode=sslmode))) as connection:
        assert connection.info.ssl_in_use == tls


def test_tls_can_be_required(database: Database, certificate: Certificate) -> None:
    with with_tls(database, TlsRules(certificate.context("127.0.0.1"), required=True)) as strict:
        with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba.conf entry for host .*SSL off"):
            psycopg2.connect(**address(strict, sslmode="disable"))
        with contextlib.closing(psycopg2.connect(**address(strict, sslmode="require"))) as connection:
            assert execute(connection, "SELECT 1") == [(1,)]


def test_a_server_without_tls_says_so(database: Database) -> None:
    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL"):
        psycopg2.connect(**address(database, sslmode="require"))


def test_the_certificate_stays_while_it_fits(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path / "tls")
    certificate.context("127.0.0.1", "localhost")
    first = certificate.file.read_bytes()
    certificate.context("localhost")
    assert certificate.file.read_bytes() == first
    certificate.context("redshift.test")
    assert certificate.file.read_bytes() != first
    keys = [path for path in (tmp_path / "tls").iterdir() if path != certificate.file]
    assert [stat.S_IMODE(path.stat().st_mode) for path in keys] == [0o600]


def test_old_tls_is_refused(secure: Database, certificate: Certificate) -> None:
    with pytest.raises(psycopg2.OperationalError, match=r"(?i)protocol version|no protocols available"):
        psycopg2.connect(
            **address(secure, sslmode="require", ssl_min_protocol_version="", ssl_max_protocol_version="TLSv1.1")
        )
    assert certificate.context("127.0.0.1").minimum_version >= ssl.TLSVersion.TLSv1_2


def test_much_goes_both_ways_at_once_over_tls(secure: Database, put: Put) -> None:
    url = put("x.csv", "1,x\n" * 100_000)
    with contextlib.closing(psycopg2.connect(**address(secure, sslmode="require"))) as connection:
        execute(connection, "CREATE TABLE t (a INT, b VARCHAR(10))")
        execute(connection, copy("t", url))
        ((rows,),) = execute(connection, "SELECT count(*) FROM t")
        assert rows == 100_000
        assert len(execute(connection, "SELECT a, b FROM t")) == rows
        with psycopg.connect(**address(secure, sslmode="require")) as other, other.pipeline():
            answers = [other.execute("SELECT repeat(%s, 10000)", ("é",)) for _ in range(500)]
            assert {answer.fetchone() for answer in answers} == {("é" * 10_000,)}


def test_a_query_is_cancelled_over_tls(secure: Database) -> None:
    with psycopg.connect(**address(secure, sslmode="require")) as connection:
        assert psycopg.pq.version() >= 170000, "an older libpq sends its cancel in the clear"
        timer = threading.Timer(0.5, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        timer.join()
        connection.rollback()
        assert connection.execute("SELECT 1").fetchone() == (1,)


ROWS = [(1, "x"), (2, "y")]


@pytest.fixture(params=["require", "disable"])
def sslmode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_psycopg2(secure: Database, sslmode: str, put: Put) -> None:
    with contextlib.closing(psycopg2.connect(**address(secure, sslmode=sslmode))) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (a INT, b VARCHAR) DISTKEY(a)")
            cursor.execute(copy("t", put("x.csv", "1,x\n2,y\n")))
        assert execute(connection, "SELECT * FROM t ORDER BY a") == ROWS
        assert connection.server_version == 80002


def test_psycopg3(secure: Database, sslmode: str, put: Put) -> None:
    with psycopg.connect(**address(secure, sslmode=sslmode)) as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute("CREATE TABLE t (a INT, b VARCHAR) DISTKEY(a)")
        connection.execute(copy("t", put("x.csv", "1,x\n2,y\n")))
        connection.commit()
        connection.execute("INSERT INTO t VALUES (%s, %s)", (3, "z"))
        connection.rollback()
        assert connection.execute("SELECT * FROM t WHERE a < %s ORDER BY a", (10,)).fetchall() == ROWS
        assert connection.info.server_version == 80002
        assert notices == ["Load into table 't' completed, 2 record(s) loaded successfully."]


def test_a_password_is_proved_by_scram(secure: Database, sslmode: str) -> None:
    with psycopg.connect(**address(secure, sslmode=sslmode, require_auth="scram-sha-256")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**address(secure, sslmode=sslmode, password="wrong"))  # noqa: S106


def prepared(connection: Any, sql: str) -> Any:
    """Run by the extended protocol, which psycopg 3 uses by itself only where there are parameters."""
    return connection.execute(sql, prepare=True)


def test_copy_by_the_extended_protocol(secure: Database, sslmode: str, put: Put) -> None:
    good, bad = put("x.csv", "1,x\n2,y\n"), put("bad.csv", "one,x\n")
    with psycopg.connect(**address(secure, sslmode=sslmode)) as connection:
        prepared(connection, "CREATE TABLE t (a INT, b VARCHAR)")
        prepared(connection, copy("t", good))
        assert prepared(connection, copy("t", good)).statusmessage == "COPY"
        assert prepared(connection, "SELECT count(*) FROM t").fetchone() == (4,)
        connection.commit()
        with pytest.raises(psycopg.errors.InternalError_, match="Load into table 't' failed"):
            prepared(connection, copy("t", bad))
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            prepared(connection, copy("t", good))
        connection.rollback()
        connection.autocommit = True
        with pytest.raises(psycopg.errors.InternalError_, match="Load into table 't' failed"):
            prepared(connection, copy("t", bad))
        prepared(connection, copy("t", good))
        assert prepared(connection, "SELECT count(*) FROM t").fetchone() == (6,)


def test_truncate_by_the_extended_protocol(secure: Database) -> None:
    with psycopg.connect(**address(secure)) as connection:
        prepared(connection, "CREATE TABLE t AS SELECT 1 AS a")
        prepared(connection, "TRUNCATE t")
        prepared(connection, "INSERT INTO t VALUES (1)")
        connection.rollback()
        assert prepared(connection, "SELECT count(*) FROM t").fetchone() == (0,)
        with pytest.raises(psycopg.errors.UndefinedTable):
            prepared(connection, "TRUNCATE nothing")
        connection.rollback()
        assert prepared(connection, "SELECT count(*) FROM t").fetchone() == (0,)


def test_a_pipeline_stops_at_a_copy_that_fails(secure: Database, put: Put) -> None:
    secure.run("CREATE TABLE t (a INT)")
    bad, good = put("bad.csv", "one\n"), put("x.csv", "1\n")
    with psycopg.connect(**address(secure), autocommit=True) as connection:
        with connection.pipeline() as pipeline:
            connection.execute(copy("t", bad))
            connection.execute("INSERT INTO t VALUES (7)")
            with pytest.raises(psycopg.errors.InternalError_, match="Load into table 't' failed"):
                pipeline.sync()
        with connection.pipeline() as pipeline:
            connection.execute("INSERT INTO t VALUES (8)")
            connection.execute(copy("t", good))
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="after other statements of a pipeline"):
                pipeline.sync()
        assert connection.execute("SELECT a FROM t").fetchall() == []


@pytest.mark.filterwarnings(r"ignore:ssl\.SSLContext\(\) without protocol", "ignore:ssl.PROTOCOL_TLS is deprecated")
def test_redshift_connector(
    secure: Database, certificate: Certificate, sslmode: str, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It knows Amazon's own certificates and those that OpenSSL finds by itself.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    login = address(secure, ssl=sslmode == "require", sslmode="verify-full")
    login["database"] = login.pop("dbname")
    with redshift_connector.connect(**login) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT, b VARCHAR) DISTKEY(a)")
        cursor.execute(copy("t", put("x.csv", "1,x\n2,y\n")))
        connection.commit()
        cursor.execute("INSERT INTO t VALUES (%s, %s)", (3, "z"))
        connection.rollback()
        cursor.execute("SELECT * FROM t WHERE a < %s ORDER BY a", (10,))
        assert [tuple(row) for row in cursor.fetchall()] == ROWS
        cursor.execute("TRUNCATE t")
        connection.rollback()
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone()[0] == 0


@pytest.fixture(params=["psycopg2", "redshift_connector"])
def engine(
    request: pytest.FixtureRequest, secure: Database, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sqlalchemy.engine.Engine]:
    url = f"redshift+{request.param}://{USER}:{PASSWORD}@127.0.0.1:{secure.endpoint.port}/{secure.name}"
    more = {"sslrootcert": str(certificate.file)} if request.param == "psycopg2" else {}
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    made = sqlalchemy.create_engine(url, connect_args={"sslmode": "verify-full", **more})
    yield made
    made.dispose()


@pytest.mark.filterwarnings(
    "ignore:pkg_resources is deprecated",
    r"ignore:ssl\.SSLContext\(\) without protocol",
    "ignore:ssl.PROTOCOL_TLS is deprecated",
)
def test_sqlalchemy(engine: sqlalchemy.engine.Engine) -> None:
    metadata = sqlalchemy.MetaData()
    table = sqlalchemy.Table(
        "t",
        metadata,
        sqlalchemy.Column("a", sqlalchemy.Integer, nullable=False, redshift_encode="zstd"),
        sqlalchemy.Column("b", sqlalchemy.String(10), comment="who"),
        redshift_distkey="a",
        redshift_sortkey="b",
    )
    metadata.create_all(engine)
    metadata.create_all(engine)  # it looks which tables there are
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"a": a, "b": b} for a, b in ROWS])
        assert connection.execute(sqlalchemy.select(table).order_by(table.c.a)).fetchall() == ROWS
        connection.execute(sqlalchemy.text("CREATE VIEW v AS SELECT a + 1 AS x, x + 1 AS y FROM t"))
    look = sqlalchemy.inspect(engine)
    assert (look.get_table_names(), look.get_view_names()) == (["t"], ["v"])
    columns = [(c["name"], str(c["type"]), c["nullable"], c["comment"], c["info"]) for c in look.get_columns("t")]
    assert columns == [("a", "INTEGER", False, None, {"encode": "zstd"}), ("b", "VARCHAR(10)", True, "who", {})]
    options = look.get_table_options("t")
    assert [options[f"redshift_{key}"] for key in ("diststyle", "distkey", "sortkey")] == ["KEY", "a", ("b",)]
    assert [column["name"] for column in look.get_columns("v")] == ["x", "y"]
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP VIEW v"))
    metadata.drop_all(engine)
    assert not sqlalchemy.inspect(engine).has_table("t")


@pytest.mark.filterwarnings(
    "ignore:pandas only supports SQLAlchemy"
)  # the SQLAlchemy that Airflow 2 asks for is too old
def test_pandas(secure: Database, sslmode: str) -> None:
    with contextlib.closing(psycopg2.connect(**address(secure, sslmode=sslmode))) as connection:
        frame = pd.read_sql("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y' ORDER BY a", connection)
    assert list(frame.itertuples(index=False, name=None)) == ROWS
