# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the files in which Linux says what it knows, as those of /proc."""

from pathlib import Path

from ..filesystem import open_input


def read_system_file(path: Path) -> bytes:
    """Return the content of a file whose size the system gives as 0; empty where there is none, as elsewhere."""
    try:
        with open_input(path) as file:
            return file.readall()
    except OSError:
        return b""
