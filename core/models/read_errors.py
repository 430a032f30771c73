# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where a model file can't be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelError


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Raise ModelError in the place of what goes wrong while a model file is read."""
    try:
        yield
    except MemoryError as error:
        raise ModelError(f"there is not enough memory to read the model {path}") from error
    except OSError as error:
        raise ModelError(f"can't read the model {path}: {error.strerror or error}") from error
