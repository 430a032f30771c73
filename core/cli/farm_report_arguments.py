# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy farm report` accepts."""

import argparse
from pathlib import Path
from typing import Any

_REPORT_DESCRIPTION = """\
Read the reports of a job's tasks, the files *.json in DIR, and say which frames are missing, doubled or failed,
which stages ran twice, and what each host did. The files are what run-task writes, or what UNDERSTUDY_REPORT
names; what is no report is named and left out. The exit code is 0 where each frame is right, 3 where frames are
missing or failed, 1 where nothing can be read.
"""


def add_report(actions: Any) -> None:
    """Add the action `report`."""
    report = actions.add_parser(
        "report",
        help="say what the tasks of a job did",
        description=_REPORT_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    report.add_argument("folder", type=Path, metavar="DIR", help="the folder of the tasks' reports")
    report.add_argument("--json", action="store_true", help="write values instead of a table")
    report.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with a plot of who worked when"
    )
    report.add_argument(
        "-s",
        "--start",
        type=int,
        metavar="FRAME",
        help="first frame that the job is to have (default: what its tasks were asked for)",
    )
    report.add_argument("-e", "--end", type=int, metavar="FRAME", help="last frame, itself included")
    report.add_argument(
        "-j", "--step", type=int, default=1, metavar="N", help="every N-th of these frames alone"
    )
