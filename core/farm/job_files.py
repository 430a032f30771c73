# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing the files of a job into a folder."""

from collections.abc import Mapping
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..filesystem import make_folder, write_file


def write_job_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write texts by their names into a folder, which is made, and return their paths. Raises OutputError."""
    paths = []
    try:
        make_folder(folder)
        for name, text in files.items():
            write_file(folder / name, text.encode("utf-8", "surrogateescape"))
            paths.append(folder / name)
    except OSError as error:
        raise OutputError(f"can't write the job into {folder}: {os_error_reason(error)}") from error
    return paths
