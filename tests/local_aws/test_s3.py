"""The local S3 comes up although somebody takes one of its inner ports."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from local_aws import s3
from local_aws.port_choice import choose_ports
from local_aws.ports import free_port
from local_aws.state import StateFolder


def test_a_port_that_was_taken_meanwhile_is_exchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        choices = [lambda count: [*choose_ports(count - 1), taken], choose_ports]
        monkeypatch.setattr(s3, "choose_ports", lambda count: choices.pop(0)(count))
        server = s3.S3(tmp_path, free_port(), StateFolder(tmp_path).credentials())
        server.start()
        try:
            server.wait()
        finally:
            server.stop()
    assert choices == []
