"""Memory that the system gets back: each session is a thread, and glibc keeps what a thread once freed for itself."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable


def _trim() -> Callable[[int], object] | None:
    """glibc's own function for it, where that is the C library: https://man7.org/linux/man-pages/man3/malloc_trim.3.html."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None


_malloc_trim = _trim()


def give_back() -> None:
    """Return freed memory to the system; a COPY leaves tens of megabytes of it in its thread."""
    if _malloc_trim is not None:
        _malloc_trim(0)
