# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy verify`: what was done to files, and whether they were changed since."""

import argparse

from ..provenance.verdict_text import verdict_lines
from ..provenance.verify import INTACT, verify_file
from .output import show, show_json


def verify(arguments: argparse.Namespace) -> bool:
    """Say what the marks of files say; return whether all files are as they were made."""
    verdicts = [verify_file(path) for path in arguments.files]
    if arguments.json:
        show_json([verdict.as_dict() for verdict in verdicts])
    else:
        for verdict in verdicts:
            for line in verdict_lines(verdict):
                show(line)
    return all(verdict.state == INTACT for verdict in verdicts)
