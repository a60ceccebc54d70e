"""Progress of the months as lines: one that is written anew in a terminal, one every ten seconds elsewhere."""

from __future__ import annotations

import time
from typing import Sequence, TextIO

from laptop.runs import Month

_QUIET_SECONDS = 10.0


class Progress:
    """Shows the newest month's state; each finished month keeps its line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._began = time.monotonic()
        self._last = -_QUIET_SECONDS
        self._kept = 0

    def show(self, months: Sequence[Month]) -> None:
        """Write what has changed."""
        for month in months[self._kept :]:
            if not month.finished:
                self._current(month)
                return
            self._write(f"{month}\n")
            self._kept += 1

    def close(self) -> None:
        """Say how long it took."""
        self._write(f"Done after {time.monotonic() - self._began:.0f} s.\n")

    def _current(self, month: Month) -> None:
        if self._out.isatty():
            self._write(str(month))
        elif time.monotonic() - self._last >= _QUIET_SECONDS:
            self._last = time.monotonic()
            self._write(f"{month}\n")

    def _write(self, text: str) -> None:
        clear = "\r\x1b[K" if self._out.isatty() else ""
        self._out.write(clear + text)
        self._out.flush()
