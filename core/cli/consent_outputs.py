# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy consent outputs`: which images and movies were made with a person."""

import argparse
from pathlib import Path

from ..consent.consent_file import read_records
from ..consent.person_outputs import inspect_outputs
from ..consent.record import comparable_name
from ..consent.request_consent import image_hashes
from ..errors import ConsentError
from .output import show, show_json


def list_outputs(arguments: argparse.Namespace, records_file: Path) -> None:
    """Write the path of each output that was made with a person, a line each.

    Parameters
    ----------
    arguments : argparse.Namespace
        Who it is, and where to look.
    records_file : pathlib.Path
        The records of consent; read only where a name is given.

    Raises
    ------
    ConsentError
        Nothing says whose outputs are meant, or no record of the name has images.
    ClipError
        An image can't be read.
    OutputError
        A folder can't be read.
    """
    hashes = set(arguments.picture) | image_hashes(arguments.face)
    if arguments.person:
        wanted = comparable_name(arguments.person)
        named = [one for one in read_records(records_file) if comparable_name(one.person) == wanted]
        if not any(one.images for one in named) and not hashes:
            raise ConsentError("no record of that person names images: give images with --face or --picture")
        hashes.update(image for one in named for image in one.images)
    if not hashes:
        raise ConsentError("say whose outputs are meant: with --face, --picture or --person")
    inspected = list(inspect_outputs(arguments.folders, frozenset(hashes)))
    outputs = [str(one.path) for one in inspected if one.is_made_with]
    if arguments.json:
        show_json({"outputs": outputs, "inspected": len(inspected)})
        return
    for path in outputs:
        show(path)
    if not outputs:
        show(f"none of {len(inspected)} images and movies says that it was made with this person")
