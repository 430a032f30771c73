# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that says what the renders of this Blender did, for whoever asks for it in the environment."""

import json
import os
from functools import cache
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
        self._subject = "", ""
        self._report = self._new_report()

    def add(self, record: RenderRecord) -> None:
        """Add a render to the report in the file that the environment names now, if it names one.

        With another file or another project a report begins anew, and where somebody has taken the file away.
        """
        wanted = os.environ.get(REPORT_VARIABLE)
        if not wanted:
            return
        subject = wanted, bpy.data.filepath
        if subject != self._subject or not Path(wanted).exists():
            self._subject, self._report = subject, self._new_report()
        self._report.add(record)
        text = json.dumps(self._report.as_dict(), indent=1)
        try:
            write_file(Path(wanted), f"{text}\n".encode())
        except OSError as error:
            print_warnings([f"can't write the report {wanted}: {error.strerror or error}"])

    @staticmethod
    def _new_report() -> ProcessReport:
        return ProcessReport({"blender": bpy.app.version_string, "extension": version()})


@cache
def report_file() -> ReportFile:
    """Return the report of this Blender's renders and preparations; renders from the viewport have their own."""
    return ReportFile()
