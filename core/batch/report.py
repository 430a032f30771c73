# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports as files."""

import json
from collections.abc import Mapping
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..filesystem import write_file


def write_report(path: Path, values: Mapping[str, object]) -> None:
    """Write a report as JSON, whole or not at all. Raises OutputError."""
    try:
        write_file(path, (json.dumps(values, indent=2) + "\n").encode())
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the report {path}: {reason}; check the folder and space") from error
