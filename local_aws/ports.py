"""TCP ports on this machine's own address: finding a free one, and saying which one is taken."""

from __future__ import annotations

import errno
import socket

LOOPBACK = "127.0.0.1"


class PortTaken(RuntimeError):
    """A port that a server of ours needs is held by another program."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} on {LOOPBACK} is taken by another program")
        self.port = port


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def check_free(port: int) -> None:
    """Raise PortTaken if a server listens on the port."""
    with socket.socket() as probe:
        # Connections that a stopped server left in TIME_WAIT do not hold the port; a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(port) from error
