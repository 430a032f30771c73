# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy verify`: what was done to files, and whether they were changed since."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ..errors import OutputError, os_error_reason
from ..filesystem import write_file
from ..provenance.sidecar import file_digest
from ..provenance.verdict_page import verdict_page
from ..provenance.verdict_text import verdict_lines
from ..provenance.verify import INTACT, Verdict, verify_file
from ..system.version import program_name
from .output import show, show_json


def verify(arguments: argparse.Namespace) -> bool:
    """Say what the marks of files say; return whether all files are as they were made.

    Raises OutputError if the page can't be written.
    """
    verdicts = [verify_file(path) for path in arguments.files]
    if arguments.html is not None:
        _write_page(arguments.html, verdicts)
    if arguments.json:
        show_json([verdict.as_dict() for verdict in verdicts])
    else:
        for verdict in verdicts:
            for line in verdict_lines(verdict):
                show(line)
    return all(verdict.state == INTACT for verdict in verdicts)


def _write_page(page: Path, verdicts: Sequence[Verdict]) -> None:
    digests = [_digest_if_readable(verdict.path) for verdict in verdicts]
    text = verdict_page(verdicts, digests, program_name(), datetime.now(UTC))
    try:
        write_file(page, text.encode())
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write {page}: {reason}; choose another file") from error


def _digest_if_readable(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return ""
