"""IAM, EC2, STS, Secrets Manager and Redshift's control plane on one port: moto, which here forgets nothing."""

import io
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws.snapshot import SERVICES, Snapshot

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

# AWS signature version 4: Credential=<key>/<date>/<region>/<service>/aws4_request
_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_READS = ("Describe", "Get", "List", "Head", "Lookup", "Simulate", "Validate")


class ControlPlane:
    """A server at ``http://{bind}:{port}``; what it was told is on disk before it answers."""

    def __init__(self, folder: Path, port: int, bind: str = "127.0.0.1") -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._snapshot = Snapshot(folder / "moto.pickle")
        self._moto = DomainDispatcherApplication(create_backend_app)
        # One request at a time: moto's dicts must not change while they are written to disk.
        self._turn = threading.Lock()
        self._address = (bind, port)
        self._server: BaseWSGIServer | None = None

    def start(self) -> None:
        """Remember what was, and answer from now on.

        Raises StateError: the file in the folder cannot be read back.
        """
        self._snapshot.restore()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server(*self._address, self._application, threaded=True, request_handler=MotoRequestHandler)
        threading.Thread(target=self._server.serve_forever, name="control-plane", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _application(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI: hand the request to moto, and the answer out once it is on disk."""
        found = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if found is None or found[1] not in SERVICES:
            return _refusal(found[1] if found else "an unsigned request", environ, start_response)
        action = _action(environ)
        held: list[tuple[Any, ...]] = []
        with self._turn:
            try:
                answer = list(self._moto(environ, lambda *status_and_headers: held.append(status_and_headers)))
            except NotImplementedError:
                return _refusal(f"{found[1]}'s {action}", environ, start_response)
            if action.startswith(_READS):
                self._snapshot.save_if_new()
            else:
                self._snapshot.save()
        start_response(*held[-1])
        return answer


def _action(environ: Environ) -> str:
    """The operation's name; reads the body and leaves it to be read again."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2]
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode()).get("Action", [""])[0]


def _refusal(service: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse a service that is not run here, in both of the forms that clients read errors in."""
    advice = " S3 is at AWS_ENDPOINT_URL_S3." if service == "s3" else ""
    message = f"The local AWS runs {', '.join(sorted(SERVICES))} here, not {service}.{advice}"
    if "HTTP_X_AMZ_TARGET" in environ or "json" in environ.get("CONTENT_TYPE", ""):
        body, content_type = json.dumps({"__type": "NotImplemented", "message": message}), "application/x-amz-json-1.1"
    else:
        error = f"<Code>NotImplemented</Code><Message>{escape(message)}</Message>"
        body = (
            f"<Error>{error}</Error>" if service == "s3" else f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        )
        content_type = "text/xml"
    status = HTTPStatus.BAD_REQUEST  # 501 would have clients try again
    start_response(f"{status.value} {status.phrase}", [("Content-Type", content_type)])
    return [body.encode()]
