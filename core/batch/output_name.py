# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of a batch's movies, by a pattern such as '{clip_stem}_{face_stem}.mp4'."""

from string import Formatter

from ..errors import BatchError
from ..reporting.quoting import quote

_FIELDS = ("clip_stem", "face_stem")


def format_output(pattern: str, clip_stem: str, face_stem: str) -> str:
    """Return the name of a movie.

    Parameters
    ----------
    pattern : str
        The name with fields in braces; a brace itself is written twice.
    clip_stem : str
        The clip's name without its ending.
    face_stem : str
        The person's name, or the take's.

    Returns
    -------
    str
        The name, with folders where the pattern has them.

    Raises
    ------
    BatchError
        There is no such field, or a brace is alone.
    """
    values = dict(zip(_FIELDS, (clip_stem, face_stem), strict=True))
    name = ""
    try:
        for text, field, form, conversion in Formatter().parse(pattern):
            name += text
            if field is None:
                continue
            if field not in values or form or conversion:
                raise BatchError(
                    f"output {quote(repr(pattern))} has a field that is none of {{{'}, {'.join(_FIELDS)}}}"
                )
            name += values[field]
    except ValueError as error:
        raise BatchError(
            f"output {quote(repr(pattern))} has a brace alone: write it twice where it is meant"
        ) from error
    return name
