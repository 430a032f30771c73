# SPDX-License-Identifier: GPL-3.0-or-later
"""Lack of memory, which OpenCV reports by an error of its own, as any other fault."""

from collections.abc import Iterator
from contextlib import contextmanager

_OPENCV_TEXT = "(-4:Insufficient memory)"


@contextmanager
def raise_memory_errors() -> Iterator[None]:
    """Raise MemoryError where OpenCV gets no memory, as Python and NumPy do; for a block, or a function it decorates.

    OpenCV need not be loaded: most commands end without it.
    """
    try:
        yield
    except Exception as error:
        if type(error).__module__ == "cv2" and _OPENCV_TEXT in str(error):
            raise MemoryError("OpenCV got no memory") from error
        raise
