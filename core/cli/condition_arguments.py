# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments for conditions that refuse a render: on licences, and on consent."""

import argparse
from pathlib import Path


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to a command that renders."""
    parser.add_argument(
        "--require-commercial",
        action="store_true",
        help="refuse what runs a model that is not surely licensed for commercial use; see `understudy licences`",
    )
    parser.add_argument(
        "--require-consent",
        action="store_true",
        help="refuse a source person whose consent is not recorded or has ended; the text of --consent suffices, it is "
        "a record without an end",
    )
    parser.add_argument(
        "--consent-file",
        type=Path,
        metavar="FILE.json",
        help="the records of consent that count, as `understudy consent` writes them (default:"
        " UNDERSTUDY_CONSENT_FILE)",
    )
