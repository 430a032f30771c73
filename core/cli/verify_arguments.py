# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of `understudy verify`."""

import argparse
from pathlib import Path
from typing import Any

_DESCRIPTION = """\
Say what was done to files, by the marks in them: their C2PA manifest, their XMP, and the JSON file beside them; and
whether a file was changed since it was made. The exit code is 0 where every file has a mark and is as it was made,
1 where one was changed, has no mark or can't be read. C2PA needs the extra: pip install 'understudy[c2pa]'.
"""


def add_verify(commands: Any) -> None:
    """Add the command `verify`."""
    verify = commands.add_parser(
        "verify",
        help="say what was done to a file, and whether it was changed since",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verify.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a movie or an image")
    verify.add_argument("--json", action="store_true", help="write values instead of text")
    verify.add_argument(
        "--html", type=Path, metavar="PAGE", help="write a page that says the same, with all hashes in full"
    )
