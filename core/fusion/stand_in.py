# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for a layer picture that was not made: one transparent pixel."""

import os
from pathlib import Path

from ..errors import OutputError

# A PNG whatever its file is called; no plan takes it for up to date.
STAND_IN = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000a49444154081d6300010000050001"
    "8a6dbc200000000049454e44ae426082"
)


def write_stand_in(path: Path) -> None:
    """Put a stand-in at `path`: it appears whole or not at all. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(STAND_IN)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"can't write the layer {path}: {error.strerror or error}") from error
