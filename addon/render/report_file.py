# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that says what the renders of this Blender did, for whoever asks for it in the environment."""

import json
import os
from pathlib import Path

import bpy

from ...core.filesystem import write_file
from ...core.reporting.process_report import ProcessReport, RenderRecord
from ...core.system.version import version
from ..blender.console import print_warnings

REPORT_VARIABLE = "UNDERSTUDY_REPORT"


class ReportFile:
    """Written whole after each render, so that a process that is killed leaves what it had done by then."""

    def __init__(self) -> None:
        """Nothing was rendered yet."""
        self._reports: dict[str, ProcessReport] = {}

    def add(self, record: RenderRecord) -> None:
        """Add a render to the report in the file that the environment names now, if it names one."""
        wanted = os.environ.get(REPORT_VARIABLE)
        if not wanted:
            return
        if wanted not in self._reports:
            self._reports[wanted] = ProcessReport({"blender": bpy.app.version_string, "extension": version()})
        self._reports[wanted].add(record)
        text = json.dumps(self._reports[wanted].as_dict(), indent=1)
        try:
            write_file(Path(wanted), f"{text}\n".encode())
        except OSError as error:
            print_warnings([f"can't write the report {wanted}: {error.strerror or error}"])
