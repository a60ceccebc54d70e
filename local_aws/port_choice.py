"""Ports for servers that nobody outside needs to find."""

import random

from local_aws.ports import PortTaken, check_free

# Below what Linux (32768 and up) and macOS (49152 and up) give to outgoing connections: such a port, free when it is
# chosen, may belong to a connection of any program by the time a server wants to listen on it.
_LOWEST, _HIGHEST = 12_000, 32_000


def choose_ports(count: int) -> list[int]:
    """``count`` different ports that nobody listens on, and that no outgoing connection will take meanwhile."""
    dice = random.SystemRandom()
    chosen: list[int] = []
    while len(chosen) < count:
        port = dice.randint(_LOWEST, _HIGHEST)
        if port not in chosen and _is_free(port):
            chosen.append(port)
    return chosen


def _is_free(port: int) -> bool:
    try:
        check_free(port)
    except PortTaken:
        return False
    return True
