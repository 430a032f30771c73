# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy consent` accepts."""

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from ..cache.base.key import SHA256_HEX
from ..consent.consent_file import FILE_NAME
from ..consent.nude_scenes import NUDE_SCENES
from ..consent.record import parse_day
from .cache_arguments import argument_type

_DESCRIPTION = f"""\
Keep records of who consented to what, until when, by which evidence, and who recorded it, in a file that several
projects may share: --file, or UNDERSTUDY_CONSENT_FILE, or {FILE_NAME} in the working folder. Renders read it with
--consent-file, and `render --require-consent` refuses a source person without a record that holds. Nothing of a record
enters keys, logs, reports or file names.
"""


def add_consent(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the sub-command to the parser's."""
    consent = commands.add_parser(
        "consent",
        help="list, add, export and check records of consent, and find what was made with a person",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    actions = consent.add_subparsers(dest="action", required=True, metavar="action")
    listed = _add_action(actions, "list", "list the records, and which of them hold")
    listed.add_argument("--json", action="store_true", help="write values instead of lines")
    _add_fields(_add_action(actions, "add", "add a record"))
    exported = _add_action(
        actions, "export", "write all records to another file, for people who have no Understudy"
    )
    exported.add_argument("output", type=Path, metavar="OUT.csv", help="a table (.csv), or values (.json)")
    checked = _add_action(
        actions, "check", "check that records hold and evidence is unchanged; exit code 1 if not"
    )
    checked.add_argument(
        "--face",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="check that the person of these images consented (default: check every record)",
    )
    checked.add_argument("--name", default="", metavar="NAME", help="the person's name, for records by name")
    _add_outputs(_add_action(actions, "outputs", "list the images and movies that were made with a person"))


def _add_outputs(outputs: argparse.ArgumentParser) -> None:
    outputs.add_argument("--person", default="", metavar="NAME", help="whose images the records name")
    outputs.add_argument(
        "--face", action="append", default=[], type=Path, metavar="IMAGE", help="an image of the person"
    )
    outputs.add_argument(
        "--picture",
        action="append",
        default=[],
        type=argument_type(_digest),
        metavar="SHA256",
        help="the SHA-256 of an image of the person, where the image is not there any more",
    )
    outputs.add_argument("--json", action="store_true", help="write values instead of lines")
    outputs.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="where to look, and in the folders below, by marks in files and JSON files beside them",
    )


def _digest(text: str) -> str:
    if not SHA256_HEX.fullmatch(text.lower()):
        raise ValueError("a SHA-256 has 64 digits, 0 to 9 and a to f")
    return text.lower()


def _add_fields(added: argparse.ArgumentParser) -> None:
    added.add_argument("--person", required=True, metavar="NAME", help="who consented")
    added.add_argument(
        "--face",
        action="append",
        default=[],
        type=Path,
        metavar="IMAGE",
        help="an image of the person; the record is then for these images alone, by their SHA-256. Without any it is "
        "for every source person of that name",
    )
    added.add_argument("--project", default="", metavar="TEXT", help="for which project")
    added.add_argument(
        "--clip",
        action="append",
        default=[],
        type=Path,
        metavar="CLIP",
        help="a clip in which this person's face is replaced: a movie, or the folder of an image sequence",
    )
    added.add_argument("--use", default="", metavar="TEXT", help="to which use")
    added.add_argument(
        "--nude-scenes",
        action="store_true",
        help=f'add the use "{NUDE_SCENES}", which no other words stand for',
    )
    added.add_argument(
        "--until", type=argument_type(_day), metavar="YYYY-MM-DD", help="the last day (default: no end)"
    )
    added.add_argument(
        "--evidence",
        default="",
        metavar="FILE",
        help="a file or a link that proves it; of a file the SHA-256 is kept",
    )
    added.add_argument(
        "--recorded-by", metavar="NAME", help="who writes the record (default: your user name)"
    )


def _day(text: str) -> date:
    day = parse_day(text)
    if day is None:
        raise ValueError("a day is written as 2027-12-31")
    return day


def _add_action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=text, allow_abbrev=False
    )
    action.add_argument("--file", type=Path, metavar="FILE.json", help="the file of records")
    return action
