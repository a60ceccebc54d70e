"""The Redshift SQL endpoint: listens on one address, and serves each client in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from local_aws.ports import check_free
from local_aws.postgres import Postgres
from local_aws.redshift.loading.s3_copy import Services
from local_aws.redshift.loading.s3_source import Authorize
from local_aws.redshift.protocol.query_log import QueryLog
from local_aws.redshift.protocol.tls import TlsRules
from local_aws.redshift.session import Session, shut
from local_aws.redshift.system import cluster

log = logging.getLogger(__name__)

BACKLOG = 128


class Endpoint:
    """Redshift's SQL on ``host:port``, in front of a PostgreSQL that is running.

    ``s3_client`` makes a boto3 S3 client; ``authorize(role_arn, bucket, key)`` returns why a role may not read an
    object, or None. Passwords are PostgreSQL's to check.
    """

    def __init__(
        self,
        postgres: Postgres,
        *,
        port: int,
        host: str = "127.0.0.1",
        s3_client: Callable[[], Any],
        authorize: Authorize,
        tls: TlsRules | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._postgres = postgres
        self._tls = tls or TlsRules()
        self._services = Services(postgres, s3_client, authorize, QueryLog(postgres))
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._sessions: dict[Session, threading.Thread] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Prepare the databases and begin to listen; returns when clients can connect."""
        check_free(self.port)
        cluster.prepare(self._postgres)
        self._services = replace(self._services, forbidden=cluster.forbidden_functions(self._postgres))
        self._services.query_log.start()
        self._listener = socket.create_server((self.host, self.port), backlog=BACKLOG)
        self._thread = threading.Thread(
            target=self._accept, args=(self._listener,), name="redshift-endpoint", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every session; what they had not committed is rolled back."""
        listener, self._listener = self._listener, None
        if listener is None or self._thread is None:
            return
        shut(listener)
        listener.close()
        self._thread.join()
        with self._lock:
            sessions = dict(self._sessions)
        for session in sessions:
            session.close()
        for thread in sessions.values():
            thread.join(timeout=10)
        self._services.query_log.stop()

    def create_cluster_database(self, database: str, user: str, password: str) -> None:
        """Make a cluster's first database, and its administrator with this password. Can run twice."""
        cluster.create_database(self._postgres, database, user, password)

    def __enter__(self) -> Endpoint:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
            except OSError as error:
                if self._listener is listener:
                    log.error("the Redshift endpoint cannot accept a connection: %s", error)
                    continue
                return
            session = Session(client, self._services, self._tls)
            thread = threading.Thread(target=self._serve, args=(session,), name="redshift-session", daemon=True)
            with self._lock:
                self._sessions[session] = thread
            thread.start()

    def _serve(self, session: Session) -> None:
        try:
            session.run()
        except Exception:
            # A fault of ours in one session must not be silent, nor end the others.
            log.exception("a session of the Redshift endpoint failed")
        finally:
            with self._lock, contextlib.suppress(KeyError):
                del self._sessions[session]
