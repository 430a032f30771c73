# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy batch` accepts."""

import argparse
from pathlib import Path
from typing import Any

from .export_arguments import add_export
from .run_arguments import add_run

_DESCRIPTION = """\
Render many clips with many faces in one run: models are loaded once, and a clip is analysed once for all faces.
FILE.toml lists the movies, --clips and --faces all pairs of clips and people. What the command line says comes
before what the file says. All that can be wrong with a row is found before the first frame, and each such row is
named. A movie that is there already, made of the same and unchanged since, is left as it is: run the same command
again to go on after a stop. docs/command_line.md describes the file.
"""
_EPILOG = """\
exit codes:
  0    every movie is complete
  3    some movies could not be made, or some of their frames failed: the table names them
  1    nothing was rendered, and a line for each fault says what to mend
  2    the command line is not valid
  130  stopped by Ctrl-C (143: by SIGTERM, 129: as its terminal closed); run it again to go on

`understudy render --help` lists the settings, their defaults, and the environment.
"""


def add_batch(commands: Any) -> None:
    """Add the `batch` command to a parser's sub-commands."""
    batch = commands.add_parser(
        "batch",
        help="render many clips with many faces",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    batch.add_argument("file", nargs="?", type=Path, metavar="FILE.toml", help="what is to be rendered")
    batch.add_argument(
        "--clips",
        action="append",
        default=[],
        metavar="PATTERN",
        help="clips, as a quoted pattern such as 'shots/*.mp4'; may be given more than once",
    )
    batch.add_argument(
        "--faces",
        action="append",
        default=[],
        metavar="PATTERN",
        help="people, as a quoted pattern such as 'cast/*': a file is a person, a folder a person with several "
        "images; may be given more than once",
    )
    batch.add_argument(
        "--output",
        metavar="PATTERN",
        help="the movies' names, such as '{clip_stem}_{face_stem}.mp4'; endings as for render",
    )
    batch.add_argument("--colorspace", default="", metavar="NAME", help="as for render; of all clips")
    add_export(batch)
    add_run(batch, "the first OUTPUT")
    batch.set_defaults(sound=None)
