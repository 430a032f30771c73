# SPDX-License-Identifier: GPL-3.0-or-later
"""Lack of memory, which libraries and the system report by errors of other kinds, as any other fault."""

from collections.abc import Iterator
from contextlib import contextmanager

MEMORY_HINT = ": close other programs, or raise the limit (ulimit -v)"
"""What to do about it: a text for a message's end."""

_OPENCV_TEXT = "(-4:Insufficient memory)"
_THREAD_TEXT = "can't start new thread"
# What the loader says of a library that finds no room: in an ImportError, an OSError, or in whatever a package that
# loads its own makes of that.
_LOADER_TEXTS = ("failed to map segment from shared object", "cannot allocate memory")


@contextmanager
def raise_memory_errors() -> Iterator[None]:
    """Raise MemoryError where there is too little memory, as Python and NumPy do, whoever it was that met it.

    For a block, or a function it decorates. OpenCV need not be loaded: most commands end without it.
    """
    try:
        yield
    except Exception as error:
        lack = _memory_lack(error)
        if not lack:
            raise
        raise MemoryError(lack) from error


def _memory_lack(error: Exception) -> str:
    """Say what got no memory; empty for a fault of another kind, and for one that says so itself."""
    text = str(error)
    if type(error).__module__ == "cv2" and _OPENCV_TEXT in text:
        return "OpenCV got no memory"
    if isinstance(error, BlockingIOError) and type(error).__module__.startswith("av."):
        return "FFmpeg got no memory for its threads"
    if isinstance(error, RuntimeError) and text.startswith(_THREAD_TEXT):
        return "a thread got no memory, or there may be no more of them"
    if isinstance(error, (ImportError, OSError, RuntimeError)) and any(
        one in text.lower() for one in _LOADER_TEXTS
    ):
        return "a library got no memory"
    return ""
